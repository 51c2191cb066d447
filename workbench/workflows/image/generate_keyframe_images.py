"""generate_keyframe_images: a picture of each of the nine shots. Candidates are added, never replaced.

Each frame is a step of its own: a resumed job draws only what is not drawn yet, and a failed frame leaves the others.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from workbench import sketch
from workbench.artifacts.panels import GroupKey
from workbench.artifacts.storyboard import (
    MOST_CANDIDATES,
    Candidate,
    KeyframeImage,
    KeyframeImages,
    Reference,
    frame_key,
    frame_part,
    hash_request,
)
from workbench.artifacts.versions import hash_of
from workbench.errors import KINDS, Issue, JobError, ProviderError
from workbench.i18n import N_, Text, join
from workbench.jobs.context import PartialArtifact
from workbench.jobs.together import run_together
from workbench.json_types import JsonObject
from workbench.story import hanzi
from workbench.story.appearance import tell_look
from workbench.story.frame_shots import find_sources
from workbench.story.freshness import find_stale_parts
from workbench.story.guards import has_keyframe_prompt
from workbench.story.origins import Origin, list_origins
from workbench.story.styles import style_text
from workbench.workflows import registry, staging
from workbench.workflows.image.frame_prompt import frame_prompt, tell_references
from workbench.workflows.image.panel_shots import USED_FOR_PANELS, read_panel_shot
from workbench.workflows.image.worn import Worn, find_worn

if TYPE_CHECKING:
    from workbench.jobs.context import Context
    from workbench.story.facts import NodeView

Key = Literal["KF0", "KF1", "KF2", "KF3", "KF4", "KF5", "KF6", "KF7", "KF8"]
Source = Literal["plan", "KF0", "KF1", "KF2", "KF3", "KF4", "KF5", "KF6", "KF7", "KF8"]
KEYS = [frame_key(order) for order in range(1, 10)]
NOTHING_WORN = Worn()
#: the same for every frame: further calls would only repeat it
FATAL = tuple(k.name for k in KINDS.values() if k.shared_by in ("account", "model"))


class Params(registry.Params):
    keys: list[Key] | None = Field(
        None, min_length=1, max_length=9, title=N_("Frames"), description=N_("KF0 to KF8; empty: all nine")
    )
    new_candidate: bool = Field(
        False, title=N_("New candidate"), description=N_("Draw once more although nothing changed")
    )
    source: Source | None = Field(
        None, title=N_("Drawn from"),
        description=N_(
            "plan: the nine shots; KF0 to KF8: panels of that storyboard group; empty: whichever each frame shows now"
        ),
    )  # fmt: skip


def has_source_group(node: NodeView, params: Params) -> list[Issue]:
    """The storyboard group to draw from has its panels."""
    if params.source in (None, "plan") or node.artifact("storyboard_groups", f"group:{params.source}") is not None:
        return []
    message = N_("The group {key} has no panels yet. Write the storyboard panels first.")
    return [Issue("source", Text(message, key=params.source))]


@dataclass(frozen=True)
class FrameRequest:
    """A frame to draw. `source`: the storyboard group whose panel it shows; None: a shot of the nine.
    `takes`: hash of what it is made of, by number of the try; each has a seed of its own. `earlier`: the same as the
    story's title, or the scene's place, gave the seeds when it was drawn."""

    shot: JsonObject
    source: GroupKey | None
    prompt: str
    seeds: list[int]
    takes: list[str]
    earlier: Mapping[str, Origin]
    known: KeyframeImage | None
    worn: Worn = NOTHING_WORN
    references: Sequence[Reference] = ()
    #: the prompt by how many references a service takes
    prompts: Sequence[str] = ()

    @property
    def key(self) -> str:
        return frame_key(self.shot["order"])

    def current(self, model: str) -> list[Candidate]:
        """The candidates that this model drew of just this."""
        return [c for c in self.list_of_now() if c.model == model]

    def list_of_now(self) -> list[Candidate]:
        """The candidates of just this, whichever model drew them."""
        return [c for c in (self.known.candidates if self.known else []) if self.is_of_now(c)]

    def is_of_now(self, candidate: Candidate) -> bool:
        """It is made of what the frame is to show, whatever its seed was made of."""
        return candidate.made_of in self.takes or candidate.made_of in self.earlier

    def shows(self, pictures: Sequence[Candidate]) -> bool:
        """These are among its candidates, and are made of what it is to show now."""
        known = {c.media for c in self.known.candidates} if self.known else set()
        return bool(pictures) and all(p.media in known and self.is_of_now(p) for p in pictures)

    @property
    def is_own(self) -> bool:
        """Somebody's own picture is chosen: nothing takes its place unasked."""
        return self.known is not None and self.known.picture.origin == "own"

    def next_take(self, model: str, finished: Sequence[Candidate]) -> int:
        """The try that this job has finished already, however many are known by now; else the first that this model
        has not drawn yet."""
        if finished and finished[0].made_of in self.takes:
            return self.takes.index(finished[0].made_of)
        drawn = {c.made_of for c in self.current(model)}
        return next((n for n, take in enumerate(self.takes) if take not in drawn), len(self.takes) - 1)


