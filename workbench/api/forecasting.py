"""What a conductor is expected to take, reckoned when it is launched and kept with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.api.projects import find_node
from workbench.db.rows.forecasts import WHOLE, StoredForecast
from workbench.usage import plans
from workbench.usage.estimates import BoundProfiles, maker_of

if TYPE_CHECKING:
    from workbench.db.connection import Database
    from workbench.jobs.submit import Request
    from workbench.profiles.profiles import Profiles
    from workbench.providers.base import Profile
    from workbench.story.plan import Plan
    from workbench.workflows.registry import Registry


def forecast_conductor(
    database: Database, registry: Registry, profiles: Profiles, request: Request
) -> list[StoredForecast]:
    """What a conductor's jobs will take together, and one run of each of their workflows; without the job's id. Empty
    for any other workflow."""
    declared = registry.find(request.kind)
    if not declared.conducts or request.node_id is None:
        return []
    writers = [w for w in registry.all().values() if w.writes is not None and not w.batch]
    bound = BoundProfiles.bind(_profile_of(database, profiles, request), profiles.public)
    guesses = plans.estimates_of(database, writers, bound)
    params = registry.parse(declared, request.params)
    plan = plans.outline_launch(database, declared, request.node_id, params, guesses, writers)
    return [_whole(plan), *(_one(plan, w.name, maker_of(w.typical, bound)) for w in writers if _count(plan, w.name))]


def _profile_of(database: Database, profiles: Profiles, request: Request) -> Profile:
    if request.profile_id is None or isinstance(request.profile_id, int):
        return profiles.public(request.profile_id)
    with database.read() as conn:
        project = find_node(conn, find_node(conn, request.node_id or 0).project_id)
    return profiles.public(project.profile_id)


def _whole(plan: Plan) -> StoredForecast:
    whole = plan.forecast(grow=True)
    return StoredForecast(
        0, WHOLE, None, whole.jobs, whole.tokens, round(whole.seconds * 1000), whole.cost, whole.unpriced
    )


def _count(plan: Plan, workflow: str) -> int:
    later = plan.follows.get(workflow)
    return sum(job.workflow == workflow for job in plan.jobs) + (later.jobs if later is not None else 0)


def _one(plan: Plan, workflow: str, model: str | None) -> StoredForecast:
    """One of a plan's jobs of a workflow: they are all reckoned alike."""
    planned = next((job for job in plan.jobs if job.workflow == workflow), None)
    if planned is not None:
        one = plans.forecast_part(plan, [planned])
        tokens, seconds, cost, unpriced = planned.tokens, planned.seconds, one.cost, one.unpriced
    else:
        every = plan.follows[workflow]
        tokens = None if every.tokens is None else every.tokens // every.jobs
        seconds, unpriced = every.seconds / every.jobs, int(every.unpriced > 0)
        cost = {currency: micros // every.jobs for currency, micros in every.cost.items()}
    return StoredForecast(0, workflow, model, _count(plan, workflow), tokens, round(seconds * 1000), cost, unpriced)
