"""When two names mean the same person or thing, and whom a text names.

A name is written in many ways: with a space or without, full-width, by its given name alone, with a title, in small
letters, beside characters of another script. A name that is also a word counts with its capital alone: “rose” is not
Rose.
"""

from __future__ import annotations

import functools
import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.json_types import Json
from workbench.story import hanzi

_DOTS = "·•・‧∙⋅･"
#: characters of a text whose letters are kept for a while
_SHORT = 1000
#: written in the middle of a name, and as often left out
_IGNORED = re.compile(rf"[\s.{_DOTS}]+")
_SAME = str.maketrans("’‘＇‐‑–—－", "'''-----")
_HAN = re.compile(r"[㐀-䶿一-鿿豈-﫿\U00020000-\U0003ffff]+")
#: scripts that stand without blanks between words
_UNSPACED = re.compile(r"[㐀-䶿一-鿿豈-﫿\U00020000-\U0003ffffぁ-ヿ가-힣]")
_KATAKANA = re.compile(r"[ァ-ヺー]")
_BRACKETED = re.compile(r"[(（\[【〔].*?[)）\]】〕]")
_ARTICLE = re.compile(r"^(?:the|an?)\s+", re.IGNORECASE)
#: “the King” is no Stephen King
_ARTICLED = re.compile(r"\b(?:the|an?|his|her|their|our|my|your|this|that|old)\s+$", re.IGNORECASE)
#: behind it, a sentence begins; behind “Mr.” none
_ABBREVIATED = re.compile(r"\b(?:Mrs?|Ms|Dr|St|Prof|Capt|Col|Gen|Lt|Sgt|Rev)\.\s*$", re.IGNORECASE)
_SENTENCE_START = re.compile(r"(?:^|[.!?。！？…:：\n])[\s\"'“”‘’「」『』(（\-–—]*$")

_LISTS = {
    name: tuple(text.split())
    for name, text in tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")).items()
}
_TITLES, _PARTICLES, _FAMILIES, _ROLES, _PRONOUNS = (
    frozenset(_LISTS[name]) for name in ("titles", "particles", "families", "roles", "pronouns")
)
_WORDS = frozenset(_LISTS["words"]) | _PRONOUNS
_COMPOUND, _SURNAMES, _GIVEN_WORDS = _LISTS["compound_surnames"], frozenset(_LISTS["surnames"]), _LISTS["given_words"]
_HONOURS = _LISTS["honours"]
#: “Will she come?”, “May the …”: no name, whoever is called so
_ASKS = re.compile(r"\s+(?:he|she|it|they|we|you|I|the|a|an|this|that|there|his|her|my|our|your|no|not)\b")
_KIN = {name: "|".join(map(re.escape, _LISTS[name])) for name in ("kin", "kin_zh")}
_OF_KIN = re.compile(rf"['’]s?\s+(?:[a-z]+\s+){{0,2}}(?:{_KIN['kin']})\b|的?(?:{_KIN['kin_zh']})", re.IGNORECASE)
_SEEN = {name: "|".join(map(re.escape, _LISTS[name])) for name in ("seen", "seen_zh", "is_words")}
_OF_THINGS = re.compile(
    rf"(?:['’]s|(?<=s)['’])\s+(?!(?:[a-z]+\s+){{0,2}}(?:{_SEEN['seen']})\b|(?:{_SEEN['is_words']}|[a-z]+ing)\b)(?=[a-z])"
    rf"|的(?!.{{0,3}}(?:{_SEEN['seen_zh']}))",
    re.IGNORECASE,
)
_TOWNS = frozenset(_LISTS["towns"])
#: before a name of one character there is no other character but these
_BEFORE_ONE = "和与與跟同对對向把将將被给給让讓叫请請问問找见見看是替为為等但而却卻"
#: or these, where a clause ends or goes on behind it as behind a person
_BEFORE_ONE_TOO = "着著了过過到有时時这這那后後"
_ON = re.compile(r"$|[^㐀-鿿]|[说說道问問看走来來去站坐知想也就又都把被给給没沒不还還和与與跟拿笑哭点點]")
#: what a name of one character is not, but the word it begins
_AFTER_ONE = "子家国國后後朝宫宮府族爷爺妃室法者们們"
#: a name of the landscape is that where something is in it
_LANDSCAPE, _IN_IT = "江河湖海山林石云雲雪花桥橋田原溪泉洋星月", "中里裡边邊间間上下底畔岸水面"
#: “天下着小雨”, “一轮明月”
_WEATHER = re.compile(r"(?:下[着著了起]?|[阵陣场場轮輪朵片颗顆缕縷座]|[冒淋顶頂][着著])$")
_FEAST = re.compile(r"\b(?:christmas|easter|new\s+year['’]?s?)\s+$", re.IGNORECASE)
_TOWARDS = re.compile(r"\b(?:in|near|outside|through|across|around|leaves?|left|reach(?:es|ed)?)\s+$", re.IGNORECASE)
_TOWARDS_PART = re.compile(rf"{_TOWARDS.pattern}|\b(?:to|from|for|of|at|into|towards?)\s+$", re.IGNORECASE)
_SITE = re.compile(rf"\s+(?:{'|'.join(_LISTS['sites'])})\b|{'|'.join(_LISTS['sites_zh'])}")
#: “the Rose Tavern”
_CALLED_SO = (re.compile(r"\b[Tt]he\s+$"), re.compile(r"\s+[A-Z][a-z]"))
#: a wife or daughter is not called by the family name alone
_WOMENS = frozenset(("mrs", "miss", "ms", "mme", "madame", "mlle", "lady"))
#: letters that are no others with accents
_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ı": "i"})


