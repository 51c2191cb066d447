"""`wb.jobs`: submit, watch, cancel, retry and replay, one job or many. A job is a row that is never deleted."""

from __future__ import annotations

import builtins
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any, Literal

from workbench.api.job_runs import JobRuns
from workbench.arguments import check_arguments
from workbench.db.reads import bulk as bulk_reads
from workbench.db.reads import failures
from workbench.db.reads import jobs as reads
from workbench.db.rows.jobs import (
    Act,
    GroupFilters,
    Job,
    JobFilters,
    RefusedReplay,
    SubmittedJob,
)
from workbench.db.schema import TERMINAL
from workbench.db.writes import failures as failure_writes
from workbench.errors import InvalidInput, NotAllowed, NotFound
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject

if TYPE_CHECKING:
    from workbench.jobs import bulk
    from workbench.jobs.overrides import Overrides


@check_arguments
class Jobs(JobRuns):
    """Acts on many jobs, by id, by filter or by group; on one as `JobRuns`, and asks as `JobReads`."""

    def set_group_state(
        self, fingerprint: str, state: Literal["open", "resolved", "ignored"], *, user: str = "local"
    ) -> None:
        """Say of a group of failures that it is resolved – the next failure then makes it regressed, and webhooks are
        told – or ignored, or open again. Raises NotFound."""
        with self._database.write() as conn:
            if not failures.has_failures(conn, fingerprint):
                raise NotFound(Text(N_("There is no group of failures {fingerprint}."), fingerprint=fingerprint))
            failure_writes.set_state(conn, fingerprint, state, user)

    def plan_retry(
        self,
        job_ids: Iterable[int],
        *,
        params: JsonObject | None = None,
        profile: str | None = None,
        overrides: Overrides | None = None,
        from_step: str | None = None,
        replace_newer: bool | Collection[int] = False,
    ) -> builtins.list[Act]:
        """What `retry_many` would do with each of these jobs, and what it would probably cost."""
        from workbench.jobs import acts

        how: dict[str, Any] = {
            "edited": params is not None, "replace_newer": replace_newer, "from_step": from_step,
        }  # fmt: skip
        price = self._price_of_rest(profile, overrides)
        return acts.plan_retry(self._database, self._registry, job_ids, price, **how)

    def retry_many(
        self,
        job_ids: Iterable[int],
        *,
        params: JsonObject | None = None,
        profile: str | None = None,
        overrides: Overrides | None = None,
        from_step: str | None = None,
        replace_newer: bool | Collection[int] = False,
        user: str = "local",
    ) -> builtins.list[Act]:
        """Retry each of these jobs that needs it; one act for each, in their order. A refusal stops no other.

        Left out, each with its reason: what is active, has succeeded, was made good or is being retried; all but the
        newest failure of the same work; parts of a parent that is retried; and where a person has saved a version
        since, unless `replace_newer`: True, or the jobs of which that is meant. `params` are laid over each job's own.
        `overrides`: another model, params of the call, or versions of prompts than their profile and today's prompts
        have: {"text_model": …, "params": {"max_tokens": …}, "prompts": {"planning/plan_episodes.en": 0}}, 0 being the
        shipped one; each field is laid over what the job itself was asked with, None is what the profile says.
        `from_step`: only the steps before it are reused. Raises NotFound before anything is done.
        """
        from workbench.jobs import acts

        how: dict[str, Any] = {"keep_done": from_step is None, "from_step": from_step, "user": user}

        def retry(act: Act) -> int:
            laid_over = None if params is None else {**self.get(act.job_id).params, **params}
            meant = acts.is_meant(replace_newer, act.job_id)
            return self._insert_replay(
                act.job_id, params=laid_over, profile=profile, overrides=overrides, replace_newer=meant, **how
            )

        plan = self.plan_retry(
            job_ids, params=params, profile=profile, overrides=overrides, from_step=from_step,
            replace_newer=replace_newer,
        )  # fmt: skip
        told = acts.retry_each(plan, retry)
        self._dispatcher.kick()
        return told

    def plan_cancel(self, job_ids: Iterable[int]) -> builtins.list[Act]:
        """What `cancel_many` would do with each of these jobs."""
        from workbench.jobs import acts

        return acts.plan_cancel(self._database, job_ids)

    def cancel_many(self, job_ids: Iterable[int], *, user: str = "local") -> builtins.list[Act]:
        """Cancel those of these jobs that are active, and what they started; one act for each, in their order. Raises
        NotFound before anything is done."""
        from workbench.jobs import acts

        told = acts.cancel_each(self._database, self.plan_cancel(job_ids), user)
        self._dispatcher.kick()
        return told

    def plan_priorities(self, job_ids: Iterable[int]) -> builtins.list[Act]:
        """What `change_priorities` would do with each of these jobs."""
        from workbench.jobs import acts

        return acts.plan_priorities(self._database, job_ids)

    def change_priorities(self, job_ids: Iterable[int], priority: int) -> builtins.list[Act]:
        """Change the priority of those of these jobs that are active; one act for each, in their order. Raises
        NotFound before anything is done."""
        from workbench.jobs import acts

        return acts.set_priority(self._database, job_ids, priority)

    def act_on_many(
        self,
        act: Literal["cancel", "retry", "read", "reparse", "priority"],
        job_ids: Iterable[int] | None = None,
        *,
        filters: JobFilters | None = None,
        last: int | None = None,
        group: GroupFilters | None = None,
        passed: int | None = None,
        priority: int = 0,
        params: JsonObject | None = None,
        profile: str | None = None,
        overrides: Overrides | None = None,
        from_step: str | None = None,
        replace_newer: bool | Collection[int] = False,
        submit_key: str | None = None,
        user: str = "local",
    ) -> SubmittedJob:
        """Act on any number of jobs, given by id, by the filters of `list`, or as what nothing has made good of a
        group of failures, as a job with its own progress; what came of each is in `list_bulk_items`. “read” tells what
        “reparse” would save, which takes those that passed by the number of that job, too: `passed`.

        Jobs that come after this match no filter, nor those after the job `last`; of a group those that fail after
        this are not meant, nor those after its `until`. A retry takes the settings of `retry_many`; `replace_newer`:
        True, or the jobs of which that is meant: where a person has saved a version since, the others are refused.
        Raises InvalidInput, NotFound.
        """
        from workbench.jobs import bulk

        if sum(given is not None for given in (job_ids, filters, group, passed)) != 1:
            raise InvalidInput(Text(N_("Give jobs, filters or a group of failures: one of the three.")))
        how = self._how(params, profile, overrides, from_step)
        if how and act != "retry":
            raise InvalidInput(Text(N_("Other settings are for a retry alone.")))
        if act in ("read", "reparse"):
            how["reparse"] = True
        if act == "read":
            how["look"] = True
        if not isinstance(replace_newer, bool):
            how["meant"] = sorted({*replace_newer})
        if passed is not None:
            how["passed"] = self._check_read(passed)
        ids = None if job_ids is None else sorted({*job_ids})
        with self._database.read() as conn:
            if passed is not None:
                total, newest = bulk_reads.count_outcomes(conn, passed).get(bulk.PASSES, 0), 0
            elif ids is not None:
                total, newest = len(ids), 0
            elif group is not None:
                until = group.get("until")
                group = {**group, "until": reads.clock(conn) if until is None else until}
                total, newest, how["group"] = failures.count_left(conn, group), 0, group
            else:
                total, newest = bulk_reads.count(conn, filters or {}, bulk.KIND)
        asked: JsonObject = {
            "act": "retry" if act in ("read", "reparse") else act, "ids": ids,
            "filters": {k: v for k, v in (filters or {}).items() if v is not None},
            "last": newest if last is None else min(last, newest), "total": total, "priority": priority,
            "replace_newer": replace_newer is True, "how": how,
        }  # fmt: skip
        return self.submit(bulk.KIND, None, asked, priority=bulk.PRIORITY, user=user, submit_key=submit_key)

    def _check_read(self, bulk_id: int) -> int:
        """Raises NotAllowed unless it is a bulk job that has read answers again."""
        from workbench.jobs import bulk

        job = self.get(bulk_id)
        if job.kind != bulk.KIND or not job.params.get("how", {}).get("look"):
            raise NotAllowed(Text(N_("Job {job_id} has not read answers again."), job_id=bulk_id))
        return bulk_id

    def _how(
        self, params: JsonObject | None, profile: str | None, overrides: Overrides | None, from_step: str | None
    ) -> bulk.How:
        """Raises InvalidInput, NotFound before anything is begun."""
        from workbench.jobs import overrides as asking

        how: bulk.How = {}
        if params:
            how["params"] = params
        if profile is not None:
            how["profile_id"] = self._profiles.id_of(profile)
        if overrides:
            asking.check(overrides, self._profiles.public(how.get("profile_id")))
            how["overrides"] = {**overrides}
        if from_step is not None:
            how["from_step"] = from_step
        return how

    def undo_bulk(self, bulk_id: int, *, user: str = "local") -> SubmittedJob:
        """Undo what a bulk job did, as another one: retry what was cancelled, cancel what was retried, give priorities
        back. Where an earlier undo was cancelled or has failed, or was refused a job, what is left of it; while one is
        active, that one. Raises NotAllowed while it is active, NotFound."""
        from workbench.jobs import bulk

        job = self.get(bulk_id)
        how = job.params.get("how", {})
        # what was read again is saved: each version has its own way back
        final = job.kind == bulk.KIND and (job.params["undo_of"] is not None or how.get("reparse"))
        if job.kind != bulk.KIND or job.state not in TERMINAL or final:
            raise NotAllowed(Text(N_("Job {job_id} is not one that can be undone."), job_id=bulk_id))
        done: bulk.Name = job.params["act"]
        with self._database.read() as conn:
            earlier = bulk_reads.list_left_undos(conn, bulk_id, bulk.UNDO[done])
            total = bulk_reads.count_outcomes(conn, bulk_id, but=earlier).get(bulk.UNDO[done], 0)
        params: JsonObject = {"act": bulk.UNDONE_BY[done], "undo_of": bulk_id, "undone": done, "total": total}
        if earlier:
            params["how"] = {"earlier": earlier}
        # two that ask at once have the same key, and so the same job
        key = bulk_reads.undo_key(bulk_id, earlier)
        return self.submit(bulk.KIND, None, params, priority=bulk.PRIORITY, user=user, submit_key=key)

    def replay_group(
        self,
        fingerprint: str,
        params: JsonObject | None = None,
        user: str = "local",
        *,
        project: int | None = None,
        since: int | None = None,
    ) -> builtins.list[Job | RefusedReplay]:
        """Retry the failures of a group that nothing has made good, those of a project or from a time (epoch ms) on
        alone when given; what is finished is reused.

        `params` are laid over each job's own. Jobs that are left out are reported as refused, with the reason.
        """
        listed = self.list_with_fingerprint(fingerprint, project=project, since=since)
        told = self.retry_many([job.id for job in listed], params=params, user=user)
        return [
            RefusedReplay(act.job_id, act.reason or act.outcome) if act.new_id is None else self.get(act.new_id)
            for act in told
        ]

    def plan_reparse(self, job_ids: Iterable[int]) -> builtins.list[Act]:
        """What `reparse_many` would do with each of these jobs, at no cost: `reparse` for those whose stored answers
        today's parser and checks let pass; `skip` with what is still wrong, or why they cannot be read. Nothing is
        written. Raises NotFound."""
        from workbench.jobs import reparse

        ids = [*job_ids]
        plan = self.plan_retry(ids)
        return reparse.plan(self._database, self._registry, self._profiles.public, self._store(), plan)

    def reparse_many(self, job_ids: Iterable[int], *, user: str = "local") -> builtins.list[Act]:
        """Save what `plan_reparse` says would pass, as a new job each; one act for each, in their order."""
        from workbench.jobs import acts

        def save(act: Act) -> int:
            return self._insert_replay(act.job_id, profile=None, keep_done=True, reparse=True, user=user)

        told = acts.retry_each(self.plan_reparse(job_ids), save, outcome="reparse")
        self._dispatcher.kick()
        return told
