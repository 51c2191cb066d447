"""What the artifacts of a scene's storyboard hold: shots, frames, motion, dialogue, sound, duration.

Contents name no database row, so that the same story has the same content hash on any machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from workbench.artifacts.declared import Kind
from workbench.artifacts.models import AspectRatio, Content, Grown, text_of
from workbench.artifacts.versions import hash_of
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject

#: the fixed order of the nine shots: three to establish, three for emotion, three for tension
Framing = Literal["ELS", "LS", "MLS", "MS", "MCU", "CU", "ECU", "LOW", "HIGH"]
FRAMINGS: tuple[Framing, ...] = ("ELS", "LS", "MLS", "MS", "MCU", "CU", "ECU", "LOW", "HIGH")
Moment = Literal["start", "mid", "end"]
MOMENTS: tuple[Moment, ...] = ("start", "mid", "end")
#: where in the frame, from its left edge to its right
Position = Literal["far_left", "left", "centre", "right", "far_right"]
Facing = Literal["camera", "away", "left", "right"]
Stance = Literal["standing", "walking", "running", "sitting", "kneeling", "crouching", "leaning", "lying"]
Expression = Literal["neutral", "happy", "sad", "angry", "afraid", "surprised", "determined", "tender"]
Angle = Literal["eye_level", "low", "high"]


class Held(Content):
    """What is in each hand; empty for an empty hand."""

    left: Annotated[str, text_of(80, 0)] = Field("", title=N_("Left hand"))
    right: Annotated[str, text_of(80, 0)] = Field("", title=N_("Right hand"))


class CharacterState(Content):
    """Where and how somebody is at one moment of the action."""

    name: Annotated[str, text_of(120)] = Field(title=N_("Name"))
    location: Annotated[str, text_of(200)] = Field(title=N_("Location"), description=N_("Which part of the set"))
    stance: Stance = Field(title=N_("Stance"))
    facing: Facing = Field(title=N_("Facing"))
    hands: Held = Field(default_factory=Held, title=N_("Hands"))


class Continuity(Content):
    """What no shot of a beat may break."""

    background: Annotated[str, text_of(400)] = Field(title=N_("Background"))
    camera: Annotated[str, text_of(400)] = Field(title=N_("Camera"))
    screen_direction: Annotated[str, text_of(200)] = Field(title=N_("Screen direction"))
    axis: Annotated[str, text_of(200)] = Field(title=N_("Axis"))
    props: list[Annotated[str, text_of(120)]] = Field(default_factory=list, max_length=8, title=N_("Persistent props"))
    forbidden: list[Annotated[str, text_of(200)]] = Field(
        default_factory=list, max_length=8, title=N_("Forbidden changes")
    )


class ActionBeat(Content):
    """One of the three beats of a scene's action: how it starts, its middle, how it ends."""

    id: Annotated[str, text_of(40)] = Field(title=N_("Id"))
    summary: Annotated[str, text_of(500)] = Field(title=N_("Summary"))
    intent: Annotated[str, text_of(300)] = Field(title=N_("Intent"))
    start: list[CharacterState] = Field(default_factory=list, max_length=8, title=N_("Start"))
    mid: list[CharacterState] = Field(default_factory=list, max_length=8, title=N_("Middle"))
    end: list[CharacterState] = Field(default_factory=list, max_length=8, title=N_("End"))
    continuity: Continuity = Field(title=N_("Continuity"))


class ActionPlan(Content):
    beats: list[ActionBeat] = Field(min_length=3, max_length=3, title=N_("Beats"))


class Subject(Content):
    """Somebody in a frame, as a snapshot: no word of what happens before or after."""

    name: Annotated[str, text_of(120)] = Field(title=N_("Name"))
    position: Position = Field(title=N_("Position"))
    orientation: Facing = Field(title=N_("Facing"))
    pose: Stance = Field(title=N_("Stance"))
    action: Annotated[str, text_of(200)] = Field(title=N_("Action"), description=N_("One frozen moment"))
    expression: Expression = Field(title=N_("Expression"))
    gaze: Annotated[str, text_of(120)] = Field(title=N_("Gaze"))
    hands: Held = Field(default_factory=Held, title=N_("Hands"))


