"""The real engine on SQLite in this process, with the offline provider or one that answers as a test says."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import Engine
from workbench import samples
from workbench.db.rows.jobs import Job
from workbench.db.rows.story import TreeNode
from workbench.providers.base import MODES, OnDelta, TextReply, TextRequest, Usage
from workbench.settings import Settings
from workbench.sketch.provider import Sketch

SAMPLES = ("painted-skin.zh", "moving-mountains.zh", "gift-of-the-magi.en")
Change = Callable[[dict[str, Any]], Any]


class Editing(Sketch):
    """Answers with the sketch's draft, changed by the next of `changes` (a string is the whole answer); remembers
    every request. Draws as the sketch does."""

    name = "editing"
    modes = MODES

    def __init__(self, *changes: Change) -> None:
        super().__init__()
        self.changes = list(changes)
        self.requests: list[TextRequest] = []

    async def text(self, request: TextRequest, on_delta: OnDelta) -> TextReply:
        self.requests.append(request)
        reply = await super().text(request, on_delta)
        if not self.changes:
            return reply
        made = json.loads(reply.text)
        changed = self.changes.pop(0)(made)
        if isinstance(changed, str):
            # what a model really says: prose, fences, a comma too many
            return TextReply(changed, Usage(), "editing-1")
        return TextReply(json.dumps(made if changed is None else changed, ensure_ascii=False), Usage(), "editing-1")

    async def aclose(self) -> None:
        """Nothing to close."""


def brief_facts(name: str) -> dict[str, Any]:
    """A sample brief as the facts that the planning prompts get."""
    brief = samples.load(name)
    return {
        **{key: brief.get(key) or "" for key in ("title", "summary", "genre", "audience", "protagonist")},
        "style": brief["style"]["prompt"],
        "characters": [{"aliases": [], **c} for c in brief["characters"]],
        "world": brief["world"],
    }


@pytest.fixture
def settings(tmp_path: Path, sqlite_template: Path) -> Settings:
    shutil.copyfile(sqlite_template, tmp_path / "story.db")
    return Settings.load(
        home=tmp_path, database_url=f"sqlite:///{tmp_path / 'story.db'}", retry_base_ms=10, sweep_seconds=0.2
    )


@pytest.fixture
def start(settings: Settings) -> Iterator[Callable[..., Engine]]:
    """Open an engine; with changes, its answers are the draft changed by them in turn."""
    opened: list[Engine] = []

    def made(*changes: Change) -> Engine:
        provider = Editing(*changes)
        engine = Engine(settings, make_provider=lambda profile: provider)
        engine.provider = provider  # type: ignore[attr-defined]
        opened.append(engine)
        return engine

    yield made
    for engine in opened:
        engine.close()


def run(engine: Engine, kind: str, node: int | None, params: dict[str, Any] | None = None) -> Job:
    """Submit a job and work until it has ended."""
    return engine.finish(engine.wb.submit(kind, node, params or {}).id, timeout=60)


def nodes(engine: Engine, project: int, kind: str) -> list[TreeNode]:
    return [n for n in engine.wb.projects.tree(project).nodes if n.kind == kind and not n.archived]


def events(engine: Engine, job: dict[str, Any]) -> list[str]:
    return [str(e.message) for e in engine.wb.jobs.get_detail(job["id"]).events]
