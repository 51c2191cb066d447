"""No statement of an engine at work, or of a page that looks on, reads a whole table of what has ended.

Every statement that such a day sends is recorded, and each database is asked how it would run it.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from sqlalchemy import Connection, event, func, insert, select, text

from tests.engine.conftest import Engine
from workbench.api.client import Workbench
from workbench.db import reads
from workbench.db.connection import Database
from workbench.db.reads import alerts, budgets, bulk, failures, families, forecasts, jobs, prompts, telemetry, usage
from workbench.db.rollup_tables import pruned_job
from workbench.db.schema import (
    FAILED,
    attempt,
    failure,
    job,
    job_child,
    job_count,
    job_event,
    model_call,
    node,
    step,
    webhook,
    webhook_delivery,
)
from workbench.db.waste import CAUSES
from workbench.db.words import Word
from workbench.db.writes import rollups
from workbench.jobs.submit import Request
from workbench.settings import Settings
from workbench.story.spending import By

ENDED = 20_000
NODES = 500
#: of SQLite's machine, for one statement: a few for each row that it looks at
MOST_STEPS, STEPS_AT_ONCE = 20_000, 1_000
#: tables that grow for ever
LARGE = {
    "job", "attempt", "step", "job_event", "job_child", "model_call", "webhook_delivery", "ended_job", "wasted_call",
    "pruned_job",
}  # fmt: skip
#: indexes that hold only what is under way: to read all of one is no harm
SMALL = {
    "ix_job_active", "ix_job_ready", "ix_job_untold", "uq_job_exclusive", "ix_step_poll", "ix_model_call_open",
    "ix_webhook_delivery_due", "ix_job_unfiled", "ix_job_cancelled", "ix_ended_job_both", "ix_model_call_imported",
    "ix_model_call_reserved",
}  # fmt: skip


@pytest.fixture
def history(settings: Settings) -> None:
    """Many jobs that ended in the last day, with their attempts, events and calls."""
    database = Database(settings.database_url)
    hours, now = 20_000 // 20, 1_700_000_000_000
    common = {"kind": "k", "queue": "text", "title": "t", "params": {}, "params_hash": "h", "max_attempts": 1}
    with database.write() as conn:
        for table, rows in {
            node: [
                {"id": n, "kind": "scene", "title": "t", "position": n, "created_at": now}
                for n in range(5_000, 5_000 + NODES)
            ],
            job: [
                {
                    **common, "id": n, "kind": f"kind_{n % 20}", "state": "failed" if n % 25 == 0 else "succeeded",
                    "available_at": now + n * hours, "created_at": now + n * hours, "started_at": now + n * hours,
                    "finished_at": now + n * hours, "error_fingerprint": f"f{n % 7}",
                    "filed": True, "node_id": 5_000 + n % NODES if n % 2 else None,
                }
                for n in range(1, ENDED + 1)
            ],
            attempt: [
                {"job_id": n, "claim": 1, "worker": "w", "started_at": now, "ended_at": now, "outcome": "ok"}
                for n in range(1, ENDED + 1)
            ],
            failure: [
                {
                    "job_id": n, "fingerprint": f"f{n % 7}", "finished_at": now + n * hours, "kind": f"kind_{n % 20}",
                    "params_hash": "h", "node_id": 5_000 + n % NODES if n % 2 else None,
                }
                for n in range(25, ENDED + 1, 25)
            ],
            job_event: [{"job_id": n, "at": now, "level": "info", "message": "m"} for n in range(1, ENDED + 1)],
            step: [
                {
                    "job_id": n, "name": "s", "position": 1, "state": "done", "input_hash": "h", "created_at": now,
                    "updated_at": now,
                }
                for n in range(1, ENDED + 1)
            ],
            model_call: [
                {
                    "call_id": str(n), "job_id": n, "purpose": "generate", "provider": "p", "model": "m",
                    "capability": "text", "outcome": "ok", "started_at": now + n * hours,
                }
                for n in range(1, ENDED + 1)
            ],
            job_child: [
                {"parent_id": n, "position": p, "child_id": n + p, "item": "i"}
                for n in range(10, ENDED, 10)
                for p in range(1, 8)
            ],
            pruned_job: [
                {
                    "job_id": ENDED + n, "kind": f"kind_{n % 20}", "state": "succeeded", "created_at": now + n * hours,
                    "started_at": now + n * hours, "finished_at": now + n * hours,
                }
                for n in range(1, ENDED + 1)
            ],
            webhook: [
                {
                    "id": 1, "form": "json", "events": [], "host": "h", "url_ciphertext": "", "secret_ciphertext": "",
                    "key_id": "", "allow_private": False, "lang": "en", "enabled": False, "created_at": now,
                }
            ],
            webhook_delivery: [
                {
                    "webhook_id": 1, "event": "job.failed", "event_key": str(n), "payload": {}, "state": "done",
                    "tries": 1, "next_at": now, "created_at": now, "ended_at": now,
                }
                for n in range(1, ENDED + 1)
            ],
        }.items():  # fmt: skip
            conn.execute(insert(table), rows)
        # as a worker has done by then
        jobs = select(job.c.kind, job.c.state, func.count()).where(job.c.filed).group_by(job.c.kind, job.c.state)
        nothing = {"project_id": 0, "profile_id": 0, "error_kind": ""}
        counts = [
            {**nothing, "model": model, "kind": kind, "state": state, "jobs": count}
            for kind, state, count in conn.execute(jobs)
            for model in ("", "m")
        ]
        conn.execute(insert(job_count), counts)
        while rollups.fold(conn, ENDED):
            pass
        if not database.is_sqlite:
            conn.execute(text(f"SELECT setval('job_id_seq', {ENDED})"))
            conn.execute(text("SELECT setval('node_id_seq', 9000)"))
    database.close()


@pytest.fixture
def statements(history: None, settings: Settings) -> Iterator[tuple[Engine, dict[str, Any]]]:
    """An engine on that history, and what it and its workbench have sent, with one set of values each."""
    engine = Engine(settings)
    sent: dict[str, Any] = {}

    def note(conn: Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            sent.setdefault(statement, parameters[0] if many else parameters)

    for database in (engine.wb.database, engine.worker._database):
        event.listen(database.engine, "before_cursor_execute", note)
    yield engine, sent
    engine.close()


def plan_of(conn: Connection, statement: str, parameters: Any, *, known: bool) -> list[str]:
    """What the database would do. PostgreSQL: by a plan for any values, which it may keep for a prepared statement."""
    if conn.dialect.name == "sqlite":
        return [row[3] for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    names: list[str] = []

    def number(found: re.Match[str]) -> str:
        if found[1] not in names:
            names.append(found[1])
        return f"${names.index(found[1]) + 1}"

    plain = re.sub(r"%\((\w+)\)s", number, statement).replace("%%", "%")
    raw: Any = conn.connection.driver_connection
    # without statistics it takes these tables for small, and to read one of them for cheap: whether it could do else;
    # with them each page costs as much as fifty, as they would at a million rows
    raw.execute(f"SET enable_seqscan = {'on' if known else 'off'}")
    raw.execute("SET seq_page_cost = 50")
    return [row[0] for row in raw.execute(f"EXPLAIN (GENERIC_PLAN) {plain}")]


def reads_whole_table(line: str) -> bool:
    """Whether a line of a plan reads all of a large table."""
    found = re.search(r"\bSCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?", line) or re.search(
        r"\bSeq Scan on (\w+)()", line
    )
    return found is not None and found[1] in LARGE and found[2] not in SMALL


#: questions about one story, one file or a table of settings, that no dashboard asks
ELSEWHERE = {"archives", "bundles", "drafts", "media", "profiles", "story", "views", "webhooks"}
NOT_ASKED = {
    # of one prompt's text
    "prompts.find_newest", "prompts.list_versions", "prompts.find_version", "prompts.find_override",
    # of one active job, by a unique index
    "jobs.find_by_submit_key", "jobs.find_active_by_exclusive_key", "jobs.is_told_to_stop",
    # in statements that are asked
    "job_lists.restrict", "filing.says",
}  # fmt: skip


def list_questions() -> set[str]:
    """Every question of `db/reads` that a page, a command or a worker may ask of a database with a long history."""
    folder = Path(reads.__path__[0])
    names = {
        f"{file.stem}.{found.name}"
        for file in folder.glob("*.py")
        if file.stem not in ELSEWHERE
        for found in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(found, ast.FunctionDef) and not found.name.startswith("_")
        if found.args.args and found.args.args[0].arg == "conn"
    }
    return names - NOT_ASKED


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The questions that are asked from now on, wherever they were imported to."""
    noted: set[str] = set()

    def noting(name: str, question: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(question)
        def ask(*args: Any, **kwargs: Any) -> Any:
            noted.add(name)
            return question(*args, **kwargs)

        return ask

    wrapped = {}
    for name in list_questions():
        module, _, function = name.partition(".")
        question = getattr(importlib.import_module(f"{reads.__name__}.{module}"), function)
        wrapped[question] = noting(name, question)
    for name, loaded in list(sys.modules.items()):
        if name.startswith("workbench"):
            for attribute, value in list(vars(loaded).items()):
                if inspect.isfunction(value) and value in wrapped:
                    monkeypatch.setattr(loaded, attribute, wrapped[value])
    return noted


def stops_after_a_page(statement: str, plan: list[str]) -> bool:
    """Whether it goes through a table or an index in the order that is wanted, and stops after a page of it."""
    in_order = not any("TEMP B-TREE FOR ORDER BY" in line or "DISTINCT" in line or "GROUP BY" in line for line in plan)
    return re.search(r"ORDER BY .*\s+LIMIT [^()]*$", statement) is not None and in_order


def whole_table_reads(conn: Connection, sent: dict[str, Any], *, known: bool) -> dict[str, list[str]]:
    """Statement → its plan, of those that read all of a large table."""
    plans = {statement: plan_of(conn, statement, values, known=known) for statement, values in sent.items()}
    return {
        statement: plan
        for statement, plan in plans.items()
        if any(map(reads_whole_table, plan)) and not stops_after_a_page(statement, plan)
    }


def test_no_statement_of_a_days_work_reads_all_that_ever_ran(
    statements: tuple[Engine, dict[str, Any]], asked: set[str]
) -> None:
    engine, sent = statements
    wb = engine.wb
    work(engine)
    assert list_questions() - asked == set(), "every question is asked"
    assert len(sent) > 100, "the day was recorded"
    for known in ("nothing", "ANALYZE"):
        if known == "ANALYZE":
            with wb.database.write() as conn:
                conn.execute(text("ANALYZE"))
        with wb.database.read() as conn:
            bad = whole_table_reads(conn, sent, known=known == "ANALYZE")
        told = "\n\n".join(f"{statement}\n  " + "\n  ".join(plan) for statement, plan in bad.items())
        assert not bad, f"when the planner knows {known} of the tables:\n{told}"


@pytest.fixture
def counting_steps(settings: Settings) -> None:
    if not settings.database_url.startswith("sqlite"):
        pytest.skip("only SQLite counts its steps")


@pytest.fixture
def steps(statements: tuple[Engine, dict[str, Any]]) -> Iterator[dict[str, int]]:
    """Statement → the most steps of SQLite's machine that one run of it has taken from now on."""
    engine, _ = statements
    taken: dict[str, int] = {}

    def count(conn: Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        own = 0

        def step() -> int:
            nonlocal own
            own += STEPS_AT_ONCE
            taken[statement] = max(taken.get(statement, 0), own)
            return 0

        conn.connection.driver_connection.set_progress_handler(step, STEPS_AT_ONCE)  # type: ignore[union-attr]

    databases = [database.engine for database in (engine.wb.database, engine.worker._database)]
    for one in databases:
        event.listen(one, "before_cursor_execute", count)
    yield taken
    for one in databases:
        event.remove(one, "before_cursor_execute", count)


def test_what_workers_write_takes_no_more_work_however_much_has_ended(
    counting_steps: None, statements: tuple[Engine, dict[str, Any]], steps: dict[str, int]
) -> None:
    engine, _ = statements
    work_jobs(engine)
    told = {statement: taken for statement, taken in steps.items() if taken > MOST_STEPS}
    assert not told, told


def work(engine: Engine) -> None:
    """A day of an engine, and the looks of its pages and commands."""
    wb, project = engine.wb, work_jobs(engine)
    # the looks of pages: the live tick, the metrics of the board, lists by state
    wb.jobs.signature()
    wb.jobs.has_active()
    wb.jobs.list_active(project)
    wb.workflows.list_marks(project)
    wb.workflows.signature(project)
    now = 1_700_000_000_000 + (ENDED - 60) * 1000
    wb.jobs.count_by_state(since=now)
    wb.usage.job_success(since=now)
    wb.usage.queue_waits(since=now, span_ms=1000, spans=5)
    for state in ("queued", "running", "waiting", ["queued", "running"], list(FAILED)):
        wb.jobs.list(state=state)
    wb.jobs.list_failures(since=now)
    # and what nodes and plans cost
    wb.usage.of_node(project)
    wb.usage.of_node(wb.projects.tree(project).nodes[0].id)
    wb.projects.list()
    wb.plans.estimate(project)
    wb.webhooks.list_deliveries()
    ask_dashboards(wb, project, now)


def work_jobs(engine: Engine) -> int:
    """What an engine does in a day; returns a project that it was done for."""
    wb, worker = engine.wb, engine.worker
    # what is forgotten once an hour is read to be forgotten
    worker._prune_at = float("inf")
    project = wb.create_project({"title": "P", "language": "en"})
    # work: single jobs, a family, a retry, waits, cancels, priorities, sweeps
    wb.jobs.submit_many([Request("test_nothing", params={"number": n}) for n in range(6)])
    told = wb.submit("test_tell")
    parent = wb.submit("test_batch", project, {"kinds": ["test_child_good", "test_child_bad"]})
    for job_id in (told.id, parent.id):
        engine.finish(job_id)
    wb.jobs.plan_retry([*wb.jobs.list_ids(project=project, state=list(FAILED)), 100, 200])
    engine.finish(wb.jobs.retry(parent.id).id)
    waiting = wb.submit("test_sleep", params={"seconds": 60})
    wb.jobs.set_priority([waiting.id], 3)
    wb.jobs.cancel(waiting.id)
    wb.queues.limit("kind:test_nothing", 1)
    wb.submit("test_nothing", params={"number": 7})
    engine.deliver()
    worker.runner.heartbeat()
    worker.maintain()
    worker._sweeper.sweep(idle=True)
    wb.queues.limit("kind:test_nothing", None)
    return project


def ask_dashboards(wb: Workbench, project: int, now: int) -> None:
    """What Jobs, Debug, Analytics, Projects, Settings, Prompts and their commands ask, with each of their filters."""
    filters: list[dict[str, Any]] = [
        {}, {"project": project}, {"kind": "kind_3"}, {"model": "m"}, {"model": "nobody's"}, {"error_kind": "timeout"},
        {"since": now}, {"node_id": project}, {"state": "cancelled"}, {"state": "partial"}, {"state": "succeeded"},
        {"state": ["failed", "queued"]}, {"text": "word"}, {"text": "雨夜"}, {"text": "x"},
        {"project": project, "kind": "kind_3", "state": "failed"}, {"text": "word", "project": project, "model": "m"},
    ]  # fmt: skip
    filters += [{"run_over": 60_000}, {"profile": 0}, {"since": now, "until": now + 1_000}]
    filters += [{"cost_over": {"CNY": 5, "USD": 5}}, {"cost_over": {"USD": 1}, "run_over": 5, "project": project}]
    for given in filters:
        wb.jobs.list(**given)
        wb.jobs.list(before=ENDED // 2, **given)
        wb.jobs.list(after=ENDED // 2, **given)
        wb.jobs.count_states(**given)
        if "state" not in given:
            # whoever acts on all that match acts on those that can be acted on
            for states in (["queued", "running", "waiting"], [*FAILED, "cancelled"]):
                wb.jobs.list_ids(**given, state=states)
    for column in ("id", "state", "job", "progress", "wait", "run", "cost"):
        for descending in (True, False):
            wb.jobs.list_sorted(column, descending=descending, kinds=["kind_3"])
            wb.jobs.list_sorted(column, descending=descending, offset=200, project=project)
            place = None
            for _ in range(2):
                place = wb.jobs.page_sorted(column, descending=descending, after=place, kinds=["kind_3"]).next
                assert place is not None
    wb.jobs.page_sorted("story", project=project, limit=1)
    wb.jobs.is_being_filed()
    wb.jobs.count_by_state()
    wb.jobs.count_by_state(project=project, since=now)
    wb.jobs.get_detail(200)
    first, second = (job.id for job in wb.jobs.list(project=project, limit=2))
    wb.jobs.compare_inputs(first, second)
    wb.jobs.explain_queued([200])
    wb.jobs.list_failures(since=now, project=project)
    wb.jobs.list_with_fingerprint("f3", limit=50)
    wb.jobs.list_with_fingerprint("f3", limit=50, before=ENDED // 2)
    wb.jobs.list_events(200, before=200)
    wb.usage.list_models()
    for by in get_args(By):
        wb.usage.spending_by(by, since=now)
        wb.usage.spending_by(by, since=now, until=now + 9 * 86_400_000, project=project)
    wb.usage.list_runs(["kind_3", "kind_4"], since=now, until=now + 9 * 86_400_000, project=project)
    wb.usage.has_pruned_runs(["kind_3", "kind_4"], since=now, until=now + 9 * 86_400_000, project=project)
    wb.usage.has_pruned_runs(["kind_3", "kind_4"], since=now)
    later = {"since": now, "until": now + 9 * 86_400_000 + 5}
    scene = wb.projects.tree(project).nodes[0].id
    filters = [{}, {"project": project}, {"model": "m"}, {"workflow": "kind_3"}, {"project": 1, "model": "m"}]
    filters += [{"user": "Ann"}, {"profile": 1}, {"node": scene}, {"node": scene, "user": "Ann"}]
    for waste_filters in filters:
        wb.usage.waste(**later, **waste_filters)
        for by in get_args(By):
            wb.usage.waste_by(by, **later, **waste_filters)
        for zone in ("UTC", "Asia/Shanghai", "Asia/Kathmandu"):
            wb.usage.waste_by_day(**later, time_zone=zone, **waste_filters)
        for cause in CAUSES:
            wb.usage.list_wasted(cause, **later, **waste_filters)  # type: ignore[arg-type]
            wb.usage.list_wasted(cause, before=ENDED, **later, **waste_filters)  # type: ignore[arg-type]
    wb.usage.of_finished(project)
    for call_filters in (
        {}, {"project": project}, {"model": "m"}, {"workflow": "kind_3"}, {"node": project}, {"node": scene},
        {"profile": 1}, {"user": "Ann"}, {"capability": "text"},
    ):  # fmt: skip
        for groups in ((), ("day", "model"), ("workflow",)):
            wb.usage.totals_by(*groups, since=now, **call_filters)
            wb.usage.cost_totals_by(*groups, since=now, **call_filters)
            wb.usage.latencies(*groups, since=now, **call_filters)
        wb.usage.list_calls(since=now, **call_filters)
        wb.usage.list_calls(since=now, before=ENDED, **call_filters)
        wb.usage.forecast_errors(since=now, **call_filters)
        list(wb.usage._list_entries(now, call_filters))
        for project_of in (None, project):
            wb.usage.job_success(since=now, by_day=True, project=project_of, model=call_filters.get("model"))
            wb.usage.job_times(since=now, workflow="kind_3", project=project_of, time_zone="Asia/Kathmandu")
        wb.usage.totals_by("day", "project", since=now, time_zone="Asia/Kathmandu", until=now + 9 * 86_400_000)
    wb.usage.job_success(since=now, by_day=True, project=project, workflow="kind_3")
    for ended_filters in ({"user": "Ann"}, {"profile": 1}, {"node": scene}, {"node": project, "workflow": "kind_3"}):
        wb.usage.job_success(since=now, **ended_filters)
        wb.usage.job_times(since=now, by_workflow=True, **ended_filters)
        wb.usage.job_times(since=now, by_day=True, time_zone="Asia/Shanghai", **ended_filters)
    wb.usage.totals_by("user", since=now, node=scene, profile=1)
    for given in ({"model": "m", "user": "mei"}, {"model": "m", "profile": 1, "node": scene}):
        wb.usage.job_success(since=now, by_day=True, **given)
        wb.usage.job_times(since=now, by_workflow=True, **given)
    wb.usage.cost_totals_by("node", since=now, user="mei", model="m")
    wb.usage.spending_by("scene", since=now, user="mei")
    wb.usage.of_jobs([200, 300])
    wb.budgets.list(everything=True)
    wb.budgets.list_courses(project)
    wb.projects.list(include_archived=True)
    wb.queues.list_workers()
    wb.queues.list_gates()
    wb.prompts.list(project)
    wb.trials.list_jobs("planning/plan_episodes", "en")
    for given in ({}, {"project": project}, {"kind": "kind_3", "model": "m"}, {"state": "failed"}, {"profile": 0},
                  {"node_id": project, "kind": "kind_3"}, {"text": "word", "run_over": 5}):  # fmt: skip
        wb.jobs.sum_up(now, **given)
    for fingerprint in ("f3", "nobody's"):
        wb.jobs.list_group(fingerprint)
        newest = [job_id for job_id, _ in wb.jobs.list_group(fingerprint, limit=200)]
        wb.jobs.list_overrides(newest)
        wb.jobs.find_longest_answer(newest)
        wb.jobs.list_group(fingerprint, since=now, project=project)
    wb.jobs.failures_version()
    wb.jobs.list_running()
    wb.jobs.states([200, 300])
    wb.jobs.list_family(210)
    wb.jobs.count_children(210)
    wb.jobs.list_bulk_items(200)
    wb.jobs.count_bulk_outcomes(200)
    for of_project, period in ((None, "month"), (project, "all")):
        wb.budgets.set(10**9, project_id=of_project, period=period)  # type: ignore[arg-type]
        wb.budgets.list_outlooks(of_project, {"CNY": 5})
        wb.budgets.list_courses(of_project)
        wb.budgets.forecast_month(of_project)
    wb.trials.list_calls("planning/plan_episodes", "en")
    wb.trials.list_calls("planning/plan_episodes", "en", project_id=project)
    wb.trials.list_calls("planning/plan_episodes", "en", node_id=project)
    wb.trials.list_uses("planning/plan_episodes", "en")
    wb.trials.list_uses("planning/plan_episodes", "en", project)
    wb.trials.list_rules("planning/plan_episodes", "en")
    wb.trials.list_rules("planning/plan_episodes", "en", project)
    wb.prompts.count_stale(project)
    wb.alerts.list()
    wb.alerts.list(before=1)
    wb.alerts.list_shown()
    # what is asked below a command or a page, by itself
    with wb.database.read() as conn:
        for of_project in (None, project):
            alerts.count_ends(conn, now, of_project)
            alerts.longest_waits(conn, of_project)
            budgets.find_first_open(conn, of_project)
            budgets.sum_spending(conn, of_project, now - 86_400_000, now)
        alerts.list_holding(conn)
        alerts.find_open_day(conn, 1)
        for given in ({}, {"project": project, "kind": "kind_3"}, {"model": "m", "state": "failed"}):
            bulk.list_next(conn, given, ENDED, "retry", 50)
            bulk.count(conn, given, "retry")
            bulk.filter_matching(conn, given, [200, 300])
        bulk.list_some(conn, 200, [200, 300])
        for group in ({"fingerprint": "f3"}, {"fingerprint": "f3", "project": project, "since": now, "until": now}):
            failures.list_left(conn, group, ENDED, 100)  # type: ignore[arg-type]
            failures.count_left(conn, group)  # type: ignore[arg-type]
            failures.filter_left(conn, group, [200, 300])  # type: ignore[arg-type]
        failures.list_by_hand(conn, [project])
        bulk.find_reached(conn, 200)
        bulk.list_left_undos(conn, 200, "cancelled")
        bulk.list_items(conn, 200, outcomes=["cancelled"], but=[300])
        bulk.list_some(conn, 200, [200, 300], but=[300])
        bulk.count_outcomes(conn, 200, but=[300])
        failures.has_failures(conn, "f3")
        failures.list_models(conn, 200)
        failures.find_broken_off(conn, 200, {"kind": "k", "node_id": project, "params_hash": "h", "profile_id": None})
        failures.find_newer_by_hand(conn, project, "episode_plan", now)
        forecasts.find_whole(conn, 200)
        forecasts.count_ended(conn, 200)
        families.list_children(conn, [200, 210])
        forecasts.sum_tokens(conn, 200)
        jobs.asked_at(conn, 200)
        jobs.created_at(conn, 200)
        jobs.find_held(conn, [200])
        jobs.held_children(conn, [210])
        jobs.list_of_node(conn, 5_003, "kind_3", 10)
        jobs.latest_for_nodes(conn, [5_003, 5_004])
        jobs.list_watched(conn, 60_000, [200])
        prompts.find_past_call(conn, 200)
        prompts.list_inputs_of_job(conn, 200)
        prompts.list_templates(conn, "plan_episodes")
        prompts.list_used(conn, project)
        prompts.list_of_artifact(conn, 200)
        usage.params_of_runs(conn, "kind_3", None, 20)
        usage.mean_of_runs(conn, "kind_3", None, 20)
        usage.mean_of_pictures(conn, "kind_3", None, 4, 20, None)
        # what workers tell of
        telemetry.list_ended_jobs(conn, (now, 0), now + 10_000, 100)
        telemetry.list_attempts(conn, [200])
        telemetry.list_steps(conn, [200])
        telemetry.list_calls(conn, [200], now, now + 1_000, content=True)
        telemetry.find_root(conn, 217)
        telemetry.count_active(conn)
        telemetry.count_workers(conn)
        telemetry.now(conn)
    wb.settings.prune(keep_last=ENDED, dry_run=True)
    wb.settings.prune(keep_days=1_000, dry_run=True)


@pytest.mark.parametrize("column", [job.c.state, step.c.state, model_call.c.outcome, webhook_delivery.c.state])
def test_words_stand_in_the_statement(column: Any) -> None:
    assert isinstance(column.type, Word)
    for compared in (column == "queued", column.in_(("queued", "running")), column != "sent", ~column.in_(["sent"])):
        assert select(column).where(compared).compile().params == {}
    assert select(column).where(column == "it's").compile().params == {"state_1": "it's"} or (
        select(column).where(column == "it's").compile().params == {"outcome_1": "it's"}
    ), "what is no word of ours is never written into a statement"


@pytest.mark.parametrize(
    ("compared", "said"),
    [
        (job.c.state == "running", "IN ('queued', 'running', 'waiting') AND job.state = 'running'"),
        (job.c.state.in_(("waiting", "queued")), "IN ('queued', 'running', 'waiting') AND job.state IN ('waiting',"),
        (job.c.state.in_({"partial", "failed"}), "IN ('failed', 'partial')"),
        (job.c.state == "succeeded", "job.state = 'succeeded'"),
    ],
)
def test_a_word_of_an_indexs_condition_names_the_condition(compared: Any, said: str) -> None:
    assert said in str(compared.compile()).replace("\n", " ")
