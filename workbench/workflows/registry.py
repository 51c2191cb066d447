"""Workflow declarations. A decorator puts each into one registry; forms, guards, plans, docs and the CLI read it.

@workflow("generate_scene_anchor", title=N_("Scene anchor"), scope="scene",
          params=Params, reads=("scene_list",), writes="scene_anchor", guards=(…,), draft=draft)
async def run(ctx: Context, params: Params) -> SceneAnchor: …
"""

from __future__ import annotations

import functools
import importlib
import logging
import pkgutil
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from workbench import i18n
from workbench.errors import InvalidInput, Issue, NotFound, all_of
from workbench.i18n import N_, Text
from workbench.jobs.declared import Queue
from workbench.json_types import JsonObject
from workbench.validation import issues_of

if TYPE_CHECKING:
    from workbench.jobs.context import Context
    from workbench.story.facts import NodeView

log = logging.getLogger(__name__)

Scope = Literal["project", "character", "world", "episode", "scene", "any"]
#: in the order of a story's making
SCOPES: tuple[Scope, ...] = get_args(Scope)


#: what workflows are for, in the order of a story's making: the folder that they stand in → title
PURPOSES: dict[str, str] = {
    "planning": N_("Story and people"),
    "episode": N_("Episodes"),
    "scene": N_("Scenes and shots"),
    "dialogue": N_("Dialogue, sound and length"),
    "storyboard": N_("Storyboard of 81 panels"),
    "image": N_("Pictures"),
    "video": N_("Clips"),
    "handoff": N_("For a crew"),
    "agents": N_("Playground and many at once"),
}
#: of those that stand nowhere of these, such as in another package
OTHER_PURPOSE = N_("Others")


class Params(BaseModel):
    """Base of every workflow's params: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


#: of a workflow whose output names episodes or scenes
REVIEW: Any = Field(
    True,
    title=N_("Look at it first"),
    description=N_("If it would archive what is already made, it waits beside today's version until you take it over"),
)

#: looks at the node (read only) and returns every unmet precondition
Guard = Callable[["NodeView", Any], list[Issue]]
#: writes an answer offline from (facts, params, rng); facts are what the prompt got, `facts["step"]` names the step
Draft = Callable[[JsonObject, Any, Random], BaseModel | str]


@dataclass(frozen=True)
class Typical:
    """What one run usually takes, for the price of a plan before anything was measured. Tokens are for all calls
    together."""

    calls: int = 1
    input_tokens: int = 1_500
    output_tokens: int = 1_000
    images: int = 0
    videos: int = 0
    seconds: float = 15.0

    def share_left(self, done: int) -> float:
        """What is left of a run's cost when so many of its calls are done and it has not ended."""
        all_calls = max(1, self.calls + self.images + self.videos)
        return max(1, all_calls - done) / all_calls


@dataclass(frozen=True)
class Drawings:
    """Pictures that a run has another workflow draw. `typical`: how many; `missing`: how many on a node."""

    by: str
    typical: int
    missing: Callable[[NodeView, Any], int]


@dataclass(frozen=True)
class Workflow:
    name: str
    title: str
    scope: Scope
    params: type[Params]
    run: Callable[[Context, Any], Awaitable[BaseModel | JsonObject | None]]
    #: artifact kinds read from the node and those above it; "previous.KIND" and "next.KIND" from its neighbours,
    #: "below.KIND" from the nodes below it; "used.KIND" where what is there was made from one
    reads: tuple[str, ...] = ()
    #: artifact kind saved on the node; None: the job's result alone
    writes: str | None = None
    guards: tuple[Guard, ...] = ()
    draft: Draft | None = None
    queue: Queue = "text"
    deadline_s: int = 900
    max_attempts: int = 2
    #: title shown under the name: what it does, one sentence
    summary: str = ""
    #: of PURPOSES, or a title of its own; empty: what the folder says that it stands in
    purpose: str = ""
    #: a parent that only starts children and holds no slot
    batch: bool = False
    #: a batch that makes many kinds of things in an order of its own: its plan is shown before it starts, and kept
    conducts: bool = False
    #: no step from brief to frames needs it: `wb.plans` takes it in where `include` names it
    by_hand: bool = False
    #: (connection, project id) → of a story's nodes of its scope, those that it is for: a plan leaves out the others.
    #: None: all
    only_on: Callable[[Any, int], Collection[int]] | None = None
    #: what it makes stands beside what is there (candidates, clips); a run may make only some of it
    adds: bool = False
    typical: Typical = Typical()
    #: how much of what is typical these params ask for: three frames of nine are a third
    share: Callable[[Any], float] | None = None
    #: how much of what is typical it takes to make so many parts of its artifact anew with these params
    share_of_parts: Callable[[int, Any], float] | None = None
    #: whether these params ask for nothing but the parts that are stale or missing, where there are any
    is_update: Callable[[Any], bool] | None = None
    #: what is drawn for it by its children
    draws: Drawings | None = None
    #: of a batch: (workflow, node id) of the jobs that it starts with these params; unless params.force is set, it
    #: leaves out what is fresh
    starts: Callable[[NodeView, Any], list[tuple[str, int]]] | None = None
    #: of a batch whose jobs each make a piece of the same artifact: how many of how many pieces they make
    pieces: Callable[[NodeView, Any], tuple[int, int]] | None = None
    #: of a batch: workflow → about how many of its jobs it starts on nodes that the jobs in `starts` will make
    grows: Callable[[NodeView, Any], dict[str, int]] | None = None
    #: only another job starts it
    child_only: bool = False

    @property
    def purpose_title(self) -> str:
        """What it is for, in the words of a catalogue."""
        folder = self.purpose or self.run.__module__.removeprefix("workbench.workflows.").partition(".")[0]
        return PURPOSES.get(folder, self.purpose or OTHER_PURPOSE)

    @property
    def has_review(self) -> bool:
        """What it makes may archive episodes or scenes, and can wait to be looked at."""
        return "review" in self.params.model_fields and not self.batch

    @property
    def asks(self) -> frozenset[str]:
        """What it, or a job that it starts, asks of models: text, image, video."""
        drawn = self.typical.images + (self.draws.typical if self.draws is not None else 0)
        counts = {"text": self.typical.calls, "image": drawn, "video": self.typical.videos}
        return frozenset(c for c, n in counts.items() if n or self.batch)


