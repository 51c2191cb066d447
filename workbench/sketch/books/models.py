"""What each book holds. A book that lacks a key, has one too many or a slot that nothing fills is refused when it is
read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from workbench.artifacts.storyboard import CueType, Expression, Facing, Stance

K = TypeVar("K", bound=str)
V = TypeVar("V")
Texts = tuple[str, ...]
#: where an episode stands in its story, or a scene in its episode
ArcPart = Literal["opening", "development", "turn", "resolution"]
Era = Literal["east", "west", "modern", "future"]
#: what a scene's own text may tell of its hour, weather and season
Hour = Literal["dawn", "morning", "noon", "afternoon", "dusk", "night", "day", "unknown"]
WeatherWord = Literal["clear", "cloudy", "rain", "snow", "fog", "wind", "unknown"]
SeasonWord = Literal["spring", "summer", "autumn", "winter"]
ARC: tuple[ArcPart, ...] = get_args(ArcPart)


class Pair(NamedTuple):
    """The same text in both languages."""

    zh: str
    en: str

    def of(self, language: str) -> str:
        return self.zh if language == "zh" else self.en


Pairs = tuple[Pair, ...]


def _pattern(words: object) -> re.Pattern[str]:
    """Compile words joined by ``|``, upper case or lower. Without Chinese among them each counts where a word
    begins."""
    if not isinstance(words, str):
        raise ValueError("must be text")
    latin = re.search(r"[一-鿿]", words) is None
    try:
        return re.compile(rf"\b(?:{words})" if latin else words, re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"is no valid pattern: {error}") from None


Pattern = Annotated[re.Pattern[str], BeforeValidator(_pattern)]


def _for_each(keys: Any) -> AfterValidator:
    """Every one of these keys has an entry."""

    def check(entries: dict[K, V]) -> dict[K, V]:
        missing = [key for key in get_args(keys) if key not in entries]
        if missing:
            raise ValueError(f"has nothing for {', '.join(missing)}")
        return entries

    return AfterValidator(check)


class Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Book(Entry):
    """A file of texts. `slots`: what may stand in braces, by the file's keys; "*" is for all that are not named."""

    slots: ClassVar[Mapping[str, frozenset[str]]] = {}


class Stage(Entry):
    """A supporting scene: its beat (also the scene's title) and what happens."""

    beat: str
    summary: str
    #: "inside" or "outside" where the words say so (a door, a lane); "" plays anywhere
    where: Literal["", "inside", "outside"] = ""


class Neutral(Entry):
    """What may be said of any story; each key adds to the pool of its name."""

    titles: Texts
    themes: Texts
    before: Texts
    during: Texts
    after: Texts
    openings: Texts
    attempts: Texts
    turns: Texts
    closings: Texts
    scopes: Texts
    cliffhangers: Texts
    conflicts: Texts
    payoffs: Texts
    motifs: Texts
    endings: Texts
    hooks: Texts
    stagings: Texts
    lead_in: tuple[Stage, ...]
    aftermath: tuple[Stage, ...]


class Phrases(Book):
    """One language's sentences for plans, core expressions and scenes. Each is whole, so any choice stays grammatical.

    A list of sentences is a pool to draw from.
    """

    slots: ClassVar[Mapping[str, frozenset[str]]] = {
        "*": frozenset({"a", "b", "place", "prop", "short"}),
        "chat": frozenset({"question"}),
        "reasoning": frozenset({"events", "count"}),
        "numbered": frozenset({"title", "number"}),
    }
    space: str
    stop: str
    nobody: str
    somebody: str
    max_name: int
    common_props: Texts
    female: Texts
    male: Texts
    chat: str
    reasoning: str
    indoors: Texts
    pair: str
    titles: Texts
    numbered: str
    before: Texts
    during: Texts
    after: Texts
    openings: Texts
    attempts: Texts
    turns: Texts
    closings: Texts
    scopes: Texts
    cliffhangers: Texts
    themes: Texts
    conflicts: Texts
    payoffs: Texts
    motifs: Texts
    endings: Texts
    hooks: Texts
    stagings: Texts
    lead_in: tuple[Stage, ...]
    aftermath: tuple[Stage, ...]
    arc: Annotated[dict[ArcPart, Texts], _for_each(ArcPart)]
    neutral: Neutral


