"""The checker: what was made of a story against what is true in it. Each contradiction has a kind, a place and words.

What the facts leave open is never a contradiction, and neither is a picture or a text that leaves it open too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from tests.corpus import words
from tests.corpus.making import Frame, Made, Scene
from tests.corpus.stories import Moment, Person, Story
from workbench.sketch import books
from workbench.sketch.drawing.caption import STAND_IN, replace_missing
from workbench.sketch.drawing.looks import Look

#: every kind of contradiction, in the order of the report
KINDS = (
    "failed", "time", "weather", "things", "place", "inside", "period", "names", "nobody", "lost", "dead",
    "species", "sex", "age", "hair", "beard", "hat", "feet", "changing", "hands", "lines", "steps", "sound",
    "titles", "caption", "language",
)  # fmt: skip
_WHITE = 600
_CHINESE = re.compile(r"[一-鿿㐀-䶿]")
_LATIN = re.compile(r"[A-Za-z]{3,}")


@dataclass(frozen=True)
class Contradiction:
    kind: str
    story: str
    #: "scene 3, shots 4 5"
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.story}, {self.where}: {self.what}"


@dataclass(frozen=True)
class Placed:
    """A scene with the moments of the story that it tells; none for the way there and back. `since`: of the last one
    that has begun. `before`: whom the story is about, and who was there last."""

    scene: Scene
    moments: tuple[Moment, ...]
    since: int
    before: frozenset[str] = frozenset()

    @property
    def where(self) -> str:
        return f"scene {self.scene.outline['order']}"

    def allowed(self, story: Story, field: str) -> frozenset[str]:
        """What a field may be: of one of its moments, else of the whole story; empty where nothing tells."""
        told = [getattr(m, field) for m in self.moments]
        if told and all(told):
            return frozenset().union(*told)
        return getattr(story, field, frozenset())

    def never(self, story: Story) -> frozenset[str]:
        return story.never.union(*(m.never for m in self.moments))


Found = Iterator[tuple[str, str, str]]


def check(made: Made) -> list[Contradiction]:
    """All that contradicts the story, once a scene."""
    story, placed = made.story, place_scenes(made)
    found: dict[tuple[str, str, str], list[str]] = {}
    for kind, where, what in _all(made, story, placed):
        scene, _, shot = where.partition(", shot ")
        found.setdefault((kind, scene, what), []).append(shot)
    return [
        Contradiction(kind, story.name, _with_shots(scene, shots), what) for (kind, scene, what), shots in found.items()
    ]


def _with_shots(scene: str, shots: list[str]) -> str:
    """ "scene 3, shots 1 2 3"; the scene alone where no picture is meant."""
    numbered = list(dict.fromkeys(filter(None, shots)))
    return f"{scene}, shot{'s' if len(numbered) > 1 else ''} {' '.join(numbered)}" if numbered else scene


def count(found: Iterable[Contradiction]) -> dict[str, int]:
    """How many of each kind, also of those that there are none of."""
    number = Counter(c.kind for c in found)
    return {kind: number[kind] for kind in KINDS}


def _all(made: Made, story: Story, placed: list[Placed]) -> Found:
    yield from check_titles(made)
    yield from check_nobody(made)
    for place in placed:
        for look in _OF_A_SCENE:
            yield from look(story, place)
    yield from check_dead(story, placed)
    yield from check_changing(story, placed)
    yield from check_language(made)


# --- which scene tells which moment


def place_scenes(made: Made) -> list[Placed]:
    """Every scene with its moments, by the clauses of the summary that it repeats."""
    placed: list[Placed] = []
    story, since = made.story, -1
    for scene in made.scenes:
        told = tell_moments(story, scene.outline["summary"])
        earlier = story.moments[: min(told)] if told else ()
        before = frozenset(story.leads).union(*[m.people for m in earlier if m.people][-2:])
        since = max([since, *told])
        placed.append(Placed(scene, tuple(story.moments[i] for i in told), since, before))
    return placed


def tell_moments(story: Story, text: str) -> list[int]:
    """The numbers of the moments that a text repeats a clause of."""
    plain = _fold(text)
    least = 6 if story.language == "zh" else 14
    return [
        number
        for number, moment in enumerate(story.moments)
        if any(len(c) >= least and c in plain for c in map(_clause, re.split(r"[，。,.;；：\n]", moment.text)))
    ]


def _clause(text: str) -> str:
    """A clause without the pronoun that it begins with: a scene has the name for it."""
    return re.sub(r"^(?:(?:he|she|it|they) |[他她它]们?)", "", _fold(text))


def _fold(text: str) -> str:
    return " ".join(text.casefold().split())


# --- the hour, the weather, the place, the period


def _generated_of_set(scene: Scene) -> str:
    """The set in words, without what may be the brief's own."""
    anchor = scene.anchor
    texts = [*anchor["scene"].values(), *anchor["lighting"].values(), *anchor["atmosphere"].values()]
    return " ".join(texts)


