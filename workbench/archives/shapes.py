"""What pages, commands and the engine read by its key in the JSON of an archive's rows, and the words of its columns.

Everything else in it may be anything: another package's workflow says what it likes.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from workbench.archives.form import odd, wrong
from workbench.archives.sentences import check_sentence
from workbench.errors import InvalidInput
from workbench.json_types import Json, JsonObject
from workbench.validation import REJECTED

Hash = Annotated[str, StringConstraints(pattern=r"\A[0-9a-f]{64}\z")]


def _is_sentence(stored: JsonObject) -> JsonObject:
    try:
        check_sentence("", "", stored)
    except InvalidInput as error:
        raise ValueError(str(error)) from None
    return stored


Sentence = Annotated[dict[str, Any], AfterValidator(_is_sentence)]
Money = Annotated[int, Field(ge=0)]


class Shape(BaseModel):
    """Keys that are read; others may be there, too."""

    model_config = ConfigDict(extra="allow", strict=True)


class _Template(Shape):
    variables: dict[str, Any]
    traditional: bool | None = None


class _Message(Shape):
    role: str = ""


class _Failed(Shape):
    item: Any = None
    node_id: int | None = None
    job_id: int | None = None
    state: str | None = None
    error_kind: str | None = None
    error_i18n: Sentence | None = None

    @model_validator(mode="after")
    def _check_named(self) -> Self:
        if self.item is None and self.node_id is None:
            raise ValueError("a part is known by its name or its node")
        return self


class _Result(Shape):
    succeeded: list[Any] = []
    failed: list[_Failed] = []
    skipped: list[dict[str, Any]] = []
    issues: list[Any] = []
    held: bool | None = None
    kind: str = ""


class _Chat(_Result):
    content: str | None = None
    model: str | None = None


class _Fault(Shape):
    message: str
    path: str


class _Read(Shape):
    ok: bool
    error: str | None = None


class _Fits(Shape):
    ok: bool | None
    errors: list[_Fault]
    compile_error: str | None


class _Verdict(Shape):
    read: _Read = Field(alias="json")
    fits: _Fits = Field(alias="schema")


class _Tokens(Shape):
    input: int | None = None
    output: int | None = None


class _Report(_Verdict):
    """How well a model keeps to a schema."""

    recovered: _Verdict
    asked_for: str
    mode: str | None
    finish_reason: str | None
    content: str
    duration_ms: Money | None = None
    tokens: _Tokens | None = None


class _Rule(Shape):
    rule: str
    place: str


class _CountedRule(_Rule):
    answers: int


class _Issue(_Rule):
    path: str
    message: Sentence


class _Answer(Shape):
    valid: bool
    issues: list[_Issue]
    text: str | None
    input_tokens: int | None
    output_tokens: int | None
    cost_micros: Money | None
    currency: str | None
    latency_ms: int | None


class _Side(Shape):
    prompt_version: str
    models: list[str]
    answers: Annotated[int, Field(ge=1)]
    valid: int
    paid: int
    unpriced: int
    rules: list[_CountedRule]
    input_tokens: int | None
    output_tokens: int | None
    latency_ms: int | None
    cost: dict[str, Money]


class _Pair(Shape):
    call: int
    job: int | None
    today: _Answer
    new: _Answer


class _Sides(Shape):
    today: _Side
    new: _Side


class _Untried(Shape):
    error: Sentence


class _Trial(Shape):
    sides: _Sides
    pairs: list[_Pair]
    failed: list[_Untried]


class _File(Shape):
    name: str
    sha256: Hash
    form: str


class _HandOff(Shape):
    file: _File | None = None


class _Drawn(Shape):
    images: list[Any] = []


class _Tried(Shape):
    issues: list[_Rule] = []


class _RejectedRule(Shape):
    rule: Sentence
    place: str


class _Rejected(Shape):
    step: str
    failed: list[_RejectedRule] = []


#: the results that pages lay out by the kind of their job
_RESULTS: dict[str, type[Shape]] = {"llm_chat": _Chat, "try_prompt": _Trial, "make_handoff": _HandOff}
_object = TypeAdapter(dict[str, Any] | None)
_REPORT = {"json", "schema", "recovered"}
_drawn, _tried, _rejected = TypeAdapter(_Drawn), TypeAdapter(_Tried), TypeAdapter(_Rejected)
_prompt = TypeAdapter(list[_Message] | dict[str, Any] | None)
_template = TypeAdapter(_Template | None)
_cost = TypeAdapter(dict[Literal["CNY", "USD"], Money])
_CURRENCIES = (None, "CNY", "USD")
#: table → column → what it says at all
_WORDS: dict[str, dict[str, tuple[str | None, ...]]] = {
    "job": {"currency": _CURRENCIES},
    "model_call": {
        "outcome": ("ok", "error", "lost", "late"), "capability": ("text", "image", "video"), "currency": _CURRENCIES,
    },
}  # fmt: skip


def check_words(table: str, row: JsonObject) -> None:
    """Raises InvalidInput for a word that a column does not have."""
    for column, words in _WORDS.get(table, {}).items():
        if row[column] not in words:
            raise odd(table)
    # what nobody can add up
    if row.get("cost_micros") is not None and row.get("currency", "") is None:
        raise odd(table)


def check_result(kind: str, result: Json) -> set[int]:
    """The nodes that a job's result names as failed. Raises InvalidInput for one that cannot be shown."""
    _check("job", "result", _object, result)
    if result is None:
        return set()
    shape = _RESULTS.get(kind, _Report if result.keys() >= _REPORT else _Result)
    _check("job", "result", TypeAdapter(shape), result)
    return {part["node_id"] for part in result.get("failed", ()) if part.get("node_id") is not None}


def check_call(row: JsonObject) -> None:
    _check("model_call", "prompt", _prompt, row["prompt"])
    _check("model_call", "template", _template, row["template"])
    _check("model_call", "price", _object, row["price"])


def check_output(kind: str | None, output: Json) -> None:
    """`kind`: of the step's job."""
    if isinstance(output, dict):
        _check("step", "output", _tried if kind == "try_prompt" else _drawn, output)


def check_event(sentence: JsonObject | None) -> None:
    """What a rejected answer was rejected for is counted, too."""
    if sentence is not None and sentence["msgid"] == REJECTED:
        _check("job_event", "i18n", _rejected, sentence.get("params"))


def check_cost(cost: Json) -> None:
    _check("forecast", "cost", _cost, cost)


def _check(table: str, column: str, shape: TypeAdapter[Any], value: Json) -> None:
    try:
        shape.validate_python(value)
    except ValidationError:
        raise wrong(table, column) from None
