"""The colour of each character, the same wherever they speak or are drawn as a point."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from workbench.story.names import identify
from workbench.ui import live
from workbench.ui.charts import Palette


def assign_colours(names: Iterable[str], cast: Iterable[Mapping[str, object]], colours: Palette) -> dict[str, str]:
    """Name → colour. The library's people keep theirs, in its order and under every alias; others follow."""
    by_name: dict[str, str] = {}
    free = 0
    for content in cast:
        own, aliases = str(content["name"]), content.get("aliases")
        for name in (own, *(map(str, aliases) if isinstance(aliases, list) else ())):
            by_name.setdefault(identify(name), _colour(free, colours))
        free += 1
    assigned = {}
    for name in names:
        if identify(name) not in by_name:
            by_name[identify(name)] = _colour(free, colours)
            free += 1
        assigned[name] = by_name[identify(name)]
    return assigned


def colours_of(names: Iterable[str], node_id: int | None, colours: Palette) -> dict[str, str]:
    """The same for the story that a node is in."""
    cast: list[Mapping[str, object]] = []
    if node_id is not None:
        wb = live.workbench()
        project = live.query(wb.projects.get_node, node_id).project_id
        cast = [row.content for row in live.query(wb.projects.list_contents, project, "character")]
    return assign_colours(names, cast, colours)


def _colour(place: int, colours: Palette) -> str:
    return colours.series[place % len(colours.series)]