@registry.workflow(
    "generate_keyframe_images",
    title=N_("Keyframe images"),
    scope="scene",
    params=Params,
    reads=(
        "brief",
        "scene_list",
        "scene_anchor",
        "keyframe_prompt",
        "character",
        "character_sheet",
        "place_sheet",
        *USED_FOR_PANELS,
    ),
    writes="keyframe_images",
    guards=(has_keyframe_prompt, has_source_group),
    queue="image",
    adds=True,
    deadline_s=1800,
    typical=registry.Typical(calls=0, input_tokens=0, output_tokens=0, images=9, seconds=60.0),
    share=lambda params: len(params.keys or KEYS) / len(KEYS),
    share_of_parts=lambda frames, params: min(frames, len(params.keys or KEYS)) / len(KEYS),
    is_update=lambda params: params.source is None and not params.new_candidate,
)
async def run(ctx: Context, params: Params) -> KeyframeImages | PartialArtifact:
    """Draw a picture of each shot; what did not change keeps its picture, a new one stands beside the old."""
    ctx.progress(5, Text(N_("Reading the nine shots")))
    brief = ctx.node.read_brief("style", "aspect_ratio")
    ratio = str(brief.get("aspect_ratio") or "16:9")
    size = sketch.frame_size(ratio)
    frames = _frame_requests(ctx, params, brief, ratio, size)
    stale = find_stale_parts(ctx.node, "keyframe_images")
    wanted = [f for f in frames if _is_wanted(f, params, stale, ctx.picture_model)]
    finished = {f.key: ctx.finished_pictures(f.key) for f in wanted}
    # of a retry: what its original drew and saved is there, and a person may have chosen another picture since
    to_draw = [f for f in wanted if not f.shows(finished[f.key])]
    draw = Drawing(ctx, brief, ratio, size, finished, len(to_draw))
    results = await run_together([partial(draw.frame, f) for f in to_draw], limit=ctx.pictures_at_once, stop_on=FATAL)
    drawn = {f.key: r for f, r in zip(to_draw, results, strict=True) if not isinstance(r, JobError)}
    failed = {f.key: r for f, r in zip(to_draw, results, strict=True) if isinstance(r, JobError)}
    try_again_later(ctx, failed)
    if failed and not drawn:
        raise none_made(failed, N_("No frame could be drawn. {reasons}"))
    unchanged = {f.key: f for f in frames if f.key not in drawn and f.key not in failed}
    earlier = {made_of: origin for f in unchanged.values() for made_of, origin in f.earlier.items()}
    content = _content(ctx, ratio, drawn, {k: _choice(ctx, f) for k, f in unchanged.items()}, earlier)
    untouched = [f.key for f in content.frames if f.key not in drawn and f.key not in unchanged]
    if untouched:
        ctx.sources.keep({f"shot:{KEYS.index(key) + 1}" for key in untouched}, {frame_part(key) for key in untouched})
    if not failed:
        ctx.progress(100, Text(N_("{count} frames drawn, {kept} kept"), count=len(drawn), kept=len(unchanged)))
        return content
    return PartialArtifact(
        content,
        failed=[{"item": key, "error_kind": e.kind, "error": e.text} for key, e in failed.items()],
        succeeded=[f.key for f in frames if f.key not in failed],
    )


def _is_wanted(frame: FrameRequest, params: Params, stale: Collection[str], model: str) -> bool:
    """What is fresh stays, also where another model would draw it now: that is a new candidate."""
    if frame.is_own:
        return params.new_candidate and params.keys is not None
    if params.new_candidate or frame.known is None:
        return True
    if frame.list_of_now():
        return False
    # one that takes other references is asked otherwise for the same
    by_another = model not in ("", frame.known.picture.model)
    return not by_another or params.source is not None or frame_part(frame.key) in stale


