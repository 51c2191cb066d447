"""How a reference sheet is drawn: one look of one character or place, in several candidates. The two workflows say of
what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import Field, field_validator

from workbench.artifacts import sheets
from workbench.artifacts.sheets import MOST_CANDIDATES, MOST_LOOKS, USUAL, Look
from workbench.artifacts.storyboard import Candidate, Reference, hash_request
from workbench.artifacts.versions import hash_of
from workbench.errors import Issue, JobError
from workbench.i18n import N_, Text
from workbench.jobs.context import PartialArtifact
from workbench.jobs.together import run_together
from workbench.json_types import JsonObject
from workbench.story.styles import style_text
from workbench.workflows import registry
from workbench.workflows.image.sheet_prompt import Of, sheet_prompt

if TYPE_CHECKING:
    from workbench.jobs.context import Context
    from workbench.story.facts import NodeView

#: of the whole sheet, in pixels
SIZE = (1440, 960)


class Params(registry.Params):
    look: str = Field(
        "",
        max_length=80,
        title=N_("Look"),
        description=N_("Empty: those that are stale, else the usual one; a new name begins a new look"),
    )
    words: str = Field(
        "",
        max_length=1200,
        title=N_("In words"),
        description=N_("What is different in this look: hair, clothes, what they carry; empty: as it was"),
    )
    scenes: str = Field(
        "",
        max_length=400,
        title=N_("Scenes of this look"),
        description=N_("Such as 1.2–1.4, 2.3–: from scene 3 of episode 2 on; 2.3.5 is a shot"),
    )
    candidates: int = Field(2, ge=1, le=4, title=N_("Candidates"))
    new_candidates: bool = Field(
        False, title=N_("New candidates"), description=N_("Draw once more although nothing changed")
    )

    @field_validator("scenes")
    @classmethod
    def _check_scenes(cls, typed: str) -> str:
        try:
            spans = sheets.read_spans(typed)
        except ValueError as error:
            raise ValueError(Text(N_("“{piece}” names no scenes; write 1.2, 1.2–1.4 or 2.3–"), piece=error)) from None
        for span in spans:
            sheets.Span.model_validate(span)
        return typed


def has_room(node: NodeView, params: Any, kind: str) -> list[Issue]:
    """A look of a new name has scenes of its own, once there is a usual one, and there is room for it."""
    there = node.artifact(kind)
    if there is None or not params.look or find_look(there, params.look) is not None:
        return []
    if len(there["looks"]) >= MOST_LOOKS:
        return [Issue("look", Text(N_("There are {count} looks already; take one away first."), count=MOST_LOOKS))]
    if not params.scenes.strip() and any(not look["spans"] for look in there["looks"]):
        return [Issue("scenes", Text(N_("Name the scenes in which this look is worn.")))]
    return []


def find_look(content: JsonObject, name: str) -> JsonObject | None:
    """The look of this name; for none, the usual one, else the first."""
    looks = content["looks"]
    if not name.strip():
        return next((look for look in looks if not look["spans"]), looks[0] if looks else None)
    return next((look for look in looks if look["name"].casefold() == name.strip().casefold()), None)


@dataclass(frozen=True)
class Subject:
    """Of what a sheet is drawn: its name, what the library tells of it, and how it is drawn offline, from (look, the
    picture to keep to, number of the try)."""

    of: Of
    name: str
    words: str
    draw: Callable[[str, bytes | None, int], bytes]
    #: counts what is told of it as an input of a part
    read: Callable[[str], object]


async def draw_looks(ctx: Context, params: Params, subject: Subject) -> JsonObject | PartialArtifact:
    """The sheet with further candidates of the look that is asked for; where none is, of each that is stale. The
    picture that was picked stays picked as long as it shows what the look tells."""
    ctx.progress(5, Text(N_("Reading the look")))
    there = ctx.current_content() or {"looks": []}
    asked = _looks_asked_for(ctx, params, subject, there)
    #: the looks that stay as old as they were
    left = set() if is_update(params) else {look["name"] for look in there["looks"]} - {look.name for look in asked}
    made: list[Candidate] = []
    failed: list[JsonObject] = []
    error: JobError | None = None
    for number, look in enumerate(asked):
        span = (5 + 90 * number / len(asked), 90 / len(asked))
        drawn = await _draw(ctx, params, subject, look, there, alone=len(asked) == 1, span=span)
        made += drawn.made
        failed += drawn.failed
        error = error or drawn.error
        if drawn.failed and not drawn.made:
            left.add(look.name)
        else:
            there = _with_look(there, drawn.look)
    if error is not None and not made:
        raise error
    if left:
        ctx.sources.keep((), {sheets.look_part(name) for name in left})
    # also what was chosen by hand meanwhile
    now = ctx.current_content() or {"looks": []}
    for look in there["looks"]:
        if look["name"] in {k.name for k in asked if k.name not in left}:
            now = _with_look(now, Look.model_validate(look))
    if not failed:
        ctx.progress(100, Text(N_("{count} candidates drawn"), count=len(made)))
        return now
    return PartialArtifact(_model(ctx).model_validate(now), failed=failed, succeeded=[c.media for c in made])


@dataclass(frozen=True)
class _Drawn:
    """A look with what was drawn of it, and what could not be."""

    look: Look
    made: list[Candidate]
    failed: list[JsonObject]
    error: JobError | None


async def _draw(
    ctx: Context, params: Params, subject: Subject, look: Look, there: JsonObject, *, alone: bool,
    span: tuple[float, float],
) -> _Drawn:  # fmt: skip
    """Further candidates of one look. `there`: the sheet so far; `span`: from which percent on, and how many."""
    style = _read_for(ctx, subject, look)
    if look.spans:
        worn = sheets.write_spans(span.model_dump() for span in look.spans)
        ctx.note(Text(N_("{look} is worn in {scenes}"), look=look.name, scenes=worn))
    kept = _picture_to_keep_to(there, look)
    references = [] if kept is None else [Reference(media=kept, name=subject.name[:120], look=look.name)]
    if len(references) > ctx.picture_references.most:
        # the service draws from words alone
        kept, references = None, []
    told = style_text(style, ctx.language)
    prompts = [
        sheet_prompt(subject.of, subject.name, subject.words, look.words, told, ctx.language, given=given)
        for given in (False, True)[: len(references) + 1]
    ]
    prompt = prompts[-1]
    seeds = [int(hash_of([subject.of, subject.name, look.name, n])[:7], 16) for n in range(MOST_CANDIDATES + 4)]
    takes = [hash_request(prompt, SIZE, seed, [r.media for r in references]) for seed in seeds]
    current = [c for c in look.candidates if c.made_of in takes and c.model == ctx.picture_model]
    missing = params.candidates if params.new_candidates else params.candidates - len(current)
    drawn_before = {c.made_of for c in current}
    to_draw = [n for n, take in enumerate(takes) if take not in drawn_before][: max(0, missing)]
    done = 0

    def name(number: int) -> str:
        return f"candidate {number + 1}" if alone else f"{look.name}: candidate {number + 1}"

    async def draw(number: int) -> list[Candidate]:
        nonlocal done
        given = None if kept is None else ctx.picture(kept)
        made = await ctx.images(
            name(number),
            prompt=prompt,
            size=SIZE,
            seed=seeds[number],
            references=references,
            prompts=prompts,
            # the name of a look tells something too: short hair
            draw=partial(subject.draw, f"{look.name}; {look.words}", given, number),
        )
        done += 1
        percent = span[0] + span[1] * done / len(to_draw)
        ctx.progress(percent, Text(N_("{done} of {all} candidates"), done=done, all=len(to_draw)))
        return made

    results = await run_together([partial(draw, n) for n in to_draw], limit=ctx.pictures_at_once)
    made = [c for r in results if not isinstance(r, JobError) for c in r]
    errors = {name(n): r for n, r in zip(to_draw, results, strict=True) if isinstance(r, JobError)}
    return _Drawn(
        _with_candidates(look, made, takes),
        made,
        [{"item": item, "error_kind": e.kind, "error": e.text} for item, e in errors.items()],
        next(iter(errors.values()), None),
    )


def _read_for(ctx: Context, subject: Subject, look: Look) -> JsonObject:
    """The story's style; that and what is told of the subject are inputs of this look."""
    part = sheets.look_part(look.name)
    subject.read(part)
    brief = ctx.node.project.artifact("brief", fields=("style",), only_for=part) or {}
    return dict(brief.get("style") or {})


