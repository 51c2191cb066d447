"""Does one frame follow from another? Pure checks over action plans and frame groups.

Names are compared without case and spaces; an alias counts as its character.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TypeVar

from workbench.artifacts.storyboard import MOMENTS, ActionPlan, Camera, CharacterState, Frame, KeyframeGroup, Subject
from workbench.errors import Issue
from workbench.i18n import N_, Text
from workbench.story import shown
from workbench.story.names import NameIndex, fold, names_of

#: two frames of one beat differ by at least so much
MIN_DIFFERENCE = 3
#: words that tell a course of events, which no single picture can show
PROCESS_ZH = (
    "然后", "接着", "随后", "逐渐", "渐渐", "慢慢", "正在", "开始", "继续", "不断", "转而", "变得", "陆续",
    "然後", "接著", "隨後", "逐漸", "漸漸", "開始", "繼續", "不斷", "轉而", "變得", "陸續",
)  # fmt: skip
PROCESS_EN = re.compile(
    r"\b(?:then|gradually|slowly|begins?|starts?|continues?|keeps? \w+ing|afterwards|becomes?|little by little)\b",
    re.IGNORECASE,
)


class Cast:
    """Who may be seen in a scene, under every name they go by."""

    def __init__(self, names: Iterable[str], characters: Iterable[Mapping[str, object]] = ()) -> None:
        names, characters = list(names), list(characters)
        library, wanted = NameIndex(characters), {fold(n) for n in names}
        meant = {library.find(n) for n in names}
        cast = [c for c in characters if c["name"] in meant or wanted & {fold(n) for n in names_of(c)}]
        known = {fold(n) for c in cast for n in names_of(c)}
        unknown = {fold(n): n for n in reversed(names) if fold(n) not in known and library.find(n) is None}
        strangers = [{"name": n} for n in names if n in unknown.values()]
        self._index = NameIndex([*cast, *strangers])
        self._exact = {fold(n): str(c["name"]) for c in reversed([*cast, *strangers]) for n in reversed(names_of(c))}
        #: each character once, under its own name, as the library has them
        self.names = list(dict.fromkeys(str(c["name"]) for c in [*cast, *strangers]))

    def __bool__(self) -> bool:
        return bool(self.names)

    def of(self, name: str) -> str | None:
        """The character's own name; None for a stranger."""
        return self._index.find(name) or self._exact.get(fold(name))

    def find_shown(self, text: str) -> list[str]:
        """The own names of those whom a sentence shows, and does not only tell of."""
        return shown.find_people(text, self._index)


def plan_issues(plan: ActionPlan, cast: Cast) -> list[Issue]:
    """Beats have ids of their own, show the scene's people alone, and each begins as the one before ended."""
    issues = []
    ids = [b.id for b in plan.beats]
    for repeated in sorted({i for i in ids if ids.count(i) > 1}):
        issues.append(Issue("beats", Text(N_("the id “{id}” is used twice"), id=repeated)))
    for number, beat in enumerate(plan.beats):
        for moment in MOMENTS:
            states: list[CharacterState] = getattr(beat, moment)
            issues += people_issues(f"beats.{number}.{moment}", [s.name for s in states], cast)
    for number, (before, after) in enumerate(pairwise(plan.beats)):
        issues += _state_issues(f"beats.{number + 1}.start", before.end, after.start, cast)
    return issues


def _state_issues(path: str, end: Sequence[CharacterState], start: Sequence[CharacterState], cast: Cast) -> list[Issue]:
    was = {cast.of(s.name) or s.name: s for s in end}
    now = {cast.of(s.name) or s.name: s for s in start}
    issues = _same_people(path, was, now)
    for name in (n for n in was if n in now):
        for part in ("location", "stance", "facing", "hands"):
            a, b = getattr(was[name], part), getattr(now[name], part)
            if _value(a) != _value(b):
                issues.append(_jump(f"{path}.{name}.{part}", a, b))
    return issues


