"""Drafts the nine shots of a scene: its summary as three beats, each beat as three frozen frames.

The people, place and things are the story's own; what changes between two frames is drawn from `books/*/poses.toml`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from itertools import combinations
from random import Random

from workbench.artifacts.storyboard import (
    MOMENTS,
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
from workbench.json_types import JsonObject
from workbench.sketch import books
from workbench.sketch.books import Poses
from workbench.sketch.reading.assumptions import is_neutral
from workbench.sketch.reading.beings import ANIMALS, PERSON, Being
from workbench.sketch.reading.people import read_cast
from workbench.sketch.reading.samples import is_sample
from workbench.sketch.reading.things import can_hold
from workbench.sketch.writing import feelings, places, sentences
from workbench.sketch.writing.sentences import clip_to_clauses, first_clause
from workbench.sketch.writing.story import digest, language_of, whole_of
from workbench.story.continuity import process_word
from workbench.story.names import contains
from workbench.story.scene_script import texts

#: more would crowd a frame; of a larger cast the others come in turn
MOST_PEOPLE = 3
#: anchors named in every frame
ANCHORS = 4
BEATS = 3
#: faces of a scene whose words tell no feeling, by where it stands in the episode
MOODS: dict[str, tuple[Expression, ...]] = {
    "opening": ("neutral", "tender", "surprised", "determined"),
    "development": ("determined", "neutral", "surprised", "tender"),
    "turn": ("afraid", "angry", "surprised", "determined"),
    "resolution": ("tender", "sad", "neutral", "happy"),
}
POSITIONS: tuple[Position, ...] = ("far_left", "left", "centre", "right", "far_right")
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
#: (beat, moment) of the close shots, where a back would show nothing
CLOSE = {(2, "mid"), (2, "end"), (3, "start")}
#: less is no event of its own
LEAST_PART = 6
#: an English main clause shorter than this says too little
LEAST_CORE = 18
#: most characters of a thing in somebody's hand
MAX_PROP = {"zh": 10, "en": 30}
_EN_JOINT = re.compile(r"(?:;|:|,\s+(?:and|but|so|while|as|yet)\b|—|–)\s+")
_ZH_JOINT = re.compile(r"[，；：]")


def write_action_plan(facts: JsonObject, rng: Random) -> ActionPlan:
    """Three beats; each person goes on from where the beat before left them."""
    language = language_of(facts)
    book = poses_of(facts)
    people = _people(facts)
    beings = read_beings(facts)
    props = _props(facts, book, rng)
    states = {name: open_state(name, i, facts, book, rng) for i, name in enumerate(people)}
    there = _present(people, 0)
    beats = []
    for number, text in enumerate(_split_in_three(_summary(facts), language, people), start=1):
        moments = {"start": [states[name] for name in there]}
        there = _present(people, number)
        for moment in ("mid", "end"):
            # whoever is close to the camera at the next start must not have turned away at this end
            near = (number, moment) in CLOSE
            for name in there:
                prop = next(iter(props[people.index(name) :]), "")
                states[name] = move_on(states[name], book, rng, prop, near, beings.get(name, PERSON))
            moments[moment] = [states[name] for name in there]
        beats.append(
            ActionBeat(
                id=f"beat-{number}",
                summary=text[:500],
                intent=book.intents[number - 1],
                continuity=_continuity(facts, book, props),
                **moments,
            )
        )
    return ActionPlan(beats=beats)


def poses_of(facts: JsonObject) -> Poses:
    """The book's poses; for any story but a sample, those alone that take no wall, coat or weather for granted."""
    language = language_of(facts)
    return books.poses(language) if is_sample(facts) else told_poses(language)


@functools.cache
def told_poses(language: str) -> Poses:
    book = books.poses(language)
    plain = book.plain
    actions = {s: (*(a for a in texts if is_neutral(a)), *plain.actions[s]) for s, texts in book.actions.items()}
    gazes = (*(g for g in book.gazes_alone if is_neutral(g)), *plain.gazes_alone[:2])
    told = {"spots": plain.spots, "props": (), "actions": actions, "gazes_alone": tuple(dict.fromkeys(gazes))}
    return book.model_copy(update=told)


def read_beings(facts: JsonObject) -> dict[str, Being]:
    """What kind of being each of the scene's people is; in a sample all are persons."""
    return {} if is_sample(facts) else {n: p.being for n, p in read_cast(facts, whole_of(facts)).items()}


