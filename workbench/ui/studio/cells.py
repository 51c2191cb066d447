"""A cell of the Studio: one workflow on one node with its state, form, run, output, versions, edit and reasons."""

from __future__ import annotations

from typing import Any

import streamlit as st

from workbench.api.workflows import Cell
from workbench.artifacts import kinds
from workbench.db.rows.jobs import Job
from workbench.db.rows.story import ArtifactVersion
from workbench.errors import Conflict, InvalidInput, Issue, find_kind
from workbench.i18n import N_, Text, translate
from workbench.json_types import JsonObject
from workbench.story import elements
from workbench.story.names import fold, names_of
from workbench.ui import budgets, drafts, formats, forms, job_links, labels, live, missing_parts, shell, states
from workbench.ui.language import current, t
from workbench.ui.markup import plain
from workbench.ui.studio import (
    artifacts,
    clips,
    conducting,
    diff,
    editing,
    kept,
    parted,
    reasons,
    replanning,
    sheet,
    versions,
)
from workbench.ui.studio.editing import begin_edit, cell_key, end_edit
from workbench.workflows.registry import Workflow

VERBS = {
    "missing": (N_("Run"), "play_arrow"),
    "ready": (N_("Run"), "play_arrow"),
    "stale": (N_("Update"), "refresh"),
    "fresh": (N_("Run again"), "replay"),
    "partial": (N_("Run the rest"), "play_arrow"),
    "failed": (N_("Retry"), "replay"),
}


# What a click does. Callbacks run before the page is drawn again, so what they changed is seen at once.


def launch(node_id: int, workflow: Workflow, seen: int | None) -> None:
    """Run a workflow over the version that was seen: what another window has made since is not made, and paid, once
    more."""
    if workflow.writes is not None:
        head = live.workbench().artifact(node_id, workflow.writes)
        if head is not None and head.version != seen:
            st.session_state["_refused"] = t(
                "Version {n} was made meanwhile. Look at it first; nothing was started.", n=head.version
            )
            live.invalidate()
            return
    _submit(node_id, workflow.name, {})


def _submit(node_id: int, workflow: str, params: JsonObject) -> bool:
    """Whether it was taken; why not is said instead."""
    launched = False
    with shell.show_refusals():
        job = live.workbench().submit(workflow, node_id, params, user=shell.user())
        shell.toast(t("Launched as job {id}.", id=job.id))
        launched = True
    live.invalidate()
    return launched


def cancel(job_id: int) -> None:
    with shell.show_refusals():
        live.workbench().jobs.cancel([job_id])
    live.invalidate()


def retry(job_id: int) -> None:
    with shell.show_refusals():
        [act] = live.workbench().jobs.retry_many([job_id], user=shell.user())
        if act.new_id is None:
            st.session_state["_refused"] = labels.translate_stored(act, "reason")
    live.invalidate()


# The parts of a cell.


def failure(job: Job) -> None:
    """What happened, whether it cost anything, the one thing to do, and the way there."""
    st.error(labels.failure(job, 300), icon=":material/error:")
    with st.container(horizontal=True, gap="medium"):
        st.page_link(
            job_links.PAGE, label=t("Open job {id}", id=job.id), icon=":material/arrow_outward:", width="content",
            query_params=job_links.query(job.id),
        )  # fmt: skip
        if find_kind(job.error_kind).shared_by and job.profile_id:
            st.page_link(
                "pages/models.py", label=t("Open its service"), icon=":material/key:", width="content",
                query_params={"profile": str(job.profile_id)},
            )  # fmt: skip


