"""generate_storyboard_group: nine panels and how they end, which is where the next group begins.

One group as asked for, or all that are missing or stale, in their order. Each is a step of its own; what cannot be made
ends the run there, and what was made until then is kept.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from pydantic import Field

from workbench import sketch
from workbench.artifacts.panels import (
    GROUP_KEYS,
    CameraMode,
    GroupAnswer,
    GroupKey,
    PanelGroup,
    StoryboardGroups,
    prefix_of,
)
from workbench.errors import Issue, JobError, ProgrammingError
from workbench.i18n import N_, Text
from workbench.jobs.context import PartialArtifact
from workbench.json_types import JsonObject
from workbench.story import panel_checks
from workbench.story.guards import has_scene_outline, has_storyboard_bible, has_storyboard_plan
from workbench.story.panel_checks import Break
from workbench.workflows import registry, staging
from workbench.workflows.storyboard import panel_groups
from workbench.workflows.storyboard.panel_groups import Opening, part_of_group

if TYPE_CHECKING:
    from workbench.jobs.context import Context
    from workbench.story.facts import NodeView


class Params(registry.Params):
    group_id: GroupKey | None = Field(
        None, title=N_("Group"), description=N_("KF0 to KF8; empty: all that are missing or stale, in their order")
    )
    camera_mode: CameraMode | None = Field(
        None, title=N_("Camera mode"),
        description=N_(
            "A: the camera in brackets before each sentence; B: in fields of its own; empty: as the plan says"
        ),
    )  # fmt: skip
    rewrite: bool = Field(
        False, title=N_("Written by hand"),
        description=N_("Also what a person wrote or edited; the model is given that version to keep to"),
    )  # fmt: skip


def draft(facts: JsonObject, params: Params, rng: Random) -> GroupAnswer:
    """Nine framings of the scene's people and set."""
    return sketch.write_group(facts)


def has_earlier_groups(node: NodeView, params: Params) -> list[Issue]:
    """Every group before the one that is asked for exists."""
    if params.group_id is None:
        return []
    there = panel_groups.groups_in(node.at(node.id).artifact(panel_groups.KIND))
    missing = [key for key in GROUP_KEYS[: GROUP_KEYS.index(params.group_id)] if key not in there]
    if not missing:
        return []
    message = N_("{key} goes on from the groups before it, and these are not made yet: {missing}. Make them first.")
    return [Issue("group_id", Text(message, key=params.group_id, missing=", ".join(missing)))]


@registry.workflow(
    "generate_storyboard_group",
    title=N_("Storyboard panels"),
    scope="scene",
    params=Params,
    reads=("brief", "scene_list", "core_expression", "scene_anchor", "character", "world_element", "storyboard_bible",
        "storyboard_plan"),
    writes="storyboard_groups",
    guards=(has_scene_outline, has_storyboard_bible, has_storyboard_plan, has_earlier_groups),
    draft=draft,
    adds=True,
    by_hand=True,
    deadline_s=3600,
    typical=registry.Typical(calls=9, input_tokens=45_000, output_tokens=22_000, seconds=270),
    share=lambda params: 1.0 if params.group_id is None else 1 / len(GROUP_KEYS),
    # whole, its English and its end
    share_of_parts=lambda parts, params: parts / (3 * len(GROUP_KEYS)),
    is_update=lambda params: params.group_id is None and params.camera_mode is None,
)  # fmt: skip
async def run(ctx: Context, params: Params) -> PartialArtifact:
    """Write the panels of a group, nine English sentences with their camera, and carry its end into the next group."""
    ctx.progress(5, Text(N_("Reading bible, plan and the groups before")))
    facts, cast = staging.facts(ctx), staging.cast_of(ctx.node)
    ctx.offline_facts |= {"set": ctx.node.at(ctx.node.id).artifact("scene_anchor")}
    there = panel_groups.read_groups(ctx)
    wanted: list[GroupKey] = [params.group_id] if params.group_id else list(GROUP_KEYS)
    made: dict[str, PanelGroup] = {}
    kept: list[str] = []
    failed: list[JsonObject] = []
    for number, key in enumerate(wanted):
        ctx.progress(10 + 85 * number / len(wanted), Text(N_("Writing the panels of {key}"), key=key))
        known = there.get(key)
        mode = params.camera_mode or panel_groups.read_mode(ctx, key, known)
        opening = panel_groups.read_opening(ctx, key, cast, mode, made)
        if params.group_id is None and known is not None and _stays(ctx, known, params, mode):
            kept.append(key)
            continue
        try:
            with ctx.asking_for(part_of_group(key)):
                answer = await _write(ctx, key, facts, opening, known)
        except JobError as error:
            passing = error.retryable and not ctx.last_attempt
            if passing or not made or isinstance(error, ProgrammingError):
                raise
            failed = _name_failed(error, wanted[number:], there)
            break
        made[key] = panel_groups.keep_answer(key, answer, opening)
    ctx.progress(100, Text(N_("{count} groups written, {kept} kept"), count=len(made), kept=len(kept)))
    parts = {part_of_group(g): g for g in made}
    return PartialArtifact(
        lambda head: _merge(ctx, head, there, list(made.values())),
        failed=failed,
        succeeded=[*made, *kept],
        made=parts,
    )


