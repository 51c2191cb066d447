"""A project comes into an empty home through the page, and goes out of it as it came."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.archives.conftest import Home
from tests.browser.stack import Stack, visit
from tests.browser.test_ways import key
from workbench.api.client import Workbench
from workbench.settings import Settings


def shape(wb: Workbench, project: int) -> list[object]:
    return [(n.kind, n.position, n.title, n.archived, n.artifacts) for n in wb.projects.tree(project).nodes]


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[tuple[Home, Home]]:
    """One with a story, one without. Made before the browser: an engine does not run beside its event loop."""
    made = []
    for _ in range(2):
        folder = tmp_path_factory.mktemp("home")
        shutil.copyfile(sqlite_template, folder / "reelwright.db")
        made.append(Home(Settings.load(home=folder)))
    made[0].make_story()
    yield made[0], made[1]
    for home in made:
        home.close()


def test_a_project_is_imported_into_an_empty_home_and_exported_again(
    homes: tuple[Home, Home], stack: Stack, page: Page, tmp_path: Path
) -> None:
    first, last = homes
    project = first.wb.projects.list_names()[0].id
    first.wb.projects.export(project, tmp_path / "story.zip")
    (tmp_path / "broken.zip").write_bytes((tmp_path / "story.zip").read_bytes()[:-100])

    visit(page, f"{stack.url}/")
    key(page, "import_open").get_by_role("button").click()
    page.locator("input[type=file]").set_input_files(tmp_path / "broken.zip")
    page.get_by_role("button", name="Import this project").click()
    expect(page.get_by_text("nothing was changed")).to_be_visible()
    assert stack.wb.projects.list() == []
    page.locator("input[type=file]").set_input_files(tmp_path / "story.zip")
    expect(page.get_by_text("story.zip")).to_be_visible()
    page.get_by_role("button", name="Import this project").click()
    page.wait_for_url("**/studio?*")
    [came] = stack.wb.projects.list()
    assert shape(stack.wb, came.id) == shape(first.wb, project)

    # the pages of a whole story are a job's; its file stands where it was asked for
    page.get_by_role("button", name="Hand off").click()
    form = page.get_by_role("button", name="Storyboard (PDF)")
    form.click()
    made = page.get_by_role("button", name="Storyboard (PDF) ·")
    expect(made).to_be_visible(timeout=120_000)
    with page.expect_download() as pages:
        made.click()
    pages.value.save_as(tmp_path / "story.pdf")
    assert pages.value.suggested_filename == "The Gift of the Magi 1.pdf"
    assert (tmp_path / "story.pdf").read_bytes().startswith(b"%PDF-")
    with page.expect_download() as table:
        page.get_by_role("button", name="Shot list (CSV)").click()
    assert table.value.suggested_filename == "The Gift of the Magi.csv"

    visit(page, f"{stack.url}/")
    key(page, f"more_{came.id}").get_by_role("button").first.click()
    with page.expect_download() as download:
        key(page, f"export_{came.id}").get_by_role("link", name="Export").click()
    download.value.save_as(tmp_path / "again.zip")
    assert download.value.suggested_filename == "The Gift of the Magi.zip"
    assert shape(last.wb, last.wb.projects.import_archive(tmp_path / "again.zip").project_id) == shape(
        first.wb, project
    )

    visit(page, f"{stack.url}/")
    key(page, f"more_{came.id}").get_by_role("button").first.click()
    key(page, f"duplicate_{came.id}").get_by_role("button").click()
    expect(page.get_by_text("The Gift of the Magi (copy)").first).to_be_visible()
