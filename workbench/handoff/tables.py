"""The shot list as a table: CSV and XLSX. The 81 panels of a long storyboard are shots as well: in CSV rows after those
of their scene, in XLSX a sheet of their own."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

from workbench.handoff.book import Book, Episode, Group, Panel, Scene, Shot
from workbench.handoff.words import ANGLES, CAMERA, COLUMNS, CUES, FRAMINGS, PANEL_COLUMNS, PANEL_SIZES, clock, say
from workbench.i18n import N_, translate
from workbench.plain_text import cell

if TYPE_CHECKING:
    import xlsxwriter

#: XML knows none of these
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_WIDTHS = {
    "episode": 8, "scene": 7, "shot": 6, "frame": 7, "size": 16, "angle": 11, "lens": 18, "place": 22, "cast": 20,
    "caption": 36, "action": 44, "composition": 36, "lines": 44, "cues": 36,
    "from": 9, "seconds": 9, "panel": 7, "motion": 16, "en": 70, "zh": 60,
}  # fmt: skip
#: an Excel cell holds no more
LONGEST_CELL = 32_767
_RIGHT = ("episode", "scene", "shot", "seconds", "panel")
_SHEET_OF_PANELS = ("episode", "scene", "frame", "panel", "size", "angle", "lens", "motion", "cast", "en", "zh")
Row = dict[str, object]


def rows(book: Book) -> list[Row]:
    """A row a shot, by the names of `COLUMNS`; of a scene without shots one row. Lines and cues stand on its first."""
    return [row for episode, scene in book.scenes for row in _rows_of(episode, scene, book.language)]


def panel_rows(episode: Episode, scene: Scene, language: str) -> list[Row]:
    """A row a panel, by the names of `COLUMNS` and `PANEL_COLUMNS`; `frame`: its group."""
    return [_panel_row(episode, scene, g, p, language) for g in scene.groups for p in g.panels]


def _panel_row(episode: Episode, scene: Scene, group: Group, panel: Panel, language: str) -> Row:
    size, angle, lens, motion = panel.camera_words
    return {
        **dict.fromkeys(COLUMNS, ""),
        "episode": episode.number, "scene": scene.number, "frame": group.key, "panel": panel.number,
        "size": say(PANEL_SIZES, size, language), "angle": say(CAMERA, angle, language),
        "lens": say(CAMERA, lens, language), "motion": say(CAMERA, motion, language), "place": scene.location,
        "cast": ", ".join(panel.people), "en": panel.en, "zh": panel.zh,
    }  # fmt: skip


def _rows_of(episode: Episode, scene: Scene, language: str) -> list[Row]:
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
    columns = COLUMNS | PANEL_COLUMNS if book.has_panels else COLUMNS
    writer.writerow([translate(name, book.language) for name in columns.values()])
    for episode, scene in book.scenes:
        for row in (*_rows_of(episode, scene, book.language), *panel_rows(episode, scene, book.language)):
            writer.writerow([cell(_writable(row.get(name, ""))) for name in columns])
    return out.getvalue().encode("utf-8-sig")


def make_xlsx(book: Book) -> bytes:
    import xlsxwriter

    out = io.BytesIO()
    # text is text: what looks like a formula, a number or an address is none
    workbook = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_urls": False})
    workbook.set_properties({"title": _writable(book.title)})
    write = _Sheets(workbook, book.language)
    write.add(translate(N_("Shot list"), book.language), COLUMNS, rows(book), frozen=3)
    if book.has_panels:
        columns = {name: (COLUMNS | PANEL_COLUMNS)[name] for name in _SHEET_OF_PANELS}
        panels = [row for episode, scene in book.scenes for row in panel_rows(episode, scene, book.language)]
        write.add(translate(N_("Panels"), book.language), columns, panels, frozen=4)
    workbook.close()
    return out.getvalue()


class _Sheets:
    """Sheets of one workbook, alike."""

    def __init__(self, workbook: xlsxwriter.Workbook, language: str) -> None:
        self._workbook = workbook
        self._language = language
        font = {"font_name": "Microsoft YaHei" if language == "zh" else "Calibri", "font_size": 10, "valign": "top"}
        self._heading = workbook.add_format(
            font | {"bold": True, "bg_color": "#EEEBFC", "bottom": 1, "valign": "vcenter"}
        )
        #: by whether a scene begins with it and whether it stands at the right
        self._styles = {
            (first, right): workbook.add_format(
                font | ({"align": "right"} if right else {"text_wrap": True}) | ({"top": 1} if first else {})
            )
            for first in (False, True)
            for right in (False, True)
        }

    def add(self, title: str, columns: dict[str, str], rows: list[Row], frozen: int) -> None:
        """A sheet with a row for each; the first `frozen` columns stay in sight."""
        sheet = self._workbook.add_worksheet(title)
        for column, (name, heading) in enumerate(columns.items()):
            sheet.write_string(0, column, translate(heading, self._language), self._heading)
            sheet.set_column(column, column, _WIDTHS[name])
        before: tuple[object, object] | None = None
        for number, row in enumerate(rows, start=1):
            first = before != (row["episode"], row["scene"])
            before = (row["episode"], row["scene"])
            for column, name in enumerate(columns):
                value, style = row[name], self._styles[first, name in _RIGHT]
                if isinstance(value, int | float):
                    sheet.write_number(number, column, value, style)
                else:
                    sheet.write_string(number, column, str(_writable(value))[:LONGEST_CELL], style)
        sheet.set_row(0, 22)
        sheet.freeze_panes(1, frozen)
        sheet.autofilter(0, 0, len(rows), len(columns) - 1)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)


def _writable(value: object) -> object:
    return _UNWRITABLE.sub("", value) if isinstance(value, str) else value