class Drama(Book):
    """One language's sentences for what holds a story together: chain, arc, relationships, new characters."""

    slots: ClassVar[Mapping[str, frozenset[str]]] = {
        "*": frozenset({"a", "b", "place", "short", "next"}),
        "numbered": frozenset({"short", "number"}),
    }
    quote: str
    core: str
    faction: str
    stakes: Texts
    public_reason: str
    hidden_intent: str
    legitimacy_mask: str
    first_cause: str
    necessity: str
    layers: tuple[str, str, str]
    boundary: str
    blind_spot: str
    trigger: str
    identity: str
    goals: Texts
    secrets: Texts
    vulnerabilities: Texts
    acts: tuple[str, str, str]
    before: str
    after: str
    numbered: str
    interlock: str
    last_interlock: str
    approach: str
    aftermath: str
    shared: str
    alone: str
    hooks: Texts
    tones: tuple[str, str, str, str]
    stated_goal: str
    true_goal: str
    labels: tuple[str, str, str, str]
    relation: str
    relation_label: str
    relation_change: str
    role: str
    candidate: str
    evidence: str
    witness: str
    witness_evidence: str
    people: Texts
    witnesses: Texts
    notes: dict[str, str]


#: lines that answer each other; the first speaker has the odd ones
Exchange = tuple[str, ...]


class Topic(Entry):
    """Something that a scene can be about: the words that tell so, and what people say then."""

    words: Pattern
    emotions: Texts
    talk: tuple[Exchange, ...]
    alone: Texts


class PlainLines(Entry):
    """Lines of any story; each key adds to the pool of its name."""

    third: Texts
    telling: Texts
    scenery: Texts
    talk: Annotated[dict[ArcPart, tuple[Exchange, ...]], _for_each(ArcPart)]
    alone: Annotated[dict[ArcPart, Texts], _for_each(ArcPart)]


class Lines(Book):
    """One language's spoken lines. `talk`, `alone` and `emotions` go by where the scene stands in its episode."""

    slots: ClassVar[Mapping[str, frozenset[str]]] = {"*": frozenset({"a", "b", "place", "prop", "event"})}
    event_chars: int
    notes: Texts
    third: Texts
    telling: Texts
    scenery: Texts
    silences: Texts
    called: dict[str, str]
    emotions: Annotated[dict[ArcPart, Texts], _for_each(ArcPart)]
    talk: Annotated[dict[ArcPart, tuple[Exchange, ...]], _for_each(ArcPart)]
    alone: Annotated[dict[ArcPart, Texts], _for_each(ArcPart)]
    plain: PlainLines
    topics: tuple[Topic, ...]


class PlainPoses(Entry):
    """Words for any being in any place."""

    spots: Texts
    gazes_alone: Texts
    face: str
    actions: Annotated[dict[Stance, Texts], _for_each(Stance)]


class Poses(Book):
    """One language's words for frozen moments: what bodies, hands and eyes do in a single picture."""

    slots: ClassVar[Mapping[str, frozenset[str]]] = {
        "*": frozenset({"prop", "other", "thing", "name", "action", "place"}),
    }
    comma: str
    caption_chars: int
    lens: str
    camera: str
    direction: str
    axis: str
    intents: tuple[str, str, str]
    avoid: Texts
    forbidden: Texts
    spots: Texts
    props: Texts
    holding: Texts
    gazes: Texts
    gazes_alone: Texts
    compositions: Texts
    bubbles: Texts
    seen: str
    together: str
    hand: str
    bare: str
    eyes: str
    empty_captions: tuple[str, str, str]
    actions: Annotated[dict[Stance, Texts], _for_each(Stance)]
    faces: Annotated[dict[Expression, Texts], _for_each(Expression)]
    plain: PlainPoses


class Feeling(Entry):
    """A face, and the words of an event that put it on."""

    face: Expression
    words: Pattern


class Feelings(Book):
    """What the words of an event tell of its people; the first that matches counts."""

    feelings: tuple[Feeling, ...]


class NamedPlace(Entry):
    """How a story calls a place, and which kind of set it is."""

    name: str
    kind: str


class PlaceWord(NamedPlace):
    """A word of a text that tells of a place."""

    word: str


class Near(Entry):
    inside: tuple[NamedPlace, ...]
    outside: tuple[NamedPlace, ...]


class Places(Book):
    """One language's words for places; earlier ones win."""

    words: tuple[PlaceWord, ...]
    defaults: tuple[NamedPlace, NamedPlace, NamedPlace]
    near: Near


class PlaceNouns(Book):
    """One language's nouns of places, by the kind of set that is drawn."""

    kinds: Mapping[str, tuple[str, ...]]


class Set(Entry):
    """One kind of place: its type, what one sees first, and the things that every shot must keep."""

    type: Pair
    base: Pair
    things: Pairs
    inside: bool = True
    #: the base of any story but a sample, where `base` tells of weather
    plain: Pair | None = None


class Light(Entry):
    type: Pair
    direction: Pair
    colour: Pair
    intensity: Pair
    time: Pair
    sentence: Pair


class Air(Entry):
    mood: Pair
    weather: Pair
    sentence: Pair


class Sky(Entry):
    weather: Pair
    sentence: Pair


