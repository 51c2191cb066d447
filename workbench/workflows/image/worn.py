"""Which reference sheets a picture goes by: the looks of its people and of its place, at its place in the story."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from workbench import sketch
from workbench.artifacts.storyboard import Reference
from workbench.json_types import JsonObject
from workbench.story.appearance import keep_what_stays, tell_look
from workbench.story.names import contains, names_of, without_article
from workbench.workflows import staging

if TYPE_CHECKING:
    from workbench.jobs.context import Context
    from workbench.story.facts import NodeView


@dataclass(frozen=True)
class Worn:
    """Looks in the order in which they matter: people first, as the picture names them, then the place."""

    people: tuple[JsonObject, ...] = ()
    places: tuple[JsonObject, ...] = ()

    def references(self, most: int) -> list[Reference]:
        """Their pictures, as far as there are some and a service takes them."""
        drawn = [look for look in (*self.people, *self.places) if look["chosen"]]
        return [Reference(media=d["chosen"], name=d["name"][:120], look=d["look"]) for d in drawn][:most]

    def words(self) -> dict[str, str]:
        """What the people's looks tell in words, by name."""
        return {look["name"]: look["words"] for look in self.people if look["words"]}

    def says_otherwise(self) -> bool:
        """Whether somebody looks otherwise here than the library tells."""
        return any(look["words"] or _is_told_by_picture(look) for look in self.people)

    def tell(self, name: str, description: str, language: str, most: int | None = None) -> str:
        """How somebody looks here: what still holds of their description (`most` characters), and the look that goes
        before it."""
        look = next((look for look in self.people if look["name"] == name), None)
        if look is None or not (look["words"] or _is_told_by_picture(look)):
            return description[:most]
        stays = keep_what_stays(description, look["words"] or None)[:most]
        return tell_look(stays, str(look["words"]), language)

    def describe(self, names: Sequence[str], looks: Mapping[str, str], language: str) -> str:
        """How those in a picture look here, as its prompt tells it (see staging.describe_looks). `looks`: by name, what
        the library tells."""
        told = [(name, self.tell(name, looks.get(name, ""), language, most=200)) for name in names]
        return "; ".join(f"{name}: {text or name}" for name, text in told)

    def lines(self) -> list[str]:
        """What all of them tell in words, a line each."""
        return [f"{look['name']}: {look['words']}" for look in (*self.people, *self.places) if look["words"]]

    def words_of_places(self) -> str:
        return "; ".join(look["words"] for look in self.places if look["words"])

    def draw_from(self, ctx: Context) -> JsonObject:
        """The same for the sketch: `sheets`, what it draws its people from by name, and `place`, its set's colours."""
        place = next((look["chosen"] for look in self.places if look["chosen"]), None)
        people = self._people_drawn_from(ctx)
        return {
            **({"sheets": people} if people else {}),
            **({"place": asdict(sketch.read_place(ctx.picture(place)))} if place else {}),
        }

    def _people_drawn_from(self, ctx: Context) -> JsonObject:
        drawn: JsonObject = {}
        for look in self.people:
            words = f"{look['look']}; {look['words']}"
            seen = sketch.read_sheet(ctx.picture(look["chosen"]), words) if look["chosen"] else None
            colours: dict[str, Any] = {} if seen is None else {"coat": seen.coat, "under": seen.under}
            drawn[look["name"]] = {"words": words, **colours}
        return drawn


def _is_told_by_picture(look: JsonObject) -> bool:
    """Another look than the usual one, with a picture and no words."""
    return bool(look["chosen"]) and not look["words"] and not look["usual"]


def find_worn(node: NodeView, names: Sequence[str], shot: int, only_for: str | None = None) -> Worn:
    """What those of these names, and the scene's place, look like in this shot. Empty where nobody has a sheet."""
    worn = find_worn_by_people(node, names, shot, only_for)
    return Worn(worn.people, tuple(node.sheets("place_sheet", _places_of(node), shot, only_for=only_for)))


def find_worn_by_people(node: NodeView, names: Sequence[str], shot: int, only_for: str | None = None) -> Worn:
    """The same of people alone."""
    return Worn(tuple(node.sheets("character_sheet", names, shot, only_for=only_for)))


def _places_of(node: NodeView) -> list[str]:
    """The world elements that the scene's place means, as it calls them; a look that makes nothing stale."""
    seen = node.at(node.id)
    anchor = seen.artifact("scene_anchor", fields=("location.name", "location.details")) or {}
    named = (staging.outline(seen).get("location"), *(anchor.get("location") or {}).values())
    told = " ".join(str(name) for name in named if name)
    library = seen.project.world(("name", "aliases"), most=None)
    return [name for element in library for name in names_of(element) if contains(told, without_article(name))]
