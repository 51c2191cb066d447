"""Whatever people and jobs do to a story, in whatever order: versions only grow, the head is valid, stale is what used
something that differs now, what a person wrote stays unless they ask, and what was undone is back with all it had."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from tests import conftest as stores
from tests.archives.conftest import Home
from tests.story_nodes import set_archived
from workbench.artifacts import kinds
from workbench.artifacts.versions import hash_of, part_of, pick
from workbench.db.rows.story import TreeNode
from workbench.db.schema import artifact, artifact_head, node
from workbench.errors import Refused
from workbench.settings import Settings

#: which one of several, whatever their number
picks = st.integers(0, 10_000)
words = st.sampled_from(("Snow falls.", "Nobody knows why.", "灯灭了。", "=1+1", "It is over."))
RUNS = (
    ("project", "plan_episodes"), ("episode", "generate_episode_core_expression"),
    ("episode", "generate_episode_scene_list"), ("scene", "generate_scene_anchor"),
    ("scene", "generate_keyframe_prompt"), ("project", "generate_emotion_arc"),
    ("project", "build_narrative_causal_chain"), ("project", "generate_character_relationships"),
    ("episode", "generate_scene_script"), ("scene", "generate_motion_prompt"),
)  # fmt: skip


class Life(RuleBasedStateMachine):
    """One project in a home that is a copy of a made story's."""

    make_settings: ClassVar[Callable[[Path], Settings]]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="rw-life-"))
        self.home = Home(type(self).make_settings(self.folder / "home"))
        self.project = self.home.wb.projects.list_names()[0].id
        #: (node, kind) → version, hash, source and time of each
        self.seen: dict[tuple[int, str], list[Any]] = {}
        self.nodes: set[int] = set()

    def teardown(self) -> None:
        self.home.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- what people do ------------------------------------------------------------------------------------------------

    @rule(pick_one=picks, word=words)
    def edit_a_text(self, pick_one: int, word: str) -> None:
        """A word more in one field that some version says."""
        fields = {"brief": "summary", "character": "appearance", "core_expression": "core_conflict"}
        places = [(n.id, a.kind) for n in self.live() for a in n.artifacts if a.kind in fields]
        node_id, kind = places[pick_one % len(places)]
        head = self.home.wb.artifact(node_id, kind)
        assert head is not None
        told = f"{head.content.get(fields[kind], '')} {word}"[-1500:]
        self.home.wb.artifacts.save(node_id, kind, {**head.content, fields[kind]: told}, self.newest(node_id, kind))

    @rule(pick_one=picks, change=st.sampled_from(("rename", "drop", "swap")), word=words)
    def plan_anew_by_hand(self, pick_one: int, change: str, word: str) -> None:
        """Rename, leave out or exchange episodes or scenes; and take back what that has archived."""
        places = [(n.id, a.kind) for n in self.live() for a in n.artifacts if a.kind in ("episode_plan", "scene_list")]
        node_id, kind = places[pick_one % len(places)]
        head = self.home.wb.artifact(node_id, kind)
        assert head is not None
        name, title = ("episodes", "title") if kind == "episode_plan" else ("scenes", "beat")
        entries = [dict(entry) for entry in head.content[name]]
        at = pick_one % len(entries)
        if change == "rename":
            entries[at][title] = f"{entries[at][title]} {word}"[-120:]
        elif change == "drop":
            assume(len(entries) > 1)
            entries.pop(at)
        else:
            assume(len(entries) > 1)
            entries[at - 1], entries[at] = entries[at], entries[at - 1]
        for order, entry in enumerate(entries, start=1):
            entry["order"] = order
        before = self.everything_below(node_id)
        try:
            self.home.wb.artifacts.save(node_id, kind, {**head.content, name: entries}, self.newest(node_id, kind))
        except Refused:
            # two of one title, say
            assume(False)
        self.home.wb.artifacts.restore(node_id, kind, head.version)
        assert self.everything_below(node_id) == before

    @rule(pick_one=picks)
    def take_back_a_version(self, pick_one: int) -> None:
        node_id, kind = self.place(pick_one)
        versions = self.home.wb.artifacts.list_versions(node_id, kind)
        self.home.wb.artifacts.restore(node_id, kind, versions[pick_one % len(versions)].version)

    @rule(pick_one=picks, on=st.booleans())
    def pin_or_unpin(self, pick_one: int, on: bool) -> None:
        node_id, kind = self.place(pick_one)
        versions = self.home.wb.artifacts.list_versions(node_id, kind)
        self.home.wb.artifacts.pin(node_id, kind, versions[pick_one % len(versions)].version if on else None)

    @rule(pick_one=picks)
    def archive_and_restore(self, pick_one: int) -> None:
        below = [n for n in self.live() if n.kind in ("episode", "scene", "character")]
        chosen = below[pick_one % len(below)].id
        before = self.everything_below(self.project)
        set_archived(self.home.wb, chosen, True)
        self.check_story()
        set_archived(self.home.wb, chosen, False)
        assert self.everything_below(self.project) == before

    # -- what jobs do --------------------------------------------------------------------------------------------------

    @rule(pick_one=picks, which=st.sampled_from(RUNS))
    def run_a_workflow(self, pick_one: int, which: tuple[str, str]) -> None:
        scope, workflow = which
        places = [n.id for n in self.live() if n.kind == scope]
        try:
            state = self.home.run(workflow, places[pick_one % len(places)])
        except Refused:
            # what it needs is not there
            return
        assert state in ("succeeded", "failed")

    @rule(mode=st.sampled_from(("stale", "missing")), pick_one=picks)
    def run_a_plan(self, mode: Any, pick_one: int) -> None:
        """What a person wrote or pinned stays the head."""
        kept = self.heads_by_hand()
        episodes = [n.id for n in self.live() if n.kind == "scene"]
        try:
            job = self.home.wb.plans.run(episodes[pick_one % len(episodes)], mode)
        except Refused:
            return
        self.home.end(job.id)
        assert {key: version for key, version in self.heads_by_hand().items() if key in kept} == kept

    # -- out and in ----------------------------------------------------------------------------------------------------

    @rule(copy=st.booleans())
    def go_on_with_a_copy(self, copy: bool) -> None:
        before = self.everything_below(self.project, numbers=False)
        projects = self.home.wb.projects
        if copy:
            other = projects.duplicate(self.project, "A copy")
        else:
            projects.export(self.project, self.folder / "story.zip")
            other = projects.import_archive(self.folder / "story.zip").project_id
        assert self.everything_below(other, numbers=False)[1:] == before[1:]
        self.project = other

    # -- what holds ----------------------------------------------------------------------------------------------------

    @invariant()
    def check_story(self) -> None:
        with self.home.wb.database.read() as conn:
            rows = list(
                conn.execute(select(artifact).order_by(artifact.c.node_id, artifact.c.kind, artifact.c.version))
            )
            heads = {(r.node_id, r.kind): r.artifact_id for r in conn.execute(select(artifact_head))}
            nodes = set(conn.execute(select(node.c.id)).scalars())
        versions: dict[tuple[int, str], list[Any]] = {}
        for row in rows:
            versions.setdefault((row.node_id, row.kind), []).append(
                (row.version, row.content_hash, row.source, row.created_at, row.job_id)
            )
        assert self.nodes <= nodes
        for key, before in self.seen.items():
            assert versions[key][: len(before)] == before
        assert all([v[0] for v in own] == list(range(1, len(own) + 1)) for own in versions.values())
        assert set(heads) == set(versions)
        self.seen, self.nodes = versions, nodes
        by_id = {row.id: row for row in rows}
        for (node_id, kind), head in heads.items():
            assert (by_id[head].node_id, by_id[head].kind) == (node_id, kind)
            assert kinds.validate(kinds.find(kind), by_id[head].content) == by_id[head].content
            assert hash_of(by_id[head].content) == by_id[head].content_hash
        expected = {key: any(_differs(i, heads, by_id) for i in by_id[head].inputs) for key, head in heads.items()}
        for found in self.live():
            for own in found.artifacts:
                assert own.stale == expected[found.id, own.kind], (found.title, own.kind)

    # -- looking -------------------------------------------------------------------------------------------------------

    def live(self) -> list[TreeNode]:
        return self.home.wb.projects.tree(self.project).nodes

    def place(self, pick_one: int) -> tuple[int, str]:
        places = [(n.id, a.kind) for n in self.live() for a in n.artifacts]
        return places[pick_one % len(places)]

    def newest(self, node_id: int, kind: str) -> int:
        """The version that an editor shows."""
        head = self.home.wb.artifact(node_id, kind)
        assert head is not None
        return head.version

    def heads_by_hand(self) -> dict[tuple[int, str], int]:
        found = {}
        for each in self.live():
            for own in each.artifacts:
                head = self.home.wb.artifact(each.id, own.kind)
                if head is not None and (head.source == "manual" or head.pinned):
                    found[each.id, own.kind] = head.version
        return found

    def everything_below(self, node_id: int, *, numbers: bool = True) -> list[Any]:
        """The live nodes in their places with the heads of all they have."""
        nodes = self.home.wb.projects.tree(self.project if numbers else node_id).nodes
        return [
            (n.id * numbers, n.kind, n.position, n.title, [(a.kind, a.content_hash, a.stale) for a in n.artifacts])
            for n in nodes
            if node_id == self.project or not numbers or n.id != node_id
        ]


