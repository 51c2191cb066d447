"""Does a long storyboard hold together? Pure checks of its bible, plan, groups and translations.

Names are compared as `Cast` does: an alias counts as its character. Things are compared without case and spaces. What
is wrong with a group is told apart: its form can be mended alone, what breaks off from the group before cannot.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from workbench.artifacts.panels import (
    CameraMode,
    Exit,
    GroupAnswer,
    PanelText,
    PlanAnswer,
    PlannedGroup,
    PropState,
    StoryboardBible,
    StoryboardState,
    prefix_of,
)
from workbench.errors import Issue
from workbench.i18n import N_, Text
from workbench.story import shown, text_checks
from workbench.story.continuity import Cast
from workbench.story.names import fold, without_article

#: a look that is copied from the library is at least so long
LEAST_LOOK = {"zh": 6, "en": 16}
_HAN = re.compile(r"[㐀-鿿豈-﫿\U00020000-\U0003ffff]")
_LATIN = re.compile(r"[A-Za-z]")
_CLAUSE = re.compile(r"[，。；、,.;\n]+")


@dataclass(frozen=True)
class Break(Issue):
    """An issue of continuity: what was there is not gone on with."""


def fold_thing(name: str) -> str:
    """“The Lamp” and “lamp” are one thing."""
    return fold(without_article(name))


# --- bible ----------------------------------------------------------------------------------------------------


def bible_issues(bible: StoryboardBible, cast: Cast, looks: Mapping[str, str]) -> list[Issue]:
    """The scene's people, each once and no other; no looks, which the library tells; each thing and beat once.
    `looks`: how each looks by the library."""
    issues = _known_issues("characters", [c.name for c in bible.characters], cast)
    there = {cast.of(c.name) for c in bible.characters}
    missing = [name for name in cast.names if name not in there]
    if missing:
        message = Text(N_("these people of the scene are missing: {names}"), names=", ".join(missing))
        issues.append(Issue("characters", message))
    for number, character in enumerate(bible.characters):
        look = looks.get(cast.of(character.name) or "", "")
        for name in ("identity", "relation"):
            copied = _find_look(getattr(character, name), look)
            if copied:
                message = Text(N_("tells how somebody looks (“{look}”); the library does that"), look=copied)
                issues.append(Issue(f"characters.{number}.{name}", message))
    issues += _repeats("props_list", [fold_thing(p) for p in bible.props_list], bible.props_list)
    return issues + _repeats("must_happen_beats", [fold(b) for b in bible.must_happen_beats], bible.must_happen_beats)


def _find_look(text: str, look: str) -> str:
    """A clause of somebody's looks that stands in a text word for word."""
    least = LEAST_LOOK["zh" if _HAN.search(look) else "en"]
    clauses = (c.strip() for c in _CLAUSE.split(look))
    return next((c for c in clauses if len(c) >= least and fold(c) in fold(text)), "")


def _repeats(path: str, folded: Sequence[str], shown: Sequence[str]) -> list[Issue]:
    first: dict[str, int] = {}
    issues = []
    for number, text in enumerate(folded):
        if first.setdefault(text, number) != number:
            issues.append(Issue(f"{path}.{number}", Text(N_("“{text}” stands here twice"), text=shown[number][:80])))
    return issues


# --- people and things ----------------------------------------------------------------------------------------


def _known_issues(path: str, names: Sequence[str], cast: Cast) -> list[Issue]:
    """Only the scene's people, each once."""
    issues = []
    strangers = [n for n in names if cast.of(n) is None]
    if strangers:
        known = ", ".join(cast.names) or "—"
        message = Text(
            N_("{names} is not in this scene's cast; only: {known}"), names=", ".join(strangers), known=known
        )
        issues.append(Issue(path, message))
    own = [cast.of(n) for n in names if cast.of(n)]
    if len(own) != len(set(own)):
        issues.append(Issue(path, Text(N_("somebody is named twice"))))
    return issues


