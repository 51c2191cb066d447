"""Drafts a sound design: the air of the set, the weather, what the shots and the story's words make heard, music,
and silence."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
from random import Random

from workbench.artifacts.storyboard import CueType, Dialogue, Intensity, Line, SoundCue, SoundDesign
from workbench.json_types import JsonObject
from workbench.sketch import books
from workbench.sketch.books import ARC, Noise, Pair
from workbench.sketch.books.models import ArcPart
from workbench.sketch.reading.assumptions import is_neutral
from workbench.sketch.reading.beings import PERSON
from workbench.sketch.reading.people import read_cast
from workbench.sketch.reading.samples import is_sample
from workbench.sketch.writing import anchors, places
from workbench.sketch.writing.story import digest, language_of, whole_of
from workbench.story import script
from workbench.story.scene_script import texts
from workbench.story.timing import LINE_S, reading_s

#: nothing shorter is heard as a sound of its own
LEAST_S = 0.4
MOST_EFFECTS, MOST_FOLEY, MOST_SCRIPTED = 2, 2, 8
#: where a scene without words holds its breath, as shares of its length; among words, before the last of them
STILL = (0.6, 0.72)
MOST_STILL_S = 2.0
EFFECT = 0.12
SHOTS = 9


def write_sound_design(facts: JsonObject, rng: Random) -> SoundDesign:
    """Air under all of it, what happens at its time, voices from outside the picture, music, silence where it turns."""
    return _Mixer(facts, rng).design()


class _Mixer:
    def __init__(self, facts: JsonObject, rng: Random) -> None:
        self._facts, self._rng = facts, rng
        language = language_of(facts)
        self._language = language
        self._book = books.noises()
        self._seconds = float(facts["seconds"])
        scene, self._place = facts["scene"], facts.get("anchor") or {}
        location = str(scene.get("location") or self._place.get("location") or "")
        self._text = f"{scene.get('beat') or ''} {scene.get('summary') or ''}"
        self._sample = is_sample(facts)
        known = {} if self._sample else read_cast(facts, whole_of(facts))
        self._human = all(known[p["name"]].being is PERSON for p in facts.get("cast") or [] if p["name"] in known)
        self._kind = self._kind_of(location)
        self._inside = books.sets().kinds[self._kind].inside
        self._turn = int(scene.get("order") or 1) + digest(facts.get("title")) % 97
        position = str(facts.get("position") or "")
        self._position: ArcPart = next((part for part in ARC if part == position), "opening")
        spoken = str(facts.get("dialogue") or "")
        self._dialogue = script.parse(spoken) if spoken else None
        silent = self._dialogue is not None and self._dialogue.silent
        self._still = self._hush() if self._position == "turn" or silent else None

    def design(self) -> SoundDesign:
        cues = [*self._airs(), *self._effects(), *self._foley(), *self._voices(), *self._music()]
        cues += self._scripted({c.description for c in cues})
        if self._still:
            cues.append(self._cue("silence", self._in_turn(self._book.still), *self._still))
        heard = {(c.type, c.description): c for c in reversed(cues)}
        return SoundDesign(
            master_mood=self._mood(), cues=sorted(heard.values(), key=lambda c: (c.from_s, c.type, c.description))
        )

    def _kind_of(self, location: str) -> str:
        if not is_sample(self._facts):
            return anchors.kind_of_scene({**self._facts, "scene": {**self._facts["scene"], "location": location}})
        named = places.archetype_of(location, self._language, sample=True)
        named = named or places.archetype_of(self._text, self._language, sample=True)
        return named or places.default_place(self._language, digest(location)).archetype

    def _hush(self) -> tuple[float, float] | None:
        """Where everything stops; None when people speak without a pause."""
        spoken = list(lines_with_times(self._dialogue, self._seconds))
        if not spoken:
            return STILL
        start, _, gap = spoken[-1]
        first = start - min(gap, MOST_STILL_S)
        return (first / self._seconds, start / self._seconds) if start - first >= LEAST_S + 0.1 else None

    def _airs(self) -> Iterator[SoundCue]:
        night = self._book.night.search(str(self._place.get("time") or ""))
        at_night = self._in_turn(self._book.at_night.at(self._inside)) if self._sample else self._book.quiet
        air = at_night if night else self._book.airs[self._kind]
        yield self._cue("ambience", air, 0, 1, "subtle", loop=True)
        known = self._book.weather if self._sample else self._book.plain_weather
        around = self._around()
        weather = next((w for w in known if w.words.search(around)), None)
        if weather is not None:
            heard = weather.inside if self._inside else weather.outside
            yield self._cue("ambience", heard, 0, 1, "normal", loop=True)

    def _around(self) -> str:
        """What tells of the weather: the set, and the story's own words, without what only sounds like weather."""
        set_weather = str(self._place.get("weather") or "")
        if is_sample(self._facts):
            return f"{set_weather} {self._facts['scene'].get('location') or ''} {self._text}"
        told = anchors.read_scene_hours(self._facts).weather
        if told == "rain":
            # how hard it rains is told by the scene alone
            return f"rain {self._text}"
        return books.sets().weathers[told].weather.en if told else set_weather

    def _effects(self) -> Iterator[SoundCue]:
        """What the scene's words make heard, at about the time that they are told."""
        known = self._book.effects if self._sample else self._book.plain_effects
        effects = [(match.start(), e) for e in known if (match := e.words.search(self._text))]
        chosen = sorted(effects[:MOST_EFFECTS], key=lambda effect: effect[0])
        if not chosen and self._sample:
            yield self._cue("sfx", self._in_turn(self._book.anywhere.at(self._inside)), 0.45, 0.55)
        for at, noise in chosen:
            start = 0.12 + 0.7 * at / max(len(self._text), 1)
            if self._still and start < self._still[1] and start + EFFECT > self._still[0]:
                start = min(self._still[1] + 0.02, 1 - EFFECT)
            after = self._still is not None and start > self._still[1]
            yield self._cue("sfx", noise.text, start, start + EFFECT, "prominent" if after else "normal")

    def _scripted(self, heard: Collection[str]) -> Iterator[SoundCue]:
        """What the script makes heard and nothing else brought, one after the other."""
        wanted = [text for text in texts(self._facts.get("scene_script"), ("sound",)) if text not in heard]
        wanted = list(dict.fromkeys(wanted))[:MOST_SCRIPTED]
        for number, text in enumerate(wanted, start=1):
            start = number / (len(wanted) + 1)
            yield self._cue("sfx", text, start, start + EFFECT / 2)

    def _foley(self) -> Iterator[SoundCue]:
        """What the bodies in the shots do, when their shot is on."""
        ground = self._book.grounds.get(self._kind, self._book.wood).of(self._language)
        heard: list[Noise] = []
        for number, shot in enumerate(self._facts.get("shots") or []):
            doing = " ".join(shot.get("subjects") or [])
            noise = next((n for n in self._book.foley if n not in heard and n.words.search(doing)), None)
            if not self._human or (noise is not None and not self._sample and not is_neutral(noise.en)):
                continue
            # every third shot, so that steps are not on steps
            if noise is not None and number % 3 == len(heard) and len(heard) < MOST_FOLEY:
                heard.append(noise)
                yield self._cue("foley", noise.text, number / SHOTS, (number + 1.6) / SHOTS, ground=ground)
        if not heard and self._facts.get("cast") and self._human:
            yield self._cue("foley", self._book.stir, 0.1, 0.25)

    def _voices(self) -> Iterator[SoundCue]:
        """Narration and thoughts: heard, and nobody's lips move."""
        for start, line, _ in lines_with_times(self._dialogue, self._seconds):
            if line.type in ("narration", "thought"):
                voice = self._book.narrator if line.type == "narration" else self._book.inner
                length = LINE_S + reading_s(line.text)
                shares = start / self._seconds, (start + length) / self._seconds
                yield self._cue("voice_over", voice, *shares, name=line.speaker, text=line.text)

    def _music(self) -> Iterator[SoundCue]:
        """One instrument for the whole story; up to the silence where there is one."""
        end = self._still[0] if self._still else 1.0
        start = 0.0 if self._still else self._rng.choice((0.2, 0.3, 0.4))
        if (end - start) * self._seconds < 1:
            return
        era = anchors.era_of(self._facts)
        instruments = self._book.instruments[era] if era != "" and era != "past" else self._book.plain_instruments
        instrument = instruments[digest(self._facts.get("title")) % len(instruments)].of(self._language)
        yield self._cue("bgm", self._book.music[self._position], start, end, "subtle", i=instrument)

    def _in_turn(self, pool: Sequence[Pair]) -> Pair:
        """Neighbouring scenes take neighbouring entries."""
        return pool[self._turn % len(pool)]

    def _cue(
        self, kind: CueType, words: Pair | str, start: float, end: float, intensity: Intensity = "normal",
        *, loop: bool = False, **slots: str,
    ) -> SoundCue:  # fmt: skip
        """A cue between two shares of the scene; to a tenth downwards, so that nothing ends after it."""
        first = int(min(start, 1) * self._seconds * 10) / 10
        last = min(max(int(end * self._seconds * 10) / 10, first + LEAST_S), self._seconds)
        first = max(min(first, last - LEAST_S), 0.0)
        return SoundCue(
            type=kind,
            description=(words if isinstance(words, str) else words.of(self._language).format(**slots))[:500],
            from_s=round(first, 1),
            to_s=round(last, 1),
            intensity=intensity,
            mood=self._book.moods[self._position].of(self._language),
            loopable=loop,
        )

    def _mood(self) -> str:
        """The mood of this part of the episode, else of the set, else of the place in the arc."""
        own = (str(self._facts.get("mood") or ""), str(self._place.get("mood") or ""))
        moods = (text.strip().rstrip("。.") for text in own)
        return next((m for m in moods if 0 < len(m) <= 200), self._book.moods[self._position].of(self._language))


def lines_with_times(dialogue: Dialogue | None, seconds: float) -> Iterator[tuple[float, Line, float]]:
    """Each line with the second at which it begins and the pause before it, spread evenly over the scene."""
    lines = dialogue.lines if dialogue else []
    lengths = [LINE_S + reading_s(line.text) for line in lines]
    gap = max(seconds - sum(lengths), 0.0) / (len(lines) + 1)
    starts = itertools.accumulate([0.0, *lengths])
    for number, (line, before) in enumerate(zip(lines, starts, strict=False)):
        yield gap * (number + 1) + before, line, gap
