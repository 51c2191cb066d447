"""Inputs of an artifact whose parts are made at different times: each part keeps those that it was made from.

A part may be made from another part of the same artifact: a storyboard's third group goes on from the end of the
second.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from workbench.artifacts.declared import Kind
from workbench.artifacts.staleness import Sources, refresh_inputs
from workbench.artifacts.versions import hash_of, part_hashes, pick
from workbench.db.rows.story import ArtifactVersion, Input, LoadedHead
from workbench.json_types import Json, JsonObject

#: stands for the id of the version that is being saved, which it has only once it is
OWN = 0


def restrict(inputs: Iterable[Input], parts: Collection[str]) -> list[Input]:
    """What was used for these parts; what was used for all counts for each of them."""
    restricted: list[Input] = []
    for made_from in inputs:
        used_for = made_from.get("only_for")
        still = sorted(parts if used_for is None else set(used_for) & set(parts))
        if still:
            restricted.append({**made_from, "only_for": still})
    return restricted


def own_input(
    node_id: int, kind: Kind, part: str, content: Json, only_for: Iterable[str], fields: Sequence[str] | None = None
) -> Input:
    """A part of what is being saved, or these fields of it, as other parts use it."""
    made_from: Input = {
        "node_id": node_id,
        "kind": kind.name,
        "part": part,
        "artifact_id": OWN,
        "version": OWN,
        "content_hash": hash_of(content),
        "only_for": sorted(only_for),
    }
    if fields is not None:
        made_from |= {"fields": [*fields], "fields_hash": hash_of(pick(content, fields, kind))}
    return made_from


def name_own(inputs: Iterable[Input], artifact_id: int, version: int) -> list[Input]:
    """The same, once the version has its id and number."""
    return [{**i, "artifact_id": artifact_id, "version": version} if i["artifact_id"] == OWN else i for i in inputs]


def has_own(inputs: Iterable[Input]) -> bool:
    return any(i["artifact_id"] == OWN for i in inputs)


def inputs_of_edit(head: ArtifactVersion, kind: Kind, content: JsonObject, sources: Sources) -> list[Input]:
    """What a person's edit of the head is made from: they have seen today's inputs. Where it is known which parts an
    input was used for, the parts that the edit leaves stay as old as they were."""
    if not any(i.get("only_for") for i in head.inputs):
        return refresh_inputs(head.inputs, sources)
    was, now = part_hashes(kind, head.content) or {}, part_hashes(kind, content) or {}
    names = _find_renamed(was, now)
    was = {names.get(part, part): found for part, found in was.items()}
    place = (head.node_id, head.kind)
    made_from = [_rename(one, names, place) for one in head.inputs]
    edited = {part for part in now if now[part] != was.get(part)}
    # of the artifact itself, what is saved now is what was seen
    seen = LoadedHead(head.id, *place, head.version, head.content_hash, now, head.inputs, content)
    fresh = refresh_inputs(restrict(made_from, edited), sources.replace({place: seen}))
    own: list[Input] = [{**i, "artifact_id": OWN} if (i["node_id"], i["kind"]) == place else i for i in fresh]
    return [*restrict(made_from, now.keys() - edited), *own]


def _find_renamed(was: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """Parts by another name that stand for those that are gone, such as a look of a sheet: what says the same, or the
    only one of each. Old name → new name."""
    gone, new = [part for part in was if part not in now], [part for part in now if part not in was]
    if len(gone) == len(new) == 1:
        return {gone[0]: new[0]}
    renamed: dict[str, str] = {}
    for part in new:
        same = next((old for old in gone if old not in renamed and was[old] == now[part]), None)
        if same is not None:
            renamed[same] = part
    return renamed


def _rename(made_from: Input, names: Mapping[str, str], place: tuple[int, str]) -> Input:
    """With the parts of what is made, which stands at `place`, by their new names."""
    used_for, part = made_from.get("only_for"), made_from.get("part")
    if used_for is None or not names:
        return made_from
    renamed: Input = {**made_from, "only_for": sorted(names.get(used, used) for used in used_for)}
    if part is not None and (made_from["node_id"], made_from["kind"]) == place:
        renamed["part"] = names.get(part, part)
    return renamed