def is_update(params: Params) -> bool:
    """Nothing is asked for but what is stale."""
    return not (params.look.strip() or params.words.strip() or params.scenes.strip() or params.new_candidates)


def _looks_asked_for(ctx: Context, params: Params, subject: Subject, there: JsonObject) -> list[Look]:
    """The one that the params mean; of an update each whose drawn picture is stale, the usual one first, since the
    others are drawn from it."""
    if not is_update(params) or not there["looks"]:
        return [_look_asked_for(ctx, params)]
    known = [Look.model_validate(look) for look in there["looks"]]
    known.sort(key=lambda look: bool(look.spans))
    for look in known:
        _read_for(ctx, subject, look)
    own = {c.media for look in known for c in look.candidates if c.origin == "own"}
    stale = [k for k in known if ctx.sources.has_changed(None, sheets.look_part(k.name))]
    # a person's own picture stays; who updates has seen what is told today
    drawn = [look for look in stale if look.chosen is not None and look.chosen not in own]
    return drawn if stale else [_look_asked_for(ctx, params)]


def _look_asked_for(ctx: Context, params: Params) -> Look:
    """As it stands, with what the params tell anew; a new one where there is none of that name."""
    there = ctx.current_content() or {"looks": []}
    known = find_look(there, params.look)
    look = Look.model_validate(known or {"name": params.look.strip() or USUAL.get(ctx.language, USUAL["en"])})
    change: JsonObject = {}
    if params.words.strip():
        change["words"] = params.words.strip()
    if params.scenes.strip():
        change["spans"] = sheets.read_spans(params.scenes)
    return Look.model_validate({**look.model_dump(), **change})


