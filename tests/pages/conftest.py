"""Pages by Streamlit's own harness, on a real SQLite home; jobs run in this process when a test says so."""

from __future__ import annotations

import functools
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from workbench import samples
from workbench.api.client import Workbench
from workbench.bootstrap import worker_engine
from workbench.db.rows.jobs import Job
from workbench.db.rows.story import TreeNode
from workbench.settings import Settings
from workbench.ui import live

ROOT = Path(__file__).parents[2]


class House:
    """A home with a workbench, a worker's engine to run jobs with, and pages to open."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.wb: Workbench = Workbench.open(settings, send=lambda ids: None)
        self.engine = worker_engine(settings, send=lambda ids: None, epoch_of=lambda: "one")

    def sample(self, name: str = "gift-of-the-magi.en") -> int:
        return self.wb.create_project(samples.load(name))

    def run(self, kind: str, node: int | None, params: dict[str, Any] | None = None, **more: Any) -> Job:
        """Submit a job and run it to its end, here."""
        return self.end(self.wb.submit(kind, node, params or {}, **more).id)

    def end(self, job_id: int) -> Job:
        while self.wb.jobs.get(job_id).state in ("queued", "running", "waiting"):
            for job in self.wb.jobs.list(state="queued"):
                self.engine.run(job.id)
            self.engine.maintain()
        return self.wb.jobs.get(job_id)

    def planned(self, name: str = "gift-of-the-magi.en") -> tuple[int, list[TreeNode]]:
        """A sample with its episode plan: project, episodes."""
        project = self.sample(name)
        assert self.run("plan_episodes", project).state == "succeeded"
        return project, self.nodes(project, "episode")

    def nodes(self, project: int, kind: str) -> list[TreeNode]:
        return [n for n in self.wb.projects.tree(project).nodes if n.kind == kind]

    def page(self, name: str, lang: str = "en", **query: Any) -> AppTest:
        """A page, opened by its link."""
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=240)
        at.query_params["lang"] = lang
        at.run()
        if name != "projects":
            at.switch_page(f"pages/{name}.py")
        for key, value in query.items():
            at.query_params[key] = str(value)
        return at.run()


@pytest.fixture(autouse=True)
def app_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """AppTest forgets before each run that app.py uses st.navigation, and would run the pages folder by the old
    rules."""
    begin = PagesManager.__init__

    def with_navigation(self: PagesManager, *args: Any, **kwargs: Any) -> None:
        begin(self, *args, **kwargs)
        PagesManager.uses_pages_directory = False

    monkeypatch.setattr(PagesManager, "__init__", with_navigation)


@pytest.fixture(autouse=True)
def ask_anew_each_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test has just changed is seen by the next run, however soon that comes: pages share answers for a
    second."""
    run = AppTest._run

    def asking(self: AppTest, *args: Any, **kwargs: Any) -> AppTest:
        live.ask_anew()
        return run(self, *args, **kwargs)

    monkeypatch.setattr(AppTest, "_run", asking)


@pytest.fixture(autouse=True, scope="session")
def packages_read_once() -> Iterator[None]:
    """AppTest looks through all installed packages for components each time it opens a page, which took half of it."""
    scan = functools.cache(manifest_scanner.scan_component_manifests)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", scan)
        yield


@pytest.fixture
def house(tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    home = tmp_path / "höme of pages"
    monkeypatch.setenv("REELWRIGHT_HOME", str(home))
    monkeypatch.setenv("REELWRIGHT_RETRY_BASE_MS", "1")
    st.cache_resource.clear()
    st.cache_data.clear()
    home.mkdir(parents=True)
    shutil.copyfile(sqlite_template, home / "reelwright.db")
    made = House(Settings.load())
    yield made
    made.wb.close()


def said(at: AppTest) -> str:
    """Everything the page says, as one text."""
    blocks: list[Any] = [*at.main, *at.sidebar]
    texts = []
    for block in blocks:
        for name in ("value", "label", "body"):
            value = getattr(block, name, None)
            if isinstance(value, str):
                texts.append(value)
    return "\n".join(texts)


def job_table(at: AppTest) -> dict[str, Any]:
    """What the first table of jobs on a page was given: rows, sort, selected."""
    tables = [e.proto.json for e in at.get("bidi_component") if e.proto.component_name == "reelwright_job_table"]
    return dict(json.loads(tables[0]))


def jobs_shown(at: AppTest) -> list[int]:
    return [row["id"] for row in job_table(at)["rows"]]


Opened = Callable[..., AppTest]


def open_popover(at: AppTest, key: str) -> AppTest:
    """Open what draws its inside only while it is open."""
    at.session_state[key] = True
    return at.run()