class Frame(Content):
    """What one picture shows. `anchors` are the scene anchor's own words."""

    caption: Annotated[str, text_of(120)] = Field(title=N_("Caption"), description=N_("One line under the picture"))
    anchors: list[Annotated[str, text_of(300)]] = Field(min_length=1, max_length=12, title=N_("Anchors"))
    subjects: list[Subject] = Field(default_factory=list, max_length=8, title=N_("Subjects"))
    composition: Annotated[str, text_of(400)] = Field(title=N_("Composition"))
    bubble_space: Annotated[str, text_of(200)] = Field(
        title=N_("Bubble space"), description=N_("Where a speech bubble may stand")
    )


class Camera(Content):
    """The beat's camera. The size of the shot is free: it is what the nine shots vary."""

    angle: Angle = Field(title=N_("Angle"))
    lens: Annotated[str, text_of(120)] = Field(title=N_("Lens"))
    aspect: AspectRatio = Field(title=N_("Aspect ratio"))


class KeyframeGroup(Content):
    """The three frames of one beat."""

    camera: Camera = Field(title=N_("Camera"))
    start: Frame = Field(title=N_("Start"))
    mid: Frame = Field(title=N_("Middle"))
    end: Frame = Field(title=N_("End"))
    avoid: list[Annotated[str, text_of(200)]] = Field(min_length=1, max_length=12, title=N_("Avoid"))


class VisualAnchor(Content):
    character: Annotated[str, text_of(600, 0)] = Field("", title=N_("Character"))
    environment: Annotated[str, text_of(600)] = Field(title=N_("Environment"))
    lighting: Annotated[str, text_of(300)] = Field(title=N_("Lighting"))
    mood: Annotated[str, text_of(200)] = Field(title=N_("Mood"))


class Technical(Content):
    consistency: Annotated[str, text_of(400)] = Field(title=N_("Consistency"))
    composition: Annotated[str, text_of(400)] = Field(title=N_("Composition"))
    quality: Annotated[str, text_of(400)] = Field(title=N_("Quality"))


class Shot(Frame):
    """One of the nine shots. `beat` and `moment` say which frame of the action it shows; empty in a direct plan."""

    order: int = Field(ge=1, le=9, title=N_("Order"))
    framing: Framing = Field(title=N_("Framing"))
    beat: Annotated[str, text_of(40, 0)] = Field("", title=N_("Beat"))
    moment: Moment | None = Field(None, title=N_("Moment"))
    camera: Camera = Field(title=N_("Camera"))
    visual: VisualAnchor = Field(title=N_("Visual anchor"))
    technical: Technical = Field(title=N_("Technical"))
    avoid: list[Annotated[str, text_of(200)]] = Field(default_factory=list, max_length=12, title=N_("Avoid"))

    @property
    def key(self) -> str:
        """KF0–KF8: what the shot's frame is called."""
        return frame_key(self.order)


class KeyframePrompt(Content):
    """The nine-shot plan. `made_by`: from three beats, or in one direct call when those could not be made valid."""

    made_by: Literal["beats", "direct"] = Field("beats", title=N_("Made by"))
    beats: list[ActionBeat] = Field(default_factory=list, max_length=3, title=N_("Beats"))
    shots: list[Shot] = Field(min_length=9, max_length=9, title=N_("Shots"))

    @model_validator(mode="after")
    def _nine(self) -> KeyframePrompt:
        if [s.order for s in self.shots] != list(range(1, 10)):
            raise ValueError(Text(N_("shots must be numbered 1..9 in order")))
        if tuple(s.framing for s in self.shots) != FRAMINGS:
            raise ValueError(Text(N_("framings must be {framings} in this order"), framings=", ".join(FRAMINGS)))
        return self


def frame_key(order: int) -> str:
    """Shot 1–9 → KF0–KF8."""
    return f"KF{order - 1}"


def frame_part(key: str) -> str:
    """What a frame is called as a part of the artifact."""
    return f"frame:{key}"


#: of a frame, and clips of a scene
MOST_CANDIDATES = 24
FRAME_KEY = r"^KF[0-8]$"
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


#: a model's, or brought by a person
Origin = Literal["model", "own"]


class Reference(Content):
    """A picture that was drawn from: whose or which place's sheet, and in which look."""

    media: Sha256
    name: Annotated[str, text_of(120)]
    look: Annotated[str, text_of(80, 0)] = ""


