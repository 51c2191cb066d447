"""Who somebody is by the words about them; "" for what is not told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from workbench.json_types import JsonObject
from workbench.sketch.reading.ages import Age, age_of_name, age_of_parts
from workbench.sketch.reading.beings import PERSON, Being, read_being
from workbench.sketch.reading.looks import (
    BAREFOOT,
    BEARD,
    HAIR_COLOUR,
    HAT,
    NO_BEARD,
    NO_BRIM,
    NO_HAT,
    SHORT,
    SKIN,
    STOUT,
    TALL,
    THIN,
    first,
    fur_of,
    garment_of,
    hair_of,
)
from workbench.sketch.reading.sexes import (
    Sex,
    beside,
    own_looks,
    own_parts,
    sex_by_story,
    sex_of_name,
    sex_of_parts,
    sex_of_pronouns,
)


@dataclass(frozen=True)
class Person:
    """What is told of somebody; None and "" for what is not. Colours are names of `COLOURS`."""

    being: Being = PERSON
    sex: Sex = ""
    age: Age = ""
    hair: Literal["", "short", "bun", "long", "braid", "topknot", "bald", "bob", "wild"] = ""
    hair_colour: str = ""
    beard: bool | None = None
    hat: bool | None = None
    #: what is on the head: a cap, a turban
    brimless: bool = False
    garment: Literal["", "robe", "dress", "coat", "suit"] = ""
    coat_colour: str = ""
    build: Literal["", "stout", "thin"] = ""
    height: Literal["", "tall", "short"] = ""
    barefoot: bool = False
    skin: str = ""


def read_person(
    name: str, description: str, story: str = "", others: Sequence[str] = (), aliases: Sequence[str] = ()
) -> Person:
    """Who this is: by the description, then the name, then by what the story says right beside the name."""
    being = read_being(name, description)
    own = own_parts(description)
    looks = " , ".join(own_looks(description))
    sex = sex_of_parts(own) or sex_of_name(name) or sex_of_pronouns(description)
    near_by = [] if sex and age_of_parts(own) else beside(story, (name, *aliases))
    sex = sex or sex_of_parts(near_by) or sex_by_story(story, (name, *aliases), others)
    garment, coat = garment_of(looks)
    if being is not PERSON:
        garment, coat = "", fur_of(name, description)
    beard = False if NO_BEARD.search(looks) else True if BEARD.search(NO_BEARD.sub(" ", looks)) else None
    return Person(
        being=being,
        sex=sex or ("m" if beard else ""),
        age=age_of_parts(own) or age_of_name(name) or age_of_parts(near_by),
        hair=hair_of(looks),
        hair_colour=first(HAIR_COLOUR, looks),
        beard=beard,
        hat=False if NO_HAT.search(looks) else True if HAT.search(looks) else None,
        brimless=NO_BRIM.search(looks) is not None,
        garment=garment,
        coat_colour=coat,
        build="stout" if STOUT.search(looks) else "thin" if THIN.search(looks) else "",
        height="short" if SHORT.search(looks) else "tall" if TALL.search(looks) else "",
        barefoot=BAREFOOT.search(looks) is not None or _goes_barefoot(story, (name, *aliases)),
        skin=first(SKIN, looks),
    )


def read_people(facts: JsonObject) -> dict[str, Person]:
    """Everybody of a brief's facts by name; the story's own words complete what a description leaves open."""
    characters = [c for c in facts.get("characters") or [] if str(c.get("name") or "").strip()]
    story = f"{facts.get('protagonist') or ''}。{facts.get('summary') or ''}"
    names = [str(c["name"]).strip() for c in characters]
    return {
        name: read_person(
            name,
            " , ".join(str(c.get(k) or "") for k in ("description", "appearance") if c.get(k)),
            story,
            [n for n in names if n != name],
            [str(a) for a in c.get("aliases") or []],
        )
        for name, c in zip(names, characters, strict=True)
    }


def read_cast(facts: JsonObject, whole: JsonObject) -> dict[str, Person]:
    """The people of a scene by name: as the whole story tells them, else by what the scene's own facts say."""
    known = read_people(whole)
    for character in facts.get("cast") or []:
        name = str(character["name"])
        if name not in known:
            known[name] = read_person(name, str(character.get("description") or ""))
    return known


def _goes_barefoot(story: str, names: Sequence[str]) -> bool:
    """A sentence of the story that begins with somebody tells that they wear no shoes."""
    return any(
        re.search(rf"{re.escape(name)}[^。；.!?]{{0,40}}?(?:{BAREFOOT.pattern})", story, re.IGNORECASE)
        for name in names
        if name.strip()
    )
