"""Kinds that are edited one part at a time: a shot of nine, an act of a chain, the scenes of a script."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, Field, create_model

from workbench.artifacts import drama, panels, scene_script
from workbench.artifacts import storyboard as storyboard_models
from workbench.errors import Issue
from workbench.json_types import JsonObject
from workbench.ui.language import t
from workbench.ui.markup import plain, tell_apart
from workbench.ui.studio import storyboard

Content = JsonObject
Sort = Callable[[JsonObject], Any] | None


@dataclass(frozen=True)
class Part:
    """One part: what it is called, the model of its form, which of the content it is and where it stands."""

    label: str
    model: type[BaseModel]
    read: Callable[[Content], Content]
    #: (content, what was typed) → the content with it
    merge: Callable[[Content, Content], Content]
    #: where an issue of the whole stands in the part; None: in another one
    place: Callable[[str], str | None]
    #: the fields that are typed; empty: all
    typed: tuple[str, ...] = ()
    #: fields of its entries that follow from the part
    fixed: tuple[str, ...] = ()
    #: words above the form
    heading: str = ""

    @property
    def skip(self) -> tuple[str, ...]:
        """The fields that keep what is in them."""
        return self.fixed + tuple(n for n in self.model.model_fields if self.typed and n not in self.typed)


def _at(label: str, model: type[BaseModel], *path: str | int, typed: tuple[str, ...] = (), heading: str = "") -> Part:
    """A part that stands at one place of the content."""
    prefix = ".".join(map(str, path)) + "."

    def read(content: Content) -> Content:
        at: Any = content
        for key in path:
            at = at[key]
        return dict(at)

    def merge(content: Content, value: Content) -> Content:
        return dict(_put(content, path, {**read(content), **value}))

    def place(issue: str) -> str | None:
        return issue.removeprefix(prefix) if issue.startswith(prefix) else None

    return Part(label, model, read, merge, place, typed, heading=heading)


def _put(content: Any, path: Sequence[str | int], value: Any) -> Any:
    if not path:
        return value
    key, rest = path[0], path[1:]
    if isinstance(key, int):
        return [_put(item, rest, value) if n == key else item for n, item in enumerate(content)]
    return {**content, key: _put(content[key], rest, value)}


def _slice(label: str, field: str, item: type[BaseModel], title: str, key: str, value: Any, order: Sort = None) -> Part:
    """The entries of one list whose `key` is `value`, as a form of their own. `order`: how the whole list is sorted."""
    listed: Any = list[item]  # type: ignore[valid-type]
    fields: Any = {field: (listed, Field(title=title))}
    model: type[BaseModel] = create_model("Slice", **fields)

    def read(content: Content) -> Content:
        return {field: [e for e in content[field] if e[key] == value]}

    def merge(content: Content, typed: Content) -> Content:
        entries = content[field]
        first = next((n for n, e in enumerate(entries) if e[key] == value), len(entries))
        others = [e for e in entries[first:] if e[key] != value]
        merged = [*entries[:first], *({**e, key: value} for e in typed[field]), *others]
        return {**content, field: sorted(merged, key=order) if order else merged}

    return Part(label, model, read, merge, lambda path: None, fixed=(key,))


def _shots(content: Content) -> list[Part]:
    fields = ("caption", "anchors", "subjects", "composition", "bubble_space")
    return [
        _at(str(n + 1), storyboard_models.Shot, "shots", n, typed=fields, heading=storyboard.framing(shot["framing"]))
        for n, shot in enumerate(content["shots"])
    ]


def _scenes(content: Content) -> list[Part]:
    fields = ("heading", "summary", "elements", "transition", "seconds")
    return [
        _at(str(n + 1), scene_script.ScriptScene, "scenes", n, typed=fields, heading=scene["heading"]["place"])
        for n, scene in enumerate(content["scenes"])
    ]


def _phases(content: Content) -> list[Part]:
    """The chain's phases that there are; its acts one by one."""
    parts = [_at(t("Outline"), drama.ChainOutline, "outline")]
    if content.get("knowledge"):
        parts.append(_at(t("Who knows what"), drama.ChainKnowledge, "knowledge"))
    for n, act in enumerate((content.get("beats") or {}).get("acts", [])):
        label = t("Act {n}", n=act["act"])
        parts.append(_at(label, drama.Act, "beats", "acts", n, typed=("name", "beats"), heading=act["name"]))
    if content.get("weave"):
        parts.append(_at(t("Plot lines"), drama.ChainWeave, "weave"))
    return parts


def _episodes(content: Content) -> list[Part]:
    orders = dict.fromkeys(p["episode_order"] for p in content["points"])

    def order(point: JsonObject) -> Any:
        return point["episode_order"], point.get("scene_order") or 0

    return [
        _slice(t("E{n}", n=n), "points", drama.EmotionPoint, t("Points"), "episode_order", n, order) for n in orders
    ]


def _people(content: Content) -> list[Part]:
    """By whose they are; somebody of whom others are told may have their own added."""
    names = dict.fromkeys(
        name for side in ("from_name", "to_name") for name in (r[side] for r in content["relationships"])
    )
    return [_slice(name, "relationships", drama.Relationship, t("Relationships"), "from_name", name) for name in names]


def _planned_groups(content: Content) -> list[Part]:
    fields = ("goal", "beats", "start", "end")
    return [
        _at(str(n + 1), panels.PlannedGroup, "groups", n, typed=fields,
            heading=t("Shots {first}–{last}", first=group["first_shot"], last=group["last_shot"]))
        for n, group in enumerate(content["groups"])
    ]  # fmt: skip


def _groups(model: type[BaseModel]) -> Callable[[Content], list[Part]]:
    """The groups that there are, by their number among nine."""

    def parts(content: Content) -> list[Part]:
        return [
            _at(str(panels.GROUP_KEYS.index(group["group"]) + 1), model, "groups", n)
            for n, group in enumerate(content["groups"])
        ]

    return parts


#: kind → its parts, from the content
PARTED: dict[str, Callable[[Content], list[Part]]] = {
    "keyframe_prompt": _shots,
    "scene_script": _scenes,
    "causal_chain": _phases,
    "emotion_arc": _episodes,
    "character_relationships": _people,
    "storyboard_plan": _planned_groups,
    "storyboard_groups": _groups(panels.PanelGroup),
    "storyboard_translation": _groups(panels.TranslatedGroup),
}


def names(kind: str, content: Content) -> dict[int, str]:
    """Number → what the part is called, for those who choose among them."""
    return tell_apart({n: plain(part.label) for n, part in enumerate(PARTED[kind](content), start=1)})


def find(kind: str, content: Content, number: int) -> Part:
    """The part of a number, counted from 1; the last one when there are fewer."""
    parts = PARTED[kind](content)
    return parts[min(number, len(parts)) - 1]


def issues_of(part: Part, issues: Sequence[Issue]) -> list[Issue]:
    """The issues that stand in a part, with their place in it."""
    return [Issue(place, i.message) for i in issues if (place := part.place(i.path)) is not None]
