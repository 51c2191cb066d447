"""Whatever people and jobs do to a story, in whatever order: versions only grow, the head is valid, stale is what used
something that differs now, what a person wrote stays unless they ask, and what was undone is back with all it had."""

from __future__ import annotations

import copy
import io
import random
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, get_state_machine_test, invariant, rule
from PIL import Image
from sqlalchemy import select

from tests import conftest as stores
from tests.archives.conftest import Home
from tests.story_nodes import set_archived
from workbench.artifacts import kinds
from workbench.artifacts.versions import hash_of, part_of, pick
from workbench.db.rows.story import TreeNode
from workbench.db.schema import artifact, artifact_head, artifact_prompt, node
from workbench.errors import Refused
from workbench.settings import Settings
from workbench.workflows import registry

#: which one of several, whatever their number
picks = st.integers(0, 10_000)
words = st.sampled_from(("Snow falls.", "Nobody knows why.", "灯灭了。", "=1+1", "It is over."))
#: scope, workflow, params
RUNS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("project", "plan_episodes", {}), ("episode", "generate_episode_core_expression", {}),
    ("episode", "generate_episode_scene_list", {"scene_count_hint": 6}), ("scene", "generate_scene_anchor", {}),
    ("scene", "generate_keyframe_prompt", {}), ("project", "generate_emotion_arc", {}),
    ("project", "build_narrative_causal_chain", {"phase": 1}), ("project", "generate_character_relationships", {}),
    ("episode", "generate_scene_script", {}), ("scene", "generate_motion_prompt", {}),
    ("scene", "generate_dialogue", {}), ("scene", "generate_storyboard_group", {"group_id": "KF0"}),
    ("scene", "translate_storyboard_panels", {"group_id": "KF0"}),
    ("scene", "generate_keyframe_images", {"keys": ["KF0", "KF1"]}),
    ("project", "expand_story_characters", {}), ("character", "generate_character_sheet", {}),
)  # fmt: skip
#: what the story has from the beginning, beside its plan and a scene's shots
MADE: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("episode", "generate_scene_script", {}), ("scene", "generate_motion_prompt", {}),
    ("scene", "generate_dialogue", {}), ("scene", "generate_storyboard_scene_bible", {}),
    ("scene", "generate_storyboard_plan", {}), ("scene", "generate_storyboard_group", {"group_id": "KF0"}),
    ("scene", "translate_storyboard_panels", {"group_id": "KF0"}), ("project", "expand_story_characters", {}),
    ("project", "generate_emotion_arc", {}),
)  # fmt: skip
WORKFLOWS = registry.load()
#: kind → where a person adds a word, and how much may stand there
TEXTS: dict[str, tuple[tuple[str | int, ...], int]] = {
    "brief": (("summary",), 1500), "character": (("appearance",), 1500), "core_expression": (("core_conflict",), 1500),
    "scene_script": (("scenes", 0, "summary"), 1500), "dialogue": (("lines", 0, "text"), 180),
    "keyframe_prompt": (("shots", 0, "composition"), 180), "motion_prompt": (("constraints", 0), 100),
    "storyboard_plan": (("groups", 0, "goal"), 280), "storyboard_groups": (("groups", 0, "summary"), 280),
    "storyboard_translation": (("groups", 0, "panels", 1, "zh"), 280),
}  # fmt: skip
#: of pictures a person picks one, and others are drawn beside it
PICKED = ("keyframe_images", "character_sheet", "place_sheet")
OVERRIDDEN = "planning/generate_emotion_arc"


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

    @rule(kind=st.sampled_from(list(TEXTS)), pick_one=picks, word=words)
    def edit_a_text(self, kind: str, pick_one: int, word: str) -> None:
        """A word more in one field that some version says."""
        places = [n.id for n in self.live() for a in n.artifacts if a.kind == kind]
        if not places:
            return
        self.add_a_word(places[pick_one % len(places)], kind, word)

    def add_a_word(self, node_id: int, kind: str, word: str) -> bool:
        """Whether there was a text to add it to."""
        head = self.home.wb.artifact(node_id, kind)
        assert head is not None
        (*way, last), most = TEXTS[kind]
        content = copy.deepcopy(head.content)
        place: Any = content
        for key in way:
            if isinstance(key, int) and key >= len(place):
                return False
            place = place[key]
        if not place:
            return False
        told = place[last] if isinstance(place, list) else place.get(last, "")
        place[last] = f"{told} {word}"[-most:].strip()
        self.home.wb.artifacts.save(node_id, kind, content, head.version)
        return True

    @rule(pick_one=picks)
    def decide_about_a_candidate(self, pick_one: int) -> None:
        """Somebody who was proposed joins the cast, or does not."""
        head = self.home.wb.artifact(self.project, "character_candidates")
        waiting = [c["name"] for c in head.content["candidates"] if c["status"] == "pending"] if head else []
        if not waiting:
            return
        decide = self.home.wb.candidates.reject if pick_one % 2 else self.home.wb.candidates.accept
        try:
            decide(self.project, waiting[pick_one % len(waiting)])
        except Refused:
            # a version of before that decision counts again
            return

    @rule(pick_one=picks, key=st.sampled_from(("KF0", "KF1")))
    def put_a_picture_in_the_place_of_a_shot(self, pick_one: int, key: str) -> None:
        scenes = [n.id for n in self.live() for a in n.artifacts if a.kind == "keyframe_prompt"]
        if not scenes:
            return
        stored = self.home.wb.media.add_picture(self.draw(pick_one))
        self.home.wb.artifacts.place_pictures(scenes[pick_one % len(scenes)], {key: (stored.sha256, "mine.png")})

    @rule(word=words)
    def write_a_prompt_anew(self, word: str) -> None:
        prompts = self.home.wb.prompts
        text = prompts.get(OVERRIDDEN, "en", self.project)
        before = self.list_contents()
        system, user = (text.counting[part] for part in ("system", "user"))
        prompts.save(
            OVERRIDDEN, "en", f"{system} {word}", user, project_id=self.project, base_version=text.newest_version
        )
        # what was made with the words of before is stale (`check_story`), and stays what it is
        assert self.list_contents() == before

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
        if len(entries) == 1 and change != "rename":
            return
        if change == "rename":
            entries[at][title] = f"{entries[at][title]} {word}"[-120:]
        elif change == "drop":
            entries.pop(at)
        else:
            entries[at - 1], entries[at] = entries[at], entries[at - 1]
        for order, entry in enumerate(entries, start=1):
            entry["order"] = order
        before = self.everything_below(node_id)
        try:
            self.home.wb.artifacts.save(node_id, kind, {**head.content, name: entries}, self.newest(node_id, kind))
        except Refused:
            # two of one title, say
            return
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

    @rule(pick_one=picks, which=st.sampled_from([r for r in RUNS if r[0] != "scene"]))
    def run_a_workflow_of_the_story(self, pick_one: int, which: tuple[str, str, dict[str, Any]]) -> None:
        self.run_a_workflow(pick_one, which)

    @rule(pick_one=picks, which=st.sampled_from([r for r in RUNS if r[0] == "scene"]))
    def run_a_workflow_of_a_scene(self, pick_one: int, which: tuple[str, str, dict[str, Any]]) -> None:
        self.run_a_workflow(pick_one, which)

    def run_a_workflow(self, pick_one: int, which: tuple[str, str, dict[str, Any]]) -> None:
        """Only what is asked for is made anew; what a person wrote or picked elsewhere stays."""
        scope, workflow, params = which
        places = [n.id for n in self.live() if n.kind == scope]
        if not places:
            return
        node_id = places[pick_one % len(places)]
        kept, mine = self.heads_by_hand(), self.list_own_pictures()
        try:
            job = self.home.wb.submit(workflow, node_id, params)
        except Refused:
            # what it needs is not there
            return
        self.end(job.id)
        self.check_kept(kept, mine, but=(node_id, WORKFLOWS[workflow].writes))

    @rule(pick_one=picks, word=words, which=st.sampled_from([r for r in RUNS if WORKFLOWS[r[1]].writes in TEXTS]))
    def write_while_a_job_waits(self, pick_one: int, word: str, which: tuple[str, str, dict[str, Any]]) -> None:
        """The job's version stands beside what was written meanwhile."""
        _, workflow, params = which
        kind = str(WORKFLOWS[workflow].writes)
        places = [n.id for n in self.live() for a in n.artifacts if a.kind == kind]
        if not places:
            return
        node_id = places[pick_one % len(places)]
        try:
            job = self.home.wb.submit(workflow, node_id, params)
        except Refused:
            return
        if not self.add_a_word(node_id, kind, word):
            self.end(job.id)
            return
        kept, mine = self.heads_by_hand(), self.list_own_pictures()
        assert (node_id, kind) in kept
        self.end(job.id)
        self.check_kept(kept, mine, but=(node_id, kind) if WORKFLOWS[workflow].adds else None)

    @rule(count=st.integers(1, 4))
    def plan_anew_by_a_model(self, count: int) -> None:
        """A plan that would archive what is made waits; taken over and undone, all is as it was."""
        wb = self.home.wb
        brief, head = wb.artifact(self.project, "brief"), wb.artifact(self.project, "episode_plan")
        assert brief is not None
        assert head is not None
        wb.artifacts.save(self.project, "brief", {**brief.content, "episodes": count}, brief.version)
        before = self.everything_below(self.project)
        job = wb.jobs.get(wb.submit("plan_episodes", self.project, {}).id)
        self.home.end(job.id)
        if not (wb.jobs.get(job.id).result or {}).get("held"):
            return
        assert self.everything_below(self.project) == before
        wb.artifacts.pin(self.project, "episode_plan", None)
        self.check_story()
        wb.artifacts.restore(self.project, "episode_plan", head.version)
        assert self.everything_below(self.project) == before

    @rule(mode=st.sampled_from(("stale", "missing")), pick_one=picks)
    def run_a_plan(self, mode: Any, pick_one: int) -> None:
        """What a person wrote, pinned or picked stays."""
        scenes = [n.id for n in self.live() if n.kind == "scene"]
        if not scenes:
            return
        kept, mine = self.heads_by_hand(), self.list_own_pictures()
        try:
            job = self.home.wb.plans.run(scenes[pick_one % len(scenes)], mode, leave_out=("generate_scene_video",))
        except Refused:
            return
        self.home.end(job.id)
        self.check_kept(kept, mine)

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
            # artifact id → the versions of the overridden prompt that it was made with
            used: defaultdict[int, set[str]] = defaultdict(set)
            for made in conn.execute(select(artifact_prompt).where(artifact_prompt.c.name == OVERRIDDEN)):
                used[made.artifact_id].add(made.fingerprint)
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
        words = self.home.wb.prompts.get(OVERRIDDEN, "en", self.project).fingerprint
        expected = {
            key: any(_differs(i, heads, by_id) for i in by_id[head].inputs) or bool(used[head] - {words})
            for key, head in heads.items()
        }
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
                if head is not None and (head.source == "manual" or head.pinned) and own.kind not in PICKED:
                    found[each.id, own.kind] = head.version
        return found

    def list_own_pictures(self) -> dict[tuple[int, str], str]:
        """(scene, shot) → the picture that a person has put there."""
        found = {}
        for each in self.live():
            images = self.home.wb.artifact(each.id, "keyframe_images")
            for frame in images.content["frames"] if images else ():
                if any(c["media"] == frame["chosen"] and c.get("origin") == "own" for c in frame["candidates"]):
                    found[each.id, frame["key"]] = frame["chosen"]
        return found

    def end(self, job_id: int) -> None:
        """Work until it has ended: the sketch answers, and nothing breaks."""
        self.home.end(job_id)
        ended = self.home.wb.jobs.get(job_id)
        assert (ended.state, ended.error) == ("succeeded", None)

    def check_kept(
        self,
        kept: dict[tuple[int, str], int],
        mine: dict[tuple[int, str], str],
        but: tuple[int, str | None] | None = None,
    ) -> None:
        """What was written by hand is still what counts wherever its node is, `but` for what was asked for anew."""
        live = {n.id for n in self.live()}
        now, pictures = self.heads_by_hand(), self.list_own_pictures()
        for place, version in kept.items():
            if place[0] in live and place != but:
                assert now.get(place) == version, place
        for place, media in mine.items():
            if place[0] in live:
                assert pictures.get(place) == media, place

    def draw(self, number: int) -> bytes:
        out = io.BytesIO()
        Image.new("RGB", (320, 180), (number % 256, 40, 90)).save(out, "PNG")
        return out.getvalue()

    def list_contents(self) -> list[Any]:
        """The live nodes with what they have, fresh or not."""
        return [
            (n.id, n.kind, n.position, n.title, [(a.kind, a.content_hash) for a in n.artifacts]) for n in self.live()
        ]

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
    project = home.make_story(drawn=False)
    for scope, workflow, params in MADE:
        assert home.run(workflow, home.nodes(project, scope)[0], params) == "succeeded"
    home.close()

    def make(folder: Path) -> Settings:
        shutil.copytree(base, folder)
        if server:
            name = url.partition("?")[0].rpartition("/")[2]
            return Settings.load(home=folder, database_url=stores._new_database(server, name))
        return Settings.load(home=folder, database_url=f"sqlite:///{folder / 'reelwright.db'}")

    return make


def test_a_story_keeps_its_invariants(
    make_settings: Callable[[Path], Settings], request: pytest.FixtureRequest
) -> None:
    """Other steps each time; a failure says how the same are taken again."""
    number = int(request.config.getoption("--hypothesis-seed") or random.randrange(2**32))
    print(f"Taken again with --hypothesis-seed={number}")
    random.seed(number)
    machine = type("LifeHere", (Life,), {"make_settings": staticmethod(make_settings)})
    steps = get_state_machine_test(
        machine,
        settings=settings(
            max_examples=6, stateful_step_count=14, deadline=None, database=None, phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck), print_blob=False,
        ),
    )  # fmt: skip
    seed(number)(steps)()
