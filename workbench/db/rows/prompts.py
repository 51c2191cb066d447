"""Prompts that people have written anew."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.db.rows.record import Record


@dataclass(frozen=True, slots=True)
class Override(Record):
    """One version of a prompt in somebody's own words, for one project or for all.

    `system_text`, `user_text`, `fingerprint` None: from here on the text that it overrides counts again.
    """

    id: int
    name: str
    language: str
    #: None: for all projects
    project_id: int | None
    version: int
    system_text: str | None
    user_text: str | None
    #: the prompt version of calls and artifacts made with it
    fingerprint: str | None
    created_by: str | None
    created_at: int

    @property
    def is_reset(self) -> bool:
        return self.fingerprint is None


@dataclass(frozen=True, slots=True)
class UsedPrompt(Record):
    """A prompt that the head of an artifact was made with. `override_id` None: the shipped one."""

    node_id: int
    kind: str
    name: str
    language: str
    fingerprint: str
    override_id: int | None
