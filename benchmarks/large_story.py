"""A story of a hundred episodes, copied from one that was really made: the same artifacts and inputs, new nodes."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select

from benchmarks.contenders import Reelwright
from benchmarks.scale import Scale
from benchmarks.stores import Stores
from workbench import samples
from workbench.api.client import Workbench
from workbench.cli.supervisor import worker_command
from workbench.db.connection import Database, db_now_ms
from workbench.db.reads import story as reads
from workbench.db.rows.story import Node
from workbench.db.schema import artifact, artifact_head, node
from workbench.settings import Settings


@dataclass(frozen=True)
class Large:
    """The copy, the story that it was copied from, one scene in the middle of it, and how many artifacts it has."""

    project: int
    origin: int
    scene: int
    artifacts: int


def settings_with_origin(stores: Stores, scale: Scale) -> tuple[Settings, int]:
    """Settings of a database that holds one whole story, and the story's project; made once for all who ask."""
    if stores.story is None:
        settings = stores.settings("sqlite", 8)
        ours = Reelwright(settings)
        worker = stores.start(*worker_command(settings, 8)[1:], settings=settings)
        ours.wait_for_worker()
        project = _make_origin(ours.wb, scale)
        stores.stop(worker)
        ours.wb.close()
        stores.story = settings, project
    origin, project = stores.story
    settings = stores.settings("sqlite", 8)
    with contextlib.ExitStack() as files:
        old, new = (
            files.enter_context(contextlib.closing(sqlite3.connect(s.database_url.removeprefix("sqlite:///"))))
            for s in (origin, settings)
        )
        old.backup(new)
    return settings, project


