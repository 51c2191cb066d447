"""Rows of an archive, one by one: of the types of their columns, belonging to each other, valid for their kinds."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Strict, TypeAdapter, ValidationError
from sqlalchemy import JSON, Boolean, Column, Float

from workbench import prompts
from workbench.archives import shapes
from workbench.archives.form import LONGEST_SENTENCE, LONGEST_TITLE, odd, refusal, too_long, wrong
from workbench.archives.numbers import Amounts
from workbench.archives.sentences import check_sentence
from workbench.archives.shapes import Hash
from workbench.artifacts import kinds
from workbench.artifacts.versions import hash_of, part_hashes
from workbench.db.reads.archives import Part
from workbench.db.schema import TERMINAL
from workbench.db.types import BigInteger, Integer
from workbench.errors import InvalidInput, NotFound, all_of
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.prompts import overrides

#: a job's kind and params → those params as its workflow reads them, what they leave open filled in; of a kind that
#: nobody here knows as they are. Raises InvalidInput
ReadParams = Callable[[str, JsonObject], JsonObject]


class _Input(BaseModel):
    """An input as `db.rows.story.Input` is stored."""

    model_config = ConfigDict(extra="forbid", strict=True)

    node_id: int
    kind: str
    part: str | None = None
    artifact_id: int
    version: int
    content_hash: Hash
    fields: list[str] | None = None
    fields_hash: Hash | None = None
    only_for: list[str] | None = None
    of_node: int | None = None
    used_hash: Hash | None = None
    seeded_by: Annotated[tuple[str, int, int], Strict(False)] | None = None


_inputs = TypeAdapter(list[_Input])
#: where a whole content is looked at; of a part, a view may name anything
_PLACE = re.compile(r"\d{1,4}(?:\.\d{1,4}){0,2}")
#: far more than a story has of episodes, scenes or characters
_LAST_POSITION = 10_000
#: node kind → the kind of node above it
PARENTS = {"project": None, "episode": "project", "scene": "episode", "character": "project", "world": "project"}
#: from which job another comes: its parent, also one that adopted it; what it repeats, takes over or reads again
_RELATIONS = ("parent_id", "replay_of", "reused_from", "answers_from")
SOURCES = ("import", "manual", "ai", "job", "restore")
#: what no two rows of a table share, where it is not their key
UNIQUE = {"model_call": ("call_id",)}
#: columns of what is shown in lists → how long it may be said
_SAID = {"title": LONGEST_TITLE, "message": LONGEST_SENTENCE, "error": LONGEST_SENTENCE}
#: the same as sentences that can be said in another language
_I18N = {"title_i18n": "title", "message_i18n": "message", "error_i18n": "error", "i18n": "message"}


class Checker:
    """Looks at rows in the order of their tables, and remembers what later ones may refer to."""

    def __init__(self, read_params: ReadParams) -> None:
        self._read_params = read_params
        self._amounts = Amounts()
        self.project: int | None = None
        self.title = ""
        #: node id → its kind
        self._nodes: dict[int, str] = {}
        #: where live episodes and scenes stand: the node above, kind, position
        self._places: set[tuple[int | None, str, int]] = set()
        #: job id → its kind
        self._jobs: dict[int, str] = {}
        #: what must not run in a circle: relation → job → those that it comes after
        self._after: dict[str, defaultdict[int, set[int]]] = {name: defaultdict(set) for name in _RELATIONS}
        #: nodes that results name
        self._named: set[int] = set()
        #: artifact id → node, kind, version
        self._artifacts: dict[int, tuple[int, str, int]] = {}
        self._versions: Counter[tuple[int, str]] = Counter()
        self._numbers: set[tuple[int, str, int]] = set()
        self._heads: set[tuple[int, str]] = set()
        #: name, language, version → row
        self._prompts: dict[tuple[str, str, int], JsonObject] = {}
        self._parents: list[tuple[int, str, int | None, int | None]] = []
        self._inputs: list[tuple[int, list[_Input]]] = []
        #: table → the keys of the rows so far
        self._keys: defaultdict[str, set[tuple[Any, ...]]] = defaultdict(set)

    def check(self, part: Part, row: JsonObject) -> None:
        """Raises InvalidInput with the reason."""
        _check_types(part, row)
        self._check_key(part, row)
        look = {
            "node": self._check_node, "job": self._check_job, "job_child": self._check_job_child,
            "prompt_override": self._check_prompt_override, "artifact": self._check_artifact,
            "artifact_head": self._check_artifact_head, "artifact_prompt": self._check_artifact_prompt,
            "layout": self._check_layout, "forecast": self._check_forecast,
        }.get(part.name)  # fmt: skip
        if look is not None:
            look(row)
        elif "job_id" in part.table.c:
            self._refer(part.name, row["job_id"], self._jobs, optional=part.name == "model_call")
            if row.get("project_id", self.project) != self.project:
                raise odd(part.name)
            self._check_work(part.name, row)
        self._amounts.check(part, row)

    def _check_work(self, table: str, row: JsonObject) -> None:
        """What calls, steps and the time line tell."""
        if table == "model_call":
            shapes.check_call(row)
        elif table == "step":
            shapes.check_output(self._jobs[row["job_id"]], row["output"])
        elif table == "job_event":
            shapes.check_event(row["i18n"])

    def _check_key(self, part: Part, row: JsonObject) -> None:
        """The database would refuse a row that is there twice, but only once the media are kept."""
        names = UNIQUE.get(part.name) or [column.name for column in part.table.primary_key.columns]
        key = tuple(row[name] for name in names)
        if key in self._keys[part.name]:
            raise odd(part.name)
        self._keys[part.name].add(key)

    def check_whole(self) -> None:
        """What can be said once every row was seen. Raises InvalidInput."""
        if self.project is None:
            raise refusal(N_("there is no project in it"))
        for node_id, kind, parent, project in self._parents:
            above = self._nodes.get(parent or -1) == PARENTS[kind]
            if not above or project != self.project or (parent is None and node_id != self.project):
                raise odd("node")
        for node_id, inputs in self._inputs:
            for made_from in inputs:
                used = (made_from.node_id, made_from.kind, made_from.version)
                if self._artifacts.get(made_from.artifact_id) != used or not _can_be_read(made_from):
                    raise refusal(N_("a version of node {node} was made from one that is not there"), node=node_id)
                if made_from.of_node is not None and made_from.of_node not in self._nodes:
                    raise odd("artifact")
        if not self._named <= self._nodes.keys() or any(map(_is_circular, self._after.values())):
            raise odd("job")
        self._check_prompts()
        if set(self._versions) != self._heads:
            raise refusal(N_("it does not say which version of each artifact counts"))
        if any(number > self._versions[node_id, kind] for node_id, kind, number in self._numbers):
            # no version is ever deleted
            raise refusal(N_("versions are missing between others"))

    def _check_node(self, row: JsonObject) -> None:
        if row["kind"] not in PARENTS or row["id"] in self._nodes:
            raise odd("node")
        if row["kind"] == "project":
            if self.project is not None:
                raise refusal(N_("there is more than one project in it"))
            self.project, self.title = row["id"], row["title"]
        self._check_place(row)
        self._nodes[row["id"]] = row["kind"]
        self._parents.append((row["id"], row["kind"], row["parent_id"], row["project_id"]))

    def _check_place(self, row: JsonObject) -> None:
        if not row["title"].strip():
            raise refusal(N_("a node of it has no title"))
        first = 0 if row["kind"] == "project" else 1
        if not first <= row["position"] <= _LAST_POSITION:
            raise refusal(N_("“{title}” stands at position {position}"), title=row["title"][:60],
                          position=row["position"])  # fmt: skip
        # an element that comes back may share its place with one that was put there meanwhile
        if row["kind"] in ("episode", "scene") and row["archived_at"] is None:
            place = (row["parent_id"], row["kind"], row["position"])
            if place in self._places:
                raise refusal(N_("“{title}” stands where another stands"), title=row["title"][:60])
            self._places.add(place)

    def _check_job(self, row: JsonObject) -> None:
        if row["state"] not in TERMINAL or row["id"] in self._jobs or row["finished_at"] is None:
            raise odd("job")
        self._refer("job", row["project_id"], (self.project,))
        self._refer("job", row["node_id"], self._nodes, optional=True)
        self._jobs[row["id"]] = row["kind"]
        if not isinstance(row["params"], dict):
            raise wrong("job", "params")
        try:
            self._read_params(row["kind"], row["params"])
        except InvalidInput as error:
            raise refusal(N_("job {id} was asked for what is not valid: {problem}"), id=row["id"],
                          problem=error.text) from None  # fmt: skip
        self._named |= shapes.check_result(row["kind"], row["result"])
        for relation in _RELATIONS:
            if row[relation] is not None:
                self._after[relation][row["id"]].add(row[relation])

    def _check_job_child(self, row: JsonObject) -> None:
        self._refer("job_child", row["parent_id"], self._jobs)
        self._refer("job_child", row["child_id"], self._jobs)
        self._after["parent_id"][row["child_id"]].add(row["parent_id"])

    def _check_forecast(self, row: JsonObject) -> None:
        self._refer("forecast", row["job_id"], self._jobs)
        shapes.check_cost(row["cost"])
        self._amounts.check_money("forecast", "cost", row["cost"])

    def _check_artifact(self, row: JsonObject) -> None:
        self._refer("artifact", row["node_id"], self._nodes)
        # a job of a tidied history may be gone
        self._refer("artifact", row["job_id"], self._jobs, optional=True)
        key = (row["node_id"], row["kind"])
        try:
            kind = kinds.find(row["kind"])
        except NotFound:
            raise refusal(
                N_(
                    "it has artifacts of the kind {kind}, which nobody here knows. Install the package that makes them."
                ),
                kind=row["kind"],
            ) from None
        number = (*key, row["version"])
        faults = (
            kind.node_kind != self._nodes[row["node_id"]], row["id"] in self._artifacts, number in self._numbers,
            row["version"] < 1, row["source"] not in SOURCES,
        )  # fmt: skip
        if any(faults):
            raise odd("artifact")
        where = Text(N_("{kind} v{version}"), kind=kind.title, version=row["version"])
        if hash_of(row["content"]) != row["content_hash"]:
            raise refusal(N_("{where} is not what was exported"), where=where)
        try:
            kinds.validate(kind, row["content"])
        except InvalidInput as error:
            raise refusal(N_("{where} is not valid: {problem}"), where=where, problem=error.text) from None
        for warning in _list_of(row["warnings"] or []):
            if not isinstance(warning, str):
                check_sentence("artifact", "warnings", warning)
        try:
            inputs = _inputs.validate_python(row["inputs"])
        except ValidationError:
            raise odd("artifact") from None
        self._artifacts[row["id"]] = number
        self._versions[key] += 1
        self._numbers.add(number)
        self._inputs.append((row["node_id"], inputs))

    def _check_artifact_head(self, row: JsonObject) -> None:
        key = (row["node_id"], row["kind"])
        if self._artifacts.get(row["artifact_id"], ())[:2] != key or key in self._heads:
            raise odd("artifact_head")
        self._heads.add(key)

    def _check_prompt_override(self, row: JsonObject) -> None:
        key = (row["name"], row["language"], row["version"])
        texts = (row["system_text"], row["user_text"], row["fingerprint"])
        is_reset = [text is None for text in texts]
        if row["project_id"] != self.project or key in self._prompts or any(is_reset) is not all(is_reset):
            raise odd("prompt_override")
        self._prompts[key] = row

    def _check_prompts(self) -> None:
        """The words that will count fit the code that fills them in; those of another release are let be."""
        newest = {key[:2]: row for key, row in sorted(self._prompts.items())}
        count = Counter(key[:2] for key in self._prompts)
        if any(not 1 <= version <= count[name, language] for name, language, version in self._prompts):
            # no version is ever deleted
            raise refusal(N_("versions are missing between others"))
        for (name, language), row in newest.items():
            if row["fingerprint"] is None:
                continue
            try:
                shipped = prompts.find(name, language)
            except NotFound:
                continue
            file = overrides.write_anew(shipped, row["system_text"], row["user_text"])
            issues = overrides.check_words(file)
            if issues:
                raise refusal(N_("its prompt {name} does not fit: {problem}"), name=name, problem=all_of(issues))
            if file.version != row["fingerprint"]:
                raise odd("prompt_override")

    def _check_artifact_prompt(self, row: JsonObject) -> None:
        self._refer("artifact_prompt", row["artifact_id"], self._artifacts)

    def _check_layout(self, row: JsonObject) -> None:
        self._refer("layout", row["artifact_id"], self._artifacts)
        if not isinstance(row["nodes"], list):
            raise odd("layout")
        for node_id in row["nodes"]:
            # an entry of a script may be of no scene
            if node_id is not None:
                self._refer("layout", node_id if isinstance(node_id, int) else None, self._nodes)

    def _refer(self, table: str, value: Any, known: Any, *, optional: bool = False) -> None:
        if value not in known and not (optional and value is None):
            raise odd(table)


def _can_be_read(made_from: _Input) -> bool:
    """Whether the fields that an input names can be looked up in any content of its kind."""
    views = kinds.find(made_from.kind).views
    named = [field.partition("@") for field in made_from.fields or () if "@" in field]
    return all(name in views and (made_from.part or _PLACE.fullmatch(place)) for name, _, place in named)


def _is_circular(after: dict[int, set[int]]) -> bool:
    try:
        TopologicalSorter(after).prepare()
    except CycleError:
        return True
    return False


def fill(part: Part, row: JsonObject, read_params: ReadParams) -> None:
    """What a row of an older archive leaves open, and what follows from its content."""
    for column in part.columns:
        row.setdefault(column.name, _default(column))
    if part.name == "artifact":
        row["part_hashes"] = part_hashes(kinds.find(row["kind"]), row["content"])
    if part.name == "job":
        row["params"] = read_params(row["kind"], row["params"])


def _check_types(part: Part, row: JsonObject) -> None:
    """Every column is there, or may be missing, and holds what it can; nothing else is."""
    columns = {c.name: c for c in part.columns}
    foreign = sorted(set(row) - set(columns))
    if foreign:
        raise refusal(N_("its rows of {table} have {column}, which does not belong there"), table=part.name,
                      column=foreign[0][:60])  # fmt: skip
    for name, column in columns.items():
        row.setdefault(name, _default(column))
        if not _fits(column, row[name]):
            raise wrong(part.name, name)
        if name in _SAID and len(row[name] or "") > _SAID[name]:
            raise too_long(part.name, name)
        if name in _I18N and row[name] is not None:
            check_sentence(part.name, name, row[name], _SAID[_I18N[name]])
    shapes.check_words(part.name, row)


def _default(column: Column[Any]) -> Any:
    return getattr(column.default, "arg", None)


def _fits(column: Column[Any], value: Any) -> bool:
    kind = column.type
    if value is None:
        return bool(column.nullable)
    if isinstance(kind, Boolean):
        return isinstance(value, bool)
    if isinstance(kind, Integer | BigInteger):
        bits = 31 if isinstance(kind, Integer) else 63
        return isinstance(value, int) and not isinstance(value, bool) and -(1 << bits) <= value < 1 << bits
    if isinstance(kind, Float):
        return isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(kind, JSON):
        return True
    return isinstance(value, str) and len(value) <= (getattr(kind, "length", None) or len(value))


def _list_of(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise odd("artifact")
    return value
