"""A project out as one file, and in again."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from workbench.db.rows.story import Project
from workbench.handoff.forms import safe_name
from workbench.ui import incoming, live, once, outgoing, shell
from workbench.ui.language import t
from workbench.ui.markup import plain


def download(project: Project) -> None:
    """The link that packs a project when it is followed."""
    outgoing.link(
        f"export_{project.id}", project.id, f"{safe_name(project.title)}.zip", t("Export"), "ios_share",
        t("Everything with its versions, pictures and costs as one file; no keys"),
    )  # fmt: skip


def offer_import() -> int | None:
    """A place for the file of a project; its number once it is in."""
    with st.popover(t("Import"), icon=":material/upload_file:", key="import_open", width="content"):
        label = t("The file of an exported project")
        st.markdown(label)
        arrived = incoming.offer("import_file", label, ".zip", live.settings().home)
        wanted = st.button(t("Import this project"), key="import", type="primary", disabled=arrived is None)
        if wanted and arrived is not None:
            bar = st.progress(0, text=t("Looking at everything in it"))
            with shell.show_refusals():
                project = int(once.do("import", arrived.ticket, lambda: _read_in(arrived.path, bar)))
                incoming.take("import_file", arrived)
                return project
            # what was refused is not tried again: the next one is another file
            incoming.take("import_file", arrived)
            bar.empty()
            shell.show_refusal()
    return None


def _read_in(path: Path, bar: st.delta_generator.DeltaGenerator) -> int:
    def tell(percent: int) -> None:
        bar.progress(percent, text=t("Looking at everything in it"))

    report = live.workbench().projects.import_archive(path, tell)
    live.invalidate()
    told = t("{title} is here.", title=plain(report.title))
    if report.missing:
        told += " " + t("Pictures and clips that were missing when it was exported: {n}.", n=len(report.missing))
    if report.had_profile:
        told += " " + t("It uses the sketch until you choose a model profile on its card.")
    shell.toast(told)
    return report.project_id


def duplicate(project_id: int) -> None:
    """Copy a project; the copy is the newest card."""
    with shell.show_refusals():
        live.workbench().projects.duplicate(project_id, user=shell.user())
        live.invalidate()
        shell.toast(t("Copied. The copy has every version and has cost nothing."))
