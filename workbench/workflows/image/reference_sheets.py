"""How a reference sheet is drawn: one look of one character or place, in several candidates. The two workflows say of
what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field, field_validator

from workbench.artifacts import sheets
from workbench.artifacts.declared import Kind
from workbench.artifacts.sheets import MOST_CANDIDATES, MOST_LOOKS, USUAL, Look
from workbench.artifacts.storyboard import Candidate, Reference, hash_request
from workbench.artifacts.versions import hash_of
from workbench.errors import Issue, JobError
from workbench.i18n import N_, Text
from workbench.jobs.context import PartialArtifact
from workbench.jobs.together import run_together
from workbench.json_types import JsonObject
from workbench.story.freshness import find_stale_parts
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

    @property
    def kind(self) -> Kind:
        return sheets.CHARACTER_SHEET if self.of == "character" else sheets.PLACE_SHEET


@dataclass
class _Sheet:
    """A sheet while looks of it are drawn."""

    content: JsonObject
    #: names of the looks that are as they are to be today: drawn, or a person's own
    anew: set[str] = field(default_factory=set)
    drawn: list[Look] = field(default_factory=list)

    def put(self, look: Look) -> None:
        self.anew.add(look.name)
        self.drawn.append(look)
        self.content = _with_look(self.content, look)


async def draw_looks(ctx: Context, params: Params, subject: Subject) -> PartialArtifact:
    """The sheet with further candidates of the look that is asked for; where none is, of each that is stale. The
    picture that was picked stays picked as long as it shows what the look tells."""
    ctx.progress(5, Text(N_("Reading the look")))
    sheet = _Sheet(ctx.current_content() or {"looks": []})
    update = is_update(params) and bool(sheet.content["looks"])
    most = len(sheet.content["looks"]) if update else 1
    made: list[Candidate] = []
    failed: list[JsonObject] = []
    error: JobError | None = None
    asked = _list_stale(ctx, params, subject, sheet) if update else [_look_asked_for(ctx, params)]
    for number, look in enumerate(asked):
        span = (5 + 90 * number / most, 90 / most)
        drawn = await _draw(ctx, params, subject, look, sheet, alone=most == 1, span=span)
        made += drawn.made
        failed += drawn.failed
        error = error or drawn.error
        if drawn.made or not drawn.failed:
            sheet.put(drawn.look)
    if error is not None and not made:
        raise error
    ctx.progress(100, Text(N_("{count} candidates drawn"), count=len(made)))
    return PartialArtifact(
        lambda head: _merge(subject, head, sheet),
        failed=failed,
        succeeded=[c.media for c in made],
        made=[sheets.look_part(name) for name in sheet.anew],
    )


def _merge(subject: Subject, head: JsonObject | None, sheet: _Sheet) -> BaseModel:
    """What there is by now, also what was chosen by hand meanwhile, with the looks that were drawn."""
    content = head or {"looks": []}
    for look in sheet.drawn:
        content = _with_look(content, look)
    return subject.kind.model.model_validate(content)


@dataclass(frozen=True)
class _Drawn:
    """A look with what was drawn of it, and what could not be."""

    look: Look
    made: list[Candidate]
    failed: list[JsonObject]
    error: JobError | None


async def _draw(
    ctx: Context, params: Params, subject: Subject, look: Look, sheet: _Sheet, *, alone: bool,
    span: tuple[float, float],
) -> _Drawn:  # fmt: skip
    """Further candidates of one look. `span`: from which percent on, and how many."""
    style, kept = _read_for(ctx, subject, look, sheet)
    if look.spans:
        worn = sheets.write_spans(span.model_dump() for span in look.spans)
        ctx.note(Text(N_("{look} is worn in {scenes}"), look=look.name, scenes=worn))
    references = [] if kept is None else [Reference(media=kept, name=subject.name[:120], look=look.name)]
    told = style_text(style, ctx.language)
    prompts = [
        sheet_prompt(subject.of, subject.name, subject.words, look.words, told, ctx.language, given=given)
        for given in (False, True)[: len(references) + 1]
    ]
    prompt = prompts[-1]
    seeds = [int(hash_of([subject.of, subject.name, look.name, n])[:7], 16) for n in range(MOST_CANDIDATES + 4)]
    takes = [hash_request(prompt, SIZE, seed, [r.media for r in references]) for seed in seeds]
    current = [c for c in look.candidates if c.made_of in takes]
    missing = params.candidates if params.new_candidates else params.candidates - len(current)
    drawn_before = {c.made_of for c in current if c.model == ctx.picture_model}
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


def _read_for(ctx: Context, subject: Subject, look: Look, sheet: _Sheet) -> tuple[JsonObject, str | None]:
    """The story's style, and the picture to draw from; these and what is told of the subject are inputs of this
    look."""
    part = sheets.look_part(look.name)
    subject.read(part)
    brief = ctx.node.project.artifact("brief", fields=("style",), only_for=part) or {}
    return dict(brief.get("style") or {}), _read_picture_to_keep_to(ctx, subject, look, sheet)


def is_update(params: Params) -> bool:
    """Nothing is asked for but what is stale."""
    return not (params.look.strip() or params.words.strip() or params.scenes.strip() or params.new_candidates)


def _list_stale(ctx: Context, params: Params, subject: Subject, sheet: _Sheet) -> Iterator[Look]:
    """Each look whose drawn picture is stale once those before it are drawn, the usual one first, since the others are
    drawn from it; the usual one where none is."""
    stale = find_stale_parts(ctx.node, subject.kind.name)
    looks = [Look.model_validate(look) for look in sheet.content["looks"]]
    for look in sorted(looks, key=lambda look: bool(look.spans)):
        part = sheets.look_part(look.name)
        _read_for(ctx, subject, look, sheet)
        if part not in stale and not ctx.sources.has_changed(None, part):
            continue
        stale.add(part)
        if look.chosen is None or _own_picture(look) is not None:
            # a person's own picture stays; who updates has seen what is told today
            sheet.anew.add(look.name)
        else:
            yield look
    if not stale:
        yield _look_asked_for(ctx, params)


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


def _own_picture(look: Look) -> str | None:
    """The picture of the look, where it is a person's own."""
    return next((c.media for c in look.candidates if c.media == look.chosen and c.origin == "own"), None)


def _read_picture_to_keep_to(ctx: Context, subject: Subject, look: Look, sheet: _Sheet) -> str | None:
    """What the new candidates are drawn from: a person's own picture of the look, else the usual look's, which is an
    input of this one. None: from words alone, as by a service that takes no pictures."""
    if ctx.picture_references.most == 0:
        return None
    usual, own = find_look(sheet.content, ""), _own_picture(look)
    if own is not None or usual is None or usual["name"] == look.name or usual["chosen"] is None:
        return own
    part, only_for, fields = sheets.look_part(usual["name"]), sheets.look_part(look.name), ("chosen",)
    if usual["name"] in {drawn.name for drawn in sheet.drawn}:
        content = {name: usual[name] for name in ("words", "chosen")}
        ctx.sources.use_own_part(part, content, only_for, fields)
    else:
        ctx.node.artifact(subject.kind.name, part, fields=fields, only_for=only_for)
    return str(usual["chosen"])


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