def _frame_requests(
    ctx: Context, params: Params, brief: JsonObject, ratio: str, size: tuple[int, int]
) -> list[FrameRequest]:
    """The frames asked for.

    Each makes only its own shot an input, and the looks of those whom it shows, so that an edit of one shot or of one
    character leaves the other frames fresh.
    """
    node = ctx.node
    anchor = read_anchor(ctx)
    style = style_text(brief.get("style"), ctx.language)
    known = {f.key: f for f in _frames(ctx)}
    sources = _find_sources(ctx, params)
    limits = ctx.picture_references
    frames = []
    for order, key in enumerate(KEYS, start=1):
        if params.keys is not None and key not in params.keys:
            continue
        source = sources[key]
        if source is None:
            shot = node.artifact("keyframe_prompt", part=f"shot:{order}")
        else:
            shot = read_panel_shot(node, source, order, ratio, ctx.language)
        assert shot is not None  # a nine-shot plan has nine, a group too, and the guards saw them
        names = [str(s["name"]) for s in shot["subjects"]]
        worn = find_worn(node, names, order, only_for=frame_part(key))
        shot = with_looks(node, shot, worn, ctx.language)
        references = worn.references(limits.most)
        prompts = tell_references(
            frame_prompt(shot, with_place(anchor, worn, ctx.language), style, ratio, ctx.language),
            [reference.name for reference in references],
            ctx.language,
        )
        media = [reference.media for reference in references]
        now, *then = list_origins(node, frame_part(key), known.get(key))
        seeds = _list_seeds(now, key)
        takes = [hash_request(prompts[-1], size, seed, media) for seed in seeds]
        earlier = {hash_request(prompts[-1], size, seed, media): o for o in then for seed in _list_seeds(o, key)}
        frames.append(
            FrameRequest(shot, source, prompts[-1], seeds, takes, earlier, known.get(key), worn, references, prompts)
        )
    return frames


def _list_seeds(origin: Origin, key: str) -> list[int]:
    """By number of the try."""
    return [int(hash_of([*origin, key, take])[:7], 16) for take in range(MOST_CANDIDATES + 1)]


def _find_sources(ctx: Context, params: Params) -> dict[str, GroupKey | None]:
    """Each frame's storyboard group, None where it shows a shot of the nine."""
    if params.source is not None:
        group: GroupKey | None = None if params.source == "plan" else params.source
        return dict.fromkeys(KEYS, group)
    drawn_from = find_sources(ctx.current_content(), ctx.node.made_from("keyframe_images"))
    panels = ctx.node.at(ctx.node.id).artifact("storyboard_groups")
    written = {group["group"] for group in panels["groups"]} if panels else set()
    shown = {frame.key: drawn_from.get((frame.key, frame.chosen)) for frame in _frames(ctx)}
    return {key: shown.get(key) if shown.get(key) in written else None for key in KEYS}


def read_anchor(ctx: Context) -> JsonObject:
    """What a picture's prompt tells of the set, in the story's language; empty when there is no anchor."""
    code = ctx.language
    fields = (f"scene.{code}", "lighting", "atmosphere", f"anchors.{code}", f"avoid.{code}")
    return ctx.node.artifact("scene_anchor", fields=fields) or {}


def with_place(anchor: JsonObject, worn: Worn, language: str) -> JsonObject:
    """The set with what the place's sheet tells of it in words."""
    words = worn.words_of_places()
    if not words:
        return anchor
    scene = dict(anchor.get("scene") or {})
    scene[language] = "; ".join(text for text in (str(scene.get(language) or ""), words) if text)
    return {**anchor, "scene": scene}


def with_looks(node: NodeView, shot: JsonObject, worn: Worn, language: str) -> JsonObject:
    """The shot with its people as the library tells their looks today, and their sheets that of this shot; what it
    tells of them itself where neither knows any of them."""
    names = [str(s["name"]) for s in shot["subjects"]]
    looks = staging.looks(node, names, only_for=frame_part(frame_key(shot["order"])))
    if looks:
        told = worn.describe(names, looks, language) if worn.says_otherwise() else staging.describe_looks(names, looks)
    elif words := worn.words():
        now = "; ".join(f"{name}: {words[name]}" for name in names if name in words)
        told = tell_look(str(shot["visual"]["character"]), now, language)
    else:
        return shot
    return {**shot, "visual": {**shot["visual"], "character": told}}


