"""Workflow declarations. A decorator puts each into one registry; forms, guards, plans, docs and the CLI read it.

@workflow("generate_scene_anchor", title=N_("Scene anchor"), scope="scene",
          params=Params, reads=("scene_list",), writes="scene_anchor", guards=(…,), draft=draft)
async def run(ctx: Context, params: Params) -> SceneAnchor: …
"""

from __future__ import annotations

import functools
import importlib
import inspect
import logging
import pkgutil
import re
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from random import Random
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from workbench import i18n
from workbench.errors import InvalidInput, Issue, NotFound, all_of
from workbench.i18n import N_, Text
from workbench.jobs.declared import QUEUES, Queue
from workbench.json_types import JsonObject
from workbench.validation import issues_of

if TYPE_CHECKING:
    from workbench.jobs.context import Context
    from workbench.story.facts import NodeView

log = logging.getLogger(__name__)

Scope = Literal["project", "character", "world", "episode", "scene", "any"]
#: in the order of a story's making
SCOPES: tuple[Scope, ...] = get_args(Scope)


#: of an entry point: ``house.flows:thing`` names the module house.flows
_MODULE = re.compile(r"\w+(\.\w+)*")

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

#: what stands in Reelwright itself
_OWN = "workbench.workflows"

_workflows: dict[str, Workflow] = {}
#: entry point, as ``house_workflows`` → what is wrong with its package: mostly why its workflows are not there
problems: dict[str, str] = {}
#: entry points that were loaded or left out
_seen: set[str] = set()
#: module → why its workflow has made way for Reelwright's own of that name
_displaced: dict[str, str] = {}


def workflow(
    name: str, *, title: str, scope: Scope, params: type[Params] = Params, **more: Any
) -> Callable[[Any], Any]:
    """Register a coroutine function as a workflow. Raises ValueError for a second workflow of the same name, and for a
    declaration that the lists, forms or plans of all would stumble over."""

    def register(run: Any) -> Any:
        doc = (run.__doc__ or "").strip().split("\n")[0]
        declared = Workflow(name=name, title=title, scope=scope, params=params, run=run, **{"summary": doc, **more})
        _check(declared)
        _make_way(declared)
        _workflows[name] = declared
        _in_order.cache_clear()
        return run

    return register


def _check(declared: Workflow) -> None:
    """Raises ValueError, which says what to write instead."""
    w = declared
    rules = {
        "name and title are texts": all(isinstance(text, str) and text.strip() for text in (w.name, w.title)),
        "summary and purpose are texts": all(isinstance(text, str) for text in (w.summary, w.purpose)),
        f"scope is one of {', '.join(SCOPES)}": w.scope in SCOPES,
        f"queue is one of {', '.join(QUEUES)}": w.queue in QUEUES,
        "it conducts others and holds no place of a service itself: its queue is system": (
            not w.conducts or w.queue == "system"
        ),
        "params is a class below registry.Params": isinstance(w.params, type) and issubclass(w.params, BaseModel),
        "run is an async function": inspect.iscoroutinefunction(inspect.unwrap(w.run)),
        'reads is a tuple of names, such as ("brief",)': _lists(w.reads, lambda kind: isinstance(kind, str)),
        "guards is a tuple of functions": _lists(w.guards, callable),
        "writes is the name of a kind, or None": isinstance(w.writes, str | None),
        "draft is a function, or None": w.draft is None or callable(w.draft),
        "typical is a registry.Typical": isinstance(w.typical, Typical),
        "draws is a registry.Drawings, or None": isinstance(w.draws, Drawings | None),
        "deadline_s and max_attempts are numbers above 0": all(
            isinstance(n, int | float) and n > 0 for n in (w.deadline_s, w.max_attempts)
        ),
    }
    broken = [rule for rule, holds in rules.items() if not holds]
    if broken:
        raise ValueError(f"the workflow {w.name!r}: {'; '.join(broken)}")


def _lists(values: Any, fits: Callable[[Any], bool]) -> bool:
    return isinstance(values, tuple | list) and all(map(fits, values))


def _make_way(declared: Workflow) -> None:
    """Raises ValueError where another workflow has this name; Reelwright's own has it whoever came first."""
    other = _workflows.get(declared.name)
    if other is None or other.run.__module__ == declared.run.__module__:
        return
    pair = [other, declared]
    makes_way = _is_in(declared, _OWN) and not _is_in(other, _OWN)
    first, second = (w.run.__module__ for w in (reversed(pair) if makes_way else pair))
    problem = f"two workflows are named {declared.name!r}: {first} and {second}; rename the second"
    if not makes_way:
        raise ValueError(problem)
    # a package that was imported before, for its kind of artifact
    _displaced[second] = problem


