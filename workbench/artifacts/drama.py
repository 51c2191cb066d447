"""What holds a story together: its causal chain, its emotion arc, how its people stand to each other, and who might
join them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AliasChoices, BeforeValidator, Field, computed_field, model_validator

from workbench.artifacts.declared import Kind, Places, Stretch
from workbench.artifacts.models import Content, Grown, text_of
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject

#: the chain's parts, in the order in which they are built; an input names them, and so does `only_for`
PHASES = ("outline", "knowledge", "beats", "weave")

Status = Literal["incomplete", "needs_revision", "pass"]
ActMode = Literal["three_act", "four_act"]
LineType = Literal["main", "sub1", "sub2", "sub3"]

_DIGITS = {"一": "1", "二": "2", "三": "3", "四": "4", "1": "1", "2": "2", "3": "3", "4": "4"}
_SEPARATORS = re.compile(r"[,，、;；\n]")
_YES, _NO = frozenset(("是", "有", "成立", "通过")), frozenset(("否", "没有", "无", "不成立", "未通过"))


def split_list(value: Any) -> Any:
    """A list that came as one text: “Mara, Tom”."""
    return [part.strip() for part in _SEPARATORS.split(value) if part.strip()] if isinstance(value, str) else value


def read_act_mode(value: Any) -> Any:
    """“三幕式”, “Four acts”, 3."""
    told = re.sub(r"[\s_-]", "", str(value).casefold())
    if re.match(r"(三幕|3|three)", told):
        return "three_act"
    return "four_act" if re.match(r"(四幕|4|four)", told) else value


def _read_line_type(value: Any) -> Any:
    """“主线”, “副线二”, “Sub 2”."""
    told = re.sub(r"[\s_-]", "", str(value).casefold())
    if told in ("主线", "主", "主线剧情", "main", "mainline", "mainplot"):
        return "main"
    sub = re.fullmatch(r"(?:副线|支线|sub|subline|subplot)([一二三123])", told)
    return f"sub{_DIGITS[sub[1]]}" if sub else value


def _read_yes(value: Any) -> Any:
    told = value.strip() if isinstance(value, str) else value
    return True if told in _YES else False if told in _NO else value


def _read_stakes(value: Any) -> Any:
    """A map from faction to stakes as the list that is kept."""
    if isinstance(value, dict):
        return [{"faction": faction, "stakes": stakes} for faction, stakes in value.items()]
    return value


Names = Annotated[list[Annotated[str, text_of(120)]], BeforeValidator(split_list)]


class FactionStakes(Content):
    faction: Annotated[str, text_of(80)] = Field(title=N_("Faction"))
    stakes: Annotated[str, text_of(4000)] = Field(title=N_("At stake"))


class FirstMover(Content):
    """Who sets the story going, and what they say and hide about it."""

    initiator: Annotated[str, text_of(200)] = Field(title=N_("Who begins"))
    public_reason: Annotated[str, text_of(2000)] = Field(title=N_("Stated reason"))
    hidden_intent: Annotated[str, text_of(2000)] = Field(title=N_("Hidden intent"))
    legitimacy_mask: Annotated[str, text_of(2000)] = Field(title=N_("What makes it look right"))


class ChainOutline(Content):
    """Phase 1: the outline and what drives the conflict."""

    outline_summary: Annotated[str, text_of(8000)] = Field(title=N_("Outline"))
    core_object_or_event: Annotated[str, text_of(400)] = Field(title=N_("What it is about"))
    stakes_by_faction: Annotated[list[FactionStakes], BeforeValidator(_read_stakes)] = Field(
        min_length=1, max_length=12, title=N_("Stakes by faction")
    )
    first_mover: FirstMover = Field(title=N_("First mover"))
    necessity_derivation: list[Annotated[str, text_of(800)]] = Field(
        min_length=1, max_length=16, title=N_("Why it has to happen"), description=N_("Each step follows from the last")
    )


class Motivation(Content):
    gain: int = Field(ge=1, le=10, title=N_("To gain"))
    loss_avoid: int = Field(ge=1, le=10, title=N_("Loss to avoid"))
    trigger: Annotated[str, text_of(500)] = Field(title=N_("Trigger"))


class Layer(Content):
    """People who know the same, and do not see the same."""

    name: Annotated[str, text_of(80)] = Field(title=N_("Layer"))
    roles: Names = Field(min_length=1, max_length=30, title=N_("People"))
    info_boundary: Annotated[str, text_of(2000)] = Field(title=N_("What they know"))
    blind_spot: Annotated[str, text_of(2000)] = Field(title=N_("Blind spot"))
    motivation: Motivation = Field(title=N_("Motivation"))


class MatrixEntry(Content):
    name: Annotated[str, text_of(120)] = Field(title=N_("Name"))
    identity: Annotated[str, text_of(1000)] = Field(title=N_("Identity"))
    goal: Annotated[str, text_of(1000)] = Field(title=N_("Goal"))
    secret: Annotated[str, text_of(1000)] = Field(title=N_("Secret"))
    vulnerability: Annotated[str, text_of(1000)] = Field(title=N_("Vulnerability"))


class ChainKnowledge(Content):
    """Phase 2: who knows what, and who does not."""

    layers: list[Layer] = Field(min_length=2, max_length=6, title=N_("Layers of knowledge"))
    character_matrix: list[MatrixEntry] = Field(min_length=1, max_length=40, title=N_("Character matrix"))


class Beat(Content):
    """One turn of the chain, in full."""

    name: Annotated[str, text_of(120)] = Field(title=N_("Beat"))
    escalation: int = Field(ge=1, le=10, title=N_("Escalation"))
    interlock: Annotated[str, text_of(800)] = Field(
        title=N_("Interlock"), description=N_("What in it leaves no way but the next beat")
    )
    surface_event: Annotated[str, text_of(2000)] = Field(title=N_("What is seen"))
    info_flow: Annotated[str, text_of(1000)] = Field(
        title=N_("Flow of information"), description=N_("What passes from whom to whom, and what stays hidden")
    )
    learners: Names = Field(
        default_factory=list, max_length=30, title=N_("Who learns"), description=N_("Who knows more afterwards")
    )
    location: Annotated[str, text_of(400)] = Field(title=N_("Location"))
    characters: Names = Field(min_length=1, max_length=30, title=N_("Characters"))
    visual_hook: Annotated[str, text_of(1000)] = Field(title=N_("Visual hook"))
    emotional_tone: Annotated[str, text_of(200)] = Field(title=N_("Emotional tone"))
    estimated_scenes: int = Field(ge=1, le=10, title=N_("Scenes"))


class Act(Content):
    act: int = Field(ge=1, le=4, title=N_("Act"))
    name: Annotated[str, text_of(120)] = Field(title=N_("Name"))
    beats: list[Beat] = Field(min_length=3, max_length=5, title=N_("Beats"))


class ChainBeats(Content):
    """Phase 3: the acts and their beats."""

    act_mode: Annotated[ActMode, BeforeValidator(read_act_mode)] = Field(title=N_("Acts"))
    acts: list[Act] = Field(min_length=3, max_length=4, title=N_("Acts"))


class BegunBeats(Content):
    """Phase 3 while it is written, beside what was there before: the acts that are done."""

    acts: list[Act] = Field(default_factory=list, max_length=4, title=N_("Acts so far"))
    of: int = Field(ge=3, le=4, title=N_("Acts in all"))


class PlotLine(Content):
    line_type: Annotated[LineType, BeforeValidator(_read_line_type)] = Field(title=N_("Line"))
    driver: Annotated[str, text_of(120)] = Field(title=N_("Driver"))
    stated_goal: Annotated[str, text_of(1000)] = Field(title=N_("Stated goal"))
    true_goal: Annotated[str, text_of(1000)] = Field(title=N_("True goal"))
    key_interlocks: Names = Field(
        min_length=1, max_length=20, title=N_("Key interlocks"), description=N_("Names of beats")
    )
    point_of_no_return: Annotated[str, text_of(120)] = Field(
        title=N_("Point of no return"), description=N_("The name of a beat")
    )


Yes = Annotated[bool, BeforeValidator(_read_yes)]


class Audit(Content):
    """What the model answers about its own chain; the computed counts stand beside it."""

    blind_spot_drives_action: Yes = Field(title=N_("A blind spot drives the action"))
    two_information_shifts: Yes = Field(title=N_("Information changes hands twice or more"))
    three_way_tension: Yes = Field(title=N_("Three sides pull against each other"))
    irreversible_ending: Yes = Field(title=N_("The ending cannot be undone, on several lines"))
    no_redundant_role: Yes = Field(title=N_("Nobody is superfluous"))

    @property
    def passes(self) -> bool:
        return all(self.model_dump().values())


class ChainWeave(Content):
    """Phase 4: the plot lines through the beats, and the audit."""

    plot_lines: list[PlotLine] = Field(min_length=2, max_length=6, title=N_("Plot lines"))
    audit: Audit = Field(title=N_("Audit"))
    notes: Annotated[list[Annotated[str, text_of(1000)]], BeforeValidator(split_list)] = Field(
        default_factory=list, max_length=20, title=N_("Notes")
    )


class CausalChain(Grown):
    """What causes what, in four phases, each there once it is built. A phase is built on those before it.

    `begun`: the acts of a phase 3 that has not ended; no phase, and no part of its own. `completed_phase`,
    `validation_status` and `revision_suggestions` follow from the phases, and are not typed.
    """

    outline: ChainOutline | None = Field(None, title=N_("Outline and conflict"))
    knowledge: ChainKnowledge | None = Field(None, title=N_("Who knows what"))
    beats: ChainBeats | None = Field(None, title=N_("Acts and beats"))
    weave: ChainWeave | None = Field(None, title=N_("Plot lines and audit"))
    begun: BegunBeats | None = Field(None, title=N_("Acts so far"))
    LATER: ClassVar[JsonObject] = {"begun": None}

    @model_validator(mode="before")
    @classmethod
    def _drop_derived(cls, given: Any) -> Any:
        derived = ("completed_phase", "validation_status", "revision_suggestions")
        return {k: v for k, v in given.items() if k not in derived} if isinstance(given, dict) else given

    @model_validator(mode="after")
    def _check_order(self) -> CausalChain:
        there = [getattr(self, phase) is not None for phase in PHASES]
        if there != sorted(there, reverse=True) or not there[0]:
            raise ValueError(Text(N_("a phase is there without the one before it")))
        return self

    @computed_field
    def completed_phase(self) -> int:
        return sum(getattr(self, phase) is not None for phase in PHASES)

    @computed_field
    def validation_status(self) -> Status:
        return "incomplete" if self.weave is None else "pass" if self.weave.audit.passes else "needs_revision"

    @computed_field
    def revision_suggestions(self) -> list[str]:
        return [] if self.weave is None or self.weave.audit.passes else list(self.weave.notes)


class EmotionPoint(Content):
    episode_order: int = Field(ge=1, le=100, title=N_("Episode"))
    scene_order: int | None = Field(None, ge=1, le=24, title=N_("Scene"))
    tension: float = Field(ge=0, le=10, title=N_("Tension"))
    valence: float = Field(ge=-5, le=5, title=N_("Valence"), description=N_("−5 despair to 5 joy"))
    label: Annotated[str, text_of(100)] = Field(title=N_("Label"))
    beat_name: Annotated[str, text_of(120)] | None = Field(None, title=N_("Beat"))


#: one for each of 24 scenes of 100 episodes, and one for each episode
MOST_POINTS = 2_500


class EmotionArc(Content):
    """How tense and how light the story is, point by point, in its order."""

    points: list[EmotionPoint] = Field(min_length=1, max_length=MOST_POINTS, title=N_("Points"))

    @model_validator(mode="after")
    def _check_order(self) -> EmotionArc:
        places = [(p.episode_order, p.scene_order or 0) for p in self.points]
        for at, (before, place) in enumerate(pairwise(places), start=1):
            if place <= before:
                message = N_("point {number} does not come after the one before it: episode {episode}, scene {scene}")
                episode, scene = place
                raise ValueError(Text(message, number=at + 1, episode=episode, scene=scene or "–"))
        return self


RelationType = Literal[
    "family",
    "romantic",
    "friendship",
    "rivalry",
    "mentorship",
    "alliance",
    "subordinate",
    "enemy",
    "stranger",
    "custom",
]


class RelationChange(Content):
    episode_order: int = Field(ge=1, le=100, title=N_("Episode"))
    change: Annotated[str, text_of(500)] = Field(title=N_("Change"))
    new_intensity: int = Field(ge=1, le=10, title=N_("Intensity from then on"))


class Relation(Content):
    """How one person stands to another, in the first one's eyes."""

    from_name: Annotated[str, text_of(120)] = Field(
        title=N_("From"), validation_alias=AliasChoices("from_name", "from")
    )
    to_name: Annotated[str, text_of(120)] = Field(title=N_("To"), validation_alias=AliasChoices("to_name", "to"))
    type: RelationType = Field(title=N_("Type"))
    label: Annotated[str, text_of(60)] = Field(title=N_("Label"))
    description: Annotated[str, text_of(2000)] = Field(title=N_("Description"))
    intensity: int = Field(5, ge=1, le=10, title=N_("Intensity"))
    arc: list[RelationChange] = Field(default_factory=list, max_length=30, title=N_("How it changes"))