def names_of(element: Mapping[str, Json]) -> list[str]:
    """A character's own name and its aliases."""
    return [str(element["name"]), *(str(alias) for alias in element.get("aliases") or [])]


def fold(name: str) -> str:
    """A name without the differences nobody means: case, blanks, dots, full width, invisible characters."""
    plain = unicodedata.normalize("NFKC", name).translate(_SAME).casefold()
    return "".join(c for c in _IGNORED.sub("", plain) if unicodedata.category(c) not in ("Cf", "Cc"))


def identify(name: str) -> str:
    """The same for every way to write one name: `fold`, and simplified or traditional Chinese."""
    return str(hanzi.simplify(fold(name)))


def without_article(name: str) -> str:
    """“the lamp” → “lamp”."""
    return _ARTICLE.sub("", name.strip())


def contains(text: str, name: str) -> bool:
    """Is a thing or a place in a text under this name, in any case and not inside another word?"""
    return bool(find_spans(text, name))


def find_spans(text: str, name: str) -> list[tuple[int, int]]:
    """Where it is in there, counted in the text's composed form (NFC)."""
    return list(_spans(_Flat.of(text), _Form.of(name, "", whole=True)))


@dataclass(frozen=True)
class Mention:
    """Where a text names somebody: `name` is their own, `start` and `end` count in the text's composed form (NFC)."""

    name: str
    start: int
    end: int