class Sets(Book):
    """Furniture for empty sets, in both languages."""

    avoid: Pair
    #: things of no period
    plain: Pairs
    kinds: dict[str, Set]
    eras: Annotated[dict[Era, Pairs], _for_each(Era)]
    lights: Annotated[dict[ArcPart, tuple[Light, ...]], _for_each(ArcPart)]
    airs: Annotated[dict[ArcPart, tuple[Air, ...]], _for_each(ArcPart)]
    hours: Annotated[dict[Hour, Light], _for_each(Hour)]
    weathers: Annotated[dict[WeatherWord, Sky], _for_each(WeatherWord)]
    seasons: Annotated[dict[SeasonWord, Pair], _for_each(SeasonWord)]


class Noise(Entry):
    """A sound and the words of a scene that it belongs to."""

    words: Pattern
    type: CueType = "sfx"
    zh: str
    en: str

    @property
    def text(self) -> Pair:
        return Pair(self.zh, self.en)


class Weather(Entry):
    """Weather that is heard."""

    words: Pattern
    inside: Pair
    outside: Pair


class InsideOut(Entry):
    inside: Pairs
    outside: Pairs

    def at(self, inside: bool) -> Pairs:
        return self.inside if inside else self.outside


class Noises(Book):
    """What can be heard where, in both languages."""

    slots: ClassVar[Mapping[str, frozenset[str]]] = {
        "foley": frozenset({"ground"}),
        "music": frozenset({"i"}),
        "narrator": frozenset({"text"}),
        "inner": frozenset({"name", "text"}),
    }
    night: Pattern
    wood: Pair
    stir: Pair
    quiet: Pair
    narrator: Pair
    inner: Pair
    still: Pairs
    airs: dict[str, Pair]
    at_night: InsideOut
    weather: tuple[Weather, ...]
    #: the same for any story but a sample
    plain_weather: tuple[Weather, ...]
    grounds: dict[str, Pair]
    anywhere: InsideOut
    instruments: Annotated[dict[Era, Pairs], _for_each(Era)]
    #: of any period
    plain_instruments: Pairs
    music: Annotated[dict[ArcPart, Pair], _for_each(ArcPart)]
    moods: Annotated[dict[ArcPart, Pair], _for_each(ArcPart)]
    effects: tuple[Noise, ...]
    #: the same for any story but a sample: sounds that the words themselves name
    plain_effects: tuple[Noise, ...]
    foley: tuple[Noise, ...]


class Way(Entry):
    """A change of stance that has words of its own."""

    was: Stance
    now: Stance
    zh: str
    en: str


PanelSize = Literal["whole", "full", "half", "near", "close", "insert", "pair", "low", "high"]
SoloSize = Literal["held", "alone"]


class PanelGoals(Entry):
    before: Pairs
    after: Pairs


class PanelWords(Entry):
    identity: Pair
    relation: Pair
    kept: Pair
    held: Pair


class PanelBook(Book):
    """What the panels of a long storyboard show, in both languages."""

    slots: ClassVar[Mapping[str, frozenset[str]]] = {
        "*": frozenset(),
        "people": frozenset({"a", "b", "thing", "does", "prop"}),
        "empty": frozenset({"thing", "other"}),
        "unknown": frozenset({"text"}),
        "goals": frozenset({"beat"}),
        "said": frozenset({"others"}),
    }
    stances: Annotated[dict[Stance, Pair], _for_each(Stance)]
    people: Annotated[dict[PanelSize | SoloSize, Pairs], _for_each(PanelSize)]
    empty: Annotated[dict[PanelSize, Pairs], _for_each(PanelSize)]
    unknown: Pair
    goals: PanelGoals
    said: PanelWords
    emotions: Annotated[dict[Expression, Pair], _for_each(Expression)]


class PlainMotions(Entry):
    """What may move in any place, of any being."""

    airs: Pairs
    stays: tuple[Pairs, Pairs, Pairs]
    empty: tuple[tuple[Pair, Pair, Pair], ...]


class Motions(Book):
    """What moves between two pictures, in both languages."""

    slots: ClassVar[Mapping[str, frozenset[str]]] = {"*": frozenset({"a"}), "named": frozenset({"thing"})}
    takes: Pair
    lets_go: Pair
    named: Pair
    cameras: Pairs
    airs: Pairs
    stays: tuple[Pairs, Pairs, Pairs]
    empty: tuple[tuple[Pair, Pair, Pair], ...]
    between: tuple[Way, ...]
    to_stance: Annotated[dict[Stance, Pair], _for_each(Stance)]
    to_facing: Annotated[dict[Facing, Pair], _for_each(Facing)]
    plain: PlainMotions
    constraints: dict[Literal["zh", "en"], Texts]