class Drawing:
    """Draws frames of one scene and says which."""

    def __init__(
        self,
        ctx: Context,
        brief: JsonObject,
        ratio: str,
        size: tuple[int, int],
        finished: dict[str, list[Candidate]],
        count: int,
    ) -> None:
        self._ctx = ctx
        self._finished = finished
        self._ratio = ratio
        self._size = size
        story = staging.read_whole_story(ctx)
        self._style = {**(brief.get("style") or {}), "story": story}
        # offline, a set is furnished from all that its anchor says, the other language too
        self._anchor = ctx.node.at(ctx.node.id).artifact("scene_anchor") or {}
        # Who is who in a drawing: the colours go by the place in the cast.
        self._cast = [c["name"] for c in story["characters"]]
        self._count = count
        self._done = 0

    async def frame(self, request: FrameRequest) -> list[Candidate]:
        """One frame, as a step named by its key."""
        ctx, shot = self._ctx, request.shot
        ctx.progress(
            self._percent(), Text(N_("Drawing shot {order} — {caption}"), order=shot["order"], caption=shot["caption"])
        )
        take = request.next_take(ctx.picture_model, self._finished[request.key])
        candidates = await ctx.images(
            request.key,
            prompt=request.prompt,
            size=self._size,
            seed=request.seeds[take],
            references=request.references,
            prompts=request.prompts,
            draw=partial(self._draw, shot, request.worn, request.seeds[take]),
        )
        self._done += 1
        ctx.progress(self._percent(), Text(N_("{done} of {all} frames drawn"), done=self._done, all=self._count))
        return [c.model_copy(update={"source": request.source}) for c in candidates]

    def _draw(self, shot: JsonObject, worn: Worn, seed: int) -> bytes:
        style = {**self._style, **worn.draw_from(self._ctx)}
        anchor = with_place(self._anchor, worn, self._ctx.language)
        # its books read simplified Chinese; the caption is shown as it is
        shot_read, anchor, cast, style = hanzi.read_simplified([shot, anchor, self._cast, style])
        caption = str(shot.get("caption") or "")
        return sketch.draw_frame(shot_read, anchor, cast, style, self._ratio, self._ctx.language, seed, shown=caption)

    def _percent(self) -> float:
        return 10 + 85 * self._done / max(self._count, 1)


def try_again_later(ctx: Context, failed: Mapping[str, JobError]) -> None:
    """A passing failure is worth another attempt of the job, which reuses what is drawn; one that stays is not."""
    passing = [e for e in failed.values() if e.retryable]
    if not passing or ctx.last_attempt or any(e.kind in FATAL for e in failed.values()):
        return
    raise max(passing, key=lambda e: (e.retry_after_ms or 0) if isinstance(e, ProviderError) else 0)


def none_made(failed: Mapping[str, JobError], sentence: str) -> JobError:
    """The end of a job that made nothing: `sentence` with every reason, and what each kept from being made."""
    reasons: dict[Text, list[str]] = {}
    for key, error in failed.items():
        reasons.setdefault(error.text, []).append(key)
    each = (Text("{keys}: {reason}", keys=", ".join(keys), reason=reason) for reason, keys in reasons.items())
    listed = join(each, "; ")
    first = next((e for e in failed.values() if e.kind in FATAL), next(iter(failed.values())))
    error = JobError(Text(sentence, reasons=listed), kind=first.kind, retryable=False)
    error.origin = first.origin
    return error


def _frames(ctx: Context) -> list[KeyframeImage]:
    there = ctx.current_content()
    return KeyframeImages.model_validate(there).frames if there else []


def _choice(ctx: Context, frame: FrameRequest) -> str:
    """Which picture a frame that was not drawn shows: a person's choice stays unless the shot has changed under it."""
    part = f"shot:{frame.shot['order']}" if frame.source is None else None
    assert frame.known is not None
    if frame.is_own:
        return frame.known.chosen
    same_shot = [c.media for c in frame.list_of_now()]
    changed = frame.known.chosen not in same_shot and ctx.sources.has_changed(part, frame_part(frame.key))
    return same_shot[-1] if same_shot and changed else frame.known.chosen


def _content(
    ctx: Context, ratio: str, drawn: dict[str, list[Candidate]], choices: dict[str, str], earlier: Mapping[str, Origin]
) -> KeyframeImages:
    """What is there now – also what was chosen by hand meanwhile – with the new candidates added and chosen.
    `earlier`: of pictures that are kept though their seed was made of something else, what that was."""
    there = {f.key: f for f in _frames(ctx)}
    frames = []
    for key in KEYS:
        old = there.get(key)
        if key in drawn:
            frames.append(_with(old, key, drawn[key]))
        elif old is not None:
            chosen = choices.get(key, old.chosen)
            known = chosen if chosen in {c.media for c in old.candidates} else old.chosen
            candidates = [
                c.model_copy(update={"seeded_by": earlier[c.made_of]}) if c.made_of in earlier else c
                for c in old.candidates
            ]
            frames.append(KeyframeImage(key=key, chosen=known, candidates=candidates))
    return KeyframeImages.model_validate({"aspect_ratio": ratio, "frames": [f.model_dump() for f in frames]})


def _with(old: KeyframeImage | None, key: str, new: Sequence[Candidate]) -> KeyframeImage:
    """A frame with further candidates, the newest chosen, or still somebody's own; beyond the most that fit, the oldest
    go."""
    fresh = {c.media for c in new}
    known = old.candidates if old else []
    own = next((c for c in known if old is not None and c.media == old.chosen and c.origin == "own"), None)
    others = [c for c in known if c.media not in fresh and c is not own]
    candidates = [*others, *new][-(MOST_CANDIDATES - (own is not None)) :]
    if own is None:
        return KeyframeImage(key=key, chosen=new[-1].media, candidates=candidates)
    return KeyframeImage(key=key, chosen=own.media, candidates=[own, *candidates])
