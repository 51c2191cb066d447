"""A scene's dialogue as plain text, one line each, and back without loss.

``[对白|愤怒|压低声音] 王生：你别过来。``  ·  ``[dialogue|angry] Jim: Don't.``  ·  ``[旁白] 灯灭了。``  ·  ``[silent]
She only looks.``

Inside brackets ``|`` and ``]``, in names a colon, and everywhere a line break and the backslash are written with a
backslash before them (``\\n`` for the break). A line without brackets is dialogue: ``Jim: Don't.``
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import ValidationError

from workbench.artifacts.storyboard import Dialogue, Line, LineType
from workbench.errors import InvalidInput, Issue, all_of
from workbench.i18n import N_, Text
from workbench.validation import issues_of

LABELS: dict[str, dict[LineType, str]] = {
    "zh": {"dialogue": "对白", "monologue": "独白", "narration": "旁白", "thought": "心理"},
    "en": {"dialogue": "dialogue", "monologue": "monologue", "narration": "narration", "thought": "thought"},
}
SILENT = {"zh": "静场", "en": "silent"}
MOST_LINES, MOST_REASON = 6, 300
_TYPES: dict[str, LineType] = {
    **{label.casefold(): kind for labels in LABELS.values() for kind, label in labels.items()},
    "對白": "dialogue",
    "獨白": "monologue",
}
_SILENT = {*(word.casefold() for word in SILENT.values()), "靜場"}
_HEAD = re.compile(r"^\[(?P<meta>(?:\\.|[^\]\\])*)\]\s?(?P<rest>.*)$", re.DOTALL)
_NAME = re.compile(r"^(?P<name>(?:\\.|[^:：\\])+)[:：]\s?(?P<text>.*)$", re.DOTALL)


@dataclass(frozen=True)
class _Silent:
    reason: str


def to_text(dialogue: Dialogue, language: str) -> str:
    """One line per spoken line; a silent scene is one line with its reason."""
    if dialogue.silent:
        return f"[{SILENT[language]}] {_escape(dialogue.reason, '')}".rstrip()
    return "\n".join(_line(line, language) for line in dialogue.lines)


def _line(line: Line, language: str) -> str:
    # an empty emotion keeps its place when notes follow it
    meta = [LABELS[language][line.type], *([line.emotion] if line.emotion or line.notes else []), *line.notes]
    head = "|".join(_escape(part, "|]") for part in meta)
    if not line.speaker:
        return f"[{head}] {_escape(line.text, '')}"
    colon = "：" if language == "zh" else ": "
    return f"[{head}] {_escape(line.speaker, ':：')}{colon}{_escape(line.text, '')}"


def parse(text: str) -> Dialogue:
    """The dialogue of such a text; blank lines do not count. Raises InvalidInput naming every line that is none."""
    issues: list[Issue] = []
    lines: list[Line] = []
    silent: str | None = None
    for number, raw in enumerate(text.splitlines(), start=1):
        if not raw.strip():
            continue
        line = _read(raw.strip())
        if isinstance(line, Text):
            issues.append(Issue(f"line {number}", line))
        elif isinstance(line, _Silent):
            if silent is not None:
                issues.append(Issue(f"line {number}", Text(N_("A scene is silent once; give one reason."))))
            silent = line.reason
        else:
            lines.append(line)
    if not issues and silent is None and not lines:
        issues.append(Issue("", Text(N_("There is no line. A silent scene is written as [silent] with its reason."))))
    if silent is not None and lines:
        issues.append(Issue("", Text(N_("A silent scene has no lines; remove one or the other."))))
    if len(lines) > MOST_LINES:
        issues.append(Issue("", Text(N_("At most 6 lines; there are {count}."), count=len(lines))))
    if issues:
        raise InvalidInput(all_of(issues), issues)
    return Dialogue(silent=silent is not None, reason=silent or "", lines=lines)


def _read(raw: str) -> Line | _Silent | Text:
    """A line, the reason of a silent scene, or what is wrong."""
    head = _HEAD.match(raw)
    if head is None and raw.startswith("["):
        return Text(N_("has no closing bracket; write it as [type|emotion] Name: text"))
    meta = [_unescape(p) for p in _split(head["meta"])] if head else ["dialogue"]
    rest = head["rest"] if head else raw
    label = meta[0].strip().casefold()
    if head and label in _SILENT:
        return _silence(meta[1:], _unescape(rest).strip())
    kind = _TYPES.get(label)
    if kind is None:
        return Text(
            N_("“{label}” is no type of line; use {known}"), label=meta[0], known=", ".join(LABELS["en"].values())
        )
    speaker, text = "", rest
    if kind != "narration":
        named = _NAME.match(rest)
        if named is None:
            return Text(N_("has no speaker; write it as [type|emotion] Name: text"))
        speaker, text = _unescape(named["name"]), named["text"]
    emotion, notes = (meta[1] if len(meta) > 1 else ""), meta[2:]
    try:
        return Line(type=kind, speaker=speaker, emotion=emotion, notes=notes, text=_unescape(text))
    except ValidationError as error:
        return all_of(issues_of(error))


def _silence(more: list[str], reason: str) -> _Silent | Text:
    if more:
        return Text(N_("a silent scene has neither emotion nor notes; write it as [silent] and the reason"))
    if len(reason) > MOST_REASON:
        return Text(N_("the reason has {count} characters; at most {most}"), count=len(reason), most=MOST_REASON)
    return _Silent(reason)


def _escape(text: str, marks: str) -> str:
    text = text.replace("\\", "\\\\")
    for mark in marks:
        text = text.replace(mark, f"\\{mark}")
    # every character at which splitlines would break
    return re.sub(
        r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]", lambda m: f"\\u{ord(m[0]):04x}" if m[0] != "\n" else "\\n", text
    )


def _unescape(text: str) -> str:
    return re.sub(
        r"\\(?:u([0-9a-f]{4})|(.))", lambda m: chr(int(m[1], 16)) if m[1] else "\n" if m[2] == "n" else m[2], text
    )


def _split(meta: str) -> list[str]:
    """The parts between bare bars."""
    parts, escaped = [""], False
    for char in meta:
        if char == "|" and not escaped:
            parts.append("")
            continue
        parts[-1] += char
        escaped = char == "\\" and not escaped
    return parts
