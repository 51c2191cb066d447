"""The storyboard as files for a crew, from the heading of what they are of."""

from __future__ import annotations

import functools

import streamlit as st

from workbench.api.handoffs import HandoffJob
from workbench.db.rows.story import Outline, OutlineNode
from workbench.handoff.forms import FORMS, Form, FormName, safe_name
from workbench.ui import job_links, labels, live, once, shell, states
from workbench.ui.language import t
from workbench.ui.markup import plain


def count_scenes(outline: Outline, node: OutlineNode) -> int:
    """How many scenes there are to hand off."""
    if node.kind == "project":
        return sum(n.parts for n in outline.nodes if n.kind == "episode")
    return 1 if node.kind == "scene" else node.parts if node.kind == "episode" else 0


def offer(node: OutlineNode, scenes: int) -> None:
    """Each form of a hand-off, listed while it is open: made when it is asked for, by a job where that takes long."""
    with shell.icon_popover(
        "ios_share", t("Hand off"), f"handoff_{node.id}", type="secondary", on_change="rerun"
    ) as opened:  # fmt: skip
        if opened.open:
            _list_forms(node, scenes)


def _list_forms(node: OutlineNode, scenes: int) -> None:
    for form in FORMS.values():
        if scenes > form.quick:
            st.button(
                t(form.title), key=f"handoff_{node.id}_{form.name}", icon=":material/autorenew:", width="stretch",
                on_click=_start, args=(node.id, form.name),
                help=t("Made by a job, which takes a while; the file stands below then."),
            )  # fmt: skip
        else:
            _download(form, f"{safe_name(node.title)}{form.ending}", f"handoff_{node.id}_{form.name}",
                      functools.partial(_make, node.id, form.name), t(form.title))  # fmt: skip
    _draw_jobs(node.id)


def _download(form: Form, name: str, key: str, data: functools.partial[bytes], label: str) -> None:
    st.download_button(
        label, data, file_name=name, mime=form.mime, key=key, icon=":material/download:", on_click="ignore",
        width="stretch",
    )  # fmt: skip


def _draw_jobs(node_id: int) -> None:
    """What jobs have made or are making, live as long as one is at work."""
    active = any(found.job.state in states.ACTIVE for found in live.workbench().handoffs.list_jobs(node_id))

    @shell.fragment(run_every=live.ACTIVE_S if active else None, key=f"handoff_jobs_{node_id}")
    def draw() -> None:
        for found in live.workbench().handoffs.list_jobs(node_id):
            _draw_job(found)

    draw()


def _draw_job(found: HandoffJob) -> None:
    form, job = FORMS[found.form], found.job
    if job.state in states.ACTIVE:
        st.progress(job.progress, text=plain(f"{t(form.title)} · {labels.now_text(job)}"))
    elif found.kept:
        name = str((job.result or {})["file"]["name"])
        when = labels.age_text(job.finished_at or job.created_at)
        _download(form, name, f"handoff_file_{job.id}", functools.partial(_read, job.id), f"{t(form.title)} · {when}")
    elif job.state == "failed":
        st.markdown(f":red[:material/error: {plain(t(form.title))}] · [#{job.id}]({job_links.href(job.id)})")


def _start(node_id: int, form: FormName) -> None:
    with shell.show_refusals():
        job = once.do(
            "handoff", [node_id, form], lambda: live.workbench().handoffs.start(node_id, form, user=shell.user())
        )
        shell.toast(t("Launched as job {id}.", id=job.id))
    live.invalidate()


def _make(node_id: int, form: FormName) -> bytes:
    return live.workbench().handoffs.make(node_id, form).data


def _read(job_id: int) -> bytes:
    return live.workbench().handoffs.read(job_id).data
