"""What must hold in what was made, beyond its shape: the workflows' own checks, held against what stands in a story."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from workbench.api.client import Workbench
from workbench.artifacts import kinds, panels, storyboard
from workbench.artifacts.drama import CausalChain, CharacterCandidates, CharacterRelationships, EmotionArc
from workbench.artifacts.models import CoreExpression, EpisodePlan, SceneAnchor, SceneList
from workbench.artifacts.scene_script import SceneScript
from workbench.db.rows.story import TreeNode
from workbench.errors import Issue
from workbench.json_types import JsonObject
from workbench.story import candidates, continuity, panel_checks
from workbench.story import chain as chain_rules
from workbench.story.continuity import Cast
from workbench.story.names import names_of
from workbench.workflows.dialogue import generate_dialogue as dialogue
from workbench.workflows.dialogue import generate_sound_design as sound
from workbench.workflows.episode import generate_episode_core_expression as core
from workbench.workflows.episode import generate_episode_scene_list as scene_list
from workbench.workflows.episode import generate_scene_script as script
from workbench.workflows.planning import generate_character_relationships as relationships
from workbench.workflows.planning import generate_emotion_arc as arc
from workbench.workflows.planning import plan_episodes as plan
from workbench.workflows.scene import generate_motion_prompt as motion
from workbench.workflows.scene import generate_scene_anchor as anchor


def find_broken(wb: Workbench, project: int) -> list[str]:
    """“title kind: path: message” of each rule that something in this story breaks."""
    return [f"{where}: {issue}" for where, issues in _Rules(wb, project).hold() for issue in issues]


class _Rules:
    """A story and what its kinds have to keep to."""

    def __init__(self, wb: Workbench, project: int) -> None:
        self.wb = wb
        self.nodes = [n for n in wb.projects.tree(project).nodes if not n.archived]
        self.brief = self._read(project, "brief") or {}
        self.library = [self._read(n.id, "character") or {} for n in self.nodes if n.kind == "character"]
        people = [name for character in self.library for name in names_of(character)]
        self.world = [n.title for n in self.nodes if n.kind == "world"]
        self.names = [*people, *self.world]
        chain = self._read(project, "causal_chain")
        beats = chain_rules.list_beats(CausalChain.model_validate(chain).beats) if chain else []
        self.beats = [beat.name for beat in beats]

    def hold(self) -> Iterator[tuple[str, list[Issue]]]:
        for node in self.nodes:
            for own in node.artifacts:
                content = self._read(node.id, own.kind)
                check = getattr(self, f"_{own.kind}", None)
                if check is not None:
                    yield f"{node.title} {own.kind}", check(kinds.find(own.kind).model.model_validate(content), node)

    def _read(self, node_id: int, kind: str) -> JsonObject | None:
        found = self.wb.artifact(node_id, kind)
        return found.content if found is not None else None

    def _children(self, node: TreeNode) -> list[TreeNode]:
        return sorted((n for n in self.nodes if n.parent_id == node.id), key=lambda n: n.position)

    def _before(self, node: TreeNode, kind: str) -> JsonObject:
        """What the node before this one has of a kind; nothing where there is none."""
        found = [n for n in self.nodes if (n.parent_id, n.kind, n.position) == (
            node.parent_id, node.kind, node.position - 1)]  # fmt: skip
        return (self._read(found[0].id, kind) if found else None) or {}

    def _entry(self, scene: TreeNode) -> Any:
        listed = self._read(scene.parent_id or 0, "scene_list") or {}
        return next(s for s in listed["scenes"] if s["order"] == scene.position)

    def _cast(self, scene: TreeNode) -> Cast:
        return Cast(self._entry(scene)["cast"], self.library)

    # -- the story -----------------------------------------------------------------------------------------------------

    def _causal_chain(self, made: CausalChain, node: TreeNode) -> list[Issue]:
        assert made.outline is not None
        assert made.knowledge is not None
        assert made.beats is not None
        assert made.weave is not None
        people = chain_rules.people_of(self.library, made.knowledge)
        names = [beat.name for beat in chain_rules.list_beats(made.beats)]
        return [
            *chain_rules.outline_issues(made.outline),
            *chain_rules.knowledge_issues(made.knowledge, self.library, ()),
            *chain_rules.beats_issues(made.beats, people),
            *chain_rules.weave_issues(made.weave, names, people),
        ]

    def _character_candidates(self, made: CharacterCandidates, node: TreeNode) -> list[Issue]:
        return candidates.novelty_issues(made.candidates, self.library, [])

    def _episode_plan(self, made: EpisodePlan, node: TreeNode) -> list[Issue]:
        assert plan.duplicates(made) == []
        return [
            *plan.count_issues(made, self.brief.get("episodes")),
            *plan.language_issues(made.episodes, self.brief["language"], self.names),
        ]

    def _character_relationships(self, made: CharacterRelationships, node: TreeNode) -> list[Issue]:
        orders = [e.position for e in self._children(node) if e.kind == "episode"]
        return [
            *relationships.pair_issues(made.relationships, self.library),
            *relationships.arc_issues(made.relationships, orders),
            *relationships.language_issues(made.relationships, self.brief["language"], self.library),
        ]

    def _emotion_arc(self, made: EmotionArc, node: TreeNode) -> list[Issue]:
        if node.kind != "project":
            return []
        episodes = [
            {"order": e.position, "scenes": (self._read(e.id, "scene_list") or {"scenes": []})["scenes"]}
            for e in self._children(node)
            if e.kind == "episode"
        ]
        return [
            *arc.place_issues(made, episodes),
            *arc.beat_issues(made, self.beats),
            *arc.find_flatness(made),
            *arc.language_issues(made, self.brief["language"]),
        ]

    # -- episodes ------------------------------------------------------------------------------------------------------

    def _core_expression(self, made: CoreExpression, node: TreeNode) -> list[Issue]:
        return [
            *core.motif_issues(made, self._before(node, "core_expression").get("visual_motifs", [])),
            *core.find_repetitions(made),
            *core.language_issues(made, self.brief["language"], self.names),
        ]

    def _scene_list(self, made: SceneList, node: TreeNode) -> list[Issue]:
        earlier = [s["summary"] for s in self._before(node, "scene_list").get("scenes", [])]
        return [
            *scene_list.count_issues(made, len(self._children(node))),
            *scene_list.repetition_issues(made, earlier),
            *scene_list.cast_issues(made, self.library),
            *scene_list.beat_issues(made),
            *scene_list.language_issues(made, self.brief["language"], self.names),
        ]

    def _scene_script(self, made: SceneScript, node: TreeNode) -> list[Issue]:
        listed = (self._read(node.id, "scene_list") or {})["scenes"]
        return script.part_issues(script.ScriptPart.model_construct(scenes=made.scenes), listed, [], self.library,
                                  self.brief["language"])  # fmt: skip

    # -- scenes --------------------------------------------------------------------------------------------------------

    def _scene_anchor(self, made: SceneAnchor, node: TreeNode) -> list[Issue]:
        names = anchor.cast_names(self.library, self._entry(node))
        return [
            *anchor.count_issues(made),
            *anchor.name_issues(made, names),
            *anchor.language_issues(made, self.brief["language"], [*names, self._entry(node)["location"], *self.world]),
            *anchor.find_repetitions(made),
        ]

    def _keyframe_prompt(self, made: storyboard.KeyframePrompt, node: TreeNode) -> list[Issue]:
        cast, anchors = self._cast(node), (self._read(node.id, "scene_anchor") or {})["anchors"]
        language = self.brief["language"]
        planned = continuity.plan_issues(storyboard.ActionPlan(beats=made.beats), cast)
        return planned + [
            issue
            for shot in made.shots
            for issue in continuity.frame_issues(f"shots.{shot.order}", shot, cast, anchors[language])
        ]

    def _motion_prompt(self, made: storyboard.MotionPrompt, node: TreeNode) -> list[Issue]:
        cast = self._cast(node)
        library = [name for character in self.library for name in names_of(character)]
        known = [n for n in dict.fromkeys([*cast.names, *library]) if cast.of(n) is not None]
        strangers = [n for n in library if cast.of(n) is None]
        return [
            *motion.window_issues(made, made.seconds),
            *motion.language_issues(made, known),
            *motion.change_issues(made),
            *motion.stranger_issues(made, strangers, known),
        ]

    def _dialogue(self, made: storyboard.Dialogue, node: TreeNode) -> list[Issue]:
        return [
            *dialogue.speaker_issues(made, Cast([*self._cast(node).names, *self._heard(node)], self.library)),
            *dialogue.find_repetitions(made),
            *dialogue.silence_issues(made),
            *dialogue.language_issues(made, self.brief["language"]),
        ]

    def _heard(self, scene: TreeNode) -> list[str]:
        """Who speaks in the scene by the episode's script."""
        written = (self._read(scene.parent_id or 0, "scene_script") or {"scenes": []})["scenes"]
        own = [s for s in written if s["order"] == scene.position]
        return [e["speaker"] for s in own for e in s["elements"] if e["speaker"]]

    def _sound_design(self, made: storyboard.SoundDesign, node: TreeNode) -> list[Issue]:
        return [
            *sound.silence_issues(made),
            *sound.find_repetitions(made),
            *sound.language_issues(made, self.brief["language"], self.names),
            *sound.voice_issues(made, self._read(node.id, "dialogue")),
        ]

    # -- the storyboard of 81 panels -----------------------------------------------------------------------------------

    def _bible(self, scene: TreeNode) -> panels.StoryboardBible:
        return panels.StoryboardBible.model_validate(self._read(scene.id, "storyboard_bible"))

    def _storyboard_bible(self, made: panels.StoryboardBible, node: TreeNode) -> list[Issue]:
        return panel_checks.bible_issues(made, self._cast(node), {})

    def _storyboard_plan(self, made: panels.StoryboardPlan, node: TreeNode) -> list[Issue]:
        return panel_checks.plan_issues(made, self._bible(node), self._cast(node))

    def _storyboard_groups(self, made: panels.StoryboardGroups, node: TreeNode) -> list[Issue]:
        cast, things = self._cast(node), self._bible(node).props_list
        return [
            issue
            for group in made.groups
            for issue in panel_checks.state_issues(f"{group.group}.end", group.end, cast, things)
        ]

    def _storyboard_translation(self, made: panels.StoryboardTranslation, node: TreeNode) -> list[Issue]:
        english = {g.group: g for g in panels.StoryboardGroups.model_validate(
            self._read(node.id, "storyboard_groups")).groups}  # fmt: skip
        names = [*self._cast(node).names, *self._bible(node).props_list]
        issues: list[Issue] = []
        for group in made.groups:
            given = [(p.index, p.zh) for p in group.panels]
            sent = {p.index: p.en for p in english[group.group].panels}
            brackets = {p.index: panels.bracket_of(p) for p in english[group.group].panels}
            issues += panel_checks.translation_issues(
                given, sent, brackets, names, lambda path, text: panel_checks.chinese_issues(path, text, names)
            )
            issues += panel_checks.alike_issues(given, {}, sent)
        return issues