#: installed packages add workflows under this entry point group: name = "package"
ENTRY_POINTS = "reelwright.workflows"

_workflows: dict[str, Workflow] = {}
#: entry point → why its workflows are not there
problems: dict[str, str] = {}


def workflow(
    name: str, *, title: str, scope: Scope, params: type[Params] = Params, **more: Any
) -> Callable[[Any], Any]:
    """Register a coroutine function as a workflow. A second workflow of the same name is an error."""

    def register(run: Any) -> Any:
        if name in _workflows and _workflows[name].run.__module__ != run.__module__:
            raise ValueError(
                f"two workflows are named {name!r}: {_workflows[name].run.__module__} and {run.__module__}"
            )
        if more.get("conducts") and more.get("queue") != "system":
            raise ValueError(f"{name!r} conducts others and holds no place of a service itself: its queue is system")
        doc = (run.__doc__ or "").strip().split("\n")[0]
        _workflows[name] = Workflow(
            name=name, title=title, scope=scope, params=params, run=run, **{"summary": doc, **more}
        )
        _in_order.cache_clear()
        return run

    return register


def load() -> dict[str, Workflow]:
    """Import every module below workbench.workflows, and those of other packages, once; returns name → workflow, in the
    order of a story's making."""
    package = importlib.import_module("workbench.workflows")
    for module in pkgutil.walk_packages(package.__path__, "workbench.workflows."):
        importlib.import_module(module.name)
    for point in entry_points(group=ENTRY_POINTS):
        _load_package(point)
    ordered = {w.name: w for w in all_workflows()}
    _workflows.clear()
    _workflows.update(ordered)
    return _workflows


def _load_package(point: EntryPoint) -> None:
    """Import another package's workflows, and find its prompts and its words. What is wrong with one package stops no
    other: it is kept in `problems`."""
    before = dict(_workflows)
    try:
        module = importlib.import_module(point.module)
        for below in pkgutil.walk_packages(getattr(module, "__path__", ()), f"{point.module}."):
            importlib.import_module(below.name)
    except Exception as error:
        # half of a package is none
        _workflows.clear()
        _workflows.update(before)
        _in_order.cache_clear()
        problems[point.name] = f"{type(error).__name__}: {error}"
        log.warning("the workflows of the package %s cannot be loaded: %s", point.name, problems[point.name])
        return
    folder = Path(str(module.__file__)).parent
    from workbench import prompts  # a command that only looks renders none

    prompts.add_folder(point.module.partition(".")[0], folder / "prompts")
    i18n.add_folder(folder / "locale")


def all_workflows() -> list[Workflow]:
    """Every workflow registered so far, in the order of a story's making: each after those it reads from."""
    return [_workflows[name] for name in _in_order()]


@functools.cache
def _in_order() -> tuple[str, ...]:
    """Names; a plan asks for them again and again."""
    writers = {w.writes: w for w in _workflows.values() if w.writes}

    def depth(declared: Workflow, seen: tuple[str, ...] = ()) -> int:
        # what is read at times alone, or of a neighbour, puts nothing behind it in lists
        read = [kind for r in declared.reads if (kind := r.removeprefix("below.")) in writers]
        before = [writers[kind] for kind in read if writers[kind].name not in (*seen, declared.name)]
        return 1 + max((depth(w, (*seen, declared.name)) for w in before), default=0)

    ordered = sorted(_workflows.values(), key=lambda w: (SCOPES.index(w.scope), w.batch, depth(w), w.name))
    return tuple(w.name for w in ordered)


def find(name: str) -> Workflow:
    try:
        return _workflows[name]
    except KeyError:
        raise NotFound(
            Text("There is no workflow named {name}. Known: {known}.", name=name, known=", ".join(sorted(_workflows)))
        ) from None


def parse_params(declared: Workflow, raw: JsonObject) -> Params:
    """Validate params; raises InvalidInput with one issue per field."""
    from pydantic import ValidationError

    try:
        return declared.params.model_validate(raw)
    except ValidationError as error:
        issues = issues_of(error)
        raise InvalidInput(Text("{kind}: {issues}", kind=declared.name, issues=all_of(issues)), issues) from None


def by_purpose(workflows: Iterable[Workflow]) -> dict[str, list[Workflow]]:
    """Purpose title → its workflows, both in the order of a story's making; those of other packages come last."""
    grouped: dict[str, list[Workflow]] = {title: [] for title in PURPOSES.values()}
    for declared in workflows:
        grouped.setdefault(declared.purpose_title, []).append(declared)
    return {title: group for title, group in grouped.items() if group}


class Registry:
    """The workflows as the engine and the client see them; every workflow is loaded on first use."""

    def all(self) -> dict[str, Workflow]:
        return _loaded()

    def find(self, name: str) -> Workflow:
        """Raises NotFound."""
        _loaded()
        return find(name)

    def parse(self, declared: Any, raw: JsonObject) -> Params:
        """Raises InvalidInput naming each field."""
        return parse_params(declared, raw)


@functools.cache
def _loaded() -> dict[str, Workflow]:
    return load()
