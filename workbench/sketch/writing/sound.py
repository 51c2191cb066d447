"""Drafts a sound design: the air of the set, the weather, what the shots and the story's words make heard, music, and silence."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from random import Random
from typing import Any

from workbench.artifacts.storyboard import CueType, Dialogue, Intensity, Line, SoundCue, SoundDesign
from workbench.sketch.writing import anchors, noises, places
from workbench.sketch.writing.noises import Noise
from workbench.sketch.writing.sets import SETS, Pair
from workbench.sketch.writing.story import digest, language_of
from workbench.story import script
from workbench.story.timing import LINE_S, reading_s

#: nothing shorter is heard as a sound of its own
LEAST_S = 0.4
MOST_EFFECTS, MOST_FOLEY = 2, 2
#: where a scene without words holds its breath, as shares of its length; among words, before the last of them
STILL = (0.6, 0.72)
MOST_STILL_S = 2.0
EFFECT = 0.12
SHOTS = 9


def sound_design(facts: dict[str, Any], rng: Random) -> SoundDesign:
    """Air under all of it, what happens at its time, voices from outside the picture, music, silence where it turns."""
    return _Mixer(facts, rng).design()


class _Mixer:
    def __init__(self, facts: dict[str, Any], rng: Random) -> None:
        self._facts, self._rng = facts, rng
        language = language_of(facts)
        self._own = 0 if language == "zh" else 1
        self._seconds = float(facts["seconds"])
        scene, self._place = facts["scene"], facts.get("anchor") or {}
        location = str(scene.get("location") or self._place.get("location") or "")
        self._told = f"{scene.get('beat') or ''} {scene.get('summary') or ''}"
        found = places.archetype_of(location, language) or places.archetype_of(self._told, language)
        self._kind = found or places.default(language, digest(location)).archetype
        self._inside = SETS[self._kind].inside
        self._turn = int(scene.get("order") or 1) + digest(facts.get("title")) % 97
        mood = str(facts.get("position") or "")
        self._position = mood if mood in noises.MUSIC else "opening"
        said = str(facts.get("dialogue") or "")
        self._dialogue = script.parse(said) if said else None
        silent = self._dialogue is not None and self._dialogue.silent
        self._still = self._hush() if self._position == "turn" or silent else None

    def design(self) -> SoundDesign:
        cues = [*self._airs(), *self._effects(), *self._foley(), *self._voices(), *self._music()]
        if self._still:
            cues.append(self._cue("silence", noises.STILL[self._turn % len(noises.STILL)], *self._still))
        heard = {(c.type, c.description): c for c in reversed(cues)}
        return SoundDesign(
            master_mood=self._mood(), cues=sorted(heard.values(), key=lambda c: (c.from_s, c.type, c.description))
        )

    def _hush(self) -> tuple[float, float] | None:
        """Where everything stops; None when people speak without a pause."""
        spoken = list(spoken_at(self._dialogue, self._seconds))
        if not spoken:
            return STILL
        start, _, gap = spoken[-1]
        first = start - min(gap, MOST_STILL_S)
        return (first / self._seconds, start / self._seconds) if start - first >= LEAST_S + 0.1 else None

    def _airs(self) -> Iterator[SoundCue]:
        night = noises.NIGHT.search(str(self._place.get("time") or ""))
        air = noises.AT_NIGHT[self._inside] if night else noises.AIRS[self._kind]
        yield self._cue("ambience", air, 0, 1, "subtle", loop=True)
        around = f"{self._place.get('weather') or ''} {self._facts['scene'].get('location') or ''} {self._told}"
        for words, inside, outside in noises.WEATHER:
            if words.search(around):
                yield self._cue("ambience", inside if self._inside else outside, 0, 1, "normal", loop=True)
                break

    def _effects(self) -> Iterator[SoundCue]:
        """What the scene's words make heard, at about the time that they are told."""
        found = [(match.start(), noise) for noise in noises.EFFECTS if (match := noise.words.search(self._told))]
        chosen = sorted(found[:MOST_EFFECTS], key=lambda one: one[0])
        if not chosen:
            pool = noises.ANYWHERE[self._inside]
            yield self._cue("sfx", pool[self._turn % len(pool)], 0.45, 0.55)
        for at, noise in chosen:
            start = 0.12 + 0.7 * at / max(len(self._told), 1)
            if self._still and start < self._still[1] and start + EFFECT > self._still[0]:
                start = min(self._still[1] + 0.02, 1 - EFFECT)
            after = self._still is not None and start > self._still[1]
            yield self._cue(noise.type, noise.said, start, start + EFFECT, "prominent" if after else "normal")

    def _foley(self) -> Iterator[SoundCue]:
        """What the bodies in the shots do, when their shot is on."""
        ground = noises.GROUNDS.get(self._kind, noises.WOOD)[self._own]
        heard: list[Noise] = []
        for number, shot in enumerate(self._facts.get("shots") or []):
            doing = " ".join(shot.get("subjects") or [])
            noise = next((n for n in noises.FOLEY if n not in heard and n.words.search(doing)), None)
            # every third shot, so that steps are not on steps
            if noise is not None and number % 3 == len(heard) and len(heard) < MOST_FOLEY:
                heard.append(noise)
                yield self._cue("foley", noise.said, number / SHOTS, (number + 1.6) / SHOTS, ground=ground)
        if not heard and self._facts.get("cast"):
            yield self._cue("foley", noises.STIR, 0.1, 0.25)

    def _voices(self) -> Iterator[SoundCue]:
        """Narration and thoughts: heard, and nobody's lips move."""
        for start, line, _ in spoken_at(self._dialogue, self._seconds):
            if line.type in ("narration", "thought"):
                said = noises.NARRATOR if line.type == "narration" else noises.INNER
                length = LINE_S + reading_s(line.text)
                shares = start / self._seconds, (start + length) / self._seconds
                yield self._cue("voice_over", said, *shares, name=line.speaker, text=line.text)

    def _music(self) -> Iterator[SoundCue]:
        """One instrument for the whole story; up to the silence where there is one."""
        end = self._still[0] if self._still else 1.0
        start = 0.0 if self._still else self._rng.choice((0.2, 0.3, 0.4))
        if (end - start) * self._seconds < 1:
            return
        players = noises.INSTRUMENTS[anchors.era(self._facts)]
        player = players[digest(self._facts.get("title")) % len(players)][self._own]
        yield self._cue("bgm", noises.MUSIC[self._position], start, end, "subtle", i=player)

    def _cue(
        self, kind: CueType, said: Pair, start: float, end: float, intensity: Intensity = "normal",
        *, loop: bool = False, **slots: str,
    ) -> SoundCue:  # fmt: skip
        """A cue between two shares of the scene; to a tenth downwards, so that nothing ends after it."""
        first = int(min(start, 1) * self._seconds * 10) / 10
        last = min(max(int(end * self._seconds * 10) / 10, first + LEAST_S), self._seconds)
        first = max(min(first, last - LEAST_S), 0.0)
        return SoundCue(
            type=kind,
            description=said[self._own].format(**slots)[:500],
            from_s=round(first, 1),
            to_s=round(last, 1),
            intensity=intensity,
            mood=noises.MOODS[self._position][self._own],
            loopable=loop,
        )

    def _mood(self) -> str:
        """The mood of this part of the episode, else of the set, else of the place in the arc."""
        own = (str(self._facts.get("mood") or ""), str(self._place.get("mood") or ""))
        said = (text.strip().rstrip("。.") for text in own)
        return next((t for t in said if 0 < len(t) <= 200), noises.MOODS[self._position][self._own])


def spoken_at(dialogue: Dialogue | None, seconds: float) -> Iterator[tuple[float, Line, float]]:
    """Each line with the second at which it begins and the pause before it, spread evenly over the scene."""
    lines = dialogue.lines if dialogue else []
    lengths = [LINE_S + reading_s(line.text) for line in lines]
    gap = max(seconds - sum(lengths), 0.0) / (len(lines) + 1)
    starts = itertools.accumulate([0.0, *lengths])
    for number, (line, before) in enumerate(zip(lines, starts, strict=False)):
        yield gap * (number + 1) + before, line, gap
