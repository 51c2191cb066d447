"""A text file that somebody brings, as text: in whatever encoding their editor saved it, or refused with what to do.

What has no mark of its encoding is decoded in each that it can be, and read as the one in which its characters are
those that texts are made of. Detectors for everything take short GBK for Big5 or Korean (charset_normalizer #365,
#587 and httpie #1823, read 2026-11-28); stories come in few encodings, and a wrong guess is worse than a question.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from itertools import pairwise

from workbench.errors import InvalidInput
from workbench.i18n import N_, Text

#: more than any story that can be read at once has in any encoding
MOST_BYTES = 4_000_000
UTF_8 = "UTF-8"

_BOMS = (
    (codecs.BOM_UTF8, "utf-8", UTF_8),
    # before UTF-16: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)

#: how other files begin, and what they are
_NOT_TEXT = (
    (b"PK\x03\x04", N_("a document of a word processor, or an archive")),
    (b"\xd0\xcf\x11\xe0", N_("a document of a word processor")),
    (b"{\\rtf", N_("a document of a word processor (RTF)")),
    (b"%PDF", "PDF"),
    (b"<?xml", "XML"),
    (b"<!doctype html", N_("a web page")),
    (b"<html", N_("a web page")),
    (b"\x89PNG", N_("a picture")),
    (b"\xff\xd8\xff", N_("a picture")),
    (b"GIF8", N_("a picture")),
    (b"RIFF", N_("a picture or a recording")),
    (b"\x1f\x8b", N_("an archive")),
    (b"7z\xbc\xaf", N_("an archive")),
    (b"Rar!", N_("an archive")),
)

#: what stands where characters were: U+FFFD, and what becomes of several of them in GBK
_LOST = re.compile("\ufffd+|(?:锟斤拷){2,}")
#: characters that move a terminal's cursor or ring its bell
_CONTROL = re.compile(r"[\x01-\x08\x0e-\x1f\x7f]")

_PUNCTUATION = "，。、：；！？“”‘’「」『』《》（）…—·～　"
#: the commonest characters of running text: of any Chinese text they are more than half
_SIMPLIFIED = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行"
    "所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力"
    "它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产"
    "或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口"
    "认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区"
    "保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张"
    "该交规万取拉格望觉术领共确传师观清今切院让识候带导争运笑夜父母爱孩雨风火灯站店车船城村街房间桌椅窗雪花树河"
)
_TRADITIONAL = (
    "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡裏用道行"
    "所然家種事成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開但因只從想實日軍者意無力"
    "它與長把機十民第公此已工使情明性知全三又關點正業外將兩高間由問很最重並物手應戰向頭文體政美相見被利什二等產"
    "或新己制身果加西斯月話合回特代內信表化老給世位次度門任常先海通教兒原東聲提立及比員解水名真論處走義各入幾口"
    "認條平系氣題活爾更別打女變四神總何電數安少報才結反受目太量再感建務做接必場件計管期市直德資命山金指克許統區"
    "保至隊形社便空決治展馬科司五基眼書非則聽白卻界達光放強即像難且權思王象完設式色路記南品住告類求據程北邊死張"
    "該交規萬取拉格望覺術領共確傳師觀清今切院讓識候帶導爭運笑夜父母愛孩雨風火燈站店車船城村街房間桌椅窗雪花樹河"
)
_KANA = (
    "".join(map(chr, range(0x3041, 0x3097)))
    + "ーアイウエオカキクケコサシスセソタチツテトナニヌネノマミムメモラリルレロワン"
)
_HANGUL = "이다는에을의가고하를은로지한도서기어리나사자인그시아니해라정부일대보들과있전여수제게장주면만원없었것습"


@dataclass(frozen=True)
class _Candidate:
    codec: str
    title: str
    common: frozenset[str]


_CANDIDATES = (
    _Candidate("gb18030", "GBK", frozenset(_SIMPLIFIED + _TRADITIONAL + _PUNCTUATION)),
    _Candidate("big5hkscs", "Big5", frozenset(_TRADITIONAL + _PUNCTUATION)),
    _Candidate("cp932", "Shift_JIS", frozenset(_KANA + "、。「」")),
    _Candidate("euc_jp", "EUC-JP", frozenset(_KANA + "、。「」")),
    _Candidate("cp949", "EUC-KR", frozenset(_HANGUL)),
)
#: encodings of seven bits: what shows them, and what they are called
_ESCAPED = (
    (rb"\x1b\$", "iso2022_jp_2", "ISO-2022-JP"),
    (rb"\x1b\$", "iso2022_kr", "ISO-2022-KR"),
    (rb"~\{.*~\}", "hz", "HZ"),
    (rb"\+[A-Za-z0-9+/]{5,}-?", "utf-7", "UTF-7"),
)
#: characters beyond ASCII that tell anything
_FEWEST = 3
#: of the characters beyond ASCII, those that have to be common ones; and how much more than in the next encoding
_ENOUGH, _CLEARLY = 0.4, 1.5
#: what a Western text has beyond ASCII; nothing that other code pages put a letter of theirs in place of
_WESTERN = frozenset("€…‘’“”•–—™ £©«»°´½äöüßÄÖÜéÉëïîôâçÇèàêñù")


def decode(data: bytes, name: str) -> tuple[str, str]:
    """The text of a file, lines ended by a newline, and its encoding's name. `name`: what the file is called.

    Raises InvalidInput: no text, or in an encoding that cannot be told.
    """
    if len(data) > MOST_BYTES:
        most = MOST_BYTES // 1_000_000
        raise InvalidInput(Text(N_("{path} is larger than {most} MB: bring it in parts."), path=name, most=most))
    for mark, codec, title in _BOMS:
        if data.startswith(mark):
            return _check(_decode_as(codec, data[len(mark) :], name, title), name), title
    for start, what in _NOT_TEXT:
        if data.lstrip()[:16].lower().startswith(start.lower()):
            raise InvalidInput(
                Text(N_("{path} is {what}, not text. Save it as plain text (UTF-8)."), path=name, what=Text(what))
            )
    if b"\x00" in data:
        return _decode_wide(data, name)
    if data.isascii():
        escaped = _decode_escaped(data)
        if escaped is not None:
            return _check(escaped[0], name), escaped[1]
    try:
        return _check(data.decode("utf-8"), name), UTF_8
    except UnicodeDecodeError as error:
        return _guess(data, error, name)


def _decode_as(codec: str, data: bytes, name: str, title: str) -> str:
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        sentence = N_("{path} is broken: it says that it is {encoding}, and is not. Save it as UTF-8.")
        raise InvalidInput(Text(sentence, path=name, encoding=title)) from None


def _decode_wide(data: bytes, name: str) -> tuple[str, str]:
    """UTF-16 or UTF-32 without its mark: the order of its bytes in which its characters are common ones."""
    known = frozenset(_SIMPLIFIED + _TRADITIONAL + _PUNCTUATION).union(map(chr, range(1, 127)))
    scored: list[tuple[float, str, str]] = []
    for codec in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
        try:
            text = data.decode(codec)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            scored.append((sum(c in known for c in text) / len(text), text, codec[:6].upper()))
    if scored and max(scored)[0] >= _ENOUGH:
        _, text, title = max(scored)
        return _check(text, name), title
    raise _holds_nul(name, data[: data.index(0)].count(b"\n") + 1)


def _decode_escaped(data: bytes) -> tuple[str, str] | None:
    """A text in an encoding of seven bits, in which ASCII stands for other characters; None when it is just ASCII."""
    common = frozenset(_SIMPLIFIED + _TRADITIONAL + _PUNCTUATION + _KANA + _HANGUL)
    for mark, codec, title in _ESCAPED:
        if re.search(mark, data):
            text = _try(codec, data)
            beyond = [c for c in text if not c.isascii()]
            if len(beyond) >= _FEWEST and sum(c in common for c in beyond) >= len(beyond) * _ENOUGH:
                return text, title
    return None


def _try(codec: str, data: bytes) -> str:
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return ""


def _guess(data: bytes, error: UnicodeDecodeError, name: str) -> tuple[str, str]:
    """The text in the one encoding in which it reads like one."""
    western = _read_western(data)
    if western is not None:
        return western, "Windows-1252"
    scored = sorted(((_score(data, c), number) for number, c in enumerate(_CANDIDATES)), reverse=True)
    (best, number), (second, _) = scored[:2]
    if best < _ENOUGH or best < _CLEARLY * second:
        line = data[: error.start].count(b"\n") + 1
        sentence = N_("The encoding of {path} cannot be told (line {line} is no UTF-8). Save it as UTF-8.")
        raise InvalidInput(Text(sentence, path=name, line=line))
    found = _CANDIDATES[number]
    return _check(data.decode(found.codec), name), found.title


def _score(data: bytes, candidate: _Candidate) -> float:
    """How many of the characters beyond ASCII are common ones; 0 where the bytes are none of this encoding."""
    text = _try(candidate.codec, data)
    beyond = [c for c in text if not c.isascii()]
    return sum(c in candidate.common for c in beyond) / len(beyond) if beyond else 0.0


def _read_western(data: bytes) -> str | None:
    """A text in ASCII with some marks and accents of Windows-1252; None when it is anything else."""
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        return None
    beyond = [c for c in text if not c.isascii()]
    # characters of two bytes stand in rows; accents and quotation marks stand alone
    pairs = sum(not a.isascii() and not b.isascii() for a, b in pairwise(text))
    fits = len(beyond) * 8 <= len(text) and pairs * 8 <= len(beyond) and _WESTERN.issuperset(beyond)
    return _normalize(text) if fits else None


def _check(text: str, name: str) -> str:
    text = _normalize(text)
    if "\x00" in text:
        raise _holds_nul(name, _line_of(text, text.index("\x00")))
    lost = _LOST.search(text)
    if lost is not None:
        sentence = N_(
            "{path}, line {line}: characters were lost there (“{lost}”) when the file was saved in another encoding. "
            "Bring it as it was before, or write them anew."
        )
        raise InvalidInput(Text(sentence, path=name, line=_line_of(text, lost.start()), lost=lost[0]))
    control = _CONTROL.search(text)
    if control is not None:
        sentence = N_("{path}, line {line}: the character U+{code} is in no text. Take it out, or save it as UTF-8.")
        code = f"{ord(control[0]):04X}"
        raise InvalidInput(Text(sentence, path=name, line=_line_of(text, control.start()), code=code))
    return text


def _line_of(text: str, at: int) -> int:
    return text[:at].count("\n") + 1


def _holds_nul(name: str, line: int) -> InvalidInput:
    sentence = N_(
        "{path}, line {line}: there is a zero character (NUL), which no text has. Take it out, or save the file as "
        "plain text (UTF-8)."
    )
    return InvalidInput(Text(sentence, path=name, line=line))


def _normalize(text: str) -> str:
    """One kind of line end, a page break as an empty line, no mark of the encoding and none of DOS for the end."""
    text = text.replace("\ufeff", "").rstrip("\x1a")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n\n").replace("\v", "\n")
