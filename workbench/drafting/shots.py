"""Drafts the nine shots of a scene: its summary as three beats, each beat as three frozen frames.

The people, place and things are the story's own; what changes between two frames is drawn from `poses`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random
from typing import Any

from workbench.artifacts.storyboard import (
    ActionBeat,
    ActionPlan,
    Camera,
    CharacterState,
    Continuity,
    Expression,
    Facing,
    Frame,
    Held,
    KeyframeGroup,
    Position,
    Stance,
    Subject,
)
from workbench.drafting import poses
from workbench.drafting.poses import Poses, poses_for
from workbench.drafting.story import digest, language_of

#: more would crowd a frame
MOST_PEOPLE = 3
#: anchors named in every frame
ANCHORS = 4
BEATS = 3
#: how a scene ends, by where it stands in the episode: what the faces say
MOODS: dict[str, tuple[Expression, ...]] = {
    "opening": ("neutral", "happy", "surprised", "tender"),
    "development": ("determined", "neutral", "surprised", "happy"),
    "turn": ("afraid", "angry", "surprised", "determined"),
    "resolution": ("tender", "sad", "happy", "determined"),
}
POSITIONS: tuple[Position, ...] = ("far_left", "left", "centre", "right", "far_right")
#: where two or three people stand when the scene begins
PLACES: dict[int, tuple[Position, ...]] = {1: ("left",), 2: ("left", "right"), 3: ("left", "centre", "right")}
#: what a body can do next without a cut
FOLLOWS: dict[Stance, tuple[Stance, ...]] = {
    "standing": ("walking", "leaning", "crouching", "sitting"),
    "walking": ("standing", "running", "leaning"),
    "running": ("walking", "standing"),
    "sitting": ("standing", "leaning", "sitting"),
    "kneeling": ("standing", "crouching"),
    "crouching": ("standing", "kneeling"),
    "leaning": ("standing", "sitting", "walking"),
    "lying": ("sitting",),
}
FACINGS: tuple[Facing, ...] = ("left", "right", "camera", "away")


def action_plan(facts: dict[str, Any], rng: Random) -> ActionPlan:
    """Three beats; each person goes on from where the beat before left them."""
    language = language_of(facts)
    book = poses_for(language)
    people = _people(facts)
    texts = _three(str(facts["scene"].get("summary") or facts["scene"].get("beat") or ""), language)
    props = _props(facts, book, rng)
    states = {name: _first(name, i, facts, book, rng) for i, name in enumerate(people)}
    beats = []
    for number, text in enumerate(texts, start=1):
        start = list(states.values())
        mid = [_moved(s, book, rng, props) for s in start]
        end = [_moved(s, book, rng, props) for s in mid]
        states = {s.name: s for s in end}
        beats.append(
            ActionBeat(
                id=f"beat-{number}",
                summary=text[:500],
                intent=book.intents[number - 1],
                start=start,
                mid=mid,
                end=end,
                continuity=_continuity(facts, book, props),
            )
        )
    return ActionPlan(beats=beats)


def group(facts: dict[str, Any], rng: Random) -> KeyframeGroup:
    """The beat's start, middle and end as three pictures; the first is where the beat before stopped."""
    book = poses_for(language_of(facts))
    beat, before = facts["beat"], facts.get("before") or {}
    anchors = facts["anchor"]["anchors"][:ANCHORS]
    was = {s["name"]: s for s in (before.get("end") or {}).get("subjects", [])}
    numbers = {name: i for i, name in enumerate(_people(facts))}
    places: dict[str, Position] = {
        s["name"]: was[s["name"]]["position"]
        if s["name"] in was
        else _place(numbers.get(s["name"], i), len(beat["start"]))
        for i, s in enumerate(beat["start"])
    }
    mood = MOODS.get(str(facts.get("position")), MOODS["opening"])
    shift = digest(beat["summary"], facts["scene"].get("order"))
    moments: dict[str, Frame] = {}
    for index, moment in enumerate(("start", "mid", "end")):
        states = [CharacterState.model_validate(s) for s in beat[moment]]
        if index:
            places = {name: _stepped(place, rng) for name, place in places.items()}
        subjects = [_subject(s, places, mood, shift % 60 + index, i, book, facts) for i, s in enumerate(states)]
        moments[moment] = _frame(facts, beat["summary"], subjects, anchors, index, book, rng)
    camera = before.get("camera") or {"angle": "eye_level", "lens": book.lens, "aspect": facts["aspect_ratio"]}
    return KeyframeGroup(camera=Camera.model_validate(camera), avoid=list(book.avoid), **moments)


