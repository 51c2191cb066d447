"""Prompts that people have written anew."""

from __future__ import annotations

from dataclasses import dataclass, replace

from workbench.db.rows.record import Record
from workbench.json_types import JsonObject

#: so many of the newest answers say how a prompt does
MOST_ANSWERS = 5_000


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
class PastCall(Record):
    """The first call of a step, with what its prompt was filled in with and what came of it."""

    id: int
    job_id: int
    step: str | None
    project_id: int | None
    workflow: str | None
    model: str
    mode: str | None
    valid: bool | None
    started_at: int
    latency_ms: int | None
    input_tokens: int | None
    output_tokens: int | None
    cost_micros: int | None
    currency: str | None
    raw_output: str | None
    prompt_version: str | None
    prompt_name: str
    template: JsonObject
    prompt: list[JsonObject] | None

    @property
    def pictures(self) -> int:
        """How many pictures were shown with the words."""
        return sum(len(message.get("pictures", ())) for message in self.prompt or ())


@dataclass(frozen=True, slots=True)
class PastCallEntry(Record):
    """The same in a list, with the node that it was about and without what was said."""

    id: int
    job_id: int
    step: str | None
    project_id: int | None
    model: str
    valid: bool | None
    started_at: int
    input_tokens: int | None
    output_tokens: int | None
    prompt_version: str | None
    node_id: int | None
    node_title: str | None


@dataclass(frozen=True, slots=True)
class PromptUse(Record):
    """How the first answers to one version of a prompt by one model came out. `micros` by `currency`."""

    prompt_version: str | None
    model: str
    currency: str | None
    calls: int
    valid: int
    judged: int
    micros: int | None
    input_tokens: int | None
    output_tokens: int | None
    latency_ms: int | None
    last_at: int


@dataclass(frozen=True, slots=True)
class PromptRule(Record):
    """A check that first answers to one version of a prompt by one model failed, and how many did.

    `rule`: its sentence without values, as a message id; `place`: where in the answer, without numbers.
    """

    prompt_version: str | None
    model: str
    rule: str
    place: str
    answers: int


@dataclass(frozen=True, slots=True)
class PartPrompt(Record):
    """A prompt that a part of a version, or with "" all of it, was made with. `override_id` None: the shipped one."""

    part: str
    name: str
    language: str
    fingerprint: str
    override_id: int | None

    def of(self, part: str) -> PartPrompt:
        """The same of one part."""
        return replace(self, part=part)


@dataclass(frozen=True, slots=True)
class UsedPrompt(Record):
    """The same of the head of an artifact."""

    node_id: int
    kind: str
    part: str
    name: str
    language: str
    fingerprint: str
    override_id: int | None
