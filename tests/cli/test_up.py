"""`reelwright up` and the single parts: what starts, what comes back, what is refused and that nothing stays behind."""

from __future__ import annotations

import signal
import socket
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import psutil
import pytest

from benchmarks.page import ask_for_run, open_client
from tests.cli.conftest import CEILING_S, ROOT, Reelwright, all_gone, family, free_port, named, waits_for_worker
from tests.conftest import until
from workbench.cli import up
from workbench.cli.signs import FileSign, page_answers
from workbench.cli.supervisor import BROKER_SILENT_S, BROKER_START_S, LOOK_EVERY_S, SILENT_S, SilenceWatch
from workbench.security import door
from workbench.settings import Settings


def test_it_prints_an_address_that_answers_and_stops_on_sigterm(reelwright: Reelwright) -> None:
    process, url = reelwright.up()
    assert urllib.request.urlopen(url, timeout=180).status == 200
    waits_for_worker(process)
    parts = family(process.pid)
    began = time.monotonic()

    process.send_signal(signal.SIGTERM)

    assert process.wait(CEILING_S) == 0
    assert time.monotonic() - began < 15 + 5
    until(all_gone(parts), 15)


def test_after_sigkill_of_the_supervisor_nothing_is_left_and_the_next_start_works(reelwright: Reelwright) -> None:
    process, _ = reelwright.up()
    waits_for_worker(process)
    parts = family(process.pid)
    assert named(parts, "valkey-server")
    assert named(parts, "streamlit")

    process.kill()
    process.wait()

    # 5 s is what is promised; a busy machine gets more.
    until(all_gone(parts), 15)
    again, url = reelwright.up("--workers", "0")
    assert urllib.request.urlopen(url, timeout=180).status == 200
    again.send_signal(signal.SIGINT)
    assert again.wait(CEILING_S) == 0


def test_each_part_that_dies_is_started_again(reelwright: Reelwright) -> None:
    process, url = reelwright.up("--workers", "2")
    workers = waits_for_worker(process, 2)
    valkey = named(family(process.pid), "valkey-server")

    for victim in [workers[0], *valkey]:
        victim.kill()

    until(lambda: len(set(named(family(process.pid), "workbench.cli")) - {workers[0]}) == 2, CEILING_S, "a new worker")
    until(lambda: set(named(family(process.pid), "valkey-server")) - set(valkey), CEILING_S, "a new Valkey")
    until(lambda: all(p["ok"] for p in reelwright("doctor", "--json").json), CEILING_S, "good health")
    assert "it starts again in 0.2 s" in reelwright.stderr()
    assert urllib.request.urlopen(url, timeout=180).status == 200


def test_a_part_that_is_alive_and_silent_is_ended_and_starts_again(reelwright: Reelwright) -> None:
    process, _ = reelwright.up()
    [worker] = waits_for_worker(process)
    [valkey] = named(family(process.pid), "valkey-server")
    until(lambda: all(p["ok"] for p in reelwright("doctor", "--json").json), CEILING_S, "good health")

    until(lambda: list(reelwright.home.glob("logs/.worker-1.alive")), CEILING_S, "the worker's first sign of life")

    for victim in (worker, valkey):
        victim.suspend()

    def others(word: str, before: psutil.Process) -> bool:
        return bool(set(named(family(process.pid), word)) - {before})

    until(lambda: others("workbench.cli", worker) and others("valkey-server", valkey), CEILING_S, "new ones")
    until(all_gone([worker, valkey]), CEILING_S, "the end of the stopped ones")
    assert reelwright.stderr().count("has given no sign of life for") >= 2
    until(lambda: all(p["ok"] for p in reelwright("doctor", "--json").json), CEILING_S, "good health")


def test_silence_is_counted_in_looks_and_a_start_may_take_longer(tmp_path: Path) -> None:
    watch, sign = SilenceWatch(SILENT_S), FileSign(tmp_path / "x.alive")
    assert not any(watch.is_over(sign.has_changed()) for _ in range(40)), "it is still starting"
    sign.show()
    assert not watch.is_over(sign.has_changed())
    looks = 1
    while not watch.is_over(sign.has_changed()):
        looks += 1
    assert looks == SILENT_S / LOOK_EVERY_S
    sign.clear()
    assert not sign.has_changed(), "what an earlier process has touched says nothing"
    broker = SilenceWatch(BROKER_SILENT_S, BROKER_START_S)
    looks = next(look for look in range(1, 100) if broker.is_over(lives=False))
    assert looks == BROKER_START_S / LOOK_EVERY_S, "it stopped before the first look, and has nothing to load"