def state_issues(path: str, state: StoryboardState, cast: Cast, things: Collection[str]) -> list[Issue]:
    """Known people and things, each once; what is held is held by somebody who is there, and in one place alone.
    `things`: names that the bible knows."""
    issues = _known_issues(f"{path}.characters", [c.name for c in state.characters], cast)
    known = {fold_thing(t): t for t in things}
    issues += _repeats(f"{path}.props", [fold_thing(p.name) for p in state.props], [p.name for p in state.props])
    there = {cast.of(c.name) or c.name for c in state.characters}
    props = {fold_thing(p.name): p for p in state.props}
    for number, prop in enumerate(state.props):
        if fold_thing(prop.name) not in known:
            message = Text(
                N_("“{name}” is none of the bible's things: {known}"), name=prop.name, known=", ".join(things) or "—"
            )
            issues.append(Issue(f"{path}.props.{number}.name", message))
        if prop.holder and (cast.of(prop.holder) or prop.holder) not in there:
            message = Text(N_("{holder} holds it, but is not there"), holder=prop.holder)
            issues.append(Issue(f"{path}.props.{number}.holder", message))
    for number, character in enumerate(state.characters):
        own = cast.of(character.name) or character.name
        for side in ("left", "right"):
            held = getattr(character.hands, side)
            if held:
                issues += _held_issues(f"{path}.characters.{number}.hands.{side}", held, own, props, cast)
    return issues


def _held_issues(path: str, held: str, own: str, props: Mapping[str, PropState], cast: Cast) -> list[Issue]:
    prop = props.get(fold_thing(held))
    if prop is None:
        message = Text(N_("“{name}” is in a hand, but not among the things that are there"), name=held)
        return [Issue(path, message)]
    if (cast.of(prop.holder) or prop.holder) != own:
        message = Text(
            N_("“{name}” is in the hand of {own}, but its holder is {holder}"),
            name=held, own=own, holder=prop.holder or "—",
        )  # fmt: skip
        return [Issue(path, message)]
    return []


# --- plan -----------------------------------------------------------------------------------------------------


def plan_issues(plan: PlanAnswer, bible: StoryboardBible, cast: Cast) -> list[Issue]:
    """Every beat has its group, people and things are known, and each group begins as the one before ended."""
    issues = []
    count = len(bible.must_happen_beats)
    for number, group in enumerate(plan.groups):
        unknown = [b for b in group.beats if not 1 <= b <= count]
        if unknown:
            message = Text(N_("there is no beat {beats}; only 1–{count}"), beats=_listed(unknown), count=count)
            issues.append(Issue(f"groups.{number}.beats", message))
        for edge in ("start", "end"):
            issues += state_issues(f"groups.{number}.{edge}", getattr(group, edge), cast, bible.props_list)
    told = {b for group in plan.groups for b in group.beats}
    for beat in range(1, count + 1):
        if beat not in told:
            message = Text(
                N_("beat {n} “{beat}” happens in no group"), n=beat, beat=bible.must_happen_beats[beat - 1][:120]
            )
            issues.append(Issue("groups", message))
    issues += _repeats("groups", [fold(g.goal) for g in plan.groups], [g.goal for g in plan.groups])
    for number, (before, after) in enumerate(pairwise(plan.groups)):
        issues += _join_issues(f"groups.{number + 1}.start", before.end, after.start, cast)
    return issues


def _join_issues(path: str, end: StoryboardState, start: StoryboardState, cast: Cast) -> list[Issue]:
    """Between two groups nothing jumps."""
    was = {cast.of(c.name) or c.name: c for c in end.characters}
    now = {cast.of(c.name) or c.name: c for c in start.characters}
    issues = _same_there(f"{path}.characters", was, now)
    for name in (n for n in was if n in now):
        for part in ("location", "stance", "facing", "emotion", "hands"):
            a, b = getattr(was[name], part), getattr(now[name], part)
            if _value(a) != _value(b):
                issues.append(_jump(f"{path}.characters.{name}.{part}", a, b))
    things = {fold_thing(p.name): p for p in end.props}
    things_now = {fold_thing(p.name): p for p in start.props}
    issues += _same_there(
        f"{path}.props", {p.name: p for p in things.values()}, {_shown(p, things): p for p in things_now.values()}
    )
    for key in (k for k in things if k in things_now):
        for part in ("state", "holder"):
            a, b = getattr(things[key], part), getattr(things_now[key], part)
            if _value(cast.of(a) or a if part == "holder" else a) != _value(cast.of(b) or b if part == "holder" else b):
                issues.append(_jump(f"{path}.props.{things[key].name}.{part}", a or "—", b or "—"))
    return issues


def _shown(prop: PropState, known: Mapping[str, PropState]) -> str:
    return known.get(fold_thing(prop.name), prop).name


