"""Forms drawn from pydantic models: title, help, range and choices come from the model; errors stand beside the field.

Widgets keep what was typed under their key, so a form survives its own errors. Values come back as plain JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import streamlit as st
from pydantic import BaseModel, ValidationError

from workbench.documents import Repeated, Unreadable, parse_json
from workbench.errors import Issue
from workbench.handoff.words import CAMERA
from workbench.i18n import N_, Text, translate
from workbench.json_types import JsonObject
from workbench.ui import drafts
from workbench.ui.language import current, t
from workbench.ui.markup import plain, shorten
from workbench.validation import issues_of, message_of

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Schema = JsonObject

#: texts at least this long get an area of several lines
LONG_TEXT = 300

#: values of enumerations as a reader says them
CHOICES = {
    "zh": N_("Chinese"), "en": N_("English"),
    "anime": N_("Cel anime"), "ink_wash": N_("Ink wash"), "comic": N_("American comic"), "cyberpunk": N_("Cyberpunk"),
    "cinematic": N_("Cinematic"), "fantasy": N_("Epic fantasy"), "watercolor": N_("Watercolour"),
    "pixel": N_("Pixel art"),
    "dialogue": N_("Dialogue"), "monologue": N_("Monologue"), "narration": N_("Narration"), "thought": N_("Thought"),
    "sfx": N_("Effect"), "bgm": N_("Music"), "ambience": N_("Ambience"), "foley": N_("Foley"),
    "voice_over": N_("Voice"),
    "silence": N_("Silence"), "subtle": N_("subtle"), "normal": N_("normal"), "prominent": N_("prominent"),
    "dominant": N_("dominant"),
    "far_left": N_("Far left"), "left": N_("Left"), "centre": N_("Centre"), "right": N_("Right"),
    "far_right": N_("Far right"),
    "camera": N_("Towards the camera"), "away": N_("Away"), "standing": N_("Standing"), "walking": N_("Walking"),
    "running": N_("On the run"), "sitting": N_("Sitting"), "kneeling": N_("Kneeling"), "crouching": N_("Crouching"),
    "leaning": N_("Leaning"), "lying": N_("Lying"), "neutral": N_("Neutral"), "happy": N_("Happy"), "sad": N_("Sad"),
    "angry": N_("Angry"), "afraid": N_("Afraid"), "surprised": N_("Surprised"), "determined": N_("Determined"),
    "tender": N_("Tender"), "none": N_("None"), "cut": N_("Cut"), "jump_cut": N_("Jump cut"),
    "smash_cut": N_("Smash cut"),
    "dissolve": N_("Dissolve"), "fade": N_("Fade"), "dip_to_black": N_("Dip to black"), "wipe": N_("Wipe"),
    "other": N_("Other"),
    "custom": N_("Custom"), "system": N_("System"), "user": N_("User"), "assistant": N_("Assistant"),
    "era": N_("Era"), "geography": N_("Geography"), "society": N_("Society"), "technology": N_("Technology"),
    "magic": N_("Magic"),
    "three_act": N_("Three acts"), "four_act": N_("Four acts"), "main": N_("Main line"), "sub1": N_("Second line"),
    "sub2": N_("Third line"), "sub3": N_("Fourth line"),
    "family": N_("Family"), "romantic": N_("Love"), "friendship": N_("Friendship"), "rivalry": N_("Rivalry"),
    "mentorship": N_("Mentorship"), "alliance": N_("Alliance"), "subordinate": N_("Subordination"),
    "enemy": N_("Enmity"), "stranger": N_("Strangers"), "pending": N_("To decide"), "accepted": N_("Accepted"),
    "rejected": N_("Rejected"),
    "int": N_("Inside"), "ext": N_("Outside"), "int_ext": N_("Inside and outside"), "action": N_("Action"),
    "sound": N_("Sound"), "off_screen": N_("Beside the picture"),
    "json_object": N_("Any JSON object"), "json_schema": N_("As a JSON Schema says"),
    **CAMERA,
    "source.plan": N_("The nine shots"),
    "way.left": N_("Goes away"), "way.consumed": N_("Is used up"),
    "minimal": N_("Minimal"), "medium": N_("Medium"), "xhigh": N_("Very high"),
}  # fmt: skip


def resolve(schema: Schema, root: Schema) -> Schema:
    """A field's schema with its reference followed and its optional None taken off (``optional`` is then true)."""
    merged = dict(schema)
    if "anyOf" in merged:
        kinds = list(merged.pop("anyOf"))
        real = [s for s in kinds if s.get("type") != "null"]
        merged = {**(real[0] if real else {}), **merged, "optional": len(real) < len(kinds)}
    if "allOf" in merged:
        merged = {**merged.pop("allOf")[0], **merged}
    if "$ref" in merged:
        target = root["$defs"][merged.pop("$ref").rsplit("/", 1)[-1]]
        own_title = {k: v for k, v in merged.items() if k in ("title", "description", "default", "optional")}
        merged = {**{k: v for k, v in target.items() if k != "description"}, **merged, **own_title}
    return merged


