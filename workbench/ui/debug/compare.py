"""A job and its replay side by side: how they ended, what they took, and for each step words, answer and checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from workbench.artifacts.diff import changes
from workbench.db.rows.jobs import Job, JobDetail, ModelCall, Step
from workbench.errors import OutputError
from workbench.json_types import Json, parse_json
from workbench.providers.reading import read_json
from workbench.ui import formats, job_links, labels, live, media, states
from workbench.ui.jobs import table
from workbench.ui.language import current, t
from workbench.ui.markup import code, hide_keys, plain, shorten
from workbench.ui.studio import diff
from workbench.validation import REJECTED

PAGE = "pages/compare.py"
#: fields of an answer that are listed; the others are counted
MOST_FIELDS = 60
#: of what stayed the same, so much is shown on each side of a change
AROUND = 80
#: pictures of each side
MOST_PICTURES = 9


@dataclass(frozen=True)
class Side:
    """One of the two jobs. `calls`: those of a step that reached their service, the last one is what it came to;
    `tries`: the others too."""

    detail: JobDetail

    @property
    def job(self) -> Job:
        return self.detail.job

    def calls(self, step: str | None = None) -> list[ModelCall]:
        return [c for c in self.tries(step) if c.sent]

    def tries(self, step: str | None = None) -> list[ModelCall]:
        return [c for c in self.detail.model_calls if step is None or c.step == step]

    def step(self, name: str) -> Step | None:
        return next((s for s in self.detail.steps if s.name == name), None)

    def took_over(self, name: str) -> bool:
        """Whether an earlier job had made this step, so that nothing was asked."""
        step = self.step(name)
        return step is not None and step.reused_from is not None and not self.tries(name)

    def rejections(self, name: str) -> list[str]:
        """What each rejected answer of a step was rejected for, in their order."""
        told = [e for e in self.detail.events if e.i18n is not None and e.i18n["msgid"] == REJECTED]
        return [labels.translate_stored(e, "message") for e in told if (e.i18n or {})["params"]["step"] == name]

    def outcome(self, name: str) -> str:
        """What a step's checks came to."""
        calls = self.calls(name)
        if not calls:
            return t("reused") if self.took_over(name) else t("no answer")
        if calls[-1].valid is not True:
            return t("not passed") if calls[-1].outcome == "ok" else t("no answer")
        repairs = sum(call.purpose == "repair" for call in calls)
        if not repairs:
            return t("passed at once")
        return t("passed after 1 repair") if repairs == 1 else t("passed after {n} repairs", n=repairs)


def words(original: int, other: int) -> str:
    """The same as a link in a sentence."""
    return f"[{t('compare')}](/compare?a={int(original)}&b={int(other)})"


def link(original: int, other: int, key: str) -> None:
    """A way to here from wherever two runs of the same are in sight."""
    if st.button(t("Compare"), key=key, icon=":material/compare_arrows:", type="tertiary"):
        st.switch_page(PAGE, query_params={"a": str(original), "b": str(other)})


def draw(first: JobDetail, second: JobDetail) -> None:
    sides = (Side(first), Side(second))
    for column, side in zip(st.columns(2, gap="small"), sides, strict=True):
        with column:
            _card(side)
    _numbers(*sides)
    _inputs(*sides)
    _settings(*sides)
    _versions(*sides)
    names = list(dict.fromkeys([c.step or "" for s in sides for c in s.tries()] + [s.name for s in first.steps]))
    named = [name for name in names if name]
    if named:
        step = named[0]
        if len(named) > 1:
            chosen = st.selectbox(t("Step"), named, format_func=lambda n: _step_title(n, sides), key="compare_step")
            step = chosen or step
            _numbers(*sides, step)
        _step(step, *sides)
    _pictures(*sides)


def _card(side: Side) -> None:
    job = side.job
    with st.container(border=True, key=f"compare_job_{job.id}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**[{t('Job')} {job.id}]({job_links.href(job.id)})**", width="content")
            states.badge(job.state)
            st.space("stretch")
            st.caption(labels.age_text(job.created_at), width="content")
        profile = live.query(live.workbench().profiles.list, include_archived=True)
        name = next((p.name for p in profile if p.id == job.profile_id), "sketch")
        models = labels.join(dict.fromkeys(c.model for c in side.calls()))
        st.caption(plain(" · ".join(p for p in (labels.workflow_title(job.kind), name, models) if p)))
        if job.error:
            title = labels.error_title(job.error_kind)
            error = shorten(labels.translate_stored(job, "error"), 400)
            st.markdown(f":red[:material/error: **{plain(title)}**] {plain(error)}")
        elif job.state == "succeeded":
            st.markdown(f":green[:material/check_circle: {t('All checks passed')}]")