def _picture_to_keep_to(there: JsonObject, look: Look) -> str | None:
    """What the new candidates are drawn from: a person's own picture of the look, else the usual look's."""
    own = next((c for c in look.candidates if c.media == look.chosen and c.origin == "own"), None)
    if own is not None:
        return own.media
    usual = find_look(there, "")
    return None if usual is None or usual["name"] == look.name else usual["chosen"]


def _with_candidates(look: Look, made: list[Candidate], takes: list[str]) -> Look:
    # equal pixels are one candidate
    by_media = {c.media: c for c in [*look.candidates, *made]}
    candidates = list(by_media.values())
    picked = next((c for c in candidates if c.media == look.chosen), None)
    stays = picked is not None and (picked.origin == "own" or picked.made_of in takes)
    chosen = look.chosen if stays else next((c.media for c in [*made, *candidates] if c.made_of in takes), None)
    # the picked one is never among those that go
    room = [c for c in candidates if c.media != chosen][-(MOST_CANDIDATES - 1) :]
    left = [c for c in candidates if c.media == chosen or c in room]
    return Look.model_validate({**look.model_dump(), "chosen": chosen, "candidates": [c.model_dump() for c in left]})


def _with_look(there: JsonObject, look: Look) -> JsonObject:
    """A sheet with this look in its place."""
    dumped = look.model_dump(mode="json")
    looks = [dumped if other["name"] == look.name else other for other in there["looks"]]
    if all(other["name"] != look.name for other in there["looks"]):
        looks.append(dumped)
    return {"looks": looks}


def _model(ctx: Context) -> type[sheets.Sheet]:
    return sheets.CharacterSheet if ctx.node.kind == "character" else sheets.PlaceSheet
