"""back_translate_storyboard_panels: English of the Chinese panels that a person has edited, and of no other.

Only edited panels are sent, and only what was sent comes back; a group with a new panel is checked again, and its
picture prompt is built anew. Nothing is overwritten: the English stands beside the group's own for as long as the
Chinese stays as it is. English that a person wrote before they edited the Chinese counts on, unless its group is asked
for by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING

from pydantic import Field

from workbench import sketch
from workbench.artifacts.models import Content
from workbench.artifacts.panels import (
    GROUP_KEYS,
    PANELS,
    BackGroup,
    BackPanel,
    BackTranslation,
    EnglishPanel,
    GroupKey,
    PanelGroup,
    TranslatedGroup,
    TranslatedPanel,
    bracket_of,
    grid_prompt,
)
from workbench.errors import Issue, JobError, ProgrammingError
from workbench.i18n import N_, Text
from workbench.jobs.context import PartialArtifact
from workbench.json_types import JsonObject
from workbench.story import board, panel_checks
from workbench.story.guards import has_storyboard_groups, has_storyboard_translation
from workbench.workflows import registry, staging
from workbench.workflows.image.generate_keyframe_images import FATAL
from workbench.workflows.storyboard import panel_groups
from workbench.workflows.storyboard.panel_groups import none_made
from workbench.workflows.storyboard.translate_storyboard_panels import groups_in

if TYPE_CHECKING:
    from workbench.jobs.context import Context

KIND = "storyboard_back_translation"


class Params(registry.Params):
    group_id: GroupKey | None = Field(
        None, title=N_("Group"), description=N_("KF0 to KF8; empty: every group with edited panels")
    )


class EnglishAnswer(Content):
    panels: list[EnglishPanel] = Field(min_length=1, max_length=PANELS, title=N_("Panels"))


def draft(facts: JsonObject, params: Params, rng: Random) -> EnglishAnswer:
    """The edited Chinese, as far as it is made of known phrases."""
    interpreter = sketch.Interpreter(facts["names"], sketch.set_pairs(facts.get("set")))
    panels = [EnglishPanel(index=p["index"], en=interpreter.to_english(p["zh"], p["en"])) for p in facts["panels"]]
    return EnglishAnswer(panels=panels)


@registry.workflow(
    "back_translate_storyboard_panels",
    title=N_("English of edited panels"),
    scope="scene",
    params=Params,
    reads=("brief", "scene_list", "character", "storyboard_bible", "storyboard_groups", "storyboard_translation"),
    writes=KIND,
    guards=(has_storyboard_groups, has_storyboard_translation),
    draft=draft,
    adds=True,
    by_hand=True,
    typical=registry.Typical(calls=1, input_tokens=1_500, output_tokens=400, seconds=10),
)
async def run(ctx: Context, params: Params) -> PartialArtifact:
    """Put the Chinese panels that were edited into English, those alone, and build their picture prompts anew."""
    ctx.progress(5, Text(N_("Looking for edited panels")))
    ctx.offline_facts |= {"set": ctx.node.at(ctx.node.id).artifact("scene_anchor")}
    brief = ctx.node.read_brief("title", "genre")
    names = panel_groups.names_in_panels(ctx, staging.cast_of(ctx.node))
    chinese = groups_in(ctx.node.artifact("storyboard_translation"))
    english = panel_groups.groups_in(ctx.node.artifact(panel_groups.KIND))
    back = board.back_panels(ctx.node.at(ctx.node.id).artifact(KIND))
    made: dict[str, list[BackPanel]] = {}
    failed: list[JsonObject] = []
    wanted = [key for key in GROUP_KEYS if params.group_id in (None, key) and key in chinese and key in english]
    for number, key in enumerate(wanted):
        group = english[key]
        own = {p.index: p.en for p in group.panels}
        panels = {p.index: p for p in group.panels}
        edited = [p for p in chinese[key].panels if board.is_pending(key, p, panels[p.index], back)]
        if params.group_id is None:
            edited = [p for p in edited if panels[p.index].for_zh is None]
        if not edited:
            continue
        ctx.progress(5 + 90 * number / len(wanted), Text(N_("Translating {count} edited panels of {key}"), key=key,
                                                         count=len(edited)))  # fmt: skip
        sent = [{"index": p.index, "zh": p.zh, "zh_before": p.made, "en": own[p.index]} for p in edited]
        rest = [{"index": p.index, "en": p.en} for p in group.panels if p.index not in {e.index for e in edited}]
        prompt = ctx.prompt(
            title=brief["title"], genre=brief.get("genre") or "", names=names, panels=sent, others=rest
        )  # fmt: skip
        check = _check(group, edited, names)
        try:
            answer = await ctx.generate(key, prompt, schema=EnglishAnswer, checks=[check])
        except JobError as error:
            if (error.retryable and not ctx.last_attempt) or isinstance(error, ProgrammingError):
                raise
            failed.append({"item": key, "error_kind": error.kind, "error": str(error)})
            if error.kind in FATAL:
                break
            continue
        texts = {p.index: p.en for p in answer.panels}
        made[key] = [BackPanel(index=p.index, zh=p.zh, was=own[p.index], en=texts[p.index]) for p in edited]
    if failed and not made:
        raise none_made(failed)
    count = sum(len(panels) for panels in made.values())
    ctx.progress(100, Text(N_("{count} edited panels translated"), count=count))
    return PartialArtifact(lambda head: _merge(head, made, english, chinese), failed=failed, succeeded=list(made))


def _check(
    group: PanelGroup, edited: Sequence[TranslatedPanel], names: Sequence[str]
) -> Callable[[EnglishAnswer], list[Issue]]:
    """What comes back is what was sent, in English, and the group with it is still nine different panels."""
    own = {p.index: p.en for p in group.panels}
    cameras = {p.index: bracket_of(p) for p in group.panels}

    def issues(answer: EnglishAnswer) -> list[Issue]:
        given = [(p.index, p.en) for p in answer.panels]
        found = panel_checks.translation_issues(
            given,
            # the camera is the panel's own, whatever was written in the Chinese
            {p.index: cameras[p.index] for p in edited},
            names,
            lambda path, text: panel_checks.english_issues(path, text, names),
        )
        return found + panel_checks.alike_issues({**own, **dict(given)})

    return issues


def _merge(
    head: JsonObject | None, made: Mapping[str, Sequence[BackPanel]], english: Mapping[str, PanelGroup],
    chinese: Mapping[str, TranslatedGroup],
) -> BackTranslation:  # fmt: skip
    """What there is by now with the new English; what neither Chinese nor English fits any more is left out."""
    there = board.back_panels(head)
    panels: dict[tuple[str, int], BackPanel] = {
        (g.group, p.index): known
        for g in chinese.values()
        for p in g.panels
        if g.group in english
        and (known := board.find_back(g.group, p, english[g.group].panels[p.index - 1], there)) is not None
    }
    for key, new in made.items():
        panels |= {(key, p.index): p for p in new}
    groups = []
    for key in GROUP_KEYS:
        own = sorted((p for (k, _), p in panels.items() if k == key), key=lambda p: p.index)
        if own and key in english:
            texts = {p.index: p.en for p in own}
            shown = [e.model_copy(update={"en": texts.get(e.index, e.en)}) for e in english[key].panels]
            groups.append(BackGroup(group=key, panels=own, image_prompt=grid_prompt(english[key].opening, shown)))
    return BackTranslation(groups=groups)
