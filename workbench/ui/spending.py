"""What stands over a page when a budget runs out: at 80 and 95 % a warning, at 100 % what stopped and how to go on."""

from __future__ import annotations

import streamlit as st

from workbench.i18n import translate
from workbench.ui import live
from workbench.ui.language import current, t
from workbench.ui.markup import plain


def warn(project: int | None) -> None:
    """The fullest budget that this project's calls count against, from its first mark on."""
    states = live.shared("budgets", lambda: live.workbench().budgets(project), project=project)
    fullest = max(states, key=lambda s: s.percent, default=None)
    if fullest is None or not fullest.mark:
        return
    said = plain(translate(fullest.said(), current()))
    if fullest.used_up:
        said += " " + t("Nothing paid begins until it is raised; jobs that wait for it then go on by themselves.")
    show = st.error if fullest.used_up else st.warning
    with st.container(key="budget_warning"):
        show(f"{said} [{t('Open the budgets')}](/settings)", icon=":material/savings:")
