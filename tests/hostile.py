"""Values that nobody means, and everything that a program or a shell can hand over all the same."""

from __future__ import annotations

import inspect
from typing import Any

from hypothesis import strategies as st

TEXTS = (
    "",
    " ",
    "\ud83d",
    "a\x00b",
    "\x1b[2J\x07",
    "\x9b31m\u202e",
    "=cmd|' /C calc'!A0",
    "{kind} {0} %s",
    "'; DROP TABLE job; --",
    "²",
    "x" * 300,
    "x" * 5_000,
    "../../etc/passwd",
    "9" * 5_000,
    "9223372036854775808",
    "nan",
    "-1",
)
NUMBERS = (0, -1, 1, 2, 2**31 - 1, 2**31, 2**63 - 1, 2**63, -(2**63) - 1, 10**30, 10**400)
FLOATS = (float("nan"), float("inf"), -float("inf"), -4.8e16, 1e308, 0.5)


def deep(levels: int = 10_000) -> Any:
    """Lists in lists."""
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


#: built once: it is handed over some thousand times, and nobody may change what he was given
DEEP = deep()

ANYTHING = st.one_of(
    st.sampled_from(TEXTS),
    st.sampled_from(NUMBERS),
    st.sampled_from(FLOATS),
    st.none(),
    st.booleans(),
    st.text(st.characters(), max_size=20),
    st.integers(),
    st.just(b"bytes"),
    st.builds(object),
    st.just(DEEP),
    st.just({"a": DEEP}),
    st.just({"\ud83d": "\x00", "n": float("nan")}),
    st.just({1: 2}),
    st.just(["\ud83d", 10**30]),
    # small: DEEP is the deep one, and drawing large ones took most of the time
    st.recursive(
        st.none() | st.text(max_size=5) | st.integers(),
        lambda s: st.lists(s, max_size=3) | st.dictionaries(st.text(max_size=5), s, max_size=3),
        max_leaves=8,
    ),
)


def arguments(method: Any, usual: dict[str, tuple[Any, ...]]) -> st.SearchStrategy[dict[str, Any]]:
    """Arguments of a method: each as one usually is, or anything; those with a default may be left out."""
    given, left_out = {}, {}
    for parameter in list(inspect.signature(method).parameters.values()):
        if parameter.name == "self" or parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        values = st.sampled_from(usual[parameter.name]) | ANYTHING if parameter.name in usual else ANYTHING
        (given if parameter.default is parameter.empty else left_out)[parameter.name] = values
    return st.fixed_dictionaries(given, optional=left_out)