class Candidate(Grown):
    """One picture of a frame: its bytes live in the media store under their SHA-256.

    `made_of` is the hash of what was asked (prompt, size, seed, references): equal means drawing again brings nothing
    new. Of a person's own picture, that of the picture; its `model` is the file's name. `source`: the group of the long
    storyboard whose panel it shows; None: the shot of the nine-shot plan. `seeded_by`: the story's title, and the
    episode and scene, that its seed was made of, where they have changed since.
    """

    LATER: ClassVar[JsonObject] = {"origin": "model", "references": [], "source": None, "seeded_by": None}

    media: Sha256
    width: int = Field(ge=1)
    height: int = Field(ge=1)
    made_of: Sha256
    model: Annotated[str, text_of(200)]
    origin: Origin = "model"
    #: what went along to the service
    references: list[Reference] = Field(default_factory=list, max_length=16)
    source: Annotated[str, Field(pattern=FRAME_KEY)] | None = None
    seeded_by: tuple[Annotated[str, text_of(120, 0)], int, int] | None = None


def hash_request(prompt: str, size: tuple[int, int], seed: int, references: Sequence[str] = ()) -> str:
    """The hash of what a picture is asked for by; see Candidate."""
    return hash_of({"prompt": prompt, "size": list(size), "seed": seed, "references": list(references)})


class KeyframeImage(Content):
    key: Annotated[str, Field(pattern=FRAME_KEY)]
    chosen: Sha256
    #: oldest first
    candidates: list[Candidate] = Field(min_length=1, max_length=MOST_CANDIDATES)

    @model_validator(mode="after")
    def _check_chosen(self) -> KeyframeImage:
        if self.chosen not in {c.media for c in self.candidates}:
            raise ValueError(Text(N_("the chosen picture is none of the candidates")))
        return self

    @property
    def picture(self) -> Candidate:
        """The candidate that is chosen."""
        return next(c for c in self.candidates if c.media == self.chosen)


class KeyframeImages(Content):
    """Frames by key, KF0 first. What could not be drawn is missing here and named in the job's result."""

    aspect_ratio: AspectRatio
    frames: list[KeyframeImage] = Field(min_length=1, max_length=9)

    @model_validator(mode="after")
    def _check_order(self) -> KeyframeImages:
        keys = [f.key for f in self.frames]
        if keys != sorted(set(keys)):
            raise ValueError(Text(N_("frames must be in order, each key once")))
        return self


class SeenPerson(Content):
    """Somebody whom the shot is to show, as the picture shows them."""

    name: Annotated[str, text_of(120)] = Field(title=N_("Name"))
    there: bool = Field(title=N_("In the picture"))
    right: bool = Field(title=N_("Looks right"), description=N_("Face, hair, clothes, as they are described"))


class Sight(Content):
    """What a model sees in one picture, beside what the shot asks for."""

    people: list[SeenPerson] = Field(default_factory=list, max_length=8, title=N_("People"))
    strangers: int = Field(ge=0, le=99, title=N_("Others"), description=N_("People whom the shot does not ask for"))
    hands: int = Field(ge=0, le=99, title=N_("Hands"), description=N_("Hands that can be seen"))
    wrong_hands: int = Field(
        ge=0, le=99, title=N_("Wrong hands"), description=N_("One too many, or with a wrong number of fingers")
    )
    framing_right: bool = Field(title=N_("Framing"), description=N_("As large and from where the shot asks"))
    text: Annotated[str, text_of(200, 0)] = Field(
        "",
        title=N_("Text in the picture"),
        description=N_("Letters, signatures, watermarks; empty when there are none"),
    )
    remark: Annotated[str, text_of(300, 0)] = Field("", title=N_("Remark"))


class RankedCandidate(Grown):
    """A candidate with what was seen in it. `score`: 100 is as asked; `asked`: hash of what it was held against."""

    LATER: ClassVar[JsonObject] = {"asked": None}

    media: Sha256
    score: int = Field(ge=0, le=100)
    sight: Sight
    model: Annotated[str, text_of(200)]
    asked: Sha256 | None = None


class RankedFrame(Content):
    key: Annotated[str, Field(pattern=FRAME_KEY)]
    #: the best first
    candidates: list[RankedCandidate] = Field(min_length=1, max_length=MOST_CANDIDATES)


class FrameRanking(Content):
    """The candidates of a scene's frames, ranked. It chooses none: that is the creator's."""

    frames: list[RankedFrame] = Field(min_length=1, max_length=9)


class MotionBeat(Content):
    """What moves in one third of the clip; seconds from its start."""

    from_s: float = Field(ge=0, le=60, title=N_("From"))
    to_s: float = Field(gt=0, le=60, title=N_("To"))
    zh: Annotated[str, text_of(120)] = Field(title=N_("Chinese"))
    en: Annotated[str, text_of(300)] = Field(title=N_("English"))