def _differs(made_from: dict[str, Any], heads: dict[tuple[int, str], int], rows: dict[int, Any]) -> bool:
    """By the contents themselves: whether what was used of an input's head is another one now."""
    source = heads.get((made_from["node_id"], made_from["kind"]))
    if source is None:
        return False
    kind = kinds.find(made_from["kind"])
    content, then = rows[source].content, rows[made_from["artifact_id"]].content
    now, was = (part_of(kind, c, made_from.get("part")) for c in (content, then))
    if now is None:
        return True
    fields = made_from.get("fields")
    return now != was if not fields else pick(now, fields, kind) != pick(was, fields, kind)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def make_settings(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path
) -> Callable[[Path], Settings]:
    """Makes homes that are copies of one with a made story, on each database."""
    base = tmp_path_factory.mktemp("base")
    server = str(request.getfixturevalue("postgres")) if request.param == "postgresql" else ""
    url = f"sqlite:///{base / 'reelwright.db'}"
    if server:
        url = stores._new_database(server, request.getfixturevalue("postgres_template"))
    else:
        shutil.copyfile(sqlite_template, base / "reelwright.db")
    home = Home(Settings.load(home=base, database_url=url))
    home.make_story(drawn=False)
    home.close()

    def make(folder: Path) -> Settings:
        shutil.copytree(base, folder)
        if server:
            name = url.partition("?")[0].rpartition("/")[2]
            return Settings.load(home=folder, database_url=stores._new_database(server, name))
        return Settings.load(home=folder, database_url=f"sqlite:///{folder / 'reelwright.db'}")

    return make


def test_a_story_keeps_its_invariants(make_settings: Callable[[Path], Settings]) -> None:
    random.seed(0)
    machine = type("LifeHere", (Life,), {"make_settings": staticmethod(make_settings)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=6, stateful_step_count=10, deadline=None, derandomize=True, database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck), print_blob=False,
        ),
    )  # fmt: skip
