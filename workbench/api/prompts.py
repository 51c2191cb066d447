"""`wb.prompts`: every prompt with its variables, in the shipped words or in somebody's own."""

from __future__ import annotations

import builtins
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from workbench import prompts
from workbench.api.projects import find_node
from workbench.arguments import check_arguments
from workbench.db.connection import Database
from workbench.db.reads import prompts as reads
from workbench.db.rows.prompts import Override
from workbench.db.rows.record import Record
from workbench.errors import Issue
from workbench.jobs.conversation import contract_sentence
from workbench.json_types import JsonObject
from workbench.prompts import overrides
from workbench.prompts.checking import check, find_required, list_unused
from workbench.story import prompt_changes

if TYPE_CHECKING:
    from workbench.workflows.registry import Registry


@dataclass(frozen=True, slots=True)
class PromptEntry(Record):
    """A prompt in a list of prompts, as it counts for a project, or for all.

    `workflow`: the workflow that asks with it; None for the one that is added to others. `variant`: which of its
    prompts. `state`: shipped, all or project: whose words count. `fits`: they can be filled in by today's code.
    """

    name: str
    language: str
    workflow: str | None
    variant: str | None
    state: str
    #: the version number of the override that counts; None for the shipped one
    override_version: int | None
    fingerprint: str
    fits: bool


@dataclass(frozen=True, slots=True)
class PromptText(Record):
    """A prompt with its words: those that count, those that are shipped, and what both are filled in with."""

    name: str
    language: str
    workflow: str | None
    variant: str | None
    variables: builtins.list[str]
    #: those that other words have to print, too
    required: builtins.list[str]
    shipped: dict[str, str]
    shipped_fingerprint: str
    #: whose words count: shipped, all or project
    state: str
    counting: dict[str, str]
    fingerprint: str
    #: newest version number for the asked project (or for all), 0 when there is none: what a save is based on
    newest_version: int


@dataclass(frozen=True, slots=True)
class ContractField(Record):
    """A field of an answer: `kind` in words, such as “list, 1–100 items”."""

    name: str
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Contract(Record):
    """What code adds to every call with a prompt."""

    sentence: str
    schema: JsonObject
    fields: builtins.list[ContractField]


