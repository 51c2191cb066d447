"""Runs commands of `reelwright` in processes of their own that need not import anything any more.

A data command spends nine tenths of its time importing. One server imports everything once, then forks a process for
each command: with the environment, folder, stdout and stderr of that command, and its exit code.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]


class Done(NamedTuple):
    code: int
    out: str
    err: str


class CommandServer:
    """Started with the first command; one for each process of tests."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def run(self, arguments: Sequence[str], env: Mapping[str, str], folder: Path, timeout: int) -> Done:
        """Run one command to its end; killed after `timeout` seconds."""
        with tempfile.TemporaryDirectory(prefix="rw-command-") as scratch:
            out, err = Path(scratch) / "out", Path(scratch) / "err"
            code = self._order(arguments, env, folder, out, err, timeout, wait=True)
            return Done(code, out.read_text("utf-8"), err.read_text("utf-8"))

    def start(self, arguments: Sequence[str], env: Mapping[str, str], folder: Path, timeout: int) -> int:
        """Begin one command, for a test that kills it; returns its process. What it says nobody hears."""
        nothing = Path(os.devnull)
        return self._order(arguments, env, folder, nothing, nothing, timeout, wait=False)

    def _order(
        self,
        arguments: Sequence[str],
        env: Mapping[str, str],
        folder: Path,
        out: Path,
        err: Path,
        timeout: int,
        *,
        wait: bool,
    ) -> int:
        """The exit code of the command, or the process that it is."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.commands"],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {
            "arguments": list(arguments), "env": dict(env), "folder": str(folder), "out": str(out), "err": str(err),
            "timeout": timeout, "wait": wait,
        }  # fmt: skip
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


#: of this process of tests
SERVER = CommandServer()


def _become(order: dict[str, object]) -> None:
    """In the forked process: be the command that was ordered."""
    from workbench.cli import main

    os.environ.clear()
    os.environ.update(order["env"])  # type: ignore[call-overload]
    os.chdir(str(order["folder"]))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(str(order[name]), os.O_CREAT | os.O_WRONLY), number)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.alarm(int(str(order["timeout"])))
    code = 1
    try:
        main(list(order["arguments"]))  # type: ignore[call-overload]
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _serve() -> None:
    from workbench.cli import COMMANDS
    from workbench.workflows import registry

    for module in (
        "alembic.config",
        "openai",
        "psycopg",
        "redis",
        "yaml",
        *(f"workbench.api.{path.stem}" for path in (ROOT / "workbench" / "api").glob("*.py")),
        "workbench.db.migrate",
        *(f"workbench.cli.{m}" for m, _ in COMMANDS.values()),
    ):
        importlib.import_module(module)
    registry.load()
    # what was imported stays: a forked process that looks for garbage in it would copy every page of it
    gc.freeze()
    under_way: set[int] = set()

    def bury(*_: object) -> None:
        # one that was killed is gone at once; the others are waited for below
        for started in list(under_way):
            # while one is buried, the end of another may call this again
            with contextlib.suppress(ChildProcessError):
                if os.waitpid(started, os.WNOHANG)[0]:
                    under_way.discard(started)

    signal.signal(signal.SIGCHLD, bury)
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _become(order)
        if order["wait"]:
            _, status = os.waitpid(pid, 0)
            print(os.waitstatus_to_exitcode(status), flush=True)
        else:
            under_way.add(pid)
            bury()
            print(pid, flush=True)


if __name__ == "__main__":
    _serve()
