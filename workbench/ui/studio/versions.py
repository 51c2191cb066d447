"""The versions of an artifact: their list, one beside another, and what restores or pins one."""

from __future__ import annotations

import streamlit as st

from workbench.artifacts import kinds
from workbench.db.rows.story import ArtifactVersion, VersionEntry
from workbench.ui import job_links, labels, live, shell
from workbench.ui.language import t
from workbench.ui.markup import plain
from workbench.ui.studio import diff, looks, replanning
from workbench.ui.studio.editing import cell_key

#: older ones are drawn when somebody asks for them
SHOWN = 12


def restore(node_id: int, kind: str, version: int) -> None:
    if replanning.would_hide(node_id, kind, version):
        replanning.ask(node_id, kind, "restore", version)
        return
    with shell.show_refusals():
        live.workbench().artifacts.restore(node_id, kind, version)
        shell.toast(t("Version {n} is back, as a new version.", n=version))
    live.invalidate()


def pin(node_id: int, kind: str, version: int | None) -> None:
    if replanning.would_hide(node_id, kind, version):
        replanning.ask(node_id, kind, "pin", version)
        return
    with shell.show_refusals():
        live.workbench().artifacts.pin(node_id, kind, version)
    live.invalidate()


def compare(node_id: int, kind: str, older: int, newer: int) -> None:
    st.session_state[cell_key(node_id, kind, "compare")] = (older, newer)


def end_compare(node_id: int, kind: str) -> None:
    st.session_state.pop(cell_key(node_id, kind, "compare"), None)


def version_meta(artifact: ArtifactVersion) -> str:
    """``v4 · sketch · today 14:20``."""
    source = t(labels.SOURCES.get(str(artifact.source), str(artifact.source)))
    by = artifact.model or source
    return f"v{artifact.version} · {by} · {labels.age_text(artifact.created_at)}"


def _version_line(row: VersionEntry) -> str:
    source = t(labels.SOURCES.get(str(row.source), str(row.source)))
    parts = [source, row.model or "", str(row.created_by or ""), labels.age_text(row.created_at)]
    return " · ".join(p for p in parts if p)


def show_versions(node_id: int, kind: str, artifact: ArtifactVersion) -> None:
    """The popover with every version, drawn while it is open: who, when, model; compare, restore, pin."""
    with st.popover(
        f"v{artifact.version}",
        icon=":material/keep:" if artifact.pinned else ":material/history:",
        type="tertiary",
        key=cell_key(node_id, kind, "versions"),
        on_change="rerun",
    ) as opened:
        if opened.open:
            _list_versions(node_id, kind, artifact)


def _list_versions(node_id: int, kind: str, artifact: ArtifactVersion) -> None:
    rows = live.workbench().artifacts.list_versions(node_id, kind)
    st.page_link(
        "pages/lineage.py", label=t("Lineage: from the brief to the frames"), icon=":material/account_tree:",
        query_params={"node": str(node_id), "kind": kind},
    )  # fmt: skip
    st.markdown(f"**{t('Versions of {name}', name=plain(labels.kind_title(kind)))}**", width=430)
    slot = cell_key(node_id, kind, "all_versions")
    shown = rows if st.session_state.get(slot) else rows[:SHOWN]
    for row in shown:
        _version_row(node_id, kind, artifact, row)
    if len(rows) > len(shown):
        st.button(
            t("Show {n} older versions", n=len(rows) - len(shown)), key=f"{slot}_open", type="tertiary",
            icon=":material/expand_more:", on_click=st.session_state.__setitem__, args=(slot, True),
        )  # fmt: skip


def _version_row(node_id: int, kind: str, artifact: ArtifactVersion, row: VersionEntry) -> None:
    number = row.version
    shown = number == artifact.version
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        mark = " :material/keep:" if row.pinned else ""
        st.markdown(
            f"**v{number}**{mark} :gray[{plain(_version_line(row))}]",
            width="content",
            help=labels.time_text(row.created_at),
        )
        st.space("stretch")
        if row.job_id is not None:
            st.page_link(
                job_links.PAGE, label=t("job {id}", id=row.job_id), query_params=job_links.query(row.job_id),
                width="content",
            )  # fmt: skip
        if shown:
            release = bool(row.pinned)
            label, icon = (t("Unpin"), "keep_off") if release else (t("Pin"), "keep")
            st.button(
                label,
                key=cell_key(node_id, kind, "pin", number),
                icon=f":material/{icon}:",
                type="tertiary",
                on_click=pin,
                args=(node_id, kind, None if release else number),
            )
            return
        st.button(
            t("Compare"),
            key=cell_key(node_id, kind, "cmp", number),
            icon=":material/compare_arrows:",
            type="tertiary",
            on_click=compare,
            args=(node_id, kind, *sorted((number, artifact.version))),
        )
        st.button(
            t("Restore"),
            key=cell_key(node_id, kind, "restore", number),
            icon=":material/undo:",
            type="tertiary",
            on_click=restore,
            args=(node_id, kind, number),
        )


def show_comparison(node_id: int, kind: str) -> None:
    """Two versions side by side, chosen by two selects."""
    chosen = st.session_state.get(cell_key(node_id, kind, "compare"))
    if not chosen:
        return
    wb = live.workbench()
    rows = {v.version: v for v in wb.artifacts.list_versions(node_id, kind)}

    # said once: a moment later “2 s ago” would be another choice
    named = {number: f"v{number} · {_version_line(row)}" for number, row in sorted(rows.items())}
    numbers = list(named)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        older = st.selectbox(
            t("Older"),
            numbers,
            numbers.index(chosen[0]),
            named.__getitem__,
            key=cell_key(node_id, kind, "older", *chosen),
            label_visibility="collapsed",
            width=196,
        )
        st.markdown(":material/arrow_forward:", width="content")
        newer = st.selectbox(
            t("Newer"),
            numbers,
            numbers.index(chosen[1]),
            named.__getitem__,
            key=cell_key(node_id, kind, "newer", *chosen),
            label_visibility="collapsed",
            width=196,
        )
        st.space("stretch")
        note = st.empty()
        st.button(
            "",
            key=cell_key(node_id, kind, "endcmp"),
            icon=":material/close:",
            type="tertiary",
            help=t("Close"),
            on_click=end_compare,
            args=(node_id, kind),
        )
    before, after = wb.artifact(node_id, kind, older), wb.artifact(node_id, kind, newer)
    if before and after and kind in looks.KINDS:
        note.caption(
            looks.draw_comparison(before.content, after.content, node_id, cell_key(node_id, kind, "diff")),
            width="content",
        )
    elif before and after:
        compared = diff.compare(before.content, after.content, kinds.find(kind).model.model_json_schema())
        note.caption(diff.count_changes(compared), width="content")
        diff.draw(compared, cell_key(node_id, kind, "diff"))
