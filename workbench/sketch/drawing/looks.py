"""How a character looks: colours by the place in the cast, all else by what is told of them; what is not is
neutral."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from workbench.json_types import JsonObject
from workbench.sketch.drawing.colour import RGB, digest, mix, rgb, times
from workbench.sketch.reading.beings import PERSON, Being
from workbench.sketch.reading.looks import COLOURS, HAIR_COLOURS, SKINS
from workbench.sketch.reading.people import Person, read_person
from workbench.sketch.reading.samples import find_sample_look
from workbench.sketch.reading.sexes import Sex

Garment = Literal["robe", "dress", "coat", "suit"]
Hair = Literal["short", "bun", "long", "braid", "topknot", "bald", "bob", "wild"]

#: half the head's width and height, in metres
HEAD = (0.118, 0.142)
#: coat, what goes with it
COATS: tuple[tuple[RGB, RGB], ...] = tuple(
    (rgb(a), rgb(b))
    for a, b in (
        ("#D0763C", "#5B4A4A"), ("#2F8A8C", "#E3D6BE"), ("#8A4F9E", "#3C3A55"), ("#DDAA3C", "#6A4B35"),
        ("#3F5FB5", "#D9D4C8"),
        ("#7BA05B", "#4B4F42"), ("#BC3F4B", "#2F3042"), ("#7FB2D6", "#F0E7D6"), ("#D98AA0", "#6B4A63"),
        ("#2F7A55", "#E4D9BE"),
    )
)  # fmt: skip
_SKINS = tuple(rgb(c) for c in ("#F2CBA8", "#E9B98F", "#F6D6B8", "#D9A679", "#EBC3A0"))
_HAIRS = {"zh": ("#2A2328", "#3A2A28", "#1F2130"), "en": ("#3B2A22", "#6A4228", "#2A2328", "#A8733A", "#7C3B2A")}
_WHITE = rgb("#E9E6E0")


@dataclass(frozen=True)
class Look:
    coat: RGB
    under: RGB
    skin: RGB
    hair: RGB
    garment: Garment
    style: Hair
    height: float
    width: float
    beard: bool
    old: bool
    hat: bool
    barefoot: bool = False
    being: Being = PERSON
    #: the story tells its colour: of an animal, the fur's
    own_colour: bool = False
    brimless: bool = False

    @property
    def human(self) -> bool:
        return self.being.shape == "person"

    @property
    def deep(self) -> RGB:
        """The coat's shaded side."""
        return times(self.coat, (0.74, 0.72, 0.8))

    @property
    def blush(self) -> RGB:
        return mix(self.skin, (214, 96, 88), 0.4)

    @property
    def shade(self) -> RGB:
        """Skin turned away from the light."""
        return times(self.skin, (0.86, 0.78, 0.76))


@dataclass(frozen=True)
class Sheet:
    """What a reference sheet tells of a look: its words, and in its picture the colours of the coat and of what goes
    with it, None where nobody knows."""

    words: str = ""
    coat: RGB | None = None
    under: RGB | None = None


def place_of(name: str, cast: Sequence[str]) -> int:
    """The character's place in the cast; somebody else's is by their name."""
    return list(cast).index(name) if name in cast else len(cast) + digest(name) % len(COATS)


def coat_of(name: str, cast: Sequence[str]) -> tuple[RGB, RGB]:
    """The character's own colours: nobody of the first ten shares a coat, whatever the story."""
    first = digest(*cast[:1]) if cast else 0
    return COATS[(place_of(name, cast) * 3 + first) % len(COATS)]