def named_in(text: str, table: Mapping[str, str]) -> set[str]:
    """Which entries of a table of patterns a text names."""
    return {name for name, pattern in table.items() if re.search(pattern, text, re.IGNORECASE)}


def check_time(story: Story, placed: Placed) -> Found:
    allowed = placed.allowed(story, "time")
    if not allowed:
        return
    if "day" in allowed:
        allowed |= {"noon"}
    for time in sorted(named_in(_generated_of_set(placed.scene), words.TIMES) - allowed):
        if not (time == "day" and allowed & {"dawn", "noon"}):
            yield "time", placed.where, f"{time} in the set's words, {_either(allowed)} in the story"
    for frame in placed.scene.frames:
        time = _drawn_time(frame)
        if time and time not in allowed:
            yield "time", _shot(placed, frame), f"drawn at {time}, {_either(allowed)} in the story"


def _drawn_time(frame: Frame) -> str:
    time = str(frame.where.time)
    return {"morning": "day", "afternoon": "noon"}.get(time, time)


def check_weather(story: Story, placed: Placed) -> Found:
    allowed = placed.allowed(story, "weather")
    if not allowed:
        return
    told = words.NO_WEATHER.sub(" ", _generated_of_set(placed.scene))
    heard = " ".join(c["description"] for c in placed.scene.sound["cues"] if c["type"] in ("ambience", "sfx"))
    for weather in sorted(named_in(f"{told} {heard}", words.WEATHERS) - allowed - {"clear"}):
        yield "weather", placed.where, f"{weather} in set or sound, {_either(allowed)} in the story"
    for frame in placed.scene.frames:
        weather = str(frame.where.weather)
        # a plain grey sky says little, and inside a clear one is not seen
        grey = weather in ("cloudy", "wind") and "clear" not in allowed
        if weather and weather not in allowed and not grey and not (frame.where.inside and weather == "clear"):
            yield "weather", _shot(placed, frame), f"drawn {weather}, {_either(allowed)} in the story"


def check_never(story: Story, placed: Placed) -> Found:
    """Words of another season or place, in all that was made for the scene."""
    outline = placed.scene.outline
    told = _without_clauses(f"{outline['summary']} {outline['beat']} {outline['location']}", story)
    made_up = f"{_texts_of(placed.scene, captions=False)} {told}"
    for word in sorted(placed.never(story)):
        if re.search(_word(word), made_up, re.IGNORECASE):
            yield "things", placed.where, f"“{word}” cannot be there"
    if "snow" in placed.never(story) or "雪" in placed.never(story):
        for frame in placed.scene.frames:
            if frame.where.weather == "snow":
                yield "things", _shot(placed, frame), "drawn in snow"


def check_place(story: Story, placed: Placed) -> Found:
    names = placed.allowed(story, "place")
    location = placed.scene.outline["location"]
    if (
        names
        and location not in words.NO_PLACE
        and not any(re.search(_word(n), location, re.IGNORECASE) for n in names)
    ):
        yield "place", placed.where, f"at “{location}”, which is {_either(names)} in the story"
    inside = {m.inside for m in placed.moments}
    kinds = _kinds(names) | story.kinds
    for frame in placed.scene.frames:
        where = frame.where
        if len(inside) == 1 and None not in inside and where.inside not in inside:
            yield "inside", _shot(placed, frame), f"drawn {'in' if where.inside else 'out of'} doors ({where.kind})"
        elif names and where.kind not in kinds | words.PLAIN:
            yield "place", _shot(placed, frame), f"drawn as {where.kind}, which is {_either(names)} in the story"
        elif not placed.moments and story.kinds and where.kind not in story.kinds | words.PLAIN:
            yield "place", _shot(placed, frame), f"drawn as {where.kind} on the way"
    yield from _check_air(placed, kinds, bool(names))


def _kinds(names: Iterable[str]) -> frozenset[str]:
    return frozenset(kind for n in names for kind in words.PLACES.get(n, "").split())


