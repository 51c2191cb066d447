"""`wb.plans`: everything that is missing or stale below a node, with its price, as one job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workbench.api.jobs import Jobs
from workbench.api.projects import find_node
from workbench.arguments import check_arguments
from workbench.db.connection import Database
from workbench.db.reads import forecasts
from workbench.db.reads import jobs as job_reads
from workbench.db.reads import usage as usage_reads
from workbench.db.rows.forecasts import WHOLE, StoredForecast
from workbench.db.rows.jobs import SubmittedJob
from workbench.db.rows.record import Record
from workbench.db.rows.usage import Spending
from workbench.db.writes import forecasts as forecast_writes
from workbench.errors import NotAllowed
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.providers.base import Profile
from workbench.story.plan import Forecast, Key, Mode, Plan, PlannedJob, makers
from workbench.usage import budgets, plans
from workbench.usage.estimates import BoundProfiles, Estimate, maker_of

if TYPE_CHECKING:
    from workbench.profiles.profiles import Profiles
    from workbench.workflows.registry import Registry, Workflow


@dataclass(frozen=True, slots=True)
class PlanOutcome(Record):
    """A plan's forecast of when it was launched, and what has come of it so far.

    `done`: jobs that have ended; `ended_ms`: how long the whole plan took, None while it is under way.
    """

    expected: StoredForecast
    done: int
    tokens: int | None
    spent: Spending
    ended_ms: int | None


@check_arguments
class Plans:
    """Builds, prices and launches plans."""

    def __init__(self, database: Database, registry: Registry, profiles: Profiles, jobs: Jobs) -> None:
        self._database = database
        self._registry = registry
        self._profiles = profiles
        self._jobs = jobs

    def list_makers(self) -> list[Workflow]:
        """The workflows of a plan: they write an artifact, in the order of a story's making."""
        return makers(self._registry.all().values())

    def list_by_hand(self) -> list[Workflow]:
        """Those that are in a plan only when somebody asks for them, by `include`."""
        return [w for w in self._list_writers() if w.by_hand]

    def build(
        self,
        node_id: int,
        mode: Mode = "missing",
        rewrite: Collection[Key] = (),
        leave_out: Collection[str] = (),
        include: Collection[str] = (),
    ) -> Plan:
        """The jobs that would bring everything below a node up to date, in order, with tokens, seconds and money.

        What a person wrote, edited or pinned is left as it is and listed apart, in `Plan.kept`. `rewrite`: the
        (workflow, node id) of those that are made anew all the same, with the version of now to keep to.
        `leave_out`: workflows that are no part of it; `include`: those that are else started by hand alone.
        Raises NotFound of a node that is archived.
        """
        bound = self._bind(self._profile_at(node_id))
        return plans.build(self._database, self._choose(leave_out, include), bound, node_id, mode, rewrite)

    def _choose(self, leave_out: Collection[str], include: Collection[str]) -> list[Workflow]:
        """The makers without the ones and with the others."""
        for name in (*leave_out, *include):
            self._registry.find(name)
        return [w for w in self._list_writers() if w.name not in leave_out and (not w.by_hand or w.name in include)]

    def list_unserved(self, node_id: int) -> list[str]:
        """The workflows of a plan that draw or film, where the project's profile names no model for it."""
        bound = self._bind(self._profile_at(node_id))
        return [
            w.name
            for w in self._list_writers()
            if ((w.typical.images or w.draws) and not bound.image.picture_model)
            or (w.typical.videos and not bound.video.clip_model)
        ]

    def estimate(self, node_id: int, profile: str | None = None) -> dict[str, Estimate]:
        """Workflow → what one run will probably take with a profile, by default the project's."""
        return plans.estimates_of(self._database, self._list_writers(), self._bind_named(node_id, profile))

    def price(
        self, workflow: str, node_ids: Sequence[int], params: JsonObject | None = None, profile: str | None = None
    ) -> Forecast | None:
        """What jobs of one workflow on these nodes of a project will probably take, with those that they start.

        `profile`: by default the project's. None: nobody knows. Raises InvalidInput, NotFound.
        """
        declared = self._registry.find(workflow)
        if not node_ids:
            return Forecast()
        return plans.price_launch(
            self._database,
            declared,
            node_ids,
            self._registry.parse(declared, params or {}),
            self.estimate(node_ids[0], profile),
            self._list_writers(),
            self._bind_named(node_ids[0], profile),
        )

    def outline(
        self, workflow: str, node_id: int, params: JsonObject | None = None, profile: str | None = None
    ) -> Plan:
        """The jobs that a parent would start on a node, in order, each with what it will probably take.

        Empty for a workflow that starts none. Raises InvalidInput, NotFound.
        """
        declared = self._registry.find(workflow)
        parsed = self._registry.parse(declared, params or {})
        if declared.starts is None:
            return Plan(jobs=[], tokens=0, seconds=0.0)
        guesses = self.estimate(node_id, profile)
        return plans.outline_launch(self._database, declared, node_id, parsed, guesses, self._list_writers())

    def _list_writers(self) -> list[Workflow]:
        """Every workflow that writes an artifact, those that are started by hand alone too."""
        return [w for w in self._registry.all().values() if w.writes is not None and not w.batch]

    def run(
        self,
        node_id: int,
        mode: Mode = "missing",
        *,
        grow: bool = False,
        rewrite: Collection[Key] = (),
        only: Collection[Key] | None = None,
        leave_out: Collection[str] = (),
        include: Collection[str] = (),
        review: bool = True,
        beyond_budget: bool = False,
        submit_key: str | None = None,
        user: str = "local",
    ) -> SubmittedJob:
        """Launch the plan of a node as one parent job; `grow` goes on into episodes and scenes that it makes, `rewrite`
        as for `build`. `only`: the (workflow, node id) that somebody has agreed to; what has joined the plan since is
        left. `leave_out`: workflows that are no part of it, nor started on what it makes; `include`: those that are
        else started by hand alone, and are in it and started on what it makes. `review`: a new episode plan
        or scene list that would archive what is made waits to be taken over, and what hangs on it is not begun.

        All or nothing: raises GuardUnmet when any job of it could not start, and BudgetExceeded when it will probably
        cost more than a budget has left, and then starts none. NotAllowed: nothing is left to do. `beyond_budget`:
        start it all the same; it waits when the budget is used up.
        """
        if not beyond_budget:
            self._check_budget(node_id, mode, grow, rewrite, leave_out, include, submit_key)
        plan = self.build(node_id, mode, rewrite, leave_out, include)
        agreed = None if only is None else {(name, node) for name, node in only}
        chosen = [job for job in plan.jobs if agreed is None or (job.workflow, job.node.id) in agreed]
        keys = [(job.workflow, job.node.id) for job in chosen]
        if not keys:
            raise NotAllowed(Text(N_("Nothing to do: everything below is fresh.")))
        asked = [list(key) for key in dict.fromkeys((name, node) for name, node in rewrite) if key in keys]
        params = {"jobs": [list(key) for key in keys], "grow": grow, "rewrite": asked}
        if leave_out:
            params["leave_out"] = sorted(set(leave_out))
        if include and grow:
            params["include"] = sorted(set(include))
        if not review:
            params["review"] = False
        expected = self._forecast(node_id, plan, chosen, grow, self._choose(leave_out, include))
        job = self._jobs.submit("run_plan", node_id, params, submit_key=submit_key, user=user)
        with self._database.write() as conn:
            forecast_writes.add_forecasts(conn, [replace(one, job_id=job.id) for one in expected])
        return job

    def compare(self, job_id: int) -> PlanOutcome | None:
        """What a plan was expected to take beside what it took; None for any other job."""
        with self._database.read() as conn:
            expected = forecasts.find_whole(conn, job_id)
            job = job_reads.find(conn, job_id)
            if expected is None or job is None:
                return None
            spent = usage_reads.spending_of_jobs(conn, [job_id])[job_id]
            tokens = forecasts.sum_tokens(conn, job_id)
            done = forecasts.count_ended(conn, job_id)
        ended = None if job.finished_at is None else job.finished_at - (job.started_at or job.created_at)
        return PlanOutcome(expected, done, tokens, spent, ended)

    def _forecast(
        self, node_id: int, plan: Plan, chosen: Sequence[PlannedJob], grow: bool, makers: Sequence[Workflow]
    ) -> list[StoredForecast]:
        """What is expected of the plan's chosen jobs together, and of one run of each workflow that may be among them;
        without the plan's id."""
        bound = self._bind(self._profile_at(node_id))
        guesses = plans.estimates_of(self._database, makers, bound)
        counts = Counter(job.workflow for job in chosen)
        runs = [
            StoredForecast(
                job_id=0,
                workflow=maker.name,
                model=maker_of(maker.typical, bound),
                jobs=counts[maker.name],
                tokens=guesses[maker.name].tokens,
                ms=round(guesses[maker.name].seconds * 1000),
                cost=plans.sum_up([guesses[maker.name]]),
                unpriced=int(guesses[maker.name].cost_micros is None),
            )
            for maker in makers
            if counts[maker.name] or grow
        ]
        whole = plans.forecast_part(plan, chosen)
        if grow and len(chosen) == len(plan.jobs):
            whole += plan.growth
        return [
            StoredForecast(
                0, WHOLE, None, whole.jobs, whole.tokens, round(whole.seconds * 1000), whole.cost, whole.unpriced
            ),
            *runs,
        ]

    def _check_budget(
        self, node_id: int, mode: Mode, grow: bool, rewrite: Collection[Key], leave_out: Collection[str],
        include: Collection[str], submit_key: str | None,
    ) -> None:  # fmt: skip
        with self._database.read() as conn:
            project_id = find_node(conn, node_id).project_id
            # asked for before, it is at work and has spent its part already
            known = submit_key is not None and job_reads.find_by_submit_key(conn, submit_key) is not None
            if known or not budgets.exist(conn, project_id):
                return
        forecast = self.build(node_id, mode, rewrite, leave_out, include).forecast(grow)
        with self._database.read() as conn:
            budgets.check_price(conn, project_id, forecast.cost, forecast.unpriced)

    def _bind(self, profile: Profile) -> BoundProfiles:
        return BoundProfiles.bind(profile, self._profiles.public)

    def _bind_named(self, node_id: int, profile: str | None) -> BoundProfiles:
        """Of a profile by its name, or of the one of the node's project."""
        chosen = self._profile_at(node_id) if profile is None else self._profiles.public(self._profiles.id_of(profile))
        return self._bind(chosen)

    def _profile_at(self, node_id: int) -> Profile:
        with self._database.read() as conn:
            project = find_node(conn, find_node(conn, node_id).project_id)
        return self._profiles.public(project.profile_id)
