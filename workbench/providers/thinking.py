"""What a model thinks aloud within its answer, told apart from the answer.

Services that split the two send thoughts in a field of their own; behind many local servers and relays they stand in
the text, between marks that each model family has of its own. Sources: docs/providers.md#thinking-within-the-answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from workbench.json_types import parse_json

#: what models call their thoughts
_NAMES = (
    r"(?:[a-z]{1,12}[:_])?think(?:ing)?(?:_process)?|(?:[a-z]{1,12}[:_])?thoughts?(?:_process)?|reasoning|reflection|"
    r"scratchpad|思考(?:过程)?|推理(?:过程)?"
)
#: begin and end of a thought, as patterns
MARKS = (
    (rf"<(?:{_NAMES})\s*/>", r""),
    (rf"<(?:{_NAMES})\b[^<>\n]{{0,80}}>", rf"</(?:{_NAMES})\s*>"),
    (rf"&lt;(?:{_NAMES})&gt;", rf"&lt;/(?:{_NAMES})&gt;"),
    (r"<details type=\"reasoning\"[^<>\n]{0,60}>", r"</details>"),
    (r"\[THINK\]", r"\[/THINK\]"),
    ("◁think▷", "◁/think▷"),
    (r"<\|START_THINKING\|>", r"<\|END_THINKING\|>"),
    (r"<\|begin_of_thought\|>", r"<\|end_of_thought\|>"),
    (r"<\|thought_begin\|>", r"<\|thought_end\|>"),
    (r"<unused94>", r"<unused95>"),
    (r"<\|channel>thought\b", r"<channel\|>"),
    # Ollama's on its command line, which some bridges pass on; Apriel's
    (r"Thinking\.\.\.\n", r"\n\.\.\.done thinking\.\s"),
    (r"Here are my reasoning steps:", r"\[BEGIN FINAL RESPONSE\]"),
    # gpt-oss: every channel but the last is a thought
    (r"<\|channel\|>(?:analysis|commentary)\b[^<]{0,60}(?:<\|constrain\|>[^<]{0,20})?<\|message\|>",
     r"<\|channel\|>final\b[^<]{0,40}(?:<\|constrain\|>[^<]{0,20})?<\|message\|>"),
)  # fmt: skip
#: what an answer is wrapped in, where a model marks that too
_WRAPPERS = (
    (r"<answer>", r"</answer>"),
    (r"<final_answer>", r"</final_answer>"),
    (r"<output>", r"</output>"),
    (r"<response>", r"</response>"),
    (r"<\|START_RESPONSE\|>", r"<\|END_RESPONSE\|>"),
    (r"<\|begin_of_solution\|>", r"<\|end_of_solution\|>"),
    (r"<\|begin_of_box\|>", r"<\|end_of_box\|>"),
    (r"\[BEGIN FINAL RESPONSE\]", r"\[END FINAL RESPONSE\]"),
)
#: what begins and ends a turn of a chat template and is no part of anything
_LEAD = re.compile(
    r"(?:\s*(?:\[gMASK\]|<sop>|<\|assistant\|>|<｜Assistant｜>|<start_of_turn>model"
    r"|<\|(?:im_start|start|start_header_id)\|>\s*assistant(?:<\|(?:message|end_header_id)\|>)?))+\s*",
    re.IGNORECASE,
)
_LEFTOVER = re.compile(
    r"(?:\s*(?:<\|(?:end|return|call|im_end|eot_id|eom_id|endoftext|end_of_text|END_OF_TURN_TOKEN|user|observation)\|>"
    r"|<\|im_start\|>(?:user)?|</s>|<eos>|<end_of_turn>|<｜end▁of▁sentence｜>|\[END FINAL RESPONSE\]))+\s*$",
    re.IGNORECASE,
)

_BEGIN = re.compile("|".join(f"(?P<b{n}>{begin})" for n, (begin, _) in enumerate(MARKS)), re.IGNORECASE)
_END = re.compile("|".join(f"(?P<e{n}>{end})" for n, (_, end) in enumerate(MARKS) if end), re.IGNORECASE)
_ANY = re.compile(f"{_BEGIN.pattern}|{_END.pattern}", re.IGNORECASE)
_ENDS = tuple(re.compile(end, re.IGNORECASE) for _, end in MARKS)
#: marks that are plain words, which a story may have, too
_WORDS = frozenset(n for n, (begin, _) in enumerate(MARKS) if begin[:1].isalpha())
_WHOLE = tuple(re.compile(rf"\s*{begin}(.*?){end}\s*", re.IGNORECASE | re.DOTALL) for begin, end in _WRAPPERS)
_OPENERS = re.compile("|".join(rf"\s*{begin}\s*" for begin, _ in _WRAPPERS), re.IGNORECASE)
#: Granite's, which only counts where both are there; gpt-oss's, whose marks a server has left out
_IN_WORDS = re.compile(
    r"\s*here(?:'s| is) my thought process:.*?here(?:'s| is) my response:\s*|\s*analysis\S.*?assistant\s?final(?=\S)",
    re.IGNORECASE | re.DOTALL,
)
_CALL = re.compile(
    r"<\|channel\|>.*<\|channel\|>commentary\b[^<]{0,60}(?:<\|constrain\|>[^<]{0,20})?<\|message\|>"
    r"|<\|channel\|>commentary\b[^<]{0,60}(?:<\|constrain\|>[^<]{0,20})?<\|message\|>",
    re.IGNORECASE | re.DOTALL,
)
#: the beginnings of marks of several pieces, of such in words and such as a page writes them
_PIECES = re.compile(
    r"<\|(?:channel|start)\|>(?:(?!<\|message\|>).)*$|&(?:l(?:t(?:;[\w:]{0,40}(?:&(?:g(?:t)?)?)?)?)?)?$|"
    + "|".join(
        rf"(?:(?<=\n)|\A)(?:{'|'.join(re.escape(words[:n]) for n in range(len(words) - 1, 0, -1))})\Z"
        for words in ("Thinking...\n", "Here are my reasoning steps:")
    ),
    re.DOTALL | re.IGNORECASE,
)
#: no mark is longer, as far as it can be told apart from text
_LONGEST = 100
_QUOTES = "`'\"“”‘’«»「」"


@dataclass(frozen=True)
class Split:
    """`answer`: all that is none of the thoughts. `thought`: whether there were any; `open`: the last one never
    ended."""

    answer: str
    thought: bool = False
    open: bool = False


def split(text: str) -> Split:
    """The answer within a text; the very text where it holds no thought."""
    in_words = _IN_WORDS.match(text)
    if in_words is not None:
        return _unwrap(text[in_words.end() :].strip(), thought=True)
    if _ANY.search(text) is None or _is_json(text):
        return _unwrap(text, thought=False)
    kept: list[str] = []
    position, thought = 0, False
    endless: set[int] = set()
    for mark in _marks(text):
        if mark.start() < position:
            continue
        kind, number = str(mark.lastgroup)[0], int(str(mark.lastgroup)[1:])
        if kind == "e":
            # An end without a beginning, which some chat templates keep to themselves: all before it was thought.
            kept.clear()
            position, thought = mark.end(), True
            continue
        ended = None if number in endless else _ENDS[number].search(text, mark.end())
        called = None if ended is not None else _CALL.match(text, mark.start())
        if called is not None:
            # gpt-oss calls a tool that nobody offered: what it is given is the answer
            kept.append(text[position : mark.start()])
            position, thought = called.end(), True
            continue
        if ended is None:
            endless.add(number)
            if number in _WORDS or not _begins_a_line(text[max(0, mark.start() - _LONGEST) : mark.start()]):
                # never ended, and in the middle of a line or mere words: no mark
                continue
            kept.append(text[position : mark.start()])
            return Split("".join(kept).strip(), thought=True, open=True)
        kept.append(text[position : mark.start()])
        position, thought = ended.end(), True
    kept.append(text[position:])
    answer = "".join(kept)
    return _unwrap(answer.strip() if thought else text, thought=thought)


def _marks(text: str) -> Iterator[re.Match[str]]:
    """The marks that are some, and no words about one: not in quotes or between blanks, and in no block of code."""
    seen, fences = 0, 0
    for mark in _ANY.finditer(text):
        fences += text.count("```", seen, mark.start())
        seen = mark.end()
        around = text[max(0, mark.start() - 1) : mark.start()] + text[mark.end() : mark.end() + 1]
        ends_a_word = str(mark.lastgroup)[0] == "e" and around == "  "
        if not _is_quoted(text, mark) and not ends_a_word and fences % 2 == 0:
            yield mark


def _begins_a_line(before: str) -> bool:
    return before.rstrip(" \t")[-1:] in ("", "\n")


def _unwrap(text: str, *, thought: bool) -> Split:
    answer = _LEFTOVER.sub("", text)
    lead = _LEAD.match(answer)
    answer = answer if lead is None else answer[lead.end() :]
    for whole in _WHOLE:
        wrapped = whole.fullmatch(answer)
        if wrapped is not None and wrapped.group(1).strip():
            answer = wrapped.group(1).strip()
    opener = _OPENERS.match(answer) if thought else None
    answer = answer[opener.end() :] if opener is not None else answer
    return Split(answer if answer.strip() else text if not thought else "", thought=thought)


def _is_json(text: str) -> bool:
    """A story may speak of such marks: what is JSON as it stands was not thought aloud."""
    if text.lstrip("\ufeff \t\r\n")[:1] not in ("{", "["):
        return False
    try:
        parse_json(text.strip("\ufeff \t\r\n"))
    except ValueError:
        return False
    return True


class Filter:
    """The same for a text that is still coming in: `add` returns what may be shown of each piece."""

    def __init__(self) -> None:
        self._held = ""
        self._ends: re.Pattern[str] | None = None
        #: the end of what was shown, to see where a line begins
        self._shown = ""
        #: a thought has just ended: the blanks behind it are none of the answer's
        self._after = False

    def add(self, piece: str) -> str:
        text = self._held + piece
        shown: list[str] = []
        position = 0
        while self._ends is not None or position < len(text):
            if self._ends is not None:
                ended = _find_end(self._ends, text, position)
                if ended is not None and ended.end() == len(text) and text[ended.start() - 1] in _QUOTES:
                    # what comes next says whether it is quoted
                    self._held = text[ended.start() - 1 :]
                    break
                if ended is None:
                    self._held = text[max(position, len(text) - _LONGEST) :]
                    break
                position, self._after = ended.end(), True
                self._ends = None
                continue
            begun = _BEGIN.search(text, position)
            if begun is None:
                cut = max(position, _hold_from(text))
                self._show(text[position:cut], shown)
                self._held = text[cut:]
                break
            self._show(text[position : begun.start()], shown)
            position = begun.end()
            words = int(str(begun.lastgroup)[1:]) in _WORDS and self._shown.strip()
            if _begins_a_line(self._shown) and not words:
                self._ends = _ENDS[int(str(begun.lastgroup)[1:])]
            else:
                self._show(begun.group(), shown)
        else:
            self._held = ""
        return "".join(shown)

    def _show(self, piece: str, shown: list[str]) -> None:
        piece = piece.lstrip() if self._after else piece
        self._after = self._after and not piece
        shown.append(piece)
        self._shown = (self._shown + piece)[-_LONGEST:]

    def end(self) -> str:
        """What was held back in case that a mark begins there."""
        held, self._held = self._held, ""
        return "" if self._ends is not None else held


def _find_end(pattern: re.Pattern[str], text: str, position: int) -> re.Match[str] | None:
    """Where a thought ends, and no word about that."""
    real = (m for m in pattern.finditer(text, position) if not _is_quoted(text, m))
    return next(real, None)


def _is_quoted(text: str, mark: re.Match[str]) -> bool:
    before, after = text[max(0, mark.start() - 1) : mark.start()], text[mark.end() : mark.end() + 1]
    return bool(before) and before in _QUOTES and bool(after) and after in _QUOTES


def _hold_from(text: str) -> int:
    """Where a mark may have begun that is not whole yet."""
    pieces = _PIECES.search(text, max(0, len(text) - _LONGEST))
    if pieces is not None:
        return pieces.start()
    begins = max(text.rfind(char, max(0, len(text) - _LONGEST)) for char in "<[◁")
    if begins < 0 or any(closing in text[begins:] for closing in ">]▷\n"):
        return len(text)
    return begins