def write_keyframe_group(facts: JsonObject, rng: Random) -> KeyframeGroup:
    """The beat's start, middle and end as three pictures; the first is where the beat before stopped."""
    book, beings = poses_of(facts), read_beings(facts)
    beat, before = facts["beat"], facts.get("before") or {}
    number = int(facts.get("number") or 1)
    anchors = facts["anchor"]["anchors"][:ANCHORS]
    was: dict[str, Position] = {s["name"]: s["position"] for s in (before.get("end") or {}).get("subjects", [])}
    turn = digest(facts.get("title"), facts["scene"].get("order"), facts["scene"].get("summary")) % 60 + 3 * number
    moments: dict[str, Frame] = {}
    for index, moment in enumerate(MOMENTS):
        states = [CharacterState.model_validate(s) for s in beat[moment]]
        was = _arrange([s.name for s in states], was, rng, moves=index > 0)
        subjects = [
            _subject(
                s, was, _faces(facts, beat["summary"], turn, i)[index], turn + index, i, book, facts,
                beings.get(s.name, PERSON),
            )
            for i, s in enumerate(states)
        ]  # fmt: skip
        moments[moment] = Frame(
            caption=_caption(facts, beat["summary"], subjects, number, index, book, beings),
            anchors=anchors,
            subjects=subjects,
            composition=book.compositions[(turn + index) % len(book.compositions)].format(
                thing=first_clause(anchors[(turn + index) % len(anchors)])
            )[:400],
            bubble_space=rng.choice(book.bubbles),
        )
    camera = before.get("camera") or {"angle": "eye_level", "lens": book.lens, "aspect": facts["aspect_ratio"]}
    return KeyframeGroup(camera=Camera.model_validate(camera), avoid=list(book.avoid), **moments)


def write_frames(facts: JsonObject, rng: Random) -> list[Frame]:
    """All nine frames at once: the beats' frames one after the other."""
    plan = write_action_plan(facts, rng)
    frames: list[Frame] = []
    before: JsonObject = {}
    for number, beat in enumerate(plan.beats, start=1):
        group = write_keyframe_group(
            {**facts, "number": number, "beat": beat.model_dump(mode="json"), "before": before}, rng
        )
        frames += [group.start, group.mid, group.end]
        before = {"camera": group.camera.model_dump(), "end": group.end.model_dump(mode="json")}
    return frames


def _people(facts: JsonObject) -> list[str]:
    return [str(p["name"]) for p in facts.get("cast") or []]


def _present(people: Sequence[str], beat: int) -> list[str]:
    """Who is there from the middle of a beat on: the first stays, the others of a large cast take turns."""
    if len(people) <= MOST_PEOPLE:
        return list(people)
    others = people[1:]
    return [people[0], *(others[(beat * (MOST_PEOPLE - 1) + i) % len(others)] for i in range(MOST_PEOPLE - 1))]


def _summary(facts: JsonObject) -> str:
    """What happens: as the script shows it, where there is one."""
    shown = texts(facts.get("scene_script"), ("action",))
    if shown:
        return ("" if language_of(facts) == "zh" else " ").join(shown)
    return str(facts["scene"].get("summary") or facts["scene"].get("beat") or "")


