"""Which workflows a plan takes in: a tick for each, all set at first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from workbench.story.plan import Forecast, Mode, Plan
from workbench.ui import formats, labels, live
from workbench.ui.language import current, t
from workbench.ui.markup import plain
from workbench.usage.plans import sum_up


@dataclass(frozen=True)
class Offer:
    """A workflow in a plan, with what its jobs take. `beside`: no other step from brief to frames needs it.
    `unserved`: the project's profile names no model for it. `guess`: it comes with nodes that do not exist yet."""

    workflow: str
    own: Forecast
    beside: bool
    unserved: bool
    guess: bool
    ticked: bool


@dataclass(frozen=True)
class Choice:
    """`leave_out`, `include`: as `wb.plans.build` takes them. `offers`: every workflow that has something to do, those
    too that have it only on nodes that do not exist yet."""

    leave_out: tuple[str, ...]
    include: tuple[str, ...]
    offers: tuple[Offer, ...]

    @property
    def offered(self) -> list[Offer]:
        """What stands to be ticked."""
        return [o for o in self.offers if o.own.jobs]


def read(node_id: int, mode: Mode, where: str, *, grow: bool = False) -> Choice:
    """What is ticked now: at first all that a service does. `grow`: with what comes on nodes that do not exist yet."""
    plans = live.workbench().plans
    beside = tuple(w.name for w in plans.list_by_hand())
    unserved: list[str] = live.query(plans.list_unserved, node_id)
    whole: Plan = live.query(plans.build, node_id, mode, (), (), beside)

    def offer(name: str) -> Offer:
        now = [job for job in whole.jobs if job.workflow == name]
        own = Forecast(len(now), cost=sum_up(now), unpriced=sum(job.cost_micros is None for job in now))
        then = whole.follows.get(name) if grow else None
        ticked = bool(st.session_state.get(_slot(where, node_id, mode, name), name not in unserved))
        return Offer(name, own + then if then else own, name in beside, name in unserved, then is not None, ticked)

    now = [job.workflow for job in whole.jobs]
    offers = [offer(name) for name in dict.fromkeys([*now, *whole.follows])]
    out = {o.workflow for o in offers if not o.ticked}
    return Choice(
        tuple(o.workflow for o in offers if not o.ticked and not o.beside),
        tuple(name for name in beside if name not in out),
        tuple(offers),
    )


def draw(choice: Choice, node_id: int, mode: Mode, where: str, *, expanded: bool = False) -> None:
    """A tick for each workflow, with what it does and costs; one click for those from brief to frames alone, one for
    all."""
    if len(choice.offered) < 2 and not any(o.beside for o in choice.offered):
        return
    title = t("What to run: {n} of {all}", n=sum(o.ticked for o in choice.offered), all=len(choice.offered))
    with st.expander(title, icon=":material/checklist:", key=f"choose_{where}", expanded=expanded):
        with st.container(horizontal=True, gap="small"):
            if any(o.beside for o in choice.offers):
                _button("frames", t("Only from brief to frames"), lambda o: not o.beside, choice, node_id, mode, where)
            _button("all", t("Tick all"), lambda o: True, choice, node_id, mode, where)
            _button("none", t("Untick all"), lambda o: False, choice, node_id, mode, where)
        _ticks([o for o in choice.offered if not o.beside], node_id, mode, where)
        beside = [o for o in choice.offered if o.beside]
        if beside:
            st.caption(t("Beside the way from brief to frames"))
            _ticks(beside, node_id, mode, where)


def _button(
    name: str, label: str, is_wanted: Callable[[Offer], bool], choice: Choice, node_id: int, mode: Mode, where: str
) -> None:
    ticks = {o.workflow: is_wanted(o) and not o.unserved for o in choice.offers}
    st.button(
        label,
        key=f"choose_{name}_{where}_{node_id}_{mode}",
        type="tertiary",
        on_click=_tick,
        args=(node_id, mode, where, ticks),
    )


def _tick(node_id: int, mode: Mode, where: str, ticks: dict[str, bool]) -> None:
    for workflow, ticked in ticks.items():
        st.session_state[_slot(where, node_id, mode, workflow)] = ticked


def _ticks(offers: list[Offer], node_id: int, mode: Mode, where: str) -> None:
    columns = st.columns(1 if where == "card" else 2)
    for at, offer in enumerate(offers):
        slot = _slot(where, node_id, mode, offer.workflow)
        st.session_state.setdefault(slot, offer.ticked)
        price = formats.price(offer.own.cost, offer.own.unpriced, current())
        count = f"≈ {offer.own.jobs}" if offer.guess else f"× {offer.own.jobs}"
        with columns[at % len(columns)]:
            st.checkbox(
                f"{plain(labels.workflow_title(offer.workflow))} :gray[{count} · {price}]",
                key=slot,
                help=t("The project's profile names no model for this.") if offer.unserved else None,
            )


def forget(node_id: int, mode: Mode, where: str) -> None:
    """The next plan begins with the usual ticks."""
    start = _slot(where, node_id, mode, "")
    for slot in [k for k in st.session_state if str(k).startswith(start)]:
        del st.session_state[slot]


def _slot(where: str, node_id: int, mode: Mode, workflow: str) -> str:
    return f"choose_{where}_{node_id}_{mode}_{workflow}"
