"""translate_storyboard_panels: the panels in Chinese, group by group, camera codes untouched.

Each group is a step of its own; what could not be translated is missing and named. A panel that a person has edited
keeps their Chinese.
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
    ChinesePanel,
    GroupKey,
    PanelGroup,
    StoryboardTranslation,
    TranslatedGroup,
    TranslatedPanel,
    bracket_of,
)
from workbench.errors import Issue, JobError, ProgrammingError
from workbench.i18n import N_, Text
from workbench.jobs.context import PartialArtifact
from workbench.json_types import JsonObject
from workbench.story import panel_checks
from workbench.story.guards import has_storyboard_groups
from workbench.workflows import registry, staging
from workbench.workflows.image.generate_keyframe_images import FATAL
from workbench.workflows.storyboard import panel_groups
from workbench.workflows.storyboard.panel_groups import none_made, part_of_group

if TYPE_CHECKING:
    from workbench.jobs.context import Context

KIND = "storyboard_translation"


class Params(registry.Params):
    group_id: GroupKey | None = Field(
        None, title=N_("Group"), description=N_("KF0 to KF8; empty: all that are missing or stale")
    )
    rewrite: bool = Field(False, title=N_("Written by hand"), description=N_("Also Chinese that a person has edited"))


class ChineseAnswer(Content):
    panels: list[ChinesePanel] = Field(min_length=1, max_length=PANELS, title=N_("Panels"))


def draft(facts: JsonObject, params: Params, rng: Random) -> ChineseAnswer:
    """What the offline panels are made of, in Chinese."""
    interpreter = sketch.Interpreter(facts["names"], sketch.set_pairs(facts.get("set")))
    panels = [ChinesePanel(index=p["index"], zh=interpreter.to_chinese(p["en"])) for p in facts["panels"]]
    return ChineseAnswer(panels=panels)


@registry.workflow(
    "translate_storyboard_panels",
    title=N_("Chinese of the panels"),
    scope="scene",
    params=Params,
    reads=("brief", "scene_list", "character", "storyboard_bible", "storyboard_groups"),
    writes=KIND,
    guards=(has_storyboard_groups,),
    draft=draft,
    adds=True,
    by_hand=True,
    deadline_s=3600,
    typical=registry.Typical(calls=9, input_tokens=12_000, output_tokens=8_000, seconds=100),
    share=lambda params: 1.0 if params.group_id is None else 1 / len(GROUP_KEYS),
    share_of_parts=lambda groups, params: groups / len(GROUP_KEYS),
    is_update=lambda params: params.group_id is None,
)
async def run(ctx: Context, params: Params) -> PartialArtifact:
    """Translate the panels into Chinese, group by group; cameras stay as they are, and so does what a person edited."""
    ctx.progress(5, Text(N_("Reading the panels")))
    ctx.offline_facts |= {"set": ctx.node.at(ctx.node.id).artifact("scene_anchor")}
    brief = ctx.node.read_brief("title", "genre")
    names = panel_groups.names_in_panels(ctx, staging.cast_of(ctx.node))
    there = read_translation(ctx)
    english = panel_groups.read_groups(ctx)
    wanted: list[GroupKey] = [params.group_id] if params.group_id else list(GROUP_KEYS)
    made: dict[str, ChineseAnswer] = {}
    kept: list[str] = []
    failed: list[JsonObject] = []
    for number, key in enumerate(wanted):
        ctx.progress(5 + 80 * number / len(wanted), Text(N_("Translating {key}"), key=key))
        group, known = english.get(key), there.get(key)
        if group is None:
            failed.append(
                {"item": key, "error_kind": "guard_unmet", "error": Text(N_("{key} has no panels yet"), key=key)}
            )
            continue
        ctx.node.artifact(panel_groups.KIND, f"text:{key}", only_for=part_of_group(key))
        if params.group_id is None and known is not None and not ctx.sources.has_changed(None, part_of_group(key)):
            kept.append(key)
            continue
        facts = {"title": brief["title"], "genre": brief.get("genre") or "", "names": names, "panels": _sent(group)}
        try:
            with ctx.asking_for(part_of_group(key)):
                prompt = ctx.prompt(**facts)
                answer = await ctx.generate(key, prompt, schema=ChineseAnswer, checks=[_check(group, names)])
        except JobError as error:
            if (error.retryable and not ctx.last_attempt) or isinstance(error, ProgrammingError):
                raise
            failed.append({"item": key, "error_kind": error.kind, "error": error.text})
            if error.kind in FATAL:
                failed += panel_groups.name_unbegun(key, wanted[number + 1 :])
                break
            continue
        made[key] = answer
    if failed and not made and not kept:
        raise none_made(failed)
    ctx.progress(100, Text(N_("{count} groups translated, {kept} kept"), count=len(made), kept=len(kept)))
    return PartialArtifact(
        lambda head: _merge(head, made, there, params), failed=failed, succeeded=[*made, *kept],
        made=[part_of_group(key) for key in made],
    )  # fmt: skip


def read_translation(ctx: Context) -> dict[str, TranslatedGroup]:
    """What is translated, by group; no input of what is made."""
    return groups_in(ctx.node.at(ctx.node.id).artifact(KIND))


def groups_in(content: JsonObject | None) -> dict[str, TranslatedGroup]:
    return {g.group: g for g in StoryboardTranslation.model_validate(content).groups} if content else {}


def _sent(group: PanelGroup) -> list[JsonObject]:
    return [{"index": p.index, "en": p.en} for p in group.panels]


def _check(group: PanelGroup, names: Sequence[str]) -> Callable[[ChineseAnswer], list[Issue]]:
    sent = {p.index: p.en for p in group.panels}
    brackets = {p.index: bracket_of(p) for p in group.panels}

    def check(answer: ChineseAnswer) -> list[Issue]:
        given = [(p.index, p.zh) for p in answer.panels]
        issues = panel_checks.translation_issues(
            given, sent, brackets, names, lambda path, text: panel_checks.chinese_issues(path, text, names)
        )
        return issues + panel_checks.alike_issues(given, {}, sent)

    return check


def _merge(
    head: JsonObject | None, made: Mapping[str, ChineseAnswer], there: Mapping[str, TranslatedGroup], params: Params
) -> StoryboardTranslation:
    """What there is by now with the new Chinese; an edited panel keeps what the person wrote, unless it may not."""
    groups = groups_in(head)
    for key, answer in made.items():
        now = {p.index: p for p in groups[key].panels} if key in groups else {}
        before = {p.index: p for p in there[key].panels} if key in there else {}
        panels = []
        for new in answer.panels:
            old = now.get(new.index)
            stays = old is not None and old.edited and (not params.rewrite or old != before.get(new.index))
            panels.append(TranslatedPanel(index=new.index, zh=old.zh if stays and old else new.zh, made=new.zh))
        groups[key] = TranslatedGroup.model_validate({"group": key, "panels": [p.model_dump() for p in panels]})
    return StoryboardTranslation(groups=[groups[key] for key in GROUP_KEYS if key in groups])
