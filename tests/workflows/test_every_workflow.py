"""Every declared workflow on each sample brief, and what each does with answers that no draft would give.

A new workflow is tried here by being declared; `ASKED` has params for those that cannot go without.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.engine.conftest import Engine
from tests.providers.conftest import KEY
from tests.scripted_provider import ScriptedProvider
from tests.scripted_provider.answers import messages_of
from tests.workflows import rules
from tests.workflows.conftest import SAMPLES, nodes, run
from workbench import samples
from workbench.artifacts import kinds
from workbench.db.rows.jobs import Job, JobDetail
from workbench.db.rows.story import ArtifactVersion, TreeNode
from workbench.providers.base import MODES, OnDelta, Profile, TextReply, TextRequest
from workbench.providers.openai_compatible import OpenAICompatible
from workbench.settings import Settings
from workbench.story.frame_shots import PANELS
from workbench.story.plan import CAST
from workbench.workflows import registry
from workbench.workflows.registry import Workflow

MESSAGES = [{"role": "user", "content": "Say a word."}]
#: params by workflow, one dict a run, in their order
ASKED: dict[str, list[dict[str, Any]]] = {
    "llm_chat": [{"messages": MESSAGES}],
    "llm_structured_test": [{"messages": MESSAGES, "format": "json_object"}],
    # the last shows a panel, and is ranked
    "generate_keyframe_images": [{}, {"keys": ["KF0"], "source": "KF0"}],
    "rank_keyframe_candidates": [{"keys": ["KF0"], "candidates": 2}],
    "generate_episode_scene_list": [{"scene_count_hint": 6}],
}
#: params of another run, where what is made already is not made again without
AGAIN: dict[str, list[dict[str, Any]]] = {
    "build_narrative_causal_chain": [{"phase": phase, "force": True} for phase in (1, 2, 3, 4)],
    "generate_storyboard_group": [{"group_id": "KF8"}],
    "translate_storyboard_panels": [{"group_id": "KF0", "rewrite": True}],
}
#: started by another, or about a whole plan: tried in tests of their own
ELSEWHERE = {"act_on_jobs", "run_plan", "try_prompt"}
STRANGER = "Zebulon Quux"
#: of the cast, and not in the scene that is spoilt
ABSENT = "Madame Sofronie"
#: changes an answer in place, by its schema; the path of what was changed, None where there is nothing of the kind
Fault = Callable[[Any, dict[str, Any]], str | None]


def declared() -> list[Workflow]:
    """The product's own workflows, each after those that it reads from: what may show a panel of the long storyboard,
    and what shows that, is behind it."""
    own = [
        w
        for w in registry.load().values()
        if w.run.__module__.startswith("workbench.") and not w.child_only and w.name not in ELSEWHERE
    ]
    shown = {f"used.{kind}" for kind in PANELS} | {"keyframe_images"}
    late = [w for w in own if w.scope == "scene" and not w.batch and shown & {*w.reads}]
    others = [w for w in own if w not in late]
    last_part = max(place for place, w in enumerate(others) if w.scope == "scene" and not w.batch and not w.conducts)
    return [*others[: last_part + 1], *late, *others[last_part + 1 :]]


def asking() -> list[Any]:
    """Those that ask a model for something with a schema, each with params of its own."""
    return [
        pytest.param((w, params), id=f"{w.name}-{number}" if number else w.name)
        for w in declared()
        if "text" in w.asks and not w.batch and w.writes
        for number, params in enumerate(AGAIN.get(w.name) or ASKED.get(w.name, [{}])[:1])
    ]


def settings_of(home: Path) -> Settings:
    return Settings.load(home=home, database_url=f"sqlite:///{home / 'story.db'}", retry_base_ms=10, sweep_seconds=0.2)


class Story:
    """A project with the node that each scope is tried on; `text`: one that has a source text and no summary."""

    def __init__(self, engine: Engine, project: int, text: int) -> None:
        self.engine, self.project, self.text = engine, project, text

    @classmethod
    def create(cls, engine: Engine, sample: str) -> Story:
        brief = samples.load(sample)
        text = {name: brief[name] for name in ("title", "language", "style")} | {"source": brief["summary"]}
        return cls(engine, engine.wb.create_project({**brief, "episodes": 2}), engine.wb.create_project(text))

    def node_of(self, declared: Workflow) -> int | None:
        if "source" in declared.reads:
            return self.text
        if declared.scope == "any":
            # one that looks at a node before it starts needs one
            return self.project if declared.guards else None
        return self.project if declared.scope == "project" else nodes(self.engine, self.project, declared.scope)[0].id


def make_all(engine: Engine, story: Story, workflows: Iterable[Workflow]) -> list[tuple[str, Job]]:
    """Each workflow once, in order, on a story of two episodes."""
    ended = []
    for workflow in sorted(workflows, key=lambda w: w.batch):
        node = story.node_of(workflow)
        if workflow.name == "back_translate_storyboard_panels":
            assert node is not None
            edit_a_panel(engine, node)
        for params in ASKED.get(workflow.name, [{}]):
            job = engine.wb.submit(workflow.name, node, params)
            # a conductor's whole family
            ended.append((workflow.name, engine.finish(job.id, timeout=600)))
    return ended


class Made(NamedTuple):
    """A home in which every workflow has run, on which projects, and what did not go as it should."""

    home: Path
    project: int
    text: int
    faults: list[str]


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> dict[str, Made]:
    """By sample."""
    made = {}
    for sample in SAMPLES:
        home = tmp_path_factory.mktemp(sample)
        shutil.copyfile(sqlite_template, home / "story.db")
        engine = Engine(settings_of(home))
        try:
            story = Story.create(engine, sample)
            faults = [f for name, job in make_all(engine, story, declared()) for f in faults_of(engine, name, job)]
            faults += rules.find_broken(engine.wb, story.project)
            made[sample] = Made(home, story.project, story.text, faults)
        finally:
            engine.close()
    return made


def faults_of(engine: Engine, name: str, job: Job) -> list[str]:
    """What a run that nobody disturbed should not have."""
    found = [] if job.state == "succeeded" else [f"{name}: {job.state}: {job.error}"]
    detail = engine.wb.jobs.get_detail(job.id)
    workflow = registry.load()[name]
    if "text" in workflow.asks and workflow.writes and not workflow.batch and not detail.model_calls:
        found.append(f"{name}: nothing was asked for")
    repaired = [c for c in detail.model_calls if c.purpose == "repair"]
    found += [f"{name}: a draft of its own was refused: {repaired[0].prompt}"] if repaired else []
    if workflow.writes and job.node_id is not None:
        kinds.find(workflow.writes).model.model_validate(engine.wb.artifact(job.node_id, workflow.writes).content)
    return found


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_workflow_runs_on_every_sample(homes: dict[str, Made], sample: str) -> None:
    assert homes[sample].faults == []


@pytest.mark.parametrize("sample", SAMPLES)
def test_whatever_something_was_made_from_is_among_what_its_workflow_reads(homes: dict[str, Made], sample: str) -> None:
    """Plans take their order from what is declared, and what they make anew."""
    engine = Engine(settings_of(homes[sample].home))
    try:
        nodes = engine.wb.projects.tree(homes[sample].project).nodes
        undeclared = {fault for node in nodes for fault in _list_undeclared(engine, node, nodes)}
    finally:
        engine.close()
    assert undeclared == set()


def _list_undeclared(engine: Engine, node: TreeNode, nodes: Sequence[TreeNode]) -> Iterator[str]:
    """What was used of some artifact of a node that the workflow which writes it does not say it reads."""
    by_id = {n.id: n for n in nodes}
    writers = {w.writes: w for w in registry.load().values() if w.writes}
    for kind in (a.kind for a in node.artifacts if a.kind in writers):
        head = engine.wb.artifact(node.id, kind)
        assert head is not None
        reads = set(writers[kind].reads)
        for used in head.inputs:
            ways = _list_ways(node, by_id[used["node_id"]], by_id, used["kind"])
            if not reads & ways and (used["node_id"], used["kind"]) != (node.id, kind):
                yield f"{writers[kind].name}: {ways}"


def _list_ways(node: TreeNode, other: TreeNode, by_id: dict[int, TreeNode], kind: str) -> set[str]:
    """How a workflow on a node may declare that it reads a kind from another node."""
    here = other.id in _line_of(node, by_id) or other.kind in CAST
    if here:
        return {kind, f"used.{kind}"}
    if node.id in _line_of(other, by_id):
        return {f"below.{kind}"}
    before = (other.parent_id, other.kind) == (node.parent_id, node.kind) and other.position < node.position
    return {f"previous.{kind}" if before else f"next.{kind}"}


def _line_of(node: TreeNode, by_id: dict[int, TreeNode]) -> list[int]:
    above = [] if node.parent_id is None else _line_of(by_id[node.parent_id], by_id)
    return [node.id, *above]


# -- answers that no draft would give ----------------------------------------------------------------------------------


class Dictated(OpenAICompatible):
    """A real client of the scripted server, which answers with the draft changed by `change`."""

    modes = MODES

    def __init__(self, server: ScriptedProvider) -> None:
        super().__init__(Profile(1, "mine", "openai", base_url=server.url, text_model="scripted-1", key=KEY))
        self.modes = MODES
        self.drafts: dict[str, str] = {}
        self.asked: list[TextRequest] = []
        self.change: Callable[[str, int, TextRequest], str] = lambda draft, nth, request: draft
        server.answer_with(lambda request: self.drafts[_words_of(messages_of(request)[-1]["content"])])

    async def text(self, request: TextRequest, on_delta: OnDelta) -> TextReply:
        assert request.draft is not None
        self.asked.append(request)
        changed = self.change(request.draft(), len(self.asked), request)
        self.drafts[request.messages[-1].content] = changed
        return await super().text(request, on_delta)

    async def aclose(self) -> None:
        """Kept open: every run of the test shares it."""


def draw_another(engine: Engine, scene: int) -> None:
    """What has been looked at is not looked at again."""
    job = run(engine, "generate_keyframe_images", scene, {"keys": ["KF0"], "new_candidate": True})
    assert job.state == "succeeded", job.error


def edit_a_panel(engine: Engine, scene: int) -> None:
    """Nothing is put into English that nobody has edited."""
    kind = "storyboard_translation"
    now = engine.wb.artifact(scene, kind)
    content = json.loads(json.dumps(now.content))
    content["groups"][0]["panels"][0]["zh"] += f"（{now.version}）"
    engine.wb.artifacts.save(scene, kind, content, now.version, "local")


BEFORE = {"rank_keyframe_candidates": draw_another, "back_translate_storyboard_panels": edit_a_panel}


class Bench:
    """A finished story and a workflow that is run on it again and again."""

    def __init__(self, made: Made, server: ScriptedProvider, workflow: Workflow, params: dict[str, Any]) -> None:
        self.server, self.workflow, self.provider = server, workflow, Dictated(server)
        self.engine = Engine(settings_of(made.home), make_provider=lambda profile: self.provider)
        self.node = Story(self.engine, made.project, made.text).node_of(workflow)
        self.params = params

    def run(self, change: Callable[[str, int, TextRequest], str], **script: Any) -> tuple[Job, JobDetail]:
        if prepare := BEFORE.get(self.workflow.name):
            self.provider.change = lambda draft, nth, request: draft
            self.server.script()
            assert self.node is not None
            prepare(self.engine, self.node)
        self.provider.change, self.provider.asked = change, []
        self.server.script(**script)
        job = run(self.engine, self.workflow.name, self.node, self.params)
        return job, self.engine.wb.jobs.get_detail(job.id)

    def head(self) -> ArtifactVersion:
        assert self.node is not None
        assert self.workflow.writes is not None
        found = self.engine.wb.artifact(self.node, self.workflow.writes)
        assert found is not None
        return found

    def version(self) -> int:
        return self.head().version


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedProvider]:
    with ScriptedProvider() as running:
        yield running


@pytest.fixture
def bench(
    request: pytest.FixtureRequest,
    homes: dict[str, Made],
    server: ScriptedProvider,
    tmp_path: Path,
) -> Iterator[Bench]:
    home = tmp_path / "home"
    source = homes["gift-of-the-magi.en"]
    shutil.copytree(source.home, home)
    made = Bench(source._replace(home=home), server, *request.param)
    yield made
    made.engine.close()


def _words_of(content: Any) -> str:
    """A message without its pictures."""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


class Spoiling:
    """Changes answers with `change`, each step's first; what is asked for next, to mend it, comes as it should be.

    `mended`: where each was changed, and what was asked for next.
    """

    def __init__(self, change: Fault) -> None:
        self.change = change
        self.mended: list[tuple[str, str]] = []
        self._place: str | None = None

    def __call__(self, draft: str, nth: int, request: TextRequest) -> str:
        if self._place is not None:
            self.mended.append((self._place, request.messages[-1].content))
            self._place = None
            return draft
        made = json.loads(draft)
        self._place = self.change(made, request.schema or {})
        return json.dumps(made, ensure_ascii=False)

    def list_unnamed(self) -> list[tuple[str, str]]:
        """The changed places that nothing in what was asked for next is about."""
        asked = [*self.mended, *([(self._place, "")] if self._place is not None else [])]
        return [(place, told) for place, told in asked if not _names(told, place)]


def _names(told: str, place: str) -> bool:
    """An issue that is told is about the place or what it lies in, or, about the whole, says its name."""
    issues = re.findall(r'^(?:- | *")(?:([^\s:]+): )?(.+)$', told, re.MULTILINE)
    name = place.rpartition(".")[2]
    return any(_is_about(path, place) if path else name in words for path, words in issues)


def _is_about(path: str, place: str) -> bool:
    """One of them is the other or lies in it; or the issue is about all fields of this name."""
    a, b = path.split("."), place.split(".")
    return a == b[: len(a)] or b == a[: len(b)] or path == b[-1]


def drop_a_field(made: Any, schema: dict[str, Any]) -> str | None:
    """The first field that has to be there, however deep."""

    def change(value: Any, declared: dict[str, Any]) -> str | None:
        name = next((n for n in declared.get("required", []) if isinstance(value, dict) and n in value), None)
        if name is not None:
            del value[name]
        return name

    return _walk(made, schema, change)


def write_no_choice(made: Any, schema: dict[str, Any]) -> str | None:
    """A word that is none of an enumeration's, where the schema has one."""

    def change(value: Any, declared: dict[str, Any]) -> str | None:
        for name, part in declared.get("properties", {}).items() if isinstance(value, dict) else ():
            if "enum" in _resolve(part, schema) and name in value:
                value[name] = "banana"
                return str(name)
        return None

    return _walk(made, schema, change)


