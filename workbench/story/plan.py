"""What must be made, or made again, below a node: the jobs in their order, each with what it waits for.

Pure: callers bring the nodes and the state of each artifact. The order follows from what workflows declare to read
and write: from the node itself, the nodes above it, and ("previous.KIND", "next.KIND") its neighbours, ("below.KIND")
the nodes below it, and ("used.KIND") wherever what is there was made from such a thing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from graphlib import CycleError, TopologicalSorter
from typing import Any, Literal, Protocol, TypeVar

from workbench.db.rows.story import Node
from workbench.errors import Issue

#: everything that is missing or stale, or only what is stale; both with what hangs on it
Mode = Literal["missing", "stale"]
#: begun: some of its parts are there
State = Literal["missing", "begun", "stale", "fresh"]
#: why a job is in a plan; downstream: fresh now, but made from something that the plan makes anew
Reason = Literal["missing", "stale", "downstream"]


#: kinds of nodes that scenes show, wherever they stand
CAST = ("character", "world")

#: (workflow, node id) of a job, or (artifact kind, node id) of what it makes
Key = tuple[str, int]
#: (node id, artifact kind) → what the version there was made from
MadeFrom = Callable[[int, str], Collection[Key]]


class Maker(Protocol):
    """A workflow that writes an artifact (see workflows.registry.Workflow)."""

    @property
    def name(self) -> str: ...
    @property
    def scope(self) -> str: ...
    @property
    def reads(self) -> tuple[str, ...]: ...
    @property
    def writes(self) -> str | None: ...
    @property
    def batch(self) -> bool: ...
    @property
    def by_hand(self) -> bool: ...


@dataclass(frozen=True)
class Item:
    """One job of a plan. `after`: positions in the plan of the jobs that it waits for. `state`: why it is in the
    plan."""

    workflow: str
    node_id: int
    state: Reason
    after: tuple[int, ...] = ()

    @property
    def key(self) -> Key:
        return (self.workflow, self.node_id)


@dataclass(frozen=True)
class PlannedJob:
    """An item with its node and what it will probably take. None: not known."""

    workflow: str
    title: str
    node: Node
    state: str
    after: tuple[int, ...]
    tokens: int | None
    seconds: float
    cost_micros: int | None
    currency: str | None


@dataclass(frozen=True)
class KeptJob:
    """A job that is left out of a plan: it would replace the version that a person wrote, edited or (`pinned`) keeps as
    the head whatever comes later."""

    job: PlannedJob
    version: int
    pinned: bool

    @property
    def key(self) -> Key:
        return (self.job.workflow, self.job.node.id)


@dataclass(frozen=True)
class Forecast:
    """What jobs will probably take together. `jobs`: how many; `seconds`: from the first start to the last end, with
    the workers there are; `unpriced`: how many of them have no known price, `cost` (currency → micros) is without
    those."""

    jobs: int = 0
    tokens: int | None = 0
    seconds: float = 0.0
    cost: dict[str, int] = field(default_factory=dict)
    unpriced: int = 0

    def __add__(self, then: Forecast) -> Forecast:
        """Of these jobs, and of those that begin when these have ended."""
        return Forecast(
            self.jobs + then.jobs,
            None if self.tokens is None or then.tokens is None else self.tokens + then.tokens,
            self.seconds + then.seconds,
            {c: self.cost.get(c, 0) + then.cost.get(c, 0) for c in [*self.cost, *then.cost]},
            self.unpriced + then.unpriced,
        )


@dataclass(frozen=True)
class Plan:
    """`seconds`: from the first start to the last end, with the workers there are. `follows`: workflow → about how many
    of its jobs follow on nodes that do not exist yet, with their price; `growth`: what they will take together.
    `unpriced`: how many of the jobs have no known price; `cost` (currency → micros) is without those."""

    jobs: list[PlannedJob]
    tokens: int | None
    seconds: float
    cost: dict[str, int] = field(default_factory=dict)
    unpriced: int = 0
    follows: dict[str, Forecast] = field(default_factory=dict)
    #: what keeps it from starting
    unmet: list[Issue] = field(default_factory=list)
    growth: Forecast = Forecast()
    #: what it leaves as it is
    kept: list[KeptJob] = field(default_factory=list)
    #: how much of what a person wrote, edited or pinned is in episodes and scenes that it plans anew
    moved: int = 0

    @property
    def later(self) -> int:
        """About how many jobs follow on nodes that do not exist yet."""
        return sum(own.jobs for own in self.follows.values())

    @property
    def free(self) -> bool:
        """None of its jobs costs anything."""
        return not self.unpriced and not any(self.cost.values())

    def forecast(self, grow: bool = False) -> Forecast:
        """What it will take in all; `grow`: with the jobs on nodes that it makes."""
        own = Forecast(len(self.jobs), self.tokens, self.seconds, self.cost, self.unpriced)
        return own + self.growth if grow else own


M = TypeVar("M", bound=Maker)


def made_from_nothing(node_id: int, kind: str) -> Collection[Key]:
    """Where nothing was made yet."""
    return ()


def makers(workflows: Iterable[M]) -> list[M]:
    """The workflows of a plan: they write an artifact, and are neither batches nor started by hand alone."""
    return [w for w in workflows if w.writes is not None and not w.batch and not w.by_hand]


@dataclass(frozen=True)
class Work:
    """What a plan makes, and what it would make anew but leaves, since a person wrote, edited or pinned it."""

    items: list[Item]
    kept: list[Item]


def find_work(
    nodes: Sequence[Node],
    makers: Sequence[Maker],
    state_of: Callable[[int, str], State],
    mode: Mode = "missing",
    unfit: Collection[Key] = (),
    made_from: MadeFrom = made_from_nothing,
) -> list[Item]:
    """What `divide_work` finds where nothing has to stay as it is."""
    return divide_work(nodes, makers, state_of, mode, (), unfit, made_from).items


def divide_work(
    nodes: Sequence[Node],
    makers: Sequence[Maker],
    state_of: Callable[[int, str], State],
    mode: Mode,
    keep: Collection[Key],
    unfit: Collection[Key] = (),
    made_from: MadeFrom = made_from_nothing,
) -> Work:
    """The items for `nodes` (rows with id, kind, parent_id, position; parents first), each after all it waits for.

    `keep`: (kind, node id) of artifacts that stay as they are; nothing is made anew because of them. `unfit`:
    (workflow, node id) of what is not for its node, and only kept up where it is there all the same.
    """
    tree = _Tree(nodes, makers, made_from)
    wanted: dict[Key, tuple[Maker, Reason]] = {}
    kept: dict[Key, tuple[Maker, Reason]] = {}
    by_scope = [(m, n) for n in nodes for m in makers if m.scope == n.kind and m.writes is not None]
    states = {(m.name, int(n.id)): state_of(int(n.id), str(m.writes)) for m, n in by_scope}
    offered = [(m, n) for m, n in by_scope if (key := (m.name, int(n.id))) not in unfit or states[key] != "missing"]
    writers = {(str(m.writes), int(n.id)): (m.name, int(n.id)) for m, n in offered}
    for maker, node in offered:
        key = (maker.name, int(node.id))
        state = states[key]
        if state == "stale" or (state != "fresh" and mode == "missing"):
            reason: Reason = "stale" if state == "stale" else "missing"
            (kept if (str(maker.writes), int(node.id)) in keep else wanted)[key] = (maker, reason)
    # nothing was made from what was never there, so making it takes nothing with it
    changing = {key for key in wanted if states[key] != "missing"}
    grown = True
    while grown:
        grown = False
        for maker, node in offered:
            key = (maker.name, int(node.id))
            if key in wanted or key in kept or states[key] != "fresh":
                continue
            if any(writers.get(source) in changing for source in tree.sources(maker, node)):
                stays = (str(maker.writes), int(node.id)) in keep
                (kept if stays else wanted)[key] = (maker, "downstream")
                changing |= set() if stays else {key}
                grown = True
    return Work(_sort(wanted, tree, writers), _sort(kept, tree, {}))


def order_jobs(
    nodes: Sequence[Node],
    makers: Sequence[Maker],
    jobs: Sequence[tuple[str, int]],
    made_from: MadeFrom = made_from_nothing,
) -> list[Item]:
    """Named jobs in an order that fits what they read; jobs on nodes that are gone are left out."""
    tree = _Tree(nodes, makers, made_from)
    by_name = {m.name: m for m in makers}
    wanted: dict[tuple[str, int], tuple[Maker, Reason]] = {
        (name, node): (by_name[name], "missing") for name, node in jobs if name in by_name and node in tree.nodes
    }
    writers = {(str(maker.writes), node): (name, node) for (name, node), (maker, _) in wanted.items()}
    return _sort(wanted, tree, writers)


def waves(items: Sequence[Item]) -> list[list[Item]]:
    """Items in rounds: each round waits for earlier ones alone."""
    level: list[int] = []
    rounds: list[list[Item]] = []
    for item in items:
        at = 1 + max((level[i] for i in item.after), default=-1)
        level.append(at)
        if at == len(rounds):
            rounds.append([])
        rounds[at].append(item)
    return rounds


def time_needed(items: Sequence[Item], seconds: Sequence[float], slots: int) -> float:
    """Seconds from the first start to the last end: the longest chain, or all the work over `slots` if that is
    longer."""
    ends: list[float] = []
    for item, own in zip(items, seconds, strict=True):
        ends.append(own + max((ends[i] for i in item.after), default=0.0))
    return max(max(ends, default=0.0), sum(seconds) / max(slots, 1))


class _Tree:
    """Nodes with their neighbours, and with what was made from what there."""

    def __init__(self, nodes: Sequence[Node], makers: Iterable[Maker], made_from: MadeFrom) -> None:
        self._made_from = cache(made_from)
        #: what is made of the cast; whoever reads it reads that of anybody
        self._of_cast = {m.writes for m in makers if m.scope in CAST}
        self._cast = [int(n.id) for n in nodes if n.kind in CAST]
        self.nodes = {int(n.id): n for n in nodes}
        self._families: dict[tuple[Any, str], list[int]] = {}
        for node in sorted(nodes, key=lambda n: (n.position, n.id)):
            self._families.setdefault((node.parent_id, str(node.kind)), []).append(int(node.id))
        self._positions = {i: at for family in self._families.values() for at, i in enumerate(family)}

    def sources(self, maker: Maker, node: Node) -> list[tuple[str, int]]:
        """(kind, node id) of everything that the job may read, as far as it is among the nodes."""
        sources: list[tuple[str, int]] = []
        for read in maker.reads:
            side, dot, kind = read.partition(".")
            if not dot:
                sources += [(read, up) for up in (self._cast if read in self._of_cast else self._line(node))]
                continue
            if side == "used":
                sources += [key for key in self._made_from(int(node.id), str(maker.writes)) if key[0] == kind]
            else:
                sources += [(kind, i) for i in (self._below(node) if side == "below" else self._beside(node, side))]
        return sources

    def _beside(self, node: Node, side: str) -> list[int]:
        family = self._families[(node.parent_id, str(node.kind))]
        at = self._positions[int(node.id)]
        # the one before may be fresh while the one before that is made anew, and the look goes further back
        return family[:at][::-1] if side == "previous" else family[at + 1 : at + 2]

    def _below(self, node: Node) -> list[int]:
        """Everything that stands under the node."""
        return [i for i, other in self.nodes.items() if i != int(node.id) and int(node.id) in self._line(other)]

    def _line(self, node: Node) -> list[int]:
        """The node and those above it."""
        line: list[int] = []
        at: Node | None = node
        while at is not None:
            line.append(int(at.id))
            at = self.nodes.get(at.parent_id) if at.parent_id is not None else None
        return line


def _sort(
    wanted: Mapping[tuple[str, int], tuple[Maker, Reason]],
    tree: _Tree,
    writers: Mapping[tuple[str, int], tuple[str, int]],
) -> list[Item]:
    """Every job after those it waits for, else in the order given. Raises ValueError when jobs wait for each other."""
    order = {key: number for number, key in enumerate(wanted)}
    waits: dict[tuple[str, int], set[tuple[str, int]]] = {}
    for key, (maker, _) in wanted.items():
        before = (writers.get(source) for source in tree.sources(maker, tree.nodes[key[1]]))
        waits[key] = {b for b in before if b is not None and b in wanted and b != key}
    sorter = TopologicalSorter(waits)
    try:
        sorter.prepare()
    except CycleError as circle:
        raise ValueError(f"these jobs wait for each other: {circle.args[1][:4]}") from circle
    position: dict[tuple[str, int], int] = {}
    items: list[Item] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=order.__getitem__)
        for key in ready:
            position[key] = len(items)
            items.append(Item(*key, wanted[key][1], tuple(sorted(position[b] for b in waits[key]))))
        sorter.done(*ready)
    return items
