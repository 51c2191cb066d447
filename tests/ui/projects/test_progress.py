"""What the tree of a project says of each node."""

from workbench.db.rows.story import Tree, TreeArtifact, TreeNode
from workbench.ui.projects import progress as progress_of
from workbench.ui.studio import tree


def test_the_tree_marks_missing_stale_fresh_and_running_nodes():
    def node(number, kind, parent, artifacts, position=1):
        made = [TreeArtifact(k, 1, "", s) for k, s in artifacts]
        return TreeNode(number, kind, f"T{number}", position, parent, False, made)

    nodes = [
        node(1, "project", None, [("brief", False), ("episode_plan", False)]),
        node(2, "episode", 1, [("core_expression", True), ("scene_list", False)]),
        node(3, "scene", 2, []),
        node(4, "scene", 2, [("scene_anchor", False)], 2),
        node(9, "character", 1, [("character", False)]),
    ]
    story = Tree(1, "S", nodes)
    items = progress_of.items(story, {(3, "generate_scene_anchor"): "running"})
    assert [(i.id, i.state, i.depth, i.count) for i in items] == [
        (1, "fresh", 0, None),
        (2, "stale", 1, 2),
        (3, "running", 2, None),
        (4, "ready", 2, None),
    ]
    assert isinstance(items[0], tree.Item)


def test_the_tree_marks_what_failed_or_came_only_in_part_also_where_it_is_not_shown():
    def node(number, kind, parent, position=1, artifacts=()):
        return TreeNode(number, kind, f"T{number}", position, parent, False, list(artifacts))

    frames = TreeArtifact("keyframe_images", 1, "", False, complete=False)
    core = [TreeArtifact(kind, 1, "", False) for kind in ("core_expression", "scene_list")]
    story = [node(1, "project", None, artifacts=[TreeArtifact("episode_plan", 1, "", False)])]
    story += [node(10 + n, "episode", 1, n, core) for n in range(1, 4)]
    story += [node(100 + n, "scene", 11, n) for n in range(1, progress_of.LONG)]
    story[4] = node(101, "scene", 11, 1, [frames])
    failed = {(12, "generate_episode_core_expression"): "failed", (103, "generate_scene_anchor"): "failed"}

    def states(current):
        rows = progress_of.items(Tree(1, "S", story), failed, current, {11: ["failed"]})
        return {i.id: i.state for i in rows}

    closed = states(None)
    assert (closed[11], closed[12], closed[13]) == ("failed", "failed", "fresh")
    assert 101 not in closed
    opened = states(11)
    assert (opened[11], opened[101], opened[102], opened[103]) == ("fresh", "partial", "missing", "failed")
