"""One story told to the command line, always the same: what each command prints stands in `commands/`, as 0.3.0 printed
it.

The commands run in this process one after the other; jobs run when the story says `work`, one at a time, so that ids
and order are the same on every machine and database. What cannot be the same is named by the rules of `normalise`.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import re
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from tests.receiver import Receiver
from tests.scripted_provider import ScriptedProvider
from tests.story_nodes import set_archived
from workbench.cli import run

FOLDER = Path(__file__).parent / "commands"
KEY = "sk-recorded-0123456789abcdef"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ENDED = ("succeeded", "partial", "failed", "cancelled")

REFUSED_KEY = {"status": 401, "body": {"error": {"message": "Incorrect API key", "code": "invalid_api_key"}}}

BRIEF = {
    "title": "The Salt Lighthouse",
    "language": "en",
    "genre": "drama",
    "style": {"preset": "ink_wash", "prompt": "ink wash, fog, one warm lamp, wide empty shores"},
    "aspect_ratio": "16:9",
    "episodes": 2,
    "protagonist": "Mara",
    "summary": (
        "Mara keeps the lamp of a lighthouse on a salt coast. One night the lamp goes out and a ship turns towards the "
        "rocks. She burns her father's boat on the beach to warn the crew, and they come ashore alive. In "
        "the morning the "
        "captain gives her his own lamp, and she lights it in the tower before the tide comes in again."
    ),
    "characters": [
        {"name": "Mara", "description": "nineteen, salt-stiff coat, short hair, patient and stubborn"},
        {"name": "the captain", "description": "sixty, grey beard, blue cap, speaks little"},
    ],
    "world": [
        {"name": "the lighthouse", "description": "a white tower on black rocks, its lamp room glazed all round"}
    ],
}


class House(Protocol):
    """What the story needs beside commands. Each call opens the home anew and closes it again."""

    def work(self, *only: int) -> None:
        """Run every job that can run, or `only` these, and tell webhooks."""

    def keep_worker_alive(self) -> None:
        """What commands say of the last worker does not depend on how long they take."""

    def lose_worker(self) -> None: ...

    def archive(self, node_id: int) -> None: ...

    def restore(self, node_id: int) -> None: ...


@dataclass
class Story:
    """Runs commands and keeps what they print."""

    folder: Path
    house: House
    environment: Mapping[str, str]
    records: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def __call__(self, *arguments: str, **env: str) -> Any:
        """Run one command with --json and record it; returns what it printed, parsed."""
        out, err = io.StringIO(), io.StringIO()
        self.house.keep_worker_alive()
        with (
            _environment({**self.environment, **env}),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = run([*arguments, "--json"])
        printed = out.getvalue()
        value = json.loads(printed) if printed else None
        self.records.setdefault(_file_of(arguments), []).append(
            {
                "command": self._plain(" ".join(arguments)),
                **({"environment": self._plain(env)} if env else {}),
                "exit": code,
                "stdout": normalise(value, self.folder),
                "stderr": self._plain(err.getvalue().splitlines()),
            }
        )
        return value

    def _plain(self, value: Any) -> Any:
        return normalise(value, self.folder)


def _file_of(arguments: tuple[str, ...]) -> str:
    words = [a for a in arguments[:2] if not a.startswith("-")]
    alone = ("doctor", "submit")
    return "-".join(words[:1] if words[0] in alone else words)


@contextlib.contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


# -- what varies
# ---------------------------------------------------------------------------------------------------------

#: columns of times: epoch milliseconds
_TIMES = re.compile(r"(^|_)(at|until)$")
#: columns of how long something took or how old it is
_DURATIONS = re.compile(r"^(latency_ms|ttft_ms|age_ms|seconds_taken|duration_ms)$")
#: names that are made anew each time
_NAMES = {"worker", "call_id", "request_id", "key_id", "traceback"}
_TEXTS = (
    # an address of this machine and its port
    (re.compile(r"(127\.0\.0\.1|localhost):\d+"), r"\1:<port>"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "<uuid>"),
    (re.compile(r"unix:/\S*?\.sock|/\S*?\.sock\b"), "<socket>"),
    (re.compile(r"--port \d+"), "--port <port>"),
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\+00:00"), "<time>"),
    # the key of a delivery that somebody asked for
    (re.compile(r"^test:\d+$"), "test:<number>"),
    (re.compile(r"(sqlite|postgresql\S*?)://\S*?(?=[\s\"',]|$)"), "<database>"),
)


def normalise(value: Any, folder: Path, name: str = "") -> Any:
    """Times, durations, names made anew, folders, ports: each becomes the name of its rule. What is None stays None."""
    if isinstance(value, dict):
        return {key: normalise(inner, folder, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [normalise(inner, folder, name) for inner in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float) and _TIMES.search(name):
        return "<time>"
    if isinstance(value, int | float) and _DURATIONS.match(name):
        return "<duration>"
    if isinstance(value, str):
        if name in _NAMES:
            return f"<{name}>"
        value = value.replace(str(folder), "<folder>")
        for pattern, stands_for in _TEXTS:
            value = pattern.sub(stands_for, value)
    return value


# -- the story
# -----------------------------------------------------------------------------------------------------------


def tell(folder: Path, house: House, environment: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    """Everything that the data commands can say, by file name. `folder`: an empty one, for the brief; home is
    elsewhere."""
    story = Story(folder, house, environment)
    with ScriptedProvider() as service, Receiver() as receiver:
        _projects_and_jobs(story)
        _ends(story, service)
        _profiles(story, service)
        _budgets(story)
        _webhooks(story, receiver)
        _refused_input(story)
        _the_rest(story)
        _children_that_fail(story)
    return story.records


def _chat(text: str) -> str:
    return json.dumps({"messages": [{"content": text}]}, ensure_ascii=False)


def _nodes(story: Story, project: int, kind: str) -> list[int]:
    return [n["id"] for n in story("projects", "tree", str(project))["nodes"] if n["kind"] == kind]


def _projects_and_jobs(story: Story) -> None:
    """A story from its brief to the frames of a scene, and jobs in each state that comes without a failure."""
    story("projects", "list")
    story("jobs", "list")
    brief = story.folder / "brief.json"
    brief.write_text(json.dumps(BRIEF))
    project = str(story("projects", "create", "--brief", str(brief))["project_id"])
    planned = str(story("submit", "plan_episodes", "--node", project)["id"])
    story("jobs", "show", planned)
    story.house.work()
    story("jobs", "show", planned)
    first, second = _nodes(story, int(project), "episode")
    story("submit", "generate_episode_core_expression_batch", "--node", project)
    story.house.work()
    params = json.dumps({"scene_count_hint": 6})
    story("submit", "generate_episode_scene_list", "--node", str(first), "--params", params)
    story.house.work()
    scene, other, *_ = _nodes(story, int(project), "scene")
    whole = str(story("submit", "refine_scene_all", "--node", str(scene), "--priority", "3")["id"])
    story.house.work()
    story("jobs", "show", whole)
    filmed = str(story("submit", "generate_scene_video", "--node", str(scene))["id"])
    story.house.work()
    story("jobs", "show", filmed)
    story("projects", "tree", project)
    story("projects", "list")
    for kind in ("brief", "episode_plan"):
        story("artifacts", "show", project, kind)
    story("artifacts", "show", str(first), "scene_list")
    story("artifacts", "show", str(first), "core_expression", "--version", "1")
    for kind in (
        "scene_anchor", "keyframe_prompt", "keyframe_images", "motion_prompt", "dialogue", "sound_design", "duration",
        "scene_video",
    ):  # fmt: skip
        story("artifacts", "show", str(scene), kind)
    # the second time, made anew: what was made from it is stale
    story("submit", "generate_scene_anchor", "--node", str(scene))
    story.house.work()
    story("projects", "tree", project)

    # an episode that is gone, and is there again
    story.house.archive(second)
    story("projects", "tree", project)
    story.house.restore(second)

    # a parent that waits, and is cancelled with its children
    parent = story("submit", "refine_scene_all", "--node", str(other), "--priority", "3")["id"]
    story.house.work(parent)
    story("jobs", "show", str(parent))
    story("jobs", "list", "--state", "waiting")
    story("jobs", "list", "--state", "queued", "--limit", "3")
    story("jobs", "cancel", str(parent))
    story("jobs", "show", str(parent))

    # equal jobs, keys, and jobs that stay
    chat = ("submit", "llm_chat", "--node", project, "--params", _chat("Hello"))
    story(*chat)
    same = str(story(*chat)["id"])
    story(*chat, "--submit-key", "k1", "--priority", "-2")
    story(*chat, "--submit-key", "k1")
    story("submit", "llm_chat", "--params", _chat("Another"), "--submit-key", "k1")
    story("jobs", "list", "--state", "queued", "--state", "waiting")
    story("jobs", "cancel", same)
    story("jobs", "cancel", same)
    story("jobs", "show", same)
    story("jobs", "retry", same)
    story("jobs", "replay", same, "--params", _chat("Edited"))
    story.house.work()
    story("jobs", "replay", planned, "--from-step", "episode_plan")
    story("jobs", "replay", planned)
    story("jobs", "list", "--kind", "llm_chat", "--limit", "2")
    story("jobs", "list", "--project", project, "--text", "Core", "--before", "100")
    story.house.work()


def _ends(story: Story, service: ScriptedProvider) -> None:
    """Failures, by a service that misbehaves; a parent that waits and is cancelled with its children."""
    story(
        "profiles", "add", "mine", "--base-url", service.url, "--text-model", "m-1", "--image-model", "p-1",
        "--key-env", "MY_KEY", "--concurrency", "2",
        "--params", '{"prices": {"m-1": {"input": 2, "output": 8, "currency": "CNY"}}}', MY_KEY=KEY,
    )  # fmt: skip
    chat = ("submit", "llm_chat", "--profile", "mine", "--params")
    ids = []
    for fault in ("auth", "quota", "context", "filter", "empty"):
        ids.append(str(story(*chat, _chat(f"[[fault:{fault}]] {fault}"))["id"]))
        story.house.work()
    ids.append(str(story(*chat, _chat("well"))["id"]))
    story.house.work()
    for job in ids:
        story("jobs", "show", job)
    story("jobs", "list", "--state", "failed")
    story("jobs", "retry", ids[0])
    story("jobs", "replay", ids[0], "--profile", "sketch")
    story.house.work()

    project = str(
        story("projects", "create", "--brief", str(story.folder / "brief.json"), "--profile", "mine")["project_id"]
    )
    bad = str(story("submit", "plan_episodes", "--node", project)["id"])
    service.script(default={"text": '{"broken": '})
    story.house.work()
    service.reset()
    story("jobs", "show", bad)
    story("jobs", "list", "--project", project, "--state", "failed")

    # a whole plan whose first job fails
    plan = str(
        story(
            "submit", "run_plan", "--node", project, "--params", json.dumps({"jobs": [["plan_episodes", int(project)]]})
        )["id"]
    )
    service.script(default=REFUSED_KEY)
    story.house.work()
    service.reset()
    story("jobs", "show", plan)


def _profiles(story: Story, service: ScriptedProvider) -> None:
    story("profiles", "list")
    story("profiles", "change", "mine", "--rename", "ours", "--concurrency", "0")
    story("profiles", "duplicate", "ours", "theirs")
    story(
        "profiles",
        "change",
        "theirs",
        "--tpm",
        "9000",
        "--rpm",
        "600",
        "--fallback",
        "ours",
        "--fallback",
        "sketch",
        "--image-profile",
        "ours",
    )
    story(
        "profiles", "add", "ark-1", "--provider", "ark", "--text-model", "doubao-1", "--key-env", "MY_KEY", MY_KEY=KEY
    )
    story("profiles", "archive", "ark-1")
    story("profiles", "list")
    story("profiles", "list", "--archived")
    story("profiles", "archive", "ark-1", "--restore")
    story("profiles", "test", "ours")
    story("profiles", "test", "ours", "--image")
    service.script(default=REFUSED_KEY)
    story("profiles", "test", "ours")
    story("profiles", "test", "ours", REELWRIGHT_LANG="zh")
    service.reset()
    story("profiles", "test", "sketch")
    # Redis counts requests a minute, and there is none here
    job = str(story("submit", "llm_chat", "--profile", "theirs", "--params", _chat("not yet"))["id"])
    story.house.work()
    story("jobs", "show", job)
    story("profiles", "list")


def _budgets(story: Story) -> None:
    """What is spent, and a job that waits for a budget."""
    story("budgets", "list")
    story("budgets", "rate")
    story("budgets", "rate", "7.25")
    chat = ("submit", "llm_chat", "--node", "1", "--profile", "ours", "--params")
    story(*chat, _chat("money"))
    story.house.work()
    job = str(story(*chat, _chat("no money"))["id"])
    story("budgets", "set", "120")
    story("budgets", "set", "0.000001", "--currency", "USD", "--project", "1", "--period", "all")
    story("budgets", "list")
    story.house.work()
    story("jobs", "show", job)
    story(*chat, _chat("still no money"))
    story("jobs", "list", "--state", "waiting")
    story("budgets", "clear")
    story("budgets", "set", "5", "--project", "1", "--period", "all")
    story("budgets", "clear", "--project", "1", "--period", "all")
    story.house.work()
    story("jobs", "show", job)


def _webhooks(story: Story, receiver: Receiver) -> None:
    story("webhooks", "list")
    story("webhooks", "deliveries")
    hook = str(
        story(
            "webhooks", "add", "--url-env", "HOOK", "--secret-env", "SECRET", "--event", "job.succeeded", "--event",
            "job.failed", "--project", "1", "--allow-private", "--page-url", "http://127.0.0.1:8501",
            HOOK=receiver.url, SECRET=SECRET,
        )["id"]
    )  # fmt: skip
    story(
        "webhooks", "add", "--url-env", "HOOK", "--form", "feishu", "--lang", "zh", "--allow-private", HOOK=receiver.url
    )
    story("webhooks", "test", hook)
    receiver.answers = [(500, b"out of order")]
    story("webhooks", "test", hook)
    story("submit", "llm_chat", "--node", "1", "--params", _chat("tell them"))
    story.house.work()
    story("webhooks", "list")
    story("webhooks", "deliveries")
    story("webhooks", "deliveries", hook, "--limit", "1")


def _refused_input(story: Story) -> None:
    """Exit 2: each refusal, some in Chinese."""
    short = story.folder / "short.json"
    short.write_text(json.dumps({"title": "Short", "summary": "x" * 40, "language": "en", "episodes": 900}))
    story("projects", "create", "--brief", str(short))
    short.write_text(json.dumps({"title": "Short", "summary": "x" * 40, "language": "en"}))
    project = str(story("projects", "create", "--brief", str(short))["project_id"])
    story("projects", "create", "--brief", str(story.folder / "none.json"))
    story("projects", "tree", "999")
    story("submit", "plan_episodes", "--node", project)
    story("submit", "plan_episodes", "--node", project, REELWRIGHT_LANG="zh")
    story("submit", "plan_everything")
    story("submit", "llm_chat", "--params", "[]")
    story("submit", "llm_chat", "--params", "{")
    story("submit", "llm_chat", "--params", '{"messages": [], "speed": 9}')
    story("submit", "llm_chat", "--params", '{"messages": [], "speed": 9}', REELWRIGHT_LANG="zh")
    story("submit", "plan_episodes", "--node", "999999")
    story("submit", "llm_chat", "--params", _chat("x"), "--profile", "nobody")
    story("submit", "llm_chat", "--params", _chat("x"), "--wait")
    story.house.lose_worker()
    story("jobs", "list", "--limit", "0")
    story("jobs", "list", "--state", "dreaming")
    for verb in ("show", "cancel", "retry", "replay"):
        story("jobs", verb, "999")
    story("jobs", "show", "999", REELWRIGHT_LANG="zh")
    story("jobs", "replay", "1", "--from-step", "nothing")
    story("artifacts", "show", "999", "brief")
    story("artifacts", "show", "1", "no_such_kind")
    story("artifacts", "show", "1", "brief", "--version", "9")
    story("profiles", "add", "ours", "--base-url", "https://api.example.com/v1", "--text-model", "m")
    story("profiles", "add", "x", "--base-url", "nowhere", "--text-model", "m")
    story("profiles", "add", "x", "--provider", "nobody")
    story("profiles", "add", "x", "--text-model", "m", "--key-env", "NO_SUCH_VARIABLE")
    story("profiles", "change", "nobody", "--rpm", "1")
    story("profiles", "duplicate", "ours", "theirs")
    story("profiles", "archive", "nobody")
    story("profiles", "test", "nobody")
    story("budgets", "set", "much")
    story("budgets", "set", "5", "--project", "999")
    story("budgets", "rate", "0")
    story("webhooks", "add", "--url-env", "NO_SUCH_VARIABLE")
    story("webhooks", "add", "--url-env", "HOOK", HOOK="http://127.0.0.1:9/x")
    story("webhooks", "test", "999")
    story("webhooks", "deliveries", "999")
    story("media", "gc", "--grace-hours", "0")


def _the_rest(story: Story) -> None:
    story("workflows", "list")
    story("workflows", "list", REELWRIGHT_LANG="zh")
    story("media", "gc", "--dry-run")
    story("media", "gc")
    story("keys", "rotate")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    story("doctor", "--port", port)
    story("doctor", "--port", port, REELWRIGHT_LANG="zh")
    story("doctor", REELWRIGHT_THREADS="many")


def _children_that_fail(story: Story) -> None:
    """A batch with a child that succeeds, one that fails and one that is refused."""
    from tests.recorded import batch

    batch.register()
    project = str(story("projects", "create", "--brief", str(story.folder / "brief.json"))["project_id"])
    parent = str(story("submit", "recorded_batch", "--node", project)["id"])
    story.house.work()
    story("jobs", "show", parent)
    story("jobs", "list", "--state", "partial", "--state", "failed", "--limit", "2")
    story("jobs", "retry", parent)
    story.house.work()


# -- a house of this code
# ------------------------------------------------------------------------------------------------


class OpenHouse:
    """A worker's engine and a client in this process, on the home that the environment names."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._has_worker = False

    def keep_worker_alive(self) -> None:
        if not self._has_worker:
            return
        from sqlalchemy import NullPool, create_engine, func, select, update

        from workbench.db.connection import db_now_ms
        from workbench.db.schema import worker

        home = self._environment["REELWRIGHT_HOME"]
        url = self._environment.get("DATABASE_URL", f"sqlite:///{home}/reelwright.db")
        last = select(func.max(worker.c.seen_at)).scalar_subquery()
        engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"), poolclass=NullPool)
        with engine.begin() as conn:
            conn.execute(update(worker).where(worker.c.seen_at == last).values(seen_at=db_now_ms()))

    def lose_worker(self) -> None:
        self._has_worker = False

    def work(self, *only: int) -> None:
        self._has_worker = True
        from workbench.api.client import Workbench
        from workbench.bootstrap import worker_engine
        from workbench.settings import Settings

        with _environment(self._environment):
            engine = worker_engine(Settings.load(), send=lambda ids: None, epoch_of=lambda: "one")
            wb = Workbench.open(Settings.load(), send=lambda ids: None)
            if only:
                for job in only:
                    engine.run(job)
            else:
                _until_nothing_runs(lambda: _ready(wb), engine)
                engine.maintain()
            engine.runner.stop()
            wb.close()
            engine._database.close()

    def archive(self, node_id: int) -> None:
        with self._client() as wb:
            set_archived(wb, node_id, True)

    def restore(self, node_id: int) -> None:
        with self._client() as wb:
            set_archived(wb, node_id, False)

    @contextlib.contextmanager
    def _client(self) -> Iterator[Any]:
        from workbench.api.client import Workbench
        from workbench.settings import Settings

        with _environment(self._environment):
            wb = Workbench.open(Settings.load(), send=lambda ids: None)
            yield wb
            wb.close()


