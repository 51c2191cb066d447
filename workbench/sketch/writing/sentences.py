"""Cuts a summary into the sentences a story is made of, and finds who a sentence is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from workbench.sketch.books import Phrases
from workbench.sketch.reading.places import kind_of_name

#: the longest event; a longer sentence is cut at a comma, or hard
MAX_ZH, MAX_EN = 90, 220
#: the longest core that still reads as a quotation
CORE_ZH, CORE_EN_WORDS = 22, 16
#: beyond this an English core ends at its first conjunction
LONG_EN_WORDS = 9

_ZH_END = re.compile(r"[。！？!?；;\n]+")
#: a clause that begins so brings its own subject or time, and can stand alone
_ZH_STARTERS = (
    "他", "她", "它", "一位", "一个", "一名", "一只", "一群", "那", "这", "两人", "二人", "众人", "全村", "全城",
    "大家", "人们",
    "几日后", "几天后", "几年后", "多年后", "次日", "第二天", "当晚", "夜里", "深夜", "清晨", "黄昏", "终于", "忽然",
    "突然", "后来", "直到", "从此", "与此同时",
)  # fmt: skip
#: a clause that only says when: the next one belongs to it
_ZH_UNFINISHED = ("时", "后", "之前", "以前", "的时候")
_ZH_SETTING = re.compile(
    r"^[^走跑坐站躺跪进到回藏躲冲飞落掉来去说看拿放]{2,12}(?:里|中|上|下|外|旁|边|前|夜|晨|傍晚|黄昏|早晨|上午|中午|下午|春天|夏天|秋天|冬天)$"
)
#: a clause that begins so has no subject of its own
_ZH_VERBS = (*tuple("把被瞒吞闯取说回抱拿看听跑追逃藏救哭笑喊问答决便又仍还再才却"), "只记", "只好")
#: what stands right before a name when it only introduces it
_ROLES = "的生女子人士师王长员匠翁儿爷妻弟哥妹娘"
_ZH_TIMES = re.compile(
    r"^(?:(?:几|数|三|两|多|十|一|百)?(?:日|天|年|个?月)后|次日|第二天|当晚|夜里|夜晚|深夜|清晨|黄昏|终于|忽然|突然|后来|从此|原来|某(?:日|天)|"
    r"(?:一个)?雨夜|回到[一-鿿]{1,4}，)，?"
)
#: a full stop behind “Mr”, an initial or a slugline's INT is no end
_EN_END = re.compile(
    r"(?<=[.!?])(?<!\bMr\.)(?<!\bMrs\.)(?<!\bMs\.)(?<!\bDr\.)(?<!\bSt\.)(?<!\bProf\.)(?<!\bCapt\.)(?<!\bSgt\.)(?<!\bLt\.)"
    r"(?<!\bINT\.)(?<!\bEXT\.)(?<!\b[A-Z]\.)[\"'”’)]*\s+|\n+"
)
#: the first line of a screenplay's scene, perhaps numbered
_SLUG = re.compile(
    r"^[ \t]*(?:\d+[A-Z]?[.)、]?[ \t]*)?"
    r"((?:INT|EXT|I/E)(?:\.|[ /]).+|(?:第[\d一二三四五六七八九十百]+[场幕][ \t]*)?(?:场景)?[^\S\n]*[内外]景.+)$",
    re.MULTILINE,
)
_CUE = re.compile(r"^[ \t]*([A-Z][A-Z .'-]{1,28})(?:[ \t]*\(.*\))?[ \t]*\n(?=[ \t]*\S)", re.MULTILINE)
_EN_LEADING = re.compile(
    r"^(?:On|In|At|After|Before|When|While|One|As|By|For|From|During|Then|Meanwhile|Later|Now|Finally|"
    r"Suddenly|Once|Two|Three|Years?)\b[^,;:.]{0,80},\s+(?=\S)"
)
_EN_PLACED = re.compile(r"^(?:At|In|On|By|From)\s[\w' -]{1,30}?\s(?=(?:he|she|they|it|we|I)\s)")
_EN_SERIAL = re.compile(
    r"(?:,\s+and\s+|,\s+|\s+and\s+)(?=[a-z]{2,}s\s+(?:the|a|an|his|her|their|its|him|it|them|to|into|for|"
    r"on|in|out|up|off|away|at|from|what|back|through|over)\b)"
)
_EN_SUBJECT = re.compile(r"\b(he|she|they|it|we|I|He|She|They|It|We)\b")
_EN_LOWER = frozenset(
    ["the", "a", "an", "he", "she", "they", "it", "we", "his", "her", "their", "its", "our", "my", "one", "two",
        "three", "every", "each", "all", "no", "some", "any", "this", "that", "these", "those", "there", "when",
        "while", "after", "before", "at", "in", "on", "by", "for", "from", "during", "then", "now", "later"]
)  # fmt: skip


class Named(Protocol):
    """Somebody of the story; `gender` is "f", "m" or ""."""

    @property
    def name(self) -> str: ...
    @property
    def gender(self) -> str: ...


def split_events(summary: str, language: str, names: Sequence[str]) -> list[str]:
    """The summary's events in order, each a full sentence without its end mark; never empty."""
    if _SLUG.search(summary):
        summary = _join_scenes(summary, "：" if language == "zh" else ": ")
    events = _zh_events(summary, names) if language == "zh" else _en_events(summary, names)
    limit = MAX_ZH if language == "zh" else MAX_EN
    pieces = [piece for event in events for piece in _cut(event, limit, "，" if language == "zh" else ", ")]
    return [piece for piece in pieces if any(c.isalnum() for c in piece)] or [
        summary.strip()[:limit] or ("故事开始" if language == "zh" else "The story begins")
    ]


