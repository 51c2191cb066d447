"""`wb.queues`: pauses, limits and workers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from workbench.api.existing import check_project
from workbench.arguments import Count, check_arguments
from workbench.db.connection import Database
from workbench.db.reads import job_lists
from workbench.db.reads import jobs as reads
from workbench.db.reads import profiles as profile_reads
from workbench.db.rows.jobs import Gate, Worker
from workbench.db.writes import installation
from workbench.errors import InvalidInput, NotFound
from workbench.i18n import N_, Text
from workbench.jobs.declared import QUEUES

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from workbench.jobs.dispatch import Dispatcher
    from workbench.workflows.registry import Registry

LONGEST_KEY = 120
# what stands for nothing would hold nothing, and look as if it did
_KEY = re.compile(rf"queue:({'|'.join(QUEUES)})|kind:.+|(project|profile):[1-9][0-9]{{0,17}}", re.DOTALL)


@check_arguments
class Queues:
    """Pauses and limits what a key names: queue:text, kind:plan_episodes, project:1, profile:2."""

    def __init__(self, database: Database, dispatcher: Dispatcher, registry: Registry) -> None:
        self._database = database
        self._dispatcher = dispatcher
        self._registry = registry

    def pause(self, key: str, *, user: str = "local") -> None:
        """Stop claiming what a key names; what runs goes on. Raises InvalidInput, NotFound."""
        self._set_gate(key, paused=True, by=user)

    def resume(self, key: str) -> None:
        """Raises InvalidInput."""
        self._set_gate(key, paused=False)
        self._dispatcher.kick()

    def limit(self, key: str, max_running: Count | None) -> None:
        """At most this many jobs of a key run at once; None lifts the limit. Raises InvalidInput, NotFound."""
        self._set_gate(key, max_running=max_running, limit=True)
        self._dispatcher.kick()

    def _set_gate(self, key: str, **values: Any) -> None:
        if not _KEY.fullmatch(key) or len(key) > LONGEST_KEY:
            raise InvalidInput(
                Text(N_("“{key}” names nothing; use queue:NAME, kind:NAME, project:ID or profile:ID."), key=key)
            )
        with self._database.write() as conn:
            if values.get("paused") or values.get("max_running") is not None:
                self._check_there(conn, *key.split(":", 1))
            installation.set_gate(conn, key, **values)

    def _check_there(self, conn: Connection, name: str, value: str) -> None:
        """Whatever is held is there: who mistypes a name would believe that it is held."""
        if name == "kind" and next(iter(job_lists.list_jobs(conn, kind=value, limit=1)), None) is None:
            self._registry.find(value)
        if name == "project":
            check_project(conn, int(value))
        if name == "profile" and profile_reads.find_sealed(conn, int(value)) is None:
            raise NotFound(Text(N_("There is no profile {name}."), name=value))

    def list_gates(self) -> list[Gate]:
        """What is paused or limited, by key."""
        with self._database.read() as conn:
            return reads.list_gates(conn)

    def drain(self, worker: str, *, user: str = "local") -> None:
        """Ask a worker to take nothing new; what it runs goes on. Raises NotFound."""
        self._set_drain(worker, user)

    def undrain(self, worker: str) -> None:
        """Let a worker take jobs again. Raises NotFound."""
        self._set_drain(worker, None)
        self._dispatcher.kick()

    def _set_drain(self, worker: str, by: str | None) -> None:
        with self._database.write() as conn:
            if not installation.set_drain(conn, worker, by):
                raise NotFound(Text(N_("There is no worker {name}."), name=worker))

    def list_workers(self) -> list[Worker]:
        """Worker processes, oldest first, with the time since their last heartbeat."""
        with self._database.read() as conn:
            return reads.list_workers(conn)

    def count_live_workers(self) -> int:
        """Workers heard of within the last ten seconds."""
        return sum(w.is_live for w in self.list_workers())