@shell.fragment(run_every=1.0)
def running(job_id: int) -> None:
    """A running job's bar, words and clock."""
    job = live.query(live.workbench().jobs.get, job_id)
    percent = int(job.progress or 0)
    started = job.started_at
    clock = (
        labels.duration_text((live.clock_ms() - started) // 1000 * 1000)
        if started
        else t("waits {time}", time=labels.duration_text(live.clock_ms() - job.created_at))
    )
    st.progress(percent / 100, text=f"{plain(labels.now_text(job))} :gray[· {percent}% · {clock}]")


def form_values(node_id: int, workflow: Workflow, choices: dict[str, dict[Any, str]]) -> tuple[JsonObject, list[Issue]]:
    """The workflow's form inside its popover, and what is wrong with it."""
    key = cell_key(node_id, workflow.name, "params")
    issues = st.session_state.get(f"{key}_issues", [])
    values = forms.fields(workflow.params, key, None, issues, choices=choices)
    return values, forms.check(workflow.params, values)


def settings(node_id: int, workflow: Workflow, choices: dict[str, dict[Any, str]], disabled: bool) -> None:
    """The popover with the workflow's form and its own Run, drawn while it is open: a scene has eleven of them."""
    if not workflow.params.model_fields:
        return
    with shell.icon_popover(
        "tune", t("Settings"), cell_key(node_id, workflow.name, "tune"), on_change="rerun"
    ) as opened:  # fmt: skip
        if opened.open:
            _draw_settings(node_id, workflow, choices, disabled)


def _draw_settings(node_id: int, workflow: Workflow, choices: dict[str, dict[Any, str]], disabled: bool) -> None:
    key = cell_key(node_id, workflow.name, "params")
    st.markdown(f"**{t(workflow.title)}**", width=380)
    with drafts.keep(f"run/{node_id}/{workflow.name}", key) as draft:
        values, wrong = form_values(node_id, workflow, choices)
        if workflow.conducts and not wrong:
            conducting.draw_plan(live.query(live.workbench().plans.outline, workflow.name, node_id, values))
        if workflow.batch and not wrong:
            disabled = _price(node_id, workflow, values, f"{key}_price") is False or disabled
        kept.warn(workflow, [node_id])
        if st.button(
            t("Run with these"), key=f"{key}_run", type="primary", icon=":material/play_arrow:", disabled=disabled
        ):
            st.session_state[f"{key}_issues"] = wrong
            if not wrong and _submit(node_id, workflow.name, values):
                drafts.use(draft)
            live.redraw_page()
        draft.show_status()


def _price(node_id: int, workflow: Workflow, values: JsonObject, key: str) -> bool | None:
    """How many jobs it will start and for how much, and what the budget has left; as `budgets.ask` answers."""
    forecast = live.query(live.workbench().plans.price, workflow.name, [node_id], values)
    if forecast is None:
        return None
    price = formats.price(forecast.cost, forecast.unpriced, current())
    st.caption(t("Starts {n} jobs, {cost}", n=forecast.jobs, cost=price))
    project = live.workbench().projects.get_node(node_id).project_id
    return budgets.ask(project, forecast.cost, forecast.unpriced, key)


def _batch_action(node_id: int, workflow: Workflow, key: str, label: str, icon: str, disabled: bool) -> None:
    """A batch may start hundreds of jobs: its button says how many and for how much before it starts them."""
    with st.popover(label, key=f"{key}_ask", icon=f":material/{icon}:", disabled=disabled, on_change="rerun") as opened:
        # reckoned only when somebody wants to know
        if opened.open:
            beyond = _price(node_id, workflow, {}, key)
            st.button(
                t("Launch"), key=f"{key}_{workflow.name}_go", type="primary", icon=":material/rocket_launch:",
                disabled=beyond is False, on_click=launch, args=(node_id, workflow, None),
            )  # fmt: skip


def action(node_id: int, cell: Cell, primary: bool) -> None:
    """The one button of a cell."""
    workflow: Workflow = cell.workflow
    job, state = cell.job, cell.state
    key = cell_key(node_id, workflow.name, "act")
    if state in states.ACTIVE and job:
        st.button(t("Cancel"), key=f"{key}_cancel", icon=":material/stop_circle:", on_click=cancel, args=(job.id,))
        return
    verb, icon = VERBS.get(state, VERBS["ready"])
    if state == "failed" and job:
        # A retry reuses the steps that are done; a new launch would pay for them again.
        st.button(
            t(verb),
            key=f"{key}_{verb}",
            icon=f":material/{icon}:",
            disabled=bool(cell.unmet),
            on_click=retry,
            args=(job.id,),
        )
        return
    if cell.guarded and cell.artifact:
        _ask(node_id, cell, cell.artifact, t(verb), icon)
        return
    if workflow.conducts:
        conducting.draw_button(node_id, workflow, key, t(verb), icon, disabled=bool(cell.unmet))
        return
    if workflow.batch:
        _batch_action(node_id, workflow, key, t(verb), icon, bool(cell.unmet))
        return
    st.button(
        t(verb),
        key=f"{key}_{verb}",
        icon=f":material/{icon}:",
        type="primary" if primary else "secondary",
        disabled=bool(cell.unmet),
        on_click=launch,
        args=(node_id, workflow, None if cell.artifact is None else cell.artifact.version),
    )


def _ask(node_id: int, cell: Cell, artifact: ArtifactVersion, verb: str, icon: str) -> None:
    """A run over what a person wrote or pinned: what it will do is said before it is done."""
    key = cell_key(node_id, cell.workflow.name, "act")
    with st.popover(verb, icon=f":material/{icon}:", key=f"{key}_ask", disabled=bool(cell.unmet)):
        version = artifact.version
        if cell.origin.by_hand and not cell.workflow.adds:
            st.markdown(
                t("v{n} was written or edited by hand. The model is given it to keep to; it stays among the versions.",
                  n=version), width=380,
            )  # fmt: skip
        if artifact.pinned:
            st.markdown(t("v{n} is pinned: a new version is not shown until you unpin it.", n=version), width=380)
        with st.container(horizontal=True, gap="small"):
            if artifact.pinned:
                st.button(
                    t("Unpin and run"), key=f"{key}_unpin", type="primary", icon=":material/keep_off:",
                    on_click=_unpin_and_launch, args=(node_id, cell.workflow, version),
                )  # fmt: skip
            st.button(
                t("Run, v{n} stays", n=version) if artifact.pinned else verb, key=f"{key}_sure",
                type="secondary" if artifact.pinned else "primary", icon=f":material/{icon}:",
                on_click=launch, args=(node_id, cell.workflow, version),
            )  # fmt: skip


def _unpin_and_launch(node_id: int, workflow: Workflow, seen: int) -> None:
    wb, kind = live.workbench(), str(workflow.writes)
    head = wb.artifact(node_id, kind)
    if head is None or head.version == seen:
        with shell.show_refusals():
            wb.artifacts.pin(node_id, kind, None)
        head = wb.artifact(node_id, kind)
    launch(node_id, workflow, None if head is None else head.version)


def _beside(node_id: int, cell: Cell, artifact: ArtifactVersion) -> None:
    """The version by hand that was replaced, or the newer one that is not shown, each one click away."""
    key, origin = cell_key(node_id, artifact.kind), cell.origin
    if origin.replaced is not None and not cell.workflow.adds:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f":gray[{t('v{n}, edited by hand, was replaced.', n=int(origin.replaced))}]", width="content")
            st.button(
                t("Back to v{n}", n=int(origin.replaced)), key=f"{key}_back", icon=":material/undo:", type="tertiary",
                on_click=versions.restore, args=(node_id, artifact.kind, origin.replaced),
            )  # fmt: skip
    replanning.draw_question(node_id, artifact.kind)
    replanning.draw_undo(node_id, artifact)
    if origin.newer is not None and replanning.waits(cell, artifact):
        replanning.draw_waiting(node_id, artifact, int(origin.newer))
    elif origin.newer is not None:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            why = (
                t("v{new} is newer and not shown: v{n} is pinned.", new=int(origin.newer), n=int(artifact.version))
                if artifact.pinned
                else t(
                    "v{new} is newer and not shown: v{n} was saved by hand.",
                    new=int(origin.newer),
                    n=int(artifact.version),
                )
            )
            st.markdown(f":orange[:material/visibility_off:] :gray[{why}]", width="content")
            st.button(
                t("Show v{n}", n=int(origin.newer)), key=f"{key}_newer", icon=":material/visibility:", type="tertiary",
                on_click=versions.pin, args=(node_id, artifact.kind, None),
            )  # fmt: skip