def name_a_stranger(made: Any, schema: dict[str, Any]) -> str | None:
    """Somebody unknown in the first place that names people; where people stand in sentences alone, somebody of the
    cast who is not there: no other name can be told from a word."""

    def change(value: Any, declared: dict[str, Any]) -> str | None:
        for name, part in value.items() if isinstance(value, dict) else ():
            if name in PEOPLE and isinstance(part, str | list) and part:
                if isinstance(part, str):
                    value[name] = STRANGER
                    return str(name)
                if isinstance(part[0], str):
                    part[0] = STRANGER
                    return f"{name}.0"
                part[0]["name"] = STRANGER
                return f"{name}.0.name"
        return None

    def tell(value: Any, declared: dict[str, Any]) -> str | None:
        if isinstance(value, dict) and value.keys() >= {"zh", "en"} and isinstance(value["en"], str):
            value["en"] += f" {ABSENT} stays away."
            return "en"
        return None

    return _walk(made, schema, change) or _walk(made, schema, tell)


def tell_too_little(made: Any, schema: dict[str, Any]) -> str | None:
    """One entry where there are several. Of what is to be avoided one word is enough."""

    def change(value: Any, declared: dict[str, Any]) -> str | None:
        for name, part in value.items() if isinstance(value, dict) else ():
            if isinstance(part, list) and len(part) > 1 and name != "avoid":
                del part[1:]
                return str(name)
        return None

    return _walk(made, schema, change)