def _sum(calls: Sequence[ModelCall], name: str) -> int | None:
    known = [getattr(call, name) for call in calls if getattr(call, name) is not None]
    return sum(known) if known else None


def _facts(side: Side, calls: Sequence[ModelCall], *, whole: bool) -> list[tuple[str, str, float | None]]:
    """(what, in words, as a number where it is one) of a job or one of its steps."""
    cost: dict[str, int] = {}
    for call in calls:
        if call.cost_micros is not None and call.currency:
            cost[call.currency] = cost.get(call.currency, 0) + call.cost_micros
    unpriced = sum(call.unpriced for call in calls)
    alone = next(iter(cost.values())) if len(cost) == 1 and not unpriced else None
    valid = sum(call.valid is True for call in calls)
    tokens = [_sum(calls, name) for name in ("input_tokens", "output_tokens")]
    latency, ran = _sum(calls, "latency_ms"), table.ran_ms(side.job, live.clock_ms())
    facts: list[tuple[str, str, float | None]] = [
        (t("Model calls"), str(len(calls)), len(calls)),
        (t("Valid answers"), str(valid), valid),
        (t("Input tokens"), formats.number(tokens[0], current()), tokens[0]),
        (t("Output tokens"), formats.number(tokens[1], current()), tokens[1]),
        (t("Cost"), formats.price(cost, unpriced, current()) if calls else formats.MISSING, alone),
        (t("Latency"), labels.duration_text(latency), latency),
    ]
    if whole:
        facts.append((t("Run"), labels.duration_text(ran), ran))
        facts.append((t("Attempts"), str(len(side.detail.attempts)), len(side.detail.attempts)))
    return facts


def _change(now: float | None, before: float | None, same: bool) -> str:
    change = formats.delta_percent(now, before) if before else None
    return "" if same else change.text if change is not None else "≠"


def _numbers(first: Side, second: Side, step: str | None = None) -> None:
    left, right = (_facts(s, s.calls(step), whole=step is None) for s in (first, second))
    rows = [
        {"what": what, "a": a, "b": b, "change": _change(now, before, a == b)}
        for (what, a, before), (_, b, now) in zip(left, right, strict=True)
    ]
    config = st.column_config.TextColumn
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        row_height=32,
        column_config={
            "what": config("", width=160),
            "a": config(t("Job {id}", id=first.job.id), width=140, alignment="right"),
            "b": config(t("Job {id}", id=second.job.id), width=140, alignment="right"),
            "change": config(t("Change"), width=80, alignment="right"),
        },
        key=f"compare_numbers_{step or ''}",
        alt=t("What both took"),
    )


def _heading(title: str, note: str) -> None:
    st.markdown(f"**{plain(title)}** :gray[{plain(note)}]")


def _count_fields(n: int) -> str:
    return t("1 field changed") if n == 1 else t("{n} fields changed", n=n)


def _fields(was: Json, now: Json, key: str) -> int:
    """The fields that differ, old at the left and new at the right; how many there are."""
    changed = changes(was, now)
    if changed:
        left, right = st.columns(2, gap="small")
        for column, name in ((left, "old"), (right, "new")):
            with column, st.container(border=True, key=f"{key}_{name}"):
                for change in changed[:MOST_FIELDS]:
                    old, new = diff.words(str(hide_keys(change.was or "")), str(hide_keys(change.now or "")))
                    said = diff.mark(_excerpt(old if name == "old" else new))
                    st.markdown(f"{code(change.path or '—')} {said or '—'}")
    if len(changed) > MOST_FIELDS:
        st.caption(t("and {n} fields more", n=len(changed) - MOST_FIELDS))
    return len(changed)