class Relationship(Relation):
    """The same as it is kept. `pinned`: a person wrote or edited it; a new run leaves it as it is."""

    pinned: bool = Field(False, title=N_("Keep as it is"), description=N_("A new run leaves it alone"))


class CharacterRelationships(Content):
    relationships: list[Relationship] = Field(min_length=1, max_length=200, title=N_("Relationships"))


class Evidence(Content):
    """Where the story asks for somebody. `source`: the name of a beat, a layer or a world element."""

    source: Annotated[str, text_of(120)] = Field(title=N_("Named in"))
    text: Annotated[str, text_of(300)] = Field(title=N_("What it says"))


class Proposal(Content):
    """Somebody whom a model proposes."""

    name: Annotated[str, text_of(80)] = Field(title=N_("Name"))
    aliases: Annotated[list[Annotated[str, text_of(80)]], BeforeValidator(split_list)] = Field(
        default_factory=list, max_length=6, title=N_("Aliases")
    )
    role_type: Annotated[str, text_of(40)] = Field("supporting", title=N_("Role"))
    brief: Annotated[str, text_of(1500)] = Field(title=N_("Who this is"))
    appearance: Annotated[str, text_of(1500, 0)] = Field("", title=N_("Appearance"))
    personality: Annotated[str, text_of(1500, 0)] = Field("", title=N_("Personality"))
    background: Annotated[str, text_of(1500, 0)] = Field("", title=N_("Background"))
    confidence: float = Field(0.75, ge=0, le=1, title=N_("Confidence"))
    evidence: list[Evidence] = Field(min_length=1, max_length=6, title=N_("Evidence"))