def _stays(ctx: Context, group: PanelGroup, params: Params, mode: CameraMode) -> bool:
    """Nothing that it was made from has changed, or a person has edited it and nobody asked to replace that."""
    if group.edited and not params.rewrite:
        return True
    return panel_groups.mode_of(group) == mode and not ctx.sources.has_changed(None, part_of_group(group.group))


async def _write(
    ctx: Context, key: GroupKey, facts: JsonObject, opening: Opening, known: PanelGroup | None
) -> GroupAnswer:
    prompt, frame = ctx.prompt(**facts, **opening.facts), opening.frame
    if known is not None and known.edited:
        frame = replace(frame, own_brackets=[prefix_of(p.en) for p in known.panels if p.camera is not None])
        prompt = ctx.keep_to(prompt, known.model_dump(mode="json", include={"summary", "panels", "end", "exits"}))
    return await ctx.generate(
        key,
        prompt,
        schema=GroupAnswer,
        checks=[
            lambda answer: panel_checks.form_issues(answer, frame),
            lambda answer: panel_checks.continuity_issues(answer, frame),
        ],
        guide=lambda issues: _guide(ctx, issues, opening),
    )


def _guide(ctx: Context, issues: list[Issue], opening: Opening) -> str:
    """What breaks off from the group before is mended with that group's end in view; a fault of form alone is not."""
    if not any(isinstance(issue, Break) for issue in issues):
        return ""
    before = {name: opening.facts[name] for name in ("before", "gone", "planned")}
    return ctx.prompt("continuity", **before).user


def _name_failed(error: JobError, left: list[GroupKey], there: dict[str, PanelGroup]) -> list[JsonObject]:
    """The group that could not be made, and those behind it that never began."""
    failed: list[JsonObject] = [{"item": left[0], "error_kind": error.kind, "error": error.text}]
    return failed + panel_groups.name_unbegun(left[0], [key for key in left[1:] if key not in there])


def _merge(
    ctx: Context, head: JsonObject | None, there: dict[str, PanelGroup], made: list[PanelGroup]
) -> StoryboardGroups:
    """What there is by now with the new groups; one that a person has edited meanwhile stays."""
    now = panel_groups.groups_in(head)
    taken = [g for g in made if not _edited_meanwhile(now.get(g.group), there.get(g.group))]
    for group in made:
        if group not in taken:
            message = N_("{key} was edited by hand while it was made anew, and stays as it was edited")
            ctx.warnings.append(Text(message, key=group.group))
    return panel_groups.merge(head, taken)


def _edited_meanwhile(now: PanelGroup | None, before: PanelGroup | None) -> bool:
    return now is not None and now.edited and now != before