def group_issues(
    group: KeyframeGroup, beat_start: Sequence[CharacterState], beat_end: Sequence[CharacterState], cast: Cast,
    anchors: Sequence[str], aspect: str, before: KeyframeGroup | None,
) -> list[Issue]:  # fmt: skip
    """The three frames of a beat: who is in them, what stays, how much changes, and how they join the beat before."""
    frames = {"start": group.start, "mid": group.mid, "end": group.end}
    issues = []
    if group.camera.aspect != aspect:
        message = Text(N_("is {given}; the story's aspect ratio is {wanted}"), given=group.camera.aspect, wanted=aspect)
        issues.append(Issue("camera.aspect", message))
    for moment, frame in frames.items():
        issues += frame_issues(moment, frame, cast, anchors)
    if {tuple(f.anchors) for f in frames.values()} != {tuple(group.start.anchors)}:
        issues.append(Issue("anchors", Text(N_("the three frames must name the same anchors in the same order"))))
    for (a, first), (b, second) in pairwise(frames.items()):
        issues += _difference_issues(f"{a}→{b}", first, second, cast)
    issues += _plan_match_issues("start", group.start, beat_start, cast) + _plan_match_issues(
        "end", group.end, beat_end, cast
    )
    if before is not None:
        issues += join_issues(before, group, cast)
    return issues


def frame_issues(path: str, frame: Frame, cast: Cast, anchors: Sequence[str]) -> list[Issue]:
    """One picture: only the scene's people, only the scene's anchors, only one moment."""
    issues = people_issues(f"{path}.subjects", [s.name for s in frame.subjects], cast)
    unknown = [a for a in frame.anchors if a not in anchors]
    if unknown:
        message = Text(
            N_("{unknown} is none of the scene's anchors; copy them word for word: {known}"),
            unknown="; ".join(unknown),
            known="; ".join(anchors),
        )
        issues.append(Issue(f"{path}.anchors", message))
    for number, subject in enumerate(frame.subjects):
        word = process_word(subject.action)
        if word:
            message = Text(N_("“{word}” tells a course of events; describe one frozen moment"), word=word)
            issues.append(Issue(f"{path}.subjects.{number}.action", message))
    return issues


def people_issues(path: str, names: Sequence[str], cast: Cast) -> list[Issue]:
    """Known people, each once; somebody where the scene has a cast, nobody where it has none."""
    issues = []
    strangers = [n for n in names if cast.of(n) is None]
    if strangers:
        message = Text(
            N_("{names} is not in this scene's cast; only: {known}"),
            names=", ".join(strangers),
            known=", ".join(cast.names) or "—",
        )
        issues.append(Issue(path, message))
    known = [cast.of(n) for n in names if cast.of(n)]
    if len(known) != len(set(known)):
        issues.append(Issue(path, Text(N_("somebody is named twice"))))
    if cast and not names:
        issues.append(
            Issue(path, Text(N_("nobody is there; show at least one of: {known}"), known=", ".join(cast.names)))
        )
    return issues


def process_word(text: str) -> str | None:
    """The first word of a text that tells a course of events."""
    chinese = next((w for w in PROCESS_ZH if w in text), None)
    english = PROCESS_EN.search(text)
    return chinese or (english.group(0) if english else None)


def difference(a: Frame, b: Frame, cast: Cast) -> int:
    """How far two frames are apart: 1 for each changed field of somebody, 2 for somebody who comes or goes."""
    was = {cast.of(s.name) or s.name: s for s in a.subjects}
    now = {cast.of(s.name) or s.name: s for s in b.subjects}
    score = 2 * len(was.keys() ^ now.keys())
    for name in was.keys() & now.keys():
        before, after = was[name], now[name]
        fields = ("position", "orientation", "pose", "action", "expression", "gaze")
        score += sum(_value(getattr(before, f)) != _value(getattr(after, f)) for f in fields)
        score += (before.hands.left != after.hands.left) + (before.hands.right != after.hands.right)
    return score


