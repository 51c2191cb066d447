"""Who might join the cast: what makes a proposal usable, and what becomes of it beside earlier ones. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from workbench.artifacts.drama import Candidate, CandidateCounts, CharacterCandidates, Decision, Proposal
from workbench.errors import Issue
from workbench.i18n import N_, Text
from workbench.json_types import Json, JsonObject
from workbench.story.names import NameIndex, fold, identify, names_of

#: a proposal that its own author is less sure of is left out
LEAST_CONFIDENCE = 0.45


def decision_of(name: str, status: Decision, characters: Iterable[Mapping[str, Json]]) -> Decision:
    """What is decided about a candidate whose version says `status`. Who is in the library has been accepted, also
    where a version of before that was restored."""
    known = any(identify(name) == identify(one) for character in characters for one in names_of(character))
    return "accepted" if known else status


def count_pending(candidates: Iterable[Candidate], characters: Sequence[Mapping[str, Json]]) -> int:
    """How many wait for a decision beside this library."""
    return sum(decision_of(c.name, c.status, characters) == "pending" for c in candidates)


def evidence_issues(proposals: Sequence[Proposal], sources: Sequence[str]) -> list[Issue]:
    """Each proposal names a beat, a layer or a world element that exists."""
    known = {fold(source) for source in sources}
    issues = []
    for number, proposal in enumerate(proposals):
        for place, evidence in enumerate(proposal.evidence):
            if fold(evidence.source) not in known:
                message = Text(
                    N_("nothing of this story is named “{name}”; name one of the sources"), name=evidence.source
                )
                issues.append(Issue(f"candidates.{number}.evidence.{place}.source", message))
    return issues


def novelty_issues(
    proposals: Sequence[Proposal], characters: Sequence[JsonObject], earlier: Sequence[Candidate]
) -> list[Issue]:
    """At least one of the proposals is somebody new whom their author believes in."""
    usable, counts = sort_out(proposals, characters, earlier)
    if usable:
        return []
    message = N_(
        "none of the {total} is new and sure enough: {existing} are in the library, {duplicate} were proposed before, "
        "{low} are below {least}"
    )
    return [
        Issue(
            "candidates",
            Text(
                message,
                total=counts.total,
                existing=counts.existing,
                duplicate=counts.duplicate,
                low=counts.low_confidence,
                least=LEAST_CONFIDENCE,
            ),
        )
    ]


def sort_out(
    proposals: Sequence[Proposal], characters: Sequence[JsonObject], earlier: Sequence[Candidate]
) -> tuple[list[Proposal], CandidateCounts]:
    """The proposals that are somebody new, surest first, and what became of the others.

    Somebody is known by any of their names: a proposal whose alias is a name of the library is in the library.
    """
    library = NameIndex(characters)
    taken = {fold(name) for c in earlier for name in (c.name, *c.aliases)}
    counts = CandidateCounts(total=len(proposals), carried_over=count_pending(earlier, characters))
    usable = []
    for proposal in sorted(proposals, key=lambda p: -p.confidence):
        names = (proposal.name, *proposal.aliases)
        if any(library.find(name) is not None for name in names):
            counts.existing += 1
        elif taken & {fold(name) for name in names}:
            counts.duplicate += 1
        elif proposal.confidence < LEAST_CONFIDENCE:
            counts.low_confidence += 1
        else:
            taken |= {fold(name) for name in names}
            usable.append(proposal)
    return usable, counts


def merge(
    earlier: Sequence[Candidate], proposals: Sequence[Proposal], characters: Sequence[JsonObject], most: int
) -> CharacterCandidates:
    """Earlier candidates with what was decided about them, then the new ones; at most `most` are undecided."""
    usable, counts = sort_out(proposals, characters, earlier)
    room = max(0, most - counts.carried_over)
    added = [Candidate.model_validate(p.model_dump()) for p in usable[:room]]
    return CharacterCandidates(candidates=[*earlier, *added], counts=counts)


def names_in(chain: JsonObject) -> list[str]:
    """Everybody whom a causal chain names, once each, in its order."""
    knowledge, beats, weave = (chain.get(part) or {} for part in ("knowledge", "beats", "weave"))
    names: Iterable[str] = (
        *(role for layer in knowledge.get("layers") or [] for role in layer["roles"]),
        *(row["name"] for row in knowledge.get("character_matrix") or []),
        *(n for act in beats.get("acts") or [] for b in act["beats"] for n in (*b["characters"], *b["learners"])),
        *(line["driver"] for line in weave.get("plot_lines") or []),
    )
    return list({fold(name): name for name in reversed(list(names))}.values())[::-1]


def sources_of(chain: JsonObject, world: Sequence[JsonObject]) -> list[str]:
    """What evidence may name: the chain's layers and beats, and the world's elements."""
    knowledge, beats = chain.get("knowledge") or {}, chain.get("beats") or {}
    return [
        *(layer["name"] for layer in knowledge.get("layers") or []),
        *(beat["name"] for act in beats.get("acts") or [] for beat in act["beats"]),
        *(str(element["name"]) for element in world),
    ]
