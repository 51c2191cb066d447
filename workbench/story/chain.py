"""What must hold in a causal chain beyond its shape, and what can be counted in it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workbench.artifacts.drama import Audit, Beat, CausalChain, ChainBeats, ChainKnowledge, ChainOutline, ChainWeave
from workbench.errors import Issue
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.story import text_checks
from workbench.story.names import NameIndex, fold, own_names, unknown_names

ACTS = {"three_act": 3, "four_act": 4}


@dataclass(frozen=True)
class Counts:
    """What a chain's own fields say, beside what its audit claims."""

    beats: int
    #: beats after which somebody knows more
    information_shifts: int
    factions: int
    #: sides that plot lines are driven by
    drivers: int
    #: names of the matrix that no beat and no plot line has
    idle: tuple[str, ...]


def count(chain: CausalChain) -> Counts:
    """Of a chain in any phase; what is not built yet counts nothing."""
    beats = list_beats(chain.beats)
    lines = chain.weave.plot_lines if chain.weave else []
    busy = {fold(n) for b in beats for n in (*b.characters, *b.learners)} | {fold(line.driver) for line in lines}
    matrix = chain.knowledge.character_matrix if chain.knowledge and beats else []
    return Counts(
        beats=len(beats),
        information_shifts=sum(bool(b.learners) for b in beats),
        factions=len({fold(s.faction) for s in chain.outline.stakes_by_faction}) if chain.outline else 0,
        drivers=len({fold(line.driver) for line in lines}),
        idle=tuple(e.name for e in matrix if fold(e.name) not in busy),
    )


def list_beats(beats: ChainBeats | None) -> list[Beat]:
    """Every beat, in order."""
    return [beat for act in (beats.acts if beats else ()) for beat in act.beats]


def people_of(characters: Iterable[JsonObject], knowledge: ChainKnowledge | None) -> list[JsonObject]:
    """Everybody a chain may name: the library, then those whom its matrix adds."""
    library: list[JsonObject] = [{"name": c["name"], "aliases": list(c.get("aliases") or [])} for c in characters]
    added = unknown_names((e.name for e in knowledge.character_matrix) if knowledge else (), library)
    return library + [{"name": name, "aliases": []} for name in added]


def outline_issues(outline: ChainOutline) -> list[Issue]:
    """No faction has two stakes, and each step of the derivation is another."""
    factions = ((f"stakes_by_faction.{n}.faction", s.faction) for n, s in enumerate(outline.stakes_by_faction))
    steps = text_checks.number("necessity_derivation", outline.necessity_derivation)
    return _repeated(factions) + text_checks.repeat_issues(steps)


def knowledge_issues(knowledge: ChainKnowledge, characters: Sequence[JsonObject], leads: Iterable[str]) -> list[Issue]:
    """Everybody in a layer has a row of the matrix, nobody has two, and no lead is missing."""
    library = NameIndex(characters)
    # an alias is its character
    own = [library.find(e.name) or e.name for e in knowledge.character_matrix]
    issues = _repeated(text_checks.number("character_matrix", own), ".name")
    issues += _repeated((f"layers.{n}.name", layer.name) for n, layer in enumerate(knowledge.layers))
    rows = own_names((e.name for e in knowledge.character_matrix), characters)
    matrix = [
        {"name": name, "aliases": next((c.get("aliases") or [] for c in characters if c["name"] == name), [])}
        for name in rows
    ]
    for number, layer in enumerate(knowledge.layers):
        unknown = unknown_names(layer.roles, matrix)
        if unknown:
            message = Text(N_("not in the character matrix: {names}"), names=", ".join(unknown))
            issues.append(Issue(f"layers.{number}.roles", message))
    missing = unknown_names(leads, matrix)
    if missing:
        message = Text(N_("the lead is missing: {names}"), names=", ".join(missing))
        issues.append(Issue("character_matrix", message))
    return issues


