"""Preconditions of workflows: each guard looks at a node and names everything that is missing and what to do.

Guards run at submit and again at start; they read, and change nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from workbench.errors import Issue
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.story.facts import NodeView
from workbench.story.plan import Item
from workbench.story.styles import style_text

#: what is missing on a node for a workflow with these params
Guard = Callable[[NodeView, Any], list[Issue]]


class Guarded(Protocol):
    """A workflow with preconditions (see workflows.registry.Workflow)."""

    @property
    def guards(self) -> Sequence[Guard]: ...


class Planned(Guarded, Protocol):
    """One that a plan may start, with its usual params."""

    @property
    def params(self) -> Callable[[], Any]: ...


def unmet(declared: Guarded, node: NodeView, params: Any) -> list[Issue]:
    """Every unmet precondition at once; empty when the workflow can run."""
    return [issue for guard in declared.guards for issue in guard(node, params)]


def unmet_in_plan(
    items: Sequence[Item], workflows: Mapping[str, Planned], node_at: Callable[[int], NodeView]
) -> list[Issue]:
    """What keeps a plan from starting: what is missing for the jobs that wait for no other, once each."""
    issues: dict[str, Issue] = {}
    for item in items:
        if not item.after:
            declared = workflows[item.workflow]
            for issue in unmet(declared, node_at(item.node_id), declared.params()):
                issues.setdefault(str(issue), issue)
    return list(issues.values())


#: a shorter summary gives a model nothing to plan with
MIN_SUMMARY_CHARS = 100


def summary_issues(summary: str) -> list[Issue]:
    """Is the summary long enough? Says how many characters are missing."""
    have = len(summary.strip())
    missing = MIN_SUMMARY_CHARS - have
    if missing <= 0:
        return []
    message = Text(
        N_(
            "The summary has {have} of at least {need} characters. Write {missing} more: who wants what, what "
            "is in the way, how it ends."
        ),
        have=have,
        need=MIN_SUMMARY_CHARS,
        missing=missing,
    )
    return [Issue("summary", message)]


def style_issues(style: JsonObject | None) -> list[Issue]:
    """Is there a style: a text of its own, or a preset that brings one?"""
    if style_text(style, "en"):
        return []
    return [
        Issue(
            "style.prompt",
            Text(N_("The visual style is empty. Choose a preset, or describe medium, light and palette.")),
        )
    ]


def plannable_brief(brief: JsonObject) -> list[Issue]:
    """What a brief lacks before it can be planned; forms show this while the brief is being written."""
    return summary_issues(str(brief.get("summary") or "")) + style_issues(brief.get("style"))


def plannable(node: NodeView, params: Any) -> list[Issue]:
    """The project's brief can be planned: a summary of 100 characters and a style."""
    issues = plannable_brief(node.brief)
    if any(issue.path == "summary" for issue in issues) and node.project.artifact("source") is not None:
        sentence = N_("The summary is still to be made from the source text: run “Brief from the source” first.")
        return [Issue("summary", Text(sentence)), *(issue for issue in issues if issue.path != "summary")]
    return issues


def has_source(node: NodeView, params: Any) -> list[Issue]:
    """The project has a source text."""
    return _has(
        node,
        "source",
        N_("This story has no source text. Add a chapter, a treatment or a screenplay to make its brief from."),
    )


def has_episode_outline(node: NodeView, params: Any) -> list[Issue]:
    """The episode has its entry in the project's episode plan."""
    if node.entry("episode_plan") is not None:
        return []
    return [
        Issue(
            "episode_plan",
            Text(N_("The episode plan has no episode {position}. Plan the episodes first."), position=node.position),
        )
    ]


def has_core_expression(node: NodeView, params: Any) -> list[Issue]:
    """The episode's core expression exists."""
    if node.artifact("core_expression") is not None:
        return []
    return [
        Issue(
            "core_expression", Text(N_("This episode has no core expression yet. Generate the core expression first."))
        )
    ]


def has_scene_list(node: NodeView, params: Any) -> list[Issue]:
    """The episode's scene list exists."""
    return _has(node, "scene_list", N_("This episode has no scene list yet. Generate the scene list first."))


def has_episodes(node: NodeView, params: Any) -> list[Issue]:
    """The project has at least one episode."""
    if any(child.kind == "episode" for child in node.children()):
        return []
    return [Issue("episodes", Text(N_("This needs at least one episode. Plan the episodes first.")))]


def has_two_characters(node: NodeView, params: Any) -> list[Issue]:
    """The library has at least two characters."""
    have = len(node.project.characters(("name",), most=None))
    if have >= 2:
        return []
    message = N_("The character library has {have}; a relationship needs at least two people. Add them first.")
    return [Issue("characters", Text(message, have=have))]


def has_these_episodes(node: NodeView, params: Any) -> list[Issue]:
    """Every episode that the params name belongs to the project."""
    own = {child.id for child in node.children() if child.kind == "episode"}
    unknown = [i for i in params.episode_ids or [] if i not in own]
    if not unknown:
        return []
    listed = ", ".join(str(i) for i in unknown)
    return [
        Issue(
            "episode_ids",
            Text(N_("These are not episodes of this project: {ids}. Leave the field empty for all."), ids=listed),
        )
    ]


def has_scene_outline(node: NodeView, params: Any) -> list[Issue]:
    """The scene has its entry in the episode's scene list."""
    if node.entry("scene_list") is not None:
        return []
    return [
        Issue(
            "scene_list",
            Text(N_("The scene list has no scene {position}. Generate the scene list first."), position=node.position),
        )
    ]


def _has(node: NodeView, kind: str, message: str) -> list[Issue]:
    return [] if node.artifact(kind) is not None else [Issue(kind, Text(message))]


def has_scene_anchor(node: NodeView, params: Any) -> list[Issue]:
    """The scene's anchor exists."""
    return _has(node, "scene_anchor", N_("This scene has no anchor yet. Generate the scene anchor first."))


def has_keyframe_prompt(node: NodeView, params: Any) -> list[Issue]:
    """The scene's nine-shot plan exists."""
    return _has(node, "keyframe_prompt", N_("This scene has no nine-shot plan yet. Generate the nine-shot plan first."))


def has_motion_prompt(node: NodeView, params: Any) -> list[Issue]:
    """The scene's motion prompt exists."""
    return _has(node, "motion_prompt", N_("This scene has no motion prompt yet. Generate the motion prompt first."))


def has_storyboard_bible(node: NodeView, params: Any) -> list[Issue]:
    """The scene's storyboard bible exists."""
    return _has(
        node, "storyboard_bible", N_("This scene has no storyboard bible yet. Generate the storyboard bible first.")
    )


def has_storyboard_plan(node: NodeView, params: Any) -> list[Issue]:
    """The scene's storyboard plan exists."""
    return _has(
        node, "storyboard_plan", N_("This scene has no storyboard plan yet. Generate the storyboard plan first.")
    )


def has_storyboard_groups(node: NodeView, params: Any) -> list[Issue]:
    """The scene has storyboard panels."""
    return _has(node, "storyboard_groups", N_("This scene has no storyboard panels yet. Write the panels first."))


def has_storyboard_translation(node: NodeView, params: Any) -> list[Issue]:
    """The scene's panels have their Chinese."""
    return _has(node, "storyboard_translation", N_("The panels have no Chinese yet. Translate them first."))