def _same_there(path: str, was: Mapping[str, object], now: Mapping[str, object]) -> list[Issue]:
    gone, new = [n for n in was if n not in now], [n for n in now if n not in was]
    if not gone and not new:
        return []
    message = Text(
        N_("must begin with what the group before ended with; missing: {gone}; not there before: {new}"),
        gone=", ".join(gone) or "—",
        new=", ".join(new) or "—",
    )
    return [Issue(path, message)]


def _jump(path: str, was: object, now: object) -> Issue:
    message = N_("jumps: the group before ends with {was}, this begins with {now}")
    return Issue(path, Text(message, was=_told(was), now=_told(now)))


def _told(value: object) -> str:
    left, right = getattr(value, "left", None), getattr(value, "right", None)
    return str(value) if left is None else f"{left or '—'} / {right or '—'}"


def _value(value: object) -> object:
    left, right = getattr(value, "left", None), getattr(value, "right", None)
    if left is not None and right is not None:
        return fold_thing(left), fold_thing(right)
    return fold(value) if isinstance(value, str) else value


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(str(n) for n in numbers)


# --- groups ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class GroupFrame:
    """What a group has to fit: its plan entry, what was there before it, and who or what has left for good."""

    planned: PlannedGroup
    bible: StoryboardBible
    cast: Cast
    mode: CameraMode
    #: the end of the group before; of the first one, how the plan says it begins
    before: StoryboardState
    #: fold → as it was called
    gone: Mapping[str, str] = field(default_factory=dict)
    #: brackets with which a person lets sentences begin, which are no cameras
    own_brackets: Collection[str] = ()

    def person(self, name: str) -> str:
        return self.cast.of(name) or name

    def identify(self, name: str) -> str:
        """One key for a person or a thing under any of its names."""
        own = self.cast.of(name)
        return fold(own) if own else fold_thing(name)


def group_issues(answer: GroupAnswer, frame: GroupFrame) -> list[Issue]:
    """All that is wrong: form first, then continuity."""
    return form_issues(answer, frame) + continuity_issues(answer, frame)


def form_issues(answer: GroupAnswer, frame: GroupFrame) -> list[Issue]:
    """Nine panels, numbered, no two alike, in English, with the camera where the mode wants it and the scene's people
    alone."""
    issues = []
    if [p.index for p in answer.panels] != list(range(1, 10)):
        issues.append(Issue("panels", Text(N_("panels must be numbered 1..9 in order"))))
    names = _names_in_english(frame)
    issues += _repeats("panels", [_bare(p.en) for p in answer.panels], [p.en for p in answer.panels])
    for number, panel in enumerate(answer.panels):
        path = f"panels.{number}"
        issues += camera_issues(path, panel.en, panel.camera is not None, frame.mode, names, frame.own_brackets)
        issues += english_issues(f"{path}.en", panel.en, names)
        issues += _known_issues(f"{path}.people", panel.people, frame.cast)
    return issues + state_issues("end", answer.end, frame.cast, frame.bible.props_list)


def _bare(text: str) -> str:
    """A sentence without its camera in brackets, folded."""
    return fold(text[len(prefix_of(text)) :])


def alike_issues(
    given: Sequence[tuple[int, str]], others: Mapping[int, str], chinese: Mapping[int, str]
) -> list[Issue]:
    """No text that is given, (number, text), says what another panel of its group says, unless their Chinese is the
    same as well. `others`: what counts of the panels that are not given; all by number."""
    issues = []
    for number, (index, text) in enumerate(given):
        before = {**others, **dict(given[:number])}
        alike = [other for other, said in before.items() if other != index and _bare(said) == _bare(text)]
        if any(_bare(chinese.get(other, "")) != _bare(chinese.get(index, "")) for other in alike):
            issues.append(Issue(f"panels.{number}", Text(N_("“{text}” stands here twice"), text=text[:80])))
    return issues


def _names_in_english(frame: GroupFrame) -> list[str]:
    return [*frame.cast.names, *frame.bible.props_list, *(c.name for c in frame.bible.characters)]


