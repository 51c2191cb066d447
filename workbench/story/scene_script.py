"""A scene script as it is read: headings, voices and transitions in the words of either language. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.artifacts.scene_script import Extension, Setting, Transition
from workbench.json_types import JsonObject
from workbench.story.names import fold

SETTINGS: dict[str, dict[Setting, str]] = {
    "zh": {"int": "内", "ext": "外", "int_ext": "内外"},
    "en": {"int": "INT.", "ext": "EXT.", "int_ext": "INT./EXT."},
}
EXTENSIONS: dict[str, dict[Extension, str]] = {
    "zh": {"none": "", "off_screen": "画外", "voice_over": "画外音"},
    "en": {"none": "", "off_screen": "O.S.", "voice_over": "V.O."},
}
#: a plain cut is what happens where nothing is written
TRANSITIONS: dict[str, dict[Transition, str]] = {
    "zh": {
        "none": "", "cut": "", "jump_cut": "跳切：", "smash_cut": "猛切：", "dissolve": "叠化：", "fade": "淡出",
        "dip_to_black": "黑场", "wipe": "划变：", "other": "转场：",
    },
    "en": {
        "none": "", "cut": "", "jump_cut": "JUMP CUT TO:", "smash_cut": "SMASH CUT TO:", "dissolve": "DISSOLVE TO:",
        "fade": "FADE OUT.", "dip_to_black": "CUT TO BLACK.", "wipe": "WIPE TO:", "other": "TRANSITION TO:",
    },
}  # fmt: skip
#: nobody of the cast: a voice that tells the story
NARRATORS = frozenset(fold(n) for n in ("narrator", "voice", "voice-over", "旁白", "画外音", "解说", "畫外音", "解說"))


def heading(scene: JsonObject, language: str) -> str:
    """`INT. KITCHEN – NIGHT`, `内 厨房 夜`; without the time where none is told."""
    above = scene["heading"]
    setting, place, time = SETTINGS[language][above["setting"]], str(above["place"]), str(above["time"])
    if language == "zh":
        return " ".join(part for part in (setting, place, time) if part)
    return f"{setting} {place.upper()}" + (f" – {time.upper()}" if time else "")


def cue(element: JsonObject, language: str) -> str:
    """Who speaks, as it stands above the words: `DELLA (V.O.)`, `王生（画外）`. A Chinese narrator is heard as one."""
    extension = EXTENSIONS[language][element["extension"]]
    if language == "zh" and fold(str(element["speaker"])) in NARRATORS:
        extension = ""
    if language == "zh":
        return f"{element['speaker']}（{extension}）" if extension else str(element["speaker"])
    name = str(element["speaker"]).upper()
    return f"{name} ({extension})" if extension else name


def tell(scene: JsonObject, language: str) -> str:
    """A scene as plain text, a paragraph each: heading, action, speeches with their manner, sounds."""
    lines = [heading(scene, language)]
    for element in scene["elements"]:
        text = str(element["text"])
        if element["type"] == "dialogue":
            manner = element["parenthetical"]
            said = (f"（{manner}）" if language == "zh" else f" ({manner})") if manner else ""
            colon = "：" if language == "zh" else ": "
            text = f"{cue(element, language)}{said}{colon}{text}"
        elif element["type"] == "sound":
            text = f"【{text}】" if language == "zh" else f"[{text}]"
        lines.append(text)
    passes = TRANSITIONS[language][scene.get("transition", "none")]
    return "\n".join([*lines, *([passes] if passes else [])])


def speeches(scene: JsonObject | None) -> list[JsonObject]:
    """The elements that somebody says, in order."""
    return [] if scene is None else [e for e in scene["elements"] if e["type"] == "dialogue"]


def texts(scene: JsonObject | None, kinds: Sequence[str]) -> list[str]:
    """The texts of these types of element, in order."""
    return [] if scene is None else [str(e["text"]) for e in scene["elements"] if e["type"] in kinds]
