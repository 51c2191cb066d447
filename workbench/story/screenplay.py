"""A screenplay read as one: its scenes with place, time and people, and what they tell as prose.

Read are Fountain (https://fountain.io/syntax, read 2026-11-28), what looks like it, plays with `NAME:` or `NAME.`
before each speech, and Chinese scripts with `第一场，小湖边，晨，张颖、王静`, `23-1 外 玄岳门 日` or `20、卫生间 日 内`
for headings, `王五：（怒）…` and `△` before action
(https://fyqvi.com/dianyingtiantang/0d2jlgyepc.html, read 2026-11-28).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from workbench.story import weather
from workbench.story.names import fold

#: what is longer is no heading and no cue
LONGEST_LINE = 2_000
#: a place inside, outside, or both; empty: not said
Setting = str


@dataclass
class Scene:
    """One scene: `place`, `time` and `weather` as its heading has them, empty where it has none; `action` in
    sentences."""

    place: str
    time: str = ""
    weather: str = ""
    setting: Setting = ""
    people: list[str] = field(default_factory=list)
    action: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Screenplay:
    """`people`: who speaks or is named in a heading, in the order of the script."""

    title: str
    language: str
    scenes: list[Scene]
    people: list[str]

    @property
    def places(self) -> list[str]:
        """In the order of the script, each once."""
        return list({fold(s.place): s.place for s in reversed(self.scenes) if s.place}.values())[::-1]

    def find_first_mention(self, name: str) -> str:
        """The sentence of action in which somebody is named first; empty when there is none."""
        word = re.compile(rf"(?<![\w]){re.escape(name)}(?![A-Za-z])", re.IGNORECASE)
        return next((s for scene in self.scenes for s in scene.action if word.search(s)), "")


# -- headings ----------------------------------------------------------------------------------------------------------

_SLUG = re.compile(
    r"^\s*(?:\d+[A-Z]?[.)]?\s+)?(?P<setting>INT\.?\s*/\s*EXT|EXT\.?\s*/\s*INT|I\s*/\s*E|INT|EXT|EST)(?:\.|(?=\s)|:)"
    r"\s*(?P<rest>\S.*)$",
    re.IGNORECASE,
)
_FORCED = re.compile(r"^\.(?P<rest>[^.\s].*)$")
_NUMBER = re.compile(r"\s*#[\w.-]+#\s*$")
_ACT = re.compile(r"^\s*(?:ACT|SCENE)\s+(?:[IVXLC]+|\d+|ONE|TWO|THREE|FOUR|FIVE)\b[.:,]?\s*(?P<rest>.*)$")
_TIMES_EN = (
    "day", "night", "morning", "evening", "afternoon", "dawn", "dusk", "noon", "midnight", "sunrise", "sunset",
    "twilight", "magic hour", "later", "moments later", "continuous", "same time", "same",
)  # fmt: skip
#: says when in the story, not which time of day it is
_NO_TIME_EN = frozenset(("later", "moments later", "continuous", "same time", "same"))

_HOUR_EN = r"(?:DAY|NIGHT|MORNING|EVENING|AFTERNOON|DAWN|DUSK)"
_PART_EN = re.compile(rf"\s+-+\s+|\s*[–—]\s*|[.,]\s*(?={_HOUR_EN}\b)|\s+(?={_HOUR_EN}[ .]*$)", re.IGNORECASE)
#: a scene's number at both ends of its heading
_NUMBERED = re.compile(r"^\s*(?P<number>\d+[A-Z]?)[.)]?\s+(?P<rest>.*?)\s+(?P=number)\.?\s*$")

_ZH_TIMES = (
    "清晨|早晨|凌晨|黎明|拂晓|上午|中午|正午|下午|午后|傍晚|黄昏|黃昏|日落|深夜|半夜|午夜|夜晚|夜间|夜間|夜里|夜裡|白天|白日|晚上|"
    "清早|晨|晚|夜|日|昏"
)
_ZH_SETTING = "[内內]景|外景|[内內]外景|[内內]/外|[内內]外|室[内內]|室外|屋[内內]|屋外|[内內]|外"
_ZH_NUMBER = (
    r"(?:【?\s*第\s*[\d一二三四五六七八九十百零〇两]+\s*[场場幕]\s*】?|[场場]景?\s*[\d一二三四五六七八九十百]+|"
    r"[\d]+(?:\s*[-–.]\s*\d+)?(?=[\s、.．，:：]))"
)
_ZH_HEADING = re.compile(rf"^\s*(?P<number>(?:{_ZH_NUMBER}\s*[、.．，,:：·\s]*){{1,2}})?(?P<rest>.*)$")
_ZH_PART = re.compile(r"[\s，,、·・/／|｜—–-]+")
_ZH_ALONE = re.compile(r"^(?:[内內]景|外景|[内內]外景)\s*[.．：:，,、。\s]")
#: where a heading names its setting as a sentence
_ZH_FIRST = re.compile(rf"^(?P<setting>{_ZH_SETTING})\s*。\s*")
#: lines of their own below a scene's number
_ZH_SCENE = re.compile(r"^\s*[场場](?:次|景)?\s*[:：]?\s*[\d一二三四五六七八九十百]+\s*$")
_ZH_TIME = re.compile(r"^\s*[【\[]?\s*[时時](?:[间間]|景)?\s*[:：]\s*(?P<rest>[^】\]]+)[】\]]?\s*$")
_ZH_PLACE = re.compile(r"^\s*[【\[]?\s*(?:[场場]景|地[点點]|景)\s*[:：]\s*(?P<rest>[^】\]]+)[】\]]?\s*$")
_ZH_CAST = re.compile(r"^\s*[【\[（(]?\s*(?:[出登][场場])?(?:人物?|角色)\s*[:：]\s*(?P<rest>[^】\]）)]+)[】\]）)]?\s*$")

# -- cues and action ---------------------------------------------------------------------------------------------------

_TITLE = re.compile(r"^(?P<key>[A-Za-z][A-Za-z ]{2,20}):\s*(?P<value>.*)$")
_TITLE_KEYS = frozenset(
    (
        "title",
        "credit",
        "author",
        "authors",
        "source",
        "notes",
        "draft date",
        "date",
        "contact",
        "copyright",
        "revision",
    )
)
_ZH_TITLE = re.compile(
    r"^\s*(?:片名|[剧劇]名|[剧劇]本名?)\s*[:：]\s*(?P<value>.+)$|^\s*《(?P<quoted>[^》]{1,60})》\s*$"
)
_EXTENSION = re.compile(r"\s*\([^)]*\)\s*\^?\s*$|\s*\^\s*$")
_CUE = re.compile(r"^(?=[^a-z]*[A-Z])[A-Z0-9ÀÖÜÄÉÈÇÑ .,'’\-/&#]{1,40}$")
_INLINE_CUE = re.compile(r"^(?P<name>[A-Z][A-Z .'’\-]{1,30})(?:\s*\([^)]*\))?\s*[:.]\s+(?P<text>\S.*)$")
_ZH_CUE = re.compile(r"^(?P<name>[㐀-鿿·A-Za-z]{1,12})\s*(?P<how>[（(][^）)]*[）)])?\s*[：:]\s*(?P<text>\S?.*)$")
_TRANSITION = re.compile(
    r"^(?:>.*|[A-Z .]+TO:|FADE (?:IN|OUT)[.:]?|THE END\.?|[（(]?(?:淡入|淡出|切至|切入|叠化|剧终|完)[)）]?。?|"
    # where a page ends
    r"\(?(?:MORE|CONTINUED)\)?:?(?: \(\d+\))?|\d{1,3}\.)$"
)
_ASIDES = (("/*", "*/"), ("[[", "]]"))
_EMPHASIS = re.compile(r"(\*{1,3}|_)(?=\S)(.+?)(?<=\S)\1")
#: of a name in capitals, what is written small: all but the first letter of each word, and of what follows O’
_SMALL = re.compile(r"(?<=[^\W\d_])[^\W\d_]+|(?<=[’'])S\b")
_SENTENCE = re.compile(r"(?<=[.!?…])[\"'”’)]*\s+|(?<=[。！？])[”’」]?")
#: who speaks, and is nobody to be seen
_VOICES = frozenset(
    (
        "narrator", "all", "both", "everyone", "crowd", "voice", "voices", "chorus", "title", "super", "caption",
        "cutto", "fadein", "fadeout", "theend", "continued", "more", "montage", "intercut",
        "旁白", "画外音", "画外", "字幕", "音效", "众人", "眾人", "合", "全体", "齐声", "独白", "提示", "镜头", "时间",
        "地点", "场景", "場景", "人物", "角色", "备注", "注", "音乐", "片名", "编剧", "作者", "剧名", "标题",
    )
)  # fmt: skip


def read(text: str, *, certain: bool = False) -> Screenplay | None:
    """The screenplay that a text is; None when it is none. `certain`: somebody has said that it is one.

    A text is one with two headings, or with a heading and a speech.
    """
    reader = _Reader(text)
    reader.run()
    scenes = [s for s in reader.scenes if s.place or s.action or s.people]
    headings = sum(bool(s.place or s.time or s.setting) for s in scenes)
    if not headings or (not certain and headings + min(1, reader.speeches) < 2):
        return None
    return Screenplay(reader.title, reader.language, scenes, reader.people)


class _Reader:
    """Goes through the lines once."""

    def __init__(self, text: str) -> None:
        cleaned = _without_asides(text)
        self.language = "zh" if sum("㐀" <= c <= "鿿" for c in cleaned) * 4 > len(cleaned) else "en"
        self.title = ""
        self.scenes: list[Scene] = []
        self.people: list[str] = []
        self.speeches = 0
        self._lines = [line.rstrip() for line in cleaned.split("\n")]
        self._spellings: dict[str, str] = {}
        self._known: set[str] = set()
        self._cues: set[str] = set()
        self._all, self._all_small = cleaned, cleaned.lower()

    def run(self) -> None:
        at = self._read_title_page()
        speaking = False
        before_blank = True
        while at < len(self._lines):
            line = self._lines[at].strip()
            following = self._lines[at + 1].strip() if at + 1 < len(self._lines) else ""
            if not line:
                speaking, before_blank = False, True
            elif len(line) > LONGEST_LINE:
                self._act(line)
            elif line.startswith(("=", "#", "~")) or (line.startswith(">") and line.endswith("<")):
                pass
            elif (heading := self._read_heading(line, following, before_blank)) is not None:
                self.scenes.append(heading)
                speaking = False
            elif _TRANSITION.match(line):
                speaking = False
            elif (time := _ZH_TIME.match(line)) is not None:
                self._tell_time(time["rest"])
            elif (cast := _ZH_CAST.match(line)) is not None:
                self._appear(re.split(r"[\s、，,；;/]+", cast["rest"]))
            elif self._read_speech(line, following, before_blank):
                speaking = self._goes_on
            elif not speaking:
                self._act(line)
            before_blank = not line
            at += 1

    def _read_title_page(self) -> int:
        """The title, and where the script begins."""
        at = 0
        while at < len(self._lines) and not self._lines[at].strip():
            at += 1
        first = _TITLE.match(self._lines[at]) if at < len(self._lines) else None
        if first is not None and first["key"].lower() in _TITLE_KEYS:
            key = ""
            while at < len(self._lines) and self._lines[at].strip():
                entry = _TITLE.match(self._lines[at])
                if entry is None and not self._lines[at][0].isspace():
                    # what belongs to the field above is indented; this is the script
                    break
                value = entry["value"] if entry else self._lines[at].strip()
                key = entry["key"].lower() if entry else key
                if key == "title":
                    self.title = _plain(f"{self.title} {value}".strip())
                at += 1
            return at
        for number in range(at, min(at + 6, len(self._lines))):
            named = _ZH_TITLE.match(self._lines[number])
            if named is not None:
                self.title = (named["value"] or named["quoted"]).strip().strip("《》")
                return number + 1
        return at

    # -- headings

    def _read_heading(self, line: str, following: str, before_blank: bool) -> Scene | None:
        bare = _NUMBER.sub("", _plain(line)) if "#" in line else _plain(line)
        numbered = _NUMBERED.match(bare)
        slug = _SLUG.match(numbered["rest"] if numbered else bare)
        if slug is not None and (before_blank or bare.isupper()):
            inside = "int" if slug["setting"].upper().startswith("I") else "ext"
            both = "/" in slug["setting"]
            return self._scene_en(slug["rest"], "" if both else inside)
        forced = _FORCED.match(bare)
        if forced is not None and before_blank and not following:
            return self._scene_en(forced["rest"], "")
        act = _ACT.match(bare)
        if act is not None and before_blank:
            return self._scene_en(act["rest"], "") if act["rest"] else Scene(place="", setting="act")
        return self._read_chinese_heading(bare)

    def _scene_en(self, rest: str, setting: Setting) -> Scene:
        parts, air = weather.split_off([p.strip() for p in _PART_EN.split(rest)])
        time = ""
        if len(parts) > 1 and any(re.search(rf"\b{word}\b", parts[-1].lower()) for word in _TIMES_EN):
            time = parts.pop().lower().strip(" .()")
        place = self._spell_place(" – ".join(p for p in parts if p).strip(" ."))
        return Scene(place=place, time="" if time in _NO_TIME_EN else time, weather=air, setting=setting)

    def _read_chinese_heading(self, line: str) -> Scene | None:
        if len(line) > 60 or not any("㐀" <= c <= "鿿" for c in line):
            return None
        if _ZH_SCENE.match(line):
            return Scene(place="", setting="act")
        named = _ZH_PLACE.match(line)
        if named is not None:
            scene = self._scene_zh(named["rest"])
            # a line of its own below a numbered heading tells the place of that scene
            if self.scenes and not self.scenes[-1].place and not self.scenes[-1].action:
                last = self.scenes.pop()
                scene.time, scene.setting = scene.time or last.time, scene.setting or last.setting.replace("act", "")
            return scene
        heading = _ZH_HEADING.match(line.strip("【】[]"))
        assert heading is not None
        rest = _ZH_FIRST.sub(r"\g<setting> ", heading["rest"].strip())
        if heading["number"] is None and not _ZH_ALONE.match(rest):
            return None
        if any(mark in rest for mark in "。！？!?；"):
            return None
        # “第一场雪” is the first snow
        number = heading["number"] or ""
        numbered = any(mark in number for mark in "场場幕") and (not rest or number[-1] in " \t　、.．，,:：·】")
        scene = self._scene_zh(rest)
        if scene.setting or scene.time:
            return scene
        if numbered:
            return scene if rest else Scene(place="", setting="act")
        return None

    def _scene_zh(self, rest: str) -> Scene:
        scene = Scene(place="")
        people: list[str] = []
        for part in (p for p in _ZH_PART.split(weather.unbracket(rest).strip("（）() ")) if p):
            word = part.strip("：:.．（）()")
            if re.fullmatch(_ZH_SETTING, word) and not scene.setting:
                inside, outside = "内" in word or "內" in word, "外" in word
                scene.setting = "" if inside and outside else "ext" if outside else "int"
            elif re.fullmatch(_ZH_TIMES, word) and not scene.time:
                scene.time = word
            elif (scene.place or scene.time or scene.setting) and not scene.weather and weather.tell_zh(word):
                scene.weather = word
            elif not scene.weather and not scene.time and (both := weather.split_hour(word)):
                scene.weather, scene.time = both
            elif not scene.place:
                scene.place = word
            elif scene.time or scene.setting:
                people.append(word)
            else:
                scene.place += word
        scene.people = [p for p in people if 1 < len(p) <= 4]
        self._meet(scene.people)
        return scene

    def _tell_time(self, rest: str) -> None:
        """What a line of its own says of the scene that has just begun."""
        if self.scenes and not self.scenes[-1].action and not self.scenes[-1].time:
            told = self._scene_zh(rest)
            last = self.scenes[-1]
            last.time, last.setting = told.time or told.place, told.setting or last.setting

    # -- people

    def _read_speech(self, line: str, following: str, before_blank: bool) -> bool:
        """Whether a line says who speaks. `_goes_on`: what follows is what they say."""
        self._goes_on = False
        if line.startswith("@") and len(line) > 1:
            return self._speak(_EXTENSION.sub("", line[1:]), goes_on=True)
        bare = _plain(line)
        cue = _EXTENSION.sub("", bare).strip()
        if before_blank and following and _CUE.match(cue) and not cue.endswith(":") and len(cue.split()) <= 5:
            return self._speak(cue.rstrip("."), goes_on=True)
        inline = _INLINE_CUE.match(bare)
        if inline is not None and self.scenes and len(inline["name"].split()) <= 4:
            return self._speak(inline["name"], goes_on=False)
        chinese = _ZH_CUE.match(bare)
        if chinese is not None and self.scenes and (self.language == "zh" or not chinese["name"].isascii()):
            return self._speak(
                re.sub(r"(?:OS|VO|os|vo|O\.S\.|V\.O\.)$", "", chinese["name"]), goes_on=not chinese["text"]
            )
        return False

    def _speak(self, name: str, *, goes_on: bool) -> bool:
        self._goes_on = goes_on
        self.speeches += 1
        self._appear(re.split(r"\s*(?:/|&| AND )\s*", name))
        return True

    def _appear(self, names: Iterable[str]) -> None:
        """These are in the scene."""
        spelled = [self._spell(n) for n in (_EXTENSION.sub("", name).strip(" .。、，") for name in names) if n]
        spelled = [n for n in spelled if fold(n) not in _VOICES and not n.isdigit()]
        self._meet(spelled)
        if self.scenes:
            known = {fold(n) for n in self.scenes[-1].people}
            self.scenes[-1].people += [n for n in spelled if fold(n) not in known]

    def _meet(self, names: Iterable[str]) -> None:
        for name in names:
            folded = fold(name)
            if folded not in self._known:
                self._known.add(folded)
                self.people.append(name)

    def _spell(self, name: str) -> str:
        """A name in capitals as the action has it in small letters, else with a capital for each word."""
        if not name.isupper():
            return name
        if name not in self._spellings:
            self._spellings[name] = self._find_mixed(name) or _SMALL.sub(lambda at: at[0].lower(), name)
        return self._spellings[name]

    def _spell_place(self, place: str) -> str:
        """A place in capitals as the action has it, else as a sentence begins."""
        if not place.isupper():
            return place
        if place not in self._spellings:
            self._spellings[place] = self._find_mixed(place) or place.capitalize()
        return self._spellings[place]

    def _find_mixed(self, name: str) -> str:
        """The first place where a name in capitals stands in capital and small letters; empty where there is none."""
        if len(self._all_small) != len(self._all):
            return ""
        small, at = name.lower(), -1
        while (at := self._all_small.find(small, at + 1)) >= 0:
            word = self._all[at : at + len(small)]
            around = self._all[max(0, at - 1) : at] + self._all[at + len(small) : at + len(small) + 1]
            if not word.isupper() and not word.islower() and not any(c.isalnum() or c == "_" for c in around):
                return word
        return ""

    # -- action

    def _act(self, line: str) -> None:
        text = _plain(line).lstrip("△▲!*-—· ").strip()
        if text.startswith(("（", "(")) and text.endswith(("）", ")")):
            text = text[1:-1].strip()
        if not text or not self.scenes:
            return
        for name in dict.fromkeys(re.findall(r"\b[A-Z][A-Z'’-]+(?: [A-Z][A-Z'’-]+)*\b", text)):
            text = text.replace(name, self._spell(name)) if self._is_cue(name) else text
        self.scenes[-1].action += [s.strip() for s in _SENTENCE.split(text) if s and s.strip()]

    def _is_cue(self, name: str) -> bool:
        if not self._cues:
            lines = (_EXTENSION.sub("", line.strip().lstrip("@")) for line in self._lines)
            self._cues = {line for line in lines if len(line) <= 40}
        return name in self._cues


def _without_asides(text: str) -> str:
    """Without what Fountain has for the writers alone: notes and what is struck out."""
    for begin, end in _ASIDES:
        pieces, at = [], 0
        while (start := text.find(begin, at)) >= 0 and (stop := text.find(end, start)) >= 0:
            pieces.append(text[at:start])
            at = stop + len(end)
        text = "".join(pieces) + text[at:]
    return text


def _plain(text: str) -> str:
    return (_EMPHASIS.sub(r"\2", text) if len(text) <= LONGEST_LINE else text).strip()


# -- as prose ----------------------------------------------------------------------------------------------------------


def tell(script: Screenplay, most: int) -> tuple[str, int, int]:
    """What the scenes tell, in prose of at most `most` characters; sentences of action kept, and of how many.

    Each scene says first where and when it is, and keeps its first sentences. Where there is no room for all scenes,
    some from the first to the last are told.
    """
    sentences = sum(len(s.action) for s in script.scenes)
    scenes = [s for s in script.scenes if _tell_scene(script, s, 1)]
    if not scenes:
        return "", 0, sentences
    fewest, count = 1, len(scenes)
    while fewest < count:
        middle = (fewest + count + 1) // 2
        if _length(script, [_tell_scene(script, s, 1) for s in _spread(scenes, middle)]) <= most:
            fewest = middle
        else:
            count = middle - 1
    chosen = _spread(scenes, count)
    kept = [min(1, len(s.action)) for s in chosen]
    told = [_tell_scene(script, s, k) for s, k in zip(chosen, kept, strict=True)]
    length, grown = _length(script, told), True
    while grown:
        grown = False
        for at, scene in enumerate(chosen):
            if kept[at] < len(scene.action):
                longer = _tell_scene(script, scene, kept[at] + 1)
                if length - len(told[at]) + len(longer) <= most:
                    length += len(longer) - len(told[at])
                    told[at], kept[at], grown = longer, kept[at] + 1, True
    return _joint(script).join(told)[:most], sum(kept), sentences


def _spread(scenes: list[Scene], count: int) -> list[Scene]:
    """So many of the scenes, the first and the last among them."""
    if count >= len(scenes):
        return scenes
    return [scenes[n * (len(scenes) - 1) // max(1, count - 1)] for n in range(count)]


def _length(script: Screenplay, told: list[str]) -> int:
    return sum(map(len, told)) + len(_joint(script)) * len(told)


def _joint(script: Screenplay) -> str:
    return "" if script.language == "zh" else " "


def _tell_scene(script: Screenplay, scene: Scene, sentences: int) -> str:
    action = scene.action[:sentences]
    where = _where_zh(scene) if script.language == "zh" else _where_en(scene)
    if script.language == "zh":
        body = "".join(s if s[-1] in "。！？…" else f"{s}。" for s in action)
        if not body and scene.people:
            body = f"{'、'.join(scene.people[:4])}在说话。" if not scene.action else ""
        return f"{where}，{body}" if where and body else body or (f"{where}。" if where else "")
    body = " ".join(s if s[-1] in ".!?…" else f"{s}." for s in action)
    if not body and scene.people and not scene.action:
        body = f"{_list_en(scene.people[:4])} {'talk' if len(scene.people) > 1 else 'speaks'}."
    if not where:
        return body
    return f"{where}: {body}" if body else f"{where}."


def _where_zh(scene: Scene) -> str:
    time = {"日": "白天", "夜": "夜里", "晨": "清晨", "晚": "晚上", "昏": "黄昏"}.get(scene.time, scene.time)
    inside = scene.place and scene.setting == "int" and scene.place[-1] not in "里裡内內中上下"
    air = weather.tell_zh(scene.weather)
    if air and scene.setting == "int":
        air = f"窗外{air.removesuffix('中').removesuffix('里')}"
    return "，".join(p for p in (f"{time}{air}", f"{scene.place}里" if inside else scene.place) if p)


def _where_en(scene: Scene) -> str:
    air = weather.tell_en(scene.weather, within=scene.setting == "int")
    if not scene.place:
        return f"At {scene.time}{air}" if scene.time else ""
    bare = (
        scene.place.split()[0].lower() in ("the", "a", "an", "his", "her", "their", "my", "our") or "'s " in scene.place
    )
    name = scene.place if not bare or "'s " in scene.place else scene.place[0].lower() + scene.place[1:]
    if not bare and " – " not in scene.place:
        name = f"the {name[0].lower()}{name[1:]}" if name[1:].islower() else name
    where = f"{'In' if scene.setting == 'int' else 'At'} {name}"
    when = {"day": "by day", "morning": "in the morning", "evening": "in the evening", "afternoon": "in the afternoon"}
    return (f"{where} {when.get(scene.time, f'at {scene.time}')}" if scene.time else where) + air


def _list_en(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
