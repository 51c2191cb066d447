"""What the groups of a storyboard are made from and kept in: what one group sees, and how it joins the others.

Every input of a group is read for that group alone, the ends of all earlier groups among them: making one anew leaves
those before it fresh and makes those behind it stale where it ends otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.artifacts.panels import (
    GROUP_KEYS,
    CameraMode,
    Exit,
    GroupAnswer,
    GroupKey,
    Panel,
    PanelGroup,
    PlannedGroup,
    StoryboardBible,
    StoryboardGroups,
    StoryboardState,
    group_hash,
    panel_hash,
)
from workbench.errors import JobError
from workbench.i18n import N_, Text, join
from workbench.jobs.children import NOT_STARTED
from workbench.json_types import JsonObject
from workbench.story import panel_checks
from workbench.story.continuity import Cast
from workbench.story.panel_checks import GroupFrame
from workbench.story.styles import style_text

if TYPE_CHECKING:
    from workbench.jobs.context import Context

KIND = "storyboard_groups"


def names_in_panels(ctx: Context, cast: Cast) -> list[str]:
    """What stays in an English sentence as it is: names of people and things."""
    bible = ctx.node.artifact("storyboard_bible", fields=("props_list",)) or {}
    return list(dict.fromkeys([*cast.names, *bible.get("props_list", [])]))


def mode_of(group: PanelGroup) -> CameraMode:
    return "A" if all(p.camera is None for p in group.panels) else "B"


def read_mode(ctx: Context, key: GroupKey, known: PanelGroup | None) -> CameraMode:
    """How a group tells the camera where a job does not say it: as the plan does, and one that was asked for in a mode
    of its own stays in it."""
    node, part = ctx.node, part_of_group(key)
    follows_plan = any(
        made_from["kind"] == "storyboard_plan"
        and "camera_mode" in made_from.get("fields", ())
        and part in made_from.get("only_for", (part,))
        for made_from in node.made_from(KIND)
    )
    if known is not None and not follows_plan:
        return mode_of(known)
    plan = node.artifact("storyboard_plan", fields=("camera_mode",), only_for=part) or {}
    mode: CameraMode = plan.get("camera_mode") or "B"
    return mode


def part_of_group(key: str) -> str:
    """What a group is called as a part of the plan and of the groups."""
    return f"group:{key}"


def read_groups(ctx: Context) -> dict[str, PanelGroup]:
    """The groups there are; no input of what is made."""
    return groups_in(ctx.node.at(ctx.node.id).artifact(KIND))


def groups_in(content: JsonObject | None) -> dict[str, PanelGroup]:
    """By key."""
    return {g.group: g for g in StoryboardGroups.model_validate(content).groups} if content else {}


@dataclass(frozen=True)
class Opening:
    """What one group is made from. `facts`: what its prompt gets beside the scene's own facts."""

    frame: GroupFrame
    facts: JsonObject
    lines: str


def read_opening(ctx: Context, key: GroupKey, cast: Cast, mode: CameraMode, made: Mapping[str, PanelGroup]) -> Opening:
    """Read what a group is made from. `made`: the groups of this run, which are saved together with it."""
    node, part = ctx.node, part_of_group(key)
    bible = StoryboardBible.model_validate(node.artifact("storyboard_bible", only_for=part))
    planned = PlannedGroup.model_validate(node.artifact("storyboard_plan", part, only_for=part))
    style = style_text(node.read_brief("style").get("style"), ctx.language)
    before: list[JsonObject] = []
    for earlier in GROUP_KEYS[: GROUP_KEYS.index(key)]:
        if earlier in made:
            state = made[earlier].model_dump(mode="json", include={"summary", "end", "exits"})
            ctx.sources.use_own_part(f"state:{earlier}", state, only_for=part)
        else:
            known = node.artifact(KIND, f"state:{earlier}", only_for=part)
            assert known is not None  # the guard has seen every earlier group
            state = known
        before.append(state)
    exits = [Exit.model_validate(e) for state in before for e in state["exits"]]
    gone = panel_checks.gone_after(exits, cast)
    start = StoryboardState.model_validate(before[-1]["end"]) if before else planned.start
    frame = GroupFrame(planned, bible, cast, mode, start, gone)
    facts = {
        "planned": planned.model_dump(mode="json"),
        "bible": bible.model_dump(mode="json"),
        "before": start.model_dump(mode="json"),
        "so_far": [str(state["summary"]) for state in before],
        "gone": list(gone.values()),
        "camera_mode": mode,
    }
    return Opening(frame, facts, opening_lines(style, bible))


def opening_lines(style: str, bible: StoryboardBible) -> str:
    """What every panel's picture prompt begins with."""
    lines = (
        ("Style", style),
        ("Premise", bible.premise),
        ("Setting, the same in every panel", bible.setting_lock),
        ("Things", ", ".join(bible.props_list)),
    )
    return "\n".join(f"{label}: {' '.join(text.split())}" for label, text in lines if text.strip())[:8000]


def keep_answer(key: GroupKey, answer: GroupAnswer, opening: Opening) -> PanelGroup:
    """A model's answer as it is kept, everybody under their own name."""
    cast = opening.frame.cast
    panels = []
    for panel in answer.panels:
        people = list(dict.fromkeys(cast.of(n) or n for n in panel.people))
        own = panel.model_copy(update={"people": people})
        panels.append(Panel(**own.model_dump(), made_as=panel_hash(own)))
    exits = [e.model_copy(update={"name": cast.of(e.name) or e.name}) for e in answer.exits]
    end = panel_checks.use_own_names(answer.end, cast)
    named = answer.model_copy(update={"end": end, "exits": exits})
    return PanelGroup(
        group=key, summary=named.summary, panels=panels, end=end, exits=exits, made_as=group_hash(named),
        opening=opening.lines,
    )  # fmt: skip


def name_unbegun(broken: str, keys: Iterable[str]) -> list[JsonObject]:
    """The groups that were not begun since the one before them could not be made."""
    message = Text(N_("Not started: {key} before it failed"), key=broken)
    return [{"item": key, "state": NOT_STARTED, "error_kind": "child_failed", "error": message} for key in keys]


def none_made(failed: Sequence[JsonObject]) -> JobError:
    """The end of a job that made no group at all: every reason, with the groups that it kept from being made."""
    reasons: dict[str, list[str]] = {}
    for item in failed:
        reasons.setdefault(item["error"], []).append(str(item["item"]))
    each = (Text("{keys}: {reason}", keys=", ".join(keys), reason=reason) for reason, keys in reasons.items())
    listed = join(each, "; ")
    return JobError(Text(N_("Nothing could be made. {reasons}"), reasons=listed), kind=failed[0]["error_kind"])


def merge(there: JsonObject | None, made: Sequence[PanelGroup]) -> StoryboardGroups:
    """What there is by now, with these groups in their places."""
    groups = groups_in(there) | {str(g.group): g for g in made}
    mode: CameraMode = "A" if all(mode_of(g) == "A" for g in groups.values()) else "B"
    return StoryboardGroups(camera_mode=mode, groups=[groups[key] for key in GROUP_KEYS if key in groups])
