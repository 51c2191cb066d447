"""What each artifact kind of planning holds: briefs, elements, episode plans, scenes and their anchors."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
    model_validator,
)

from workbench.artifacts.declared import Child, Kind
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject

Language = Literal["zh", "en"]
AspectRatio = Literal["16:9", "9:16", "1:1", "4:3", "3:4", "21:9"]
#: of a story
TITLE_CHARS = 120
Preset = Literal["anime", "ink_wash", "comic", "cyberpunk", "cinematic", "fantasy", "watercolor", "pixel", "custom"]


def text_of(maximum: int, minimum: int = 1) -> Any:
    """Text of `minimum` to `maximum` characters without blanks at its ends."""
    return StringConstraints(strip_whitespace=True, min_length=minimum, max_length=maximum)


class Content(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Grown(Content):
    """Contents with fields that came later: those in `LATER` are left out while they say nothing. What was saved before
    they existed keeps its content hash, and saving it again unchanged makes nothing stale."""

    #: field → what says nothing
    LATER: ClassVar[JsonObject] = {}

    @model_serializer(mode="wrap")
    def _serialize(self, serialize: SerializerFunctionWrapHandler) -> JsonObject:
        fields: JsonObject = serialize(self)
        return {name: value for name, value in fields.items() if name not in self.LATER or self.LATER[name] != value}


class Style(Content):
    """Visual style: a preset and the composed prompt text."""

    preset: Preset = Field("custom", title=N_("Preset"))
    prompt: Annotated[str, text_of(2000, 0)] = Field(
        "", title=N_("Style prompt"), description=N_("Medium, light, palette, place and time")
    )


class Brief(Content):
    """The creator's brief, without characters and world elements (those are nodes)."""

    title: Annotated[str, text_of(TITLE_CHARS)] = Field(title=N_("Title"))
    summary: Annotated[str, text_of(2000, 0)] = Field(
        "", title=N_("Summary"), description=N_("Who wants what, what stands in the way, how it turns, how it ends")
    )
    language: Language = Field("zh", title=N_("Story language"))
    genre: Annotated[str, text_of(120, 0)] = Field("", title=N_("Genre"))
    audience: Annotated[str, text_of(200, 0)] = Field("", title=N_("Audience"))
    protagonist: Annotated[str, text_of(2000, 0)] = Field("", title=N_("Protagonist"))
    style: Style = Field(default_factory=Style, title=N_("Visual style"))
    aspect_ratio: AspectRatio = Field("16:9", title=N_("Aspect ratio"))
    episodes: int | None = Field(None, ge=1, le=100, title=N_("Episodes"), description=N_("Empty: the model chooses"))


#: a long novel comes in parts; the draft of a form holds as much
SOURCE_CHARS = 300_000


class Source(Content):
    """What the story is made from: a chapter, a treatment, a screenplay. Kept as it was brought."""

    text: Annotated[str, text_of(SOURCE_CHARS)] = Field(
        title=N_("Source text"),
        description=N_("A chapter, a treatment or a screenplay that the story is made from; kept as it is"),
    )


#: of a character or a world element
MOST_ALIASES = 6


class Element(Grown):
    """A character or a world element."""


class Character(Element):
    LATER: ClassVar[JsonObject] = {"appearance": "", "personality": "", "background": ""}

    name: Annotated[str, text_of(120)] = Field(title=N_("Name"))
    description: Annotated[str, text_of(2000, 0)] = Field(
        "", title=N_("Description"), description=N_("Who this is in the story, in a sentence or two")
    )
    aliases: list[Annotated[str, text_of(120)]] = Field(
        default_factory=list,
        max_length=MOST_ALIASES,
        title=N_("Aliases"),
        description=N_("Other names in the story; at most six. A name that you change is kept here."),
    )
    appearance: Annotated[str, text_of(8000, 0)] = Field(
        "", title=N_("Appearance"), description=N_("Age, build, face, hair, clothes, what they carry")
    )
    personality: Annotated[str, text_of(8000, 0)] = Field(
        "", title=N_("Personality"), description=N_("How they act, speak and decide")
    )
    background: Annotated[str, text_of(12000, 0)] = Field(
        "", title=N_("Background"), description=N_("What happened before the story begins")
    )