def _ready(wb: Any) -> list[int]:
    from sqlalchemy import text

    with wb.database.read() as conn:
        rows = conn.execute(text("SELECT id FROM job WHERE state = 'queued' ORDER BY id"))
        return [int(row.id) for row in rows]


def _until_nothing_runs(ready: Callable[[], list[int]], engine: Any) -> None:
    deadline = time.monotonic() + 120
    engine.run_maintenance()  # a limit that was raised wakes what waited for it
    while jobs := ready():
        if time.monotonic() > deadline:
            raise AssertionError(f"jobs {jobs} do not end")
        for job in jobs:
            engine.run(job)
        engine.run_maintenance()


def main(database_url: str, folder: Path) -> None:
    """Tell the story in a process of its own, on an empty database; writes the records below `folder`."""
    # what a library logs is no command's output
    logging.getLogger().addHandler(logging.NullHandler())
    environment = {
        "REELWRIGHT_HOME": str(folder / "home"),
        "REELWRIGHT_LANG": "en",
        "LANG": "C.UTF-8",
        "COLUMNS": "200",
        "REELWRIGHT_RETRY_BASE_MS": "1",
        "REELWRIGHT_RETRY_MAX_MS": "1",
        **({"DATABASE_URL": database_url} if database_url else {}),
    }
    for name in [n for n in os.environ if n.startswith(("REELWRIGHT_", "LC_")) or n in ("DATABASE_URL", "REDIS_URL")]:
        del os.environ[name]
    briefs, records = folder / "briefs", folder / "records"
    briefs.mkdir(parents=True)
    records.mkdir()
    for name, rows in tell(briefs, OpenHouse(environment), environment).items():
        (records / f"{name}.json").write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