def directory_issues(act_mode: str, acts: Sequence[tuple[int, Sequence[tuple[str, int]]]]) -> list[Issue]:
    """As many acts as the mode says, in order; no beat's name twice; the peak not in act 1.

    `acts`: (act, [(beat's name, escalation)]).
    """
    issues = []
    wanted = list(range(1, ACTS[act_mode] + 1))
    numbers = [number for number, _ in acts]
    if numbers != wanted:
        message = Text(N_("the acts must be {want}, are {have}"), want=_join(wanted), have=_join(numbers))
        issues.append(Issue("acts", message))
    issues += _repeated(
        (f"acts.{a}.beats.{b}.name", name) for a, (_, beats) in enumerate(acts) for b, (name, _) in enumerate(beats)
    )
    peaks = [max((escalation for _, escalation in beats), default=0) for _, beats in acts]
    if len(peaks) > 1 and peaks[0] >= max(peaks[1:]):
        message = Text(
            N_("the peak of the escalation ({peak}) is in act 1; a later act must go beyond it"), peak=peaks[0]
        )
        issues.append(Issue("acts.0", message))
    return issues


def beats_issues(beats: ChainBeats, people: Sequence[JsonObject]) -> list[Issue]:
    """The directory's rules, and everybody in a beat exists."""
    acts = [(a.act, [(b.name, b.escalation) for b in a.beats]) for a in beats.acts]
    issues = directory_issues(beats.act_mode, acts)
    for a, act in enumerate(beats.acts):
        for b, beat in enumerate(act.beats):
            issues += beat_issues(beat, people, f"acts.{a}.beats.{b}.")
    return issues


def beat_issues(beat: Beat, people: Sequence[JsonObject], path: str = "") -> list[Issue]:
    """Who is in a beat, and who learns something in it, exists."""
    issues = []
    for field, names in (("characters", beat.characters), ("learners", beat.learners)):
        unknown = unknown_names(names, people)
        if unknown:
            message = Text(N_("neither in the library nor in the character matrix: {names}"), names=", ".join(unknown))
            issues.append(Issue(f"{path}{field}", message))
    return issues


def weave_issues(weave: ChainWeave, beats: Sequence[str], people: Sequence[JsonObject]) -> list[Issue]:
    """One main line; drivers exist; interlocks and points of no return are beats; a failed audit says what to do."""
    issues = []
    mains = sum(line.line_type == "main" for line in weave.plot_lines)
    if mains != 1:
        issues.append(Issue("plot_lines", Text(N_("there must be exactly one main line, there are {n}"), n=mains)))
    known = {fold(name) for name in beats}
    for number, line in enumerate(weave.plot_lines):
        unknown = unknown_names([line.driver], people)
        if unknown:
            message = Text(N_("neither in the library nor in the character matrix: {names}"), names=unknown[0])
            issues.append(Issue(f"plot_lines.{number}.driver", message))
        strange = [name for name in line.key_interlocks if fold(name) not in known]
        if strange:
            issues.append(Issue(f"plot_lines.{number}.key_interlocks", _no_beat(strange)))
        if fold(line.point_of_no_return) not in known:
            issues.append(Issue(f"plot_lines.{number}.point_of_no_return", _no_beat([line.point_of_no_return])))
    if not weave.audit.passes and not weave.notes:
        failed = [name for name in Audit.model_fields if not getattr(weave.audit, name)]
        message = Text(N_("the audit fails on {names}, and no note says what to revise"), names=", ".join(failed))
        issues.append(Issue("notes", message))
    return issues


def spell(names: Iterable[str], beats: Sequence[str]) -> list[str]:
    """Names of beats as the beats themselves have them, each once."""
    own = {fold(beat): beat for beat in beats}
    return list(dict.fromkeys(own.get(fold(name), name) for name in names))


def _no_beat(names: Sequence[str]) -> Text:
    return Text(N_("no beat has this name: {names}"), names=", ".join(names))


def _repeated(named: Iterable[tuple[str, str]], field: str = "") -> list[Issue]:
    """(path, name) of every name that stands there a second time; `field`: what a path goes on with."""
    seen: Counter[str] = Counter()
    issues = []
    for path, name in named:
        seen[fold(name)] += 1
        if seen[fold(name)] > 1:
            issues.append(Issue(f"{path}{field}", Text(N_("the name “{name}” is there twice"), name=name)))
    return issues


def _join(numbers: Iterable[int]) -> str:
    return ", ".join(str(n) for n in numbers)
