"""llm_chat: a free conversation with a model, as a playground and a test of a profile."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from workbench import sketch
from workbench.i18n import N_, Text
from workbench.jobs.context import Message
from workbench.json_types import JsonObject
from workbench.story import hanzi
from workbench.workflows import registry

if TYPE_CHECKING:
    from workbench.jobs.context import Context


class ChatMessage(BaseModel):
    """One message; blank ones are refused, not dropped."""

    model_config = ConfigDict(extra="forbid")

    role: Literal["system", "user", "assistant"] = Field("user", title=N_("Role"))
    content: Annotated[str, Field(min_length=1, max_length=20_000)] = Field(title=N_("Message"))

    @field_validator("content")
    @classmethod
    def _not_blank(cls, content: str) -> str:
        if not content.strip():
            raise ValueError(Text(N_("a message must not be blank")))
        return content


class Params(registry.Params):
    messages: list[ChatMessage] = Field(
        title=N_("Messages"), min_length=1, max_length=50, description=N_("1–50 messages of 1–20,000 characters each")
    )


def draft(facts: JsonObject, params: Params, rng: Random) -> str:
    """Answer offline: say so, and give the last message back, so that a profile-less install shows something real."""
    question = params.messages[-1].content
    answer = sketch.write_chat_answer(question)
    return hanzi.Traditional([question], []).convert(answer) if hanzi.is_traditional(question) else answer


@registry.workflow("llm_chat", title=N_("Chat"), scope="any", params=Params, draft=draft, deadline_s=300)
async def run(ctx: Context, params: Params) -> JsonObject:
    """Talk to the model; the answer is the job's result."""
    ctx.progress(5, Text(N_("Asking the model")))
    reply = await ctx.chat("chat", [Message(m.role, m.content) for m in params.messages])
    ctx.progress(100, Text(N_("Answered")))
    tokens = {"input": reply.usage.input, "output": reply.usage.output}
    return {"content": reply.text, "model": reply.model, "tokens": tokens}
