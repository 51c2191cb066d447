"""Stored sentences of an archive: measured, never said, since a short one may say its values over and over."""

from __future__ import annotations

from typing import Any

from workbench.archives.form import LONGEST_SENTENCE, odd, refusal, too_long
from workbench.i18n import FIELD, N_


def check_sentence(table: str, column: str, stored: Any, longest: int = LONGEST_SENTENCE) -> None:
    """Raises InvalidInput when it is none, asks for more than values by their names, or is too long."""
    try:
        length = _length_of(stored)
    except (AttributeError, KeyError, TypeError, RecursionError):
        raise odd(table) from None
    except ValueError:
        raise refusal(
            N_("a sentence in its rows of {table} takes more than values by their names"), table=table
        ) from None
    if length > longest:
        raise too_long(table, column)


def _length_of(stored: Any) -> int:
    """How many characters a stored sentence has with its values. Raises when it is none, or asks for more than them."""
    sentence, values = stored["msgid"], stored.get("params", {})
    lengths = {name: _length_of_value(value) for name, value in values.items()}
    if not lengths:
        return len(sentence + "")
    rest = FIELD.sub("", sentence)
    if "{" in rest or "}" in rest:
        raise ValueError(sentence)
    return len(rest) + sum(lengths[name] for name in FIELD.findall(sentence))


def _length_of_value(value: Any) -> int:
    return _length_of(value) if isinstance(value, dict) and "msgid" in value else len(str(value))