class NameIndex:
    """Whom a name means and whom a text names, among these characters.

    The longest name counts: who is called Li is not in “Li Ming”. A part of a name (“Peyton”) means its person where it
    is nobody else's; what two go by means neither.
    """

    def __init__(self, characters: Iterable[Mapping[str, Json]]) -> None:
        cast = [(str(c["name"]), names_of(c)) for c in characters]
        own = _unique((fold(names[0]), own) for own, names in cast)
        aliases = _unique((fold(n), own) for own, names in cast for n in names[1:])
        bare = _unique((fold(without_article(n)), own) for own, names in cast for n in names)
        self._exact = {**bare, **aliases, **own}
        self._unaccented = _unique((_without_accents(form), own) for form, own in self._exact.items())
        pairs = [(fold(p), own, _is_womans(n)) for own, names in cast for n in names for p in _parts_of(n)]
        bare_of = {part for part, _, womans in pairs if not womans}
        parts = _unique((part, own) for part, own, womans in pairs if not womans or part not in bare_of)
        surnames = _unique((fold(s), own) for own, names in cast if (s := _surname_of(names[0])))
        taken = {fold(n) for _, names in cast for n in names}
        self._parts = {part: own for part, own in parts.items() if part not in taken}
        self._surnames = {s: own for s, own in surnames.items() if s not in taken or self._exact.get(s) == own}
        self._names = [n for _, names in cast for n in names]

    def find(self, name: str) -> str | None:
        """The own name of whom this means; None for a stranger, and for what might be two."""
        folded = fold(name)
        known = self._exact.get(folded) or self._unaccented.get(_without_accents(folded)) or self._parts.get(folded)
        if known is not None:
            return known
        if _HAN.search(folded) and (own := self._simplified.get(str(hanzi.simplify(folded)))):
            return own
        bare = _BRACKETED.sub("", name).strip()
        if bare and bare != name.strip():
            return self.find(bare)
        honour = next((h for h in _HONOURS if folded.endswith(h)), "")
        honoured = folded.removesuffix(honour) if honour else ""
        if honoured in self._surnames or honoured in self._exact:
            return self._exact.get(honoured) or self._surnames[honoured]
        first, _, rest = name.strip().partition(" ")
        article = _ARTICLE.match(name.strip()) and fold(rest) in _FAMILIES
        titled = rest.strip() and first.casefold().rstrip(".") in _TITLES and not article
        return self.find(rest) if titled else None

    def mentions(self, text: str) -> list[Mention]:
        """Everybody whom a text names, in its order."""
        return list(self._iterate(_Flat.of(text)))

    def find_people(self, text: str) -> list[str]:
        """The own names of those whom a text names, once each, in the text's order."""
        return list(dict.fromkeys(m.name for m in self.mentions(text)))

    def find_present(self, text: str) -> list[str]:
        """The same without those who only tell whose somebody else is: in “Fen's brother” there is no Fen."""
        flat = _Flat.of(text)
        present = (m.name for m in self._iterate(flat) if not _OF_KIN.match(flat.text, m.end))
        return list(dict.fromkeys(present))

    def find_seen(self, text: str) -> list[str]:
        """The same without those, too, of whom only a thing is told: “Fen's boat” shows no Fen, “Fen's hand” does."""
        flat = _Flat.of(text)
        aside = (_OF_KIN, _OF_THINGS)
        seen = (m.name for m in self._iterate(flat) if not any(of.match(flat.text, m.end) for of in aside))
        return list(dict.fromkeys(seen))

    def mask(self, text: str, keep: Iterable[str] = ()) -> str:
        """The text without the names of people, save inside those to `keep`: what is left may name a place (“Church”,
        “林”)."""
        flat = _Flat.of(text)
        kept = [span for name in keep for span in _spans(flat, _Form.of(name, "", whole=True))]
        pieces, at = [], 0
        for mention in self._iterate(flat):
            if any(start <= mention.start and mention.end <= end for start, end in kept):
                continue
            pieces += [flat.text[at : mention.start], " " * (mention.end - mention.start)]
            at = mention.end
        return "".join([*pieces, flat.text[at:]])

    @functools.cached_property
    def _simplified(self) -> dict[str, str]:
        """Names in simplified Chinese: 陳氏 is 陈氏."""
        return _unique((str(hanzi.simplify(form)), own) for form, own in self._exact.items())

    @functools.cached_property
    def _forms(self) -> dict[str, list[_Form]]:
        """Every form in which a text may name somebody, by its flat letters."""
        written = [(n, self._exact.get(fold(n)), True) for n in self._names]
        for name in self._names:
            # “the light” is somebody, any light is not
            if (bare := without_article(name)) != name and fold(bare) not in _WORDS:
                written.append((bare, self._exact.get(fold(bare)), True))
        written += [(p, self._parts.get(fold(p)), False) for n in self._names for p in _parts_of(n)]
        written += [(f"{s}{h}", own, True) for s, own in self._surnames.items() for h in _HONOURS]
        forms: dict[str, list[_Form]] = {}
        for spelt, own, whole in written:
            form = _Form.of(spelt, own or "", whole=whole)
            if own is not None and form.flat:
                forms.setdefault(form.flat, []).append(form)
        return forms

    @functools.cached_property
    def _lengths(self) -> dict[str, list[int]]:
        """First letter → how long forms with it are, the longest first."""
        lengths: dict[str, set[int]] = {}
        for flat in self._forms:
            lengths.setdefault(flat[0], set()).add(len(flat))
        return {first: sorted(sizes, reverse=True) for first, sizes in lengths.items()}

    def _iterate(self, flat: _Flat) -> Iterator[Mention]:
        at = 0
        while at < len(flat.letters):
            for size in self._lengths.get(flat.letters[at], ()):
                here = flat.letters[at : at + size]
                forms = self._forms.get(here, ()) if len(here) == size else ()
                form = next((f for f in forms if f.stands(flat, at)), None)
                if form is not None:
                    yield Mention(form.name, *flat.span(at, size))
                    at += size - 1
                    break
            at += 1


