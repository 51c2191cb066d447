"""Two versions side by side, word by word: removed on red with a minus, added on green with a plus."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st

from workbench.json_types import JsonObject
from workbench.ui.forms import title_of
from workbench.ui.language import t
from workbench.ui.markup import plain

#: a CJK character is a word of its own
_WORDS = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff]|\w+|\s+|.", re.DOTALL)

Piece = tuple[Literal["same", "removed", "added"], str]


@dataclass(frozen=True)
class Row:
    """One changed field; `label` names its place, like ``Episode 3 · Logline``."""

    label: str
    old: list[Piece]
    new: list[Piece]


@dataclass(frozen=True)
class Comparison:
    rows: list[Row]
    changed: int
    same: int


def words(old: str, new: str) -> tuple[list[Piece], list[Piece]]:
    """Both texts cut into what stayed and what changed."""
    a, b = _WORDS.findall(old), _WORDS.findall(new)
    left: list[Piece] = []
    right: list[Piece] = []
    for tag, i, j, k, m in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag == "equal":
            left.append(("same", "".join(a[i:j])))
            right.append(("same", "".join(b[k:m])))
            continue
        if j > i:
            left.append(("removed", "".join(a[i:j])))
        if m > k:
            right.append(("added", "".join(b[k:m])))
    return _join(left, "removed"), _join(right, "added")


def _join(pieces: list[Piece], mark: Literal["removed", "added"]) -> list[Piece]:
    """Changes parted by a lone blank or comma read better as one change."""
    merged: list[Piece] = []
    for index, (kind, text) in enumerate(pieces):
        between = 0 < index < len(pieces) - 1 and kind == "same" and len(text.strip()) <= 1
        kind = mark if between else kind
        if merged and merged[-1][0] == kind:
            merged[-1] = (kind, merged[-1][1] + text)
        else:
            merged.append((kind, text))
    return merged


def _text(value: Any) -> str:
    if isinstance(value, list):
        return " / ".join(_text(v) for v in value)
    if isinstance(value, dict):
        return " · ".join(_text(v) for v in value.values() if v not in (None, "", []))
    return "" if value is None else str(value)


def _groups(content: JsonObject, schema: JsonObject) -> dict[str, dict[str, str]]:
    """Content as group label → field label → text. Items of a list of objects are a group each."""
    groups: dict[str, dict[str, str]] = {}
    for name, value in content.items():
        title = title_of(schema, name)
        if isinstance(value, list) and value and isinstance(value[0], dict):
            for index, item in enumerate(value, start=1):
                order = item.get("order", index)
                groups[f"{_singular(title)} {order}"] = {
                    title_of(schema, name, f): _text(v) for f, v in item.items() if f != "order"
                }
        elif isinstance(value, dict):
            groups[title] = {title_of(schema, name, f): _text(v) for f, v in value.items()}
        else:
            groups[title] = {"": _text(value)}
    return groups


def _singular(title: str) -> str:
    return {t("Episodes"): t("Episode"), t("Scenes"): t("Scene")}.get(title, title)


def compare(old: JsonObject, new: JsonObject, schema: JsonObject) -> Comparison:
    """What changed between two contents of one kind; `schema` is the JSON schema of its model."""
    before, after = _groups(old, schema), _groups(new, schema)
    rows: list[Row] = []
    changed = 0
    names = list(dict.fromkeys([*before, *after]))
    for group in names:
        a, b = before.get(group, {}), after.get(group, {})
        fields = [f for f in dict.fromkeys([*a, *b]) if a.get(f, "") != b.get(f, "")]
        changed += bool(fields)
        for field in fields:
            left, right = words(a.get(field, ""), b.get(field, ""))
            rows.append(Row(f"{group} · {field}" if field else group, left, right))
    return Comparison(rows, changed, len(names) - changed)


def mark(pieces: Sequence[Piece]) -> str:
    """Pieces as Markdown: removed words struck out on red, added ones on green."""
    words = []
    for kind, text in pieces:
        if kind == "same":
            head, tail = (" " if text[:1].isspace() else ""), (" " if text[-1:].isspace() else "")
            words.append(head + plain(text) + (tail if text.strip() else ""))
        elif text.strip():
            colour, sign = ("red", "−") if kind == "removed" else ("green", "\\+")
            body = plain(text)
            words.append(f":{colour}-background[{sign} {f'~~{body}~~' if kind == 'removed' else body}]")
    return "".join(words)


def count_changes(comparison: Comparison) -> str:
    """``2 changed · 7 the same``."""
    return t("{changed} changed · {same} the same", changed=comparison.changed, same=comparison.same)


def draw(comparison: Comparison, key: str) -> None:
    """The changed fields of two versions in two bordered columns."""
    if not comparison.rows:
        st.caption(t("These versions say the same."))
        return
    left, right = st.columns(2)
    for side, name in ((left, "old"), (right, "new")):
        with side, st.container(border=True, key=f"{key}_{name}"):
            for row in comparison.rows:
                st.markdown(f"**{plain(row.label)}** {mark(row.old if name == 'old' else row.new) or '—'}")
