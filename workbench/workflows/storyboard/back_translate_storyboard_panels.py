"""back_translate_storyboard_panels: English of the Chinese panels that a person has edited, and of no other.

Only edited panels are sent, and only what was sent comes back; a group with a new panel is checked again, and its
picture prompt is built anew. Nothing is overwritten: the English stands beside the group's own for as long as the
Chinese stays as it is. English that a person wrote before they edited the Chinese counts on, unless its group is asked
for by name.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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
from workbench.workflows.storyboard.panel_groups import none_made, part_of_group
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
    anew = [key for key in GROUP_KEYS if ctx.sources.was_asked_otherwise(part_of_group(key))]
    wanted = _list_wanted(params, chinese, english, back, anew)
    for number, (key, edited) in enumerate(wanted.items()):
        group = english[key]
        panels = {p.index: p for p in group.panels}
        ctx.progress(5 + 90 * number / len(wanted), Text(N_("Translating {count} edited panels of {key}"), key=key,
                                                         count=len(edited)))  # fmt: skip
        sent = [{"index": p.index, "zh": p.zh, "zh_before": p.made, "en": panels[p.index].en} for p in edited]
        counts = board.english_of(group, chinese[key], back)
        others = {index: en for index, en in counts.items() if index not in {p.index for p in edited}}
        facts = {
            "title": brief["title"], "genre": brief.get("genre") or "", "names": names, "panels": sent,
            "others": [{"index": index, "en": en} for index, en in others.items()],
        }  # fmt: skip
        check = _Check(group, chinese[key], edited, others, names)
        try:
            with ctx.asking_for(part_of_group(key)):
                answer = await ctx.generate(key, ctx.prompt(**facts), schema=EnglishAnswer, checks=[check])
            texts = {p.index: p.en for p in answer.panels}
        except JobError as error:
            if (error.retryable and not ctx.last_attempt) or isinstance(error, ProgrammingError):
                raise
            failed += _list_failed(key, error, check)
            texts = check.usable
        new = [BackPanel(index=p.index, zh=p.zh, was=panels[p.index].en, en=texts[p.index]) for p in edited
               if p.index in texts]  # fmt: skip
        if new:
            made[key] = new
        if failed and failed[-1]["error_kind"] in FATAL:
            failed += panel_groups.name_unbegun(key, [*wanted][number + 1 :])
            break
    if failed and not made:
        raise none_made(failed)
    count = sum(len(panels) for panels in made.values())
    ctx.progress(100, Text(N_("{count} edited panels translated"), count=count))
    return PartialArtifact(lambda head: _merge(head, made, english, chinese), failed=failed, succeeded=list(made))


def _list_wanted(
    params: Params, chinese: Mapping[str, TranslatedGroup], english: Mapping[str, PanelGroup], back: board.Back,
    anew: Collection[str],
) -> dict[GroupKey, list[TranslatedPanel]]:  # fmt: skip
    """The edited panels that ask for English, by group. `anew`: the groups of which all that have some do."""
    wanted: dict[GroupKey, list[TranslatedPanel]] = {}
    for key in GROUP_KEYS:
        if params.group_id not in (None, key) or key not in chinese or key not in english:
            continue
        panels = {p.index: p for p in english[key].panels}
        known = {} if key in anew else back
        edited = [p for p in chinese[key].panels if board.is_pending(key, p, panels[p.index], known)]
        if params.group_id is None:
            edited = [p for p in edited if panels[p.index].for_zh is None]
        if edited:
            wanted[key] = edited
    return wanted


class _Check:
    """What comes back is what was sent, in English, and none of it says what another panel says.

    `usable`: the texts of the newest answer with which nothing is wrong, by number; `wrong`: what is wrong with others.
    """

    def __init__(
        self, group: PanelGroup, chinese: TranslatedGroup, edited: Sequence[TranslatedPanel],
        others: Mapping[int, str], names: Sequence[str],
    ) -> None:  # fmt: skip
        # the camera is the panel's own, whatever was written in the Chinese
        self._sent = {p.index: p.zh for p in edited}
        self._cameras = {p.index: bracket_of(p) for p in group.panels if p.index in {e.index for e in edited}}
        self._chinese = {p.index: p.zh for p in chinese.panels}
        self._others = others
        self._names = names
        self.usable: dict[int, str] = {}
        self.wrong: dict[int, Issue] = {}

    def __call__(self, answer: EnglishAnswer) -> list[Issue]:
        given = [(p.index, p.en) for p in answer.panels]
        issues = panel_checks.translation_issues(
            given, self._sent, self._cameras, self._names,
            lambda path, text: panel_checks.english_issues(path, text, self._names),
        )  # fmt: skip
        issues += panel_checks.alike_issues(given, self._others, self._chinese)
        by_path = {issue.path: issue for issue in reversed(issues)}
        told = [(index, text, by_path.get(f"panels.{number}")) for number, (index, text) in enumerate(given)]
        once = {index for index in self._cameras if [i for i, _ in given].count(index) == 1}
        self.usable = {index: text for index, text, issue in told if issue is None and index in once}
        self.wrong = {index: issue for index, _, issue in told if issue is not None}
        return issues

    @property
    def missing(self) -> list[int]:
        return [index for index in self._cameras if index not in self.usable]


def _list_failed(key: str, error: JobError, check: _Check) -> list[JsonObject]:
    """The group, or those of its panels alone that are missing where others came back."""
    if not check.usable:
        return [{"item": key, "error_kind": error.kind, "error": error.text}]
    return [
        {
            "item": f"{key} ({index})",
            "error_kind": error.kind,
            "error": check.wrong[index].message if index in check.wrong else error.text,
        }
        for index in check.missing
    ]


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