def _check_air(placed: Placed, kinds: frozenset[str], known: bool) -> Found:
    """The place that is heard."""
    airs = books.noises().airs
    heard = {cue["description"] for cue in placed.scene.sound["cues"]}
    for kind, air in airs.items():
        if known and kind not in kinds and heard & {air.zh, air.en} and kind not in words.PLAIN:
            yield "sound", placed.where, f"sounds like {kind}"


def check_period(story: Story, placed: Placed) -> Found:
    if not story.era:
        return
    made_up = _texts_of(placed.scene, captions=False)
    for eras, pattern in words.PERIODS:
        match = None if eras & story.era else pattern.search(made_up)
        if match and not re.search(re.escape(match.group()), story.words, re.IGNORECASE):
            yield "period", placed.where, f"“{match.group()}” in a story of {_either(story.era)}"
    for frame in placed.scene.frames:
        if frame.where.era and frame.where.era not in story.era:
            yield "period", _shot(placed, frame), f"drawn as {frame.where.era}, {_either(story.era)} in the story"


# --- who is there


def name_people(story: Story, text: str) -> set[str]:
    """Whom a text names; of names that hold one another the longest."""
    names = sorted(((n, p.name) for p in story.people.values() for n in p.names), key=lambda n: -len(n[0]))
    there = set()
    for name, person in names:
        pattern = re.escape(name) if _CHINESE.search(name) else rf"(?<!\w){re.escape(name)}(?!\w)"
        if re.search(pattern, text):
            there.add(person)
            text = re.sub(pattern, " ", text)
    return there


def check_names(story: Story, placed: Placed) -> Found:
    """Nobody is there whom the moment does not have, and nobody is missing whom the scene names."""
    cast, summary = set(placed.scene.outline["cast"]), placed.scene.outline["summary"]
    told = [m.people for m in placed.moments]
    if told and None not in told:
        expected = {name for people in told for name in people or ()}
        # where a sentence names nobody, whoever was there lately may still be
        staying = placed.before if () in told else frozenset()
        for name in sorted(cast - expected - staying):
            yield "names", placed.where, f"{name} is there, {_either(expected) or 'nobody'} in the story"
        for name in sorted((name_people(story, summary) & expected) - cast):
            yield "lost", placed.where, f"{name} is named and not there"
    known = set(story.people) | {c["name"] for c in story.brief()["characters"]} | {story.protagonist}
    for name in sorted(cast - known):
        yield "names", placed.where, f"{name} is nobody of the story"
    for line in placed.scene.dialogue["lines"]:
        person = story.people.get(line["speaker"])
        if person is not None and person.mute:
            yield "lines", placed.where, f"{person.name} speaks"


def check_nobody(made: Made) -> Found:
    """Nobody acts or speaks in a story that has nobody."""
    story = made.story
    if story.people or story.protagonist or story.crowd:
        return
    book = books.phrases(story.language)
    plan = " ".join([made.episode["logline"], *made.episode["beats"], made.episode["scene_scope"]])
    for where, text in [
        ("the plan", plan),
        *((f"scene {s.outline['order']}", s.outline["summary"]) for s in made.scenes),
    ]:
        for name in (book.nobody, book.somebody):
            if name.casefold() in text.casefold():
                yield "nobody", where, f"“{name}” in a story without people"
    for scene in made.scenes:
        spoken = [line["text"] for line in scene.dialogue["lines"] if line["type"] != "narration"]
        if spoken:
            yield "nobody", f"scene {scene.outline['order']}", f"somebody says “{spoken[0]}”"
        outline = scene.outline
        match = words.SOMEBODY.search(_without_clauses(f"{outline['summary']} {outline['beat']}", story))
        if match:
            yield "nobody", f"scene {outline['order']}", f"“{match.group()}” in a story without people"


def check_dead(story: Story, placed: list[Placed]) -> Found:
    """Who has died does nothing in a later scene."""
    told = [max((i for i, p in enumerate(placed) if m in p.moments), default=-1) for m in story.moments]
    for spot, scene in enumerate(placed):
        gone: set[str] = set()
        for number, moment in enumerate(story.moments):
            # who comes back, as a ghost, is there
            gone -= set(moment.people or ()) if number <= scene.since else set()
            gone |= set(moment.dies) if number < scene.since or -1 < told[number] < spot else set()
        back = {n for m in scene.moments for n in m.people or ()}
        acting = set(scene.scene.outline["cast"]) | {line["speaker"] for line in scene.scene.dialogue["lines"]}
        acting |= {s["name"] for frame in scene.scene.frames for s in frame.shot["subjects"]}
        for name in sorted((gone - back) & acting):
            yield "dead", scene.where, f"{name} has died"


