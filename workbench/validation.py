"""What pydantic found wrong, as issues: one for each field, at its place, in the words of who filled it in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from workbench.errors import Issue
from workbench.i18n import N_, Text
from workbench.plain_text import storable

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

#: what a job's time line says of an answer that did not pass
REJECTED = N_("Step {step}: answer rejected, {count} issues: {first}")

#: pydantic's error types in the reader's words; the fields are those of the error's ctx
_MESSAGES = {
    "missing": N_("This is needed."),
    "string_too_short": N_("At least {min_length} characters; {missing} more are needed."),
    "string_too_long": N_("At most {max_length} characters; {excess} too many."),
    "string_pattern_mismatch": N_("This is not written as it has to be."),
    "greater_than_equal": N_("Must be {ge} or more."),
    "less_than_equal": N_("Must be {le} or less."),
    "greater_than": N_("Must be more than {gt}."),
    "less_than": N_("Must be less than {lt}."),
    "multiple_of": N_("Must be a multiple of {multiple_of}."),
    "too_short": N_("At least {min_length} entries are needed."),
    "too_long": N_("At most {max_length} entries are allowed."),
    "literal_error": N_("Must be one of {expected}."),
    "enum": N_("Must be one of {expected}."),
    "int_parsing": N_("Must be a whole number."),
    "int_parsing_size": N_("Must be a whole number."),
    "int_type": N_("Must be a whole number."),
    "int_from_float": N_("Must be a whole number."),
    "float_parsing": N_("Must be a number."),
    "float_type": N_("Must be a number."),
    "finite_number": N_("Must be a number."),
    "bool_parsing": N_("Must be yes or no."),
    "bool_type": N_("Must be yes or no."),
    "string_type": N_("Must be text."),
    "string_unicode": N_("It holds half of a character, as a broken emoji does; write it anew."),
    "list_type": N_("Must be a list."),
    "tuple_type": N_("Must be a list."),
    "set_type": N_("Must be a list."),
    "iterable_type": N_("Must be a list."),
    "dict_type": N_("Must be an object."),
    "model_type": N_("Must be an object."),
    "model_attributes_type": N_("Must be an object."),
    "extra_forbidden": N_("There is no such field here."),
    "none_required": N_("Nothing is needed here."),
}
_ANY_OTHER = N_("This value does not fit here.")


class _Explained(Text):
    """Ours to a reader; as a plain string pydantic's words, which models and logs go by."""

    def __new__(cls, msgid: str, /, plain: str | None = None, **params: Any) -> _Explained:
        made = str.__new__(cls, msgid if plain is None else plain)
        made.msgid = msgid
        made.params = params
        return made


def path_of(detail: ErrorDetails) -> str:
    """Where it is, like ``episodes.3.title``."""
    return storable(".".join(str(part) for part in detail["loc"]))


def message_of(detail: ErrorDetails) -> Text:
    """What is wrong: a sentence of ours in any reader's language, pydantic's own words as a plain string."""
    context: dict[str, Any] = dict(detail.get("ctx") or {})
    kind, plain = detail["type"], detail["msg"]
    cause = context.get("error")
    if isinstance(cause, ValueError) and cause.args:
        own = cause.args[0]
        text = own if isinstance(own, Text) else Text("{message}", message=str(own))
        return _Explained(text.msgid, plain, **text.params)
    if kind == "string_too_short" and context.get("min_length") == 1:
        kind = "missing"
    value = detail.get("input")
    if isinstance(value, str):
        context["missing"] = max(1, int(context.get("min_length", 0)) - len(value.strip()))
        context["excess"] = max(1, len(value.strip()) - int(context.get("max_length", 0)))
    if "expected" in context:
        context["expected"] = str(context["expected"]).replace(" or ", ", ")
    values = {name: value for name, value in context.items() if isinstance(value, str | int | float)}
    return _Explained(_MESSAGES.get(kind, _ANY_OTHER), plain, **values)


def issues_of(error: ValidationError, message: Callable[[ErrorDetails], Text] = message_of) -> list[Issue]:
    """One issue for each wrong field. `message` words it for those who read it."""
    return [Issue(path_of(detail), message(detail)) for detail in error.errors(include_url=False)]