class ShortMotion(Content):
    zh: Annotated[str, text_of(40)] = Field(title=N_("Chinese"))
    en: Annotated[str, text_of(160)] = Field(title=N_("English"))


class Changes(Content):
    """What changes, at most two of each; everything else stays as it is."""

    subject: list[Annotated[str, text_of(200)]] = Field(default_factory=list, max_length=2, title=N_("Subject"))
    camera: list[Annotated[str, text_of(200)]] = Field(default_factory=list, max_length=2, title=N_("Camera"))
    environment: list[Annotated[str, text_of(200)]] = Field(default_factory=list, max_length=2, title=N_("Environment"))


class MotionPrompt(Content):
    """Only what changes during the clip, in three equal windows."""

    seconds: float = Field(ge=2, le=60, title=N_("Seconds"))
    short: ShortMotion = Field(title=N_("In short"))
    beats: list[MotionBeat] = Field(min_length=3, max_length=3, title=N_("Beats"))
    changes: Changes = Field(title=N_("Changes"))
    constraints: list[Annotated[str, text_of(200)]] = Field(min_length=1, max_length=8, title=N_("Constraints"))


LineType = Literal["dialogue", "monologue", "narration", "thought"]


class Line(Content):
    """One spoken line. A narration has no speaker; every other type has one."""

    type: LineType = Field("dialogue", title=N_("Type"))
    speaker: Annotated[str, text_of(120, 0)] = Field("", title=N_("Speaker"))
    emotion: Annotated[str, text_of(40, 0)] = Field("", title=N_("Emotion"))
    notes: list[Annotated[str, text_of(100)]] = Field(default_factory=list, max_length=4, title=N_("Notes"))
    text: Annotated[str, text_of(500)] = Field(title=N_("Text"))

    @model_validator(mode="after")
    def _speaker(self) -> Line:
        if (self.type == "narration") == bool(self.speaker):
            raise ValueError(Text(N_("a narration has no speaker, every other line has one")))
        return self


class Dialogue(Content):
    """One to six lines, or an explicitly silent scene with its reason."""

    silent: bool = Field(False, title=N_("Silent scene"))
    reason: Annotated[str, text_of(300, 0)] = Field("", title=N_("Why it is silent"))
    lines: list[Line] = Field(default_factory=list, max_length=6, title=N_("Lines"))

    @model_validator(mode="after")
    def _check_silence(self) -> Dialogue:
        if self.silent == bool(self.lines):
            raise ValueError(Text(N_("a silent scene has no lines; any other has at least one")))
        return self


CueType = Literal["sfx", "bgm", "ambience", "foley", "voice_over", "silence"]
Intensity = Literal["subtle", "normal", "prominent", "dominant"]


class SoundCue(Content):
    """Seconds count from the start of the scene."""

    type: CueType = Field(title=N_("Type"))
    description: Annotated[str, text_of(500)] = Field(title=N_("Description"))
    from_s: float = Field(ge=0, le=600, title=N_("From"))
    to_s: float = Field(gt=0, le=600, title=N_("To"))
    intensity: Intensity = Field("normal", title=N_("Intensity"))
    mood: Annotated[str, text_of(100, 0)] = Field("", title=N_("Mood"))
    reference: Annotated[str, text_of(500, 0)] = Field("", title=N_("Reference"))
    loopable: bool = Field(False, title=N_("Loopable"))

    @model_validator(mode="after")
    def _forwards(self) -> SoundCue:
        if self.to_s <= self.from_s:
            raise ValueError(Text(N_("a cue must end after it begins")))
        return self


class SoundDesign(Content):
    master_mood: Annotated[str, text_of(200)] = Field(title=N_("Master mood"))
    cues: list[SoundCue] = Field(min_length=1, max_length=24, title=N_("Cues"))


class DurationParts(Content):
    """Seconds, one decimal."""

    dialogue: float = Field(ge=0, title=N_("Dialogue"))
    action: float = Field(ge=0, title=N_("Action"))
    transition: float = Field(ge=0, title=N_("Transition"))
    pause: float = Field(ge=0, title=N_("Pause"))


