"""What jobs are run again with beside their payload: another profile, model, longest answer, temperature, prompt, or
from which step on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.ui import live
from workbench.ui.language import t

if TYPE_CHECKING:
    from workbench.jobs.overrides import Overrides

#: as it was: chosen in every list at first
AS_BEFORE = ""


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
    """The fields, folded until they are wanted; what they say."""
    wb = live.workbench()
    jobs = wb.jobs.get_many(ids[:200])
    with st.expander(t("With other settings"), icon=":material/tune:", expanded=preset.is_open, key="act_changes"):
        left, right = st.columns(2, gap="small")
        with left:
            profile = _profile(preset)
            model = st.text_input(t("Model"), key="act_model", placeholder=t("as the profile says"))
            step = _step(jobs)
        with right:
            tokens = st.number_input(
                t("Longest answer in tokens"), 1, 1_048_576, preset.max_tokens, step=500, key="act_max_tokens",
                placeholder=t("as the profile says"),
            )  # fmt: skip
            heat = st.number_input(
                t("Temperature"), 0.0, 2.0, None, step=0.1, key="act_temperature", placeholder=t("as the profile says")
            )
            prompt = _prompt(jobs)
    overrides: Overrides = {}
    if model and model.strip():
        overrides["text_model"] = model.strip()
    params = {"max_tokens": tokens and int(tokens), "temperature": heat}
    if any(value is not None for value in params.values()):
        overrides["params"] = params
    if prompt is not None:
        overrides["prompts"] = {prompt[0]: prompt[1]}
    return Changes(profile, overrides or None, step)


def _profile(preset: Preset) -> str | None:
    names = [AS_BEFORE, "sketch", *(p.name for p in live.query(live.workbench().profiles.list))]
    at = names.index(preset.profile) if preset.profile in names else 0
    chosen = st.selectbox(t("Profile"), names, at, format_func=lambda name: name or t("as it was"), key="act_profile")
    return chosen or None


def _step(jobs: Sequence[Any]) -> str | None:
    """From which step on: one of those of the newest of them."""
    steps = live.query(live.workbench().jobs.list_steps, jobs[0].id) if jobs else []
    names = [AS_BEFORE, *(step.name for step in steps)]
    chosen = st.selectbox(
        t("From step"), names, format_func=lambda name: name or t("what is not finished"), key="act_from_step"
    )
    return chosen or None


def _prompt(jobs: Sequence[Any]) -> tuple[str, int] | None:
    """(key, id) of a version of a prompt of theirs, 0 for the shipped one; where there are versions."""
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
    if len(options) == 1:
        return None
    return options[st.selectbox(t("Prompt version"), list(options), key="act_prompt")]
