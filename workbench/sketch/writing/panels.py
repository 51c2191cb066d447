"""Drafts the long storyboard of a scene: its bible, nine groups, their panels, and the panels in the other language.

Who and what is there is the scene's own; panels are phrases of `books/panels.toml`, which stand there in both languages
and are so found again by each other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from random import Random

from workbench.artifacts.panels import (
    GROUP_KEYS,
    PANELS,
    BibleCharacter,
    CameraAngle,
    CameraMotion,
    Exit,
    GroupAnswer,
    Lens,
    PanelCamera,
    PanelText,
    PlanAnswer,
    PlannedGroup,
    PropState,
    ShotSize,
    StoryboardBible,
    StoryboardCharacter,
    StoryboardState,
    camera_words,
    prefix_of,
    shot_range,
)
from workbench.artifacts.storyboard import CharacterState, Expression, Held
from workbench.json_types import JsonObject
from workbench.sketch import books
from workbench.sketch.books import Pair
from workbench.sketch.reading.beings import PERSON
from workbench.sketch.writing import shots
from workbench.sketch.writing.sentences import first_clause, split_events, upper_first
from workbench.sketch.writing.story import digest, language_of
from workbench.story.names import contains, fold, without_article

MOST_BEATS, MOST_PROPS = 9, 6
#: kind of panel → size, angle, lens, camera motion, in the order of a group; another group begins elsewhere
KINDS: dict[str, tuple[ShotSize, CameraAngle, Lens, CameraMotion]] = {
    "whole": ("ELS", "eye_level", "wide", "static"),
    "full": ("FS", "eye_level", "standard", "follow"),
    "half": ("MS", "eye_level", "standard", "push_in"),
    "pair": ("TWO", "shoulder", "standard", "truck_left"),
    "near": ("MCU", "eye_level", "portrait", "push_in"),
    "insert": ("INS", "eye_level", "macro", "static"),
    "close": ("CU", "eye_level", "telephoto", "static"),
    "low": ("LS", "low", "wide", "tilt_up"),
    "high": ("EST", "high", "ultra_wide", "crane"),
}
NOTHING = Pair("这个地方", "the place")


def write_bible(facts: JsonObject) -> StoryboardBible:
    """The scene's own summary, cast, set and things; `looks`: how each looks, which is not told here."""
    language = language_of(facts)
    said, scene = books.panels().said, facts["scene"]
    names = [str(p["name"]) for p in facts.get("cast") or []]
    characters = []
    for person in facts.get("cast") or []:
        name = str(person["name"])
        look = str((facts.get("looks") or {}).get(name) or "")
        who = str(person.get("description") or "").split("\n")[0][:300].strip()
        others = ("、" if language == "zh" else ", ").join(n for n in names if n != name)
        characters.append(
            BibleCharacter(
                name=name,
                identity=who if who and fold(who) not in fold(look) else said.identity.of(language),
                relation=said.relation.of(language).format(others=others)[:300] if others else "",
            )
        )
    summary = str(scene.get("summary") or scene.get("beat") or facts["title"])
    return StoryboardBible(
        premise=summary[:1500],
        characters=characters,
        setting_lock=_lock(facts)[:1500],
        props_list=list(dict.fromkeys(shots.own_props(facts)))[:MOST_PROPS],
        must_happen_beats=_beats(summary, language, names),
    )


def _lock(facts: JsonObject) -> str:
    """Place, light and hour, as the scene anchor has them."""
    anchor = facts.get("anchor") or {}
    parts = (facts["scene"].get("location"), anchor.get("set"), anchor.get("lighting"), anchor.get("time"))
    return " · ".join(str(p).strip() for p in parts if p and str(p).strip()) or str(facts["title"])


def _beats(summary: str, language: str, names: Sequence[str]) -> list[str]:
    first: dict[str, str] = {}
    for event in split_events(summary, language, names):
        first.setdefault(fold(event), upper_first(event.strip())[:400])
    return list(first.values())[:MOST_BEATS]


