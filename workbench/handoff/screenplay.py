"""An episode as a screenplay: Fountain, and a document for word processors."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from workbench.handoff.book import Book, Scene
from workbench.handoff.words import LINES, say
from workbench.i18n import N_, translate

Form = Literal["heading", "action", "cue", "parenthetical", "speech", "transition", "section"]
_SETTING = {
    "en": {"int": "INT.", "ext": "EXT.", "int_ext": "INT./EXT."},
    "zh": {"int": "内景", "ext": "外景", "int_ext": "内外景"},
}
_TRANSITIONS = {
    "cut": ("CUT TO:", "切至"), "jump_cut": ("JUMP CUT TO:", "跳切至"), "smash_cut": ("SMASH CUT TO:", "硬切至"),
    "dissolve": ("DISSOLVE TO:", "叠化至"), "fade": ("FADE OUT.", "淡出"), "dip_to_black": ("DIP TO BLACK.", "黑场"),
    "wipe": ("WIPE TO:", "划至"),
}  # fmt: skip
_EXTENSION = {"off_screen": ("O.S.", "画外"), "voice_over": ("V.O.", "画外音")}
_BREAKS = re.compile(r"[\r\n\v\f\x85\u2028\u2029]+")
_OPENING, _CLOSING = ("(", "（"), (")", "）")
_EMPHASIS = re.compile(r"([*_\\])")
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Piece:
    """One paragraph of a screenplay."""

    form: Form
    text: str


def list_pieces(book: Book) -> Iterator[Piece]:
    """The whole screenplay, paragraph by paragraph; of a scene that has no script, its summary and its lines."""
    for episode in book.episodes:
        label = f"第 {episode.number} 集" if book.language == "zh" else f"Episode {episode.number}"
        yield Piece("section", f"{label} · {_line(episode.title)}")
        for scene in episode.scenes:
            yield from _of_script(scene, book.language) if scene.script else _of_scene(scene, book.language)


def _of_script(scene: Scene, language: str) -> Iterator[Piece]:
    assert scene.script is not None
    at = language == "zh"
    heading = scene.script["heading"]
    setting = _SETTING["zh" if at else "en"][heading["setting"]]
    yield Piece("heading", _heading(setting, heading["place"], heading["time"], language))
    for element in scene.script["elements"]:
        if element["type"] != "dialogue":
            yield from (Piece("action", _line(part)) for part in _paragraphs(element["text"]))
            continue
        heard = _EXTENSION.get(element["extension"])
        yield from _speech(
            element["speaker"], f" ({heard[at]})" if heard else "", element["parenthetical"], element["text"]
        )
    told = _TRANSITIONS.get(scene.script["transition"])
    if told:
        yield Piece("transition", told[at])


def _of_scene(scene: Scene, language: str) -> Iterator[Piece]:
    yield Piece("heading", _heading("", scene.location or scene.title, "", language))
    yield from (Piece("action", _line(part)) for part in _paragraphs(scene.summary or scene.title))
    for line in scene.lines:
        if not line.speaker:
            yield from _speech(say(LINES, line.type, language), "", "", line.text)
            continue
        heard = " (V.O.)" if line.type in ("monologue", "thought") else ""
        yield from _speech(line.speaker, heard, ", ".join(filter(None, (line.emotion, *line.notes))), line.text)


def _heading(setting: str, place: str, time: str, language: str) -> str:
    joined = (
        " ".join(filter(None, (setting, _line(place)))) if language == "zh" else f"{setting} {_line(place)}".strip()
    )
    dash = " " if language == "zh" else " - "
    text = f"{joined}{dash}{_line(time)}" if time.strip() else joined
    return text if language == "zh" else text.upper()


def _speech(speaker: str, extension: str, parenthetical: str, text: str) -> Iterator[Piece]:
    yield Piece("cue", f"{_line(speaker).upper()}{extension}")
    manner = _unwrap(_line(parenthetical))
    if manner:
        yield Piece("parenthetical", f"({manner})")
    yield Piece("speech", " ".join(_line(part) for part in _paragraphs(text)))


def _unwrap(text: str) -> str:
    """Without the brackets around the whole of it; one that only begins or ends with brackets keeps them."""
    while _find_close(text) == len(text) - 1:
        text = text[1:-1].strip()
    return text


def _find_close(text: str) -> int | None:
    """Where the bracket closes that a text begins with."""
    depth = 0
    for at, sign in enumerate(text if text.startswith(_OPENING) else ""):
        depth += sign in _OPENING
        depth -= sign in _CLOSING
        if depth == 0:
            return at
    return None


def _paragraphs(text: str) -> list[str]:
    return [part.strip() for part in _BREAKS.split(text) if part.strip()]


def _line(text: str) -> str:
    return _BREAKS.sub(" ", _UNWRITABLE.sub("", text)).strip()


# -- Fountain (https://fountain.io/syntax, read 2026-11-28) ------------------------------------------------------------


def make_fountain(book: Book) -> bytes:
    """Each element is marked as what it is, so that no title and no line is taken for another."""
    blocks = [f"Title:\n    {_escape(_line(book.title))}"]
    speech: list[str] = []
    for piece in list_pieces(book):
        if piece.form in ("parenthetical", "speech"):
            speech.append(_escape_speech(piece))
            continue
        if speech:
            blocks.append("\n".join(speech))
            speech = []
        match piece.form:
            case "section":
                blocks.append(f"# {_escape(piece.text)}")
            case "heading":
                blocks.append(f".{_escape(piece.text).lstrip('.')}")
            case "action":
                blocks.append(f"!{_escape(piece.text)}")
            case "transition":
                blocks.append(f"> {_escape(piece.text)}")
            case "cue":
                speech = [f"@{_escape(piece.text)}"]
    if speech:
        blocks.append("\n".join(speech))
    return ("\n\n".join(blocks) + "\n").encode()


def _escape(text: str) -> str:
    # notes and boneyards would swallow what stands in them
    told = _EMPHASIS.sub(r"\\\1", text).replace("[[", "[\u200b[").replace("/\\*", "/\u200b\\*")
    return told or " "


def _escape_speech(piece: Piece) -> str:
    text = _escape(piece.text)
    if piece.form == "parenthetical":
        return text
    # what begins with a bracket would be a parenthetical
    return f"\u200b{text}" if text.startswith(("(", "（")) else text


# -- a document --------------------------------------------------------------------------------------------------------

#: left and right indents in cm, space before in points
_LAYOUT: dict[Form, tuple[float, float, float]] = {
    "section": (0, 0, 18), "heading": (0, 0, 18), "action": (0, 0, 10), "cue": (5.6, 0, 10),
    "parenthetical": (4.1, 3.8, 0), "speech": (2.5, 3.8, 0), "transition": (0, 0, 10),
}  # fmt: skip


def make_docx(book: Book) -> bytes:
    from docx import Document
    from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
    from docx.shared import Cm, Pt

    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin, section.right_margin = Cm(3.8), Cm(2.5)
    section.top_margin = section.bottom_margin = Cm(2.5)
    document.core_properties.title = _line(book.title)
    document.core_properties.author = ""
    normal = document.styles["Normal"]
    _set_fonts(normal, book.language)
    normal.font.size = Pt(12)
    normal.paragraph_format.space_after = Pt(0)
    styles = {form: _add_style(document, form, book.language) for form in _LAYOUT}
    title = document.add_paragraph(_line(book.title))
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    title.paragraph_format.space_before = Cm(8)
    title.runs[0].font.size = Pt(20)
    title.runs[0].add_break(WD_BREAK.PAGE)
    for piece in list_pieces(book):
        document.add_paragraph(piece.text, style=styles[piece.form])
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _add_style(document: Any, form: Form, language: str) -> Any:
    from docx.enum.style import WD_STYLE_TYPE
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Cm, Pt

    names: dict[Form, str] = {
        "section": N_("Episode"), "heading": N_("Scene heading"), "action": N_("Action"), "cue": N_("Speaker"),
        "parenthetical": N_("Parenthetical"), "speech": N_("Speech"), "transition": N_("Transition"),
    }  # fmt: skip
    style = document.styles.add_style(translate(names[form], language), WD_STYLE_TYPE.PARAGRAPH)
    style.base_style = document.styles["Normal"]
    _set_fonts(style, language)
    left, right, before = _LAYOUT[form]
    layout = style.paragraph_format
    layout.left_indent, layout.right_indent, layout.space_before = Cm(left), Cm(right), Pt(before)
    style.font.bold = form in ("heading", "section")
    # a heading stays with its scene, a name with what it says
    layout.keep_with_next = form in ("section", "heading", "cue", "parenthetical")
    if form == "transition":
        layout.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    return style


def _set_fonts(style: Any, language: str) -> None:
    """Word chooses the font of Chinese signs by an attribute of its own."""
    from docx.oxml.ns import qn

    style.font.name = "Courier New"
    style.element.get_or_add_rPr().get_or_add_rFonts().set(
        qn("w:eastAsia"), "SimSun" if language == "zh" else "MS Mincho"
    )