def _is_in(declared: Workflow, package: str) -> bool:
    return _is_below(declared.run.__module__, package)


def _is_below(module: str, package: str) -> bool:
    """Whether a module is a package, or stands in it."""
    return f"{module}.".startswith(f"{package}.")


def load() -> dict[str, Workflow]:
    """Import every module below workbench.workflows, and those of other packages, once; returns name → workflow, in the
    order of a story's making."""
    package = importlib.import_module(_OWN)
    for module in pkgutil.walk_packages(package.__path__, f"{_OWN}."):
        importlib.import_module(module.name)
    # of two with one name the same is left out on every machine
    points = sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.value)
    for point in points:
        if point.value not in _seen:
            _seen.add(point.value)
            _load_package(point, {_module_of(other) for other in points})
    ordered = {w.name: w for w in all_workflows()}
    _workflows.clear()
    _workflows.update(ordered)
    return _workflows


def _load_package(point: EntryPoint, packages: Collection[str]) -> None:
    """Import another package's workflows, and find its prompts and its words. What is wrong with one of the `packages`
    stops no other: it is kept in `problems`."""
    before = set(_workflows)
    name = _module_of(point)
    try:
        module = _import_all(name)
        _check_package(name, _list_new(name, before, packages))
        missing = _add_texts(module)
    except (Exception, SystemExit) as error:
        # half of a package is none
        for declared in _list_new(name, before, packages):
            del _workflows[declared.name]
        _in_order.cache_clear()
        problems[point.value] = f"{type(error).__name__}: {error}"
        told = "the workflows of the package %s cannot be loaded: %s; mend or uninstall it, and start again"
        log.warning(told, point.value, problems[point.value])
        return
    if missing:
        problems[point.value] = f"prompts are missing, and jobs in that language will fail: {', '.join(missing)}"
        log.warning("the package %s: %s", point.value, problems[point.value])


def _module_of(point: EntryPoint) -> str:
    """Empty where the entry point is no module's name: `point.module` would raise."""
    named = _MODULE.match(point.value)
    return named[0] if named is not None else ""


def _import_all(package: str) -> ModuleType:
    """Import a module, or a package and every module below it."""
    module = importlib.import_module(package)
    for below in pkgutil.walk_packages(getattr(module, "__path__", ()), f"{package}."):
        # a program is for running
        if not below.name.endswith(".__main__"):
            importlib.import_module(below.name)
    return module


def _list_new(package: str, before: Collection[str], packages: Collection[str]) -> list[Workflow]:
    """What a package has registered: all that stands in it, whoever imported it first, and what it has brought in that
    stands in no other package."""
    others = [other for other in packages if other != package]
    return [
        w
        for w in _workflows.values()
        if _is_in(w, package) or (w.name not in before and not any(_is_in(w, other) for other in others))
    ]


def _check_package(package: str, new: Collection[Workflow]) -> None:
    """Raises where a workflow names what there is not."""
    from workbench.artifacts import kinds  # slow to build, and Reelwright's own need no look

    for module, problem in _displaced.items():
        if _is_below(module, package):
            raise ValueError(problem)
    for declared in new:
        declared.params.model_json_schema()
        if declared.draws is not None:
            find(declared.draws.by)
        node_kind = kinds.find(declared.writes).node_kind if declared.writes is not None else "any"
        if "any" not in (node_kind, declared.scope) and node_kind != declared.scope:
            raise ValueError(
                f"the workflow {declared.name!r} writes {declared.writes}, which is a {node_kind}'s:"
                f" its scope is {node_kind}"
            )


def _add_texts(module: ModuleType) -> list[str]:
    """Find a package's prompts and words, which stand beside its modules. Returns the prompts that another language
    has; raises for one that cannot be used, before any is added."""
    from workbench import prompts  # a command that only looks renders none

    package = module.__name__ if hasattr(module, "__path__") else module.__name__.rpartition(".")[0]
    folder = _find_folder(module)
    if not package or folder is None:
        return []
    name = package.replace(".", "/")
    keys = {(file.name, file.language) for file in prompts.read_folder(name, folder / "prompts")}
    i18n.add_folder(folder / "locale")
    prompts.add_folder(name, folder / "prompts")
    every = {(prompt, language) for prompt, _ in keys for language in i18n.LANGUAGES}
    return sorted(f"{prompt}.{language}" for prompt, language in every - keys)


def _find_folder(module: ModuleType) -> Path | None:
    """Where a module stands on disk; of a package in several places the first with prompts."""
    folders = [Path(place) for place in getattr(module, "__path__", ())]
    if not folders and module.__file__ is not None:
        folders = [Path(module.__file__).parent]
    return next((folder for folder in folders if (folder / "prompts").is_dir()), folders[0] if folders else None)


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
