"""Traditional Chinese: a story written in it stays in it, whatever its model or the offline drafts answer.

OpenCC converts; what the story has itself – names, whole clauses – comes back as it was written, since some characters
are one in simplified Chinese and two in traditional (后/後, 里/裡, 范/範). Taiwan's forms stand for the others.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel

from workbench.json_types import Json

if TYPE_CHECKING:
    from opencc import OpenCC

M = TypeVar("M", bound=BaseModel)

#: frequent characters that only one of the two has, in the same order
_TRADITIONAL = (
    "們個來時會說對著國過還於無發現從見長進點動學經後實開問關樣與將體兩話間種電東車馬門風飛鳥魚龍龜為這裡裏頭聽讓認識親覺視"
    "親愛書畫筆寫讀請謝語詞難離雖雙雞雲電靈響順須題顏願類顧飯館餓驚體鬥鬧麗麼黃點齊齒歲歸歷殺氣決沒淚淨漸災熱燈爺爾牆獨獵"
    "獲獻環產畢當療發盡監盤睜禮禍種穀積穩窩競節築簡糧紅紙細終組結給統絲經維網緊線緩練縣總織繞繼續罵義習聖聞聯聲職聽肅脫"
    "腳腦膽臉臨興舊艙藍藝葉蘇蘭處虛號蟲術衛衝補裝複襲觀觸計訊討訓記設許訴診試詩該詳誇誤說課調談論諸講證譯護變豐財責貨貧貴買費資"
    "賓賣賴贈贏趕趙跡踐躍軍軟較載輕輛輝輪轉農運達違遠適選遺鄉鄰醫釋針釣鈴銀銅銳鋼錄錢錯鍋鎖鎮鏡鐘鐵閃閉閒閱陣陰陳陸陽階際隨險隱隻"
)
_ONLY_TRADITIONAL = frozenset(_TRADITIONAL) - frozenset("著於")
_ONLY_SIMPLIFIED = frozenset(
    "们个来时会说对国过还无发现从见长进点动学经实开问关样与将体两话间种电东车马门风飞鸟鱼龙龟为这头听让认识亲觉视爱书画笔写读请谢语词"
    "难离虽双鸡云灵响顺须题颜愿类顾饭馆饿惊斗闹丽么黄齐齿岁归历杀气决没泪净渐灾热灯爷尔墙独猎获献环产毕当疗尽监盘睁礼祸谷积稳窝竞"
    "节筑简粮红纸细终组结给统丝维网紧线缓练县总织绕继续骂义习圣闻联声职肃脱脚脑胆脸临兴旧舱蓝艺叶苏兰处虚号虫术卫冲补装复袭观触计讯讨"
    "训记设许诉诊试诗该详夸误课调谈论诸讲证译护变丰财责货贫贵买费资宾卖赖赠赢赶赵迹践跃军软较载轻辆辉轮转农运达违远适选遗乡邻医释针钓铃"
    "银铜锐钢录钱错锅锁镇镜钟铁闪闭闲阅阵阴陈陆阳阶际随险隐"
) - frozenset("云斗冲叶适种谷虫于")
_HAN = re.compile(r"[㐀-鿿豈-﫿]")
_CLAUSE = re.compile(r"[，。！？；：、,.!?;:\s“”‘’「」『』（）()《》…—]+")
#: a shorter clause may be any words
_LEAST_CLAUSE = 3


def is_traditional(text: str) -> bool:
    """Is a text in traditional Chinese? By its frequent characters; one that tells nothing is not."""
    return sum(c in _ONLY_TRADITIONAL for c in text) > sum(c in _ONLY_SIMPLIFIED for c in text)


def simplify(value: Json) -> Json:
    """The same value with every text of it in simplified Chinese, keys as they are."""
    if isinstance(value, str):
        return _convert("t2s", value)
    if isinstance(value, list | tuple):
        return [simplify(item) for item in value]
    return {key: simplify(item) for key, item in value.items()} if isinstance(value, dict) else value


def read_simplified(value: Json) -> Json:
    """A value as it is, or simplified where it is in traditional Chinese."""
    return simplify(value) if is_traditional("".join(iterate_texts(value))) else value


class Traditional:
    """Brings answers into the traditional Chinese of a story: `texts` are what it has itself, `names` its people's."""

    def __init__(self, texts: Iterable[str], names: Iterable[str]) -> None:
        own = {name for name in names if _HAN.search(name)}
        own |= {c for text in texts for c in _CLAUSE.split(text) if len(c) >= _LEAST_CLAUSE and _HAN.search(c)}
        ways: dict[str, str] = {}
        for words in sorted(own):
            ways.setdefault(_convert("t2s", words), words)
        # what is written as the story has it stays so, too
        ways |= {words: words for words in own}
        listed = sorted(ways, key=lambda words: (-len(words), words))
        self._ways = ways
        self._own = re.compile("|".join(map(re.escape, listed))) if listed else None

    def write(self, text: str) -> str:
        """A text in traditional Chinese; one that is in it already stays as it is."""
        if not _has_simplified(text) and any(c in _ONLY_TRADITIONAL for c in text):
            return text
        pieces, at = [], 0
        for match in self._own.finditer(text) if self._own else ():
            pieces += [_convert("s2tw", text[at : match.start()]), self._ways[match.group()]]
            at = match.end()
        return "".join([*pieces, _convert("s2tw", text[at:])])

    def write_all(self, value: Json) -> Json:
        """The same for every text of a JSON value."""
        if isinstance(value, str):
            return self.write(value)
        if isinstance(value, list):
            return [self.write_all(item) for item in value]
        return {key: self.write_all(item) for key, item in value.items()} if isinstance(value, dict) else value

    def keep(self, answer: M) -> M:
        """An answer in traditional Chinese; where nothing of it is simplified, 后 and 里 are meant and stay."""
        content = answer.model_dump(mode="json")
        if not any(map(_has_simplified, iterate_texts(content))):
            return answer
        return type(answer).model_validate(self.write_all(content))


def iterate_texts(value: Json) -> Iterator[str]:
    """Every text of a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            yield from iterate_texts(item)


def _has_simplified(text: str) -> bool:
    return any(c in _ONLY_SIMPLIFIED for c in text)


def _convert(way: str, text: str) -> str:
    return _converter(way).convert(text) if _HAN.search(text) else text


@functools.cache
def _converter(way: str) -> OpenCC:
    from opencc import OpenCC

    return OpenCC(way)