def camera_issues(
    path: str,
    en: str,
    has_camera: bool,
    mode: CameraMode,
    names: Iterable[str] = (),
    own_brackets: Collection[str] = (),
) -> list[Issue]:
    """Mode A: in brackets before the sentence, and nowhere else; mode B: in its own fields. `own_brackets`: those that
    are no cameras."""
    bracket = prefix_of(en)
    if mode == "A":
        if not bracket:
            return [
                Issue(f"{path}.en", Text(N_("camera mode A: begin with the camera in brackets, like [MS, eye level]")))
            ]
        if has_camera:
            return [
                Issue(f"{path}.camera", Text(N_("camera mode A: the camera stands in the sentence; leave this out")))
            ]
        return []
    if not has_camera:
        return [Issue(f"{path}.camera", Text(N_("camera mode B: give size, angle, lens and motion")))]
    if bracket and bracket not in own_brackets and not _opens_name(en, names):
        return [
            Issue(
                f"{path}.en",
                Text(N_("camera mode B: the camera has its own fields; leave {bracket} out"), bracket=bracket),
            )
        ]
    return []


def _opens_name(text: str, names: Iterable[str]) -> bool:
    """The bracket is no camera, but how somebody's name begins."""
    return any(name.startswith("[") and text.casefold().startswith(name.casefold()) for name in names)


def english_issues(path: str, text: str, names: Iterable[str]) -> list[Issue]:
    """English, save for names."""
    for name in sorted({n for n in names if n}, key=len, reverse=True):
        text = text.replace(name, " ")
    if _HAN.search(text):
        return [Issue(path, Text(N_("is not English: “{text}”"), text="".join(_HAN.findall(text))[:20]))]
    return []


def chinese_issues(path: str, text: str, names: Sequence[str] = ()) -> list[Issue]:
    """Chinese, whatever names stand in it; no English sentence with a Chinese character behind it."""
    if text_checks.is_chinese(text, names):
        return []
    return [Issue(path, Text(N_("is not Chinese")))]


def continuity_issues(answer: GroupAnswer, frame: GroupFrame) -> list[Issue]:
    """Whoever and whatever was there is still there or has left by name; what is gone does not come back."""
    exits = {frame.identify(e.name): e for e in answer.exits}
    ends = {frame.identify(c.name) for c in answer.end.characters} | {frame.identify(p.name) for p in answer.end.props}
    issues: list[Issue] = []
    for name in (*(c.name for c in frame.before.characters), *(p.name for p in frame.before.props)):
        key = frame.identify(name)
        if key not in ends and key not in exits:
            message = Text(
                N_("{name} was there when the group began: keep it in the end state, or name it among the exits"),
                name=name,
            )
            issues.append(Break("end", message))
    issues += _planned_issues(answer, frame, ends, exits)
    issues += _exit_issues(answer, frame, ends)
    issues += _vanished_issues(answer, frame, ends | exits.keys())
    for number, panel in enumerate(answer.panels):
        left = {key: e for key, e in exits.items() if key not in frame.gone and panel.index > e.panel}
        for path, key, name in _list_seen(panel, frame, {**{k: e.name for k, e in left.items()}, **frame.gone}):
            message = (
                Text(N_("{name} leaves in panel {panel}"), name=name, panel=left[key].panel)
                if key in left
                else Text(N_("{name} has left in an earlier group"), name=name)
            )
            issues.append(Break(f"panels.{number}.{path}", message))
    for key in sorted(ends & frame.gone.keys()):
        issues.append(Break("end", Text(N_("{name} has left in an earlier group"), name=frame.gone[key])))
    return issues


def _vanished_issues(answer: GroupAnswer, frame: GroupFrame, told: Collection[str]) -> list[Issue]:
    """Whoever came in is there at the end or has left by name. `told`: whoever is or has."""
    known = {frame.identify(c.name) for c in (*frame.before.characters, *frame.planned.end.characters)}
    seen = [(panel, name) for panel in reversed(answer.panels) for name in panel.people if frame.cast.of(name)]
    came = {frame.identify(name): (panel, name) for panel, name in seen}
    message = N_("{name} is there in panel {panel}: keep it in the end state, or name it among the exits")
    return [
        Break("end", Text(message, name=name, panel=panel.index))
        for key, (panel, name) in reversed(came.items())
        if key not in told and key not in known and key not in frame.gone
    ]