def test_a_second_up_on_the_same_home_says_where_the_first_one_runs(reelwright: Reelwright) -> None:
    process, url = reelwright.up("--workers", "0")

    second = reelwright("up", "--port", str(free_port()))

    assert second.code == 2
    assert url in second.err
    assert str(process.pid) in second.err
    assert second.err.count("\n") == 1


def test_a_taken_port_is_one_clear_line(reelwright: Reelwright) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        refused = reelwright("up", "--port", str(port))

    assert refused.code == 2
    assert refused.err.startswith(f"reelwright: Port {port} is in use.")
    assert refused.err.count("\n") == 1


@pytest.mark.parametrize("part", ["up", "web"])
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "example.com"])
def test_other_machines_are_refused_with_the_reason(reelwright: Reelwright, part: str, host: str) -> None:
    refused = reelwright(part, "--host", host)

    assert refused.code == 2
    assert "no logins" in refused.err
    assert refused.err.count("\n") == 1


def test_a_streamlit_variable_cannot_open_the_page_to_others(reelwright: Reelwright) -> None:
    _, url = reelwright.up("--workers", "0", STREAMLIT_SERVER_ADDRESS="0.0.0.0")

    port = urlsplit(url).port
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.2", port), timeout=5).close()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("REELWRIGHT_THREADS", "many", "REELWRIGHT_THREADS is 'many'; allowed: a whole number from 1 to 256"),
        ("REELWRIGHT_HOME", "/dev/null/home", "The home folder /dev/null/home cannot be written"),
        ("REDIS_URL", "redis://127.0.0.1:1", "Redis cannot be reached"),
        ("DATABASE_URL", "postgresql://u:hush@127.0.0.1:1/x", "Connection refused"),
    ],
)
def test_what_cannot_work_is_said_in_one_line(reelwright: Reelwright, name: str, value: str, said: str) -> None:
    refused = reelwright("up", "--port", str(free_port()), **{name: value})

    assert refused.code != 0
    assert said in refused.err
    assert "hush" not in refused.err
    assert refused.err.count("\n") == 1


def test_a_database_that_is_none_is_said_in_one_line(reelwright: Reelwright) -> None:
    reelwright.home.mkdir()
    (reelwright.home / "reelwright.db").write_text("this is a shopping list, not a database " * 40)

    refused = reelwright("up", "--port", str(free_port()))

    assert refused.code == 1
    assert "not a database" in refused.err
    assert refused.err.count("\n") == 1


def test_a_worker_alone_without_its_valkey_says_what_to_start(reelwright: Reelwright) -> None:
    refused = reelwright("worker")

    assert refused.code == 1
    assert "reelwright up" in refused.err
    assert refused.err.count("\n") == 1


def test_a_worker_alone_joins_and_leaves(reelwright: Reelwright) -> None:
    reelwright.up("--workers", "0")
    worker = reelwright.start("worker", "--threads", "2")
    until(lambda: all(p["ok"] for p in reelwright("doctor", "--json").json), CEILING_S, "good health")

    worker.send_signal(signal.SIGTERM)

    assert worker.wait(CEILING_S) == 0


def test_the_pages_alone_answer_and_end(reelwright: Reelwright) -> None:
    port = free_port()
    process = reelwright.start("web", "--port", str(port))

    until(lambda: page_answers("127.0.0.1", port), CEILING_S, "the page")
    process.send_signal(signal.SIGTERM)
    process.wait(CEILING_S)


