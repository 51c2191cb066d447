"""A story of the corpus: the brief as a person writes it, and what is true in it, which the product never sees."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "stories"
_GIVEN = ("Ada", "Bruno", "Celia", "Dario", "Elba", "Fabian", "Gala", "Hugo", "Irene", "Joel", "Keila", "Lois")
_FAMILY = ("Amado", "Barros", "Couto", "Dopico", "Esmoris")
_GIVEN_ZH, _FAMILY_ZH = "芳强敏军丽勇娟杰霞涛静磊", "赵钱孙吴郑"


@dataclass(frozen=True)
class Person:
    """What is true of somebody; an empty value where the brief does not tell. Alternatives are joined by ``|``."""

    name: str
    #: "person", "animal", "machine", "thing", "spirit"
    kind: str = "person"
    #: "f", "m"
    sex: str = ""
    #: "child", "adult", "old"
    age: str = ""
    #: a style of `looks.Hair`, or "white"
    hair: str = ""
    beard: bool | None = None
    hat: bool | None = None
    #: "bare"
    feet: str = ""
    tall: bool = False
    #: cannot speak
    mute: bool = False
    #: is lost first when a large cast is cut at the wrong end
    lead: bool = False
    aliases: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return self.name, *self.aliases


@dataclass(frozen=True)
class Moment:
    """One sentence or screenplay scene of the summary, and what holds while it is told."""

    text: str
    #: what its place is called
    place: frozenset[str] = frozenset()
    inside: bool | None = None
    #: dawn, day, noon, dusk, night
    time: frozenset[str] = frozenset()
    #: clear, cloudy, rain, snow, fog
    weather: frozenset[str] = frozenset()
    #: everybody there; None where the brief leaves it open
    people: tuple[str, ...] | None = None
    #: who is dead from here on
    dies: tuple[str, ...] = ()
    #: what cannot be seen or heard now
    never: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Story:
    name: str
    source: str
    title: str
    language: str
    genre: str
    style: str
    preset: str
    moments: tuple[Moment, ...]
    people: dict[str, Person]
    descriptions: dict[str, str]
    protagonist: str = ""
    joined: str = ""
    #: what holds from the first moment to the last
    era: frozenset[str] = frozenset()
    time: frozenset[str] = frozenset()
    weather: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()
    #: "hant" for traditional characters
    script: str = ""
    crowd: int = 0
    world: tuple[dict[str, str], ...] = field(default=())

    @property
    def summary(self) -> str:
        return (self.joined or ("" if self.language == "zh" else " ")).join(m.text for m in self.moments)

    @property
    def leads(self) -> tuple[str, ...]:
        """Whom the story is about: who may be there before anybody is named."""
        return (self.protagonist,) if self.protagonist else tuple(self.people)[:1]

    @property
    def words(self) -> str:
        """All that the brief says: what stands here was not made up."""
        told = " ".join(f"{name} {' '.join(p.aliases)} {self.descriptions[name]}" for name, p in self.people.items())
        return f"{self.title} {self.summary} {self.genre} {self.style} {told} {self.protagonist}"

    def brief(self) -> dict[str, Any]:
        """As `Workbench.create_project` takes it; the crowd follows those who matter, and is told nothing of."""
        known = [
            {"name": name, "description": self.descriptions[name], "aliases": list(person.aliases)}
            for name, person in self.people.items()
        ]
        return {
            "title": self.title,
            "summary": self.summary,
            "language": self.language,
            "genre": self.genre,
            "protagonist": self.protagonist,
            "style": {"preset": self.preset, "prompt": self.style},
            "characters": [*known, *({"name": name} for name in self._crowd())],
            "world": list(self.world),
        }

    def _crowd(self) -> list[str]:
        if self.language == "zh":
            names = [f"{family}{given}" for given in _GIVEN_ZH for family in _FAMILY_ZH]
        else:
            names = [f"{given} {family}" for given in _GIVEN for family in _FAMILY]
        return names[: self.crowd]


def load(path: Path) -> Story:
    """A story from its file. An unknown key is an error, so that no fact is lost by a slip of the pen."""
    raw = tomllib.loads(path.read_text("utf-8"))
    characters = raw.pop("characters", [])
    people, descriptions = {}, {}
    for character in characters:
        name, aliases = character["name"], tuple(character.get("aliases") or ())
        people[name] = Person(name, aliases=aliases, **character.get("facts", {}))
        descriptions[name] = character.get("description", "")
    sets = {key: _choices(raw.pop(key, "")) for key in ("era", "time", "weather", "kinds", "never")}
    moments = tuple(_moment(m) for m in raw.pop("moments"))
    world = tuple(raw.pop("world", ()))
    return Story(path.stem, moments=moments, people=people, descriptions=descriptions, world=world, **sets, **raw)


def load_all() -> list[Story]:
    return [load(path) for path in sorted(FOLDER.glob("*.toml"))]


def _moment(raw: dict[str, Any]) -> Moment:
    sets = {key: _choices(raw.pop(key, "")) for key in ("place", "time", "weather", "never")}
    people = raw.pop("people", None)
    dies = tuple(raw.pop("dies", ()))
    return Moment(people=None if people is None else tuple(people), dies=dies, **sets, **raw)


def _choices(text: str) -> frozenset[str]:
    return frozenset(filter(None, text.split("|")))
