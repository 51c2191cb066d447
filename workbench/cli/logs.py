"""`reelwright logs`: what web, workers and the others printed, in the order of time."""

from __future__ import annotations

import heapq
import os
import re
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import click

from workbench.cli import console
from workbench.errors import NotFound
from workbench.i18n import N_, Text
from workbench.log_file import clean
from workbench.security.redact import redactor
from workbench.settings import Settings

LOOK_EVERY_S = 0.25
#: read from the end in pieces of so many bytes
_PIECE = 65_536
#: what workers and Streamlit write ahead of a line has its time already
_OWN_TIME = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[,.]\d{3} +")


@dataclass(frozen=True, order=True)
class Line:
    """One line that a part printed. `at`: as in the file, UTC."""

    at: str
    part: str
    text: str

    @classmethod
    def parse(cls, part: str, line: str) -> Line:
        at, _, text = line.partition(" ")
        return cls(at, part, redactor.text(clean(_OWN_TIME.sub("", text))))

    def to_text(self, width: int) -> str:
        """As it is shown: local time, part, text."""
        try:
            local = datetime.fromisoformat(self.at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        except ValueError:  # a disk that was full kept half of a line
            local = self.at
        return f"{local}  {self.part:<{width}}  {self.text}"


@click.command()
@click.option("--follow", "-f", is_flag=True, help="Go on with what is printed from now on, until Ctrl-C.")
@click.option("--part", help="One part alone: web, worker, worker-1, valkey, up.")
@click.option("--lines", "-n", default=100, type=click.IntRange(0, 1_000_000), show_default=True, help="The newest.")
@console.json_option
def command(follow: bool, part: str | None, lines: int, as_json: bool) -> None:
    """Show what the parts of this installation printed."""
    folder = Settings.load().log_folder
    tails = {name: Tail(folder, name) for name in list_parts(folder, part)}
    if not tails:
        console.say(Text(N_("There are no logs in {folder} yet: reelwright up writes them."), folder=str(folder)))
    newest = heapq.merge(*(tail.last(lines) for tail in tails.values()))
    shown = [*newest][-lines:] if lines else []
    if as_json and not follow:
        console.emit([asdict(line) for line in shown])
        return
    _print(shown, as_json)
    while follow:
        _print(sorted(line for tail in tails.values() for line in tail.read_new()), as_json)
        time.sleep(LOOK_EVERY_S)
        for name in set(list_parts(folder, part, strict=False)) - set(tails):
            tails[name] = Tail(folder, name)


def list_parts(folder: Path, wanted: str | None, *, strict: bool = True) -> list[str]:
    """The parts that have a log; `worker` means all workers. Raises NotFound for a part without one."""
    names = sorted({file.name.partition(".log")[0] for file in folder.glob("*.log*")})
    if wanted is None:
        return names
    sought = wanted.replace(" ", "-")
    parts = [n for n in names if n == sought or n.rpartition("-")[0] == sought]
    if not parts and strict:
        raise NotFound(
            Text(N_("There is no log of {part}. There are: {known}"), part=wanted, known=", ".join(names) or "—")
        )
    return parts


class Tail:
    """A part's log, from its end: the lines there are, and those that come."""

    def __init__(self, folder: Path, part: str) -> None:
        self._path = folder / f"{part}.log"
        self._part = part
        self._file = -1
        self._rest = b""

    def last(self, count: int) -> list[Line]:
        """The newest lines, older files included; from here on `read_new` goes on behind them."""
        self._open()
        end = 0 if self._file < 0 else os.lseek(self._file, 0, os.SEEK_END)
        lines = _last_lines(self._path, count, end)
        for older in sorted(self._path.parent.glob(f"{self._path.name}.*"), key=_number):
            if len(lines) < count:
                lines = [*_last_lines(older, count - len(lines), None), *lines]
        return [self._parse(line) for line in lines]

    def read_new(self) -> Iterator[Line]:
        """The lines that were added since; also where the file was rotated meanwhile."""
        yield from self._read()
        try:
            current = os.stat(self._path).st_ino
        except FileNotFoundError:
            return
        if self._file < 0 or os.fstat(self._file).st_ino != current:
            # what was written between the look and the rotation
            yield from self._read()
            self._open()
            yield from self._read()

    def _read(self) -> Iterator[Line]:
        while self._file >= 0 and (piece := os.read(self._file, _PIECE)):
            *lines, self._rest = (self._rest + piece).split(b"\n")
            yield from (self._parse(line) for line in lines)

    def _open(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        try:
            self._file = os.open(self._path, os.O_RDONLY)
        except FileNotFoundError:
            self._file = -1

    def _parse(self, line: bytes) -> Line:
        return Line.parse(self._part, line.decode("utf-8", "replace"))


def _number(file: Path) -> int:
    number = file.name.rpartition(".")[2]
    return int(number) if number.isdigit() else 0


def _last_lines(path: Path, count: int, end: int | None) -> list[bytes]:
    """The last lines of a file, or of its first `end` bytes, read from behind."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return []
    with file:
        at = file.seek(0, os.SEEK_END) if end is None else end
        held = b""
        while at > 0 and held.count(b"\n") <= count:
            step = min(_PIECE, at)
            at -= step
            file.seek(at)
            held = file.read(step) + held
    lines = held.split(b"\n")
    whole = lines[1:-1] if at > 0 else lines[:-1]
    return whole[-count:] if count else []


def _print(lines: list[Line], as_json: bool) -> None:
    if as_json:
        for line in lines:
            console.emit_line(asdict(line))
        return
    width = max((len(line.part) for line in lines), default=0)
    for line in lines:
        console.print_plain(line.to_text(max(width, 8)))
