"""Phase 3 of the causal chain: one act written out, beat by beat.

What an answer lacks is asked for by beat and field, at most twice; what comes is merged into what was good already.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from workbench.artifacts.drama import Act, Beat, split_list
from workbench.artifacts.models import text_of
from workbench.errors import Issue, OutputError, all_of
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.story import chain as rules
from workbench.story.names import fold, own_names
from workbench.validation import issues_of
from workbench.workflows import briefing

if TYPE_CHECKING:
    from workbench.jobs.context import Context

#: rounds of asking for what is missing
MAX_FIXES = 2
#: what an act's answer holds of a beat; the rest of it stands in the directory
WRITTEN = (
    "surface_event", "info_flow", "learners", "location", "characters", "visual_hook", "emotional_tone",
    "estimated_scenes",
)  # fmt: skip

Names = Annotated[list[Annotated[str, text_of(120, 0)]], BeforeValidator(split_list)]


class BeatAnswer(BaseModel):
    """A beat as it is answered. What is empty here is asked for again, and does not cost the others; what is repeated
    from the directory is not read."""

    model_config = ConfigDict(extra="ignore")

    name: Annotated[str, text_of(120)]
    surface_event: Annotated[str, text_of(2000, 0)] | None = None
    info_flow: Annotated[str, text_of(1000, 0)] | None = None
    learners: Names | None = None
    location: Annotated[str, text_of(400, 0)] | None = None
    characters: Names | None = None
    visual_hook: Annotated[str, text_of(1000, 0)] | None = None
    emotional_tone: Annotated[str, text_of(200, 0)] | None = None
    estimated_scenes: int | None = Field(None, ge=1, le=10)


class ActAnswer(BaseModel):
    """The beats of one act, or those of them that were asked for."""

    model_config = ConfigDict(extra="forbid")

    beats: list[BeatAnswer] = Field(min_length=1, max_length=5)


async def write_out(
    ctx: Context,
    facts: JsonObject,
    directory: JsonObject,
    act: JsonObject,
    earlier: Sequence[JsonObject],
    people: Sequence[JsonObject],
) -> JsonObject:
    """The act with its beats in full. Raises OutputError when two rounds of asking left something missing."""
    number, names = int(act["act"]), [str(b["name"]) for b in act["beats"]]
    shown = {"act": act, "number": number}
    prompt = ctx.prompt("act", **facts, directory=directory, earlier=list(earlier), **shown)
    checks = [lambda answer: name_issues(answer, names)]
    answer = await ctx.generate(f"act-{number}", prompt, schema=ActAnswer, checks=checks)
    merged = merge(act, answer, people)
    for attempt in range(1, MAX_FIXES + 1):
        gaps = find_gaps(merged, people)
        if not gaps:
            break
        ctx.note(Text(N_("Act {act}: asks again for {gaps}"), act=number, gaps=all_of(gaps)))
        prompt = ctx.prompt(
            "fix",
            **{k: v for k, v in facts.items() if k != "outline"},
            act=merged,
            number=number,
            gaps=[str(gap) for gap in gaps],
            people=[p["name"] for p in people],
        )
        lacking = [str(merged["beats"][i]["name"]) for i in sorted({int(g.path.split(".")[1]) for g in gaps})]
        only = [lambda answer, lacking=lacking: name_issues(answer, lacking, all_of_them=False)]
        answer = await ctx.generate(f"act-{number}-fix-{attempt}", prompt, schema=ActAnswer, checks=only)
        merged = merge(merged, answer, people, only=gaps)
    gaps = find_gaps(merged, people)
    if gaps:
        message = Text(N_("Act {act} still lacks something: {issues}"), act=number, issues=all_of(gaps))
        raise OutputError("invalid_output", message, issues=gaps, raw=briefing.compact(merged))
    return Act.model_validate(merged).model_dump(mode="json")


def name_issues(answer: ActAnswer, names: Sequence[str], *, all_of_them: bool = True) -> list[Issue]:
    """The beats are those of the directory, each once; which of them may be missing, a targeted round makes good."""
    wanted, issues = {fold(name) for name in names}, []
    seen: set[str] = set()
    for number, beat in enumerate(answer.beats):
        if fold(beat.name) not in wanted:
            message = Text(N_("“{name}” is none of these beats: {names}"), name=beat.name, names=", ".join(names))
            issues.append(Issue(f"beats.{number}.name", message))
        elif fold(beat.name) in seen:
            issues.append(Issue(f"beats.{number}.name", Text(N_("the name “{name}” is there twice"), name=beat.name)))
        seen.add(fold(beat.name))
    order = [fold(name) for name in names if fold(name) in seen]
    if all_of_them and not issues and [fold(beat.name) for beat in answer.beats] != order:
        issues.append(Issue("beats", Text(N_("the beats must stand in this order: {names}"), names=", ".join(names))))
    return issues


def merge(
    act: JsonObject, answer: ActAnswer, people: Sequence[JsonObject], only: Sequence[Issue] | None = None
) -> JsonObject:
    """The act with what an answer brings, under the people's own names. `only`: nothing but the fields that these name;
    all else keeps its last good state."""
    given = {fold(beat.name): beat for beat in answer.beats}
    fields = None if only is None else {tuple(gap.path.split(".")[1:3]) for gap in only}
    beats = []
    for number, beat in enumerate(act["beats"]):
        new = given.get(fold(beat["name"]))
        merged = dict(beat)
        for field in WRITTEN:
            value: Any = getattr(new, field) if new is not None else None
            if value is None or (fields is not None and (str(number), field) not in fields):
                continue
            merged[field] = own_names([n for n in value if n], people) if isinstance(value, list) else value
        beats.append(merged)
    return {**act, "beats": beats}


def find_gaps(act: JsonObject, people: Sequence[JsonObject]) -> list[Issue]:
    """What is missing or wrong, at ``beats.1.location``; each says the beat's name."""
    gaps = []
    for number, beat in enumerate(act["beats"]):
        for issue in _issues_of(beat, people):
            message = Text(N_("“{beat}”: {issue}"), beat=str(beat["name"]), issue=issue.message)
            gaps.append(Issue(f"beats.{number}.{issue.path}", message))
    return gaps


def _issues_of(beat: JsonObject, people: Sequence[JsonObject]) -> list[Issue]:
    try:
        return rules.beat_issues(Beat.model_validate(beat), people)
    except ValidationError as error:
        # a list's entry is a matter of its field
        found = {issue.path.split(".")[0]: issue.message for issue in issues_of(error)}
        return [Issue(field, message) for field, message in found.items()]