def write_plan(facts: JsonObject, rng: Random) -> PlanAnswer:
    """The bible's beats over nine groups; each group goes on from where the one before left everybody."""
    bible, language = StoryboardBible.model_validate(facts["bible"]), language_of(facts)
    placed = _place_beats(len(bible.must_happen_beats))
    goals = [_goal(n, placed, bible.must_happen_beats, language) for n in range(len(GROUP_KEYS))]
    state = _opening(bible, facts, rng)
    groups = []
    for number, (key, goal) in enumerate(zip(GROUP_KEYS, goals, strict=True)):
        start, state = state, _move(state, bible, facts, rng, goals[number + 1 : number + 2])
        first, last = shot_range(key)
        groups.append(
            PlannedGroup(
                group=key, first_shot=first, last_shot=last, goal=goal, beats=placed[number], start=start, end=state
            )
        )
    return PlanAnswer(groups=groups)


def _place_beats(count: int) -> list[list[int]]:
    """Which beats happen in which of nine groups, evenly spread."""
    groups: list[list[int]] = [[] for _ in GROUP_KEYS]
    for beat in range(count):
        groups[(2 * beat + 1) * len(GROUP_KEYS) // (2 * count)].append(beat + 1)
    return groups


def _goal(number: int, placed: Sequence[Sequence[int]], beats: Sequence[str], language: str) -> str:
    """What happens in a group; between two beats, what it is for."""
    if placed[number]:
        return (" " if language == "en" else "").join(_close(beats[b - 1], language) for b in placed[number])[:600]
    goals = books.panels().goals
    later = next((n for n in range(number, len(placed)) if placed[n]), None)
    if later is not None:
        beat = beats[placed[later][0] - 1]
        phrase = goals.before[number % len(goals.before)]
    else:
        earlier = max(n for n in range(number) if placed[n])
        beat = beats[placed[earlier][-1] - 1]
        phrase = goals.after[(number - earlier - 1) % len(goals.after)]
    return _close(phrase.of(language).format(beat=beat), language)[:600]


def _close(text: str, language: str) -> str:
    return (
        text
        if text.endswith(("。", ".", "！", "!", "？", "?", "…", "”"))
        else text + ("。" if language == "zh" else ".")
    )


def _emotion(facts: JsonObject, turn: int) -> str:
    mood = shots.MOODS.get(str(facts.get("position")), shots.MOODS["opening"])
    face: Expression = mood[turn % len(mood)]
    return books.panels().emotions[face].of(language_of(facts))


def _opening(bible: StoryboardBible, facts: JsonObject, rng: Random) -> StoryboardState:
    book = shots.poses_of(facts)
    people = [
        StoryboardCharacter(**shots.open_state(c.name, n, facts, book, rng).model_dump(), emotion=_emotion(facts, n))
        for n, c in enumerate(bible.characters)
    ]
    kept = books.panels().said.kept.of(language_of(facts))
    return StoryboardState(
        characters=people,
        props=[PropState(name=p, state=kept) for p in bible.props_list],
        next_intent=bible.must_happen_beats[0][:300],
    )


def _move(
    state: StoryboardState, bible: StoryboardBible, facts: JsonObject, rng: Random, then: Sequence[str]
) -> StoryboardState:
    """The end of a group: some have moved, a thing may be in a hand. `then`: the next group's goal, if any."""
    book, beings, said = shots.poses_of(facts), shots.read_beings(facts), books.panels().said
    language = language_of(facts)
    people: list[StoryboardCharacter] = []
    holder: dict[str, str] = {}
    for number, character in enumerate(state.characters):
        prop = bible.props_list[number] if number < len(bible.props_list) else ""
        before = CharacterState.model_validate(character.model_dump(exclude={"emotion"}))
        now = shots.move_on(before, book, rng, prop, False, beings.get(character.name, PERSON))
        for held in {now.hands.left, now.hands.right} - {""}:
            holder[held] = character.name
        emotion = _emotion(facts, digest(*then, state.next_intent) + number)
        people.append(StoryboardCharacter(**now.model_dump(), emotion=emotion))
    props = [
        PropState(
            name=p.name,
            state=(said.held if p.name in holder else said.kept).of(language),
            holder=holder.get(p.name, ""),
        )
        for p in state.props
    ]
    return StoryboardState(characters=people, props=props, next_intent="".join(then)[:300])


def write_group(facts: JsonObject) -> GroupAnswer:
    """Nine panels on the way from how the group begins to how it is planned to end."""
    planned = PlannedGroup.model_validate(facts["planned"])
    before, mode = StoryboardState.model_validate(facts["before"]), str(facts["camera_mode"])
    gone = {fold(str(name)) for name in facts.get("gone") or []}
    end = _carry(planned.end, before, gone)
    panels = _Panels(facts, before, end)
    number = GROUP_KEYS.index(planned.group)
    kinds = list(KINDS)
    written = [panels.write(index, kinds[index % len(kinds)], number) for index in range(PANELS)]
    if mode == "A":
        written = [_with_prefix(p) for p in written]
    exits: list[Exit] = []
    return GroupAnswer(summary=planned.goal[:600], panels=written, end=end, exits=exits)


def _with_prefix(panel: PanelText) -> PanelText:
    camera = panel.camera
    assert camera is not None
    return panel.model_copy(update={"en": f"[{camera_words(camera)}] {panel.en}", "camera": None})


def _carry(planned: StoryboardState, before: StoryboardState, gone: set[str]) -> StoryboardState:
    """The planned end with everybody and everything that is there and has not left."""
    people = {fold(c.name): c for c in (*before.characters, *planned.characters) if fold(c.name) not in gone}
    props = {fold(p.name): p for p in (*before.props, *planned.props) if fold(p.name) not in gone}
    names = {c.name for c in people.values()}
    there: list[StoryboardCharacter] = []
    for character in people.values():
        hands = {
            side: held if (prop := props.get(fold(held))) is not None and prop.holder == character.name else ""
            for side, held in character.hands.model_dump().items()
        }
        there.append(character.model_copy(update={"hands": Held(**hands)}))
    kept = [p if p.holder in names else p.model_copy(update={"holder": ""}) for p in props.values()]
    return StoryboardState(characters=there, props=kept, next_intent=planned.next_intent)


class _Panels:
    """Writes the panels of one group."""

    def __init__(self, facts: JsonObject, before: StoryboardState, end: StoryboardState) -> None:
        self._book = books.panels()
        gone = [str(name) for name in facts.get("gone") or []]
        left = [p for p in set_pairs(facts.get("set")) if not any(contains(p.en, without_article(n)) for n in gone)]
        self._things = left or [NOTHING]
        self._states = {
            c.name: (next((b for b in before.characters if b.name == c.name), c), c) for c in end.characters
        }
        self._people = list(self._states)
        self._turn = digest(facts.get("title"), facts["scene"].get("order"))

    def write(self, index: int, kind: str, group: int) -> PanelText:
        size, angle, lens, motion = KINDS[kind]
        turn = self._turn + group * 7 + index
        thing = self._things[turn % len(self._things)].en
        people: list[str] = []
        if not self._people:
            other = self._things[(turn + 1) % len(self._things)].en
            pool = self._book.empty[kind]  # type: ignore[index]
            text = pool[(group + index) % len(pool)].en.format(thing=thing, other=other)
        elif kind == "insert":
            text, people = self._insert(group, turn, thing)
        else:
            name = self._people[(group + index) % len(self._people)]
            others = [n for n in self._people if n != name]
            people = [name, *others[:1]] if kind == "pair" and others else [name]
            pool = self._book.people["alone" if kind == "pair" and not others else kind]  # type: ignore[index]
            state = self._states[name][index >= PANELS // 2]
            does = self._book.stances[state.stance].en
            text = pool[(group + index) % len(pool)].en.format(
                a=name, b=(people[1:] or [name])[0], thing=thing, does=does, prop=""
            )
        camera = PanelCamera(size=size, angle=angle, lens=lens, motion=motion)
        return PanelText(index=index + 1, en=f"{upper_first(text)}.", camera=camera, people=people)

    def _insert(self, group: int, turn: int, thing: str) -> tuple[str, list[str]]:
        """A thing by itself: what somebody holds, where that can be said in English."""
        held = [(h, n) for n, (_, c) in self._states.items() for h in (c.hands.right, c.hands.left) if h]
        if held and group % 2 == 0:
            prop, name = held[turn % len(held)]
            pool = self._book.people["held"]
            return pool[group % len(pool)].en.format(prop=prop, a=name, b="", thing="", does=""), [name]
        pool = self._book.people["insert"]
        return pool[group % len(pool)].en.format(thing=thing, a="", b="", prop="", does=""), []


def set_pairs(anchor: JsonObject | None) -> list[Pair]:
    """The set's own things in both languages, each in a clause; where there is no scene anchor, the place alone."""
    texts = (anchor or {}).get("anchors") or {}
    pairs = [
        Pair(first_clause(zh).rstrip("。"), first_clause(en).rstrip("."))
        for zh, en in zip(texts.get("zh") or [], texts.get("en") or [], strict=False)
    ]
    return pairs or [NOTHING]


class Interpreter:
    """Turns what `write_group` has written into the other language, by the phrases that both are made of."""

    def __init__(self, names: Sequence[str], things: Sequence[Pair]) -> None:
        self._names, self._things = names, things

    def to_chinese(self, text: str) -> str:
        """With its camera in brackets as it stands."""
        # a bracket at its beginning may be part of a name
        named = any(text.casefold().startswith(n.casefold()) for n in self._names if n.startswith("["))
        bracket = "" if named else prefix_of(text)
        own = text[len(bracket) :].strip()
        made = self._find(own.rstrip("."), "en", "zh")
        made = f"{made}。" if made else self._book.unknown.zh.format(text=own)
        return f"{bracket} {made}" if bracket else made

    def to_english(self, text: str, before: str) -> str:
        """`before`: the English of the panel until now, for what no phrase is known for."""
        if self._find(before.strip().rstrip("."), "en", "zh"):
            whole = self._find(text.strip().rstrip("。"), "zh", "en")
            if whole:
                return f"{upper_first(whole)}."
        bracket = prefix_of(before)
        own = text[len(prefix_of(text)) :].strip()
        made = self._find(own.rstrip("。"), "zh", "en")
        tail = self._book.unknown.en.partition("{text}")[2]
        old = before[len(bracket) :].strip().rstrip(".").removesuffix(tail)
        made = upper_first(made) + "." if made else self._book.unknown.en.format(text=old) + "."
        return f"{bracket} {made}" if bracket else made

    @property
    def _book(self) -> books.PanelBook:
        return books.panels()

    def _find(self, text: str, source: str, target: str) -> str | None:
        for pattern, pair in self._patterns[source]:
            match = pattern.fullmatch(text)
            if match:
                slots = {name: self._slot(name, value, source, target) for name, value in match.groupdict().items()}
                if None not in slots.values():
                    return pair.of(target).format(**slots)
        return None

    def _slot(self, name: str, value: str, source: str, target: str) -> str | None:
        name = name.rstrip("0123456789")
        if name in ("thing", "other"):
            pairs: Sequence[Pair] = [*self._things, NOTHING]
        elif name == "does":
            pairs = list(self._book.stances.values())
        else:
            return value
        same = (p for p in pairs if fold(p.of(source)) == fold(value))
        return next((p.of(target) for p in same), None)

    @cached_property
    def _patterns(self) -> Mapping[str, list[tuple[re.Pattern[str], Pair]]]:
        pairs = [p for pool in (*self._book.people.values(), *self._book.empty.values()) for p in pool]
        return {side: [(self._pattern(p.of(side), side), p) for p in pairs] for side in ("zh", "en")}

    def _pattern(self, phrase: str, side: str) -> re.Pattern[str]:
        """What a phrase looks like with its slots filled, in any case."""
        choices = {
            "does": [p.of(side) for p in self._book.stances.values()],
            "thing": [p.of(side) for p in (*self._things, NOTHING)],
            "a": list(self._names),
        }
        choices |= {"other": choices["thing"], "b": choices["a"]}
        pieces, seen = [], set()
        for piece in re.split(r"(\{\w+\})", phrase):
            name = piece[1:-1] if piece.startswith("{") else ""
            if not name:
                pieces.append(re.escape(piece))
            elif name in seen:
                pieces.append(f"(?P={name})")
            else:
                seen.add(name)
                # a thing in a hand has any name; nobody's name is in a scene without people
                options = sorted(choices.get(name, ()), key=len, reverse=True)
                known = "|".join(map(re.escape, options)) or "(?!)"
                pieces.append(f"(?P<{name}>{known if name in choices else '.+?'})")
        return re.compile("".join(pieces), re.IGNORECASE)
