"""The storyboard as a book of pages that a crew prints: each scene's nine frames on one sheet, then its shots, lines
and sounds. A4 across; the font is in the file, as far as it is used.
"""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from workbench.handoff.book import Book, Episode, Panel, Progress, Read, Scene, Shot
from workbench.handoff.words import (
    ANGLES,
    CAMERA,
    COLUMNS,
    CUES,
    FRAMINGS,
    LINES,
    PANEL_COLUMNS,
    PANEL_SIZES,
    clock,
    say,
)
from workbench.i18n import N_, translate
from workbench.sketch.drawing.caption import FONT, replace_missing

if TYPE_CHECKING:
    from fpdf import FPDF


#: title, columns, their widths in mm, rows
Table = tuple[str, list[str], Sequence[float], list[list[str]]]

FAMILY = "Reelwright"
#: stands for the number of pages until that is known: no text has it, since `replace_missing` lets no such sign through
COUNT = "\ue0000"
WIDTH, HEIGHT, MARGIN = 297.0, 210.0, 11.0
TOP, BOTTOM, GUTTER = 25.0, 9.0, 5.0
#: columns and rows of nine frames, by how wide a frame is for its height
WIDE, TALL = (3, 3), (5, 2)
#: of a row of a table: more than a page holds no row has
MOST_LINES = 40
#: enough for 300 dots an inch of the widest frame
MOST_PIXELS = 1_050
INK, MUTED, RULE, ACCENT, GROUND = (27, 29, 40), (86, 92, 107), (218, 221, 230), (79, 70, 198), (243, 244, 248)


def make_pdf(book: Book, read: Read, progress: Progress = lambda done, of: None) -> bytes:
    """The pages. `read`: the frames."""
    return _Pages(book, read, progress).make()


