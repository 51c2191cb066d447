"""Many jobs' stored answers read again by today's parser and checks: which would now pass, before anything is saved."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NoReturn

from workbench.db.connection import Database
from workbench.db.reads import jobs as reads
from workbench.db.rows.jobs import Act, Job
from workbench.db.writes.claims import Claim
from workbench.errors import OutputError, ReelwrightError
from workbench.i18n import N_, Text
from workbench.jobs import trials
from workbench.jobs.declared import Workflows
from workbench.jobs.session import ClaimSession
from workbench.media import MediaStore
from workbench.profiles.routing import BoundProviders, ProfileOf
from workbench.suspend import Suspend

PASSES = Text(N_("Its stored answer passes today's checks."))


def plan(
    database: Database, workflows: Workflows, profile_of: ProfileOf, media: MediaStore, retries: Sequence[Act]
) -> list[Act]:
    """What was planned as a retry becomes `reparse` where the stored answers pass now; else it is left out."""
    return asyncio.run(_plan(database, workflows, profile_of, media, retries))


async def plan_within(session: ClaimSession, retries: Sequence[Act]) -> list[Act]:
    """The same, from within a job that runs."""
    return await _plan(session.database, session.workflows, session.providers.profile_of, session.media, retries)


async def _plan(
    database: Database, workflows: Workflows, profile_of: ProfileOf, media: MediaStore, retries: Sequence[Act]
) -> list[Act]:
    with database.read() as conn:
        jobs = {job.id: job for job in reads.find_many(conn, [act.job_id for act in retries])}
    acts = []
    for act in retries:
        if act.outcome == "retry":
            act = replace(act, reused=0, cost_micros=None, currency=None)
            problem = await _read(database, workflows, profile_of, media, jobs[act.job_id])
            said = PASSES if problem is None else problem
            outcome = "reparse" if problem is None else "skip"
            act = replace(act, outcome=outcome, reason=str(said), reason_i18n=said.to_json())
        acts.append(act)
    return acts


async def _read(
    database: Database, workflows: Workflows, profile_of: ProfileOf, media: MediaStore, job: Job
) -> Text | None:
    """What is still wrong with what a job was answered; None: nothing."""
    try:
        declared = workflows.find(job.kind)
        profile = profile_of(job.profile_id)
        claim = Claim(
            job.id, job.claim, job.kind, job.queue, job.title, job.project_id, job.node_id, job.profile_id, job.params,
            0, 1, None, None, None, None, 0, None, None,
        )  # fmt: skip
        session = ClaimSession(
            database=database, workflows=workflows, declared=declared, job=claim, job_id=job.id, claim=job.claim,
            providers=BoundProviders(profile, profile_of, _call_nobody), media=media,
        )  # fmt: skip
        await trials.read_again(session, job)
    except OutputError as error:
        return error.text
    except (ReelwrightError, Suspend, ValueError, LookupError, TypeError) as error:
        reason = error.text if isinstance(error, ReelwrightError) else Text("{message}", message=str(error))
        return Text(N_("It cannot be read again: {reason}"), reason=reason)
    return None


def _call_nobody(profile: Any) -> NoReturn:
    raise LookupError(profile.name)