def check_people(story: Story, placed: Placed) -> Found:
    """How somebody is drawn."""
    for frame in placed.scene.frames:
        for subject, figure in zip(frame.shot["subjects"], frame.people, strict=True):
            person = story.people.get(subject["name"])
            if person is not None:
                for kind, what in compare(person, figure.look):
                    yield kind, _shot(placed, frame), f"{person.name}: {what}"


def compare(person: Person, look: Look) -> Iterator[tuple[str, str]]:
    """What a drawing claims of somebody against what is true."""
    shape = shape_drawn(look)
    kinds = person.kind.split("|")
    if shape == "person" and not {"person", "spirit"} & set(kinds):
        yield "species", f"{person.kind} drawn as a person"
    if shape != "person" and "person" in kinds:
        yield "species", f"a person drawn as {shape}"
    if shape != "person" or not {"person", "spirit"} & set(kinds):
        return
    sex = sex_drawn(look)
    if person.sex and sex and sex != person.sex:
        yield "sex", f"{person.sex} drawn as {sex}"
    age = age_drawn(look)
    if person.age and age and age not in person.age.split("|"):
        yield "age", f"{person.age} drawn as {age}"
    if person.hair and not _fits_hair(person.hair, look):
        yield "hair", f"{person.hair} drawn as {look.style}"
    if person.beard is not None and look.beard != person.beard:
        yield "beard", "drawn with a beard" if look.beard else "drawn without a beard"
    if person.hat is True and not look.hat:
        yield "hat", "drawn without a hat"
    if person.feet == "bare" and not getattr(look, "barefoot", False):
        yield "feet", "drawn in shoes"


def shape_drawn(look: Look) -> str:
    being = getattr(look, "being", None)
    return "person" if being is None else str(being.shape)


def sex_drawn(look: Look) -> str:
    """ "f" or "m" as the picture reads, "" where it leaves it open."""
    if look.beard or look.style == "topknot":
        return "m"
    return "f" if look.garment == "dress" or look.style in ("bun", "bob", "braid") else ""


def age_drawn(look: Look) -> str:
    return "old" if look.old else "child" if look.height < 0.84 else "adult"


def _fits_hair(hair: str, look: Look) -> bool:
    if hair == "white":
        return sum(look.hair) >= _WHITE
    return look.style == hair or (hair, look.style) == ("long", "wild")


def check_changing(story: Story, placed: list[Placed]) -> Found:
    """Everybody looks the same in every frame."""
    first: dict[str, tuple[Look, str]] = {}
    for scene in placed:
        for frame in scene.scene.frames:
            for subject, figure in zip(frame.shot["subjects"], frame.people, strict=True):
                look, where = first.setdefault(subject["name"], (figure.look, _shot(scene, frame)))
                if look != figure.look:
                    yield "changing", _shot(scene, frame), f"{subject['name']} looks other than in {where}"


def check_hands(story: Story, placed: Placed) -> Found:
    """What cannot hold anything has empty hands, and nobody holds a place or a person."""
    for frame in placed.scene.frames:
        for subject in frame.shot["subjects"]:
            held = [t for t in subject["hands"].values() if t]
            person = story.people.get(subject["name"])
            beast = person is not None and not {"person", "spirit"} & set(person.kind.split("|"))
            if beast and held:
                yield "hands", _shot(placed, frame), f"{subject['name']} holds something"
            elif beast and (match := words.HANDS.search(_without(subject["action"], story))):
                yield "hands", _shot(placed, frame), f"{subject['name']} has {match.group()}"
            for thing in held:
                if thing in story.people or any(
                    re.fullmatch(_word(w), _bare(thing), re.IGNORECASE) for w in words.PLACES
                ):
                    yield "hands", _shot(placed, frame), f"{subject['name']} holds {thing}"


def check_steps(story: Story, placed: Placed) -> Found:
    """Nobody walks where nobody is, and nothing without feet walks in shoes."""
    people = [story.people.get(n) for n in placed.scene.outline["cast"]]
    walks = any(p is None or {"person", "spirit"} & set(p.kind.split("|")) for p in people)
    for cue in placed.scene.sound["cues"]:
        # of the corridor's steps somebody else's are meant
        if cue["type"] == "foley" and not walks and words.STEPS.search(cue["description"]):
            yield (
                "steps",
                placed.where,
                f"“{cue['description']}”, and {_either(placed.scene.outline['cast']) or 'nobody'} is there",
            )


# --- words