Decision = Literal["pending", "accepted", "rejected"]


class Candidate(Proposal):
    """Somebody who might join the cast; in the library only once a person accepts them."""

    status: Decision = Field("pending", title=N_("Status"))


class CandidateCounts(Content):
    """What became of what the model has proposed: `total` proposals, of which those named were left out."""

    total: int = Field(0, ge=0, title=N_("Proposed"))
    existing: int = Field(0, ge=0, title=N_("In the library already"))
    duplicate: int = Field(0, ge=0, title=N_("Proposed twice"))
    low_confidence: int = Field(0, ge=0, title=N_("Too unsure"))
    carried_over: int = Field(0, ge=0, title=N_("From earlier runs"))


class CharacterCandidates(Content):
    candidates: list[Candidate] = Field(default_factory=list, max_length=200, title=N_("Candidates"))
    counts: CandidateCounts = Field(default_factory=CandidateCounts, title=N_("Counts"))


def _phase_parts(content: JsonObject) -> JsonObject:
    return {phase: content[phase] for phase in PHASES if content.get(phase) is not None}


def _arc_parts(content: JsonObject) -> JsonObject:
    """Each episode's slice."""
    orders = dict.fromkeys(p["episode_order"] for p in content["points"])
    return {f"episode:{o}": [p for p in content["points"] if p["episode_order"] == o] for o in orders}


