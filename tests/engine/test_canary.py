"""A key that must never show: put in as a secret, then looked for in every byte that Reelwright writes or says."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
import redis
from sqlalchemy import MetaData, select

from tests.commands import CommandServer
from tests.conftest import Valkey, brisk, database_of_kind
from tests.engine.conftest import Nursery, Workers
from tests.pages.conftest import ROOT, House, app_first  # noqa: F401  the pages' way in, used by its name
from tests.scripted_provider import ScriptedProvider
from workbench.api.client import Workbench
from workbench.cli.supervisor import environment
from workbench.db import search
from workbench.db.tables import metadata
from workbench.profiles.check import _dot
from workbench.security.keys import MASTER_FILE
from workbench.settings import Settings

CANARY = "sk-canary-Zq7+x/9Kp2wVt5Lm8Rj4Yb6N"
FORMS = {
    "plain": CANARY,
    "base64": base64.b64encode(CANARY.encode()).decode().rstrip("="),
    "url": quote(CANARY, safe=""),
    "json": json.dumps(CANARY)[1:-1].replace("/", "\\/"),
    "most of it": CANARY[4:-5],
}


def shown(said: str | bytes) -> list[str]:
    """The forms of the canary in what was said."""
    text = said.decode("latin-1") if isinstance(said, bytes) else said
    return [name for name, form in FORMS.items() if form in text]


def held(client: redis.Redis, key: bytes) -> Any:
    """What Redis has under a key, whatever it is."""
    look: dict[bytes, Callable[[bytes], Any]] = {
        b"string": client.get,
        b"hash": client.hgetall,
        b"list": lambda of: client.lrange(of, 0, -1),
        b"set": client.smembers,
        b"zset": lambda of: client.zrange(of, 0, -1, withscores=True),
        b"stream": client.xrange,
    }
    return look[client.type(key)](key)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def home(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, nursery: Nursery
) -> Iterator[tuple[Workbench, Workers]]:
    """One of each database for all that is looked at: nothing that looks changes what is there."""
    folder = tmp_path_factory.mktemp("canary") / "höme of tests"
    folder.mkdir()
    with database_of_kind(request, request.param, folder) as url:
        settings = brisk(folder, url)
        server = Valkey(settings)
        server.start()
        wb, workers = Workbench.open(settings), Workers(settings, nursery)
        with ScriptedProvider() as provider:
            _use(wb, workers, provider)
            yield wb, workers
        workers.stop()
        wb.close()
        server.kill()


@pytest.fixture
def used(home: tuple[Workbench, Workers]) -> Workbench:
    """A home in which the key was used, refused, echoed by the service, and met a worker's bug."""
    return home[0]


@pytest.fixture
def workers(home: tuple[Workbench, Workers]) -> Workers:
    return home[1]


@pytest.fixture
def settings(home: tuple[Workbench, Workers]) -> Settings:
    return home[1].settings


def _use(wb: Workbench, workers: Workers, provider: ScriptedProvider) -> None:
    pasted = f"  Bearer {CANARY}\n"
    wb.profiles.add("mine", "openai", base_url=provider.url, text_model="m", image_model="dall-e-3", key=pasted)
    wb.profiles.add(
        "films", "ark", base_url=provider.ark_url, text_model="m", video_model="v", key=CANARY, params={"poll_ms": 50}
    )
    named, told = {"model": f"gateway/{CANARY}"}, json.dumps({"text": "hello"})
    provider.script(
        rules=[
            {"match": "echo", "echo_key": True, "status": 401},
            {"match": "blame", "status": 400, "body": {"error": {"message": f"bad key {CANARY} sent", "code": "x"}}},
            {"match": "parrot", "text": json.dumps({"text": f"the key is {CANARY}"})},
            {"match": "name", "body": {**named, "choices": [{"message": {"content": told}, "finish_reason": "stop"}]}},
            {"match": "paint", "body": {**named, "data": [{"b64_json": base64.b64encode(_dot()).decode()}]}},
            {"match": "elsewhere", "status": 302, "headers": {"Location": f"http://127.0.0.1:9/?key={CANARY}"}},
        ]
    )
    workers.start(REELWRIGHT_LOG_LEVEL="debug")
    abouts = ("the sea", "echo", "blame", "parrot", "name", "elsewhere")
    jobs = [wb.submit("test_tell", None, {"about": about}, profile="mine", max_attempts=1).id for about in abouts]
    jobs.append(wb.submit("test_image", None, {"about": "paint"}, profile="mine", max_attempts=1).id)
    jobs.append(wb.submit("test_tell", None, {"about": "echo films"}, profile="films", max_attempts=1).id)
    jobs.append(wb.submit("test_image", None, {"about": "echo"}, profile="mine", max_attempts=1).id)
    jobs.append(wb.submit("test_video", None, {"about": "blame"}, profile="films").id)
    states = [j.state for j in wb.wait(jobs, timeout=240)]
    assert (states.count("failed"), states.count("succeeded")) == (6, 4), states
    provider.script(default={"echo_key": True, "status": 401})
    assert not wb.profiles.check("mine")[0].ok
    wb.profiles.rotate_keys()