WorldKind = Literal["era", "geography", "society", "technology", "magic", "custom"]


class WorldElement(Element):
    LATER: ClassVar[JsonObject] = {"kind": "custom", "aliases": []}

    name: Annotated[str, text_of(120)] = Field(title=N_("Name"))
    kind: WorldKind = Field("custom", title=N_("Kind"))
    aliases: list[Annotated[str, text_of(120)]] = Field(
        default_factory=list,
        max_length=MOST_ALIASES,
        title=N_("Aliases"),
        description=N_("Other names in the story; at most six. A name that you change is kept here."),
    )
    description: Annotated[str, text_of(12000, 0)] = Field("", title=N_("Description"))


class EpisodeOutline(Content):
    order: int = Field(ge=1, le=100, title=N_("Order"))
    title: Annotated[str, text_of(200)] = Field(title=N_("Title"))
    logline: Annotated[str, text_of(2000)] = Field(title=N_("Logline"))
    main_characters: list[Annotated[str, text_of(200)]] = Field(
        default_factory=list, max_length=30, title=N_("Main characters")
    )
    beats: list[Annotated[str, text_of(500)]] = Field(default_factory=list, max_length=24, title=N_("Beats"))
    scene_scope: Annotated[str, text_of(2000)] = Field(title=N_("Scene scope"))
    cliffhanger: Annotated[str, text_of(2000)] | None = Field(None, title=N_("Cliffhanger"))

    @property
    def comparison_text(self) -> str:
        """The text by which two episodes are compared."""
        return " ".join([self.title, self.logline, self.scene_scope, *self.beats])


def orders_must_run(orders: list[int]) -> Text:
    return Text(N_("orders must be exactly 1..{count}, got {orders}"), count=len(orders), orders=str(orders))


class EpisodePlan(Content):
    episode_count: int = Field(ge=1, le=100, title=N_("Episode count"))
    reasoning_brief: Annotated[str, text_of(2000)] | None = Field(None, title=N_("Reasoning"))
    episodes: list[EpisodeOutline] = Field(min_length=1, max_length=100, title=N_("Episodes"))

    @model_validator(mode="after")
    def _check_orders(self) -> EpisodePlan:
        if self.episode_count != len(self.episodes):
            raise ValueError(
                Text(
                    N_("episode_count is {said} but there are {count} episodes"),
                    said=self.episode_count,
                    count=len(self.episodes),
                )
            )
        orders = [e.order for e in self.episodes]
        if orders != list(range(1, len(orders) + 1)):
            raise ValueError(orders_must_run(orders))
        return self


class CoreExpression(Content):
    theme: Annotated[str, text_of(500)] = Field(title=N_("Theme"))
    emotional_arc: list[Annotated[str, text_of(200)]] = Field(
        min_length=4, max_length=4, title=N_("Emotional arc"), description=N_("Opening, development, turn, resolution")
    )
    core_conflict: Annotated[str, text_of(2000)] = Field(title=N_("Core conflict"))
    payoff: list[Annotated[str, text_of(500)]] = Field(min_length=1, max_length=12, title=N_("Payoff"))
    visual_motifs: list[Annotated[str, text_of(200)]] = Field(min_length=1, max_length=12, title=N_("Visual motifs"))
    ending_beat: Annotated[str, text_of(2000)] = Field(title=N_("Ending beat"))
    next_hook: Annotated[str, text_of(2000)] | None = Field(None, title=N_("Next hook"))


class SceneOutline(Content):
    order: int = Field(ge=1, le=24, title=N_("Order"))
    summary: Annotated[str, text_of(2000)] = Field(title=N_("Summary"))
    location: Annotated[str, text_of(200)] = Field(title=N_("Location"))
    cast: list[Annotated[str, text_of(120)]] = Field(default_factory=list, max_length=30, title=N_("Cast"))
    beat: Annotated[str, text_of(500)] = Field(title=N_("Beat"))


