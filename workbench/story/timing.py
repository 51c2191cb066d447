"""How long spoken lines and scenes last (see estimate_duration). Pure; seconds with one decimal.

Chinese is counted by characters, everything else by words, and only what is spoken or seen: never the JSON around it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.artifacts.scene_script import Transition
from workbench.artifacts.storyboard import Duration, DurationParts
from workbench.json_types import JsonObject

TRANSITION_S: dict[str, float] = {
    "none": 0.2, "cut": 0.2, "jump_cut": 0.15, "smash_cut": 0.1, "dissolve": 1.0, "fade": 1.2, "dip_to_black": 1.2,
    "wipe": 0.5, "other": 0.5,
}  # fmt: skip
#: a line's own pause, and how fast a line is read
LINE_S, HAN_PER_S, WORDS_PER_S = 0.4, 6.5, 2.5
ACTION_S = 2.8
#: how much of a text makes a second of action: Chinese characters, English words (five characters tell what three words
#: do)
MOTION, SHOTS = (110, 66), (220, 132)
MOTION_MOST_S, SHOTS_MOST_S = 3.5, 2.5
NO_DESIGN_PAUSE_S, PAUSE_S, PER_SILENCE_S, PAUSE_MOST_S = 0.6, 0.4, 0.25, 2.0
#: kana and Hangul are read one by one as Chinese is
_HAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]")
_WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")


def units(text: str) -> tuple[int, int]:
    """(Chinese characters, other words) of a text."""
    return len(_HAN.findall(text)), len(_WORD.findall(_HAN.sub(" ", text)))


def reading_s(text: str) -> float:
    """Seconds to say a text, without the pause of its line."""
    han, words = units(text)
    return han / HAN_PER_S + words / WORDS_PER_S


def tenths(seconds: float) -> float:
    """To one decimal, a half upwards: parts rounded so add up to the total that is shown."""
    return math.floor(seconds * 10 + 0.5 + 1e-9) / 10


def dialogue_s(lines: Sequence[JsonObject]) -> float:
    """Seconds of a dialogue: each line's pause and its words."""
    return sum(LINE_S + reading_s(str(line["text"])) for line in lines)


#: what `motion_text` tells of a motion prompt
MOTION_FIELDS = ("short", "beats", "changes")


def motion_text(content: JsonObject, language: str) -> str:
    """What a motion prompt tells in one language."""
    changes = content["changes"]
    texts = [content["short"][language], *(b[language] for b in content["beats"])]
    return " ".join([*texts, *changes["subject"], *changes["camera"], *changes["environment"]])


def shots_text(content: JsonObject) -> str:
    """What nine shots tell: captions, actions, compositions."""
    texts = []
    for shot in content["shots"]:
        texts += [shot["caption"], *(s["action"] for s in shot["subjects"]), shot["composition"]]
    return " ".join(texts)


def estimate(
    *, dialogue: JsonObject | None, motion: JsonObject | None, shots: JsonObject | None,
    sound: JsonObject | None, language: str, transition: Transition = "cut", page: JsonObject | None = None,
) -> Duration:  # fmt: skip
    """The scene's length from what there is; what is missing is named and lowers the confidence.

    `page`: the scene in its episode's script; what is said and done there stands in for a dialogue and shots that are
    not made yet.
    """
    lines, seen = (dialogue or {}).get("lines", ()), None if shots is None else shots_text(shots)
    if dialogue is None and page is not None:
        lines = [e for e in page["elements"] if e["type"] == "dialogue"]
    if shots is None and page is not None:
        seen = " ".join(str(e["text"]) for e in page["elements"] if e["type"] == "action")
    action = ACTION_S
    if motion is not None:
        action += min(MOTION_MOST_S, _share(motion_text(motion, language), MOTION))
    if seen is not None:
        action += min(SHOTS_MOST_S, _share(seen, SHOTS))
    silences = sum(c["type"] == "silence" for c in sound["cues"]) if sound else 0
    parts = DurationParts(
        dialogue=tenths(dialogue_s(lines)),
        action=tenths(action),
        transition=tenths(TRANSITION_S[transition]),
        pause=tenths(min(PAUSE_MOST_S, PAUSE_S + PER_SILENCE_S * silences)) if sound else NO_DESIGN_PAUSE_S,
    )
    sources = {"dialogue": dialogue, "motion_prompt": motion, "keyframe_prompt": shots, "sound_design": sound}
    missing = [name for name, content in sources.items() if content is None]
    return Duration(
        seconds=round(sum(parts.model_dump().values()), 1),
        parts=parts,
        confidence="low" if missing else "medium",
        missing=missing,
    )


def _share(text: str, per_second: tuple[int, int]) -> float:
    han, words = units(text)
    return han / per_second[0] + words / per_second[1]


@dataclass(frozen=True)
class EpisodeDuration:
    """An episode's length as the sum of its scenes'. `missing`: how many scenes have none; `parts`: seconds by name."""

    seconds: float
    parts: dict[str, float]
    scenes: int
    missing: int


def sum_durations(durations: Sequence[JsonObject | None]) -> EpisodeDuration:
    """Add up the contents of `duration` artifacts; None stands for a scene without one."""
    estimated = [d for d in durations if d is not None]
    parts = {name: round(sum(d["parts"][name] for d in estimated), 1) for name in DurationParts.model_fields}
    return EpisodeDuration(
        seconds=round(sum(parts.values()), 1),
        parts=parts,
        scenes=len(estimated),
        missing=len(durations) - len(estimated),
    )
