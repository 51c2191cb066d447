"""What is sent to a model: the prompt, the output contract, and after a rejected answer the issues it had.

The contract is appended here, by code, so that no prompt file can break it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pydantic import BaseModel

from workbench.artifacts.versions import hash_of
from workbench.errors import Issue
from workbench.json_types import JsonObject
from workbench.prompts import Prompt
from workbench.providers.base import Message, Mode

_CONTRACT = {
    "en": "Answer with one JSON object and nothing else: no prose around it, no code fences.",
    "zh": "只回答一个 JSON 对象,前后不要有任何说明文字,也不要代码围栏。",
}
_SCHEMA = {
    "en": "The JSON object must follow this JSON Schema:\n{schema}",
    "zh": "这个 JSON 对象必须符合下面的 JSON Schema:\n{schema}",
}
_REPAIR = {
    "en": "Your answer cannot be used. Correct exactly these issues and answer with the whole corrected JSON "
    "object again; "
    "leave everything else as it is:\n{issues}",
    "zh": "你的回答无法使用。请逐条改正下面的问题,其余内容保持不变,并重新给出完整的 JSON 对象:\n{issues}",
}


def contract_sentence(language: str) -> str:
    """What stands before the schema of an answer."""
    return _CONTRACT[language]


@dataclass
class Conversation:
    """`start` is what the workflow wrote; `json_schema` None means a plain answer is wanted."""

    start: tuple[Message, ...]
    language: str = "en"
    json_schema: JsonObject | None = None
    schema_name: str = "text"
    prompt_version: str = ""
    #: what this call asks for beside its profile's params
    params: JsonObject = field(default_factory=dict)
    #: a service may hold the answer to the schema; False: it is told the schema, and free to break it
    strict: bool = True
    #: structured modes to try; empty: those of the provider
    modes: tuple[Mode, ...] = ()
    #: whatever comes is wanted, cut off or empty
    as_is: bool = False
    #: which prompt file, with its language, and what it was filled in with; nothing for a plain conversation
    prompt_name: str = ""
    template: JsonObject | None = None
    #: SHA-256 in the media store of the pictures that the last message of `start` shows
    shown: tuple[str, ...] = ()
    _after: tuple[Message, ...] = field(default=())

    @classmethod
    def about(cls, prompt: Prompt, schema: type[BaseModel], pictures: Sequence[tuple[str, bytes]] = ()) -> Conversation:
        """`pictures`: SHA-256 in the media store, and the JPEG that is shown."""
        asked = Message("user", prompt.user, tuple(data for _, data in pictures))
        return cls(
            (Message("system", prompt.system), asked),
            prompt.language,
            schema.model_json_schema(),
            schema.__name__,
            prompt.version,
            prompt_name=prompt.key,
            template=prompt.template,
            shown=tuple(sha for sha, _ in pictures),
        )

    @property
    def input_hash(self) -> str:
        """Same hash, same request: a step's output may be reused."""
        own = [self.params, self.strict, list(self.modes)] if self.as_is else []
        shown = [list(self.shown)] if self.shown else []
        return hash_of([[[m.role, m.content] for m in self.start], self.json_schema, *own, *shown])

    def reject(self, text: str, issues: list[Issue], guide: str = "") -> None:
        """Continue with the newest rejected answer only: earlier ones would only cost tokens. `guide`: more about how
        these issues are mended."""
        listed = "\n".join(f"- {issue}" for issue in issues[:40])
        asked = _REPAIR[self.language].format(issues=listed)
        told = f"{asked}\n\n{guide}" if guide else asked
        self._after = (Message("assistant", text), Message("user", told))

    def messages(self, mode: Mode) -> tuple[Message, ...]:
        """The schema itself stands in the prompt below json_schema mode."""
        if self.json_schema is None:
            return self.start
        contract = _CONTRACT[self.language]
        if mode != "json_schema":
            contract += "\n" + _SCHEMA[self.language].format(schema=json.dumps(self.json_schema, ensure_ascii=False))
        last = self.start[-1]
        return (*self.start[:-1], replace(last, content=f"{last.content}\n\n{contract}"), *self._after)
