"""How far a story is, from the artifacts its tree has; nothing of it is stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from workbench.db.rows.story import Outline, OutlineNode, Tree, TreeArtifact, TreeNode
from workbench.ui import labels, states
from workbench.ui.language import t
from workbench.ui.studio.tree import Item

#: the artifact kinds by which a node of that kind is judged, in the order of a story's making
SCENE = (
    "scene_anchor", "keyframe_prompt", "keyframe_images", "motion_prompt", "dialogue", "sound_design", "duration",
)  # fmt: skip
STAGES = {"project": ("episode_plan",), "episode": ("core_expression", "scene_list"), "scene": SCENE}
STORY = ("project", "episode", "scene")


def kinds_of(node: TreeNode) -> dict[str, TreeArtifact]:
    return {a.kind: a for a in node.artifacts}


#: (node id, workflow) → state, of jobs that are active, failed or came only in part
Jobs = Mapping[tuple[int, str], str]


def _own_states(node: TreeNode, jobs: Jobs) -> list[str]:
    """The state of each artifact a node should have, with what jobs say of the node."""
    have = kinds_of(node)
    wanted = [k for k in STAGES.get(node.kind, ()) if k not in have]
    states = ["stale" if a.stale else "fresh" if a.complete else "partial" for a in have.values()]
    if node.kind in STORY:
        # something to go on with is ready to be run; nothing at all is missing
        states += ["ready" if have else "missing"] * len(wanted) if not have or node.kind != "project" else []
    return states + [state for (node_id, _kind), state in jobs.items() if node_id == node.id]


def node_state(node: TreeNode, jobs: Jobs, below: Iterable[str] = ()) -> str:
    """The one mark a node carries: what needs somebody first, else missing or fresh. `below`: states of nodes below it
    that are not shown."""
    return states.most_urgent([*_own_states(node, jobs), *below])


#: a longer tree shows the scenes of the chosen episode alone
LONG = 60


def items(
    tree: Tree | Outline, jobs: Jobs, current: int | None = None, bad_below: Mapping[int, Sequence[str]] | None = None
) -> list[Item]:
    """The story tree in reading order: project, then each episode with its scenes.

    `bad_below`: node id → the states of what failed, or came only in part, on the nodes below it.
    """
    nodes = [n for n in tree.nodes if n.kind in STORY]
    children: dict[Any, list[TreeNode]] = {}
    for node in nodes:
        children.setdefault(node.parent_id, []).append(node)
    rows: list[Item] = []

    def walk(node: TreeNode, depth: int) -> None:
        below = sorted(children.get(node.id, []), key=lambda n: int(n.position))
        title = t("Brief and plan") if depth == 0 else labels.node_title(node.kind, node.position, node.title)
        if depth and node.kind == "scene":
            title = f"{node.position} {node.title}"  # narrower than its heading
        count = (node.parts if isinstance(node, OutlineNode) else len(below)) if depth == 1 else None
        chosen = current == node.id or any(child.id == current for child in below)
        shown = below if depth == 0 or chosen or len(nodes) <= LONG else []
        state = node_state(node, jobs, () if shown else (bad_below or {}).get(node.id, ()))
        rows.append(Item(node.id, title, state, depth, count or None, depth < 2))
        for child in shown:
            walk(child, depth + 1)

    for root in [n for n in nodes if n.kind == "project"]:
        walk(root, 0)
    return rows


def below(tree: Tree | Outline, node_id: int) -> list[TreeNode]:
    """A node and everything under it, in reading order; characters and world elements left out."""
    wanted = {node_id}
    nodes: list[TreeNode] = []
    for node in sorted(
        tree.nodes,
        key=lambda n: (STORY.index(n["kind"]) if n["kind"] in STORY else 9, n["parent_id"] or 0, n["position"]),
    ):
        if node.kind in STORY and (node.id in wanted or node.parent_id in wanted):
            wanted.add(node.id)
            nodes.append(node)
    return nodes


def nodes_of(tree: Tree | Outline, kinds: Iterable[str]) -> list[TreeNode]:
    return sorted((n for n in tree.nodes if n.kind in set(kinds)), key=lambda n: int(n.position))
