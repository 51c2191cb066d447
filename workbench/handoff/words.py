"""What a hand-off calls things, in the language of the story: it goes to the crew that films it."""

from __future__ import annotations

from workbench.i18n import N_, translate

FRAMINGS = {
    "ELS": N_("Extreme long"), "LS": N_("Long"), "MLS": N_("Medium long"), "MS": N_("Medium"),
    "MCU": N_("Medium close-up"), "CU": N_("Close-up"), "ECU": N_("Extreme close-up"), "LOW": N_("Low angle"),
    "HIGH": N_("High angle"),
}  # fmt: skip
ANGLES = {"eye_level": N_("Eye level"), "low": N_("Low"), "high": N_("High")}
#: the field's terms for how much a panel of the long storyboard shows
PANEL_SIZES = {
    "EST": N_("Establishing"), "ELS": N_("Extreme long"), "LS": N_("Long"), "FS": N_("Full figure"),
    "MLS": N_("Medium long"), "MS": N_("Medium"), "MCU": N_("Medium close-up"), "CU": N_("Close-up"),
    "ECU": N_("Extreme close-up"), "TWO": N_("Two-shot"), "OTS": N_("Over the shoulder"), "POV": N_("Point of view"),
    "INS": N_("Insert"),
}  # fmt: skip
#: and for its camera: angle, lens and motion
CAMERA = {
    "eye_level": N_("Eye level"), "low": N_("Low"), "high": N_("High"), "birds_eye": N_("Bird's eye"),
    "worms_eye": N_("Worm's eye"), "dutch": N_("Dutch angle"), "shoulder": N_("Over the shoulder"),
    "ultra_wide": N_("Ultra wide"), "wide": N_("Wide"), "standard": N_("Standard"), "portrait": N_("Portrait lens"),
    "telephoto": N_("Telephoto"), "macro": N_("Macro"),
    "static": N_("Static"), "pan_left": N_("Pan left"), "pan_right": N_("Pan right"), "tilt_up": N_("Tilt up"),
    "tilt_down": N_("Tilt down"), "push_in": N_("Push in"), "pull_back": N_("Pull back"),
    "truck_left": N_("Truck left"), "truck_right": N_("Truck right"), "pedestal_up": N_("Pedestal up"),
    "pedestal_down": N_("Pedestal down"), "zoom_in": N_("Zoom in"), "zoom_out": N_("Zoom out"), "arc": N_("Arc"),
    "follow": N_("Follow"), "crane": N_("Crane"), "handheld": N_("Handheld"),
}  # fmt: skip
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
#: further columns where a scene has a storyboard of 81 panels
PANEL_COLUMNS = {
    "panel": N_("Panel"), "motion": N_("Camera motion"), "en": N_("English"), "zh": N_("Chinese"),
}  # fmt: skip


def say(words: dict[str, str], name: str, language: str) -> str:
    """The word for a name; the name itself where there is none."""
    return translate(words.get(name, name), language)


def clock(seconds: float) -> str:
    """1:02:03, or 2:03 below an hour."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"