def _join_scenes(script: str, colon: str) -> str:
    """A screenplay with each slugline on the line of what it is about, and each name on that of what is said."""
    joined = re.sub(_SLUG.pattern + r"\s*", lambda m: f"\n{m.group(1).strip()}{colon}", script, flags=re.MULTILINE)
    return _CUE.sub(lambda m: f"{m.group(1).strip()}{colon}", joined)


def _zh_events(summary: str, names: Sequence[str]) -> list[str]:
    events: list[str] = []
    starters = (*names, *_ZH_STARTERS)
    for sentence in _ZH_END.split(summary):
        parts = [p.strip() for p in sentence.split("，") if p.strip()]
        current = ""
        for part in parts:
            bare = part[1:] if part[:1] in "而但可却" and part[1:].startswith(starters) else part
            begins = bare.startswith(starters) and not current.endswith(_ZH_UNFINISHED)
            if len(current) >= 6 and begins and not all(_sets_or_dates(p, names) for p in current.split("，")):
                events.append(current)
                current = bare
            else:
                current = f"{current}，{part}" if current else part
        if current:
            events.append(current)
    return events


def _en_events(summary: str, names: Sequence[str]) -> list[str]:
    events: list[str] = []
    for sentence in _EN_END.split(summary):
        text = " ".join(sentence.split()).rstrip(".!? ")
        if text:
            events += _en_serial(text, names)
    return events


def _en_serial(sentence: str, names: Sequence[str]) -> list[str]:
    """“She runs to the shop, sells the hair and buys a chain” → three sentences, each with the subject."""
    pieces = _EN_SERIAL.split(sentence)
    subject = _subject(pieces[0], names)
    if len(pieces) == 1 or subject is None or len(sentence) < 80:
        return [sentence]
    events = [pieces[0]]
    for piece in pieces[1:]:
        # A short tail is no event of its own.
        if len(piece) >= 24 and len(events[-1]) >= 24:
            events.append(f"{subject} {piece}")
        else:
            events[-1] += f" and {piece}"
    return events


def _subject(piece: str, names: Sequence[str]) -> str | None:
    main = _EN_PLACED.sub("", _EN_LEADING.sub("", piece))
    for name in names:
        if main.startswith(f"{name} "):
            return name
    pronoun = _EN_SUBJECT.match(main)
    return pronoun.group(1).capitalize() if pronoun else None


def _cut(event: str, limit: int, comma: str) -> list[str]:
    """The event in pieces of at most `limit` characters, cut at commas where it can be."""
    if len(event) <= limit:
        return [event]
    pieces, current = [], ""
    for part in event.split(comma):
        while len(part) > limit:
            cut = part.rfind(" ", 0, limit)
            cut = cut if cut > limit // 2 else limit
            part, rest = part[:cut], part[cut:].strip()
            pieces.append(part)
            part = rest
        if current and len(current) + len(comma) + len(part) > limit:
            pieces.append(current)
            current = part
        else:
            current = f"{current}{comma}{part}" if current else part
    return [p.strip() for p in [*pieces, current] if p.strip()]


