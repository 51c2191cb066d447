"""What a hand-off calls things, in the language of the story: it goes to the crew that films it."""

from __future__ import annotations

from workbench.i18n import N_, translate

FRAMINGS = {
    "ELS": N_("Extreme long"), "LS": N_("Long"), "MLS": N_("Medium long"), "MS": N_("Medium"),
    "MCU": N_("Medium close-up"), "CU": N_("Close-up"), "ECU": N_("Extreme close-up"), "LOW": N_("Low angle"),
    "HIGH": N_("High angle"),
}  # fmt: skip
ANGLES = {"eye_level": N_("Eye level"), "low": N_("Low"), "high": N_("High")}
LINES = {
    "dialogue": N_("Dialogue"), "monologue": N_("Monologue"), "narration": N_("Narration"), "thought": N_("Thought"),
}  # fmt: skip
CUES = {
    "sfx": N_("Effect"), "bgm": N_("Music"), "ambience": N_("Ambience"), "foley": N_("Foley"),
    "voice_over": N_("Voice"), "silence": N_("Silence"),
}  # fmt: skip
COLUMNS = {
    "episode": N_("Episode"), "scene": N_("Scene"), "shot": N_("Shot"), "frame": N_("Frame"), "size": N_("Size"),
    "angle": N_("Angle"), "lens": N_("Lens"), "place": N_("Place"), "cast": N_("Cast"), "caption": N_("Caption"),
    "action": N_("Action"), "composition": N_("Composition"), "lines": N_("Lines"), "cues": N_("Sound"),
    "from": N_("From"), "seconds": N_("Seconds"),
}  # fmt: skip


def say(words: dict[str, str], name: str, language: str) -> str:
    """The word for a name; the name itself where there is none."""
    return translate(words.get(name, name), language)


def clock(seconds: float) -> str:
    """1:02:03, or 2:03 below an hour."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"