def _split_in_three(text: str, language: str, people: Sequence[str]) -> list[str]:
    """A scene's summary as three parts, by event, then by clause; what cannot be cut is told more than once."""
    parts = sentences.split_events(text, language, people)
    while len(parts) < BEATS:
        at = max(range(len(parts)), key=lambda i: len(parts[i]))
        pieces = _split_in_two(parts[at], _ZH_JOINT if language == "zh" else _EN_JOINT)
        if pieces is None:
            parts.append(parts[-1])
        else:
            parts[at : at + 1] = pieces
    whole = len(parts)
    stop, space = ("。", "") if language == "zh" else (".", " ")
    chunks = [parts[i * whole // BEATS : (i + 1) * whole // BEATS] for i in range(BEATS)]
    return [space.join(f"{sentences.upper_first(p)}{stop}" for p in chunk) for chunk in chunks]


def _split_in_two(text: str, joint: re.Pattern[str]) -> list[str] | None:
    """The text cut at the joint nearest to its middle; None when there is none worth cutting at."""
    spots = [m for m in joint.finditer(text) if m.start() >= LEAST_PART and len(text) - m.end() >= LEAST_PART]
    if not spots:
        return None
    at = min(spots, key=lambda m: abs(m.start() - len(text) // 2))
    return [text[: at.start()].strip(), text[at.end() :].strip()]


def _props(facts: JsonObject, book: Poses, rng: Random) -> list[str]:
    """Things of the story's own that the scene names, then what any hand might hold; one for each person."""
    own = own_props(facts)
    common = list(book.props)
    rng.shuffle(common)
    return own + common


def own_props(facts: JsonObject) -> list[str]:
    """Things of the story's own that the scene names and a hand can hold."""
    language = language_of(facts)
    text = f"{_summary(facts)} {facts['scene'].get('beat') or ''}"
    return [
        p
        for p in facts.get("props") or []
        if len(p) <= MAX_PROP[language]
        and contains(text, p)
        and (places.archetype_of(p, language, sample=True) is None if is_sample(facts) else can_hold(p, language))
        and process_word(p) is None
        and p not in _people(facts)
    ]


def _follows(stance: Stance, being: Being) -> tuple[Stance, ...]:
    """What a body can do next. An animal neither kneels nor leans, and a thing stays upright."""
    if being is PERSON:
        return FOLLOWS[stance]
    if being.shape not in ANIMALS:
        return ("standing",)
    return tuple(s for s in FOLLOWS[stance] if s in ("standing", "walking", "running", "crouching")) or ("standing",)


def open_state(name: str, index: int, facts: JsonObject, book: Poses, rng: Random) -> CharacterState:
    stance: Stance = ("standing", "sitting", "walking")[(digest(name, facts["scene"].get("order")) + index) % 3]
    being = read_beings(facts).get(name, PERSON)
    if being is not PERSON and (stance == "sitting" or being.shape not in ANIMALS):
        stance = "standing"
    facing: Facing = "right" if index == 0 else "left"
    return CharacterState(name=name, location=rng.choice(book.spots), stance=stance, facing=facing)


def move_on(state: CharacterState, book: Poses, rng: Random, prop: str, near: bool, being: Being) -> CharacterState:
    """The next moment of somebody: another stance or facing, now and then something in a hand."""
    stance = rng.choice(_follows(state.stance, being))
    facing = state.facing
    if stance == state.stance or rng.random() < 0.6 or (near and facing == "away"):
        facing = rng.choice([f for f in FACINGS if f != state.facing and not (near and f == "away")])
    location = rng.choice(book.spots) if stance in ("walking", "running") else state.location
    hands = state.hands
    if prop and being is PERSON and rng.random() < 0.5:
        side = "left" if digest(state.name) % 4 == 0 else "right"
        hands = Held() if hands.left or hands.right else Held(**{side: prop[:80]})
    return CharacterState(name=state.name, location=location, stance=stance, facing=facing, hands=hands)


def _continuity(facts: JsonObject, book: Poses, props: Sequence[str]) -> Continuity:
    anchors = facts["anchor"]["anchors"]
    return Continuity(
        background=(book.comma.join(anchors[:2]) or facts["anchor"]["set"])[:400],
        camera=book.camera,
        screen_direction=book.direction,
        axis=book.axis,
        props=[p[:120] for p in props[:1]],
        forbidden=list(book.forbidden),
    )


def _arrange(people: Sequence[str], was: Mapping[str, Position], rng: Random, *, moves: bool) -> dict[str, Position]:
    """Each person at a place of their own: in the same order from left to right, at most a step from where they
    were."""
    if not moves and all(name in was for name in people):
        return {name: was[name] for name in people}
    at = {name: POSITIONS.index(was[name]) for name in people if name in was}
    order = sorted(at, key=lambda name: at[name]) + [name for name in people if name not in at]
    if len(order) > len(POSITIONS):
        return {name: POSITIONS[i * len(POSITIONS) // len(order)] for i, name in enumerate(order)}

    def cost(option: tuple[int, ...]) -> int:
        far = sum(max(0, abs(at[name] - spot) - 1) for name, spot in zip(order, option, strict=True) if name in at)
        stays = moves and all(at.get(name) == spot for name, spot in zip(order, option, strict=True))
        return 10 * far + stays + (0 in option) + (len(POSITIONS) - 1 in option)

    options = list(combinations(range(len(POSITIONS)), len(order)))
    least = min(cost(option) for option in options)
    chosen = rng.choice([option for option in options if cost(option) == least])
    return {name: POSITIONS[spot] for name, spot in zip(order, chosen, strict=True)}


def _faces(facts: JsonObject, summary: str, turn: int, index: int) -> tuple[Expression, Expression, Expression]:
    """The three expressions of somebody during a beat: toward what the beat makes them feel, or of the scene's mood."""
    felt = feelings.feeling_of(summary)
    if felt is None:
        mood = MOODS.get(str(facts.get("position")), MOODS["opening"])
        return mood[(turn + index) % 4], mood[(turn + index + 1) % 4], mood[(turn + index + 2) % 4]
    if index:
        felt = feelings.ANSWERS[felt]
    return (*feelings.APPROACH[felt], felt)


def _subject(
    state: CharacterState, where: Mapping[str, Position], expression: Expression, turn: int, index: int,
    book: Poses, facts: JsonObject, being: Being,
) -> Subject:  # fmt: skip
    """A snapshot; action and gaze differ from those of the turn before, so that no two frames look alike."""
    held = state.hands.right or state.hands.left
    actions = book.actions if being is PERSON else book.plain.actions
    pool = book.holding if held else actions[state.stance]
    others = [n for n in where if n != state.name]
    gazes = book.gazes if others else book.gazes_alone if being is PERSON else book.plain.gazes_alone
    thing = facts["anchor"]["anchors"][(turn + index) % len(facts["anchor"]["anchors"])]
    gaze = gazes[turn % len(gazes)].format(other=others[0][:60] if others else "", thing=first_clause(thing))
    return Subject(
        name=state.name,
        position=where[state.name],
        orientation=state.facing,
        pose=state.stance,
        action=pool[(turn + index + digest(state.name)) % len(pool)].format(prop=held)[:200],
        expression=expression,
        gaze=gaze[:120],
        hands=state.hands,
    )


def _caption(
    facts: JsonObject, summary: str, subjects: Sequence[Subject], number: int, moment: int, book: Poses,
    beings: Mapping[str, Being],
) -> str:  # fmt: skip
    """What is seen: wide shots tell the event, middle ones what somebody does, close ones a face or a hand."""
    language = language_of(facts)
    anchors = facts["anchor"]["anchors"]
    shot = 3 * (number - 1) + moment
    if not subjects:
        place = first_clause(str(facts["anchor"].get("location") or facts["scene"].get("location") or ""))
        thing = first_clause(anchors[shot % len(anchors)])
        return _clip_caption(book.empty_captions[shot % 3].format(place=place, thing=thing), book)
    who = subjects[shot % len(subjects)]
    fronts = [s for s in subjects if s.orientation != "away"]
    held = who.hands.right or who.hands.left
    doing = book.seen.format(name=who.name, action=who.action)
    if shot in (0, 3, 7):
        parts = _split_in_three(_summary(facts), language, _people(facts))
        fresh = summary not in parts[: number - 1] and any(c.isalnum() for c in summary)
        caption = summary if fresh else doing
    elif shot == 2 and len(subjects) > 1:
        caption = book.together.format(name=subjects[0].name, other=subjects[1].name)
    elif shot in (2, 5, 6) and beings.get((fronts[shot % len(fronts)] if fronts else who).name, PERSON) is not PERSON:
        caption = (
            doing if shot != 5 else book.plain.face.format(name=(fronts[shot % len(fronts)] if fronts else who).name)
        )
    elif shot in (2, 5) and fronts:
        face = fronts[shot % len(fronts)]
        pool = book.faces[face.expression]
        caption = pool[digest(summary, face.name) % len(pool)].format(name=face.name)
    elif shot == 6 and beings.get(who.name, PERSON) is PERSON:
        closeup = book.hand if held else book.eyes if who in fronts and digest(summary) % 2 else book.bare
        caption = closeup.format(name=who.name, prop=held, thing=first_clause(anchors[0]))
    else:
        caption = doing
    return _clip_caption(caption, book, language, _people(facts))


def _clip_caption(text: str, book: Poses, language: str = "", people: Sequence[str] = ()) -> str:
    """A caption that reads at a glance: whole if it fits, else its main clause, else as much as there is room for."""
    if len(text.rstrip("。. ")) > book.caption_chars and language == "en":
        core = sentences.extract_core(text.rstrip(". "), "en", people)
        text = sentences.upper_first(core) if len(core) >= LEAST_CORE else text
    return clip_to_clauses(text, book.caption_chars)