def split_zh_clauses(text: str, names: Sequence[str] = ()) -> list[str]:
    """The clauses of a Chinese sentence that each tell an action; a short or unfinished one stays with the next.

    A clause that begins with its verb gets the sentence's subject, when that is somebody by name.
    """
    subject = next((n for n in names if text.startswith(n)), "")
    clauses: list[str] = []
    open_ended = False
    for part in (p for p in text.split("，") if p):
        if open_ended:
            clauses[-1] += f"，{part}"
        else:
            clauses.append(f"{subject}{part}" if clauses and part.startswith(_ZH_VERBS) else part)
        open_ended = len(clauses[-1]) < 5 or part.endswith(_ZH_UNFINISHED) or _only_sets_scene(part, names)
    return clauses


def _sets_or_dates(clause: str, names: Sequence[str]) -> bool:
    return len(clause) <= 2 or _only_sets_scene(clause, names)


def _only_sets_scene(clause: str, names: Sequence[str]) -> bool:
    """Whether a clause says no more than when and where: 秋天的傍晚, 鲁镇的酒店里, 码头."""
    sets = _ZH_SETTING.search(clause) is not None or (len(clause) <= 4 and kind_of_name(clause, "zh") is not None)
    return sets and not any(n in clause for n in names)


def extract_core(text: str, language: str, proper: Iterable[str] = ()) -> str:
    """The heart of a sentence, fit to stand in quotation marks (zh) or after “before” (en)."""
    return _zh_core(text, proper) if language == "zh" else _en_core(text, proper)


def _zh_core(text: str, proper: Iterable[str]) -> str:
    bare = _ZH_TIMES.sub("", text) or text
    first = next(
        (c for c in re.split(r"[，：；。、“”‘’「」]", bare) if len(c) >= 4 and not c.endswith(_ZH_UNFINISHED)), bare
    )
    first = _from_name(first, proper)
    return first if len(first) <= CORE_ZH else first[: CORE_ZH - 1] + "…"


def _from_name(clause: str, proper: Iterable[str]) -> str:
    """“太原书生王生遇见女子” → “王生遇见女子”: a name needs no introduction the second time."""
    for name in proper:
        at = clause.find(name)
        if 0 < at <= 8 and clause[at - 1] in _ROLES and len(clause) - at - len(name) >= 4:
            return clause[at:]
    return clause


def _en_core(text: str, proper: Iterable[str]) -> str:
    bare = _EN_PLACED.sub("", _EN_LEADING.sub("", text))
    bare = re.split(r"[:;,—–]|\s+(?:which|because|although|where|afraid|until|so that)\s", bare)[0].strip() or text
    words = bare.split()
    if len(words) > LONG_EN_WORDS:
        joints = [
            i for i, w in enumerate(words) if w in ("and", "that", "while", "but", "when") and 4 <= i <= CORE_EN_WORDS
        ]
        bare = " ".join(words[: joints[0] if joints else CORE_EN_WORDS])
    return lower_first(bare.rstrip(".!?"), proper)


def lower_first(text: str, proper: Iterable[str] = ()) -> str:
    """Lower-case the first letter, unless the first word is a name or may be one."""
    first = re.split(r"[\s']", text, maxsplit=1)[0]
    if first in {p.split()[0] for p in proper if p.split()} or first.lower() not in _EN_LOWER:
        return text
    return text[:1].lower() + text[1:]


def upper_first(text: str) -> str:
    return text[:1].upper() + text[1:]


def gender_of(text: str, book: Phrases) -> str:
    """ "f" or "m" by the first telling word, "" when nothing tells."""
    spots = [(_find_word(text, w), g) for words, g in ((book.female, "f"), (book.male, "m")) for w in words]
    hits = [(at, g) for at, g in spots if at >= 0]
    return min(hits)[1] if hits else ""


