"""llm_structured_test: what a model makes of a wanted format, measured and never repaired: it is a test."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from workbench import json_schema, sketch
from workbench.errors import OutputError
from workbench.i18n import N_, Text
from workbench.jobs.context import Message, Mode, read_json
from workbench.json_types import Json, JsonObject
from workbench.workflows import registry
from workbench.workflows.agents.llm_chat import ChatMessage

if TYPE_CHECKING:
    from workbench.jobs.context import Context

#: what `json_object` asks for
ANY_OBJECT: JsonObject = {"type": "object"}
MODES: dict[str, tuple[Mode, ...]] = {
    "json_schema": ("json_schema", "json_object", "plain"),
    "json_object": ("json_object", "plain"),
}
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh"]


class Params(registry.Params):
    messages: list[ChatMessage] = Field(
        title=N_("Messages"), min_length=1, max_length=50, description=N_("1–50 messages of 1–20,000 characters each")
    )
    format: Literal["json_object", "json_schema"] = Field(
        "json_object", title=N_("Format"), description=N_("Any JSON object, or one that a JSON Schema describes")
    )
    schema_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] = Field(
        "answer", title=N_("Name of the schema"), description=N_("1–64 letters, digits, _ and -")
    )
    strict: bool = Field(
        True, title=N_("Strict"), description=N_("The service holds the answer to the schema where it can")
    )
    response_schema: JsonObject | None = Field(
        None, title=N_("JSON Schema"), description=N_("An object; needed for the format json_schema")
    )
    temperature: float | None = Field(None, ge=0, le=2, title=N_("Temperature"))
    top_p: float | None = Field(None, ge=0, le=1, title=N_("Top p"))
    max_tokens: int | None = Field(None, ge=1, le=65_536, title=N_("Longest answer in tokens"))
    presence_penalty: float | None = Field(None, ge=-2, le=2, title=N_("Presence penalty"))
    frequency_penalty: float | None = Field(None, ge=-2, le=2, title=N_("Frequency penalty"))
    reasoning_effort: Effort | None = Field(None, title=N_("Reasoning effort"))

    @model_validator(mode="after")
    def _check_schema(self) -> Params:
        if self.format == "json_schema":
            if not self.response_schema:
                raise ValueError(Text(N_("the format json_schema needs a JSON Schema")))
            wrong = json_schema.find_fault(self.response_schema)
            if wrong is not None:
                raise ValueError(Text(N_("this is no JSON Schema: {why}"), why=wrong))
        return self


def wanted_schema(params: Params) -> JsonObject:
    return params.response_schema or ANY_OBJECT if params.format == "json_schema" else ANY_OBJECT


def own_params(params: Params) -> JsonObject:
    """What goes into the request in place of the profile's own."""
    given = {
        "temperature": params.temperature,
        "top_p": params.top_p,
        "max_tokens": params.max_tokens,
        "presence_penalty": params.presence_penalty,
        "frequency_penalty": params.frequency_penalty,
        "reasoning_effort": params.reasoning_effort,
    }
    return {name: value for name, value in given.items() if value is not None}


def draft(facts: JsonObject, params: Params, rng: Random) -> str:
    """An example of what the schema wants."""
    return sketch.write_example(wanted_schema(params))


@registry.workflow(
    "llm_structured_test",
    title=N_("Structured answer"),
    scope="any",
    params=Params,
    draft=draft,
    deadline_s=300,
)
async def run(ctx: Context, params: Params) -> JsonObject:
    """Ask a model for JSON and say what came: whether it is JSON, fits the schema, and could be read all the same."""
    ctx.progress(5, Text(N_("Asking the model")))
    schema = wanted_schema(params)
    answer = await ctx.try_format(
        "answer",
        [Message(m.role, m.content) for m in params.messages],
        schema,
        name=params.schema_name,
        strict=params.strict,
        modes=MODES[params.format],
        params=own_params(params),
    )
    ctx.progress(100, Text(N_("Answered")))
    return report(answer, params.format, schema)


def report(answer: JsonObject, asked: str, schema: JsonObject) -> JsonObject:
    """What the answer is worth: as strict JSON, and as the lenient reader reads it."""
    text = str(answer["text"])
    strict = _judge(lambda: json_schema.parse_strictly(text), schema)
    lenient = _judge(lambda: read_json(text, "any", last=True), schema)
    return {
        "content": text,
        "model": answer["model"],
        "finish_reason": answer["finish_reason"],
        "duration_ms": answer["duration_ms"],
        # of before they were kept: unknown, which is not none
        "tokens": answer.get("tokens") or {"input": None, "output": None},
        "asked_for": asked,
        "mode": answer["mode"],
        **{key: strict[key] for key in ("json", "schema")},
        "recovered": lenient,
    }


def _judge(read: Any, schema: JsonObject) -> JsonObject:
    """{"json": {"ok", "error"}, "schema": {"ok", "errors", "compile_error"}, "value"} of one way to read an answer."""
    try:
        value: Json = read()
    except OutputError as error:
        unread = {"ok": False, "error": str(error.text)}
        return {"json": unread, "schema": {"ok": None, "errors": [], "compile_error": None}, "value": None}
    found = json_schema.check(value, schema)
    checked = {
        "ok": None if found.fault else not found.issues,
        "errors": [{"path": i.path, "message": str(i.message)} for i in found.issues],
        "compile_error": found.fault,
    }
    return {"json": {"ok": True, "error": None}, "schema": checked, "value": value}
