"""What a plan leaves as it is, since a person wrote, edited or pinned it: listed apart, with a tick for each."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from workbench.story.plan import KeptJob, Key, Mode, Plan
from workbench.ui import labels, live
from workbench.ui.language import t
from workbench.ui.markup import plain
from workbench.workflows.registry import Workflow

#: a longer list scrolls
TALL = 6


def load_plan(
    node_id: int, mode: Mode, where: str, leave_out: tuple[str, ...] = (), include: tuple[str, ...] = ()
) -> tuple[Plan, list[KeptJob], list[Key]]:
    """The plan with what is ticked, all that it leaves or would leave, and the keys of what is ticked. `leave_out`,
    `include`: workflows, as `wb.plans.build` takes them."""
    plan = _query(node_id, mode, (), leave_out, include)
    listed = {k.key: k for k in plan.kept}
    ticked: list[Key] = []
    # what is ticked may bring more that hangs on it
    while new := [k for k in listed if k not in ticked and st.session_state.get(_slot(where, node_id, mode, k))]:
        ticked += new
        plan = _query(node_id, mode, tuple(ticked), leave_out, include)
        listed |= {k.key: k for k in plan.kept}
    return plan, list(listed.values()), ticked


def _query(
    node_id: int, mode: Mode, rewrite: tuple[Key, ...], leave_out: tuple[str, ...], include: tuple[str, ...]
) -> Plan:
    plan: Plan = live.query(live.workbench().plans.build, node_id, mode, rewrite, leave_out, include)
    return plan


def draw(kept: Sequence[KeptJob], node_id: int, mode: Mode, where: str) -> None:
    """The list; nothing of it is ticked before somebody ticks it."""
    if not kept:
        return
    st.markdown(f":material/edit: **{t('Written by hand or pinned')}**")
    st.caption(
        t(
            "This stays as it is. Tick what is to be made anew: the model is given your version to keep to, and the "
            "cell offers the way back to it."
        )
    )
    with st.container(height=240 if len(kept) > TALL else "content", border=False, gap="small", key=f"kept_{where}"):
        for job in kept:
            _line(job, _slot(where, node_id, mode, job.key))


def tell_moved(plan: Plan) -> None:
    """What a plan that makes episodes or scenes anew means for what is written in them."""
    if plan.moved:
        st.caption(
            ":material/edit: "
            + t(
                "Written by hand in episodes or scenes that are planned anew: {n}. It stays with them. One that is "
                "left out is archived with what it has, and comes back with the older version of the list.",
                n=int(plan.moved),
            )
        )


def _line(kept: KeptJob, slot: str) -> None:
    node = kept.job.node
    name = f"{t(kept.job.title)} · {labels.node_title(node.kind, node.position, node.title)} · v{kept.version}"
    if kept.pinned:
        st.markdown(f":gray[:material/keep: {plain(name)} · {t('pinned: unpin it to have it made anew')}]")
    else:
        st.checkbox(plain(name), key=slot)


def warn(workflow: Workflow, node_ids: Sequence[int]) -> None:
    """What a run on these nodes means for what a person wrote or pinned there; nothing where there is none."""
    heads = live.query(live.workbench().workflows.list_kept, workflow.name, tuple(node_ids)) if workflow.writes else []
    pinned = sum(h.pinned for h in heads)
    by_hand = len(heads) - pinned
    if by_hand:
        st.caption(
            ":material/edit: "
            + t("Written or edited by hand: {n}. The model is given that version to keep to, and it stays among the "
                "versions.", n=by_hand)
        )  # fmt: skip
    if pinned:
        st.caption(
            ":material/keep: " + t("Pinned: {n}. A new version is not shown there until you unpin it.", n=pinned)
        )


def forget(node_id: int, mode: Mode, where: str) -> None:
    """Untick all: the next plan asks again."""
    start = _slot(where, node_id, mode, None)
    for slot in [k for k in st.session_state if str(k).startswith(start)]:
        del st.session_state[slot]


def _slot(where: str, node_id: int, mode: Mode, key: Key | None) -> str:
    return f"rewrite_{where}_{node_id}_{mode}_" + ("" if key is None else f"{key[0]}_{key[1]}")
