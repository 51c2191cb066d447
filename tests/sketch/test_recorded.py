"""The same brief and seed give the same drafts and drawings as before."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from tests.sketch import recording
from tests.workflows.conftest import SAMPLES
from workbench.workflows import registry

RECORDED: dict[str, dict[str, str]] = json.loads(recording.FILE.read_text("utf-8"))


def different(now: Iterable[tuple[str, str]], before: dict[str, Any]) -> list[str]:
    made = dict(now)
    return [name for name in {**before, **made} if made.get(name) != before.get(name)]


@pytest.mark.parametrize("name", SAMPLES)
def test_every_workflow_drafts_the_sample_as_before(name: str) -> None:
    registry.load()
    assert different(recording.drafts(name), RECORDED[f"drafts of {name}"]) == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_frames_clips_and_portraits_are_drawn_as_before(language: str) -> None:
    registry.load()
    assert different(recording.drawings(language), RECORDED[f"drawings {language}"]) == []
