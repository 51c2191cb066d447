"""Drafts candidates for the cast: whom the chain names, whom the brief mentions without a sheet, else a witness."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from random import Random

from workbench.json_types import JsonObject
from workbench.sketch import books
from workbench.sketch.writing.chain import cut
from workbench.sketch.writing.story import language_of, read_story
from workbench.story.candidates import names_in
from workbench.story.names import NameIndex, fold

#: how sure it is of somebody whom the story tells of
TOLD = 0.6
#: what the agent of the sketch reads before it answers
READS = ("basics", "names_in_chain", "characters")


def write_candidates(facts: JsonObject, rng: Random) -> str:
    """The answer of one step, as JSON: of the agent a tool first, then the candidates."""
    if not str(facts["step"]).startswith("agent-"):
        return json.dumps({"candidates": _propose(facts, _names_of_chain(facts))}, ensure_ascii=False)
    seen = {entry["tool"]: entry["answer"] for entry in facts["seen"]}
    tool = next((tool for tool in READS if tool not in seen), None)
    if tool is not None and facts["turns_left"]:
        return json.dumps({"tool": tool})
    told = {**seen.get("basics", {}), "characters": seen.get("characters", [])}
    found = _propose({**facts, **told}, seen.get("names_in_chain", []))
    return json.dumps({"tool": "finish", "candidates": found}, ensure_ascii=False)


def _names_of_chain(facts: JsonObject) -> list[str]:
    try:
        return names_in(json.loads(str(facts.get("chain") or "{}")))
    except ValueError:
        # cut to fit a prompt
        return []


def _propose(facts: JsonObject, chain_names: list[str]) -> list[JsonObject]:
    language = language_of(facts)
    book = books.drama(language)
    story = read_story({**facts, "language": language})
    event = story.events[0]
    taken = {fold(str(c["name"])) for c in facts["decided"]}
    library = NameIndex(facts["characters"])
    proposals: list[JsonObject] = []
    for name, confidence, about in _find_names(facts, chain_names, language):
        if fold(name) in taken or library.find(name) is not None:
            continue
        if confidence < TOLD and proposals:
            # nobody is made up where the story names somebody, and nobody beside the first
            break
        taken.add(fold(name))
        told = confidence >= TOLD
        fill = {"a": name, "b": "", "place": "", "short": about or event.short, "next": ""}
        brief = (book.candidate if told else book.witness).format(**fill)
        evidence = (book.evidence if told else book.witness_evidence).format(**fill)
        proposals.append(
            {
                "name": cut(name, 80),
                "role_type": book.role,
                "brief": cut(brief, 1500),
                "confidence": confidence,
                "evidence": [
                    {
                        "source": facts["sources"][len(proposals) % len(facts["sources"])],
                        "text": cut(evidence, 300),
                    }
                ],
            }
        )
        if len(proposals) == facts["room"]:
            break
    return proposals


def _find_names(facts: JsonObject, chain_names: list[str], language: str) -> Iterator[tuple[str, float, str]]:
    """(name, how sure, what tells of them): the chain's people, those whom the brief calls by what they are, and
    witnesses."""
    book, summary = books.drama(language), str(facts.get("summary") or "")
    yield from ((name, 0.9, "") for name in chain_names)
    told = " ".join(
        str(value) for c in facts["characters"] for value in (c["name"], *c["aliases"], c.get("description") or "")
    )
    names = "|".join(re.escape(str(c["name"])) for c in facts["characters"])
    for word in book.people:
        # “her husband Jim” is Jim, and he has a sheet
        own = re.escape(word)
        named = names and re.search(rf"{own}[\s,，]*(?:{names})|(?:{names})[\s,，]*(?:the |a )?{own}", summary)
        if re.search(_as_word(word, language), summary) and not named and word not in told:
            yield word, TOLD, next((s for s in re.split(r"[。.;；]", summary) if word in s), "").strip()
    yield from ((name, 0.5, "") for name in book.witnesses)
    yield from ((f"{book.witnesses[0]} {number}", 0.5, "") for number in range(2, 60))


def _as_word(word: str, language: str) -> str:
    return re.escape(word) if language == "zh" else rf"\b{re.escape(word)}\b"
