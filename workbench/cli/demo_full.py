"""`reelwright demo --full`: every workflow there is, on one episode of a story, one stage after the other."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from workbench.cli.demo_run import DemoRun
from workbench.db.rows.jobs import SubmittedJob
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject

if TYPE_CHECKING:
    from rich.progress import Progress

    from workbench.api.client import Workbench

CHINESE, BACK = "storyboard_translation", "back_translate_storyboard_panels"
#: on what a stage runs: the story, each of its people, each of its places, the first episode, its first scene
Where = Literal["project", "character", "world", "episode", "scene"]


@dataclass(frozen=True)
class Stage:
    """One workflow on one kind of place. `params` may hold EPISODE, SCENES, SCENE and COUNT."""

    kind: str
    where: Where
    params: JsonObject = field(default_factory=dict)


#: what stands for ids, and for a number, in the params of a stage
EPISODE, SCENE, SCENES, COUNT = "<the first episode>", "<its first scene>", "<its scenes>", "<how many scenes>"
SCHEMA = {
    "type": "object",
    "properties": {"title": {"type": "string", "maxLength": 80}, "mood": {"enum": ["calm", "tense"]}},
    "required": ["title", "mood"],
    "additionalProperties": False,
}
#: the conductors start the others; what they do not start follows them, in an order in which all find what they read
STAGES = (
    Stage("build_narrative_causal_chain", "project"),
    Stage("plan_episodes", "project"),
    Stage("run_workflow_supervisor", "project"),
    Stage("generate_character_sheet", "character"),
    Stage("generate_place_sheet", "world"),
    Stage("run_episode_creation_agent", "episode", {"scene_count_hint": COUNT}),
    Stage("rank_keyframe_candidates", "scene", {"keys": ["KF0"], "candidates": 2}),
    Stage("run_plan", "scene", {"jobs": [["generate_scene_video", SCENE]]}),
    Stage("generate_storyboard_scene_bible", "scene"),
    Stage("generate_storyboard_plan", "scene"),
    Stage("generate_storyboard_groups", "scene"),
    Stage("translate_storyboard_panels", "scene"),
    Stage(BACK, "scene"),
    Stage("make_handoff", "episode"),
    # by now these find everything fresh, and say so
    Stage("generate_scene_list", "project"),
    Stage("generate_episode_core_expression_batch", "project", {"episode_ids": [EPISODE]}),
    Stage("refine_scene_all", "scene"),
    Stage("refine_scene_all_batch", "project", {"scene_ids": SCENES}),
    Stage("llm_chat", "project", {"messages": [{"content": "Is everything made?"}]}),
    Stage(
        "llm_structured_test",
        "project",
        {"messages": [{"content": "A title and a mood."}], "format": "json_schema", "response_schema": SCHEMA},
    ),
)


class FullRun(DemoRun):
    """One project's way through every workflow; started again after it was killed, it goes on with the same project."""

    USER = "demo-full"
    LAST = "llm_structured_test"

    def __init__(self, workbench: Workbench, scenes: int) -> None:
        super().__init__(workbench)
        self._count = scenes

    def describe(self) -> Text:
        return Text(
            N_(
                "Every workflow has run on “{title}”: {scenes} scenes, {frames} frames, {jobs} jobs in {seconds} s. "
                "See it: reelwright up"
            ),
            title=self.episodes[0].title,
            scenes=len(self.scenes),
            frames=self.frames,
            jobs=len(self.jobs),
            seconds=round(self.seconds, 1),
        )

    def _run_stages(self, bars: Progress) -> None:
        for stage in STAGES:
            for node_id in self._places(stage):
                self._stage(bars, stage.kind, node_id, partial(self._submit, stage, node_id))

    def _submit(self, stage: Stage, node_id: int) -> SubmittedJob:
        if stage.kind == BACK:
            self._edit_a_panel(node_id)
        return self.workbench.submit(stage.kind, node_id, self._fill_in(stage.params), user=self.USER)

    def _edit_a_panel(self, scene_id: int) -> None:
        """Say something more in the first panel of a scene, once: only what a person has edited goes back into
        English."""
        head = self.workbench.artifact(scene_id, CHINESE)
        if head is None or any(p["zh"] != p["made"] for g in head.content["groups"] for p in g["panels"]):
            return
        content = copy.deepcopy(head.content)
        panel = content["groups"][0]["panels"][0]
        panel["zh"] = f"{panel['zh'].removesuffix('。')}，慢慢地。"
        self.workbench.artifacts.save(scene_id, CHINESE, content, head.version, self.USER)

    def _places(self, stage: Stage) -> list[int]:
        if stage.where == "project":
            return [self.project_id]
        if stage.where in ("character", "world"):
            return [n.id for n in self.workbench.projects.tree(self.project_id).nodes if n.kind == stage.where]
        episode = self._nodes("episode", self.project_id)[0].id
        return [episode if stage.where == "episode" else self._nodes("scene", episode)[0].id]

    def _fill_in(self, params: JsonObject) -> JsonObject:
        """The params with the ids that they stand for."""
        episodes = self._nodes("episode", self.project_id)
        scenes = [n.id for n in self._nodes("scene", episodes[0].id)] if episodes else []
        known: dict[str, Any] = {EPISODE: episodes[0].id if episodes else None, SCENES: scenes}
        known |= {SCENE: scenes[0] if scenes else None, COUNT: self._count}

        def fill(value: Any) -> Any:
            if isinstance(value, list):
                return [fill(item) for item in value]
            return known.get(value, value) if isinstance(value, str) else value

        return {name: fill(value) for name, value in params.items()}