def editor(node_id: int, kind: str) -> bool:
    """The editor in place of the output; True while it is open."""
    edit = editing.open_edit(node_id, kind)
    if not edit:
        return False
    key = cell_key(node_id, kind, "form")
    with drafts.keep(editing.place(node_id, kind), key, edit["base"]) as draft:
        if edit["part"] is not None:
            _choose_part(node_id, kind, edit)
        typed = artifacts.editor(kind, key, edit["content"], edit["issues"], edit["part"], edit["start"], node_id)
        if edit["part"] is not None:
            # only one part is drawn: what was typed into the others must not depend on their widgets
            edit["content"] = typed
            edit["touched"] = edit["touched"] or draft.has_text
            if edit["touched"]:
                draft.set_value("content", typed, edit["before"])
        if edit.get("hides"):
            _agree_to_archive(node_id, kind, edit, typed)
            draft.show_status()
            return True
        if edit["conflict"]:
            _conflict(node_id, kind, edit, typed)
            draft.show_status()
            return True
        slot = cell_key(node_id, kind, "edit")
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            if st.button(t("Save as a new version"), key=f"{slot}_save", type="primary", icon=":material/save:"):
                _save(node_id, kind, edit, typed, edit["base"])
            st.button(
                t("Discard"), key=f"{slot}_drop", icon=":material/close:", on_click=end_edit, args=(node_id, kind)
            )
            draft.show_status()
    return True


