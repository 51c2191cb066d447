"""The prompts of one run: in whose words they are, and which part of what is made was asked for with which."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from workbench.artifacts.declared import Kind
from workbench.db.reads import jobs as job_reads
from workbench.db.reads import prompts as reads
from workbench.db.reads import story as story_reads
from workbench.db.rows.prompts import PartPrompt
from workbench.errors import NotFound
from workbench.jobs.overrides import find_prompt
from workbench.jobs.session import ClaimSession
from workbench.json_types import JsonObject
from workbench.prompts import PromptFile, overrides
from workbench.prompts.checking import check_fit
from workbench.story.facts import Inputs
from workbench.story.freshness import with_siblings
from workbench.story.prompt_changes import is_other


class PartPrompts:
    """Those of one run of a workflow. `language`: the story's."""

    def __init__(self, session: ClaimSession, inputs: Inputs, language: str) -> None:
        self._session = session
        self._inputs = inputs
        self.language = language
        self._files: dict[tuple[str, str], PromptFile] = {}
        #: part of what is made ("": all of it) → the names of the prompts that it was asked for with
        self._used: dict[str, dict[str, None]] = {}
        self._part: str | None = None

    @contextmanager
    def asking_for(self, part: str) -> Iterator[None]:
        """Inside, prompts are used for one part of what is made; where that fails, it goes on counting as made with
        those of before."""
        before, self._part = self._part, part
        try:
            yield
        except BaseException:
            self._used.pop(part, None)
            raise
        finally:
            self._part = before

    def use(self, name: str) -> PromptFile:
        """The prompt in the words that count for this run, which what is being made is made with. Raises NotFound,
        GuardUnmet when they do not fit any more."""
        file = self._find(name, self.language)
        check_fit(file)
        self._used.setdefault(self._part or self._inputs.made_for or "", {})[name] = None
        return file

    def has_changed(self, conn: Connection, artifact_id: int, part: str) -> bool:
        """Was a part of a version made in other words than those of this run?"""
        used = [p for p in reads.list_of_artifact(conn, artifact_id) if p.part in ("", part)]
        return any(self._is_other(prompt) for prompt in used)

    def list_for(
        self, conn: Connection, kind: Kind, content: JsonObject, made: Collection[str] | None, kept: Collection[str]
    ) -> list[PartPrompt]:
        """What each part of a content is made with: those of this run, and for what it left those of the head.

        `made`: the only parts that it has made; None: those that it used prompts for, or all. `kept`: never those.
        """
        parts = list(kind.parts(content)) if kind.parts is not None else []
        whole = self._used.get("", {})
        if made is None and not kept and whole:
            return [self._tell("", name) for name in self._names()]
        anew = [p for p in parts if p not in kept and (p in self._used or whole if made is None else p in made)]
        own = [self._tell(part, name) for part in anew for name in {**whole, **self._used.get(part, {})}]
        node_id = self._session.job.node_id
        head = None if node_id is None else story_reads.find_head(conn, node_id, kind.name)
        left = [part for part in parts if part not in with_siblings(parts, anew)]
        there = [] if head is None else reads.list_of_artifact(conn, head.id)
        return [*own, *(p.of(part) for part in left for p in there if p.part in ("", part))]

    def _names(self) -> dict[str, None]:
        return {name: None for names in self._used.values() for name in names}

    def _tell(self, part: str, name: str) -> PartPrompt:
        file = self._find(name, self.language)
        return PartPrompt(part, file.name, file.language, file.version, file.override)

    def _is_other(self, used: PartPrompt) -> bool:
        try:
            now = self._find(used.name, used.language)
        except NotFound:
            return False  # of a workflow that is not there any more
        return is_other(used, now.version, now.override)

    def _find(self, name: str, language: str) -> PromptFile:
        """In the words that counted when the job was asked for: one that goes on pays nothing twice."""
        file = self._files.get((name, language))
        if file is None:
            job = self._session.job
            with self._session.database.read() as conn:
                asked_at = job_reads.created_at(conn, self._session.job_id)
                file = find_prompt(conn, job.overrides, name, language) or overrides.find_file(
                    conn, job.project_id, name, language, asked_at
                )
            self._files[name, language] = file
        return file