def gender_before(name: str, summary: str, book: Phrases) -> str:
    """What the words just before a name tell (“her husband Jim”); pronouns there mean somebody else."""
    pronouns = {"she", "her", "he", "his", "him", "她"}
    for match in re.finditer(rf"(.{{0,14}}){re.escape(name)}", summary):
        near = match.group(1)
        last = [
            (near.rfind(w), g)
            for words, g in ((book.female, "f"), (book.male, "m"))
            for w in words
            if w not in pronouns
        ]
        hits = [(at, g) for at, g in last if at >= 0]
        if hits:
            return max(hits)[1]
    return ""


def _find_word(text: str, word: str) -> int:
    if word.isascii():
        match = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE)
        return match.start() if match else -1
    return text.find(word)


def find_pronoun(text: str, name: str, people: Sequence[Named]) -> int:
    """Where a pronoun in a sentence may first mean somebody; behind everything when none does."""
    gender = next((p.gender for p in people if p.name == name), "")
    pronouns = {"f": r"\b(?:she|her)\b|她", "m": r"\b(?:he|his|him)\b|他"}.get(gender, r"\b(?:she|he)\b|[她他]")
    match = re.search(pronouns, text, re.IGNORECASE)
    return match.start() if match else len(text)


def resolve_pronouns(text: str, language: str, people: Sequence[Named], before: Sequence[str]) -> tuple[str, ...]:
    """Whom the pronouns in `text` mean, among those who were there before; empty when there is no pronoun."""
    if re.search(r"\bthey\b", text, re.IGNORECASE) or "他们" in text or "两人" in text or "二人" in text:
        return tuple(before[:2])
    female, male = ("她" in text, "他" in text) if language == "zh" else (
        re.search(r"\b(she|her)\b", text, re.IGNORECASE) is not None,
        re.search(r"\b(he|him|his)\b", text, re.IGNORECASE) is not None,
    )  # fmt: skip
    genders = {p.name: p.gender for p in people}
    meant: list[str] = []
    for gender, occurs in (("f", female), ("m", male)):
        fits = [n for n in before if genders.get(n) == gender] or [n for n in before if not genders.get(n)]
        if occurs and fits and fits[0] not in meant:
            meant.append(fits[0])
    return tuple(meant)


#: a pronoun that cannot mean who does it: “gives her the gloves”, “looks at him”, 借给她
_OBJECT = {
    "f": re.compile(
        r"(?<!with )(?<!behind )(?<!around )(?<!before )(?<!after )(?<!beside )(?<!above )(?<!below )(?<!under )"
        r"(?<!over )(?<!near )\bher(?=\s+(?:the|an?|to|into|from|with|for|in|on|at|out|away|off|up|down|back|by|and|"
        r"that|how|between|through)\b|[,.;:]|$)|[给向看望劝救把被让叫问骂打抱拉推追找爱恨帮替为对跟随送]她(?!的|们)",
        re.IGNORECASE,
    ),
    "m": re.compile(
        r"(?<!with )(?<!behind )(?<!around )(?<!before )(?<!after )(?<!beside )(?<!above )(?<!below )(?<!under )"
        r"(?<!over )(?<!near )\bhim\b|[给向看望劝救把被让叫问骂打抱拉推追找爱恨帮替为对跟随送]他(?!的|们)",
        re.IGNORECASE,
    ),
}
_PRONOUN = {
    "f": re.compile(r"\b(?:she|her|hers)\b|她(?!们)", re.IGNORECASE),
    "m": re.compile(r"\b(?:he|him|his)\b|(?<!其)他(?!们|人|乡)", re.IGNORECASE),
}
_SPOKEN = re.compile(
    r"\b(?:says|said|tells?|told|claims|hears|reports|writes|learns|explains)(?: [\w']+){0,3} that .*|"
    r"“[^”]*”|「[^」]*」|(?<=[说道问答])：.*|^(?!.{0,3}[内外]景)[^，。：]{1,8}：.*|^(?!INT|EXT|I/E)[A-Z][A-Z .'-]+:.*"
)
_KIN_OF = re.compile(
    r"\b(?:his|her)\s+(?:\w+\s+)?(?:(?:grand|step|god|foster )?(?:mother|father|son|daughter|parents|child|children)|"
    r"wife|husband|brother|sister|uncle|aunt|niece|nephew|cousin|coach|teacher|boss|neighbour|friend)\b|"
    r"[他她]的?(?:父亲|母亲|爸爸?|妈妈?|爹|娘|爷爷|奶奶|外公|外婆|哥哥?|姐姐?|弟弟?|妹妹?|儿子|女儿|妻子|丈夫|叔叔?|姑姑?|老师|教练|朋友)|"
    r"\b(?:his|her)\s+(?:\w+\s+)?(?:graves?|tomb|ashes|portrait|photographs?|photo|letters?|memory)\b|"
    r"[他她]的?(?:骨灰|坟墓?|墓|画像|照片|遗物|来信|信)",
    re.IGNORECASE,
)
_TWO = re.compile(r"\bthey\b|[他她它]们|两人|二人", re.IGNORECASE)
#: how far back a story's lead is still who is spoken of
_NEAR = 3


