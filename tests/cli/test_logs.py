"""`reelwright logs`: what the parts printed, merged by time, also while files are rotated under the reader."""

from __future__ import annotations

import json
import signal
import subprocess
import urllib.request
from pathlib import Path

import psutil
import pytest

from tests.cli.conftest import CEILING_S, Reelwright, waits_for_worker
from tests.conftest import until
from workbench.cli import logs
from workbench.errors import NotFound
from workbench.log_file import LogFile


def texts(lines: list[logs.Line]) -> list[str]:
    return [line.text for line in lines]


def test_the_newest_lines_are_found_in_rotated_files_and_new_ones_behind_a_rotation(tmp_path: Path) -> None:
    log = LogFile(str(tmp_path / "web.log"), limit=1_000, kept=3)
    for n in range(60):
        log.write(f"line {n}")
    tail = logs.Tail(tmp_path, "web")
    assert texts(tail.last(50)) == [f"line {n}" for n in range(10, 60)]
    assert texts(tail.last(1_000))[-1] == "line 59"
    assert texts([*tail.read_new()]) == []
    read = []
    for n in range(60, 100):
        log.write(f"line {n}")
        if n % 7 == 0:
            read += texts([*tail.read_new()])
    read += texts([*tail.read_new()])
    assert read == [f"line {n}" for n in range(60, 100)]


def test_lines_of_a_file_longer_than_what_is_read_at_once_are_whole(tmp_path: Path) -> None:
    log = LogFile(str(tmp_path / "web.log"))
    for n in range(40):
        log.write(f"{n} " + "字" * 4_000)
    assert [text.split()[0] for text in texts(logs.Tail(tmp_path, "web").last(30))] == [str(n) for n in range(10, 40)]
    assert logs.Tail(tmp_path, "web").last(0) == []


def test_parts_are_merged_by_time_and_chosen_by_name_and_secrets_and_controls_stay_hidden(
    reelwright: Reelwright,
) -> None:
    folder = reelwright.home / "logs"
    assert "There are no logs" in reelwright("logs").err
    folder.mkdir(parents=True)
    web = "2026-01-02T03:04:05.001Z first\n2026-01-02T03:04:05.004Z fourth sk-abcdefgh12345\n"
    (folder / "web.log").write_text(web)
    (folder / "worker-1.log").write_text("2026-01-02T03:04:05.003Z 2026-01-02 03:04:05,002 INFO x: third\n")
    (folder / "worker-2.log").write_text("2026-01-02T03:04:05.002Z sec\x1b[31mond\x07\n")
    shown = reelwright("logs", "--json").json
    assert [(line["part"], line["text"]) for line in shown] == [
        ("web", "first"), ("worker-2", "second"), ("worker-1", "INFO x: third"), ("web", "fourth [hidden key]"),
    ]  # fmt: skip
    assert [line["part"] for line in reelwright("logs", "--part", "worker", "--json").json] == ["worker-2", "worker-1"]
    assert [line["part"] for line in reelwright("logs", "--part", "worker 1", "--json").json] == ["worker-1"]
    assert len(reelwright("logs", "-n", "2").out.splitlines()) == 2
    unknown = reelwright("logs", "--part", "wbe")
    assert (unknown.code, unknown.out) == (2, "")
    assert "There are: web, worker-1, worker-2" in unknown.err
    with pytest.raises(NotFound):
        logs.list_parts(folder, "worker-3")


def test_every_part_of_up_has_a_log_and_what_is_printed_is_followed(reelwright: Reelwright) -> None:
    process, url = reelwright.up(REELWRIGHT_LOG_LEVEL="debug")
    follower = reelwright.start("logs", "-f", "--json", "--part", "up")
    workers = waits_for_worker(process)
    kill_and_wait(process, workers)
    # the second one can only be followed: the reader was there by the first
    for _ in range(2):
        assert follower.stdout is not None
        told = json.loads(follower.stdout.readline())
        assert told["text"].startswith("worker 1 ended (exit code 137)")
        kill_and_wait(process, waits_for_worker(process))
    follower.send_signal(signal.SIGINT)
    assert follower.wait(CEILING_S) == 130

    folder = reelwright.home / "logs"
    files = {file.name: oct(file.stat().st_mode & 0o777) for file in folder.iterdir()}
    assert set(files) >= {"up.log", "web.log", "worker-1.log", "valkey.log"}
    assert set(files.values()) == {"0o600"}
    # whoever has the start token is let in
    token = url.partition("token=")[2]
    assert token
    assert urllib.request.urlopen(url, timeout=180).status == 200
    assert all(token not in file.read_text() for file in folder.iterdir())


def kill_and_wait(process: subprocess.Popen[str], workers: list[psutil.Process]) -> None:
    workers[0].kill()
    until(lambda: waits_for_worker(process) != workers, CEILING_S, "a new worker")


def test_a_part_alone_keeps_a_log_too(reelwright: Reelwright) -> None:
    up, _ = reelwright.up("--workers", "0")
    worker = reelwright.start("worker")
    until(lambda: (reelwright.home / "logs" / "worker.log").exists(), CEILING_S, "the worker's log")
    up.kill()
    up.wait()
    assert worker.poll() is None
    # Redis is gone by now, which a worker has something to say about
    printed = lambda: [line["text"] for line in reelwright("logs", "--part", "worker", "--json").json]  # noqa: E731
    told = until(lambda: lines if len(lines := printed()) > 1 else None, CEILING_S, "a line of the worker")
    assert told[0] == f"started as process {worker.pid}"
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(CEILING_S) == 0
