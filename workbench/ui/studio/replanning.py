"""A plan that names episodes or scenes, before it archives what is made and after: said, agreed to, taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from workbench.api.workflows import Cell
from workbench.artifacts import kinds
from workbench.db.rows.story import ArtifactVersion
from workbench.story.replanning import Replanned, Replanning
from workbench.ui import labels, live, shell
from workbench.ui.language import t
from workbench.ui.markup import plain
from workbench.ui.studio.editing import cell_key

#: longer lists are cut, and say so
SHOWN = 8
KINDS_SHOWN = 4


def names_nodes(kind: str) -> bool:
    """Whether a new version of this kind adds and archives episodes or scenes."""
    return kinds.find(kind).child_kind is not None


def would_hide(node_id: int, kind: str, version: int | None) -> bool:
    """Whether a version, or the newest one, would archive what is made if it counted."""
    if not names_nodes(kind):
        return False
    wb = live.workbench()
    number = version if version is not None else wb.artifacts.list_versions(node_id, kind)[0].version
    return wb.artifacts.preview(node_id, kind, version=number).hides_work


def draw_preview(seen: Replanning) -> None:
    """What a plan would archive, with what is on it, then what it would add, rename and bring back."""
    _lines("archive", "red", t("Would be archived"), seen.archive)
    _lines("restore_from_trash", "green", t("Would come back"), seen.back)
    _lines("add_circle", "green", t("Would be new"), seen.create)
    _lines("edit", "gray", t("Would be renamed"), [n for n in seen.keep if n.was is not None])
    same = sum(n.was is None for n in seen.keep)
    if same:
        st.caption(t("Unchanged, with everything on them: {n}", n=same))


def _lines(icon: str, colour: str, word: str, nodes: Sequence[Replanned]) -> None:
    if not nodes:
        return
    lines = [f":{colour}[:material/{icon}:] **{plain(word)}**"]
    for node in nodes[:SHOWN]:
        name = plain(labels.node_title(node.kind, node.position, node.title))
        if node.was is not None:
            name = f"{plain(node.was)} → {name}"
        lines.append(f"{name} :gray[{plain(work(node.artifacts))}]" if node.artifacts else name)
    if len(nodes) > SHOWN:
        lines.append(f":gray[{t('and {n} more', n=len(nodes) - SHOWN)}]")
    st.markdown("  \n".join(lines))


def work(artifacts: Mapping[str, int]) -> str:
    """“Core expression, Scene anchor × 12, and 4 more”."""
    order = list(kinds.all_kinds())
    named = [
        labels.kind_title(kind) + (f" × {count}" if count > 1 else "")
        for kind, count in sorted(artifacts.items(), key=lambda item: order.index(item[0]) if item[0] in order else 0)
    ]
    more = [t("and {n} more", n=len(named) - KINDS_SHOWN)] if len(named) > KINDS_SHOWN else []
    return labels.join([*named[:KINDS_SHOWN], *more])


# A restore, a pin, the end of a pin: asked first when it would archive work.


def ask(node_id: int, kind: str, act: str, version: int | None) -> None:
    """Remember what is to be agreed to; `act`: restore or pin."""
    st.session_state[cell_key(node_id, kind, "replan")] = (act, version)


def forget(node_id: int, kind: str) -> None:
    st.session_state.pop(cell_key(node_id, kind, "replan"), None)


def draw_question(node_id: int, kind: str) -> None:
    """The question that waits in a cell, if one does, with what the answer would do."""
    asked = st.session_state.get(cell_key(node_id, kind, "replan"))
    if not asked:
        return
    act, version = asked
    wb = live.workbench()
    number = version if version is not None else wb.artifacts.list_versions(node_id, kind)[0].version
    with st.container(border=True, key=cell_key(node_id, kind, "replan_ask")):
        st.markdown(f"**{t('Before v{n} counts', n=int(number))}**")
        draw_preview(wb.artifacts.preview(node_id, kind, version=number))
        with st.container(horizontal=True, gap="small"):
            st.button(
                t("Go on; it can be undone"), key=cell_key(node_id, kind, "replan_yes"), type="primary",
                icon=":material/check:", on_click=_agree, args=(node_id, kind, act, version),
            )  # fmt: skip
            st.button(
                t("Leave it"), key=cell_key(node_id, kind, "replan_no"), icon=":material/close:", on_click=forget,
                args=(node_id, kind),
            )  # fmt: skip


def _agree(node_id: int, kind: str, act: str, version: int | None) -> None:
    forget(node_id, kind)
    with shell.show_refusals():
        if act == "restore" and version is not None:
            live.workbench().artifacts.restore(node_id, kind, version)
            shell.toast(t("Version {n} is back, as a new version.", n=version))
        else:
            live.workbench().artifacts.pin(node_id, kind, version)
    live.invalidate()


# A model's plan that waits, and what the last one did.


def waits(cell: Cell, artifact: ArtifactVersion) -> bool:
    """A newer version stands beside the one that counts because it would archive what is made."""
    newer = cell.origin.newer
    if newer is None or artifact.pinned or not names_nodes(artifact.kind):
        return False
    wb = live.workbench()
    version = wb.artifact(artifact.node_id, artifact.kind, newer)
    # a later job of the cell may have failed since
    maker = version.job_id if version is not None else None
    return maker is not None and bool((wb.jobs.get(maker).result or {}).get("held"))


def draw_waiting(node_id: int, artifact: ArtifactVersion, newer: int) -> None:
    """The plan that waits: what it would do, and the two answers."""
    kind = artifact.kind
    with st.container(border=True, key=cell_key(node_id, kind, "replan_waits")):
        st.markdown(
            f":orange[:material/pending_actions:] **{t('v{n} waits for you', n=newer)}**  \n"
            f":gray[{t('It would archive what is made, so nothing was changed yet. Nothing is ever deleted.')}]"
        )
        draw_preview(live.workbench().artifacts.preview(node_id, kind, version=newer))
        with st.container(horizontal=True, gap="small"):
            st.button(
                t("Take over v{n}", n=newer), key=cell_key(node_id, kind, "replan_take"), type="primary",
                icon=":material/check:", on_click=_agree, args=(node_id, kind, "pin", None),
            )  # fmt: skip
            st.button(
                t("Keep v{n}", n=int(artifact.version)), key=cell_key(node_id, kind, "replan_keep"),
                icon=":material/undo:", on_click=_agree, args=(node_id, kind, "restore", artifact.version),
            )  # fmt: skip


def draw_undo(node_id: int, artifact: ArtifactVersion) -> None:
    """What the version that counts has archived, and the way back."""
    if not names_nodes(artifact.kind):
        return
    last = live.workbench().artifacts.last_replan(node_id, artifact.kind)
    if last is None:
        return
    names = labels.join(labels.node_title(n.kind, n.position, n.title) for n in last.archived[:3])
    more = t("and {n} more", n=len(last.archived) - 3) if len(last.archived) > 3 else ""
    sentence = t("v{n} archived {names} {more}", n=int(artifact.version), names=names, more=more)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":gray[:material/archive: {plain(sentence)}]", width="content")
        st.button(
            t("Undo: back to v{n}", n=int(last.version)), key=cell_key(node_id, artifact.kind, "replan_undo"),
            icon=":material/undo:", type="tertiary", on_click=_undo, args=(node_id, artifact.kind, last.version),
        )  # fmt: skip


def _undo(node_id: int, kind: str, version: int) -> None:
    if would_hide(node_id, kind, version):
        ask(node_id, kind, "restore", version)
        return
    _agree(node_id, kind, "restore", version)
