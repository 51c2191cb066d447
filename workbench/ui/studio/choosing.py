"""Which workflows a plan takes in: a tick for each, those that are else started by hand alone too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from workbench.story.plan import Mode, Plan
from workbench.ui import formats, labels, live
from workbench.ui.language import current, t
from workbench.ui.markup import plain


@dataclass(frozen=True)
class Choice:
    """`leave_out`, `include`: as `wb.plans.build` takes them. `offered`: every workflow that has something to do, with
    how many jobs and what they cost, and whether it is ticked."""

    leave_out: tuple[str, ...]
    include: tuple[str, ...]
    offered: tuple[Offer, ...]


@dataclass(frozen=True)
class Offer:
    """A workflow in a plan. `by_hand`: no plan begins it unasked."""

    workflow: str
    jobs: int
    cost: dict[str, int]
    unpriced: int
    by_hand: bool
    ticked: bool


def read(node_id: int, mode: Mode, where: str) -> Choice:
    """What is ticked now. At first everything that a plan does by itself, and of what is started by hand alone that
    which is stale, where what is stale is to be updated."""
    plans = live.workbench().plans
    by_hand = tuple(w.name for w in plans.list_by_hand())
    whole: Plan = live.query(plans.build, node_id, mode, (), (), by_hand)
    offered = [_offer(name, whole, name in by_hand, node_id, mode, where) for name in _names(whole)]
    return Choice(
        tuple(o.workflow for o in offered if not o.ticked and not o.by_hand),
        tuple(o.workflow for o in offered if o.ticked and o.by_hand),
        tuple(offered),
    )


def _names(whole: Plan) -> list[str]:
    return list(dict.fromkeys(job.workflow for job in whole.jobs))


def _offer(name: str, whole: Plan, by_hand: bool, node_id: int, mode: Mode, where: str) -> Offer:
    jobs = [job for job in whole.jobs if job.workflow == name]
    cost: dict[str, int] = {}
    for job in jobs:
        if job.cost_micros is not None and job.currency:
            cost[job.currency] = cost.get(job.currency, 0) + job.cost_micros
    at_first = not by_hand or (mode == "stale" and any(job.state == "stale" for job in jobs))
    ticked = bool(st.session_state.get(_slot(where, node_id, mode, name), at_first))
    return Offer(name, len(jobs), cost, sum(job.cost_micros is None for job in jobs), by_hand, ticked)


def draw(choice: Choice, node_id: int, mode: Mode, where: str, *, expanded: bool = False) -> None:
    """A tick for each workflow, with what it does and costs."""
    if len(choice.offered) < 2 and not any(o.by_hand for o in choice.offered):
        return
    usual = [o for o in choice.offered if not o.by_hand]
    asked = [o for o in choice.offered if o.by_hand]
    title = t("What to run: {n} of {all}", n=sum(o.ticked for o in choice.offered), all=len(choice.offered))
    with st.expander(title, icon=":material/checklist:", key=f"choose_{where}", expanded=expanded):
        _ticks(usual, node_id, mode, where)
        if asked:
            st.caption(t("Only where you tick it"))
            _ticks(asked, node_id, mode, where)
        with st.container(horizontal=True, gap="small"):
            for name, label, ticked in (
                ("all", t("Tick all"), choice.offered), ("none", t("Untick all"), ()),
            ):  # fmt: skip
                st.button(
                    label, key=f"choose_{name}_{where}_{node_id}_{mode}", type="tertiary", on_click=_tick,
                    args=(node_id, mode, where, choice.offered, ticked),
                )  # fmt: skip


def _tick(node_id: int, mode: Mode, where: str, offered: Sequence[Offer], ticked: Sequence[Offer]) -> None:
    for offer in offered:
        st.session_state[_slot(where, node_id, mode, offer.workflow)] = offer in ticked


def _ticks(offers: Sequence[Offer], node_id: int, mode: Mode, where: str) -> None:
    columns = st.columns(2)
    for at, offer in enumerate(offers):
        slot = _slot(where, node_id, mode, offer.workflow)
        st.session_state.setdefault(slot, offer.ticked)
        price = formats.price(offer.cost, offer.unpriced, current())
        with columns[at % 2]:
            st.checkbox(f"{plain(labels.workflow_title(offer.workflow))} :gray[× {offer.jobs} · {price}]", key=slot)


def forget(node_id: int, mode: Mode, where: str) -> None:
    """The next plan begins with the usual ticks."""
    start = _slot(where, node_id, mode, "")
    for slot in [k for k in st.session_state if str(k).startswith(start)]:
        del st.session_state[slot]


def _slot(where: str, node_id: int, mode: Mode, workflow: str) -> str:
    return f"choose_{where}_{node_id}_{mode}_{workflow}"
