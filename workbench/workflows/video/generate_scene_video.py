"""generate_scene_video: the scene as a clip, begun from a chosen frame. A new clip stands beside the old ones.

The service's task is created once and its id committed; no worker waits for it (see jobs.tasks).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from workbench import sketch
from workbench.artifacts.storyboard import MOST_CANDIDATES, Clip, SceneVideo, keep_newest
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
    node, brief = ctx.node, ctx.node.read_brief("aspect_ratio", "style")
    ratio = str(brief.get("aspect_ratio") or "16:9")
    size = sketch.frame_size(ratio)
    seconds = params.seconds or _length(node)
    first = (
        None if params.first_frame == "none" else node.artifact("keyframe_images", part=f"frame:{params.first_frame}")
    )
    limits = ctx.clip_references
    if first is not None and not limits.first_frame:
        ctx.warn(Text(N_("{model} films from words alone; the clip begins with no frame"), model=ctx.clip_model))
        first = None
    end = params.last_frame or (_next(params) if first is not None and limits.ends_at_frame else None)
    last = None if end is None else node.artifact("keyframe_images", part=f"frame:{end}")
    if last is not None and not limits.last_frame:
        ctx.warn(Text(N_("{model} takes no last frame; the clip ends where its motion leads"), model=ctx.clip_model))
        last = None
    # no service takes sheets beside a first frame, and the frame was drawn from them
    worn = find_worn(node, _cast_of(node), 1) if first is None else Worn()
    references = worn.references(limits.most)
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
    prompts = tell_references(
        "\n".join([prompt, *worn.lines()]), [reference.name for reference in references], ctx.language
    )
    prompt = prompts[-1]
    there = ctx.current_content() or {}
    known = [Clip.model_validate(c) for c in there.get("clips", ())]
    source = {"prompt": prompt, "seconds": seconds, "size": list(size), "first": first, "last": last}
    if references:
        source["references"] = [reference.media for reference in references]
    takes = [hash_of({**source, "take": n}) for n in range(MOST_CANDIDATES)]
    current = [c for c in known if c.made_of in takes and c.model == ctx.clip_model]
    own = _find_own(there, known)
    if (current or own) and not params.new_clip:
        nothing = N_("Nothing has changed since the last clip") if current else N_("The scene shows a clip of your own")
        ctx.progress(100, Text(nothing))
        # a person's choice among those of now stays
        stays = own is not None or there["chosen"] in {c.media for c in current}
        return SceneVideo(aspect_ratio=ratio, chosen=there["chosen"] if stays else current[-1].media, clips=known)
    asked = partial(
        ctx.is_filmed,
        "clip",
        prompt=prompt,
        seconds=seconds,
        size=size,
        first_frame=_sha(first),
        last_frame=_sha(last),
        references=references,
    )
    # the take that this job has filmed already, however many clips are there by now; else the first that nobody has
    filmed = next((t for t in takes if asked(seed=_seed(t))), None)
    made_of = filmed or next((t for t in takes if t not in {c.made_of for c in current}), takes[-1])
    seed = _seed(made_of)
    ctx.progress(15, Text(N_("Filming {seconds} s"), seconds=f"{seconds:g}"))
    # without a frame there is nothing to move a camera over
    draw = None if first is None else partial(_draw, ctx, str(first), seconds, size, seed)
    video = await ctx.video(
        "clip",
        prompt=prompt,
        seconds=seconds,
        size=size,
        seed=seed,
        first_frame=_sha(first),
        last_frame=_sha(last),
        references=references,
        prompts=prompts,
        draw=draw,
    )
    ctx.progress(90, Text(N_("The clip is there")))
    clip = Clip(
        media=video["media"],
        width=video["width"],
        height=video["height"],
        seconds=video["seconds"],
        made_of=made_of,
        model=ctx.clip_model or video["model"],
        first_frame=_sha(first),
        last_frame=_sha(last),
        references=references,
    )
    # also what was chosen by hand meanwhile
    there = ctx.current_content() or {}
    known = [Clip.model_validate(c) for c in there.get("clips", ())]
    own = _find_own(there, known)
    chosen = own or clip.media
    clips = keep_newest([*(c for c in known if c.media != clip.media), clip], chosen)
    ctx.progress(100, Text(N_("{seconds} s"), seconds=f"{clip.seconds:.1f}"))
    return SceneVideo(aspect_ratio=ratio, chosen=chosen, clips=clips)


def _find_own(there: JsonObject, known: Sequence[Clip]) -> str | None:
    """The person's own clip that shows the scene: nothing takes its place unasked."""
    mine = {c.media for c in known if c.origin == "own" and c.shot is None}
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


def _sha(value: Any) -> str | None:
    return None if value is None else str(value)