class Duration(Content):
    """How long the scene runs. `missing` names the inputs that were not there, which lowers the confidence."""

    seconds: float = Field(ge=0, title=N_("Seconds"))
    parts: DurationParts = Field(title=N_("Parts"))
    confidence: Literal["low", "medium"] = Field(title=N_("Confidence"))
    missing: list[Literal["dialogue", "motion_prompt", "keyframe_prompt", "sound_design"]] = Field(
        default_factory=list, title=N_("Missing")
    )

    @model_validator(mode="after")
    def _adds_up(self) -> Duration:
        total = sum(self.parts.model_dump().values())
        if abs(total - self.seconds) > 0.05:
            raise ValueError(
                Text(N_("the parts add up to {sum} s, not {whole} s"), sum=f"{total:.1f}", whole=f"{self.seconds:.1f}")
            )
        return self


class Clip(Grown):
    """One clip: its bytes live in the media store. `made_of`, `model` and `origin` as a Candidate's; `first_frame`: the
    picture it began from; `shot`: the only shot that it shows, None: the whole scene."""

    LATER: ClassVar[JsonObject] = {"origin": "model", "shot": None, "references": [], "last_frame": None}

    media: Sha256
    width: int = Field(ge=1)
    height: int = Field(ge=1)
    seconds: float = Field(gt=0, le=600)
    made_of: Sha256
    model: Annotated[str, text_of(200)]
    first_frame: Sha256 | None = None
    last_frame: Sha256 | None = None
    origin: Origin = "model"
    shot: Annotated[str, Field(pattern=FRAME_KEY)] | None = None
    #: sheets that went along to the service
    references: list[Reference] = Field(default_factory=list, max_length=16)


def keep_newest(clips: Sequence[Clip], chosen: str | None) -> list[Clip]:
    """As many as a scene may have, the chosen one among them."""
    first = [c for c in clips[:-MOST_CANDIDATES] if c.media == chosen]
    return [*first, *clips[-MOST_CANDIDATES + len(first) :]]


class SceneVideo(Content):
    """The scene's clips; a new one stands beside the old and is chosen. `chosen` None: there are clips of single shots
    alone, and none of them is picked for the scene."""

    aspect_ratio: Annotated[str, text_of(10)]
    chosen: Sha256 | None
    #: oldest first
    clips: list[Clip] = Field(min_length=1, max_length=MOST_CANDIDATES)

    @model_validator(mode="after")
    def _check_chosen(self) -> SceneVideo:
        of_shots = all(c.shot is not None for c in self.clips)
        if self.chosen not in {c.media for c in self.clips} and not (self.chosen is None and of_shots):
            raise ValueError(Text(N_("the chosen clip is none of the clips")))
        return self


def _shot_parts(content: JsonObject) -> JsonObject:
    return {f"shot:{s['order']}": s for s in content["shots"]}


def _frame_parts(content: JsonObject) -> JsonObject:
    """A frame is its chosen picture: a new candidate alone changes nothing for those that use the frame."""
    return {frame_part(f["key"]): f["chosen"] for f in content["frames"]}


def _video_parts(content: JsonObject) -> JsonObject:
    """A scene of which only single shots have clips is not filmed."""
    return {} if content["chosen"] is None else {"scene": content["chosen"]}


def _ranking_parts(content: JsonObject) -> JsonObject:
    return {frame_part(f["key"]): f["candidates"] for f in content["frames"]}


KEYFRAME_PROMPT = Kind("keyframe_prompt", N_("Nine-shot plan"), "scene", KeyframePrompt, _shot_parts)
KEYFRAME_IMAGES = Kind(
    "keyframe_images", N_("Keyframe images"), "scene", KeyframeImages, _frame_parts, expected_parts=9
)
FRAME_RANKING = Kind("frame_ranking", N_("Frame ranking"), "scene", FrameRanking, _ranking_parts)
MOTION_PROMPT = Kind("motion_prompt", N_("Motion prompt"), "scene", MotionPrompt)
DIALOGUE = Kind("dialogue", N_("Dialogue"), "scene", Dialogue)
SOUND_DESIGN = Kind("sound_design", N_("Sound design"), "scene", SoundDesign)
SCENE_VIDEO = Kind("scene_video", N_("Scene video"), "scene", SceneVideo, _video_parts, expected_parts=1)
DURATION = Kind("duration", N_("Duration"), "scene", Duration)

KINDS = (KEYFRAME_PROMPT, KEYFRAME_IMAGES, FRAME_RANKING, MOTION_PROMPT, DIALOGUE, SOUND_DESIGN, SCENE_VIDEO, DURATION)
