"""What a job that ended partial could not make, part by part, with the reason of each."""

from __future__ import annotations

import streamlit as st

from workbench.db.rows.jobs import Job
from workbench.ui import labels
from workbench.ui.markup import plain, shorten


def reasons_of(job: Job | None) -> dict[str, str]:
    """Part → why it is missing; of a parent nothing, whose parts are jobs."""
    if job is None or job.state != "partial" or not isinstance(job.result, dict):
        return {}
    return {
        labels.item_title(str(part["item"])): labels.translate_stored(part, "error")
        for part in job.result.get("failed", ())
        if "item" in part
    }


def draw(job: Job | None) -> None:
    for part, why in reasons_of(job).items():
        st.markdown(f":red[:material/error:] **{plain(part)}** :gray[{plain(shorten(why, 160))}]")
