"""generate_scene_video: the scene as a clip, begun from a chosen frame. A new clip stands beside the old ones.

The service's task is created once and its id committed; no worker waits for it (see jobs/media_steps.py).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from workbench import sketch
from workbench.artifacts.storyboard import MOST_CANDIDATES, Clip, Reference, SceneVideo, keep_newest
from workbench.artifacts.versions import hash_of
from workbench.errors import Issue
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.story.guards import has_motion_prompt
from workbench.story.styles import style_text
from workbench.workflows import registry, staging
from workbench.workflows.image.frame_prompt import tell_references
from workbench.workflows.image.generate_keyframe_images import KEYS, Key
from workbench.workflows.image.worn import Worn, find_worn
from workbench.workflows.video.clip_prompt import clip_prompt

if TYPE_CHECKING:
    from workbench.jobs.context import Context
    from workbench.story.facts import NodeView

FirstFrame = Literal["KF0", "KF1", "KF2", "KF3", "KF4", "KF5", "KF6", "KF7", "KF8", "none"]
#: seconds that a clip may have; a service takes the nearest that it can film
SHORTEST, LONGEST = 2.0, 12.0
#: what a clip's prompt tells of the motion prompt
MOTION = ("seconds", "beats", "changes", "constraints")


class Params(registry.Params):
    first_frame: FirstFrame = Field(
        "KF0", title=N_("First frame"), description=N_("The chosen picture of this frame; none: from the words alone")
    )
    last_frame: Key | None = Field(
        None, title=N_("Last frame"), description=N_("Where the clip ends; not every service can")
    )
    to_next: bool = Field(
        True,
        title=N_("End at the next frame"),
        description=N_("Without a last frame of its own: at that of the shot after the first, where the service can"),
    )
    seconds: float | None = Field(
        None, ge=SHORTEST, le=LONGEST, title=N_("Seconds"), description=N_("Empty: as long as the scene, at most 12")
    )
    new_clip: bool = Field(False, title=N_("New clip"), description=N_("Film once more although nothing changed"))


def has_frames(node: NodeView, params: Any) -> list[Issue]:
    """The frames that the clip begins and ends with have their pictures."""
    wanted = [k for k in (params.first_frame, params.last_frame) if k not in (None, "none")]
    missing = [k for k in wanted if node.artifact("keyframe_images", part=f"frame:{k}") is None]
    issues = []
    if missing:
        message = Text(
            N_("These frames are not drawn yet: {frames}. Generate the keyframe images first."),
            frames=", ".join(str(KEYS.index(k) + 1) for k in missing),
        )
        issues.append(Issue("keyframe_images", message))
    if params.last_frame is not None and params.first_frame == "none":
        issues.append(Issue("first_frame", Text(N_("A clip with a last frame needs a first one."))))
    return issues


@registry.workflow(
    "generate_scene_video",
    title=N_("Scene video"),
    scope="scene",
    params=Params,
    reads=("brief", "scene_anchor", "keyframe_images", "motion_prompt", "duration", "character_sheet", "place_sheet"),
    writes="scene_video",
    guards=(has_motion_prompt, has_frames),
    queue="video",
    adds=True,
    max_attempts=1,
    deadline_s=1800,
    by_hand=True,
    typical=registry.Typical(calls=0, input_tokens=0, output_tokens=0, videos=1, seconds=120.0),
)
async def run(ctx: Context, params: Params) -> SceneVideo:
    """Film the scene from its first frame as its motion prompt says; the clips made before stay beside it."""
    ctx.progress(5, Text(N_("Reading motion, frames and length")))
    request = _read_request(ctx, params)
    there, known = _list_clips(ctx)
    takes = request.list_takes()
    current = [c for c in known if c.made_of in takes and c.model == ctx.clip_model]
    own = _find_own(there, known)
    if (current or own) and not params.new_clip:
        nothing = N_("Nothing has changed since the last clip") if current else N_("The scene shows a clip of your own")
        ctx.progress(100, Text(nothing))
        # a person's choice among those of now stays
        stays = own is not None or there["chosen"] in {c.media for c in current}
        chosen = there["chosen"] if stays else current[-1].media
        return SceneVideo(aspect_ratio=request.ratio, chosen=chosen, clips=known)
    clip = await _film(ctx, request, takes, {c.made_of for c in current})
    # also what was chosen by hand meanwhile
    there, known = _list_clips(ctx)
    chosen = _find_own(there, known) or clip.media
    clips = keep_newest([*(c for c in known if c.media != clip.media), clip], chosen)
    ctx.progress(100, Text(N_("{seconds} s"), seconds=f"{clip.seconds:.1f}"))
    return SceneVideo(aspect_ratio=request.ratio, chosen=chosen, clips=clips)


@dataclass(frozen=True)
class ClipRequest:
    """What a clip is to show. `first` and `last`: hashes of the frames that it begins and ends with; `prompts`: the
    last of them is asked first."""

    ratio: str
    size: tuple[int, int]
    seconds: float
    first: str | None
    last: str | None
    references: list[Reference]
    prompts: list[str]

    def list_takes(self) -> list[str]:
        """Hashes of all that a clip of it can be made of."""
        source = {
            "prompt": self.prompts[-1], "seconds": self.seconds, "size": list(self.size), "first": self.first,
            "last": self.last,
        }  # fmt: skip
        if self.references:
            source["references"] = [reference.media for reference in self.references]
        return [hash_of({**source, "take": n}) for n in range(MOST_CANDIDATES)]


def _read_request(ctx: Context, params: Params) -> ClipRequest:
    node, brief = ctx.node, ctx.node.read_brief("aspect_ratio", "style")
    ratio = str(brief.get("aspect_ratio") or "16:9")
    seconds = params.seconds or _length(node)
    first, last = _read_frames(ctx, params)
    # no service takes sheets beside a first frame, and the frame was drawn from them
    worn = find_worn(node, _cast_of(node), 1) if first is None else Worn()
    references = worn.references(ctx.clip_references.most)
    motion: Any = node.artifact("motion_prompt", fields=MOTION)
    prompt = clip_prompt(
        motion,
        # a clip that begins from a frame is told nothing of its set
        {} if first is not None else node.artifact("scene_anchor", fields=(f"scene.{ctx.language}",)) or {},
        style_text(brief.get("style") or {}, ctx.language),
        seconds,
        ctx.language,
        from_frame=first is not None,
    )
    told = "\n".join([prompt, *worn.lines()])
    prompts = tell_references(told, [reference.name for reference in references], ctx.language)
    return ClipRequest(ratio, sketch.frame_size(ratio), seconds, first, last, references, prompts)


def _read_frames(ctx: Context, params: Params) -> tuple[str | None, str | None]:
    """The pictures that the clip begins and ends with, as far as the service takes them."""
    limits = ctx.clip_references
    first = None if params.first_frame == "none" else _frame(ctx.node, params.first_frame)
    if first is not None and not limits.first_frame:
        ctx.warn(Text(N_("{model} films from words alone; the clip begins with no frame"), model=ctx.clip_model))
        first = None
    end = params.last_frame or (_next(params) if first is not None and limits.ends_at_frame else None)
    last = None if end is None else _frame(ctx.node, end)
    if last is not None and not limits.last_frame:
        ctx.warn(Text(N_("{model} takes no last frame; the clip ends where its motion leads"), model=ctx.clip_model))
        last = None
    return first, last


async def _film(ctx: Context, request: ClipRequest, takes: Sequence[str], drawn_before: Collection[str]) -> Clip:
    seconds, size, first = request.seconds, request.size, request.first
    frames: dict[str, Any] = {"first_frame": first, "last_frame": request.last, "references": request.references}
    asked: dict[str, Any] = {"prompt": request.prompts[-1], "seconds": seconds, "size": size, **frames}
    # the take that this job has filmed already, however many clips are there by now; else the first that nobody has
    filmed = next((t for t in takes if ctx.is_filmed("clip", **asked, seed=_seed(t))), None)
    made_of = filmed or next((t for t in takes if t not in drawn_before), takes[-1])
    seed = _seed(made_of)
    ctx.progress(15, Text(N_("Filming {seconds} s"), seconds=f"{seconds:g}"))
    # without a frame there is nothing to move a camera over
    draw = None if first is None else partial(_draw, ctx, first, seconds, size, seed)
    video = await ctx.video("clip", **asked, seed=seed, prompts=request.prompts, draw=draw)
    ctx.progress(90, Text(N_("The clip is there")))
    made = {name: video[name] for name in ("media", "width", "height", "seconds")}
    return Clip(**made, made_of=made_of, model=ctx.clip_model or video["model"], **frames)


def _list_clips(ctx: Context) -> tuple[JsonObject, list[Clip]]:
    """What the scene has by now, and its clips."""
    there = ctx.current_content() or {}
    return there, [Clip.model_validate(c) for c in there.get("clips", ())]


def _find_own(there: JsonObject, known: Sequence[Clip]) -> str | None:
    """The person's own clip that shows the scene, a shot's that they have picked, too: nothing takes its place
    unasked."""
    mine = {c.media for c in known if c.origin == "own"}
    return str(there["chosen"]) if there.get("chosen") in mine else None


def _next(params: Params) -> str | None:
    """The frame of the shot after the first; None: the first is the last one, or nobody wants it."""
    at = KEYS.index(params.first_frame) + 1
    return KEYS[at] if params.to_next and at < len(KEYS) else None


def _seed(take: str) -> int:
    return int(take[:8], 16) & 0x7FFFFFFF


def _draw(ctx: Context, first: str, seconds: float, size: tuple[int, int], seed: int) -> bytes:
    return sketch.draw_clip(ctx.picture(first), seconds, size, seed)


def _cast_of(node: NodeView) -> list[str]:
    """Who is in the scene; whom it leaves out makes no clip stale."""
    return [str(name) for name in staging.outline(node.at(node.id)).get("cast") or []]


def _length(node: NodeView) -> float:
    """As long as the scene runs, else as its motion was written for; within what can be filmed, to half a second."""
    duration = node.artifact("duration", fields=("seconds",))
    motion = node.artifact("motion_prompt", fields=("seconds",))
    seconds = float((duration or motion or {"seconds": 6.0})["seconds"])
    return min(max(round(seconds * 2) / 2, SHORTEST), LONGEST)


def _frame(node: NodeView, key: str) -> str | None:
    """The hash of a frame's chosen picture; None: it has none."""
    chosen = node.artifact("keyframe_images", part=f"frame:{key}")
    return None if chosen is None else str(chosen)