def _choose_part(node_id: int, kind: str, edit: JsonObject) -> None:
    """Which of the parts is edited: of nine shots, of a chain's acts."""
    names = parted.names(kind, edit["start"])
    chosen = st.segmented_control(
        t("Part"),
        list(names),
        format_func=names.__getitem__,
        default=edit["part"],
        key=editing.part_key(node_id, kind, edit["base"]),
        label_visibility="collapsed",
    )
    if chosen and chosen != edit["part"]:
        forms.forget(f"{cell_key(node_id, kind, 'form')}_{edit['part']}")
        edit |= {"part": chosen, "start": edit["content"]}


def _save(node_id: int, kind: str, edit: JsonObject, typed: JsonObject, base: int) -> None:
    edit["issues"] = forms.check(kinds.find(kind).model, typed)
    if not edit["issues"] and not edit.get("hides") and replanning.names_nodes(kind):
        edit["hides"] = live.workbench().artifacts.preview(node_id, kind, typed).hides_work
        if edit["hides"]:
            live.redraw_page()
    if not edit["issues"]:
        try:
            saved = live.workbench().artifacts.save(node_id, kind, typed, base, shell.user())
        except Conflict as error:
            edit["conflict"] = error.head_version
        except InvalidInput as error:
            edit["issues"] = error.issues or [Issue("", error.text)]
        else:
            end_edit(node_id, kind)
            live.invalidate()
            shell.toast(_tell_saved(kind, edit["before"], saved.content))
    live.redraw_page()


def _tell_saved(kind: str, before: JsonObject, saved: JsonObject) -> str:
    """That it is saved; of a name that was changed, what that means from now on."""
    was, now = before.get("name"), saved.get("name")
    if kind not in elements.NAMED_KINDS or fold(str(was)) == fold(str(now)):
        return t("Saved. What was made from it is marked stale.")
    if fold(str(was)) in map(fold, names_of(saved)):
        return t("Saved. “{was}” is an alias of {now} now: what calls it so, and its sheet, stay with it.",
                 was=was, now=now)  # fmt: skip
    return t("Saved. “{was}” is no alias of {now}: another goes by it, or there are six. What calls it so means it "
             "no more.", was=was, now=now)  # fmt: skip