def title_of(root: Schema, *path: str) -> str:
    """The translated title of a field; lists are looked through."""
    at = root
    for name in path:
        at = resolve(at.get("properties", {}).get(name, {}), root)
        if at.get("type") == "array":
            last_title = at.get("title")
            at = {**resolve(at.get("items", {}), root), "title": last_title}
    return t(str(at.get("title") or path[-1].replace("_", " ")))


def message(error: ErrorDetails, language: str) -> str:
    """One pydantic error as a sentence in the reader's language."""
    return translate(message_of(error), language)


def check(
    model: type[BaseModel], values: JsonObject, explain: Callable[[ErrorDetails], Text] = message_of
) -> list[Issue]:
    """Every field that is wrong, in sentences of any reader's language. `explain` words one of them."""
    try:
        model.model_validate(values)
    except ValidationError as error:
        return issues_of(error, explain)
    return []


@dataclass
class _Draw:
    root: Schema
    key: str
    issues: dict[str, list[str]]
    #: fields that the caller sets itself, like an order that follows from the place
    skip: frozenset[str] = frozenset()
    #: path → value → what the reader sees, for fields whose values are known, like the episodes of a project
    choices: dict[str, dict[Any, str]] = field(default_factory=dict)
    #: paths that rerun the page when they change, for checks beside the form
    live: frozenset[str] = frozenset()

    def changes(self, path: str) -> str:
        return "rerun" if path in self.live else "ignore"

    def at(self, path: str) -> str:
        return f"{self.key}.{path}"


def fields(
    model: type[BaseModel],
    key: str,
    start: JsonObject | None = None,
    issues: Sequence[Issue] = (),
    *,
    skip: Iterable[str] = (),
    only: Iterable[str] = (),
    choices: dict[str, dict[Any, str]] | None = None,
    live: Iterable[str] = (),
) -> JsonObject:
    """Draw the fields of `model`, beginning with the values in `start`; returns what is in them now.

    `skip` names fields (at any depth) that are not drawn and keep their start value; `only` draws just these top
    fields, so that one form can stand in several places of a page.
    """
    by_path: dict[str, list[str]] = {}
    for issue in issues:
        by_path.setdefault(issue.path, []).append(translate(issue.message, current()))
    root = model.model_json_schema()
    if only:
        root = {**root, "properties": {n: p for n, p in root["properties"].items() if n in set(only)}}
    drawing = _Draw(root, key, by_path, frozenset(skip), choices or {}, frozenset(live))
    values = _object(drawing, root, "", start or {})
    known = _paths(values)
    for path, messages in by_path.items():
        # Errors of fields drawn in another part of the same form are shown there.
        if path not in known and not only:
            for sentence in messages:
                _error(f"{path.replace('.', ' · ')}: {sentence}" if path else sentence)
    return values


def as_typed(values: JsonObject, prefix: str = "") -> JsonObject:
    """Name in the form → what its widget holds, for values of its model; see `drafts.fill`."""
    typed: JsonObject = {}
    for name, value in values.items():
        path = f"{prefix}{name}"
        if isinstance(value, dict):
            typed |= as_typed(value, f"{path}.")
        elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
            typed[f"{path}.#"] = list(range(len(value)))
            for number, item in enumerate(value):
                typed |= as_typed(item, f"{path}~{number}.")
        elif isinstance(value, list):
            typed[path] = "\n".join(map(str, value))
        elif value is not None:
            typed[path] = value
    return typed


