"""`wb.jobs`: submit, watch, cancel, retry and replay, one job or many. A job is a row that is never deleted."""

from __future__ import annotations

import builtins
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any, Literal

from workbench.api.job_runs import JobRuns
from workbench.arguments import check_arguments
from workbench.db.reads import bulk as bulk_reads
from workbench.db.reads import failures
from workbench.db.rows.jobs import (
    Act,
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
        shipped one. `from_step`: only the steps before it are reused. Raises NotFound before anything is done.
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
        act: Literal["cancel", "retry", "priority"],
        job_ids: Iterable[int] | None = None,
        *,
        filters: JobFilters | None = None,
        priority: int = 0,
        replace_newer: bool = False,
        submit_key: str | None = None,
        user: str = "local",
    ) -> SubmittedJob:
        """Act on any number of jobs, given by id or by the filters of `list`, as a job with its own progress; what came
        of each is in `list_bulk_items`. Jobs that come after this match no filter. Raises InvalidInput."""
        from workbench.jobs import bulk

        if (job_ids is None) is (filters is None):
            raise InvalidInput(Text(N_("Give jobs or filters, one of the two.")))
        ids = None if job_ids is None else sorted({*job_ids})
        with self._database.read() as conn:
            total, last = (len(ids), 0) if ids is not None else bulk_reads.count(conn, filters or {}, bulk.KIND)
        params: JsonObject = {
            "act": act, "ids": ids, "filters": {k: v for k, v in (filters or {}).items() if v is not None},
            "last": last, "total": total, "priority": priority, "replace_newer": replace_newer,
        }  # fmt: skip
        return self.submit(bulk.KIND, None, params, priority=bulk.PRIORITY, user=user, submit_key=submit_key)

    def undo_bulk(self, bulk_id: int, *, user: str = "local") -> SubmittedJob:
        """Undo what a bulk job did, as another one: retry what was cancelled, cancel what was retried, give priorities
        back. Raises NotAllowed while it is active, NotFound."""
        from workbench.jobs import bulk

        job = self.get(bulk_id)
        if job.kind != bulk.KIND or job.state not in TERMINAL or job.params["undo_of"] is not None:
            raise NotAllowed(Text(N_("Job {job_id} is not one that can be undone."), job_id=bulk_id))
        done: bulk.Name = job.params["act"]
        total = self.count_bulk_outcomes(bulk_id).get(bulk.UNDO[done], 0)
        params: JsonObject = {"act": bulk.UNDONE_BY[done], "undo_of": bulk_id, "undone": done, "total": total}
        return self.submit(
            bulk.KIND, None, params, priority=bulk.PRIORITY, user=user, submit_key=f"undo bulk {bulk_id}"
        )

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