def _excerpt(pieces: Sequence[diff.Piece]) -> list[diff.Piece]:
    """What changed, with a little of what stands around it."""
    short: list[diff.Piece] = []
    for number, (kind, text) in enumerate(pieces):
        if kind == "same" and len(text) > 2 * AROUND:
            head = text[:AROUND] if number else ""
            tail = text[-AROUND:] if number < len(pieces) - 1 else ""
            text = f"{head} … {tail}"
        short.append((kind, text))
    return short


def _inputs(first: Side, second: Side) -> None:
    count = len(changes(first.job.params, second.job.params))
    _heading(t("Payload"), _count_fields(count) if count else t("the same"))
    if count:
        _fields(first.job.params, second.job.params, "compare_params")


def _settings(first: Side, second: Side) -> None:
    """What each was asked with beside its profile, where one of them was."""
    was, now = (side.detail.overrides or {} for side in (first, second))
    if was or now:
        count = len(changes(was, now))
        _heading(t("Settings beside the profile"), _count_fields(count) if count else t("the same"))
        _fields(was, now, "compare_settings")


def _versions(first: Side, second: Side) -> None:
    """The story's versions that each ran on; those that differ before the others."""
    used = live.query(live.workbench().jobs.compare_inputs, first.job.id, second.job.id)
    if not used:
        return
    other = [one for one in used if one.first != one.second]
    note = t("1 other version") if len(other) == 1 else t("{n} other versions", n=len(other))
    _heading(t("Made from"), note if other else t("the same versions"))
    for side, recorded in ((first, used[0].first_recorded), (second, used[0].second_recorded)):
        if not recorded:
            st.caption(t("Job {id} has made no version: these are the newest ones of when it began.", id=side.job.id))
    rows = [
        {
            "what": f"{labels.kind_title(one.kind)} · {one.title}", "a": _numbers_of(one.first),
            "b": _numbers_of(one.second), "change": "≠" if one.first != one.second else "",
        }
        for one in [*other, *(one for one in used if one.first == one.second)]
    ]  # fmt: skip
    config = st.column_config.TextColumn
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        row_height=32,
        column_config={
            "what": config("", width=260),
            "a": config(t("Job {id}", id=first.job.id), width=120, alignment="right"),
            "b": config(t("Job {id}", id=second.job.id), width=120, alignment="right"),
            "change": config(t("Change"), width=80, alignment="right"),
        },
        key="compare_versions",
        alt=t("The versions that both were made from"),
    )


def _numbers_of(versions: Sequence[int]) -> str:
    return ", ".join(f"v{n}" for n in versions) or "—"


def _step_title(name: str, sides: Sequence[Side]) -> str:
    marks = [t("reused") if side.took_over(name) else t("{n} calls", n=len(side.calls(name))) for side in sides]
    return f"{name} · {' → '.join(marks)}"


def _step(name: str, first: Side, second: Side) -> None:
    old, new = (side.calls(name)[-1:] for side in (first, second))
    for side, last in ((first, old), (second, new)):
        if not last and side.took_over(name):
            st.caption(t("Job {id} has taken over what this step had made before: nothing was paid.", id=side.job.id))
    if old and new:
        _prompt(old[0], new[0])
        _answer(old[0], new[0])
    _checks(first, second, name)


def _prompt(old: ModelCall, new: ModelCall) -> None:
    messages = [call.prompt if isinstance(call.prompt, list) else call.prompt and [call.prompt] for call in (old, new)]
    if messages[0] is None or messages[1] is None:
        _heading(t("Prompt"), t("no longer kept"))
        return
    texts = ["\n\n".join(_text_of(m) for m in side or []) for side in messages]
    if texts[0] == texts[1]:
        _heading(t("Prompt"), t("the same"))
        return
    versions = f"{old.prompt_version or '—'} → {new.prompt_version or '—'}"
    _heading(t("Prompt"), versions if old.prompt_version != new.prompt_version else t("words changed"))
    left, right = diff.words(*(str(hide_keys(text)) for text in texts))
    for column, pieces, side in zip(st.columns(2, gap="small"), (left, right), ("old", "new"), strict=True):
        with column, st.container(border=True, key=f"compare_prompt_{side}", height=320):
            st.markdown(diff.mark(_excerpt(pieces)) or "—")


def _text_of(message: Any) -> str:
    if isinstance(message, dict):
        return str(message.get("content") or message.get("prompt") or "")
    return str(message)


