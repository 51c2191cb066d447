"""The sample stories. People know them word for word and line for line, and recordings hold both: they are told by the
arc's hours and drawn as they were first drawn. What stands here holds for no other story.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from workbench import samples
from workbench.json_types import JsonObject
from workbench.sketch.reading.people import Person


@dataclass(frozen=True)
class Sample:
    """`looks`: its people as the recordings draw them, in the order of the cast; `unseen`: those whom they draw
    otherwise where a shot tells nothing of anybody's looks."""

    title: str
    genre: str
    looks: Mapping[str, Person]
    unseen: Mapping[str, Person]


_WOMAN, _MAN = Person(sex="f"), Person(sex="m")
_LOOKS: dict[str, tuple[Mapping[str, Person], Mapping[str, Person]]] = {
    "gift-of-the-magi.en": (
        {"Della": Person(sex="f", hair="long"), "Jim": _MAN, "Madame Sofronie": Person(sex="f", build="stout")},
        {"Della": _MAN, "Madame Sofronie": _WOMAN},
    ),
    "moving-mountains.zh": (
        {
            "小禾": Person(sex="f", age="child", hair="braid"),
            "愚公": Person(sex="m", age="old", beard=True),
            "智叟": Person(sex="m", age="old", beard=True),
        },
        {"小禾": _WOMAN, "愚公": _MAN},
    ),
    "painted-skin.zh": (
        {
            "王生": Person(sex="m", age="child"),
            "陈氏": Person(sex="f", age="child"),
            "女子": Person(sex="f", age="child"),
            "道士": _WOMAN,
            "乞丐": Person(sex="m", hair="wild"),
        },
        {"王生": _WOMAN, "陈氏": _WOMAN, "女子": _WOMAN, "乞丐": _MAN},
    ),
}


@cache
def _samples() -> tuple[Sample, ...]:
    briefs = ((samples.load(name), told, unseen) for name, (told, unseen) in _LOOKS.items())
    return tuple(Sample(str(b["title"]), str(b["genre"]), told, unseen) for b, told, unseen in briefs)


def is_sample(facts: JsonObject) -> bool:
    """Whether these are a sample's facts: its title and genre."""
    return any((facts.get("title"), facts.get("genre")) == (s.title, s.genre) for s in _samples())


def find_sample_look(name: str, cast: Sequence[str], description: str) -> Person | None:
    """How somebody of a sample is drawn; None for any other cast."""
    sample = next((s for s in _samples() if list(s.looks) == list(cast)), None)
    if sample is None or name not in sample.looks:
        return None
    told = any(c.isalnum() for c in description.replace(name, ""))
    return sample.looks[name] if told else sample.unseen.get(name, sample.looks[name])
