"""What a person has written or edited of what a job writes: the model keeps to it, and it stays the head."""

from __future__ import annotations

import functools
from typing import Any

from sqlalchemy import Connection

from workbench.artifacts.placing import tell_today
from workbench.db.reads import failures
from workbench.db.reads import jobs as reads
from workbench.db.reads import story as story_reads
from workbench.db.rows.story import Artifact
from workbench.jobs.session import ClaimSession


class HandWritten:
    """What there was by hand when a job was asked for."""

    def __init__(self, session: ClaimSession) -> None:
        self._session = session

    @functools.cached_property
    def version(self) -> Artifact | None:
        """The version that a person had written or edited when this job, or the one that it replays, was asked for.

        Of that time, not of now: a job that goes on, or is retried, puts the same question again, and pays nothing
        twice.
        """
        with self._session.database.read() as conn:
            own = self._find(conn)
            return None if own is None else tell_today(conn, own)

    @functools.cached_property
    def generated_before(self) -> Artifact | None:
        """The last version that a model wrote before it: what differs, a person has changed."""
        if self.version is None:
            return None
        with self._session.database.read() as conn:
            own = self.version
            before = story_reads.find_last_made(conn, own.node_id, own.kind, own.version)
            return None if before is None else tell_today(conn, before)

    def find_content(self, part: str | None) -> Any:
        """What a person wrote of a part (None: of all of it); None when it is nothing of that."""
        if self.version is None or part is None:
            return None if self.version is None else self.version.content
        own = self.version.content.get(part)
        before = self.generated_before
        return None if before is not None and before.content.get(part) == own else own

    def find_saved_meanwhile(self, conn: Connection) -> int | None:
        """The head's version where a person has saved it since this job was asked for and the job knows nothing of it:
        it stays the head."""
        declared, job = self._session.declared, self._session.job
        if declared.writes is None or declared.adds or job.node_id is None:
            return None
        newer = failures.find_newer_by_hand(
            conn, job.node_id, declared.writes, reads.created_at(conn, self._session.job_id)
        )
        if newer is None:
            return None
        known = self._find(conn)
        return None if known is not None and known.id == newer.artifact_id else newer.version

    def _find(self, conn: Connection) -> Artifact | None:
        written = self._written
        return written and story_reads.find_by_hand(conn, *written, reads.asked_at(conn, self._session.job_id))

    @property
    def _written(self) -> tuple[int, str] | None:
        """Node and kind of what the job writes anew; None where it writes nothing, or adds to what is there."""
        declared, node_id = self._session.declared, self._session.job.node_id
        return None if declared.writes is None or declared.adds or node_id is None else (node_id, declared.writes)
