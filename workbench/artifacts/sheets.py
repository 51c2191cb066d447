"""Reference sheets: how a character or a place looks, as pictures to draw from, look by look."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

from pydantic import Field, model_validator

from workbench.artifacts.declared import Kind, Places, Stretch
from workbench.artifacts.models import Content, text_of
from workbench.artifacts.storyboard import Candidate, Sha256
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject

MOST_LOOKS = 12
MOST_CANDIDATES = 24
#: what the first look is called
USUAL = {"zh": "平时", "en": "usual"}
#: episode, scene, shot
Place = tuple[int, ...]
_PLACE = r"^[1-9]\d{0,2}(\.[1-9]\d?){0,2}$"
_SPAN = re.compile(r"\s*([\d.]+)\s*(?:([-–—~～至到]|to)\s*([\d.]*))?\s*", re.IGNORECASE)
#: of a span as it is told today: whatever it names is archived, and nobody wears its look for it
GONE = "gone"
#: after the last shot of the last scene
_END: Place = (1000,)


class Span(Content):
    """Where a look is worn: ``2`` is an episode, ``2.3`` a scene of it, ``2.3.5`` a shot of that; both ends belong to
    it. `last` empty: to the end of the story."""

    first: Annotated[str, Field(pattern=_PLACE)] = Field(title=N_("From"))
    last: Annotated[str, Field(pattern=rf"^$|{_PLACE}")] = Field("", title=N_("To"))

    @model_validator(mode="before")
    @classmethod
    def _drop_mark(cls, data: Any) -> Any:
        """Whether what a span names is archived is told, and never kept."""
        return {name: value for name, value in data.items() if name != GONE} if isinstance(data, dict) else data

    @model_validator(mode="after")
    def _check_order(self) -> Span:
        if Stretch("", self.first, self.last).is_turned:
            raise ValueError(Text(N_("{first} comes after {last}"), first=self.first, last=self.last))
        return self

    def holds(self, place: Place) -> bool:
        first, last = read_place(self.first), read_place(self.last) if self.last else _END
        return place >= first and place[: len(last)] <= last


class Look(Content):
    """One way to look. Without spans it is the usual one, worn wherever no other is. `chosen` None: not drawn yet."""

    name: Annotated[str, text_of(80)] = Field(title=N_("Look"))
    words: Annotated[str, text_of(1200, 0)] = Field(
        "", title=N_("In words"), description=N_("Hair, clothes, what they carry; told wherever no picture can be")
    )
    spans: list[Span] = Field(default_factory=list, max_length=24, title=N_("Scenes"))
    chosen: Sha256 | None = None
    #: oldest first; drawn ones and a person's own
    candidates: list[Candidate] = Field(default_factory=list, max_length=MOST_CANDIDATES)

    @model_validator(mode="after")
    def _check_chosen(self) -> Look:
        if self.chosen is not None and self.chosen not in {c.media for c in self.candidates}:
            raise ValueError(Text(N_("the chosen picture is none of the candidates")))
        return self


class Sheet(Content):
    """Looks by name; of several that are worn in one place, the later one counts."""

    looks: list[Look] = Field(min_length=1, max_length=MOST_LOOKS, title=N_("Looks"))

    @model_validator(mode="after")
    def _check_names(self) -> Sheet:
        names = [look.name.casefold() for look in self.looks]
        twice = next((look.name for look in self.looks if names.count(look.name.casefold()) > 1), None)
        if twice is not None:
            raise ValueError(Text(N_("two looks are named {name}"), name=twice))
        usual = [look.name for look in self.looks if not look.spans]
        if len(usual) > 1:
            message = N_("{names} have no scenes; only one look can be the usual one")
            raise ValueError(Text(message, names=", ".join(usual)))
        return self


class CharacterSheet(Sheet):
    """A character from the front, three-quarter, from behind, and their face, in neutral light."""


class PlaceSheet(Sheet):
    """A place: the whole of it, the other way, and what it is known by, in neutral light."""


def read_place(place: str) -> Place:
    """``2.3`` as numbers."""
    return tuple(int(number) for number in place.split("."))


def read_spans(typed: str) -> list[JsonObject]:
    """Spans as people type them: ``1.2–1.4, 2.3-, 3``. Raises ValueError with the piece that is none."""
    spans = []
    for piece in re.split(r"[,，、;；]", typed):
        if not piece.strip():
            continue
        match = _SPAN.fullmatch(piece)
        if match is None:
            raise ValueError(piece.strip())
        first, dash, last = match.groups()
        spans.append({"first": first, "last": (last or "") if dash else first})
    return spans


def write_spans(spans: Iterable[JsonObject]) -> str:
    """Spans as `read_spans` reads them."""
    return ", ".join(s["first"] if s["first"] == s["last"] else f"{s['first']}–{s['last']}" for s in spans)


def look_at(content: JsonObject, place: str) -> JsonObject | None:
    """The look that is worn at a place (``2.3``, ``2.3.5``): the last that names it, else the usual one, else None."""
    at = read_place(place)
    looks = content.get("looks", [])
    there = [look for look in looks if any(_holds(span, at) for span in look["spans"])]
    usual = [look for look in looks if not look["spans"]]
    return next(iter([*reversed(there), *usual]), None)


def _holds(span: JsonObject, at: Place) -> bool:
    return not span.get(GONE) and Span.model_validate(span).holds(at)


def view_look(content: JsonObject, place: str) -> Any:
    """What a picture at this place is made from: the words and the chosen picture of the look that is worn there."""
    look = look_at(content, place)
    return None if look is None else {"words": look["words"], "chosen": look["chosen"]}


# How a person changes a sheet: each returns the content as it is to be saved.


def put_pictures(
    content: JsonObject | None, name: str, candidates: Sequence[JsonObject], told: JsonObject | None = None
) -> JsonObject:
    """With further candidates of a look, the last of them picked; a look of that name is begun where there is none,
    with the words and spans that are `told`."""
    there = content or {"looks": []}
    looks = list(there["looks"])
    if all(look["name"] != name for look in looks):
        looks.append({"name": name, "words": "", "spans": [], "chosen": None, "candidates": [], **(told or {})})
    media = {c["media"] for c in candidates}
    for at, look in enumerate(looks):
        if look["name"] == name:
            known = [c for c in look["candidates"] if c["media"] not in media]
            kept = [*known, *candidates][-MOST_CANDIDATES:]
            looks[at] = {**look, "candidates": kept, "chosen": candidates[-1]["media"]}
    return {**there, "looks": looks}


def pick_picture(content: JsonObject, name: str, media: str) -> JsonObject:
    """With another candidate of a look picked."""
    looks = [{**look, "chosen": media} if look["name"] == name else look for look in content["looks"]]
    return {**content, "looks": looks}


def change_look(content: JsonObject, name: str, fields: JsonObject) -> JsonObject:
    """With other words, spans, or another name of a look."""
    return {**content, "looks": [look | fields if look["name"] == name else look for look in content["looks"]]}


def drop_look(content: JsonObject, name: str) -> JsonObject:
    """Without a look; the last one stays."""
    looks = [look for look in content["looks"] if look["name"] != name]
    return {**content, "looks": looks or content["looks"]}


def look_part(name: str) -> str:
    """What a look is called as a part of its sheet."""
    return f"look:{name}"


def _look_parts(content: JsonObject) -> JsonObject:
    """A look is its words and its picture: a further candidate alone changes nothing."""
    return {look_part(look["name"]): {"words": look["words"], "chosen": look["chosen"]} for look in content["looks"]}


def _find_stretches(content: JsonObject) -> list[Stretch]:
    return [Stretch(look["name"], span["first"], span["last"]) for look in content["looks"] for span in look["spans"]]


def _put_stretches(content: JsonObject, stretches: Sequence[Stretch | None]) -> JsonObject:
    """Spans of which nothing is left keep their numbers, and say so: a look without any would be the usual one."""
    rest = iter(stretches)
    looks = [{**look, "spans": [_put(span, next(rest)) for span in look["spans"]]} for look in content["looks"]]
    return {**content, "looks": looks}


def _put(span: JsonObject, stretch: Stretch | None) -> JsonObject:
    return {**span, GONE: True} if stretch is None else {"first": stretch.first, "last": stretch.last}


_PLACES = Places(_find_stretches, _put_stretches)
CHARACTER_SHEET = Kind(
    "character_sheet", N_("Character sheet"), "character", CharacterSheet, _look_parts, places=_PLACES,
    views={"look": view_look},
)  # fmt: skip
PLACE_SHEET = Kind(
    "place_sheet", N_("Place sheet"), "world", PlaceSheet, _look_parts, places=_PLACES, views={"look": view_look}
)

KINDS = (CHARACTER_SHEET, PLACE_SHEET)
