"""A job as a file to send to somebody, or to keep as a test."""

from __future__ import annotations

import streamlit as st

from workbench.db.rows.jobs import Job
from workbench.ui import live, states
from workbench.ui.language import t
from workbench.ui.markup import code


def popover(job: Job) -> None:
    """What a bundle is, with or without the story's words, and its download."""
    if job.state in states.ACTIVE:
        return
    with st.popover(t("Save as a test"), icon=":material/science:", key=f"bundle_{job.id}", type="tertiary"):
        st.markdown(
            t(
                "A file of this job that can be run again anywhere, offline: params, steps, prompts, answers and the "
                "story as it was. No key is in it."
            )
        )
        with_story = not st.checkbox(
            t("Without the story"),
            key=f"bundle_masked_{job.id}",
            help=t("Every word of the story in other letters, and no picture: to send to others."),
        )
        name = f"job-{job.id}-{job.error_kind or job.state}.zip"
        st.download_button(
            t("Download the bundle"),
            lambda: live.workbench().jobs.bundle(job.id, with_story=with_story).data,
            file_name=name,
            mime="application/zip",
            icon=":material/download:",
            key=f"bundle_file_{job.id}",
            type="primary",
            on_click="ignore",
        )
        st.markdown(t("Run it with {command}: it says whether the job still ends the same.",
                      command=code(f"reelwright bundles run {name}")))  # fmt: skip
