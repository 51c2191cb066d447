"""Lines and sounds as SRT, each where it stands in the film."""

from __future__ import annotations

import re
from dataclasses import replace

from workbench.handoff.book import Book, Cue, Line
from workbench.handoff.words import CUES, say

#: in a subtitle a blank line ends it
_LINES = re.compile(r"\s*[\r\n\v\f\x85\u2028\u2029]+\s*")
#: these begin markup, and a backslash makes a line break or a blank of the letter behind it
_PLAIN = str.maketrans({"<": "‹", ">": "›", "{": "(", "}": ")", "\\": "\\\u200b"})
#: between two subtitles
_GAP_S = 0.05


def make_lines_srt(book: Book) -> bytes:
    """What is spoken, with its speaker."""
    colon = "：" if book.language == "zh" else ": "
    timed = [
        (line.from_s, line.to_s, f"{line.speaker}{colon}{line.text}" if line.speaker else line.text)
        for line in _in_film(book)[0]
    ]
    return _write(timed)


def make_cues_srt(book: Book) -> bytes:
    """What is heard besides, in brackets as for those who do not hear it."""
    timed = [
        (cue.from_s, cue.to_s, f"[{say(CUES, cue.type, book.language)}] {cue.description}") for cue in _in_film(book)[1]
    ]
    return _write(timed)


def _in_film(book: Book) -> tuple[list[Line], list[Cue]]:
    """Lines and cues; episodes follow each other as they would in one film."""
    lines: list[Line] = []
    cues: list[Cue] = []
    start = 0.0
    for episode in book.episodes:
        for scene in episode.scenes:
            lines += [replace(i, from_s=i.from_s + start, to_s=i.to_s + start) for i in scene.lines]
            cues += [replace(i, from_s=i.from_s + start, to_s=i.to_s + start) for i in scene.cues]
        start += sum(scene.seconds for scene in episode.scenes)
    return lines, cues


def _write(timed: list[tuple[float, float, str]]) -> bytes:
    import pysubs2

    file = pysubs2.SSAFile()
    for start, end, text in sorted(timed):
        event = pysubs2.SSAEvent(start=round(start * 1000), end=round(max(end, start + _GAP_S) * 1000))
        event.plaintext = _LINES.sub(" ", text).translate(_PLAIN)
        file.events.append(event)
    # a file of no subtitles is one, too
    return str(file.to_string("srt")).encode("utf-8-sig")