def check_titles(made: Made) -> Found:
    titles = [e["title"] for e in [*made.outlines, made.episode]]
    for title in titles:
        for what in fault_of_title(title, made.story):
            yield "titles", "the plan", f"“{title}” {what}"


def fault_of_title(title: str, story: Story) -> Iterator[str]:
    """Why a title is no whole phrase."""
    if not _CHINESE.search(title):
        last = re.sub(r"[^\w']", "", title.split()[-1]) if title.split() else ""
        if last.casefold() in words.DANGLING:
            yield f"ends on “{last}”"
    elif words.CUT_BEFORE.search(title):
        yield "begins in the middle of a phrase"
    elif words.CUT_AFTER.search(title):
        yield "ends in the middle of a phrase"
    for mark, other in ("“”", "（）", "()", "「」"):
        if title.count(mark) != title.count(other):
            yield f"has {mark} without {other}"
    for name in (n for p in story.people.values() for n in p.names):
        cut = _cut_name(title, name, story)
        if cut:
            yield f"cuts the name {name}"


def _cut_name(title: str, name: str, story: Story) -> bool:
    """The title is a stretch of the summary that begins or ends inside this name."""
    start = story.summary.find(title)
    if start < 0 or not _CHINESE.search(name) or len(name) < 2:
        return False
    end = start + len(title)
    spots = [m.start() for m in re.finditer(re.escape(name), story.summary)]
    return any(spot < edge < spot + len(name) for spot in spots for edge in (start, end))


def check_captions(story: Story, placed: Placed) -> Found:
    for frame in placed.scene.frames:
        for word in re.findall(r"\w+", str(frame.shot["caption"])):
            if STAND_IN in replace_missing(word):
                yield "caption", _shot(placed, frame), f"“{replace_missing(word)}” for “{word}”"


def check_language(made: Made) -> Found:
    """What was made up is in the story's language and script."""
    story = made.story
    told = set(story.words)
    for scene in made.scenes:
        where = f"scene {scene.outline['order']}"
        text = _without(_texts_of(scene, captions=True), story)
        if story.language == "en":
            strange = [c for c in text if _CHINESE.match(c) and c not in told]
        elif story.script == "hant":
            strange = [c for c in text if c in words.SIMPLIFIED and c not in told]
        else:
            strange = [w for w in _LATIN.findall(text) if w.casefold() not in story.words.casefold()]
        if strange:
            yield (
                "language",
                where,
                f"“{' '.join(dict.fromkeys(strange[:8]))}” in a story in {story.script or story.language}",
            )


def _texts_of(scene: Scene, *, captions: bool) -> str:
    """What was made up for a scene in the story's language: set, things, actions, lines, sounds; and what is told."""
    anchor = scene.anchor
    own = "zh" if _CHINESE.search(anchor["location"]["type"]) else "en"
    texts = [
        anchor["scene"][own], anchor["location"]["type"], *anchor["anchors"][own], *anchor["lighting"].values(),
        *anchor["atmosphere"].values(), *(c["description"] for c in scene.sound["cues"]),
    ]  # fmt: skip
    for shot in scene.shots:
        texts += [f"{s['action']} {s['gaze']} {' '.join(s['hands'].values())}" for s in shot["subjects"]]
        if captions:
            texts.append(shot["caption"])
    if captions:
        texts += [line["text"] for line in scene.dialogue["lines"]]
    return " ".join(texts)


def _without_clauses(text: str, story: Story) -> str:
    """The text without what the summary says itself."""
    for clause in sorted(re.split(r"[，。,.;；：\n]", story.summary), key=len, reverse=True):
        text = text.replace(clause.strip(), " ") if len(clause.strip()) > 1 else text
    return text


def _without(text: str, story: Story) -> str:
    """The text without the names of the story."""
    for name in sorted((n for p in story.people.values() for n in p.names), key=len, reverse=True):
        text = text.replace(name, " ")
    return text


def _bare(thing: str) -> str:
    return re.sub(r"^(?:the|a|an) ", "", thing.strip(), flags=re.IGNORECASE)


def _word(word: str) -> str:
    return rf"\b{re.escape(word)}s?\b" if word.isascii() else re.escape(word)


def _either(names: Iterable[str]) -> str:
    return " or ".join(sorted(names))


def _shot(placed: Placed, frame: Frame) -> str:
    return f"{placed.where}, shot {frame.shot['order']}"


_OF_A_SCENE: tuple[Callable[[Story, Placed], Found], ...] = (
    check_time, check_weather, check_never, check_place, check_period, check_names, check_people, check_hands,
    check_steps, check_captions,
)  # fmt: skip