class SceneList(Content):
    scenes: list[SceneOutline] = Field(min_length=1, max_length=24, title=N_("Scenes"))

    @model_validator(mode="after")
    def _check_orders(self) -> SceneList:
        orders = [s.order for s in self.scenes]
        if orders != list(range(1, len(orders) + 1)):
            raise ValueError(orders_must_run(orders))
        return self


class Bilingual(Content):
    zh: Annotated[str, text_of(800)] = Field(title=N_("Chinese"))
    en: Annotated[str, text_of(1600)] = Field(title=N_("English"))


class SetDescription(Content):
    """60–120 Chinese characters and its English twin: the empty set, no people."""

    zh: Annotated[str, text_of(120, 60)] = Field(title=N_("Chinese"))
    en: Annotated[str, text_of(1600)] = Field(title=N_("English"))


class Location(Content):
    type: Annotated[str, text_of(80)] = Field(title=N_("Type"))
    name: Annotated[str, text_of(200)] = Field(title=N_("Name"))
    details: Annotated[str, text_of(1000)] = Field(title=N_("Details"))


class Lighting(Content):
    type: Annotated[str, text_of(120)] = Field(title=N_("Type"))
    direction: Annotated[str, text_of(120)] = Field(title=N_("Direction"))
    colour: Annotated[str, text_of(120)] = Field(title=N_("Colour"))
    intensity: Annotated[str, text_of(120)] = Field(title=N_("Intensity"))


class Atmosphere(Content):
    mood: Annotated[str, text_of(200)] = Field(title=N_("Mood"))
    weather: Annotated[str, text_of(200)] = Field(title=N_("Weather"))
    time: Annotated[str, text_of(200)] = Field(title=N_("Time"))


class Anchors(Content):
    zh: list[Annotated[str, text_of(200)]] = Field(min_length=4, max_length=12, title=N_("Chinese"))
    en: list[Annotated[str, text_of(300)]] = Field(min_length=4, max_length=12, title=N_("English"))


class SceneAnchor(Content):
    """The environment alone: no people, action or camera movement."""

    scene: SetDescription = Field(title=N_("Scene"))
    location: Location = Field(title=N_("Location"))
    lighting: Lighting = Field(title=N_("Lighting"))
    atmosphere: Atmosphere = Field(title=N_("Atmosphere"))
    anchors: Anchors = Field(title=N_("Anchors"), description=N_("Things that must look the same in every shot"))
    avoid: Bilingual = Field(title=N_("Avoid"))


def _episode_parts(content: JsonObject) -> JsonObject:
    return {f"episode:{e['order']}": e for e in content["episodes"]}


def _episode_children(content: JsonObject) -> list[Child]:
    return [
        Child(e["order"], e["title"], " ".join([e["logline"], *e["beats"], e["scene_scope"]]))
        for e in content["episodes"]
    ]


def _scene_parts(content: JsonObject) -> JsonObject:
    return {f"scene:{s['order']}": s for s in content["scenes"]}


def _scene_children(content: JsonObject) -> list[Child]:
    return [Child(s["order"], s["beat"][:120], f"{s['summary']} {s['location']}") for s in content["scenes"]]


BRIEF = Kind("brief", N_("Brief"), "project", Brief)
SOURCE = Kind("source", N_("Source text"), "project", Source)
CHARACTER = Kind("character", N_("Character"), "character", Character)
WORLD_ELEMENT = Kind("world_element", N_("World element"), "world", WorldElement)
EPISODE_PLAN = Kind(
    "episode_plan",
    N_("Episode plan"),
    "project",
    EpisodePlan,
    _episode_parts,
    child_kind="episode",
    children=_episode_children,
)
CORE_EXPRESSION = Kind("core_expression", N_("Core expression"), "episode", CoreExpression)
SCENE_LIST = Kind(
    "scene_list", N_("Scene list"), "episode", SceneList, _scene_parts, child_kind="scene", children=_scene_children
)
SCENE_ANCHOR = Kind("scene_anchor", N_("Scene anchor"), "scene", SceneAnchor)

KINDS = (BRIEF, SOURCE, CHARACTER, WORLD_ELEMENT, EPISODE_PLAN, CORE_EXPRESSION, SCENE_LIST, SCENE_ANCHOR)
