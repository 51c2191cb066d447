"""The set of a place, furnished by the kind of place it is."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from workbench.sketch.drawing import country, halls, homes, town
from workbench.sketch.drawing.setting import Setting
from workbench.sketch.drawing.stage import Stage

#: by kind of place
ROOMS: dict[str, Callable[[Stage, Setting], None]] = {
    "study": homes.study, "bedroom": homes.bedroom, "kitchen": homes.kitchen, "home": homes.home, "shop": homes.shop,
    "tavern": homes.tavern, "temple": halls.temple, "school": halls.school, "hospital": halls.hospital,
    "office": halls.office, "lab": halls.lab, "ship": halls.ship, "station": halls.station, "palace": halls.palace,
    "prison": halls.prison, "cave": halls.cave, "stage": halls.theatre, "inside": homes.any_room,
}  # fmt: skip
LANDS: dict[str, Callable[[Stage, Setting], None]] = {
    "courtyard": town.courtyard, "village": town.village, "market": town.market, "street": town.street,
    "mountain": country.mountain, "river": country.river, "sea": country.sea, "forest": country.forest,
    "field": country.field, "desert": country.desert, "road": country.road, "gate": town.gateway,
    "bridge": town.bridge, "roof": town.rooftop, "outside": country.any_land,
}  # fmt: skip


def furnish(where: Setting) -> Stage:
    """The set of this place; the same place is always furnished in the same way."""
    stage = Stage(Random(f"set/{where.number}"), where.inside)
    if where.inside:
        ROOMS.get(where.kind, ROOMS["inside"])(stage, where)
    else:
        LANDS.get(where.kind, LANDS["outside"])(stage, where)
    return stage
