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
