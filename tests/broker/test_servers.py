"""Redis servers that are shared, full, a replica, part of a cluster, or wrongly addressed."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from tests.conftest import Valkey, until
from tests.engine.conftest import Nursery, Workers
from workbench import health
from workbench.api.client import Workbench
from workbench.broker import embedded, sender
from workbench.broker.consumer import BlockingRedisBroker
from workbench.cli import run
from workbench.cli.supervisor import environment
from workbench.db.writes import installation
from workbench.errors import InvalidInput, Unavailable
from workbench.profiles import rate_limits
from workbench.providers.base import Profile
from workbench.settings import Settings

#: what the way to the workers does is the same for both databases
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def client(settings: Settings) -> redis.Redis:
    return redis.Redis.from_url(settings.broker_url)


def fill(settings: Settings) -> None:
    client(settings).config_set("maxmemory", "1")


def make_replica(settings: Settings) -> None:
    client(settings).replicaof("127.0.0.1", "1")  # type: ignore[no-untyped-call]


@pytest.fixture
def cluster(settings: Settings, tmp_path: Path) -> Iterator[str]:
    """The address of a server in cluster mode that no part of the keys belongs to."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1] % 50_000 + 5_000
    process = subprocess.Popen(
        [
            str(embedded._binary()), "--port", str(port), "--bind", "127.0.0.1", "--cluster-enabled", "yes",
            "--dir", str(tmp_path), "--save", "", "--logfile", "/dev/null",
        ]
    )  # fmt: skip
    url = f"redis://127.0.0.1:{port}/0"

    def answers() -> bool:
        with contextlib.suppress(redis.RedisError):
            return bool(redis.Redis.from_url(url).ping())
        return False

    until(answers, what="the cluster's server")
    yield url
    process.kill()
    process.wait()


@pytest.mark.parametrize(("spoil", "said"), [(fill, "full"), (make_replica, "replica")])
def test_a_server_that_takes_nothing_says_why(
    settings: Settings, valkey: Valkey, spoil: Callable[[Settings], None], said: str
) -> None:
    spoil(settings)
    asks = sender.make_sender(settings)
    for ask in (lambda: asks([1]), lambda: sender.probe(asks), lambda: sender.epoch(asks)):
        with pytest.raises(Unavailable, match=said):
            ask()
    shared = settings.model_copy(update={"redis_url": settings.broker_url})
    assert said in str(finding(shared).problem)


def finding(settings: Settings) -> health.Finding:
    return next(f for f in health.examine(settings) if f.part == "redis")


def test_a_cluster_is_named_as_what_it_is(settings: Settings, cluster: str) -> None:
    shared = settings.model_copy(update={"redis_url": cluster})
    with pytest.raises(Unavailable, match="cluster"):
        sender.make_sender(shared)([1])
    assert "cluster" in str(finding(shared).problem)


