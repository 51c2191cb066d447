"""A campaign: a load of texts, pictures, clips and families while everything around it breaks, and then the verdict.

The verdict is read from three books that know nothing of each other: the job table, the ledger of model calls and the
service's own log.
"""

from __future__ import annotations

import contextlib
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import func, make_url, select

from tests.chaos.injections import Injector
from tests.conftest import Valkey
from tests.engine.conftest import Workers
from tests.forked import Forked
from tests.scripted_provider import ScriptedProvider
from workbench.api.client import Workbench
from workbench.db.schema import attempt, job, model_call, step
from workbench.errors import ReelwrightError
from workbench.jobs.submit import Request
from workbench.settings import Settings

#: workers of an installation, beside the one that comes when one is killed
WORKERS = 3
#: a job that was lost so often is spared by kills; the engine gives it up at `max_losses`
SPARED_FROM = 5
DELAY_MS = 120
ENDED = ("succeeded", "partial", "failed", "cancelled")
#: kinds of the service's log that are no paid call
FREE = ("poll", "list", "cancel")


@dataclass
class Installation:
    """One home with its database, Redis, workers and service."""

    wb: Workbench
    workers: Workers
    valkey: Valkey
    provider: ScriptedProvider
    #: of the database itself, past any pooler
    direct_url: str
    small_disk: Path | None = None
    #: another installation owns its Redis, and is the one that breaks it
    shares_redis: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    python: str = sys.executable

    @property
    def settings(self) -> Settings:
        return self.workers.settings

    @property
    def is_sqlite(self) -> bool:
        return self.wb.database.is_sqlite

    @property
    def sqlite_file(self) -> str:
        return str(self.wb.database.url.database)

    @property
    def plain_url(self) -> str:
        return make_url(self.direct_url).set(drivername="postgresql").render_as_string(hide_password=False)

    @property
    def database_name(self) -> str:
        return str(make_url(self.direct_url).database)

    def can(self, injection: str) -> bool:
        """Whether it can be injected here."""
        return {
            "all backends cut": not self.is_sqlite,
            "disk full": self.small_disk is not None,
            "Redis killed": not self.shares_redis,
            "Redis emptied": not self.shares_redis,
        }.get(injection, True)

    def start_worker(self) -> Forked:
        return self.workers.start()

    def count_ended(self) -> int:
        with _patience(), self.wb.database.read() as conn:
            return int(conn.execute(select(func.count()).where(job.c.state.in_(ENDED))).scalar_one())
        return 0

    def pids_with_jobs_near_the_limit(self) -> set[int]:
        """Processes that run a job which has been lost nearly as often as the engine allows."""
        with _patience(), self.wb.database.read() as conn:
            names = conn.execute(
                select(job.c.worker).where(job.c.state == "running", job.c.losses >= SPARED_FROM)
            ).scalars()
            return {int(name.split("-")[-2]) for name in names if name}
        return {w.pid for w in self.workers.alive()}


@contextlib.contextmanager
def _patience() -> Iterator[None]:
    """What the campaign breaks, its own questions meet as well: they are asked again."""
    try:
        yield
    except (ReelwrightError, OSError) as error:
        print(f"  (asked in vain: {str(error).splitlines()[0][:100]})", file=sys.stderr)
    except Exception as error:
        if type(error).__module__.split(".")[0] not in ("sqlalchemy", "psycopg", "redis", "sqlite3"):
            raise


@dataclass
class Verdict:
    """What a campaign found. `injected`: what was done to it, and how often. All of `broken` should be zero."""

    database: str
    jobs: int
    seconds: float
    injected: dict[str, int]
    states: dict[str, int]
    calls: int
    asked: int
    broken: dict[str, list[Any]]

    @property
    def ok(self) -> bool:
        return not any(self.broken.values())

    def __str__(self) -> str:
        lines = [f"{self.database}: {self.jobs} jobs in {self.seconds:.0f} s, {self.calls} calls at the service"]
        lines += [f"  injected  {name:<28}{count:>5}" for name, count in self.injected.items()]
        lines += [f"  ended     {name:<28}{count:>5}" for name, count in self.states.items()]
        lines.append(f"  asked a person {self.asked} times whether to send again")
        lines += [f"  {name:<38}{len(which):>5}{_some(which)}" for name, which in self.broken.items()]
        return "\n".join(lines)


def _some(which: list[Any]) -> str:
    return f"   {which[:4]}" if which else ""