def direct(facts: dict[str, Any], rng: Random) -> list[Frame]:
    """All nine frames at once: the beats' frames one after the other."""
    plan = action_plan(facts, rng)
    frames: list[Frame] = []
    before: dict[str, Any] = {}
    for number, beat in enumerate(plan.beats, start=1):
        asked = {**facts, "number": number, "beat": beat.model_dump(mode="json"), "before": before}
        made = group(asked, rng)
        frames += [made.start, made.mid, made.end]
        before = {"camera": made.camera.model_dump(), "end": made.end.model_dump(mode="json")}
    return frames


def _people(facts: dict[str, Any]) -> list[str]:
    return [str(p["name"]) for p in facts.get("cast") or []][:MOST_PEOPLE]


def _three(text: str, language: str) -> list[str]:
    """A scene's summary as three parts, by sentence, then by clause; what is short is told three times by its role."""
    stop, comma = ("。", "，；、") if language == "zh" else (".", ",;")
    parts = [p.strip() for p in re.split(r"[。！？!?]|(?<=[a-z0-9”\"])\.(?:\s|$)", text) if p.strip()]
    while len(parts) < BEATS:
        longest = max(range(len(parts)), key=lambda i: len(parts[i]), default=None)
        if longest is None:
            parts = [text.strip() or stop]
            longest = 0
        pieces = _halves(parts[longest], comma)
        if pieces is None:
            parts.append(parts[-1])
            continue
        parts[longest : longest + 1] = pieces
    whole = len(parts)
    joined = [parts[i * whole // BEATS : (i + 1) * whole // BEATS] for i in range(BEATS)]
    space = "" if language == "zh" else " "
    return [space.join(f"{p}{stop}" for p in chunk) for chunk in joined]


def _halves(text: str, commas: str) -> tuple[str, str] | None:
    """The text cut at the comma nearest to its middle; None when there is none worth cutting at."""
    spots = [i for i, c in enumerate(text) if c in commas and 4 <= i <= len(text) - 5]
    if not spots:
        return None
    at = min(spots, key=lambda i: abs(i - len(text) // 2))
    return text[:at].strip(), text[at + 1 :].strip()


def _props(facts: dict[str, Any], book: Poses, rng: Random) -> list[str]:
    """Things of the story's own that the scene names, else what any hand might hold."""
    told = f"{facts['scene'].get('summary') or ''}{facts['scene'].get('beat') or ''}"
    own = [p for p in facts.get("props") or [] if p and p in told and len(p) <= 30]
    common = list(book.props)
    rng.shuffle(common)
    return (own + common)[:3]


def _first(name: str, index: int, facts: dict[str, Any], book: Poses, rng: Random) -> CharacterState:
    stance: Stance = ("standing", "sitting", "walking")[(digest(name, facts["scene"].get("order")) + index) % 3]
    facing: Facing = "right" if index == 0 else "left"
    return CharacterState(
        name=name, location=rng.choice(book.spots), stance=stance, facing=facing, hands=Held(left="", right="")
    )


def _moved(state: CharacterState, book: Poses, rng: Random, props: Sequence[str]) -> CharacterState:
    """The next moment of somebody: another stance or facing, now and then another hand."""
    stance = rng.choice(FOLLOWS[state.stance])
    facing = (
        rng.choice([f for f in FACINGS if f != state.facing])
        if rng.random() < 0.6 or stance == state.stance
        else state.facing
    )
    location = rng.choice(book.spots) if stance in ("walking", "running") else state.location
    held = state.hands.right
    if rng.random() < 0.5:
        held = "" if held else rng.choice(list(props))
    return CharacterState(
        name=state.name, location=location, stance=stance, facing=facing, hands=Held(left=state.hands.left, right=held)
    )


def _continuity(facts: dict[str, Any], book: Poses, props: Sequence[str]) -> Continuity:
    anchors = facts["anchor"]["anchors"]
    return Continuity(
        background=(book.comma.join(anchors[:2]) or facts["anchor"]["set"])[:400],
        camera=book.camera,
        screen_direction=book.direction,
        axis=book.axis,
        props=[p[:120] for p in props[:1]],
        forbidden=list(book.forbidden),
    )


def _place(index: int, count: int) -> Position:
    places = PLACES.get(max(1, min(count, MOST_PEOPLE)), PLACES[3])
    return places[index % len(places)]


def _stepped(place: Position, rng: Random) -> Position:
    at = POSITIONS.index(place) + rng.choice((-1, 0, 1))
    return POSITIONS[max(0, min(len(POSITIONS) - 1, at))]


def _subject(
    state: CharacterState, places: dict[str, Position], mood: Sequence[Expression], moment: int, index: int,
    book: Poses, facts: dict[str, Any],
) -> Subject:  # fmt: skip
    """A snapshot; action, expression and gaze differ from the moment before, so that no two frames look alike."""
    held = state.hands.right or state.hands.left
    pool = book.holding if held else book.actions[state.stance]
    others = [n for n in places if n != state.name]
    gazes = book.gazes if others else book.gazes_alone
    thing = facts["anchor"]["anchors"][(moment + index) % len(facts["anchor"]["anchors"])]
    gaze = gazes[moment % len(gazes)].format(other=others[0] if others else "", thing=poses.short(thing))
    return Subject(
        name=state.name,
        position=places[state.name],
        orientation=state.facing,
        pose=state.stance,
        action=pool[(moment + index + digest(state.name)) % len(pool)].format(prop=held)[:200],
        expression=mood[(moment + index) % len(mood)],
        gaze=gaze[:120],
        hands=state.hands,
    )


def _frame(
    facts: dict[str, Any],
    summary: str,
    subjects: list[Subject],
    anchors: list[str],
    moment: int,
    book: Poses,
    rng: Random,
) -> Frame:
    composition = book.compositions[(moment + int(facts.get("number") or 1)) % len(book.compositions)]
    return Frame(
        caption=_caption(facts, summary, subjects, moment, book),
        anchors=anchors,
        subjects=subjects,
        composition=composition.format(thing=poses.short(anchors[moment % len(anchors)]))[:400],
        bubble_space=rng.choice(book.bubbles),
    )


def _caption(facts: dict[str, Any], summary: str, subjects: Sequence[Subject], moment: int, book: Poses) -> str:
    """What is seen: first the place and the event, then somebody in it, then a face."""
    place = poses.short(str(facts["anchor"].get("location") or facts["scene"].get("location") or ""))
    event = poses.clause(summary, book.caption_chars, moment)
    if not subjects:
        return book.empty_captions[moment].format(place=place, thing=poses.short(facts["anchor"]["anchors"][moment]))[
            :120
        ]
    who = subjects[moment % len(subjects)]
    if moment == 0 and facts.get("number") == BEATS:
        thing = poses.short(facts["anchor"]["anchors"][0])
        held = who.hands.right or who.hands.left
        closeup = book.hand if held else book.bare if digest(summary) % 2 else book.eyes
        return closeup.format(name=who.name, prop=held, thing=thing)[:120]
    if moment == 0:
        return event[:120]
    if moment == 1:
        return book.seen.format(name=who.name, action=who.action)[:120]
    faces = book.faces[who.expression]
    return faces[digest(summary, who.name) % len(faces)].format(name=who.name)[:120]
