"""What the documents show of the client is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from workbench.api.client import Workbench
from workbench.settings import Settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.fixture
def wb(tmp_path: Path) -> Workbench:
    return Workbench.open(Settings.load(home=tmp_path, database_url=f"sqlite:///{tmp_path / 'a.db'}"))


def test_every_method_that_a_document_calls_exists(wb: Workbench) -> None:
    with wb:
        for document in DOCUMENTS:
            text = document.read_text(encoding="utf-8")
            for path in re.findall(r"\bwb\.(\w+(?:\.\w+)*)\(", text):
                found: object = wb
                for name in path.split("."):
                    assert hasattr(found, name), f"{document.name}: wb.{path}"
                    found = getattr(found, name)
                assert callable(found), f"{document.name}: wb.{path}"


def test_the_table_of_resources_names_methods_that_exist(wb: Workbench) -> None:
    rows = re.findall(r"^\| (`wb\..*?) \| (.*) \|$", (ROOT / "docs" / "notebooks.md").read_text("utf-8"), re.M)
    assert len(rows) > 8
    with wb:
        for resources, methods in rows:
            names = re.findall(r"`wb\.(\w+)`", resources)
            for method in re.findall(r"`(\w+)`", methods):
                assert any(hasattr(getattr(wb, name), method) for name in names), (names, method)
