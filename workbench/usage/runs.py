"""What whole runs of many jobs cost: plans and conductors, with all that they started."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from workbench.db.reads import jobs as job_reads
from workbench.db.reads import sorting
from workbench.db.reads import usage as reads
from workbench.db.rows.usage import RunSpending
from workbench.usage import money


def list_dearest(
    conn: Connection, kinds: Iterable[str], *, since: int, until: int | None, project: int | None, limit: int
) -> list[RunSpending]:
    """Those of these workflows that were asked for in a stretch of time (epoch ms), dollars by the set rate."""
    rate = float(money.rate(conn))
    known = sorting.list_kinds(conn)
    found = [
        place
        for kind in dict.fromkeys(kind for kind in kinds if kind in known)
        for place in sorting.list_sorted(
            conn, "cost", descending=True, after=None, limit=limit, kinds=(), yuan_for_dollar=rate, kind=kind,
            project=project, since=since, until=until,
        )
    ]  # fmt: skip
    priced = sorted((place for place in found if place.key[0] is not None), key=lambda place: -place.key[0])[:limit]
    # some of these may have called somebody all the same, at a price that nobody knows
    others = [place for place in found if place.key[0] is None] if len(priced) < limit else []
    jobs = job_reads.find_many(conn, [place.id for place in (*priced, *others)])
    spent = reads.spending_of_jobs(conn, [job.id for job in jobs])
    runs = [
        RunSpending(j.id, j.kind, j.state, j.node_id, j.parent_id, j.created_at, spent[j.id])
        for j in jobs
        if spent[j.id].calls
    ]

    def yuan(run: RunSpending) -> float:
        return sum(micros * (rate if currency == "USD" else 1) for currency, micros in run.spent.cost.items())

    return sorted(runs, key=lambda run: (-yuan(run), -run.job_id))[:limit]
