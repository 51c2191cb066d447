"""A saved version is numbered, hashed, made the head unless one is pinned, and the tree follows it; on both
databases."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from workbench.api.client import Workbench
from workbench.artifacts import kinds
from workbench.artifacts.saving import add_version, point_head
from workbench.artifacts.versions import hash_of
from workbench.db.reads import story as reads
from workbench.db.reads.jobs import find_held
from workbench.db.rows.story import Artifact, Input
from workbench.db.schema import job, layout
from workbench.settings import Settings
from workbench.story import lineage, replanning


def plan(*titles: str) -> dict[str, Any]:
    episodes = [
        {"order": n, "title": title, "logline": f"What happens in {title}", "scene_scope": "s"}
        for n, title in enumerate(titles, 1)
    ]
    return kinds.validate(kinds.find("episode_plan"), {"episode_count": len(titles), "episodes": episodes})


def save(conn: Connection, project: int, *titles: str, source: str = "manual") -> Artifact:
    return add_version(conn, project, kinds.find("episode_plan"), plan(*titles), source=source)


def episodes(conn: Connection, project: int) -> list[tuple[int, str]]:
    return [(n.position, n.title) for n in reads.children(conn, project, "episode")]


def test_versions_are_numbered_and_hashed_with_their_parts(conn: Connection, project: int) -> None:
    first, second = save(conn, project, "Lamp", "Harbour"), save(conn, project, "Lamp", "Sea")
    assert (first.version, second.version) == (1, 2)
    assert second.content_hash == hash_of(plan("Lamp", "Sea"))
    assert first.part_hashes
    assert second.part_hashes
    assert first.part_hashes["episode:1"] == second.part_hashes["episode:1"]
    assert first.part_hashes["episode:2"] != second.part_hashes["episode:2"]


def test_the_tree_follows_the_head(conn: Connection, project: int) -> None:
    save(conn, project, "Lamp", "Harbour")
    before = {n.title: n.id for n in reads.children(conn, project, "episode")}
    save(conn, project, "Harbour")
    assert episodes(conn, project) == [(1, "Harbour")]
    save(conn, project, "Lamp", "Harbour")
    assert {n.title: n.id for n in reads.children(conn, project, "episode")} == before


def test_a_pinned_version_stays_the_head_and_the_tree_with_it(conn: Connection, project: int) -> None:
    kind = kinds.find("episode_plan")
    first = save(conn, project, "Lamp")
    point_head(conn, project, kind, first.id, pinned=True)
    second = save(conn, project, "Sea", "Storm", source="ai")
    assert episodes(conn, project) == [(1, "Lamp")]
    point_head(conn, project, kind, second.id, pinned=False)
    assert episodes(conn, project) == [(1, "Sea"), (2, "Storm")]


def test_a_version_saved_by_hand_is_seen_although_another_was_pinned(conn: Connection, project: int) -> None:
    kind = kinds.find("episode_plan")
    first = save(conn, project, "Lamp")
    point_head(conn, project, kind, first.id, pinned=True)
    save(conn, project, "Shore")
    assert episodes(conn, project) == [(1, "Shore")]


def test_a_brief_names_its_project(conn: Connection, project: int) -> None:
    brief = reads.find_head(conn, project, "brief")
    assert brief is not None
    add_version(conn, project, kinds.find("brief"), {**brief.content, "title": "Another"}, source="manual")
    node = reads.find_node(conn, project)
    assert node is not None
    assert node.title == "Another"


def made_in(conn: Connection, project: int, title: str) -> int:
    """An episode with a core expression; its node."""
    episode = next(n.id for n in reads.children(conn, project, "episode") if n.title == title)
    core = {
        "theme": "t", "emotional_arc": ["a", "b", "c", "d"], "core_conflict": "c", "payoff": ["p"],
        "visual_motifs": ["m"], "ending_beat": "e",
    }  # fmt: skip
    kind = kinds.find("core_expression")
    add_version(conn, episode, kind, kinds.validate(kind, core), source="ai")
    return episode


def told(*episodes: tuple[str, str]) -> dict[str, Any]:
    """A plan of (title, what happens)."""
    content = plan(*(title for title, _ in episodes))
    for entry, (_, logline) in zip(content["episodes"], episodes, strict=True):
        entry["logline"] = logline
    return content


LAMP = ("Lamp", "The lighthouse keeper drops the lamp and hides the broken glass")
SEA = ("Sea", "A fisherman drowns while his brother watches from the harbour wall")
STORM = ("Storm", "Lightning burns the village church before the wedding guests arrive")


def test_a_preview_says_what_a_plan_keeps_adds_and_archives_and_changes_nothing(conn: Connection, project: int) -> None:
    kind = kinds.find("episode_plan")
    add_version(conn, project, kind, told(LAMP, SEA), source="ai")
    sea = made_in(conn, project, "Sea")
    before = episodes(conn, project)
    changed = told(STORM, ("The broken lamp", LAMP[1]))
    seen = replanning.preview(conn, project, "episode_plan", changed)
    assert [(n.was, n.title, n.position) for n in seen.keep] == [("Lamp", "The broken lamp", 2)]
    assert [(n.node_id, n.title) for n in seen.create] == [(None, "Storm")]
    assert [(n.node_id, n.artifacts) for n in seen.archive] == [(sea, {"core_expression": 1})]
    assert seen.hides_work
    assert episodes(conn, project) == before
    # without the work on it, nothing would be lost
    assert not replanning.preview(conn, project, "episode_plan", told(SEA)).hides_work


def test_going_back_to_a_version_brings_back_exactly_its_nodes_with_everything_on_them(
    conn: Connection, project: int
) -> None:
    """Also where a renamed one stands under another title by then, and where the work on the new ones is in the way."""
    kind = kinds.find("episode_plan")
    first = told(LAMP, SEA)
    add_version(conn, project, kind, first, source="ai")
    ids = {n.title: n.id for n in reads.children(conn, project, "episode")}
    sea = made_in(conn, project, "Sea")
    add_version(conn, project, kind, told(STORM, ("The broken lamp", LAMP[1])), source="ai")
    storm = made_in(conn, project, "Storm")
    last = replanning.find_last(conn, project, "episode_plan")
    assert last is not None
    assert (last.version, [(n.node_id, n.artifacts) for n in last.archived]) == (1, [(sea, {"core_expression": 1})])
    back = replanning.preview(conn, project, "episode_plan", first)
    assert [n.node_id for n in back.back] == [sea]

    add_version(conn, project, kind, first, source="restore")
    assert {n.title: n.id for n in reads.children(conn, project, "episode")} == ids
    assert reads.find_head(conn, sea, "core_expression") is not None
    redo = replanning.find_last(conn, project, "episode_plan")
    assert redo is not None
    assert (redo.version, [n.node_id for n in redo.archived]) == (2, [storm])


def test_the_scenes_of_an_episode_that_comes_back_come_with_it(conn: Connection, project: int) -> None:
    kind, scene_list = kinds.find("episode_plan"), kinds.find("scene_list")
    add_version(conn, project, kind, told(LAMP, SEA), source="ai")
    sea = next(n.id for n in reads.children(conn, project, "episode") if n.title == "Sea")
    scenes = [{"order": 1, "summary": "s", "location": "l", "cast": [], "beat": "The wall"}]
    add_version(conn, sea, scene_list, kinds.validate(scene_list, {"scenes": scenes}), source="ai")
    scene = reads.children(conn, sea, "scene")[0].id
    add_version(conn, project, kind, told(LAMP), source="ai")
    assert scene not in {n.id for n in reads.outline(conn, project)}
    add_version(conn, project, kind, told(LAMP, SEA), source="restore")
    assert scene in {n.id for n in reads.outline(conn, project)}


def test_a_story_from_before_layouts_were_kept_is_matched_by_its_head(conn: Connection, project: int) -> None:
    kind = kinds.find("episode_plan")
    add_version(conn, project, kind, told(LAMP, SEA), source="ai")
    lamp = next(n.id for n in reads.children(conn, project, "episode") if n.title == "Lamp")
    conn.execute(layout.delete())
    assert replanning.find_last(conn, project, "episode_plan") is None
    add_version(conn, project, kind, told(STORM, ("Glass", LAMP[1])), source="ai")
    assert {n.id: n.title for n in reads.children(conn, project, "episode")}[lamp] == "Glass"


def test_a_lineage_is_traced_through_what_was_used(conn: Connection, project: int) -> None:
    """And leaves out what hangs on an archived episode."""
    kind, core = kinds.find("episode_plan"), kinds.find("core_expression")
    brief = reads.find_head(conn, project, "brief")
    assert brief is not None

    def used(artifact: Artifact, part: str | None = None) -> list[Input]:
        content_hash = (artifact.part_hashes or {})[part] if part else artifact.content_hash
        return [
            {"node_id": artifact.node_id, "kind": artifact.kind, "part": part, "artifact_id": artifact.id,
             "version": artifact.version, "content_hash": content_hash}
        ]  # fmt: skip

    first = add_version(conn, project, kind, told(LAMP, SEA), source="ai", inputs=used(brief))
    sea = made_in(conn, project, "Sea")
    lamp = made_in(conn, project, "Lamp")
    for episode, part in ((lamp, "episode:1"), (sea, "episode:2")):
        head = reads.find_head(conn, episode, "core_expression")
        assert head is not None
        add_version(conn, episode, core, head.content, source="ai", inputs=used(first, part))
    seen = lineage.trace(conn, project, "episode_plan")
    assert [(r.kind, r.version, r.distance) for r in seen.above] == [("brief", 1, -1)]
    assert sorted(r.node_id for r in seen.below) == sorted((lamp, sea))

    add_version(conn, project, kind, told(("Lamp", STORM[1])), source="ai", inputs=used(brief))
    seen = lineage.trace(conn, project, "episode_plan")
    assert [(r.node_id, r.stale) for r in seen.below] == [(lamp, True)]
    above = {r.kind: r for r in lineage.trace(conn, lamp, "core_expression").above}
    assert (above["episode_plan"].version, above["episode_plan"].head) == (1, 2)
    assert above["brief"].distance == -2


def test_jobs_whose_plan_waits_are_told_from_the_others(settings: Settings) -> None:
    with Workbench.open(settings, send=lambda ids: None) as wb:
        asked = {"messages": [{"role": "user", "content": "Say a word."}]}
        ids = [wb.submit("llm_chat", None, asked, submit_key=f"k{n}").id for n in range(3)]
        with wb.database.write() as conn:
            for job_id, result in zip(ids, ({"held": True}, {"version": 2}, None), strict=True):
                conn.execute(job.update().where(job.c.id == job_id).values(result=result))
            assert find_held(conn, ids) == {ids[0]}


def test_a_plan_that_is_not_the_head_touches_nothing(conn: Connection, project: int) -> None:
    kind = kinds.find("episode_plan")
    add_version(conn, project, kind, told(LAMP, SEA), source="ai")
    add_version(conn, project, kind, told(STORM), source="ai", as_head=False)
    assert [title for _, title in episodes(conn, project)] == ["Lamp", "Sea"]
    assert replanning.find_last(conn, project, "episode_plan") is None
