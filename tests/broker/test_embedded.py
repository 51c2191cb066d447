"""The embedded Valkey: private, without a port, and one at a time."""

from __future__ import annotations

import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from workbench.broker import embedded
from workbench.errors import Unavailable
from workbench.settings import Settings

Start = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.load(home=tmp_path / "片 场")


@pytest.fixture
def start(settings: Settings) -> Iterator[Start]:
    started: list[subprocess.Popen[bytes]] = []

    def run() -> subprocess.Popen[bytes]:
        embedded.end_orphan(settings)
        started.append(subprocess.Popen(embedded.command(settings)))
        embedded.wait_ready(settings)
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.wait()


def test_it_answers_on_a_private_socket_and_on_no_port(settings: Settings, start: Start) -> None:
    start()

    client = redis.Redis.from_url(settings.broker_url)
    assert client.config_get("port") == {"port": "0"}
    assert client.config_get("save") == {"save": ""}
    assert stat.S_IMODE(settings.embedded_socket.stat().st_mode) == 0o700
    assert stat.S_IMODE(settings.embedded_socket.parent.stat().st_mode) == 0o700


def test_an_orphan_on_the_socket_is_ended_before_the_next_start(settings: Settings, start: Start) -> None:
    orphan = start()

    successor = start()

    assert orphan.wait(120) is not None
    assert successor.poll() is None
    assert redis.Redis.from_url(settings.broker_url).info("server")["process_id"] == successor.pid


def test_a_socket_left_by_a_killed_server_is_no_obstacle(settings: Settings, start: Start) -> None:
    killed = start()
    killed.kill()
    killed.wait()
    assert settings.embedded_socket.exists()
    assert not embedded.is_alive(settings)

    start()

    assert embedded.is_alive(settings)


def test_a_runtime_folder_that_others_may_read_is_refused(settings: Settings) -> None:
    folder = embedded.private_folder(settings)
    folder.chmod(0o755)

    with pytest.raises(Unavailable, match="not a private folder"):
        embedded.command(settings)

    folder.chmod(0o700)