def look(name: str, cast: Sequence[str], person: Person, era: str, language: str, sheet: Sheet | None = None) -> Look:
    """How `person` is drawn. What is not told of them is neutral, or by the name's number: the same in every frame.
    What a `sheet` tells counts before what is told of the person."""
    coat, under = coat_of(name, cast)
    if sheet is not None:
        person = _dress(person, name, sheet)
        under = sheet.under or under
    number = digest("look", name)
    spoken = "zh" if language == "zh" else "en"
    skin = _SKINS[number // 11 % len(_SKINS)]
    if person.coat_colour:
        coat = rgb(COLOURS[person.coat_colour][0])
    elif sheet is not None and sheet.coat is not None:
        coat = sheet.coat
    return Look(
        coat=coat,
        under=under,
        skin=rgb(SKINS[person.skin]) if person.skin else skin,
        hair=_hair_colour(person, rgb(_HAIRS[spoken][number // 7 % len(_HAIRS[spoken])])),
        garment=person.garment or _garment(person.sex, era, number),
        style=person.hair or _hair(person, era, number),
        height=_height(person) + (number // 13 % 5 - 2) * 0.012,
        width=(
            1.16 if person.build == "stout" else 0.86 if person.build == "thin" else 0.95 + (number // 17 % 4) * 0.035
        ),
        beard=bool(person.beard),
        old=person.age == "old",
        hat=bool(person.hat),
        brimless=person.brimless,
        barefoot=person.barefoot,
        being=person.being,
        own_colour=bool(person.coat_colour),
    )


def _dress(person: Person, name: str, sheet: Sheet) -> Person:
    """The same person in what the sheet's words tell; who they are stays."""
    if not sheet.words:
        return person
    worn = read_person(name, sheet.words)
    told = ("hair", "hair_colour", "beard", "hat", "garment", "coat_colour", "barefoot")
    return replace(person, **{k: getattr(worn, k) for k in told if getattr(worn, k) not in ("", None, False)})


def find_person(name: str, cast: Sequence[str], description: str, people: Mapping[str, Person]) -> Person:
    """Who this is: as a sample's recordings have them, else by the whole story, else by what the shot says of them."""
    return find_sample_look(name, cast, description) or people.get(name) or read_person(name, description)


def _hair_colour(person: Person, usual: RGB) -> RGB:
    if person.hair_colour:
        return rgb(HAIR_COLOURS[person.hair_colour])
    return _WHITE if person.age == "old" else usual


def _height(person: Person) -> float:
    by_age = {"child": 0.74, "young": 0.93, "old": 0.95}.get(person.age)
    by_sex = {"f": 0.95, "m": 1.0}.get(person.sex, 0.975)
    return (by_age or by_sex) + {"tall": 0.08, "short": -0.1}.get(person.height, 0.0)


def describe_looks(name: str, shot: JsonObject) -> str:
    """What the shot's words on looks say of one of its people; all of them when nobody is named."""
    text = str((shot.get("visual") or {}).get("character") or "")
    names = [str(s.get("name")) for s in shot.get("subjects") or []]
    at = {n: m.end(1) for n in names if (m := re.search(rf"(?:^|[;；。.]\s*)({re.escape(n)})\s*[:：]", text))}
    start = at.get(name, text.find(name) + len(name) if name in text else None)
    if start is None:
        return text if len(names) == 1 else ""
    heads = [rf"(?:(?<![A-Za-z ])|(?<=[;；] )){re.escape(n)}[:：]" for n in names if n != name]
    others = [re.search(head, text[start:]) for head in heads]
    after = [m.start() for m in others if m]
    return text[start : start + min(after, default=len(text))]


def _garment(sex: Sex, era: str, number: int) -> Garment:
    if era == "east":
        return "robe"
    if not sex:
        return "coat"
    if era == "west":
        return "dress" if sex == "f" else "coat"
    return ("coat", "suit", "dress")[number % 3] if sex == "f" else ("coat", "suit")[number % 2]


def _hair(person: Person, era: str, number: int) -> Hair:
    if not person.sex:
        return "short"
    if person.sex == "f":
        return (
            ("braid" if person.age == "child" else ("bun", "long", "bun")[number % 3])
            if era == "east"
            else ("long", "bun", "bob", "braid")[number % 4]
        )
    return "topknot" if era == "east" else "short"