@dataclass(frozen=True)
class _Flat:
    """A text as its letters alone: small, half-width, without accents, blanks and dots. `at`: where each of them stands
    in `text`, which is composed (NFC)."""

    text: str
    letters: str
    at: tuple[int, ...]

    @classmethod
    def of(cls, text: str) -> _Flat:
        # one name after the other is looked for in the same sentence; a chapter is not kept for that
        return cls._keep(text) if len(text) <= _SHORT else cls._make(text)

    @classmethod
    @functools.lru_cache(maxsize=256)
    def _keep(cls, text: str) -> _Flat:
        return cls._make(text)

    @classmethod
    def _make(cls, text: str) -> _Flat:
        composed = unicodedata.normalize("NFC", text)
        pairs = [(letter, i) for i, c in enumerate(composed) for letter in _flatten(c)]
        return cls(composed, "".join(letter for letter, _ in pairs), tuple(i for _, i in pairs))

    def span(self, at: int, size: int) -> tuple[int, int]:
        return self.at[at], self.at[at + size - 1] + 1

    def gaps(self, at: int, size: int) -> Iterator[tuple[int, str]]:
        """(letters before it, what stands there) for everything between the letters."""
        for n in range(1, size):
            between = self.text[self.at[at + n - 1] + 1 : self.at[at + n]]
            if between:
                yield n, between

    def cuts_a_character(self, at: int, size: int) -> bool:
        """Would these letters begin or end inside one character of the text (ß is ss)?"""
        end = at + size
        return (at > 0 and self.at[at - 1] == self.at[at]) or (end < len(self.at) and self.at[end - 1] == self.at[end])


@dataclass(frozen=True)
class _Form:
    """One way to write a name. `gaps`: after how many letters there may be a blank or dot, with what stands there."""

    name: str
    spelt: str
    whole: bool
    flat: str
    gaps: Mapping[int, str]

    @classmethod
    @functools.lru_cache(maxsize=4096)
    def of(cls, spelt: str, name: str, *, whole: bool) -> _Form:
        flat = _Flat.of(spelt.strip())
        return cls(name, flat.text, whole, flat.letters, dict(flat.gaps(0, len(flat.letters))))

    def stands(self, flat: _Flat, at: int) -> bool:
        """Is it this name, and not a word or a part of one, that a text has here?"""
        start, end = flat.span(at, len(self.flat))
        text = flat.text
        if not (self.fits(flat, at) and self._has_its_capitals(text[start:end])):
            return False
        if len(self.flat) == 1 and _HAN.fullmatch(self.flat):
            return _is_one(text, start, end)
        if _SITE.match(text, end) or self._is_called_so(text, start, end):
            return False
        if self.flat in _TOWNS and (_TOWARDS if self.whole else _TOWARDS_PART).search(text[:start]):
            # “in Florence's room” is no town
            return text[end : end + 2].casefold() in ("'s", "’s")
        if self.flat in ("eve", "carol", "lily", "day") and _FEAST.search(text[:start]):
            return False
        if self.flat in _GIVEN_WORDS and _WEATHER.search(text[:start]):
            return False
        if self.flat in ("will", "may", "can") and _ASKS.match(text, end):
            return False
        if not self.whole and self.flat in _FAMILIES and _ARTICLED.search(text[:start]):
            return False
        if self.flat not in (_PRONOUNS if self.whole else _WORDS | _ROLES | _FAMILIES):
            return True
        # “Snow fell” at the head of a sentence is the snow, not Jon Snow; among capitals nothing tells them apart
        heads = _SENTENCE_START.search(text[:start]) and not _ABBREVIATED.search(text[:start])
        return not (heads or (text == text.upper() and " " in text.strip()))

    def _is_called_so(self, text: str, start: int, end: int) -> bool:
        """“the Rose Tavern” is no Rose."""
        before, after = _CALLED_SO
        return bool(before.search(text[:start]) and after.match(text, end) and self.spelt[:1].isascii())

    def fits(self, flat: _Flat, at: int) -> bool:
        """Is it written here, with blanks and dots where a name may have them, and not inside a longer word?"""
        size = len(self.flat)
        if flat.cuts_a_character(at, size):
            return False
        for letters, between in flat.gaps(at, size):
            own = self.gaps.get(letters)
            if own is None or ("." in between and "." not in own):
                return False
        return _ends_words(flat.text, *flat.span(at, size))

    def _has_its_capitals(self, written: str) -> bool:
        """A part of a name, and a name that is a word, are written with the name's own capitals."""
        if self.whole and self.flat not in _WORDS:
            return True
        own, theirs = _letters_of(_titled(self.spelt)), _letters_of(written)
        if len(own) != len(theirs):
            return True
        return all(b == b.upper() for a, b in zip(own, theirs, strict=True) if a != a.lower())


def _is_one(text: str, start: int, end: int) -> bool:
    """Is one Chinese character a name here, and no part of a word?"""
    before, after = text[:start][-1:], text[end : end + 1]
    if after and (after in _AFTER_ONE or (text[start] in _LANDSCAPE and after in _IN_IT)):
        return False
    if not _HAN.fullmatch(before) or before in _BEFORE_ONE:
        return True
    return before in _BEFORE_ONE_TOO and _ON.match(text, end) is not None


