"""The plan of a conductor, shown before it starts: its steps in their order, how many jobs of each, and their price."""

from __future__ import annotations

import streamlit as st

from workbench.json_types import JsonObject
from workbench.story.plan import Plan
from workbench.ui import budgets, labels, live, shell
from workbench.ui.language import t
from workbench.ui.markup import plain
from workbench.ui.studio import plan as plans
from workbench.ui.studio.plan import Group
from workbench.workflows.registry import Workflow

#: (node, workflow) whose plan is shown
_SHOWN = "_conductor"


def draw_button(node_id: int, workflow: Workflow, key: str, label: str, icon: str, *, disabled: bool) -> None:
    """The button that opens the plan, and the plan where it was asked for."""
    st.button(
        label, key=f"{key}_ask", icon=f":material/{icon}:", disabled=disabled, on_click=_open,
        args=(node_id, workflow.name),
    )  # fmt: skip
    if st.session_state.get(_SHOWN) == (node_id, workflow.name):
        _dialog(node_id, workflow, key)


def _open(node_id: int, workflow: str) -> None:
    for other in ("_plan", "_frame"):  # a page shows one dialog at a time
        st.session_state.pop(other, None)
    st.session_state[_SHOWN] = (node_id, workflow)


def _close() -> None:
    st.session_state.pop(_SHOWN, None)


def draw_plan(plan: Plan) -> None:
    """Steps with counts and prices; what cannot begin is named."""
    if not plan.jobs and not plan.later:
        st.markdown(t("Everything it would make is there and fresh."))
        return
    plans.draw_numbers(plan.forecast(grow=True))
    plans.draw_table(rows_of(plan), None, None)
    if plan.later:
        st.caption(t("A guess: how many episodes and scenes there will be is not known yet."))
    for issue in plan.unmet[:4]:
        st.markdown(f":gray[:material/lock: {plain(labels.issue_text(issue))}]")


def rows_of(plan: Plan) -> list[Group]:
    """A row for each workflow, with what follows on nodes that do not exist yet."""
    rows = {group.workflow: group for group in plans.groups(plan.jobs)}
    for name, later in plan.follows.items():
        own = rows.get(name, Group(name, 0, "missing", 0, 0.0, {}, 0))
        cost = {c: own.cost.get(c, 0) + later.cost.get(c, 0) for c in [*own.cost, *later.cost]}
        tokens = None if own.tokens is None or later.tokens is None else own.tokens + later.tokens
        rows[name] = Group(
            name, own.jobs + later.jobs, own.state, tokens, own.seconds + later.seconds, cost,
            own.unpriced + later.unpriced,
        )  # fmt: skip
    return list(rows.values())


def _dialog(node_id: int, workflow: Workflow, key: str) -> None:
    # It stays open while the page behind it is drawn anew.
    @shell.dialog(t(workflow.title), width="large", icon=":material/account_tree:", on_dismiss=_close)
    def show_dialog() -> None:
        st.markdown(plain(t(workflow.summary)))
        plan = live.workbench().plans.outline(workflow.name, node_id, {})
        draw_plan(plan)
        forecast = plan.forecast(grow=True)
        if not forecast.jobs:
            return
        project = live.workbench().projects.get_node(node_id).project_id
        beyond = budgets.ask(project, forecast.cost, forecast.unpriced, key)
        unknown = forecast.unpriced == forecast.jobs
        if st.button(
            plans.launch_label(
                forecast.jobs, None if unknown else forecast.cost, forecast.unpriced, guess=bool(plan.later)
            ),
            key=f"{key}_{workflow.name}_go", type="primary", icon=":material/rocket_launch:", width="stretch",
            disabled=beyond is False, on_click=_launch, args=(node_id, workflow.name, {}),
        ):  # fmt: skip
            live.redraw_page()

    show_dialog()


def _launch(node_id: int, workflow: str, params: JsonObject) -> None:
    _close()
    with shell.show_refusals():
        job = live.workbench().submit(workflow, node_id, params, user=shell.user())
        shell.toast(t("Launched as job {id}.", id=job.id))
    live.invalidate()
