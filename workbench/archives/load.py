"""Rows of a project written into a database under new ids, each reference with them. Callers own the transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from sqlalchemy import Connection

from workbench.artifacts.versions import hash_of
from workbench.db.reads import archives as reads
from workbench.db.reads import budgets
from workbench.db.reads.archives import CHUNK, PARTS, Part
from workbench.db.schema import job, node
from workbench.db.writes import archives as writes
from workbench.db.writes import failures
from workbench.json_types import Json, JsonObject

Rows = Callable[[Part], Iterable[JsonObject]]
_PART = {part.name: part for part in PARTS}
#: of JSON values: the names under which ids stand, alone or in a list
_NODES = frozenset(("node_id", "episode_id", "scene_id", "project_id", "character_id", "episode_ids", "scene_ids"))
_JOBS = frozenset(("job_id", "child_id", "parent_id"))
#: pairs of a workflow and a node
_PAIRS = frozenset(("jobs", "rewrite"))
_RELATIONS = ("parent_id", "replay_of", "reused_from", "answers_from")
_JOB_COLUMNS = frozenset((*_RELATIONS, "job_id", "child_id"))


class Loader:
    """Writes one project. `rows`: the rows of each table; `with_jobs` False: a copy in the same home, whose versions go
    on naming the jobs that made the original's."""

    def __init__(self, conn: Connection, rows: Rows, *, with_jobs: bool = True) -> None:
        self._conn = conn
        self._rows = rows
        self._with_jobs = with_jobs
        self._nodes = self._reserve("node")
        self._jobs = self._reserve("job") if with_jobs else {}
        self._artifacts = self._reserve("artifact")
        self._overrides = self._reserve("prompt_override")

    def load(self) -> int:
        """Write every row; the new project's id."""
        project_id = self._add_nodes()
        if self._with_jobs:
            self._add_jobs()
            failures.fill(self._conn, [*self._jobs.values()])
        for name in ("prompt_override", "artifact", "artifact_head", "artifact_prompt", "layout"):
            self._add(name, self._of_story)
        return project_id

    def _reserve(self, name: str) -> dict[int, int]:
        """Old id → new id, in the same order."""
        old = sorted(row["id"] for row in self._rows(_PART[name]))
        return dict(zip(old, writes.reserve_ids(self._conn, _PART[name].table, len(old)), strict=True))

    def _add_nodes(self) -> int:
        """Parents before those below them."""
        rows = [self._of_story(row) for row in self._rows(_PART["node"])]
        [project_id] = [row["id"] for row in rows if row["parent_id"] is None]
        level = [row for row in rows if row["parent_id"] is None]
        while level:
            writes.add_rows(self._conn, node, level)
            above = {row["id"] for row in level}
            level = [row for row in rows if row["parent_id"] in above]
        return int(project_id)

    def _add_jobs(self) -> None:
        for chunk in self._chunks("job"):
            writes.add_rows(self._conn, job, [self._of_job(row) | dict.fromkeys(_RELATIONS) for row in chunk])
        for chunk in self._chunks("job"):
            # a parent may be younger than the child that it has adopted
            related = [row for row in map(self._of_job, chunk) if any(row[c] for c in _RELATIONS)]
            writes.set_columns(self._conn, job, [{c: row[c] for c in ("id", *_RELATIONS)} for row in related])
        for name in ("job_child", "attempt", "step", "job_event"):
            self._add(name, self._of_job)
        self._add_forecasts()
        now = budgets.now(self._conn)
        for chunk in self._chunks("model_call"):
            # what was paid once counts once: this home may be the one that the archive comes from
            known = reads.find_known_calls(self._conn, [row["call_id"] for row in chunk])
            new = [self._of_job(row) for row in chunk if row["call_id"] not in known]
            writes.add_rows(self._conn, _PART["model_call"].table, [row | {"imported_at": now} for row in new])

    def _add_forecasts(self) -> None:
        """Each once, like a call: how good forecasts are is not told by who reads an archive in again."""
        plans = {row["job_id"] for row in self._rows(_PART["forecast"])}
        if not plans:
            return
        made = {row["id"]: (row["created_at"], row["kind"]) for row in self._rows(_PART["job"]) if row["id"] in plans}
        known = reads.find_known_forecasts(self._conn, {created_at for created_at, _ in made.values()})
        for chunk in self._chunks("forecast"):
            new = [r for r in chunk if reads.ForecastKey(*made[r["job_id"]], r["workflow"], r["ms"]) not in known]
            writes.add_rows(self._conn, _PART["forecast"].table, [self._of_job(row) for row in new])

    def _add(self, name: str, change: Callable[[JsonObject], JsonObject]) -> None:
        for chunk in self._chunks(name):
            writes.add_rows(self._conn, _PART[name].table, [change(row) for row in chunk])

    def _of_job(self, row: JsonObject) -> JsonObject:
        """A row of a job's history with today's ids."""
        given = dict(row)
        for name in _JOB_COLUMNS & given.keys():
            given[name] = self._jobs.get(given[name] or -1)
        for name in ("node_id", "project_id"):
            if name in given:
                given[name] = self._nodes.get(given[name] or -1)
        if "params" in given:
            given["id"] = self._jobs[row["id"]]
            given["params"] = self._move(given["params"])
            given["params_hash"] = hash_of([given["params"], None])
            given["result"] = self._move(given["result"])
        else:
            given.pop("id", None)
        if "output" in given:
            given["output"] = self._move(given["output"])
        if "claim" in given and "outcome" in given and "call_id" not in given:
            given["worker"] = ""
        return given

    def _of_story(self, row: JsonObject) -> JsonObject:
        """A row of the tree or of an artifact with today's ids."""
        given = dict(row)
        for name in ("node_id", "parent_id", "project_id", "of_node"):
            if given.get(name) is not None:
                given[name] = self._nodes[given[name]]
        if "id" in given:
            own = self._artifacts if "content_hash" in given else self._overrides if "fingerprint" in given else None
            given["id"] = (self._nodes if own is None else own)[row["id"]]
        if "artifact_id" in given:
            given["artifact_id"] = self._artifacts[row["artifact_id"]]
        if self._with_jobs and given.get("job_id") is not None:
            given["job_id"] = self._jobs[given["job_id"]]
        if "inputs" in given:
            given["inputs"] = [self._of_story(made_from) for made_from in given["inputs"]]
        if "nodes" in given:
            given["nodes"] = [None if node_id is None else self._nodes[node_id] for node_id in given["nodes"]]
        if given.get("override_id") is not None:
            # one for all projects stays at home
            elsewhere = None if self._with_jobs else given["override_id"]
            given["override_id"] = self._overrides.get(given["override_id"], elsewhere)
        return given

    def _move(self, value: Json) -> Json:
        """A JSON value of a job with today's ids in it."""
        if isinstance(value, list):
            return [self._move(item) for item in value]
        if isinstance(value, dict):
            return {name: self._move_field(name, item) for name, item in value.items()}
        return value

    def _move_field(self, name: str, value: Json) -> Json:
        if name in _PAIRS and isinstance(value, list):
            return [[item[0], _new(item[1], self._nodes)] if _is_pair(item) else self._move(item) for item in value]
        if name in _NODES:
            return _new(value, self._nodes)
        if name in _JOBS:
            return _new(value, self._jobs)
        return _new(value, self._artifacts) if name == "artifact_id" else self._move(value)

    def _chunks(self, name: str) -> Iterator[list[JsonObject]]:
        rows = iter(self._rows(_PART[name]))
        while chunk := list(islice(rows, CHUNK)):
            yield chunk


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], int)


def _new(value: Json, ids: Mapping[int, int]) -> Json:
    if isinstance(value, list):
        return [_new(item, ids) for item in value]
    return ids.get(value) if isinstance(value, int) and not isinstance(value, bool) else value
