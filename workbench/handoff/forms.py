"""Every form of a hand-off by its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

from workbench.handoff.book import Book, Progress, Read
from workbench.i18n import N_

FormName = Literal["pdf", "csv", "xlsx", "fountain", "docx", "srt", "cues"]


@dataclass(frozen=True)
class Form:
    """`ending`: of its file's name."""

    name: FormName
    title: str
    ending: str
    mime: str
    make: Callable[[Book, Read, Progress], bytes]
    #: with more scenes it is made by a job
    quick: int = 24

    @property
    def suffix(self) -> str:
        """The last part of its ending."""
        return PurePath(f"a{self.ending}").suffix


def _pdf(book: Book, read: Read, progress: Progress) -> bytes:
    from workbench.handoff.pdf import make_pdf

    return make_pdf(book, read, progress)


def _csv(book: Book, read: Read, progress: Progress) -> bytes:
    from workbench.handoff.tables import make_csv

    return make_csv(book)


def _xlsx(book: Book, read: Read, progress: Progress) -> bytes:
    from workbench.handoff.tables import make_xlsx

    return make_xlsx(book)


def _fountain(book: Book, read: Read, progress: Progress) -> bytes:
    from workbench.handoff.screenplay import make_fountain

    return make_fountain(book)


def _docx(book: Book, read: Read, progress: Progress) -> bytes:
    from workbench.handoff.screenplay import make_docx

    return make_docx(book)


def _srt(book: Book, read: Read, progress: Progress) -> bytes:
    from workbench.handoff.subtitles import make_lines_srt

    return make_lines_srt(book)


def _cues(book: Book, read: Read, progress: Progress) -> bytes:
    from workbench.handoff.subtitles import make_cues_srt

    return make_cues_srt(book)


FORMS: dict[str, Form] = {
    form.name: form
    for form in (
        Form("pdf", N_("Storyboard (PDF)"), ".pdf", "application/pdf", _pdf, quick=2),
        Form("xlsx", N_("Shot list (Excel)"), ".xlsx",
             "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _xlsx),
        Form("csv", N_("Shot list (CSV)"), ".csv", "text/csv", _csv),
        Form("fountain", N_("Screenplay (Fountain)"), ".fountain", "text/plain", _fountain),
        Form("docx", N_("Screenplay (Word)"), ".docx",
             "application/vnd.openxmlformats-officedocument.wordprocessingml.document", _docx),
        Form("srt", N_("Dialogue (SRT)"), ".srt", "application/x-subrip", _srt),
        Form("cues", N_("Sounds (SRT)"), ".cues.srt", "application/x-subrip", _cues),
    )
}  # fmt: skip


def file_name(book: Book, form: Form) -> str:
    """What a file is called: the story, with episode and scene where it is one alone."""
    kept = safe_name(book.title)
    if len(book.episodes) == 1:
        kept += f" {book.episodes[0].number}"
        if len(book.scenes) == 1:
            kept += f".{book.scenes[0][1].number}"
    return f"{kept}{form.ending}"


def safe_name(title: str) -> str:
    """A title as a file may be called on any machine."""
    return " ".join("".join(c if c.isalnum() or c in " -_" else " " for c in title).split())[:80] or "storyboard"