def run(
    place: Installation, *, jobs: int, kills: int, seed: int, others: bool = True, limit_s: float = 3600
) -> Verdict:
    """Submit the load, break things while it runs, wait for its end, and compare the books.

    More is submitted for as long as there are kills to come: quick work would end before slow kills.
    """
    began = time.monotonic()
    load = prepare_load(place)
    submitted = submit_load(place, load, range(jobs))
    for _ in range(WORKERS):
        place.start_worker()
    # the last fifth of the jobs ends in peace: what is left then must not need more chaos to be found
    injector = Injector(place, kills, 0.8 * len(submitted) / max(kills, 1), seed, others)
    injector.start()
    asked = 0
    try:
        while time.monotonic() - began < limit_s:
            with _patience():
                asked += answer_questions(place.wb)
                counts = place.wb.jobs.count_by_state()
                left = counts["queued"] + counts["running"] + counts["waiting"]
                if injector.is_alive() and left < jobs / 4:
                    first = len(submitted)
                    submitted += submit_load(place, load, range(first, first + max(1, jobs // 4)))
                elif not left:
                    break
            if injector.error is not None:
                raise injector.error
            for _ in range(WORKERS - len(place.workers.alive())):
                place.start_worker()
            time.sleep(0.2)
    finally:
        injector.stop()
    return judge(place, submitted, asked, time.monotonic() - began)


@dataclass
class Load:
    """The services that the jobs ask, and the projects of the parents by their number: a submit that is repeated names
    the same ones."""

    text: int
    image: int
    video: int
    projects: dict[int, int] = field(default_factory=dict)


def prepare_load(place: Installation) -> Load:
    wb, provider = place.wb, place.provider
    key = "sk-canary0123456789abcdef"
    provider.script(default={"delay_ms": DELAY_MS, "states": ["running", "succeeded"]})
    text = wb.profiles.add("texts", "openai", base_url=provider.url, text_model="scripted-1", key=key).id
    image = wb.profiles.add("pictures", "openai", base_url=provider.url, image_model="gpt-image-1", key=key).id
    video = wb.profiles.add(
        "clips", "ark", base_url=provider.ark_url, video_model="doubao-seedance-1-0-pro", key=key,
        params={"allow_private_media": True, "poll_ms": 200},
    ).id  # fmt: skip
    return Load(text, image, video)


def submit_load(place: Installation, load: Load, numbers: range) -> list[int]:
    """Three fifths texts of one or two calls, one fifth pictures, one tenth clips, one tenth parents with children.

    Again and again if need be: what the campaign breaks, a submit meets as well, and its key makes it one job.
    """
    requests = []
    for n in numbers:
        about, key = {"about": f"night {n}"}, f"chaos {n}"
        if n % 10 < 6:
            params = {**about, "steps": 1 + n % 2}
            requests.append(Request("test_tell", params=params, profile_id=load.text, submit_key=key))
        elif n % 10 < 8:
            params = {**about, "colours": ["teal", "red"]}
            requests.append(Request("test_image", params=params, profile_id=load.image, submit_key=key))
        elif n % 10 < 9:
            requests.append(Request("test_video", params=about, profile_id=load.video, submit_key=key))
        else:
            if n not in load.projects:
                brief = {"title": f"Chaos {n}", "language": "en"}
                load.projects[n] = place.wb.create_project(brief, profile="texts")
            params = {"kinds": ["test_child_good"] * 3, "first": 3 * n}
            requests.append(Request("test_batch", load.projects[n], params, submit_key=key))
    random.Random(len(numbers)).shuffle(requests)
    return [row.id for row in place.wb.jobs.submit_many(requests)]


def answer_questions(wb: Workbench) -> int:
    """A person says “send again” wherever a call may have been charged. Returns how many questions there were."""
    waiting = [j for j in wb.jobs.list(state="waiting", limit=500) if j.waiting_for == "decision"]
    for row in waiting:
        with contextlib.suppress(ReelwrightError):
            wb.jobs.decide(row.id, "send_again", user="chaos")
    return len(waiting)


def judge(place: Installation, submitted: list[int], asked: int, seconds: float) -> Verdict:
    """Compare the job table, the ledger and the service's log."""
    with place.wb.database.read() as conn:
        states = dict(conn.execute(select(job.c.state, func.count()).group_by(job.c.state)).all())  # type: ignore[arg-type]
        known = set(conn.execute(select(job.c.id)).scalars())
        not_ended = list(conn.execute(select(job.c.id).where(job.c.state.notin_(ENDED))).scalars())
        not_well = conn.execute(
            select(job.c.id, job.c.state, job.c.error_kind, job.c.error).where(
                job.c.state.in_(("failed", "partial", "cancelled"))
            )
        ).all()
        open_attempts = list(conn.execute(select(attempt.c.job_id).where(attempt.c.ended_at.is_(None))).scalars())
        good_ends = Counter(conn.execute(select(attempt.c.job_id).where(attempt.c.outcome == "ok")).scalars())
        open_steps = conn.execute(select(step.c.job_id, step.c.name).where(step.c.state != "done")).all()
        paid = Counter(
            conn.execute(select(model_call.c.job_id, model_call.c.step).where(model_call.c.outcome == "ok")).all()
        )
        prompts = Counter(
            conn.execute(
                select(model_call.c.input_hash, model_call.c.project_id, model_call.c.step).where(
                    model_call.c.outcome == "ok", model_call.c.capability != "text"
                )
            ).all()
        )
        ledger = dict(conn.execute(select(model_call.c.call_id, model_call.c.outcome)).all())  # type: ignore[arg-type]
    received = [c["call_id"] for c in place.provider.calls() if c["kind"] not in FREE]
    broken = {
        "lost (submitted, not in the table)": sorted(set(submitted) - known),
        "stuck (not ended)": not_ended,
        "failed though nothing was wrong": [tuple(row) for row in not_well],
        "attempts left open": open_attempts,
        "done twice (two good ends)": [i for i, count in good_ends.items() if count > 1],
        "steps left open": [tuple(row) for row in open_steps],
        "paid twice (two good calls of a step)": [key for key, count in paid.items() if count > 1],
        "made twice from equal inputs": [key for key, count in prompts.items() if count > 1],
        "calls the ledger does not know": sorted(set(received) - set(ledger)),
        "calls the service saw twice": [c for c, count in Counter(received).items() if count > 1],
        "ledger ok, service never asked": [c for c, o in ledger.items() if o == "ok" and c not in set(received)],
        "ledger rows never closed": [c for c, outcome in ledger.items() if outcome == "sent"],
    }
    name = "SQLite" if place.is_sqlite else "PostgreSQL"
    return Verdict(name, len(submitted), seconds, dict(place.counts), states, len(received), asked, broken)