def _paths(value: Any, prefix: str = "") -> set[str]:
    paths = {prefix} if prefix else set()
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in pairs:
        paths |= _paths(part, f"{prefix}.{name}" if prefix else str(name))
    return paths


def _error(sentence: str) -> None:
    st.markdown(f":red[:material/error: {plain(sentence)}]")


def _object(drawing: _Draw, schema: Schema, prefix: str, start: JsonObject) -> JsonObject:
    values: JsonObject = {}
    for name, raw in schema.get("properties", {}).items():
        declared = resolve(raw, drawing.root)
        begin = start.get(name, declared.get("default"))
        if name in drawing.skip:
            if name in start:
                values[name] = start[name]
            continue
        path = f"{prefix}.{name}" if prefix else name
        declared["needed"] = name in schema.get("required", [])
        values[name] = _field(drawing, declared, path, begin)
        for sentence in _of_field(drawing, declared, path):
            _error(sentence)
    return values


def _of_field(drawing: _Draw, declared: Schema, path: str) -> list[str]:
    """Issues of a field and, where its entries have no widget of their own, of its entries."""
    messages = list(drawing.issues.get(path, []))
    if declared.get("type") == "array" and resolve(declared.get("items", {}), drawing.root).get("type") != "object":
        for place, sentences in drawing.issues.items():
            if place.startswith(path + "."):
                line = place.removeprefix(path + ".")
                messages += [
                    t("Line {n}: {message}", n=int(line) + 1 if line.isdigit() else line, message=s) for s in sentences
                ]
    return messages


def _label(declared: Schema, path: str) -> str:
    title = t(str(declared.get("title") or path.rsplit(".", 1)[-1].replace("_", " ").capitalize()))
    return title if declared.get("needed") or not declared.get("optional") else f"{title} ({t('optional')})"


def _help(declared: Schema) -> str | None:
    described = declared.get("description")
    return t(str(described)) if described else None


def _field(drawing: _Draw, declared: Schema, path: str, start: Any) -> Any:
    kind = declared.get("type")
    if path in drawing.choices:
        return _multiselect(drawing, declared, path, start)
    if "enum" in declared or "const" in declared:
        return _choice(drawing, declared, path, start)
    if kind == "object" and "properties" in declared:
        with st.container(border=True, key=f"{drawing.at(path)}.box", gap="small"):
            st.markdown(f"**{_label(declared, path)}**", help=_help(declared))
            return _object(drawing, declared, path, start if isinstance(start, dict) else {})
    if kind == "array":
        inner = resolve(declared.get("items", {}), drawing.root)
        if "enum" in inner:
            return _several(drawing, declared, inner, path, start)
        return (
            _rows(drawing, declared, inner, path, start)
            if inner.get("type") == "object"
            else _lines(drawing, declared, inner, path, start)
        )
    if kind in ("integer", "number"):
        return _numeric(drawing, declared, path, start)
    if kind == "boolean":
        switched = drafts.begin_switch(drawing.at(path), bool(start))
        return st.toggle(
            _label(declared, path), switched, key=drawing.at(path), help=_help(declared), on_change="ignore"
        )
    if kind == "string":
        return _text(drawing, declared, path, start)
    return _json(drawing, declared, path, start)


def _text(drawing: _Draw, declared: Schema, path: str, start: Any) -> str | None:
    long = int(declared.get("maxLength", 120)) >= LONG_TEXT
    value = "" if start is None else str(start)
    value = drafts.begin_text(drawing.at(path), value)
    common: JsonObject = {"key": drawing.at(path), "help": _help(declared), "on_change": drawing.changes(path)}
    if long:
        height = 108 if len(value) < 220 else 172
        typed = st.text_area(_label(declared, path), value, height=height, **common)
    else:
        typed = st.text_input(_label(declared, path), value, **common)
    return None if declared.get("optional") and not (typed or "").strip() else (typed or "")