@pytest.mark.parametrize(
    "address",
    [
        "unix:///tmp/x.sock?no_such_option=1",
        "redis://127.0.0.1:1/0?socket_timeout=soon",
        "redis://127.0.0.1:port/0",
        "rediss://127.0.0.1:1/0?ssl_cert_reqs=perhaps",
    ],
)
def test_a_wrong_address_is_named_and_a_stored_job_is_reported_as_stored(
    settings: Settings, address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = settings.model_copy(update={"redis_url": address})
    with pytest.raises(InvalidInput, match="REDIS_URL"):
        sender.connect(wrong)
    assert "REDIS_URL" in str(finding(wrong).problem)
    for name, value in {**environment(settings), "REDIS_URL": address, "REELWRIGHT_LANG": "en"}.items():
        monkeypatch.setenv(name, value)
    params = json.dumps({"messages": [{"role": "user", "content": "x"}]})
    with Workbench.open(settings) as wb:
        with wb.database.write() as conn:
            # with nobody to tell, nobody would be told
            installation.record_worker(conn, "w", "h", 1, 4, 0)
        assert run(["submit", "llm_chat", "--params", params, "--json"]) == 0
        out, err = capsys.readouterr()
        stored = json.loads(out)
        assert wb.jobs.get(stored["id"]).state == "queued"
    assert "REDIS_URL" in err
    assert "queued and safe" in err
    assert "Bug in Reelwright" not in err


def test_options_that_change_what_answers_look_like_change_nothing(settings: Settings, valkey: Valkey) -> None:
    odd = settings.model_copy(update={"redis_url": f"{settings.broker_url}?decode_responses=true&socket_timeout=0.01"})
    asks = sender.make_sender(odd)
    assert sender.epoch(asks) == sender.epoch(asks), "another epoch would have every message sent again"
    assert asks.client.connection_pool.connection_kwargs["socket_timeout"] >= 5


@pytest.fixture
def neighbours(settings: Settings, valkey: Valkey, tmp_path: Path) -> tuple[Settings, Settings]:
    """Two installations with a database each and one Redis."""
    url = settings.broker_url
    return settings.model_copy(update={"redis_url": url}), Settings.load(
        home=tmp_path / "other",
        redis_url=url,
        threads=2,
        lease_seconds=2.0,
        heartbeat_seconds=0.2,
        sweep_seconds=0.2,
        dispatch_lost_seconds=600.0,
    )


def test_two_installations_on_one_redis_do_each_their_own_work(
    neighbours: tuple[Settings, Settings], nursery: Nursery
) -> None:
    ours, other = neighbours
    ours = ours.model_copy(update={"dispatch_lost_seconds": 600.0})
    with Workbench.open(ours) as mine, Workbench.open(other) as theirs:
        assert installation.identify(mine.database) != installation.identify(theirs.database)
        workers = [Workers(settings, nursery) for settings in (ours, other)]
        try:
            # the same number in both; the neighbour's worker must not take it for its own
            workers[1].start()
            until(lambda: theirs.queues.count_live_workers() == 1, 60, "the neighbour's worker")
            first = mine.submit("test_nothing")
            asked = theirs.submit("test_nothing")
            assert asked.id == first.id
            assert theirs.wait(asked.id, timeout=60).state == "succeeded"
            assert mine.jobs.get(first.id).state == "queued"
            workers[0].start()
            assert mine.wait(first.id, timeout=60).state == "succeeded"
        finally:
            for group in workers:
                group.stop()


def test_limits_of_two_installations_do_not_add_up(neighbours: tuple[Settings, Settings]) -> None:
    profile = Profile(1, "mine", "openai", rpm=1, tpm=1000)
    limits = [
        rate_limits.RateLimits(settings, lambda name=name: name)  # type: ignore[misc]
        for settings, name in zip(neighbours, ("a", "b"), strict=True)
    ]
    assert [limit.take(profile, 900) for limit in limits] == [0.0, 0.0]
    assert limits[0].take(profile, 900) > 0


def test_a_clock_put_back_blocks_no_minute_for_an_hour(settings: Settings, valkey: Valkey) -> None:
    """Entries of a time that is to come, and windows that end in an hour: what is left when the clock was put back."""
    requests, tokens = Profile(1, "r", "openai", rpm=1), Profile(2, "t", "openai", tpm=1000)
    limit = rate_limits.RateLimits(settings)
    assert [limit.take(requests, 1), limit.take(tokens, 900)] == [0.0, 0.0]
    server = client(settings)
    for key in server.scan_iter("reelwright:limits*"):
        if server.type(key) == b"list":
            ahead = [float(entry) + 3600 for entry in server.lrange(key, 0, -1)]
            server.delete(key)
            server.rpush(key, *ahead)
        server.pexpire(key, 3_600_000)
    for profile in (requests, tokens):
        waits = [limit.take(profile, 900) for _ in range(3)]
        assert 0.0 in waits, waits


def test_the_workers_broker_reads_from_its_own_installation(settings: Settings, valkey: Valkey) -> None:
    broker = BlockingRedisBroker(client(settings))
    broker.namespace = sender.namespace_of("x")
    sender.make_sender(settings, lambda: "x")([7])
    [message] = broker.do_fetch("jobs", 10)
    assert b'"args":[7]' in message