def _find_changes(content: JsonObject) -> list[Stretch]:
    return [
        Stretch(f"{relation['from_name']} → {relation['to_name']}", *[str(change["episode_order"])] * 2)
        for relation in content["relationships"]
        for change in relation["arc"]
    ]


def _put_changes(content: JsonObject, stretches: Sequence[Stretch | None]) -> JsonObject:
    """Changes in the order of the episodes; those of an archived one are left out."""
    rest = iter(stretches)

    def put(relation: JsonObject) -> JsonObject:
        placed = [(change, next(rest)) for change in relation["arc"]]
        arc = [{**change, "episode_order": int(at.first.partition(".")[0])} for change, at in placed if at is not None]
        return {**relation, "arc": sorted(arc, key=lambda change: int(change["episode_order"]))}

    return {**content, "relationships": [put(relation) for relation in content["relationships"]]}


CAUSAL_CHAIN = Kind("causal_chain", N_("Causal chain"), "project", CausalChain, _phase_parts, expected_parts=4)
EMOTION_ARC = Kind("emotion_arc", N_("Emotion arc"), "project", EmotionArc, _arc_parts, numbered_by="episode_plan")
CHARACTER_RELATIONSHIPS = Kind(
    "character_relationships", N_("Character relationships"), "project", CharacterRelationships,
    places=Places(_find_changes, _put_changes),
)  # fmt: skip
CHARACTER_CANDIDATES = Kind("character_candidates", N_("New characters"), "project", CharacterCandidates)

KINDS = (CAUSAL_CHAIN, EMOTION_ARC, CHARACTER_RELATIONSHIPS, CHARACTER_CANDIDATES)