def _numeric(drawing: _Draw, declared: Schema, path: str, start: Any) -> float | int | None:
    whole = declared["type"] == "integer"
    convert: Any = int if whole else float
    low, high = declared.get("minimum"), declared.get("maximum")
    now = None if start is None else convert(start)
    begin = drafts.begin_number(drawing.at(path), now, low, high, whole=whole)
    typed: float | int | None = st.number_input(
        _label(declared, path),
        min_value=None if low is None else convert(low),
        max_value=None if high is None else convert(high),
        value=begin,
        step=1 if whole else 0.1,
        key=drawing.at(path),
        help=_help(declared),
        placeholder=t("empty"),
        on_change="ignore",
    )
    return typed


def _choice(drawing: _Draw, declared: Schema, path: str, start: Any) -> Any:
    options = list(declared.get("enum") or [declared["const"]])
    changes: Any = drawing.changes(path)
    if declared.get("optional"):
        options = [None, *options]
    place = drafts.begin_choice(drawing.at(path), start if start in options else options[0], options)
    return st.selectbox(
        _label(declared, path),
        options,
        index=place,
        format_func=lambda o: "—" if o is None else t(_choice_word(path, str(o))),
        key=drawing.at(path),
        help=_help(declared),
        on_change=changes,
        placeholder="—",
    )


def _choice_word(path: str, value: str) -> str:
    """What a reader reads for a value: that of its field (“way.left”), where the same word means two things."""
    return CHOICES.get(f"{path.rpartition('.')[2]}.{value}", CHOICES.get(value, value))


def _several(drawing: _Draw, declared: Schema, inner: Schema, path: str, start: Any) -> Any:
    """Several of a few known values; none of them means what leaving the field out means."""
    begin = drafts.begin_choices(drawing.at(path), start or [], inner["enum"])
    chosen = st.multiselect(
        _label(declared, path), inner["enum"], begin, format_func=lambda v: t(CHOICES.get(v, str(v))),
        key=drawing.at(path), help=_help(declared), placeholder=t("All"), on_change="ignore",
    )  # fmt: skip
    return chosen or (None if declared.get("optional") else [])


def _multiselect(drawing: _Draw, declared: Schema, path: str, start: Any) -> list[Any] | None:
    """Several of some known values; none chosen means what an empty field means."""
    named = drawing.choices[path]
    begin = drafts.begin_choices(drawing.at(path), [v for v in start or [] if v in named], list(named))
    chosen = st.multiselect(
        _label(declared, path),
        list(named),
        default=begin,
        format_func=named.__getitem__,
        key=drawing.at(path),
        help=_help(declared),
        placeholder=t("all"),
        on_change="ignore",
    )
    return list(chosen) or None


def _lines(drawing: _Draw, declared: Schema, inner: Schema, path: str, start: Any) -> Any:
    """A list of plain values, one a line."""
    start_values = [str(v) for v in start or []]
    about = " ".join(p for p in (_help(declared), t("One a line.")) if p)
    text = drafts.begin_text(drawing.at(path), "\n".join(start_values))
    typed = st.text_area(
        _label(declared, path),
        text,
        key=drawing.at(path),
        help=about,
        height=max(80, 34 + 25 * min(8, len(start_values) + 1)),
        on_change="ignore",
    )
    values: list[Any] = [line.strip() for line in (typed or "").splitlines() if line.strip()]
    if inner.get("type") in ("integer", "number"):
        convert: Any = int if inner["type"] == "integer" else float
        values = [_convert(convert, v) for v in values]
    return None if declared.get("optional") and not values else values


def _convert(convert: Any, value: str) -> Any:
    try:
        return convert(value)
    except ValueError:
        return value