def made(wb: Workbench, origin: int, episodes: int, scenes: int) -> Large:
    """A copy of the story `origin`, that large."""
    large = copied(wb.database, origin, episodes, scenes)
    with wb.database.read() as conn:
        middle = reads.children(conn, large, "episode")[episodes // 2].id
        scene = reads.children(conn, middle, "scene")[0].id
        count = len(reads.heads_of(conn, large))
    return Large(large, origin, scene, count)


def _make_origin(wb: Workbench, scale: Scale) -> int:
    """A sample story whose first episode has scenes that are made, offline; its project. Needs a worker."""
    project = wb.create_project(samples.load("gift-of-the-magi.en"))
    wb.wait(wb.submit("plan_episodes", project).id, timeout=600)
    episode = next(n.id for n in wb.projects.tree(project).nodes if n.kind == "episode")
    wb.wait(wb.submit("generate_episode_core_expression", episode).id, timeout=600)
    hint = {"scene_count_hint": min(max(scale.scenes, 6), 12)}
    wb.wait(wb.submit("generate_episode_scene_list", episode, hint).id, timeout=600)
    drawn = [n.id for n in wb.projects.tree(project).nodes if n.parent_id == episode]
    drawn = drawn[: min(scale.scenes, scale.drawn)]
    for plan in [wb.plans.run(scene, grow=True) for scene in drawn]:
        job = wb.wait(plan.id, timeout=1800)
        if job.state != "succeeded":
            raise RuntimeError(f"the story was not made: {job.error}")
    if scale.everything:
        _make_the_rest(wb, project, episode, drawn)
    return project


def _make_the_rest(wb: Workbench, project: int, episode: int, scenes: list[int]) -> None:
    """One of every kind that no plan makes: of the project, its people and places, the episode and these of its scenes.

    A parent makes with its children what a workflow alone does not.
    """
    with wb.database.read() as conn:
        nodes = [n for n in reads.nodes_of(conn, project) if n.kind != "episode" or n.id == episode]
    nodes = [n for n in nodes if n.kind != "scene" or n.id in scenes]
    for workflow in wb.workflows.list():
        if workflow.writes is None:
            continue
        fit = [n.id for n in nodes if n.kind == workflow.scope and wb.artifact(n.id, workflow.writes) is None]
        jobs = [wb.submit(workflow.name, n) for n in fit if not wb.workflows.list_unmet(workflow.name, n)]
        for job in jobs:
            wb.wait(job.id, timeout=1800)


def copied(database: Database, project_id: int, episodes: int, scenes: int) -> int:
    """A project with so many episodes of so many scenes, each a copy of one of the given project's first episode.

    Returns the new project's id.
    """
    with database.write() as conn:
        source = _Source(conn, project_id)
        project = _add_nodes(conn, [{"kind": "project", "title": "A hundred episodes", "position": 0}])[0]
        _place(conn, project)
        elements = _add_nodes(conn, [_under(project, project, e, e.position) for e in source.elements])
        same = dict(zip((e.id for e in source.elements), elements, strict=True)) | {source.project: project}
        rows: list[tuple[int, int, dict[int, int]]] = [(new, old, {}) for old, new in same.items()]
        made = _add_nodes(conn, [_under(project, project, source.episode, n + 1) for n in range(episodes)])
        for episode in made:
            wanted = [source.scenes[n % len(source.scenes)] for n in range(scenes)]
            under = _add_nodes(conn, [_under(project, episode, s, n + 1) for n, s in enumerate(wanted)])
            own = {source.episode.id: episode}
            rows.append((episode, source.episode.id, own))
            rows += [(new, old.id, own | {old.id: new}) for new, old in zip(under, wanted, strict=True)]
        _copy(conn, source, rows, same)
    return project


class _Source:
    """The nodes and head artifacts of the project that is copied."""

    def __init__(self, conn: Connection, project_id: int) -> None:
        self.project = project_id
        nodes = reads.nodes_of(conn, project_id)
        self.elements = [n for n in nodes if n.kind in ("character", "world")]
        self.episode = next(n for n in nodes if n.kind == "episode")
        self.scenes = [n for n in nodes if n.kind == "scene" and n.parent_id == self.episode.id]
        query = select(artifact).join(artifact_head, artifact_head.c.artifact_id == artifact.c.id)
        self.heads: dict[int, list[dict[str, Any]]] = {}
        for row in conn.execute(query).mappings():
            self.heads.setdefault(row["node_id"], []).append(dict(row))


def _add_nodes(conn: Connection, rows: list[dict[str, Any]]) -> list[int]:
    base = {"parent_id": None, "project_id": None, "created_by": "bench"}
    made = insert(node).values([{**base, **r, "created_at": db_now_ms()} for r in rows]).returning(node.c.id)
    return sorted(conn.execute(made).scalars())


def _place(conn: Connection, project: int) -> None:
    conn.execute(node.update().where(node.c.id == project).values(project_id=project))


def _under(project: int, parent: int, like: Node, position: int) -> dict[str, Any]:
    return {
        "kind": like.kind,
        "title": like.title,
        "position": position,
        "parent_id": parent,
        "project_id": project,
    }


def _copy(conn: Connection, source: _Source, rows: list[tuple[int, int, dict[int, int]]], same: dict[int, int]) -> None:
    """The head artifacts of each old node on its new one, made from the new nodes' artifacts."""
    copies = []
    for new, old, own in rows:
        for head in source.heads.get(old, ()):
            nodes = same | own
            inputs = [{**i, "node_id": nodes[i["node_id"]]} for i in head["inputs"] if i["node_id"] in nodes]
            copies.append(
                {**{k: v for k, v in head.items() if k != "id"}, "node_id": new, "inputs": inputs, "job_id": None}
            )
    for start in range(0, len(copies), 500):
        batch = copies[start : start + 500]
        made = conn.execute(insert(artifact).returning(artifact.c.id, artifact.c.node_id, artifact.c.kind), batch)
        heads = [{"artifact_id": a, "node_id": n, "kind": k, "pinned": False} for a, n, k in made]
        conn.execute(insert(artifact_head), heads)
