"""What a finished scene and minute cost: numbers by hand beside what the frames of a home say."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert

from workbench import samples
from workbench.api.client import Workbench
from workbench.db.rows.usage import Spending
from workbench.db.schema import artifact, artifact_head, model_call, node
from workbench.settings import Settings
from workbench.story.finished import Finished


def add_scene(wb: Workbench, project: int, position: int, frames: int, seconds: float, **values: Any) -> None:
    with wb.database.write() as conn:
        place = {"kind": "scene", "project_id": project, "parent_id": project, "position": position, "title": "s"}
        scene = conn.execute(insert(node).values(**place, created_at=0, **values).returning(node.c.id)).scalar_one()
        drawn = [{"key": f"S{n}", "chosen": "sha" if n <= frames else None} for n in range(1, 10)]
        for kind, content in (("keyframe_images", {"frames": drawn}), ("duration", {"seconds": seconds})):
            made = {"node_id": scene, "kind": kind, "version": 1, "content": content, "content_hash": kind}
            own = insert(artifact).values(**made, source="ai", inputs=[], created_at=0).returning(artifact.c.id)
            conn.execute(
                insert(artifact_head).values(node_id=scene, kind=kind, artifact_id=conn.execute(own).scalar_one())
            )


def test_a_scene_counts_with_all_its_frames_and_what_is_missing_takes_what_others_took(settings: Settings) -> None:
    with Workbench.open(settings, send=lambda ids: None) as wb:
        project = wb.create_project(samples.load("gift-of-the-magi.en"))
        assert wb.usage.of_finished(project) == Finished(0, 0, 0, Spending(0, None, {}, 0))
        add_scene(wb, project, 1, 9, 30.5)
        add_scene(wb, project, 2, 9, 14.5)
        add_scene(wb, project, 3, 8, 99)
        add_scene(wb, project, 4, 9, 99, archived_at=1)
        for number, (micros, currency) in enumerate(
            [(3_000_000, "CNY"), (1_000_000, "CNY"), (600_000, "USD"), (None, None)]
        ):
            with wb.database.write() as conn:
                conn.execute(
                    insert(model_call).values(
                        call_id=f"c{number}", purpose="generate", provider="openai", model="m", capability="text",
                        outcome="ok", started_at=1, project_id=project, cost_micros=micros, currency=currency,
                    )
                )  # fmt: skip
        made = wb.usage.of_finished(project)
        assert (made.scenes, made.known, made.seconds, made.spent.unpriced) == (2, 3, 45.0, 1)
        assert made.per_scene == {"CNY": 2_000_000, "USD": 300_000}
        assert made.per_minute == {"CNY": 5_333_333, "USD": 800_000}
        assert made.rest == made.per_scene


@pytest.mark.parametrize("known", [0, 5])
def test_nothing_is_reckoned_from_nothing(known: int) -> None:
    made = Finished(0, known, 0.0, Spending(3, 5, {"CNY": 7}, 0))
    assert (made.per_scene, made.per_minute, made.rest) == ({}, {}, {})
