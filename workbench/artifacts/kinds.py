"""Every artifact kind by its name."""

from __future__ import annotations

import functools
import logging
from importlib.metadata import entry_points
from typing import Any

from pydantic import ValidationError

from workbench.artifacts.declared import Kind
from workbench.errors import InvalidInput, NotFound, all_of
from workbench.i18n import Text
from workbench.json_types import JsonObject
from workbench.validation import issues_of

log = logging.getLogger(__name__)

#: installed packages add kinds under this entry point group: name = "module:KIND"
ENTRY_POINTS = "reelwright.kinds"


@functools.cache
def all_kinds() -> dict[str, Kind]:
    # their models are slow to build: who lists jobs needs none
    from workbench.artifacts import drama, models, panels, scene_script, sheets, storyboard

    modules = (models, drama, scene_script, storyboard, panels, sheets)
    own = {kind.name: kind for module in modules for kind in module.KINDS}
    return {**_kinds_of_packages(), **own}


def _kinds_of_packages() -> dict[str, Kind]:
    """Those of other packages; what is wrong with one stops no other."""
    found = {}
    for point in entry_points(group=ENTRY_POINTS):
        try:
            kind = point.load()
        except Exception as error:
            log.warning("the artifact kind %s cannot be loaded: %s: %s", point.value, type(error).__name__, error)
            continue
        if isinstance(kind, Kind):
            found[kind.name] = kind
        else:
            log.warning("%s is no artifact kind", point.value)
    return found


def find(name: str) -> Kind:
    """Raises NotFound."""
    try:
        return all_kinds()[name]
    except KeyError:
        known = ", ".join(sorted(all_kinds()))
        raise NotFound(Text("There is no artifact kind {name}. Known: {known}.", name=name, known=known)) from None


def validate(kind: Kind, content: Any) -> JsonObject:
    """Content checked against the kind's model and normalised to JSON types; raises InvalidInput naming each field."""
    try:
        return kind.model.model_validate(content).model_dump(mode="json")
    except ValidationError as error:
        issues = issues_of(error)
        raise InvalidInput(Text("{kind}: {issues}", kind=kind.name, issues=all_of(issues)), issues) from None
