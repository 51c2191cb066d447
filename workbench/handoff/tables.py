"""The shot list as a table: CSV and XLSX."""

from __future__ import annotations

import csv
import io
import re

from workbench.handoff.book import Book, Episode, Scene, Shot
from workbench.handoff.words import ANGLES, COLUMNS, CUES, FRAMINGS, clock, say
from workbench.i18n import N_, translate
from workbench.plain_text import cell

#: XML knows none of these
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_WIDTHS = {
    "episode": 8, "scene": 7, "shot": 6, "frame": 7, "size": 16, "angle": 11, "lens": 18, "place": 22, "cast": 20,
    "caption": 36, "action": 44, "composition": 36, "lines": 44, "cues": 36, "from": 9, "seconds": 9,
}  # fmt: skip
#: an Excel cell holds no more
LONGEST_CELL = 32_767
_RIGHT = ("episode", "scene", "shot", "seconds")


def rows(book: Book) -> list[dict[str, object]]:
    """A row a shot, by the names of `COLUMNS`; of a scene without shots one row. Lines and cues stand on its first."""
    return [row for episode, scene in book.scenes for row in _rows_of(episode, scene, book.language)]


def _rows_of(episode: Episode, scene: Scene, language: str) -> list[dict[str, object]]:
    lines = "\n".join(f"{line.speaker}: {line.text}" if line.speaker else line.text for line in scene.lines)
    cues = "\n".join(f"{say(CUES, c.type, language)} {clock(c.from_s)}: {c.description}" for c in scene.cues)
    shots: list[Shot | None] = list(scene.shots) or [None]
    return [
        {
            "episode": episode.number, "scene": scene.number, "shot": shot.order if shot else "",
            "frame": shot.key if shot else "", "size": say(FRAMINGS, shot.framing, language) if shot else "",
            "angle": say(ANGLES, shot.angle, language) if shot else "", "lens": shot.lens if shot else "",
            "place": scene.location, "cast": ", ".join(shot.people if shot else scene.cast),
            "caption": shot.caption if shot else scene.title, "action": "\n".join(shot.actions) if shot else "",
            "composition": shot.composition if shot else "", "lines": "" if at else lines, "cues": "" if at else cues,
            "from": clock(scene.from_s), "seconds": "" if at else scene.seconds,
        }
        for at, shot in enumerate(shots)
    ]  # fmt: skip


def make_csv(book: Book) -> bytes:
    """With a byte order mark: without one Excel takes it for the machine's own encoding."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([translate(name, book.language) for name in COLUMNS.values()])
    for row in rows(book):
        writer.writerow([cell(_writable(row[name])) for name in COLUMNS])
    return out.getvalue().encode("utf-8-sig")


def make_xlsx(book: Book) -> bytes:
    import xlsxwriter

    out = io.BytesIO()
    # text is text: what looks like a formula, a number or an address is none
    workbook = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_urls": False})
    workbook.set_properties({"title": _writable(book.title)})
    sheet = workbook.add_worksheet(translate(N_("Shot list"), book.language))
    font = {"font_name": "Microsoft YaHei" if book.language == "zh" else "Calibri", "font_size": 10, "valign": "top"}
    heading = workbook.add_format(font | {"bold": True, "bg_color": "#EEEBFC", "bottom": 1, "valign": "vcenter"})
    plain = workbook.add_format(font | {"text_wrap": True})
    right = workbook.add_format(font | {"align": "right"})
    first = workbook.add_format(font | {"text_wrap": True, "top": 1})
    first_right = workbook.add_format(font | {"align": "right", "top": 1})
    for column, name in enumerate(COLUMNS):
        sheet.write_string(0, column, translate(COLUMNS[name], book.language), heading)
        sheet.set_column(column, column, _WIDTHS[name])
    before: tuple[object, object] | None = None
    for number, row in enumerate(rows(book), start=1):
        new = before != (row["episode"], row["scene"])
        before = (row["episode"], row["scene"])
        for column, name in enumerate(COLUMNS):
            value, is_number = row[name], name in _RIGHT
            style = (first_right if new else right) if is_number else (first if new else plain)
            if isinstance(value, int | float):
                sheet.write_number(number, column, value, style)
            else:
                sheet.write_string(number, column, str(_writable(value))[:LONGEST_CELL], style)
    sheet.set_row(0, 22)
    sheet.freeze_panes(1, 3)
    sheet.autofilter(0, 0, len(rows(book)), len(COLUMNS) - 1)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    workbook.close()
    return out.getvalue()


def _writable(value: object) -> object:
    return _UNWRITABLE.sub("", value) if isinstance(value, str) else value