def answer(url: str, **headers: str) -> int:
    """The status that a program gets, which sends no cookie and follows no link."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=180) as given:
            return int(given.status)
    except urllib.error.HTTPError as refused:
        return refused.code


def test_the_printed_address_alone_opens_the_pages_and_nobody_else_can_read_it(reelwright: Reelwright) -> None:
    process, url = reelwright.up("--workers", "0")
    place, _, token = url.partition("/?token=")
    port = urlsplit(url).port

    assert len(token) > 40
    assert answer(url) == 200
    assert answer(place) == 403
    assert answer(f"{place}/_stcore/host-config") == 403
    assert answer(f"{place}/?token={token[:-1]}") == 403
    assert answer(url, Host=f"evil.example:{port}") == 403
    assert answer(url, Origin="http://127.0.0.1:9999") == 403
    assert answer(f"{place}/_stcore/health") == 200
    # every user of a machine may read command lines
    assert not any(token in part for child in family(process.pid) for part in child.cmdline())
    lock = reelwright.home / "up.lock"
    assert token in lock.read_text()
    assert lock.stat().st_mode & 0o077 == 0
    assert token not in reelwright("doctor", "--json").out


def test_an_open_page_stays_open_when_everything_starts_again(reelwright: Reelwright) -> None:
    process, url = reelwright.up("--workers", "0")
    with urllib.request.urlopen(url, timeout=180) as given:
        cookie = next(c for c in given.headers.get_all("set-cookie") if c.startswith("reelwright_")).partition(";")[0]
    process.send_signal(signal.SIGTERM)
    assert process.wait(CEILING_S) == 0
    port = str(urlsplit(url).port)

    again = reelwright.start("up", "--no-browser", "--workers", "0", "--port", port)

    assert again.stdout is not None
    printed = "http://" + again.stdout.readline().split("http://")[1].strip()
    assert printed != url
    assert answer(url) == 403
    assert answer(f"http://127.0.0.1:{port}/", Cookie=cookie) == 200


@pytest.mark.parametrize("how", ["web", "streamlit"])
def test_the_pages_started_alone_keep_the_same_rules(reelwright: Reelwright, how: str) -> None:
    port = free_port()
    if how == "web":
        process = reelwright.start("web", "--port", str(port))
    else:
        # flags that would open Streamlit's own doors open none of ours
        process = reelwright.start_python(
            "-m", "streamlit", "run", str(ROOT / "app.py"), f"--server.port={port}",
            "--server.enableCORS=false", "--server.enableXsrfProtection=false", "--server.enableAgentApi=true",
            REELWRIGHT_START_TOKEN="guess",
        )  # fmt: skip
    assert process.stdout is not None
    url = "http://" + process.stdout.readline().split("http://")[1].strip()
    place = f"http://127.0.0.1:{port}"

    assert url.startswith(f"{place}/?token=")
    # what somebody has thought up in a hurry is no token
    assert len(url.partition("token=")[2]) > 40
    # its address is printed before it listens
    until(lambda: page_answers("127.0.0.1", port), CEILING_S, "the page")
    assert answer(url) == 200
    for path in ("", "/_stcore/agent/openapi.json", "/_stcore/host-config"):
        assert answer(place + path) == 403
    assert answer(url, Host=f"evil.example:{port}") == 403
    assert answer(url, Origin="http://127.0.0.1:9999") == 403

    def visit(_: int) -> bool:
        """Whether the page came with what app.py draws around it."""
        with open_client(port, url.partition("token=")[2]) as client:
            return {"navigation", "logo"} <= ask_for_run(client, page_name="settings").kinds

    with ThreadPoolExecutor(3) as visitors:
        # two windows that were open before it was started anew come back at the same moment
        assert [*visitors.map(visit, range(3))] == [True] * 3
    process.send_signal(signal.SIGTERM)
    process.wait(CEILING_S)


def test_streamlit_itself_cannot_be_told_to_listen_for_other_machines(reelwright: Reelwright) -> None:
    app = str(ROOT / "app.py")
    process = reelwright.start_python(
        "-m", "streamlit", "run", app, "--server.address=0.0.0.0", f"--server.port={free_port()}"
    )

    assert process.wait(CEILING_S) != 0
    assert "reelwright: 0.0.0.0 would show every story" in reelwright.stderr()


def test_a_browser_is_opened_without_the_token_on_its_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(up.webbrowser, "open", opened.append)
    settings = Settings.load(home=tmp_path)
    url = door.address("127.0.0.1", 8501, "the-token")

    up.open_browser(settings, url)

    [address] = opened
    assert "the-token" not in address
    page = Path(url2pathname(urlsplit(address).path))
    assert f'url={url}"' in page.read_text()
    assert page.stat().st_mode & 0o777 == 0o600