def find_meant(
    text: str, language: str, people: Sequence[Named], before: Sequence[str], named: Mapping[str, int], lead: str
) -> tuple[str, ...]:
    """Whom the pronouns in `text` mean beside those whom it names (`named`: where); `before`: who was there, the last
    first. The lead is meant before others whom a pronoun fits as well."""
    # in what is said, others than those who are there may be meant; “his niece” tells only whose she is
    text = _KIN_OF.sub("", _SPOKEN.sub("", text))
    genders = {p.name: p.gender for p in people}
    meant: list[str] = []
    for gender, pattern in _PRONOUN.items():
        spot = pattern.search(text)
        if spot is None:
            continue
        own = [n for n, at in named.items() if at < spot.start() and genders.get(n) in (gender, "")]
        nearest = max((at, n) for n, at in named.items() if at < spot.start())[1] if own else ""
        # nobody is the object of what they do; of two of one sex the one is meant who does not do it
        itself = len(own) == 1 and nearest == own[0] and _OBJECT[gender].search(text)
        if own and not itself:
            continue
        fits = [n for n in before if genders.get(n) in (gender, "") and n not in named]
        sure = [n for n in fits if genders.get(n) == gender]
        first = [lead] if lead in fits[:_NEAR] else sure or fits
        if first and first[0] not in meant:
            meant.append(first[0])
    if _TWO.search(text):
        others = [n for n in before if n not in named and n not in meant]
        meant += others[: max(0, 2 - len(named) - len(meant))]
    return tuple(meant)


def _name_object(text: str, pronoun: re.Pattern[str], name: str) -> str:
    return pronoun.sub(lambda m: re.sub(r"(?:her|him|[她他])$", "", m.group()) + name, text)


def replace_object(text: str, people: Sequence[Named], meant: Sequence[str]) -> str:
    """“Throws him into the fire” with the name of the one whom “him” or “her” means, where that is one alone."""
    genders = {p.name: p.gender for p in people}
    for gender, pattern in _OBJECT.items():
        fits = [n for n in meant if genders.get(n) in (gender, "")]
        if len(fits) == 1:
            text = _name_object(text, pattern, fits[0])
    return text


def replace_pronoun(short: str, people: Sequence[Named], meant: Sequence[str]) -> str:
    """A leading pronoun replaced by the one person it can mean: a quotation stands far from its context."""
    pronoun = re.match(r"(she|he)\b|([她他])(?!们)", short, re.IGNORECASE)
    if pronoun is None:
        return short
    gender = "f" if pronoun.group(0).lower() in ("she", "她") else "m"
    genders = {p.name: p.gender for p in people}
    fits = [n for n in meant if genders.get(n) == gender] or [n for n in meant if not genders.get(n)]
    return fits[0] + short[pronoun.end() :] if len(fits) == 1 else short


def first_clause(text: str) -> str:
    """An anchor without its afterthought: “an old desk by the window, its right corner chipped” → its first clause."""
    first = re.split(r"[，,；;]", text.strip(), maxsplit=1)[0].strip()
    return first[:60] or text.strip()[:60]


def clip_to_clauses(text: str, limit: int) -> str:
    """As many whole clauses of a text as fit, without its end mark."""
    stripped = text.strip().rstrip("。.!！?？ ") or text.strip()
    if len(stripped) <= limit:
        return stripped
    cut = max((stripped.rfind(mark, limit // 3, limit) for mark in ("。", "，", ". ", ", ", "；", "; ")), default=-1)
    if cut <= 0:
        cut = stripped.rfind(" ", limit // 2, limit)
    return stripped[: cut if cut > 0 else limit - 1].rstrip("，,；;。. ") + ("" if cut > 0 else "…")