class _Pages:
    def __init__(self, book: Book, read: Read, progress: Progress) -> None:
        from fpdf import FPDF

        class Numbered(FPDF):
            def footer(page) -> None:
                _write_footer(page, book)

        self.book = book
        self._read = read
        self._progress = progress
        #: (size, sign) → mm
        self._widths: dict[tuple[float, str], float] = {}
        self._pdf = pdf = Numbered(orientation="landscape", format="A4", unit="mm")
        pdf.set_title(book.title)
        pdf.set_lang("zh-CN" if book.language == "zh" else "en")
        pdf.set_creator("Reelwright")
        pdf.set_margins(MARGIN, MARGIN, MARGIN)
        pdf.set_auto_page_break(False)
        pdf.add_font(FAMILY, fname=str(FONT))
        pdf.alias_nb_pages(COUNT)

    def make(self) -> bytes:
        scenes = self.book.scenes
        self._cover()
        for done, (episode, scene) in enumerate(scenes):
            self._progress(done, len(scenes))
            self._frames(episode, scene)
            self._shots(episode, scene)
        self._progress(len(scenes), len(scenes))
        return bytes(self._pdf.output())

    # -- pages ---------------------------------------------------------------------------------------------------------

    def _cover(self) -> None:
        pdf, book = self._pdf, self.book
        pdf.add_page()
        pdf.set_fill_color(*ACCENT)
        pdf.rect(MARGIN, 30, 24, 1.6, style="F")
        y = self._text(MARGIN, 36, WIDTH - 2 * MARGIN, book.title, 30, strong=True, lines=2)
        told = " · ".join((self._say(N_("Storyboard")), self._count(), book.aspect_ratio))
        y = self._text(MARGIN, y + 2, WIDTH - 2 * MARGIN, told, 11, MUTED) + 8
        for episode, scene in book.scenes:
            if y > HEIGHT - 20:
                pdf.add_page()
                y = MARGIN
            row = self._text(MARGIN, y, 22, f"{episode.number}.{scene.number}", 9.5, ACCENT)
            self._text(MARGIN + 22, y, 150, scene.title, 9.5, lines=1)
            self._text(MARGIN + 176, y, 70, scene.location, 9.5, MUTED, lines=1)
            self._text(WIDTH - MARGIN - 28, y, 28, clock(scene.seconds), 9.5, MUTED, align="R")
            y = row + 1.8

    def _count(self) -> str:
        scenes = self.book.scenes
        frames, seconds = len(self.book.pictures), sum(s.seconds for _, s in scenes)
        return translate(
            N_("{episodes} episodes · {scenes} scenes · {frames} frames · {time}"), self.book.language,
            episodes=len(self.book.episodes), scenes=len(scenes), frames=frames, time=clock(seconds),
        )  # fmt: skip

    def _heading(self, episode: Episode, scene: Scene) -> None:
        self._pdf.add_page()
        self._text(MARGIN, 9, 26, f"{episode.number}.{scene.number}", 17, ACCENT, strong=True)
        self._text(MARGIN + 26, 9, 170, scene.title, 12.5, strong=True, lines=1)
        place = " · ".join(filter(None, (scene.location, ", ".join(scene.cast))))
        self._text(MARGIN + 26, 15.4, 170, place, 8.5, MUTED, lines=1)
        self._text(WIDTH - MARGIN - 78, 9.6, 78, f"{clock(scene.from_s)} – {clock(scene.from_s + scene.seconds)}", 10,
                   align="R")  # fmt: skip
        length = translate(N_("{seconds} s"), self.book.language, seconds=f"{scene.seconds:.1f}")
        self._text(WIDTH - MARGIN - 78, 15.4, 78, length, 8.5, MUTED, align="R")
        self._pdf.set_draw_color(*RULE)
        self._pdf.line(MARGIN, TOP - 3, WIDTH - MARGIN, TOP - 3)

    def _frames(self, episode: Episode, scene: Scene) -> None:
        """Nine frames with what each shows."""
        if not scene.shots:
            return
        self._heading(episode, scene)
        across, down = (int(n) for n in self.book.aspect_ratio.split(":"))
        columns, rows = WIDE if across >= down else TALL
        cell_width = (WIDTH - 2 * MARGIN - (columns - 1) * GUTTER) / columns
        cell_height = (HEIGHT - TOP - BOTTOM - MARGIN / 2) / rows
        words = 11.5
        height = min(cell_width * down / across, cell_height - words - 1)
        width = height * across / down
        for shot in scene.shots:
            column, row = (shot.order - 1) % columns, (shot.order - 1) // columns
            x, y = MARGIN + column * (cell_width + GUTTER), TOP + row * cell_height
            left = x if across >= down else x + (cell_width - width) / 2
            self._frame(shot, left, y, width, height)
            self._under_frame(shot, x, y + height + 1.2, cell_width)

    def _under_frame(self, shot: Shot, x: float, y: float, width: float) -> None:
        number = self._text_width(str(shot.order), 11) + 2
        self._text(x, y - 0.4, number, str(shot.order), 11, ACCENT, strong=True, lines=1)
        about = f"{say(FRAMINGS, shot.framing, self.book.language)} · {say(ANGLES, shot.angle, self.book.language)}"
        self._text(x + number + 0.5, y, width - number, about, 7.2, MUTED, lines=1)
        self._text(x, y + 4.3, width, shot.caption, 7.8, lines=2)

    def _frame(self, shot: Shot, x: float, y: float, width: float, height: float) -> None:
        pdf = self._pdf
        picture = self._find_picture(shot)
        pdf.set_draw_color(*RULE)
        pdf.set_line_width(0.2)
        if picture is None:
            pdf.set_fill_color(*GROUND)
            pdf.rect(x, y, width, height, style="DF")
            pdf.line(x, y, x + width, y + height)
            pdf.line(x, y + height, x + width, y)
            return
        pdf.image(picture, x, y, width, height, keep_aspect_ratio=True, alt_text=shot.caption)
        pdf.rect(x, y, width, height)

    def _find_picture(self, shot: Shot) -> io.BytesIO | None:
        from PIL import Image

        data = self._read(shot.picture) if shot.picture else None
        if data is None:
            return None
        try:
            with Image.open(io.BytesIO(data)) as found:
                image = found.convert("RGB")
        except (OSError, SyntaxError):
            # a file of the store that has been damaged: its place stays empty
            return None
        image.thumbnail((MOST_PIXELS, MOST_PIXELS), Image.Resampling.LANCZOS)
        made = io.BytesIO()
        image.save(made, format="JPEG", quality=86, optimize=True)
        made.seek(0)
        return made

    def _shots(self, episode: Episode, scene: Scene) -> None:
        """What is shot, said and heard, as tables; as many pages as they take."""
        told: list[Table] = []
        language = self.book.language
        if scene.shots:
            columns = ["shot", "size", "angle", "lens", "action", "composition"]
            told.append((self._say(N_("Shot list")), columns, (12, 32, 20, 38, 93, 80), [
                [str(s.order), say(FRAMINGS, s.framing, language), say(ANGLES, s.angle, language), s.lens,
                 "\n".join(s.actions) or s.caption, s.composition] for s in scene.shots
            ]))  # fmt: skip
        if scene.lines:
            told.append((self._say(N_("Dialogue")), ["from", "who", "how", "text"], (18, 40, 52, 165), [
                [clock(line.from_s), line.speaker or say(LINES, line.type, language),
                 ", ".join(filter(None, (line.emotion, *line.notes))), line.text] for line in scene.lines
            ]))  # fmt: skip
        if scene.cues:
            told.append((self._say(N_("Sound")), ["from", "to", "what", "description"], (18, 18, 34, 205), [
                [clock(c.from_s), clock(c.to_s), say(CUES, c.type, language), c.description] for c in scene.cues
            ]))  # fmt: skip
        told += self._panels(scene)
        if not told and scene.shots:
            return
        self._heading(episode, scene)
        y = TOP
        if scene.summary:
            y = self._text(MARGIN, y, WIDTH - 2 * MARGIN, scene.summary, 9, lines=4) + 4
        if scene.silent:
            y = self._text(MARGIN, y, WIDTH - 2 * MARGIN, f"{self._say(N_('Silent scene'))}: {scene.silent}", 9) + 4
        for title, columns, widths, rows in told:
            y = self._table(episode, scene, title, columns, widths, rows, y) + 5

    def _panels(self, scene: Scene) -> list[Table]:
        """A table a group of the long storyboard; the story's language first, the other one beside it where it is."""
        language = self.book.language
        both = any(p.zh for g in scene.groups for p in g.panels)
        tongues = (["zh", "en"] if language == "zh" else ["en", "zh"]) if both else ["en"]
        columns = ["panel", "camera", "people", *tongues]
        widths = (14, 52, 29, *([90, 90] if both else [180]))
        return [
            (" · ".join(filter(None, (f"{g.key} · {g.panels[0].number}–{g.panels[-1].number}", g.goal))), columns,
             widths, [
                [str(p.number), self._camera(p), ", ".join(p.people), *(getattr(p, tongue) for tongue in tongues)]
                for p in g.panels
            ]) for g in scene.groups
        ]  # fmt: skip

    def _camera(self, panel: Panel) -> str:
        size, *others = panel.camera_words
        named = (say(PANEL_SIZES, size, self.book.language), *(say(CAMERA, o, self.book.language) for o in others))
        return " · ".join(filter(None, named))

    def _table(
        self, episode: Episode, scene: Scene, title: str, columns: list[str], widths: Sequence[float],
        rows: list[list[str]], y: float,
    ) -> float:  # fmt: skip
        """A table with its heading, which a new page repeats; how far down it reaches."""
        again = True
        for row in rows:
            tallest = max(self._height(text, width - 3, 8) for text, width in zip(row, widths, strict=True))
            height = min(tallest, MOST_LINES * _line_height(8)) + 2.4
            if y + height + (14 if again else 0) > HEIGHT - BOTTOM - 4:
                self._heading(episode, scene)
                y, again = TOP, True
            if again:
                y = self._text(MARGIN, y, 200, title, 10, strong=True, lines=1) + 1
                y, again = self._column_names(columns, widths, y), False
            x = MARGIN
            for text, width in zip(row, widths, strict=True):
                self._text(x, y + 1.2, width - 3, text, 8, lines=MOST_LINES)
                x += width
            y += height
            self._pdf.set_draw_color(*RULE)
            self._pdf.line(MARGIN, y, MARGIN + sum(widths), y)
        return y

    def _column_names(self, columns: list[str], widths: Sequence[float], y: float) -> float:
        names = {**COLUMNS, "who": N_("Speaker"), "how": N_("Manner"), "text": N_("Text"), "to": N_("To"),
                 "what": N_("Type"), "description": N_("Description"), "camera": N_("Camera"), "people": N_("People"),
                 **PANEL_COLUMNS}  # fmt: skip
        self._pdf.set_fill_color(*GROUND)
        self._pdf.rect(MARGIN, y, sum(widths), 5.4, style="F")
        x = MARGIN
        for column, width in zip(columns, widths, strict=True):
            self._text(x + 0.6, y + 1, width - 2, self._say(names[column]), 7, MUTED, lines=1)
            x += width
        return y + 5.4

    # -- text ----------------------------------------------------------------------------------------------------------

    def _say(self, text: str) -> str:
        return translate(text, self.book.language)

    def _text(
        self, x: float, y: float, width: float, text: str, size: float, colour: tuple[int, int, int] = INK, *,
        strong: bool = False, lines: int = 8, align: str = "L",
    ) -> float:  # fmt: skip
        """Text in so many lines at most, the last one cut with an ellipsis; how far down it reaches."""
        pdf = self._pdf
        pdf.set_font(FAMILY, size=size)
        pdf.set_text_color(*colour)
        pdf.set_draw_color(*colour)
        step = _line_height(size)
        shown = self._wrap(text, width, size)
        if len(shown) > lines:
            shown = [*shown[: lines - 1], self._cut(" ".join(shown[lines - 1 :]), width)]
        with pdf.local_context(text_mode="FILL_STROKE" if strong else "FILL", line_width=size * 0.011):
            for at, line in enumerate(shown):
                pdf.set_xy(x, y + at * step)
                pdf.cell(width, step, line, align=align)
        return y + len(shown) * step

    def _height(self, text: str, width: float, size: float) -> float:
        self._pdf.set_font(FAMILY, size=size)
        return len(self._wrap(text, width, size)) * _line_height(size)

    def _text_width(self, text: str, size: float) -> float:
        self._pdf.set_font(FAMILY, size=size)
        return float(self._pdf.get_string_width(text))

    def _wrap(self, text: str, width: float, size: float) -> list[str]:
        self._pdf.set_font(FAMILY, size=size)
        found: list[str] = []
        for paragraph in text.splitlines():
            found += self._wrap_paragraph(replace_missing(paragraph), width)
        return found or [""]

    def _wrap_paragraph(self, text: str, width: float) -> list[str]:
        room = width - 2 * self._pdf.c_margin
        lines, line = [], ""
        for piece in _pieces(text):
            if line and self._width_of((line + piece).rstrip()) > room:
                lines.append(line.rstrip())
                line = ""
            line += piece if line else piece.lstrip()
            while self._width_of(line) > room and len(line) > 1:
                fits = max(1, bisect_right([*accumulate(map(self._sign_width, line))], room))
                lines.append(line[:fits])
                line = line[fits:]
        return [*lines, line.rstrip()] if line.strip() or not lines else lines

    def _width_of(self, text: str) -> float:
        """In the font that is set. A sign is as wide wherever it stands: no two of them are drawn as one."""
        return sum(map(self._sign_width, text))

    def _sign_width(self, sign: str) -> float:
        key = (self._pdf.font_size_pt, sign)
        if key not in self._widths:
            self._widths[key] = float(self._pdf.get_string_width(sign))
        return self._widths[key]

    def _cut(self, text: str, width: float) -> str:
        room = width - 2 * self._pdf.c_margin - self._sign_width("…")
        return text[: bisect_right([*accumulate(map(self._sign_width, text))], room)].rstrip() + "…"


#: no line begins with one of these
_CLOSING = frozenset("，。；：、！？）》」』”’…—·,.;:!?)]}%")


def _pieces(text: str) -> list[str]:
    """Where a line may break: between words, and between Chinese signs, but not before a closing one."""
    pieces: list[str] = []
    for sign in text:
        wide = sign >= "\u2e80"
        if (
            pieces and (sign in _CLOSING or (not wide and not pieces[-1].endswith(" ") and pieces[-1][-1] < "\u2e80"))
        ) or (pieces and sign == " "):
            pieces[-1] += sign
        else:
            pieces.append(sign)
    return pieces


def _line_height(size: float) -> float:
    """In mm, of a size in points."""
    return size * 0.3528 * 1.32


def _write_footer(pdf: FPDF, book: Book) -> None:
    pdf.set_font(FAMILY, size=7)
    pdf.set_text_color(*MUTED)
    pdf.set_xy(MARGIN, HEIGHT - BOTTOM)
    pdf.cell(200, 4, replace_missing(book.title)[:90])
    pdf.set_xy(WIDTH - MARGIN - 60, HEIGHT - BOTTOM)
    pdf.cell(60, 4, f"{pdf.page_no()} / {COUNT}", align="R")