def _rows(drawing: _Draw, declared: Schema, inner: Schema, path: str, start: Any) -> list[JsonObject]:
    """A list of objects: a box each, with a button to take it out and one to add another."""
    slot = f"{drawing.at(path)}.#"
    rows = list(start or [])
    count = max(len(rows), int(declared.get("minItems", 0)))
    begin_with = drafts.begin_rows(slot, list(range(count)))
    if slot not in st.session_state:
        st.session_state[slot] = begin_with
    numbers: list[int] = st.session_state[slot]
    st.markdown(f"**{_label(declared, path)}**", help=_help(declared))
    values = []
    for place, number in enumerate(numbers):
        begin = rows[number] if number < len(rows) else {}
        head = shorten(
            str(begin.get("title") or begin.get("name") or begin.get("beat") or begin.get("content") or ""), 60
        )
        wrong = any(p == f"{path}.{place}" or p.startswith(f"{path}.{place}.") for p in drawing.issues)
        name = f"{place + 1} · {plain(head)}" if head else f"{place + 1}"
        with st.expander(
            name, expanded=wrong or len(numbers) <= 3, key=f"{slot}{number}", icon=":material/error:" if wrong else None
        ):
            # Widgets follow the row's own number, so that taking one out leaves the others as typed.
            moved = _Draw(
                drawing.root, f"{drawing.key}.{path}~{number}", _below(drawing.issues, f"{path}.{place}"), drawing.skip
            )
            value = _object(moved, inner, "", begin)
            if "order" in inner.get("properties", {}) and "order" in drawing.skip:
                value["order"] = place + 1
            values.append(value)
            st.button(
                t("Take out"),
                key=f"{slot}{number}.out",
                icon=":material/remove:",
                type="tertiary",
                on_click=_remove_row,
                args=(slot, number),
            )
    st.button(t("Add"), key=f"{slot}.add", icon=":material/add:", on_click=_append_row, args=(slot,))
    return values


def _below(issues: dict[str, list[str]], prefix: str) -> dict[str, list[str]]:
    return {p.removeprefix(prefix + "."): messages for p, messages in issues.items() if p.startswith(prefix + ".")}


def _append_row(slot: str) -> None:
    st.session_state[slot] = [*st.session_state[slot], max(st.session_state[slot], default=-1) + 1]


def _remove_row(slot: str, number: int) -> None:
    st.session_state[slot] = [n for n in st.session_state[slot] if n != number]


def _json(drawing: _Draw, declared: Schema, path: str, start: Any) -> Any:
    """Anything else is edited as JSON; what cannot be read stays text and fails validation."""
    shown = json.dumps(start if start is not None else {}, ensure_ascii=False, indent=2)
    shown = drafts.begin_text(drawing.at(path), shown)
    typed = st.text_area(_label(declared, path), shown, key=drawing.at(path), help=_help(declared), on_change="ignore")
    try:
        return parse_json(typed or "null")
    except ValueError:
        return typed


def forget(key: str) -> None:
    """Let go of what was typed into the form of that key."""
    for name in [n for n in st.session_state if str(n).startswith(f"{key}.")]:
        del st.session_state[name]


def payload(text: str, model: type[BaseModel] | None) -> tuple[Any, list[str]]:
    """A payload edited as JSON: its value and everything wrong with it, each with its place."""
    try:
        value = parse_json(text)
    except Repeated as error:
        return None, [translate(error.problem, current())]
    except Unreadable as error:
        if error.line:
            return None, [t("Line {line}, column {column}: this is not JSON.", line=error.line, column=error.column)]
        return None, [t("This cannot be read: it is nested too deeply, or a number is too long.")]
    if not isinstance(value, dict):
        return None, [t("The payload must be an object.")]
    issues = check(model, value) if model else []
    return value, [
        f"`{i.path}` {translate(i.message, current())}" if i.path else translate(i.message, current()) for i in issues
    ]


def payload_place(job_id: int) -> str:
    """Where the draft of a job's edited payload is kept."""
    return f"payload/{job_id}"


def payload_editor(key: str, params: JsonObject, model: type[BaseModel] | None) -> JsonObject | None:
    """A JSON editor with what is wrong below it; the payload, None while it cannot be used."""
    shown = json.dumps(params, ensure_ascii=False, indent=2)
    lines = shown.count("\n") + 1
    shown = drafts.begin_text(key, shown)
    typed = st.text_area(
        t("Payload as JSON"), shown, key=key, height=min(420, max(140, 26 * lines)), label_visibility="collapsed"
    )
    value, wrong = payload(typed or "", model)
    for sentence in wrong:
        _error(sentence)
    return None if wrong else value