def _spans(flat: _Flat, form: _Form) -> Iterator[tuple[int, int]]:
    """Where a text has this form, in any case."""
    at = flat.letters.find(form.flat) if form.flat else -1
    while at >= 0:
        if form.fits(flat, at):
            yield flat.span(at, len(form.flat))
        at = flat.letters.find(form.flat, at + 1)


@functools.lru_cache(maxsize=4096)
def _flatten(char: str) -> str:
    return _without_accents(fold(char))


def _without_accents(folded: str) -> str:
    composed = unicodedata.normalize("NFD", folded.translate(_LETTERS))
    plain = "".join(c for c in composed if not unicodedata.combining(c))
    # what is no accent but a part of a letter (in Hangul, in kana) stays
    return plain if plain.isascii() else folded


def _letters_of(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text) if c.isalnum())


def _titled(form: str) -> str:
    """MARA is written Mara, too."""
    letters = [c for c in form if c.isalpha()]
    return form.title() if len(letters) > 2 and all(c.isupper() for c in letters) else form


def _ends_words(text: str, start: int, end: int) -> bool:
    """Is nothing of the same script joined to these letters?"""
    before, after = text[max(start - 2, 0) : start], text[end : end + 2]
    first, last, left, right = text[start], text[end - 1], before[-1:], after[:1]
    if _is_spaced(first) and (_is_spaced(left) or (left == "-" and _is_spaced(before[:-1]))):
        return False
    if _is_spaced(last) and (_is_spaced(right) or (right == "-" and after[1:].isupper())):
        return False
    return not (_KATAKANA.match(first) and _KATAKANA.match(left)) and not (
        _KATAKANA.match(last) and _KATAKANA.match(right)
    )


def _is_spaced(char: str) -> bool:
    """A letter or digit of a script with blanks between its words."""
    return char.isalnum() and not _UNSPACED.match(char)


def _unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Form → the one who goes by it; what two go by is nobody's."""
    owners = dict.fromkeys((form, own) for form, own in pairs if form)
    count = Counter(form for form, _ in owners)
    return {form: own for form, own in owners if count[form] == 1}


def _parts_of(name: str) -> list[str]:
    """What of a name may stand for the whole: given name or family name, never a title."""
    bare = _BRACKETED.sub("", name).strip()
    if bare and bare != name.strip():
        return [bare, *_parts_of(bare)]
    if _HAN.fullmatch(name):
        given = name[2:] if name.startswith(_COMPOUND) else name[1:] if name[:1] in _SURNAMES else ""
        return [given] if len(given) == 2 and given not in _GIVEN_WORDS else []
    words = [w for w in re.split(rf"[\s{_DOTS}]+", unicodedata.normalize("NFC", name)) if w]
    if len(words) < 2 or words[0].casefold() in ("the", "a", "an"):
        return []
    if words[-1].casefold() in _FAMILIES and not all(w.casefold() in _TITLES for w in words[:-1]):
        return [*_alone(words[:-1]), words[-1]]
    return _alone(words)


def _alone(words: Sequence[str]) -> list[str]:
    """Those of a name's words that name somebody each."""
    return [w for n, w in enumerate(words) if _stands_alone(w) and not (n and w.casefold() in _PARTICLES)]


def _is_womans(name: str) -> bool:
    return name.partition(" ")[0].casefold().rstrip(".") in _WOMENS


def _stands_alone(word: str) -> bool:
    if _HAN.search(word):
        return len(word) >= 2
    if not word[:1].isalpha() or word.casefold().rstrip(".") in _TITLES:
        return False
    cased = word[:1].lower() != word[:1].upper()
    return len(word.rstrip(".")) >= 2 and not word.endswith(".") and (word[:1].isupper() or not cased)


def _surname_of(name: str) -> str:
    if not _HAN.fullmatch(name) or len(name) > 4:
        return ""
    if name.startswith(_COMPOUND):
        return name[:2]
    return name[:1] if len(name) <= 3 and name[:1] in _SURNAMES else ""


def unknown_names(names: Iterable[str], characters: Iterable[Mapping[str, Json]]) -> list[str]:
    """Those of `names` that mean nobody of these characters, in order, once each."""
    characters = list(characters)
    library, known = NameIndex(characters), {fold(name) for c in characters for name in names_of(c)}
    return list(dict.fromkeys(n for n in names if fold(n) not in known and library.find(n) is None))


def own_names(names: Iterable[str], characters: Iterable[Mapping[str, Json]]) -> list[str]:
    """The names as these characters have them, each once; strangers keep theirs."""
    library = NameIndex(characters)
    return list(dict.fromkeys(library.find(name) or name for name in names))