def _agree_to_archive(node_id: int, kind: str, edit: JsonObject, typed: JsonObject) -> None:
    """What saving would archive, before it does."""
    slot = cell_key(node_id, kind, "edit")
    with st.container(border=True, key=f"{slot}_archives"):
        st.markdown(f"**{t('Before it is saved')}**")
        replanning.draw_preview(live.workbench().artifacts.preview(node_id, kind, typed))
        with st.container(horizontal=True, gap="small"):
            if st.button(t("Save; it can be undone"), key=f"{slot}_agree", type="primary", icon=":material/save:"):
                _save(node_id, kind, edit, typed, edit["base"])
            if st.button(t("Back to editing"), key=f"{slot}_think", icon=":material/edit:"):
                edit["hides"] = False
                live.redraw_page()


def _conflict(node_id: int, kind: str, edit: JsonObject, typed: JsonObject) -> None:
    """Somebody saved first: show both, let the reader choose; nothing is overwritten silently."""
    slot = cell_key(node_id, kind, "edit")
    theirs = live.workbench().artifact(node_id, kind)
    if theirs is None:
        return
    st.warning(
        t("Version {n} was saved while you were editing. Left is that version, right is yours.", n=theirs.version),
        icon=":material/call_split:",
    )
    diff.draw(diff.compare(theirs.content, typed, kinds.find(kind).model.model_json_schema()), f"{slot}_diff")
    with st.container(horizontal=True, gap="small"):
        if st.button(t("Keep mine, as a new version"), key=f"{slot}_mine", type="primary", icon=":material/save:"):
            edit["conflict"] = None
            _save(node_id, kind, edit, typed, theirs.version)
        st.button(
            t("Take theirs"), key=f"{slot}_theirs", icon=":material/check:", on_click=end_edit, args=(node_id, kind)
        )


def draw(node_id: int, cell: Cell, primary: bool, choices: dict[str, dict[Any, str]] | None = None) -> None:
    """One workflow's cell."""
    workflow: Workflow = cell.workflow
    artifact, job, state = cell.artifact, cell.job, cell.state
    with st.container(border=True, key=cell_key(node_id, workflow.name)):
        with st.container(
            horizontal=True, vertical_alignment="center", gap="small", key=cell_key(node_id, workflow.name, "row")
        ):
            st.markdown(f"**{t(workflow.title)}** {states.chip(state)}")
            with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
                _about(node_id, cell, artifact)
                settings(node_id, workflow, choices or {}, bool(cell.unmet) or state in states.ACTIVE)
                action(node_id, cell, primary)
        _body(node_id, cell, artifact, job, state)


def _about(node_id: int, cell: Cell, artifact: ArtifactVersion | None) -> None:
    """The version that is shown, the way to the others, and the pen."""
    if artifact is None:
        if cell.unmet:
            st.caption(t("not possible yet"), width="content")
        return
    shell.small(versions.version_meta(artifact), labels.time_text(artifact.created_at))
    versions.show_versions(node_id, artifact.kind, artifact)
    if artifact.kind not in artifacts.NOT_TYPED:
        st.button(
            "", key=cell_key(node_id, cell.workflow.name, "edit_open"), icon=":material/edit:", type="tertiary",
            help=t("Edit by hand"),
            on_click=begin_edit, args=(node_id, artifact.kind, artifact),
        )  # fmt: skip