def _answer(old: ModelCall, new: ModelCall) -> None:
    if old.raw_output is None or new.raw_output is None:
        if old.capability == "text":
            _heading(t("Answer"), _say_missing(old, new))
        return
    if old.raw_output == new.raw_output:
        _heading(t("Answer"), t("the same"))
        return
    contents = [_content_of(call) for call in (old, new)]
    if None not in contents:
        count = len(changes(contents[0], contents[1]))
        _heading(t("Answer"), _count_fields(count) if count else t("the same in every field"))
        _fields(contents[0], contents[1], "compare_answer")
        return
    _heading(t("Answer"), t("one of them is no JSON"))
    for column, call, side in zip(st.columns(2, gap="small"), (old, new), ("old", "new"), strict=True):
        with column, st.container(key=f"compare_raw_{side}"):
            st.code(str(hide_keys(call.raw_output or "—")), language=None, wrap_lines=True, height=280)


def _say_missing(old: ModelCall, new: ModelCall) -> str:
    """Why there is not an answer on both sides."""
    silent = [call for call in (old, new) if _is_silent(call)]
    if len(silent) == 1:
        return t("none of job {id}", id=silent[0].job_id)
    return t("no answer") if silent else t("no longer kept")


def _is_silent(call: ModelCall) -> bool:
    """Whether it has brought no answer, so that there was none to keep."""
    return call.raw_output is None and call.outcome not in ("ok", "late") and not call.output_tokens


def _content_of(call: ModelCall) -> Json:
    """An answer as what it says; None when it is no JSON. One that had to be JSON is read as its step has read it."""
    text = call.raw_output or ""
    try:
        content = parse_json(text)
    except ValueError:
        # the words around some brackets of a chat are its answer
        content = _read(text) if call.prompt_version or call.mode not in (None, "plain") else None
    return content if isinstance(content, dict | list) else None


def _read(text: str) -> Json:
    for wanted in ("object", "array"):
        try:
            return read_json(text, wanted, last=True)
        except OutputError:
            continue
    return None


def _checks(first: Side, second: Side, name: str) -> None:
    """What the checks came to, and what the answers were rejected for, each time."""
    _heading(t("Checks"), f"{first.outcome(name)} → {second.outcome(name)}")
    for column, side in zip(st.columns(2, gap="small"), (first, second), strict=True):
        with column, st.container(border=True, key=f"compare_checks_{side.job.id}"):
            for number, call in enumerate(side.tries(name), start=1):
                icon, colour, said = "check_circle", "green", t("valid")
                if call.valid is not True:
                    icon, colour = "error", "red"
                    said = labels.error_title(call.error_kind) if call.error_kind else t("not valid")
                st.markdown(f":{colour}[:material/{icon}: {number} · {plain(said)}] :gray[{plain(call.purpose)}]")
            for rejection in side.rejections(name):
                st.markdown(f":gray[:material/chevron_right:] {plain(shorten(rejection, 240))}")
            issues = (side.job.result or {}).get("issues", ()) if isinstance(side.job.result, dict) else ()
            for issue in list(issues)[:12]:
                st.markdown(f":red[:material/chevron_right:] {plain(shorten(str(issue), 240))}")


def _pictures(first: Side, second: Side) -> None:
    shas = [_media_of(side) for side in (first, second)]
    if not any(shas):
        return
    _heading(t("Pictures"), f"{len(shas[0])} → {len(shas[1])}")
    for column, side, listed in zip(st.columns(2, gap="small"), (first, second), shas, strict=True):
        with column, st.container(border=True, key=f"compare_pictures_{side.job.id}"):
            if not listed:
                st.caption(t("none"))
            for begin in range(0, min(len(listed), MOST_PICTURES), 3):
                for place, (name, sha) in zip(st.columns(3), listed[begin : begin + 3], strict=False):
                    with place:
                        _picture(sha, name)


def _picture(sha: str, name: str) -> None:
    media.picture(sha, name, small=True)
    st.caption(plain(name))


def _media_of(side: Side) -> list[tuple[str, str]]:
    """(step, SHA-256) of what was drawn."""
    listed = []
    for step in side.detail.steps:
        output = step.output if isinstance(step.output, dict) else {}
        images = output.get("images", ())
        listed += [(step.name, str(image["media"])) for image in images if isinstance(image, dict) and "media" in image]
    return listed