@check_arguments
class Prompts:
    """Finds prompts and writes them anew. `project_id` None: for all projects."""

    def __init__(self, database: Database, registry: Registry) -> None:
        self._database = database
        self._registry = registry

    def list(self, project_id: int | None = None) -> builtins.list[PromptEntry]:
        """Every prompt, by workflow in the order of a story's making, then by variant and language."""
        with self._database.read() as conn:
            _check_project(conn, project_id)
            counting = prompt_changes.list_counting(conn, project_id)
        owners = self._owners()
        entries = [self._entry(file, owners, counting.get((file.name, file.language))) for file in prompts.all_files()]
        places = {name: place for place, name in enumerate(self._registry.all())}
        return sorted(
            entries, key=lambda e: (places.get(e.workflow or "", len(places)), e.name, e.variant or "", e.language)
        )

    def get(self, name: str, language: str, project_id: int | None = None) -> PromptText:
        """Raises NotFound."""
        shipped = self._find(name, language)
        with self._database.read() as conn:
            _check_project(conn, project_id)
            override = overrides.find_counting(conn, project_id, name, language)
            newest = reads.find_newest(conn, name, language, project_id)
        counting = shipped if override is None else overrides.in_words_of(shipped, override)
        workflow, variant = self._owners().get(name, (None, None))
        return PromptText(
            name=name,
            language=language,
            workflow=workflow,
            variant=variant,
            variables=sorted(shipped.variables),
            required=sorted(find_required(shipped)),
            shipped=overrides.tidy_sections(shipped.sections),
            shipped_fingerprint=shipped.version,
            state=_state_of(override),
            counting=overrides.tidy_sections(counting.sections),
            fingerprint=counting.version,
            newest_version=newest.version if newest is not None else 0,
        )

    def check(self, name: str, language: str, system: str, user: str) -> builtins.list[Issue]:
        """What is wrong with a prompt in these words; `path` is system or user. Raises NotFound."""
        file = overrides.write_anew(self._find(name, language), system, user)
        with self._database.read() as conn:
            return overrides.check_words(file, reads.list_templates(conn, file.key))

    def describe_contract(self, name: str, language: str) -> Contract | None:
        """What code adds to a prompt: the shape of the answer; None for one that is added to others."""
        from workbench.workflows.contracts import find_answer

        workflow, variant = self._owners().get(name, (None, None))
        model = None if workflow is None else find_answer(self._registry.find(workflow), variant)
        if model is None:
            return None
        schema = model.model_json_schema()
        fields = [
            ContractField(name, _describe_type(field, schema), str(field.get("title") or name))
            for name, field in schema.get("properties", {}).items()
        ]
        return Contract(contract_sentence(language), schema, fields)

    def list_unused(self, name: str, language: str, system: str, user: str) -> builtins.list[str]:
        """Variables that these words never print although the shipped ones do where there is a value."""
        return list_unused({"system": system, "user": user}, self._find(name, language))

    def list_versions(self, name: str, language: str, project_id: int | None = None) -> builtins.list[Override]:
        """Newest first, resets too."""
        with self._database.read() as conn:
            return reads.list_versions(conn, name, language, project_id)

    def save(
        self,
        name: str,
        language: str,
        system: str,
        user_text: str,
        *,
        project_id: int | None = None,
        base_version: int,
        user: str = "local",
    ) -> Override:
        """Write a prompt anew: from here on it counts for a project, or with None for all without one of their own.

        `base_version`: the newest version that its author has seen, 0 when there was none. Raises InvalidInput naming
        each issue, NotFound, Conflict.
        """
        key = self._find(name, language).key
        with self._database.write() as conn:
            _check_project(conn, project_id)
            return overrides.save(
                conn,
                name,
                language,
                project_id,
                system,
                user_text,
                base_version=base_version,
                samples=reads.list_templates(conn, key),
                user=user,
            )

    def reset(
        self, name: str, language: str, *, project_id: int | None = None, base_version: int, user: str = "local"
    ) -> Override:
        """Let the text below count again; every version stays. Raises NotAllowed, Conflict."""
        with self._database.write() as conn:
            return overrides.reset(conn, name, language, project_id, base_version=base_version, user=user)

    def restore(
        self,
        name: str,
        language: str,
        version: int,
        *,
        project_id: int | None = None,
        base_version: int,
        user: str = "local",
    ) -> Override:
        """Let an older version count again, as a new one. Raises NotFound, InvalidInput, Conflict."""
        key = self._find(name, language).key
        with self._database.write() as conn:
            samples = reads.list_templates(conn, key)
            return overrides.restore(
                conn, name, language, project_id, version, base_version=base_version, samples=samples, user=user
            )

    def count_stale(self, project_id: int) -> int:
        """How much of a project was made with another prompt than the one that counts now."""
        with self._database.read() as conn:
            return len(prompt_changes.find_changed(conn, project_id))

    def _find(self, name: str, language: str) -> prompts.PromptFile:
        """The shipped prompt. Raises NotFound."""
        self._registry.all()  # which finds the prompts of other packages
        return prompts.find(name, language)

    def _owners(self) -> dict[str, tuple[str, str | None]]:
        """Prompt name → (workflow, variant)."""
        modules = {prompts.name_for(w.run.__module__): name for name, w in self._registry.all().items()}
        owners: dict[str, tuple[str, str | None]] = {}
        for file in prompts.all_files():
            folder, _, last = file.name.rpartition("/")
            stem, _, variant = last.partition(".")
            workflow = modules.get(f"{folder}/{stem}" if folder else stem)
            if workflow is not None:
                owners[file.name] = (workflow, variant or None)
        return owners

    def _entry(
        self,
        file: prompts.PromptFile,
        owners: dict[str, tuple[str, str | None]],
        override: Override | None,
    ) -> PromptEntry:
        workflow, variant = owners.get(file.name, (None, None))
        counting = file if override is None else overrides.in_words_of(file, override)
        return PromptEntry(
            file.name,
            file.language,
            workflow,
            variant,
            _state_of(override),
            None if override is None else override.version,
            counting.version,
            override is None or not check(counting.sections, file),
        )


def _describe_type(field: JsonObject, schema: JsonObject) -> str:
    """A JSON Schema type in a few words."""
    if "anyOf" in field:
        return " | ".join(_describe_type(one, schema) for one in field["anyOf"])
    if "$ref" in field:
        target = schema["$defs"][field["$ref"].rsplit("/", 1)[1]]
        return " | ".join(map(str, target["enum"])) if "enum" in target else str(target.get("type", "object"))
    if "enum" in field:
        return " | ".join(map(str, field["enum"]))
    limits = [("minItems", "maxItems"), ("minLength", "maxLength"), ("minimum", "maximum")]
    low, high = next(((field.get(a), field.get(b)) for a, b in limits if a in field or b in field), (None, None))
    span = "" if low is None and high is None else f" {'' if low is None else low}–{'' if high is None else high}"
    return f"{field.get('type', 'any')}{span}"


def _state_of(override: Override | None) -> str:
    if override is None:
        return "shipped"
    return "all" if override.project_id is None else "project"


def _check_project(conn: Connection, project_id: int | None) -> None:
    if project_id is not None:
        find_node(conn, project_id)