def tell_nothing(made: Any, schema: dict[str, Any]) -> str | None:
    """No entry where there are some."""

    def change(value: Any, declared: dict[str, Any]) -> str | None:
        for name, part in value.items() if isinstance(value, dict) else ():
            if isinstance(part, list) and part:
                part.clear()
                return str(name)
        return None

    return _walk(made, schema, change)


def _resolve(declared: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schema.get("$defs", {}).get(str(declared.get("$ref", "")).rpartition("/")[2], declared)
    return found


def _walk(made: Any, schema: dict[str, Any], change: Fault) -> str | None:
    """Change the first part that can be, from the top down; returns its path, None where there is none."""

    def walk(value: Any, declared: dict[str, Any]) -> str | None:
        declared = _resolve(declared, schema)
        if (changed := change(value, declared)) is not None:
            return changed
        inner: list[tuple[str, Any, dict[str, Any]]] = []
        if isinstance(value, dict):
            inner = [(name, part, declared.get("properties", {}).get(name, {})) for name, part in value.items()]
        elif isinstance(value, list):
            inner = [(str(number), part, declared.get("items", {})) for number, part in enumerate(value)]
        for name, part, shape in inner:
            if (below := walk(part, shape)) is not None:
                return f"{name}.{below}"
        return None

    return walk(made, schema)


PEOPLE = ("cast", "characters", "main_characters", "subjects", "people", "speaker", "from_name", "roles", "driver",
          "learners", "start", "initiator")  # fmt: skip
WORDINGS: dict[str, Callable[[str], str]] = {
    "text around": lambda text: f"Here is what you asked for:\n{text}\nI hope that helps.",
    "fenced": lambda text: f"```json\n{text}\n```",
    "a comma too many": lambda text: f"{text.rstrip()[:-1]},{text.rstrip()[-1]}",
    "thoughts before": lambda text: f"<think>Let me see {{}}.</think>{text}",
}


@pytest.mark.parametrize("bench", asking(), indirect=True)
def test_what_is_meant_unambiguously_is_read_without_a_second_call(bench: Bench) -> None:
    calls = []
    for name, wording in WORDINGS.items():
        before = bench.version()
        job, detail = bench.run(lambda draft, nth, request, wording=wording: wording(draft))  # type: ignore[misc]
        assert job.state == "succeeded", f"{name}: {job.error}"
        assert bench.version() > before, name
        assert [c.purpose for c in detail.model_calls if c.purpose == "repair"] == [], name
        calls.append(len(detail.model_calls))
    assert max(calls) == calls[0] > 0


FAULTS: tuple[Fault, ...] = (drop_a_field, write_no_choice, name_a_stranger, tell_too_little, tell_nothing)
_IN_SENTENCES = "it names people in its sentences alone, where no unknown name can be told from a word"
#: by fault and case: why it is none there
NO_FAULT: dict[str, dict[str, str]] = {
    "drop_a_field": {},
    "write_no_choice": dict.fromkeys(
        (
            "summarize_source", "build_narrative_causal_chain", "build_narrative_causal_chain-1",
            "expand_story_characters", "plan_episodes", "generate_emotion_arc", "generate_episode_core_expression",
            "generate_episode_scene_list", "generate_scene_anchor", "generate_storyboard_scene_bible",
            "generate_motion_prompt", "rank_keyframe_candidates", "translate_storyboard_panels",
            "back_translate_storyboard_panels",
        ),
        "its answer has nothing to choose",
    ),
    "name_a_stranger": {
        "build_narrative_causal_chain": "a chain may begin with somebody whom only its second phase brings in",
        "expand_story_characters": "somebody new is what is asked for",
        "generate_emotion_arc": "it names nobody; an unknown beat is tried in test_emotion_arc",
        "generate_episode_core_expression": _IN_SENTENCES,
        "generate_sound_design": _IN_SENTENCES,
        "translate_storyboard_panels": _IN_SENTENCES,
        "back_translate_storyboard_panels": _IN_SENTENCES,
    },
    "tell_too_little": {
        "summarize_source": "a text may have one person in it",
        "build_narrative_causal_chain": "one side with something at stake and one reason are enough",
        "expand_story_characters": "one candidate with one piece of evidence is enough",
        "generate_character_relationships": "one relationship is enough",
        "generate_dialogue": "one line may be all that is said",
        "generate_sound_design": "one sound may be all that is heard",
        "back_translate_storyboard_panels": "one panel is edited",
        "rank_keyframe_candidates": "one person is in the frame",
    },
    "tell_nothing": {"summarize_source": "a text may have nobody in it"},
}  # fmt: skip
#: somebody unknown may be right there, and the version says so
TOLD_OF_STRANGERS = {"plan_episodes", "summarize_source"}


def spoilt() -> list[Any]:
    """Each fault in each that asks, but where it is none."""
    cases = {str(case.id): case.values[0] for case in asking()}
    assert {case for where in NO_FAULT.values() for case in where} <= cases.keys()
    return [
        pytest.param(case, fault, id=f"{name}-{fault.__name__}")
        for fault in FAULTS
        for name, case in cases.items()
        if name not in NO_FAULT[fault.__name__]
    ]


@pytest.mark.parametrize(("bench", "fault"), spoilt(), indirect=["bench"])
def test_what_is_wrong_is_repaired_with_the_issue_named(bench: Bench, fault: Fault) -> None:
    spoiling = Spoiling(fault)

    job, _ = bench.run(spoiling)

    if fault is name_a_stranger and bench.workflow.name in TOLD_OF_STRANGERS:
        assert job.state == "succeeded", job.error
        assert STRANGER in json.dumps(bench.head().warnings)
        return
    assert spoiling.list_unnamed() == []
    assert spoiling.mended, "there was nothing to change: name the case in NO_FAULT, with the reason"
    assert job.state == "succeeded", job.error
    made = json.dumps(bench.head().content)
    assert not any(word in made for word in ("banana", STRANGER, f"{ABSENT} stays away"))


USELESS = {
    "cut off": ({"default": {"finish_reason": "length"}}, lambda text: text[: len(text) // 2], "truncated_output"),
    "empty": ({"default": {"empty": True}}, lambda text: text, "empty_output"),
    "refused": ({"default": {"refusal": "I will not."}}, lambda text: text, "content_filter"),
    "never whole": ({}, lambda text: json.dumps({}), "malformed_output"),
    "prose": ({}, lambda text: "I would rather tell you about it.", "malformed_output"),
}


@pytest.mark.parametrize("bench", asking(), indirect=True)
def test_what_stays_useless_fails_cleanly_and_saves_nothing(bench: Bench) -> None:
    before = bench.version()
    for name, (script, wording, kind) in USELESS.items():
        job, detail = bench.run(lambda draft, nth, request, wording=wording: wording(draft), **script)  # type: ignore[misc]
        assert (job.state, job.error_kind) == ("failed", kind), f"{name}: {job.error}"
        assert bench.version() == before, name
        each = {c.step: 0 for c in detail.model_calls}
        for call in detail.model_calls:
            each[call.step] += 1
        assert max(each.values()) <= 4, name
        if kind == "malformed_output":
            assert any(c.raw_output for c in detail.model_calls), name
