"""Woman or man by the words about somebody, by their name, or by the story; "" for what is not told.

Only their own clause counts: “her son” is a son whoever she is; “loves his mother” tells of no woman.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from workbench.sketch.reading.ages import WORD_NUMBER

Sex = Literal["", "f", "m"]


#: words of people that may follow a possessive and are then the person, not the owner
_F_EN = (
    r"wom[ae]n|girls?|lady|mother|mum|mom|wife|widow|daughter|sister|aunt|grandmother|grandma|granny|"
    r"queen|princess|duchess|countess|empress|heroine|actress|waitress|nun|witch|"
    r"maid|maiden|bride|niece|goddess|mistress|madame?|girlfriend|mermaid|priestess|seamstress|landlady|"
    r"schoolgirl|stewardess|ballerina|housewife|matriarch|lass|crone|[a-z]+woman|"
    r"mare|vixen|lioness|tigress|hen|ewe|heiress|baroness|governess|sorceress|huntress|abbess|hostess|"
    r"geisha|stepmother|godmother|mrs|miss|ms|mother-in-law|daughter-in-law"
)


_M_EN = (
    r"m[ae]n|boys?|gentleman|father|dad|husband|widower|son|brother|uncle|grandfather|grandpa|king|prince|"
    r"duke|emperor|waiter|monk|wizard|bridegroom|groom|nephew|lord|sir|mr|"
    r"boyfriend|schoolboy|lad|guy|fellow|bloke|patriarch|landlord|butler|stallion|rooster|ram|bull|stag|"
    r"abbot|baron|count|earl|sorcerer|sultan|samurai|stepfather|godfather|"
    r"father-in-law|son-in-law|knight|squire|priest|friar|(?!hu|ger|ro|sha|talis|nor|otto|wo)[a-z]{2,}man"
)


_NOUN_EN = re.compile(rf"(?<![\w'-])(?:(?P<f>{_F_EN})|(?P<m>{_M_EN}))(?![\w-])", re.IGNORECASE)


_RELATION_EN = (
    r"mother|father|parents?|son|daughter|child|children|wife|husband|brother|sister|siblings?|uncle|aunt|"
    r"grandmother|grandfather|grandparents?|grandson|granddaughter|"
    r"friend|lover|fianc[eé]e?|niece|nephew|cousin|family|mum|mom|dad|girlfriend|boyfriend|bride|groom|"
    r"widow|widower|twin|ward|master|mistress|servant|partner|baby|boy|girl|man|woman|king|queen"
)


_OTHERS_EN = re.compile(
    rf"\b(?:of(?! (?:about |some |nearly )?(?:\d|{WORD_NUMBER}))|for|like|than|to|from|after|against|"
    rf"about|by|whose|raised|adopted|loved|betrayed|married|engaged|mourns?|misses|miss|loves?|hates?|"
    rf"fears?|seeks?|wants?|"
    r"looking for|searching for|remembers?|cares?|raises|raising|protects?|lost|owes|works|lives with|"
    r"grew up with|travels with|who|that|which|if|because|since|until|when|while)\b.*",
    re.IGNORECASE,
)


#: of looks a part of a phrase tells more: “a coat of red wool”, “who wears a beard”
_OTHERS_LOOKS_EN = re.compile(
    r"\b(?:whose (?:mother|father|wife|husband|son|daughter|brother|sister|friend)|like|than|afraid of|"
    r"fears?|hates?|loves?|married to|engaged to|mother of|father of|sister of|brother of|"
    r"daughter of|son of|wife of|husband of|widow of|friend of|looking for|searching for|seeks?|wants?|"
    r"remembers?|misses|dreams of|once had|used to)\b.*",
    re.IGNORECASE,
)


_OWNER_EN = re.compile(
    rf"^\s*(?:and |also |then )?(?:his|her|their|our|my|its|"
    rf"[A-Z][\w'-]*(?: [A-Z][\w'-]*)*['’]s?)\s+(?:(?:own|late|only|younger|older|elder|little|big|twin|"
    rf"adopted|second|first|dead|old|young|beloved|\w+ed|\w+est)\s+)*(?=(?:{_RELATION_EN})\b)",
    re.IGNORECASE,
)


_OTHERS_CLAUSE_EN = re.compile(
    rf"^\s*(?:his|her|their|our|my|its|the)\s+(?:\w+\s+)?(?:{_RELATION_EN})\b\s+\S", re.IGNORECASE
)


_VERB_EN = re.compile(r"\b\w{3,}s\b")


_NO_VERB = re.compile(
    r"\b(?:years|glasses|clothes|princess|hopeless|fearless|ruthless|homeless|always|sometimes|famous|"
    r"serious|nervous|curious|generous|jealous|ambitious|religious|precious|ss)\b",
    re.IGNORECASE,
)


#: what follows one of these is no longer the person
_OBJECT_EN = re.compile(r"\b(?:his|her|their|my|has|had|have|with|no)\b|\w+ing (?:an?|the|his|her) ", re.IGNORECASE)


_NOT_SEX_ZH = re.compile(
    r"父母|夫妻|夫妇|姐弟|兄妹|母子|母女|父女|父子|男女|儿女|子女|公婆|女婿|妹夫|姐夫|姑父|姨父|女儿国|母语|母校|祖母绿|父老|兄弟们|姐妹们|其他|他人|他们|她们|吉他|他乡|利他|"
    r"无他|排他|母鸡|公鸡|处女作|女[娲媧]"
)


_F_ZH_ANY = r"女(?!娲)|少女|姑娘|妇|夫人|太太|小姐|丫鬟|丫头|尼姑|公主|皇后|王后|仙子|娘子|娘娘|妃"


_M_ZH_ANY = (
    r"男|少年|书生|先生|公子|少爷|老头|老汉|汉子|大汉|和尚|道士|太监|小伙|王子|皇帝|国王|太子|壮士|僧|翁|叟|秀才|"
    r"汉$|老爷|方丈|武士|骑士"
)


_F_ZH_END = (
    r"妻子?|妾|母亲?|妈妈?|娘|姐姐?|妹妹?|奶奶|外婆|姥姥|婆婆?|姑姑?|姨|嫂子?|媳妇|孙女|女儿|闺女|寡妇|老婆|女友|"
    r"未婚妻|婶|侄女|祖母|后妈|继母|氏"
)


_M_ZH_END = (
    r"丈夫|夫君|父亲?|爸爸?|爹|哥哥?|弟弟?|爷爷|爷|外公|姥爷|叔叔?|伯伯?|舅舅?|儿子?|孙子|老公|兄长|男友|未婚夫|"
    r"侄子|祖父|继父|公公"
)


_VERBS_ZH = re.compile(
    r"^(?:与|和|跟|同|爱|恨|找|寻|有|被|为了?|替|把|因|失去|照顾|养|嫁|娶|想|思念|等|随|带|背着|继承|陪|救|追|怕|像|如|母亲[^$]|父亲[^$]|送|教|听|看|给|"
    r"对|从|由|照料|挂念|梦见|认识|遇)"
)


def split_parts(text: str) -> list[str]:
    return [p.strip() for p in re.split(r"[,.;:()\n!?—–，。；：（）、！？]+", text) if p.strip()]


def own_parts(description: str) -> list[str]:
    """The parts of a description that say who somebody is, each without what belongs to others."""
    own: list[str] = []
    for part in split_parts(description):
        if re.search(r"[一-鿿]", part):
            tail = (
                re.split(r"[的之]", _NOT_SEX_ZH.sub("", part))[-1]
                if re.search(rf"[的之](?:{_F_ZH_END}|{_M_ZH_END})$", part)
                else _NOT_SEX_ZH.sub("", part)
            )
            if not _VERBS_ZH.match(tail):
                own.append(tail)
            continue
        text, owned = _OWNER_EN.subn("", part)
        if not owned and _OTHERS_CLAUSE_EN.match(part):
            continue
        own.append(
            _OTHERS_EN.sub(
                "", re.sub(r"^.*?['’]s\s+(?=(?:" + _RELATION_EN + r")\b)", "", text, flags=re.IGNORECASE)
            ).strip()
        )
    return [p for p in own if p]


def own_looks(description: str) -> list[str]:
    parts: list[str] = []
    for part in split_parts(description):
        if _OTHERS_CLAUSE_EN.match(part) or re.match(
            r"(?:他|她)?的?(?:母亲|父亲|妻子|丈夫|哥哥|弟弟|姐姐|妹妹|儿子|女儿)(?=\S)", part
        ):
            continue
        parts.append(_OTHERS_LOOKS_EN.sub("", part))
    return parts


def sex_of_parts(parts: Sequence[str]) -> Sex:
    for part in parts:
        if re.search(r"[一-鿿]", part):
            if found := _sex_zh(part):
                return found
            continue
        for match in _NOUN_EN.finditer(part):
            before = part[: match.start()]
            told = _NO_VERB.sub("", before)
            if _VERB_EN.search(told) or _OBJECT_EN.search(told):
                break
            return "f" if match.group("f") else "m"
    return ""


def _sex_zh(part: str) -> Sex:
    end = re.search(rf"(?:(?P<f>{_F_ZH_END})|(?P<m>{_M_ZH_END}))$", part)
    if end:
        return "f" if end.group("f") else "m"
    match = re.search(rf"(?P<f>{_F_ZH_ANY})|(?P<m>{_M_ZH_ANY})", part)
    return "" if match is None else "f" if match.group("f") else "m"


def sex_of_name(name: str) -> Sex:
    if re.search(r"[一-鿿]", name):
        bare = _NOT_SEX_ZH.sub("", name.strip())
        end = re.search(
            rf"(?:(?P<f>{_F_ZH_END}|夫人|姑娘|小姐|公主|女子|女人|女孩|少女|仙子|皇后|王后)|(?P<m>{_M_ZH_END}|公|翁|叟|先生|男子|男人|男孩|"
            rf"少年|书生|道士|和尚|王子|国王|皇帝|公子|少爷|老汉|老头|(?<![医学考新先后])生))$",
            bare,
        )
        return "" if end is None or len(bare) < 2 else "f" if end.group("f") else "m"
    plain = re.sub(r"^(?:the|an?|old|young|little)\s+", "", name.strip(), flags=re.IGNORECASE)
    # “the Mayor's Wife”, “Madame Sofronie”, “Uncle Tom”; “King” as a surname stands last behind another name
    tail = re.split(r"['’]s\s+", plain)[-1]
    words = re.sub(r"\b(?:of|from|in|with)\b.*", "", tail).replace(".", " ").split()
    for word in (
        [words[0], words[-1]]
        if words
        and (len(words) == 1 or name[:1].islower() or re.match(r"(?:the|an?|old|young|little)\b", name, re.IGNORECASE))
        else words[:1]
    ):
        match = _NOUN_EN.fullmatch(word)
        if match:
            return "f" if match.group("f") else "m"
    return ""


def sex_of_pronouns(description: str) -> Sex:
    """By pronouns of somebody's own description, where only one sex is spoken of; “her son” is whoever's."""
    text = " , ".join(_OWNER_EN.sub("", part) for part in split_parts(description))
    female = re.search(r"\b(?:she|herself|hers|her)\b|她", text, re.IGNORECASE)
    male = re.search(r"\b(?:he|himself|his|him)\b|他", text, re.IGNORECASE)
    return "f" if female and not male else "m" if male and not female else ""


def beside(story: str, names: Sequence[str]) -> list[str]:
    """What stands right before or after a name: “her husband Jim”, “Mei, a girl of ten,”, 妻子陈氏."""
    found: list[str] = []
    for name in (n for n in names if n.strip()):
        sign = re.escape(name)
        if re.search(r"[一-鿿]", name):
            for match in re.finditer(
                rf"([一-鿿]{{0,8}}?(?:{_F_ZH_END}|{_M_ZH_END}|女孩|男孩|少女|少年|姑娘|书生|男子|女子|老人|老妇|老翁)){sign}",
                story,
            ):
                found.append(match.group(1))
            for match in re.finditer(
                rf"{sign}(?:是|，)(?:一[位个名])?([^，。；]{{0,14}}?(?:{_F_ZH_END}|{_M_ZH_END}|女孩|男孩|少女|少年|姑娘|书生|"
                rf"男子|女子|老人|老妇|老翁))(?=[，。；])",
                story,
            ):
                found.append(match.group(1))
            continue
        for match in re.finditer(
            rf"((?:\b(?:his|her|their|the|an?|my)\b|['’]s)\s+(?:[\w-]+\s+){{1,4}}){sign}\b", story, re.IGNORECASE
        ):
            found.append(re.sub(r"^['’]s\s+", "", match.group(1)))
        for match in re.finditer(
            rf"\b{sign},\s+((?:an?|the|his|her|their)\s[^,.;]{{2,40}}|(?:\d{{1,3}}|{WORD_NUMBER}))(?=[,.;])", story
        ):
            found.append(match.group(1))
        for match in re.finditer(
            rf"\b{sign}\s+(?:is|was)\s+((?:an?|the|his|her|their)\s[^,.;]{{2,40}}|(?:\d{{1,3}}|{WORD_NUMBER})\b)",
            story,
        ):
            found.append(match.group(1))
        found += [m.group(1) for m in re.finditer(rf"\b((?:[Oo]ld|[Yy]oung|[Ll]ittle))\s+{sign}\b", story)]
        found += [
            m.group(1) for m in re.finditer(rf"(?:^|[.,;]\s+)((?:[Aa]n?|[Tt]he)\s[\w\s-]{{2,30}}),\s+{sign}\b", story)
        ]
    return [p for f in found for p in own_parts(f)]


def sex_by_story(story: str, names: Sequence[str], others: Sequence[str]) -> Sex:
    """By the pronouns of sentences that name this person and nobody else before them."""
    votes = {"f": 0, "m": 0}
    alone = False
    for sentence in re.split(r"(?<=[.!?])\s+|[。！？\n]", story):
        spots = [sentence.find(n) for n in names if n.strip() and n in sentence]
        strangers = [n for n in others if n.strip() and n in sentence]
        if spots:
            alone = not strangers and _NOUN_EN.search(sentence[: min(spots)]) is None
            told = sentence[min(spots) :] if alone else ""
        else:
            opens = re.match(r"\s*(?:She|He|Her|His|她|他)", sentence)
            alone = alone and not strangers
            told = sentence if alone and opens else ""
        told = re.sub(
            rf"\b(?:an?|the|his|her)\s+(?:\w+\s+){{0,2}}(?:{_F_EN}|{_M_EN})\b.*", "", told, flags=re.IGNORECASE
        )
        told = re.sub(rf"(?:{_F_ZH_ANY}|{_M_ZH_ANY}|[一位名个]人).*", "", _NOT_SEX_ZH.sub("", told))
        votes["f"] += len(re.findall(r"\b(?:she|her|herself)\b|她", told, re.IGNORECASE))
        votes["m"] += len(re.findall(r"\b(?:he|his|him|himself)\b|他", told, re.IGNORECASE))
    return "f" if votes["f"] > votes["m"] else "m" if votes["m"] > votes["f"] else ""
