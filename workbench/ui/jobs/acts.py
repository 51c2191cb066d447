"""The one dialog for whatever acts on jobs: what it will do, job by job, with count and price; then what came of it.

An act is asked for with ids. The dialog stays open while the page behind it is drawn anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from uuid import uuid4

import pandas as pd
import streamlit as st

from workbench.db.rows.jobs import Act, GroupFilters, JobFilters
from workbench.db.rows.record import Record
from workbench.errors import ReelwrightError
from workbench.i18n import N_
from workbench.json_types import JsonObject
from workbench.ui import budgets, drafts, formats, forms, job_links, labels, live, shell, states
from workbench.ui.jobs import changes
from workbench.ui.jobs.changes import Changes, Preset
from workbench.ui.language import current, t
from workbench.ui.markup import hide_keys, plain

Name = Literal["retry", "replay", "reparse", "cancel", "change"]
#: so many jobs are looked at one by one; what more of them are and cost is reckoned from these
MOST = 10_000
#: of more the stored answers are read by a job of its own, before anything is saved
MOST_READ = 500
#: so many stand in the table
LISTED = 1_000
#: more are not named one by one to the job that acts on them, where they can be told by a filter or a group
BY_ID = 2_000
#: the plan of so few is made anew whenever the dialog is drawn
FEW = 200
#: so many are done while one looks on; more are a job of their own
AT_ONCE = 20
_SLOT, _LAST = "_act", "_last_act"
SAVED = N_("What is saved has no undo: it is a version like any other, and an older one is restored in the Studio.")

TITLES: dict[Name, str] = {
    "retry": N_("Retry"),
    "replay": N_("Replay"),
    "reparse": N_("Read the stored answers again"),
    "cancel": N_("Cancel"),
    "change": N_("Priority"),
}
ICONS: dict[Name, str] = {
    "retry": "replay",
    "replay": "restart_alt",
    "reparse": "document_scanner",
    "cancel": "stop_circle",
    "change": "low_priority",
}
OUTCOMES = {
    "retry": N_("will be retried"),
    "replay": N_("will be replayed"),
    "reparse": N_("would now pass"),
    "cancel": N_("will be cancelled"),
    "change": N_("will change"),
    "skip": N_("left out"),
    "would_replace": N_("left out: saved by hand"),
    "retried": N_("retried"),
    "cancelled": N_("cancelled"),
    "changed": N_("changed"),
    "skipped": N_("left out"),
    "refused": N_("refused"),
}


@dataclass
class Asked:
    """An act that was asked for: of which jobs, very many the newest first. `done`: what came of it."""

    name: Name
    ids: list[int]
    params: JsonObject | None = None
    from_step: str | None = None
    #: after a single new job was made: go there
    follow: bool = False
    #: `params` are some fields, laid over each job's own
    lays_over: bool = False
    preset: Preset = field(default_factory=Preset)
    #: the page, and the job on it, where it was asked for
    place: tuple[str, str] = ("", "")
    done: list[Act] = field(default_factory=list)
    #: what they all match, or the group whose failures they are: when they are too many to be named
    filters: JobFilters | None = None
    group: GroupFilters | None = None
    #: the settings that were planned with, and the plan
    planned: tuple[Changes, list[Act]] | None = None
    #: two clicks are one act
    submit_key: str = field(default_factory=lambda: uuid4().hex)
    begun: bool = False

    @property
    def looked_at(self) -> list[int]:
        return self.ids[:MOST]

    @property
    def left(self) -> list[int]:
        """Those that are not looked at before."""
        return self.ids[len(self.looked_at) :]

    def reckon(self, n: int) -> int:
        """So many of those that were looked at are about so many of all."""
        return round(n * len(self.ids) / len(self.looked_at)) if self.left else n


@dataclass(frozen=True)
class Last:
    """What was done with a few jobs at once. `before`: job id → its priority before that was changed."""

    name: Name
    acts: list[Act]
    before: dict[int, int]
    at: int


def ask(
    name: Name,
    ids: Sequence[int],
    *,
    params: JsonObject | None = None,
    from_step: str | None = None,
    follow: bool = False,
    lays_over: bool = False,
    preset: Preset | None = None,
    filters: JobFilters | None = None,
    group: GroupFilters | None = None,
) -> None:
    """Open the dialog on the page's next run. `lays_over`: `params` are laid over each job's own; `preset`: of the
    fields under “With other settings”; `filters`, `group`: what the ids are all of, however many."""
    for field_key in ("profile", "model", "from_step", "max_tokens", "temperature", "prompt"):
        st.session_state.pop(f"act_{field_key}", None)
    asked = Asked(
        name, list(ids), params, from_step, follow, lays_over, preset or Preset(), _place(), filters=filters,
        group=group,
    )  # fmt: skip
    st.session_state[_SLOT] = asked


def close() -> None:
    st.session_state.pop(_SLOT, None)


def _place() -> tuple[str, str]:
    page = job_links.drawn_page()
    return page, str(st.query_params.get("id", "")) if page == "job" else ""


def draw(on_done: Callable[[], None] | None = None) -> bool:
    """The dialog, if an act was asked for; True while it is open. `on_done` is called when it has been done."""
    asked: Asked | None = st.session_state.get(_SLOT)
    if asked is None:
        return False
    if asked.place != _place():
        # the reader has gone on, by the back button for instance: it would be about other jobs than those in sight
        close()
        return False

    @shell.dialog(t(TITLES[asked.name]), width="large", icon=f":material/{ICONS[asked.name]}:", on_dismiss=close)
    def show_dialog() -> None:
        if asked.done:
            _told(asked)
            return
        if asked.name == "reparse" and len(asked.ids) > MOST_READ:
            _ask_to_read(asked, on_done)
            return
        changed = changes.draw(asked.ids, asked.preset) if asked.name == "retry" else Changes()
        try:
            plan = _plan(asked, changed)
        except ReelwrightError as error:
            st.error(plain(labels.error_text(error)), icon=":material/error:")
            return
        _ask(asked, plan, changed, on_done)

    show_dialog()
    return True


def _plan(asked: Asked, changed: Changes) -> list[Act]:
    """What would be done with each; of many it is asked once, as long as the settings stay."""
    if asked.planned is None or asked.planned[0] != changed or len(asked.looked_at) <= FEW:
        asked.planned = changed, _plan_anew(asked, changed)
    return asked.planned[1]


def _plan_anew(asked: Asked, changed: Changes) -> list[Act]:
    jobs, ids = live.workbench().jobs, asked.looked_at
    if asked.name == "retry":
        return jobs.plan_retry(ids, params=asked.params, **changed.as_arguments())
    if asked.name == "reparse":
        return live.query(jobs.plan_reparse, tuple(ids))
    if asked.name == "replay":
        return [jobs.plan_replay(ids[0], asked.from_step)]
    return (jobs.plan_cancel if asked.name == "cancel" else jobs.plan_priorities)(ids)


def _ask(asked: Asked, plan: list[Act], changed: Changes, on_done: Callable[[], None] | None) -> None:
    by_hand = [act for act in plan if act.outcome == "would_replace"][:LISTED]
    if by_hand and st.checkbox(
        t("Also the {n} of which a version was saved by hand since; that version stays in the list", n=len(by_hand)),
        key="act_replace_newer",
    ):
        # just those that stand in the table
        named = {act.job_id for act in by_hand}
        wanted = [act for act in plan if act.outcome == asked.name or act.job_id in named]
    else:
        wanted = [act for act in plan if act.outcome == asked.name]
    _numbers(asked, wanted)
    priority = _priority() if asked.name == "change" else 0
    # what a person has to say something of stands first
    _table(sorted(plan, key=lambda act: act.outcome != "would_replace")[:LISTED] if len(plan) > LISTED else plan)
    _say_which(asked, len(plan))
    beyond = _ask_budgets(asked, wanted) if asked.name in ("retry", "replay") else None
    with st.container(horizontal=True):
        st.button(
            _label(asked.name, int(asked.reckon(len(wanted)))),
            key="act_go",
            type="primary",
            icon=f":material/{ICONS[asked.name]}:",
            disabled=not (wanted or asked.left) or beyond is False,
            on_click=_do,
            args=(asked, wanted, priority, changed, on_done),
        )
        if st.button(t("Close"), key="act_close", icon=":material/close:"):
            close()
            live.redraw_page()


def _ask_to_read(asked: Asked, on_done: Callable[[], None] | None) -> None:
    """Very many are read by a job first, which tells what would pass."""
    n = formats.count(len(asked.ids))
    st.markdown(
        t("A job of its own reads what {n} jobs were answered, and tells of each whether it would now pass.", n=n)
    )
    st.markdown(t("Today's reader and checks on what is stored. No model is called, and nothing is paid."))
    st.markdown(t("Nothing is saved before you say so on the page of that job."))
    _say_until(asked)
    with st.container(horizontal=True):
        st.button(
            t("Read the answers of {n} jobs again", n=n), key="act_go", type="primary",
            icon=f":material/{ICONS[asked.name]}:", on_click=_begin_reading, args=(asked, on_done),
        )  # fmt: skip
        if st.button(t("Close"), key="act_close", icon=":material/close:"):
            close()
            live.redraw_page()


def _say_which(asked: Asked, planned: int) -> None:
    """What of many is not listed, and up to when they have failed."""
    said = []
    if asked.left:
        text = t("The numbers for all {all} are reckoned from the newest {n}.", n=formats.count(planned),
                 all=formats.count(len(asked.ids)))  # fmt: skip
        said += [text, t("What comes of each stands on the page of the job that does it.")]
    if planned > LISTED:
        said.append(t("{n} of them are listed.", n=formats.count(LISTED)))
    if said:
        st.caption(" ".join(said))
    _say_until(asked)


def _say_until(asked: Asked) -> None:
    if asked.group is not None and (until := asked.group.get("until")) is not None:
        st.caption(t("What has failed after {when} is not among them.", when=labels.time_text(until)))


def _label(name: Name, n: int) -> str:
    if name == "cancel":
        return t("Cancel {n} jobs", n=n) if n != 1 else t("Cancel 1 job")
    if name == "change":
        return t("Set the priority of {n} jobs", n=n) if n != 1 else t("Set the priority of 1 job")
    if name == "replay":
        return t("Replay 1 job")
    if name == "reparse":
        return t("Save {n} that would pass", n=n)
    return t("Retry {n} jobs", n=n) if n != 1 else t("Retry 1 job")


def _priority() -> int:
    return int(
        st.number_input(t("Priority"), -100, 100, 0, key="act_priority", help=t("Higher runs first; 0 is usual."))
    )


def _numbers(asked: Asked, wanted: Sequence[Act]) -> None:
    """Count by state, and what it will cost, at most where that is known: of all of them."""
    counts = Counter(act.state for act in wanted)
    numbers = {"n": int(asked.reckon(len(wanted))), "all": len(asked.ids)}
    counted = t("about {n} of {all} jobs", **numbers) if asked.left else t("{n} of {all} jobs", **numbers)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{counted}**", width="content")
        for name in states.JOB_STATES:
            if counts[name]:
                states.badge(name, int(asked.reckon(counts[name])))
    if asked.name == "reparse":
        st.markdown(t("Today's reader and checks on what is stored. No model is called, and nothing is paid."))
        st.caption(t(SAVED))
    if asked.name not in ("retry", "replay") or not wanted:
        return
    sentence = _say_price(asked, wanted)
    reused = int(asked.reckon(sum(act.reused for act in wanted)))
    if reused:
        # a step is known by what it was asked: a story that has changed since asks anew
        told = [
            sentence,
            t("Finished steps that are not paid again, unless what they are made from has changed: {n}.", n=reused),
        ]
    else:
        fits = any(_keeps_what_fits(asked, act) for act in wanted)
        reuse = t("What fits the edits is reused.") if fits else t("Nothing is there to reuse.")
        told = [sentence, reuse]
    st.markdown(" ".join(told))


def _say_price(asked: Asked, wanted: Sequence[Act]) -> str:
    """At most, where something bounds the answers of all of them."""
    cost: dict[str, int] = {}
    most: dict[str, int] = {}
    for act in wanted:
        if act.cost_micros is not None and act.currency:
            cost[act.currency] = cost.get(act.currency, 0) + act.cost_micros
            most[act.currency] = most.get(act.currency, 0) + (act.most_micros or 0)
    unpriced = asked.reckon(sum(act.cost_micros is None for act in wanted))
    about, longest = (
        f"**{plain(formats.price({name: asked.reckon(n) for name, n in sums.items()}, unpriced, current()))}**"
        for sums in (cost, most)
    )
    if any(act.most_micros is None for act in wanted):
        return t("It costs about {cost}.", cost=about)
    if about == longest:
        return t("It costs about {cost} at most.", cost=about)
    return t("It costs about {cost}, at most {most}.", cost=about, most=longest)


def _ask_budgets(asked: Asked, wanted: Sequence[Act]) -> bool | None:
    """What the budgets have left for them, as `budgets.ask` says it."""
    prices: dict[int | None, tuple[dict[str, int], int]] = {}
    for act in wanted:
        cost, unpriced = prices.get(act.project_id, ({}, 0))
        if act.cost_micros is None:
            unpriced += 1
        elif act.currency:
            cost[act.currency] = cost.get(act.currency, 0) + act.cost_micros
        prices[act.project_id] = cost, unpriced
    reckoned = {
        project: ({currency: asked.reckon(micros) for currency, micros in cost.items()}, asked.reckon(unpriced))
        for project, (cost, unpriced) in prices.items()
    }
    return budgets.ask_for_projects(reckoned, "act")


def _table(acts: Sequence[Act]) -> None:
    st.dataframe(
        pd.DataFrame([_row(act) for act in acts], columns=["id", "job", "state", "outcome", "cost", "reason"]),
        hide_index=True,
        height=min(360, 38 + 35 * len(acts)),
        column_config={
            "id": st.column_config.TextColumn("#", width=58, alignment="right"),
            "job": st.column_config.TextColumn(t("Job"), width=150),
            "state": st.column_config.TextColumn(t("State"), width=90),
            "outcome": st.column_config.TextColumn(t("Outcome"), width=150),
            "cost": st.column_config.TextColumn(t("Cost"), width=80, alignment="right"),
            "reason": st.column_config.TextColumn(t("Why"), width=330),
        },
        key="act_table",
        alt=t("What becomes of each job"),
    )


def _row(act: Act) -> dict[str, Any]:
    outcome = t(OUTCOMES[act.outcome])
    priced = act.outcome in ("retry", "replay", "would_replace")
    unknown = t("unknown") if priced and act.cost_micros is None else formats.MISSING
    return {
        "id": f"{act.job_id}",
        "job": labels.workflow_title(act.kind),
        "state": states.find(act.state).word,
        "outcome": outcome if act.new_id is None else t("{outcome} as job {id}", outcome=outcome, id=act.new_id),
        "cost": unknown if act.cost_micros is None else formats.cost(act.cost_micros, act.currency, current()),
        "reason": hide_keys(_reason(act)),
    }


def _reason(act: Record) -> str:
    return labels.translate_stored(act, "reason") or ""


def _do(
    asked: Asked, wanted: Sequence[Act], priority: int, changed: Changes, on_done: Callable[[], None] | None
) -> None:
    """Act on just the jobs that were shown, by their ids; a second click does nothing more."""
    if asked.done:
        return
    jobs = live.workbench().jobs
    ids = [act.job_id for act in wanted]
    how: dict[str, Any] = {"user": shell.user()}
    if _is_bulk(asked, wanted):
        _begin_bulk(asked, wanted, priority, changed, on_done)
        return
    before = [job.priority for job in jobs.get_many(ids)] if asked.name == "change" else []
    with shell.show_refusals():
        if asked.name == "cancel":
            asked.done = jobs.cancel_many(ids, **how)
        elif asked.name == "change":
            asked.done = jobs.change_priorities(ids, priority)
        elif asked.name == "retry":
            # just those of which it was said: another one may have been saved by hand since
            meant = [act.job_id for act in wanted if act.outcome == "would_replace"]
            whole = asked.params is not None and not asked.lays_over
            params = _fill_in(wanted[0].kind, asked.params or {}) if whole else asked.params
            asked.done = jobs.retry_many(ids, params=params, replace_newer=meant, **changed.as_arguments(), **how)
        elif asked.name == "reparse":
            asked.done = jobs.reparse_many(ids, **how)
        else:
            replaces = wanted[0].outcome == "would_replace"
            if _keeps_what_fits(asked, wanted[0]):
                job = jobs.retry(ids[0], asked.params, replace_newer=replaces, **how)
            else:
                job = jobs.replay(ids[0], asked.params, from_step=asked.from_step, replace_newer=replaces, **how)
            asked.done = [_as_done(wanted[0], job.id)]
        if asked.params is None and asked.name in UNDONE:
            st.session_state[_LAST] = Last(
                asked.name, asked.done, dict(zip(ids, before, strict=False)), live.clock_ms()
            )
    live.invalidate()
    if asked.done and asked.params is not None:
        # the payload that was typed has been used
        drafts.discard(forms.payload_place(ids[0]))
    if not asked.done:
        close()
    elif on_done is not None:
        on_done()
    _finish(asked)


#: acts that have a way back
UNDONE = ("cancel", "retry", "change")
#: acts that can be a job of their own
BULK: dict[Name, Literal["cancel", "retry", "reparse", "priority"]] = {
    "cancel": "cancel", "retry": "retry", "reparse": "reparse", "change": "priority",
}  # fmt: skip


def _is_bulk(asked: Asked, wanted: Sequence[Act]) -> bool:
    # a whole payload is one job's
    given = asked.params is None or asked.lays_over
    return asked.name in BULK and given and (len(wanted) > AT_ONCE or bool(asked.left))


def _begin_bulk(
    asked: Asked, wanted: Sequence[Act], priority: int, changed: Changes, on_done: Callable[[], None] | None
) -> None:
    """A job of its own works through them: those that were shown, or all that match when they were too many."""
    if asked.begun:
        return
    asked.begun = True
    which = _which(asked, [*(act.job_id for act in wanted), *asked.left])
    # just those of which it was said: of others it is told that somebody has saved one
    meant = [act.job_id for act in wanted if act.outcome == "would_replace"]
    with shell.show_refusals():
        job = live.workbench().jobs.act_on_many(
            BULK[asked.name], **which, priority=priority, params=asked.params, replace_newer=meant,
            user=shell.user(), submit_key=asked.submit_key, **changed.as_arguments(),
        )  # fmt: skip
        if asked.params is not None:
            # the payload that was typed has been used
            drafts.discard(forms.payload_place(asked.ids[0]))
        shell.toast(t("Job {id} works through them; see its progress above the list.", id=job.id))
        if on_done is not None:
            on_done()
    live.invalidate()
    close()


def _begin_reading(asked: Asked, on_done: Callable[[], None] | None) -> None:
    with shell.show_refusals():
        job = live.workbench().jobs.act_on_many(
            "read", **_which(asked, asked.ids), user=shell.user(), submit_key=asked.submit_key
        )
        shell.toast(t("Job {id} works through them; see its progress above the list.", id=job.id))
        if on_done is not None:
            on_done()
    live.invalidate()
    close()


def _which(asked: Asked, ids: list[int]) -> dict[str, Any]:
    """The jobs as `act_on_many` takes them: one by one, or by what they all match when they are too many."""
    if len(ids) > BY_ID and asked.filters is not None:
        return {"filters": asked.filters, "last": max(asked.ids)}
    if len(ids) > BY_ID and asked.group is not None:
        return {"group": asked.group}
    return {"job_ids": ids}


def last() -> Last | None:
    """What this reader did last with jobs, while it can be undone."""
    done: Last | None = st.session_state.get(_LAST)
    return done


def undo_last() -> None:
    """Retry what was cancelled, cancel what was retried, give priorities back."""
    done: Last | None = st.session_state.pop(_LAST, None)
    if done is None:
        return
    jobs, user = live.workbench().jobs, shell.user()
    with shell.show_refusals():
        if done.name == "cancel":
            told = jobs.retry_many([act.job_id for act in done.acts if act.outcome == "cancelled"], user=user)
        elif done.name == "retry":
            told = jobs.cancel_many([act.new_id for act in done.acts if act.new_id is not None], user=user)
        else:
            told = []
            for priority in sorted(set(done.before.values())):
                ids = [i for i, before in done.before.items() if before == priority]
                told += jobs.change_priorities(ids, priority)
        counts = Counter(act.outcome for act in told)
        shell.toast(" · ".join(f"{t(OUTCOMES[outcome])}: {n}" for outcome, n in counts.items()))
    live.invalidate()


def _keeps_what_fits(asked: Asked, act: Act) -> bool:
    """With an edited payload: what the job has finished and is the same is not paid again, unless it came to its end
    and is to be made anew."""
    return asked.params is not None and act.state != "succeeded"


def _fill_in(kind: str, params: JsonObject) -> JsonObject:
    """A payload with every field: what was taken out of it is not what it was in the job's own."""
    filled: JsonObject = live.workbench().workflows.get(kind).params.model_validate(params).model_dump(mode="json")
    return filled


