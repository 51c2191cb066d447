"""What jobs are run again with beside their payload: another profile, model, longest answer, temperature, prompt, or
from which step on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.db.rows.jobs import Job
from workbench.jobs.overrides import carry_over
from workbench.json_types import JsonObject
from workbench.providers.params import MOST_TOKENS, PARAMS
from workbench.ui import live
from workbench.ui.language import t
from workbench.ui.markup import code, plain

if TYPE_CHECKING:
    from workbench.jobs.overrides import Overrides

#: as it was: chosen in every list at first
AS_BEFORE = ""
#: so many of the jobs are looked at for what they were asked with
LOOKED_AT = 200


@dataclass(frozen=True)
class Changes:
    """`None` everywhere: as it was."""

    profile: str | None = None
    overrides: Overrides | None = None
    from_step: str | None = None

    def as_arguments(self) -> dict[str, Any]:
        return {"profile": self.profile, "overrides": self.overrides, "from_step": self.from_step}


@dataclass(frozen=True)
class Preset:
    """What a remedy fills in before the reader has."""

    profile: str | None = None
    max_tokens: int | None = None
    is_open: bool = field(default=False)


def draw(ids: Sequence[int], preset: Preset) -> Changes:
    """The fields, folded until they are wanted, with what the jobs themselves were asked with; what they say."""
    wb = live.workbench()
    jobs = wb.jobs.get_many(ids[:LOOKED_AT])
    before = _find_own(jobs)
    expanded = preset.is_open or before != {}
    with st.expander(t("With other settings"), icon=":material/tune:", expanded=expanded, key="act_changes"):
        unsaid = t("as the profile says") if before is not None else t("as each was asked")
        if before is None:
            told = t(
                "These jobs were asked with different settings. What you give is for all; else each keeps its own."
            )
            st.caption(told)
        left, right = st.columns(2, gap="small")
        with left:
            profile = _profile(preset, jobs, before or {})
            own = before or {}
            if _is_other(profile, jobs):
                own = {**(carry_over(own) or {})}
            model = _field(st.text_input, t("Model"), "model", own.get("text_model"), placeholder=unsaid)
            step = _step(jobs)
        params = own.get("params", {})
        with right:
            tokens = _field(
                st.number_input, t("Longest answer in tokens"), "max_tokens",
                preset.max_tokens or params.get("max_tokens"), placeholder=unsaid,
                value=None, min_value=1, max_value=MOST_TOKENS, step=500,
            )  # fmt: skip
            was = params.get("temperature")
            heat = _field(
                st.number_input, t("Temperature"), "temperature", None if was is None else float(was),
                placeholder=unsaid, value=None, min_value=0.0, max_value=2.0, step=0.1,
            )  # fmt: skip
            prompts = _prompts(jobs, own.get("prompts", {}))
        hidden = {name: value for name, value in params.items() if name not in ("max_tokens", "temperature")}
        if hidden:
            st.caption(t("Also {settings}, as before.", settings=describe({"params": hidden})))
    asked: JsonObject = {
        "text_model": (model or "").strip(), "prompts": prompts,
        "params": {**hidden, "max_tokens": tokens and int(tokens), "temperature": heat},
    }  # fmt: skip
    return Changes(profile, _find_changed(own, asked), step)


def _find_own(jobs: Sequence[Job]) -> JsonObject | None:
    """What all of these jobs were asked with beside their profiles, but for those that another one replays; None: not
    all with the same."""
    asked = live.query(live.workbench().jobs.list_overrides, [job.id for job in jobs])
    replayed = {job.replay_of for job in jobs}
    own = [asked.get(job.id, {}) for job in jobs if job.id not in replayed] or [{}]
    return own[0] if all(one == own[0] for one in own) else None


def _find_changed(own: JsonObject, asked: JsonObject) -> Overrides | None:
    """The fields that say something else than the jobs were asked with: of all others each keeps its own."""
    changed: Overrides = {}
    if asked["text_model"] != (own.get("text_model") or ""):
        changed["text_model"] = asked["text_model"] or None
    params = _find_other(own.get("params", {}), asked["params"])
    if params:
        changed["params"] = params
    prompts = _find_other(own.get("prompts", {}), asked["prompts"])
    if prompts:
        changed["prompts"] = prompts
    return changed or None


def _find_other(own: JsonObject, asked: JsonObject) -> JsonObject:
    return {name: asked.get(name) for name in {**own, **asked} if asked.get(name) != own.get(name)}


def _field(draw_field: Callable[..., Any], label: str, name: str, first: Any, **how: Any) -> Any:
    """A field that says at first what the jobs were asked with."""
    key = f"act_{name}"
    if first is not None:
        st.session_state.setdefault(key, first)
    return draw_field(label, key=key, **how)


def describe(overrides: JsonObject) -> str:
    """In a sentence: what a job was asked with beside its profile."""
    said = [f"{t('Model')} {code(overrides['text_model'])}"] if overrides.get("text_model") else []
    for name, value in overrides.get("params", {}).items():
        title = t(PARAMS[name].title) if name in PARAMS else plain(name)
        said.append(f"{title} {code(str(value))}")
    for key, number in overrides.get("prompts", {}).items():
        version = t("shipped") if number == 0 else t("version with the id {id}", id=int(number))
        said.append(f"{t('Prompt')} {code(key)} ({version})")
    return ", ".join(said)


def _profile(preset: Preset, jobs: Sequence[Job], own: JsonObject) -> str | None:
    names = [AS_BEFORE, "sketch", *(p.name for p in live.query(live.workbench().profiles.list))]
    at = names.index(preset.profile) if preset.profile in names else 0
    chosen = st.selectbox(
        t("Profile"), names, at, format_func=lambda name: name or t("as it was"), key="act_profile",
        on_change=_match_model, args=(jobs, str(own.get("text_model") or "")),
    )  # fmt: skip
    return chosen or None


def _is_other(profile: str | None, jobs: Sequence[Job]) -> bool:
    """Whether it is another profile than that of any of these jobs."""
    if profile is None:
        return False
    ids = {p.name: p.id for p in live.query(live.workbench().profiles.list)}
    return any(job.profile_id != ids.get(profile) for job in jobs)


def _match_model(jobs: Sequence[Job], own: str) -> None:
    """A model belongs to its service: it goes when another profile is chosen, and is back with the profile."""
    typed = st.session_state.get("act_model") or ""
    if _is_other(st.session_state["act_profile"] or None, jobs):
        st.session_state["act_model"] = "" if typed == own else typed
    else:
        st.session_state["act_model"] = typed or own


def _step(jobs: Sequence[Job]) -> str | None:
    """From which step on: one of those of the newest of them."""
    steps = live.query(live.workbench().jobs.list_steps, jobs[0].id) if jobs else []
    names = [AS_BEFORE, *(step.name for step in steps)]
    chosen = st.selectbox(
        t("From step"), names, format_func=lambda name: name or t("what is not finished"), key="act_from_step"
    )
    return chosen or None


def _prompts(jobs: Sequence[Job], own: dict[str, int]) -> dict[str, int]:
    """Key → id of a version of a prompt of theirs, 0 for the shipped one; where there are versions."""
    wb = live.workbench()
    kinds = {job.kind for job in jobs}
    options: dict[str, tuple[str, int] | None] = {t("the one that counts now"): None}
    for project in {None, *(job.project_id for job in jobs)}:
        for entry in live.query(wb.prompts.list, project):
            if entry.workflow not in kinds:
                continue
            versions = live.query(wb.prompts.list_versions, entry.name, entry.language, project)
            name = f"{entry.name.rpartition('/')[2]} ({entry.language})"
            for version in versions:
                if not version.is_reset:
                    title = t("{prompt}, version {n}", prompt=name, n=version.version)
                    options[title] = f"{entry.name}.{entry.language}", version.id
            if versions:
                options[t("{prompt}, shipped", prompt=name)] = f"{entry.name}.{entry.language}", 0
    # of a prompt that has no versions any more
    options |= {f"{key} {number}": (key, number) for key, number in own.items() - {*filter(None, options.values())}}
    if len(options) == 1:
        return {}
    at = next((n for n, pair in enumerate(options.values()) if pair is not None and pair in own.items()), 0)
    was = [*options.values()][at]
    chosen = options[st.selectbox(t("Prompt version"), list(options), at, key="act_prompt")]
    others = {key: number for key, number in own.items() if was is None or key != was[0]}
    return {**others, **({} if chosen is None else {chosen[0]: chosen[1]})}
