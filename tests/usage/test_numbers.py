"""What the pages show of a mixed history is what this test's own SQL counts in the raw rows, on both databases.

The history has several currencies, prices that nobody knows, retries, replays, cached and reasoning tokens, pictures
and clips, cancelled and partial jobs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from workbench.api.client import Workbench
from workbench.db.rows.jobs import JobFilters
from workbench.db.writes import rollups
from workbench.settings import Settings

DAY = 86_400_000
HOUR = 3_600_000
#: calls that may have cost something that nobody knows
UNPRICED = """c.cost_micros IS NULL AND c.expected_micros IS NULL AND c.provider <> 'sketch' AND (
  c.outcome IN ('ok', 'late', 'lost') OR (c.outcome = 'error' AND (c.http_status IS NULL OR c.http_status < 400
  OR (c.http_status >= 500 AND c.capability <> 'text'))))"""


@pytest.fixture
def wb(settings: Settings) -> Iterator[Workbench]:
    with Workbench.open(settings, send=lambda ids: None) as client:
        client.history.seed(400, days=30)
        yield client


def ask(wb: Workbench, sql: str, **values: Any) -> list[Any]:
    with wb.database.read() as conn:
        return list(conn.execute(text(sql), values))


def pairs(rows: list[Any]) -> dict[Any, Any]:
    return {key: value for key, value in rows if value}


def test_numbers_of_jobs_and_money_are_those_of_the_rows(wb: Workbench) -> None:
    [(first, last)] = ask(wb, "SELECT MIN(created_at), MAX(finished_at) FROM job")
    check_states_under_each_filter(wb, first, last)
    check_cards(wb, last)
    check_failures(wb)
    check_projects(wb)
    check_spending(wb)
    # all of it was rolled up: once more with nothing of it, and with a part
    for most in (0, 300):
        with wb.database.write() as conn:
            if most:
                rollups.fold(conn, most)
            else:
                rollups.start_anew(conn)
        check_cards(wb, last)
        check_projects(wb)
        check_spending(wb)


def check_states_under_each_filter(wb: Workbench, first: int, last: int) -> None:
    middle = (first + last) // 2
    [(project,)] = ask(wb, "SELECT MIN(project_id) FROM job")
    [(profile,)] = ask(wb, "SELECT MIN(profile_id) FROM job WHERE profile_id IS NOT NULL")
    [(model,)] = ask(wb, "SELECT model FROM model_call GROUP BY model ORDER BY COUNT(*) DESC, model LIMIT 1")
    [(kind,)] = ask(wb, "SELECT kind FROM job GROUP BY kind ORDER BY COUNT(*) DESC, kind LIMIT 1")
    [(error,)] = ask(
        wb, "SELECT error_kind FROM job WHERE error_kind IS NOT NULL GROUP BY error_kind ORDER BY COUNT(*) DESC LIMIT 1"
    )
    called = "EXISTS (SELECT 1 FROM model_call c WHERE c.job_id = job.id AND c.model = :v)"
    cases: list[tuple[JobFilters, str, Any]] = [
        ({}, "1 = 1", None),
        ({"project": project}, "project_id = :v", project),
        ({"kind": kind}, "kind = :v", kind),
        ({"model": model}, called, model),
        ({"profile": profile}, "profile_id = :v", profile),
        ({"error_kind": error}, "error_kind = :v", error),
        ({"since": middle}, "created_at >= :v", middle),
        ({"until": middle}, "created_at < :v", middle),
        ({"run_over": 60_000}, "finished_at - started_at > :v", 60_000),
        ({"project": project, "since": middle, "kind": kind}, f"project_id = {project} AND created_at >= {middle} "
         "AND kind = :v", kind),
    ]  # fmt: skip
    for filters, condition, value in cases:
        own = pairs(ask(wb, f"SELECT state, COUNT(*) FROM job WHERE {condition} GROUP BY state", **given(value)))
        assert {s: n for s, n in wb.jobs.count_states(**filters).items() if n} == own, filters
        assert wb.jobs.count(**filters) == sum(own.values()), filters
        ids = [row.id for row in ask(wb, f"SELECT id FROM job WHERE {condition} ORDER BY id", **given(value))]
        assert wb.jobs.list_ids(**filters) == ids, filters
    for currency, micros in (("CNY", 200_000), ("USD", 30_000)):
        own = ask(
            wb,
            # a plan costs what its jobs cost
            "SELECT root AS job_id FROM (SELECT job_id AS root, currency, cost_micros FROM model_call UNION ALL "
            "SELECT parent_id, currency, cost_micros FROM job_child JOIN model_call ON job_id = child_id) c "
            "WHERE currency = :v AND root IS NOT NULL GROUP BY root HAVING SUM(cost_micros) > :least ORDER BY root",
            v=currency, least=micros,
        )  # fmt: skip
        assert own
        assert wb.jobs.list_ids(cost_over={currency: micros}) == [row.job_id for row in own]


def given(value: Any) -> dict[str, Any]:
    return {} if value is None else {"v": value}


def check_cards(wb: Workbench, last: int) -> None:
    sums = wb.jobs.sum_up(last + 1)
    begin = last + 1 - 48 * HOUR
    done = ask(
        wb,
        "SELECT COUNT(*), SUM(CASE WHEN state = 'succeeded' THEN 1 ELSE 0 END) FROM job "
        "WHERE finished_at >= :v AND state IN ('succeeded', 'partial', 'failed')",
        v=begin,
    )
    ended = [*sums.ended_before, *sums.ended]
    assert (sum(r.done for r in ended), sum(r.succeeded for r in ended)) == tuple(done[0])
    own = pairs(
        ask(
            wb,
            "SELECT currency, SUM(cost_micros) FROM model_call c WHERE started_at >= :v AND cost_micros IS NOT NULL "
            "AND job_id IS NOT NULL GROUP BY currency",
            v=begin,
        )
    )
    costs: dict[str, int] = {}
    for row in [*sums.costs_before, *sums.costs]:
        if row.currency and row.cost_micros:
            costs[row.currency] = costs.get(row.currency, 0) + row.cost_micros
    assert costs == own
    [(unpriced,)] = ask(wb, f"SELECT COUNT(*) FROM model_call c WHERE started_at >= :v AND {UNPRICED}", v=begin)
    assert sum(row.unknown for row in [*sums.costs_before, *sums.costs]) == unpriced


def check_failures(wb: Workbench) -> None:
    own = ask(
        wb,
        "SELECT f.fingerprint, COUNT(*), MIN(j.finished_at), MAX(j.finished_at), "
        "SUM(CASE WHEN f.repaired_by IS NULL THEN 0 ELSE 1 END) "
        "FROM failure f JOIN job j ON j.id = f.job_id GROUP BY f.fingerprint",
    )
    groups = wb.jobs.list_failures()
    listed = {(g.fingerprint, g.count, g.first_at, g.last_at, g.replayed) for g in groups}
    assert listed == {tuple(row) for row in own}
    assert [g.count for g in groups] == sorted((g.count for g in groups), reverse=True)


def check_projects(wb: Workbench) -> None:
    for project in wb.projects.list():
        own = pairs(
            ask(
                wb,
                "SELECT currency, SUM(cost_micros) FROM model_call WHERE project_id = :v AND cost_micros IS NOT NULL "
                "GROUP BY currency",
                v=project.id,
            )
        )
        assert {c: n for c, n in project.cost.items() if n} == own
        [(unpriced,)] = ask(wb, f"SELECT COUNT(*) FROM model_call c WHERE project_id = :v AND {UNPRICED}", v=project.id)
        assert project.unpriced == unpriced


def check_spending(wb: Workbench) -> None:
    """A node's is that of all below it."""
    below = """WITH RECURSIVE under(id) AS (SELECT id FROM node WHERE id = :v
      UNION ALL SELECT n.id FROM node n JOIN under u ON n.parent_id = u.id)
      SELECT {what} FROM model_call c LEFT JOIN job j ON j.id = c.job_id
      WHERE COALESCE(c.node_id, j.node_id) IN (SELECT id FROM under) AND {where}"""
    sent = "(c.price_source IS NULL OR c.price_source <> 'not sent')"
    for (node,) in ask(wb, "SELECT DISTINCT node_id FROM job WHERE node_id IS NOT NULL ORDER BY node_id LIMIT 12"):
        spent = wb.usage.of_node(node)
        [(calls, tokens)] = ask(
            wb, below.format(what="COUNT(*), SUM(c.input_tokens + c.output_tokens)", where=sent), v=node
        )
        money = "c.cost_micros IS NOT NULL GROUP BY c.currency"
        own = pairs(ask(wb, below.format(what="c.currency, SUM(c.cost_micros)", where=money), v=node))
        [(unpriced,)] = ask(wb, below.format(what="COUNT(*)", where=UNPRICED), v=node)
        assert (spent.calls, spent.tokens, spent.unpriced) == (calls, tokens, unpriced)
        assert {c: n for c, n in spent.cost.items() if n} == own
    ids = [row.id for row in ask(wb, "SELECT id FROM job ORDER BY id LIMIT 200")]
    for job_id, spent in wb.usage.of_jobs(ids).items():
        own = pairs(
            ask(
                wb,
                "SELECT currency, SUM(cost_micros) FROM model_call WHERE cost_micros IS NOT NULL AND (job_id = :v OR "
                "job_id IN (SELECT child_id FROM job_child WHERE parent_id = :v)) GROUP BY currency",
                v=job_id,
            )
        )
        assert {c: n for c, n in spent.cost.items() if n} == own