def _difference_issues(path: str, a: Frame, b: Frame, cast: Cast) -> list[Issue]:
    if not a.subjects and not b.subjects:
        if fold(a.composition) != fold(b.composition):
            return []
        return [Issue(path, Text(N_("the two frames show the same picture; change the composition")))]
    score = difference(a, b, cast)
    if score >= MIN_DIFFERENCE:
        return []
    message = Text(
        N_(
            "too little changes ({score} of at least {least}): change position, pose, action, expression, gaze or hands"
        ),
        score=score,
        least=MIN_DIFFERENCE,
    )
    return [Issue(path, message)]


def _plan_match_issues(path: str, frame: Frame, planned: Sequence[CharacterState], cast: Cast) -> list[Issue]:
    """The frame shows people as the plan has them at that moment."""
    states = {cast.of(s.name) or s.name: s for s in planned}
    absent = [s.name for s in frame.subjects if cast.of(s.name) in set(cast.names) - states.keys()]
    issues = []
    if absent:
        message = Text(
            N_("the plan does not have {names} here; only: {known}"),
            names=", ".join(absent),
            known=", ".join(states) or "—",
        )
        issues.append(Issue(f"{path}.subjects", message))
    for number, subject in enumerate(frame.subjects):
        state = states.get(cast.of(subject.name) or subject.name)
        if state is None:
            continue
        for own, theirs in (("pose", "stance"), ("orientation", "facing"), ("hands", "hands")):
            a, b = getattr(state, theirs), getattr(subject, own)
            if _value(a) != _value(b):
                message = Text(N_("is {now}; the plan has {was} here"), now=_text_of(b), was=_text_of(a))
                issues.append(Issue(f"{path}.subjects.{number}.{own}", message))
    return issues


def join_issues(before: KeyframeGroup, after: KeyframeGroup, cast: Cast) -> list[Issue]:
    """Between two beats nothing jumps: the same camera (the size of the shot is free), anchors and people as they
    were."""
    issues = [
        _jump(f"camera.{part}", getattr(before.camera, part), getattr(after.camera, part))
        for part in Camera.model_fields
        if _value(getattr(before.camera, part)) != _value(getattr(after.camera, part))
    ]
    if before.end.anchors != after.start.anchors:
        issues.append(_jump("start.anchors", "; ".join(before.end.anchors), "; ".join(after.start.anchors)))
    was = {cast.of(s.name) or s.name: s for s in before.end.subjects}
    now = {cast.of(s.name) or s.name: s for s in after.start.subjects}
    issues += _same_people("start.subjects", was, now)
    for name in (n for n in was if n in now):
        for part in ("position", "orientation", "pose", "hands"):
            a, b = getattr(was[name], part), getattr(now[name], part)
            if _value(a) != _value(b):
                issues.append(_jump(f"start.subjects.{name}.{part}", a, b))
    return issues


def _same_people(path: str, was: Mapping[str, object], now: Mapping[str, object]) -> list[Issue]:
    gone, new = [n for n in was if n not in now], [n for n in now if n not in was]
    if not gone and not new:
        return []
    message = Text(
        N_("must begin with the people the beat before ended with; missing: {gone}; not there before: {new}"),
        gone=", ".join(gone) or "—",
        new=", ".join(new) or "—",
    )
    return [Issue(path, message)]


def _jump(path: str, was: object, now: object) -> Issue:
    return Issue(
        path,
        Text(
            N_("jumps: the beat before ends with {was}, this begins with {now}"), was=_text_of(was), now=_text_of(now)
        ),
    )


def _value(value: object) -> object:
    return fold(value) if isinstance(value, str) else value


def _text_of(value: object) -> str:
    left, right = getattr(value, "left", None), getattr(value, "right", None)
    return str(value) if left is None else f"{left or '—'} / {right or '—'}"


Person = TypeVar("Person", Subject, CharacterState)


def use_own_names(people: Sequence[Person], cast: Cast) -> list[Person]:
    """The same people under their own names."""
    return [p.model_copy(update={"name": cast.of(p.name) or p.name}) for p in people]
