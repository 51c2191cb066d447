"""Every artifact kind by its name."""

from __future__ import annotations

import functools
import logging
from importlib.metadata import EntryPoint, entry_points
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from workbench.artifacts.declared import Kind, NodeKind
from workbench.errors import InvalidInput, NotFound, all_of
from workbench.i18n import Text
from workbench.json_types import JsonObject
from workbench.validation import issues_of

log = logging.getLogger(__name__)

#: installed packages add kinds under this entry point group: name = "module:KIND"
ENTRY_POINTS = "reelwright.kinds"
NODE_KINDS: tuple[str, ...] = get_args(NodeKind)


@functools.cache
def all_kinds() -> dict[str, Kind]:
    # their models are slow to build: who lists jobs needs none
    from workbench.artifacts import drama, models, panels, scene_script, sheets, storyboard

    modules = (models, drama, scene_script, storyboard, panels, sheets)
    own = {kind.name: kind for module in modules for kind in module.KINDS}
    for point in entry_points(group=ENTRY_POINTS):
        kind = _load_kind(point)
        if kind is not None and own.setdefault(kind.name, kind) is not kind:
            log.warning("the artifact kind %s is left out: there is one named %s; rename it", point.value, kind.name)
    return own


def _load_kind(point: EntryPoint) -> Kind | None:
    """One of another package; what is wrong with it stops no other."""
    try:
        kind = point.load()
    except (Exception, SystemExit) as error:
        log.warning("the artifact kind %s cannot be loaded: %s: %s", point.value, type(error).__name__, error)
        return None
    if not isinstance(kind, Kind):
        log.warning("%s is no artifact kind", point.value)
        return None
    if kind.node_kind not in NODE_KINDS or not isinstance(kind.model, type) or not issubclass(kind.model, BaseModel):
        known = ", ".join(NODE_KINDS)
        log.warning("the artifact kind %s is left out: its node is one of %s, its model pydantic's", point.value, known)
        return None
    return kind


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