def _as_done(act: Act, new_id: int) -> Act:
    return replace(act, outcome="retried", new_id=new_id, reason=None, reason_i18n=None)


def _finish(asked: Asked) -> None:
    """When every job went as it was said, a line is enough; else the dialog stays, and tells each one's outcome."""
    done = Counter(act.outcome for act in asked.done)
    smooth = done.keys() <= {"retried", "cancelled", "changed"}
    if not asked.done or not smooth:
        return
    new = [act.new_id for act in asked.done if act.new_id is not None]
    if asked.name in ("retry", "replay", "reparse"):
        shell.toast(t("Replayed as job {id}.", id=new[0]) if len(new) == 1 else t("Jobs retried: {n}", n=len(new)))
    elif asked.name == "cancel":
        shell.toast(t("Jobs cancelled: {n}", n=len(asked.done)))
    else:
        shell.toast(t("Priorities changed: {n}", n=len(asked.done)))
    if asked.follow and len(new) == 1:
        st.query_params["id"] = str(new[0])
    close()


def _told(asked: Asked) -> None:
    """What came of each job."""
    counts = Counter(act.outcome for act in asked.done)
    st.markdown(plain(" · ".join(f"{t(OUTCOMES[outcome])}: {n}" for outcome, n in counts.items())))
    _table(asked.done)
    if st.button(t("Close"), key="act_close", icon=":material/close:"):
        close()
        live.redraw_page()
