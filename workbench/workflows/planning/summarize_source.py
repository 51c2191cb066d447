"""summarize_source: make a long text – a chapter, a treatment, a screenplay – into the brief that a story needs.

A long text is read part by part; from what was noted of each, the brief is written. The text itself stays as it is.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from workbench import sketch
from workbench.artifacts.models import Brief, text_of
from workbench.errors import Issue
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.story import screenplay
from workbench.story.briefs import SUMMARY_CHARS
from workbench.story.guards import MIN_SUMMARY_CHARS, has_source
from workbench.workflows import briefing, registry

if TYPE_CHECKING:
    from workbench.jobs.context import Context
    from workbench.story.facts import NodeView

#: read in one call; the notes of all parts together
PART_CHARS, NOTES_CHARS = 6_000, 24_000
#: of one part's notes
MOST_NOTE_CHARS, LEAST_NOTE_CHARS = 1_500, 300
#: how much of a part's end may be moved into the next one, so that no paragraph is cut
PLAY_CHARS = 1_500
MOST_NAMED = 20
#: where a text is cut, best first
_ENDS = ("\n\n", "\n", "。", "！", "？", ". ", "! ", "? ", " ")


class Params(registry.Params):
    pass


class Person(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, text_of(120)]
    description: Annotated[str, text_of(300, 0)] = ""


class Notes(BaseModel):
    """What happens in one part of the text, who is in it and where."""

    model_config = ConfigDict(extra="forbid")

    events: Annotated[str, text_of(2 * MOST_NOTE_CHARS)]
    people: list[Person] = Field(default_factory=list, max_length=MOST_NAMED)
    places: list[Annotated[str, text_of(120)]] = Field(default_factory=list, max_length=MOST_NAMED)


class SourceBrief(BaseModel):
    """The story in brief."""

    model_config = ConfigDict(extra="forbid")

    summary: Annotated[str, text_of(SUMMARY_CHARS, MIN_SUMMARY_CHARS)]
    genre: Annotated[str, text_of(120, 0)] = ""
    protagonist: Annotated[str, text_of(2000, 0)] = ""
    people: list[Annotated[str, text_of(120)]] = Field(default_factory=list, max_length=2 * MOST_NAMED)


def draft(facts: JsonObject, params: Params, rng: Random) -> BaseModel:
    """Choose sentences of the text offline; nothing is added to it."""
    if facts["step"] != "brief":
        text = str(facts["text"])
        people = [Person(name=name) for name in sketch.find_names(text)]
        return Notes(events=sketch.summarize(text, int(facts["limit"])), people=people)
    text = str(facts["text"]) or "\n".join(note["events"] for note in facts["notes"])
    script = screenplay.read(str(facts["text"]))
    if script is not None:
        told, _, _ = screenplay.tell(script, SUMMARY_CHARS)
        return SourceBrief(summary=_fill(told, text), people=script.people[: 2 * MOST_NAMED])
    named = [p["name"] for note in facts["notes"] for p in note["people"]] or sketch.find_names(text)
    people = list(dict.fromkeys(named))[: 2 * MOST_NAMED]
    return SourceBrief(summary=_fill(sketch.summarize(text, SUMMARY_CHARS), text), people=people)


def _fill(summary: str, text: str) -> str:
    """A summary that is too short to plan from, with the beginning of the text."""
    return summary if len(summary) >= MIN_SUMMARY_CHARS else " ".join(text.split())[:SUMMARY_CHARS]


def is_long_enough(node: NodeView, params: Params) -> list[Issue]:
    """The source text has at least 100 characters."""
    source = node.artifact("source")
    have = len(" ".join(str(source["text"]).split())) if source else MIN_SUMMARY_CHARS
    if have >= MIN_SUMMARY_CHARS:
        return []
    message = N_("The source text has {have} of at least {need} characters.")
    return [Issue("source", Text(message, have=have, need=MIN_SUMMARY_CHARS))]


@registry.workflow(
    "summarize_source",
    title=N_("Brief from the source"),
    scope="project",
    params=Params,
    reads=("source",),
    writes="brief",
    guards=(has_source, is_long_enough),
    draft=draft,
    deadline_s=1800,
    by_hand=True,
    typical=registry.Typical(calls=4, input_tokens=12_000, output_tokens=3_000, seconds=60.0),
)
async def run(ctx: Context, params: Params) -> Brief:
    """Summarise the source text into the brief: what happens, and whom it is about. The text is kept as it is."""
    text = str((ctx.node.artifact("source") or {})["text"])
    before = ctx.current_content() or {"title": ctx.node.title}
    parts = split(text)
    notes = await _read(ctx, parts) if len(parts) > 1 else []
    ctx.progress(75, Text(N_("Writing the brief")))
    given = {name: before.get(name) or "" for name in ("title", "genre", "protagonist")}
    prompt = ctx.prompt(**given, text="" if notes else text, notes=notes, limit=SUMMARY_CHARS)
    answer = await ctx.generate("brief", prompt, schema=SourceBrief)
    left_out = N_("Of {of} characters of the source the summary keeps {kept}. What it leaves out is in the source.")
    if len(answer.summary) < len(text):
        ctx.warn(Text(left_out, of=len(text), kept=len(answer.summary)))
    cast = ctx.node.at(ctx.node.id).characters()
    strangers = briefing.unknown_names(answer.people, cast)
    if strangers:
        ctx.warn(Text(N_("Named in the source, and not in the cast: {names}"), names=", ".join(strangers)))
    ctx.progress(100, Text(N_("The brief is written")))
    filled = {name: given[name] or getattr(answer, name) for name in ("genre", "protagonist")}
    return Brief.model_validate({**before, **filled, "summary": answer.summary})


async def _read(ctx: Context, parts: list[str]) -> list[JsonObject]:
    """What was noted of each part."""
    limit = max(LEAST_NOTE_CHARS, min(MOST_NOTE_CHARS, NOTES_CHARS // len(parts)))
    notes: list[JsonObject] = []
    for number, part in enumerate(parts, start=1):
        at = Text(N_("Reading part {number} of {count}"), number=number, count=len(parts))
        ctx.progress(5 + 65 * (number - 1) / len(parts), at)
        prompt = ctx.prompt("part", text=part, number=number, count=len(parts), limit=limit)
        note = await ctx.generate(f"part-{number}", prompt, schema=Notes)
        ctx.report_shortened(Text(N_("part {number} of the source"), number=number), len(note.events), len(part))
        notes.append({"part": number, **note.model_dump(mode="json")})
    return notes


def split(text: str) -> list[str]:
    """The text in parts of at most PART_CHARS, cut between paragraphs where there are any, else between sentences."""
    parts: list[str] = []
    rest = text.strip()
    while len(rest) > PART_CHARS:
        low = PART_CHARS - PLAY_CHARS
        ends = (rest.rfind(mark, low, PART_CHARS) + len(mark) for mark in _ENDS)
        at = next((end for end in ends if end > low), PART_CHARS)
        parts.append(rest[:at].strip())
        rest = rest[at:].strip()
    return [*parts, rest] if rest else parts