def _body(node_id: int, cell: Cell, artifact: ArtifactVersion | None, job: Job | None, state: str) -> None:
    # Two places: a picture in the second one stays where it is when what is above it comes or goes. One that moves is
    # drawn a second time before the first is taken away. (A place for each thing would be half of a node's page.)
    workflow: Workflow = cell.workflow
    with st.container():
        for reason in () if state in states.ACTIVE else reasons.distinct(cell.stale_reasons)[:3]:
            st.markdown(f":orange[:material/update:] :gray[{reasons.sentence(reason)}]")
        for issue in cell.unmet or []:
            st.markdown(f":gray[:material/lock: {plain(labels.issue_text(issue))}]")
        if artifact and state not in states.ACTIVE:
            _beside(node_id, cell, artifact)
        if state in states.ACTIVE and job:
            running(job.id)
        if state == "failed" and job:
            failure(job)
        if artifact:
            _warnings(artifact)
            versions.show_comparison(node_id, artifact.kind)
    with st.container():
        if artifact and artifact.kind == "scene_video":
            clips.draw(node_id, artifact)
        elif artifact and artifact.kind not in artifacts.DRAWN_BY_CELLS and not editor(node_id, artifact.kind):
            artifacts.show(artifact.kind, artifact.content, node_id)
        if workflow.writes == "keyframe_images":
            sheet.draw(node_id, cell)
        elif workflow.batch and job and job.result:
            _batch(job)
        elif state not in states.ACTIVE:
            missing_parts.draw(job)


def _warnings(artifact: ArtifactVersion) -> None:
    for warning in artifact.warnings or []:
        text = translate(Text.from_json(warning), current()) if isinstance(warning, dict) else str(warning)
        st.markdown(f":orange[:material/warning:] :gray[{plain(text)}]")


def _batch(job: Job) -> None:
    """How a batch ended: how many succeeded, and each that failed with its reason."""
    result = job.result
    bad, left = result.get("failed", []), result.get("skipped", [])
    unbegun = sum(item.get("state") == "not_started" for item in bad)
    spared = sum(item.get("reason") in ("by_hand", "pinned") for item in left)
    sentence = t("{n} written, {m} failed, {k} were there already", n=len(result.get("succeeded", [])),
                 m=len(bad) - unbegun, k=len(left) - spared)  # fmt: skip
    more = [t("{n} never began", n=unbegun)] if unbegun else []
    more += [t("{n} written by hand or pinned were left", n=spared)] if spared else []
    st.markdown(f":gray[{' · '.join([sentence, *more])}]")
    for item in bad:
        node = live.workbench().projects.get_node(item["node_id"])
        name = labels.node_title(node.kind, node.position, node.title)
        if item.get("state") == "not_started":
            st.markdown(
                f":gray[:material/block: {plain(name)} · {t('never began: what it needs failed, or waits for you')}]"
            )
            continue
        why = labels.error_title(item.get("error_kind")) or states.find(item.get("state") or "failed").word
        link = ""
        if item.get("job_id") is not None:  # what was refused has no job
            link = f"[{t('job {id}', id=int(item['job_id']))}]({job_links.href(int(item['job_id']))})"
        st.markdown(f":red[:material/error:] {plain(name)} :gray[{plain(why)}] {link}")


def plain_artifact(node_id: int, kind: str) -> None:
    """A cell without a workflow, only edited by hand: the brief."""
    artifact = live.workbench().artifact(node_id, kind)
    if artifact is None:
        return
    with st.container(border=True, key=cell_key(node_id, kind, "plain")):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{labels.kind_title(kind)}**", width="content")
            states.badge("fresh")
            st.space("stretch")
            shell.small(versions.version_meta(artifact), labels.time_text(artifact.created_at))
            versions.show_versions(node_id, kind, artifact)
            st.button(
                t("Edit"),
                key=cell_key(node_id, kind, "edit_open"),
                icon=":material/edit:",
                on_click=begin_edit,
                args=(node_id, kind, artifact),
            )
        _warnings(artifact)
        versions.show_comparison(node_id, kind)
        if not editor(node_id, kind):
            artifacts.show(kind, artifact.content, node_id)