def _list_seen(panel: PanelText, frame: GroupFrame, away: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """(field, key, name) of those of `away` (key → name) whom a panel names among its people, or shows in its words."""
    people = {frame.identify(name): name for name in panel.people}
    words = [frame.identify(name) for name in frame.cast.find_shown(panel.en)]
    things = {key: name for key, name in away.items() if frame.cast.of(name) is None}
    words += shown.find_things(panel.en, things, frame.bible.props_list)
    named = [("people", key, name) for key, name in people.items() if key in away]
    return named + [("en", key, away[key]) for key in words if key in away and key not in people]


def _planned_issues(
    answer: GroupAnswer, frame: GroupFrame, ends: Collection[str], exits: Mapping[str, Exit]
) -> list[Issue]:
    """The people whom the plan has at the end are there."""
    issues: list[Issue] = []
    for character in frame.planned.end.characters:
        key = frame.identify(character.name)
        if key not in ends and key not in exits and key not in frame.gone:
            before = {frame.identify(c.name) for c in frame.before.characters}
            if key not in before:
                message = Text(N_("the plan has {name} at the end of this group"), name=character.name)
                issues.append(Break("end.characters", message))
    return issues


def _exit_issues(answer: GroupAnswer, frame: GroupFrame, ends: Collection[str]) -> list[Issue]:
    there = {frame.identify(c.name) for c in frame.before.characters}
    there |= {frame.identify(p.name) for p in frame.before.props}
    there |= {frame.identify(n) for p in answer.panels for n in p.people}
    there |= {fold_thing(p) for p in frame.bible.props_list}
    issues = _repeats("exits", [frame.identify(e.name) for e in answer.exits], [e.name for e in answer.exits])
    for number, leaving in enumerate(answer.exits):
        key = frame.identify(leaving.name)
        if key in ends:
            message = Text(N_("{name} has left, and cannot be in the end state"), name=leaving.name)
            issues.append(Break(f"exits.{number}", message))
        elif key in frame.gone:
            message = Text(N_("{name} has left in an earlier group"), name=leaving.name)
            issues.append(Break(f"exits.{number}", message))
        elif key not in there:
            message = Text(N_("{name} was never there, and cannot leave"), name=leaving.name)
            issues.append(Break(f"exits.{number}", message))
    return issues


# --- translations ---------------------------------------------------------------------------------------------


def index_issues(given: Sequence[int], sent: Sequence[int]) -> list[Issue]:
    """What comes back is what was sent: each number once, in order."""
    if list(given) == list(sent):
        return []
    message = Text(N_("must be numbered {sent}, got {given}"), sent=_listed(sent), given=_listed(given) or "—")
    return [Issue("panels", message)]


def prefix_issues(path: str, text: str, wanted: str, own: str, names: Iterable[str]) -> list[Issue]:
    """The camera in brackets, `wanted`, is kept letter for letter. `own`: the bracket that the other language begins
    with, camera or not."""
    if prefix_of(text) == wanted:
        return []
    if not wanted:
        if own or _opens_name(text, names):
            return []
        return [Issue(path, Text(N_("has a camera in brackets that the other language does not have")))]
    return [Issue(path, Text(N_("must begin with {prefix} as it stands, untranslated"), prefix=wanted))]


def translation_issues(
    given: Sequence[tuple[int, str]], sent: Mapping[int, str], brackets: Mapping[int, str], names: Sequence[str],
    language_issues: Callable[[str, str], list[Issue]],
) -> list[Issue]:  # fmt: skip
    """(number, text) of each panel against what was sent, by number. `brackets`: the camera in brackets of each; empty
    where it has none."""
    issues = index_issues([index for index, _ in given], list(brackets))
    for number, (index, text) in enumerate(given):
        path = f"panels.{number}"
        if index in brackets:
            issues += prefix_issues(path, text, brackets[index], prefix_of(sent[index]), names)
        bracket = brackets.get(index, "")
        issues += language_issues(path, text[len(bracket) :] if text.startswith(bracket) else text)
    return issues


def gone_after(exits: Iterable[Exit], cast: Cast) -> dict[str, str]:
    """Who and what has left, by the key that `GroupFrame.identify` gives."""
    return {(fold(own) if (own := cast.of(e.name)) else fold_thing(e.name)): e.name for e in exits}


def use_own_names(state: StoryboardState, cast: Cast) -> StoryboardState:
    """The same state with everybody under their own name."""
    own: Callable[[str], str] = lambda name: cast.of(name) or name  # noqa: E731
    return state.model_copy(
        update={
            "characters": [c.model_copy(update={"name": own(c.name)}) for c in state.characters],
            "props": [p.model_copy(update={"holder": own(p.holder) if p.holder else ""}) for p in state.props],
        }
    )