def test_it_is_in_no_byte_of_database_files_logs_and_redis(
    used: Workbench, settings: Settings, workers: Workers
) -> None:
    with used.database.read() as conn:
        found = MetaData()
        found.reflect(conn)
        for table in found.sorted_tables:
            if table.name == search.INDEX and conn.dialect.name == "sqlite":
                # an index that keeps no text: what it was made from stands in job_text
                continue
            # as its column reads it: what is long is packed there
            read = metadata.tables.get(table.name, table)
            rows = repr(conn.execute(select(read)).all())
            assert shown(rows) == [], table.name
    for file in sorted(settings.home.rglob("*")):
        if file.is_file() and file.name != MASTER_FILE:
            assert shown(file.read_bytes()) == [], file
    assert len(workers.log()) > 1_000
    client = redis.Redis.from_url(settings.broker_url)
    for key in client.scan_iter():
        # not DUMP: Redis packs what is long
        assert shown(repr(held(client, key))) == [], key


def test_it_is_said_by_no_command(used: Workbench, settings: Settings, command_server: CommandServer) -> None:
    ids = [str(j["id"]) for j in used.jobs.list()]
    commands = [
        ["profiles", "list", "--json"],
        ["jobs", "list", "--json"],
        ["doctor", "--json"],
        ["profiles", "test", "mine", "--json"],
    ]
    commands += [["jobs", "show", i, "--json"] for i in ids]
    for command in commands:
        # a process of its own for each: what one has opened another does not know to hide
        env = {**environment(settings), "REELWRIGHT_LOG_LEVEL": "debug"}
        done = command_server.run(command, env, ROOT, timeout=180)
        assert shown(done.out + done.err) == [], command
        assert done.out


def test_it_is_on_no_page(used: Workbench, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(settings).items():
        if name.startswith("REELWRIGHT_") or name in ("DATABASE_URL", "REDIS_URL"):
            monkeypatch.setenv(name, value)
    house = House(settings)
    pages = [
        ("projects", {}),
        ("jobs", {}),
        ("debug", {}),
        ("analytics", {}),
        ("models", {}),
        ("settings", {}),
        ("launch", {}),
    ]
    pages += [("job", {"id": j.id}) for j in house.wb.jobs.list()]
    pages += [("models", {"profile": p.id}) for p in house.wb.profiles.list()]
    # one visitor goes through them all: opening the first page before each would take as long again
    at = house.page("projects", "en")
    for name, query in pages:
        at.query_params.clear()
        at.query_params["lang"] = "en"
        for key, value in query.items():
            at.query_params[key] = str(value)
        at.switch_page(f"pages/{name}.py")
        at.run()
        assert not at.exception, name
        html = "".join(str(e.proto) for e in at.get("html"))
        assert shown(html + str(at.main) + str(at.sidebar) + repr(dict(at.query_params))) == [], name


def test_tracebacks_and_events_say_that_something_was_hidden(used: Workbench) -> None:
    """The echo did reach us: what hid it is the redactor, not luck."""
    failed = [used.jobs.get_detail(j.id) for j in used.jobs.list(state="failed")]
    told = json.dumps([[f.job.error, f.attempts, f.events] for f in failed], default=str)
    assert re.search(r"\[hidden key\]", told)
