"""Prompts in somebody's own words: by project or for all, in versions; on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from workbench import prompts, samples
from workbench.api.client import Workbench
from workbench.errors import Conflict, InvalidInput, NotAllowed, NotFound
from workbench.settings import Settings

NAME = "planning/plan_episodes"
SHIPPED = prompts.find(NAME, "en")


@pytest.fixture
def wb(settings: Settings) -> Iterator[Workbench]:
    with Workbench.open(settings, send=lambda ids: None) as wb:
        yield wb


@pytest.fixture
def project(wb: Workbench) -> int:
    return wb.create_project(samples.load("gift-of-the-magi.en"))


def save(wb: Workbench, words: str, project: int | None = None, base: int = 0) -> int:
    user = SHIPPED.sections["user"]
    return wb.prompts.save(NAME, "en", words, user, project_id=project, base_version=base).version


def counting(wb: Workbench, project: int | None) -> tuple[str, str]:
    prompt = wb.prompts.get(NAME, "en", project)
    return prompt.state, prompt.counting["system"]


def test_the_projects_words_come_first_then_those_for_all_then_the_shipped_ones(wb: Workbench, project: int) -> None:
    other = wb.create_project(samples.load("painted-skin.zh"))
    shipped = wb.prompts.get(NAME, "en").shipped["system"]
    save(wb, "For all.")
    assert counting(wb, project) == counting(wb, other) == counting(wb, None) == ("all", "For all.")
    save(wb, "For this one.", project)
    assert counting(wb, project) == ("project", "For this one.")
    assert counting(wb, other) == ("all", "For all.")
    wb.prompts.reset(NAME, "en", project_id=project, base_version=1)
    assert counting(wb, project) == ("all", "For all.")
    wb.prompts.reset(NAME, "en", base_version=1)
    assert counting(wb, project) == counting(wb, None) == ("shipped", shipped)
    assert wb.prompts.get(NAME, "zh", project).state == "shipped"


def test_versions_only_grow_and_an_older_one_can_count_again(wb: Workbench, project: int) -> None:
    save(wb, "First.", project)
    save(wb, "Second.", project, 1)
    wb.prompts.reset(NAME, "en", project_id=project, base_version=2)
    again = wb.prompts.restore(NAME, "en", 1, project_id=project, base_version=3)
    versions = wb.prompts.list_versions(NAME, "en", project)
    assert [(v.version, v.system_text) for v in versions] == [(4, "First."), (3, None), (2, "Second."), (1, "First.")]
    assert again.fingerprint == versions[-1].fingerprint != versions[1].fingerprint
    assert counting(wb, project) == ("project", "First.")
    with pytest.raises(NotFound):
        wb.prompts.restore(NAME, "en", 3, project_id=project, base_version=4)
    with pytest.raises(NotFound):
        wb.prompts.restore(NAME, "en", 9, project_id=project, base_version=4)


def test_a_second_author_is_told_and_nothing_is_overwritten(wb: Workbench, project: int) -> None:
    save(wb, "Hers.", project)
    with pytest.raises(Conflict) as told:
        save(wb, "His.", project)
    assert told.value.head_version == 1
    with pytest.raises(Conflict):
        wb.prompts.reset(NAME, "en", project_id=project, base_version=0)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda n: _try(wb, f"Number {n}.", project), range(4)))
    assert sorted(results) == ["conflict", "conflict", "conflict", "saved"]
    assert len(wb.prompts.list_versions(NAME, "en", project)) == 2


def _try(wb: Workbench, words: str, project: int) -> str:
    try:
        save(wb, words, project, 1)
    except Conflict:
        return "conflict"
    return "saved"


def test_the_shipped_words_have_the_shipped_version_whoever_saves_them(wb: Workbench, project: int) -> None:
    shipped = wb.prompts.get(NAME, "en")
    user = shipped.shipped["user"].replace("\n", " \r\n")
    saved = wb.prompts.save(NAME, "en", shipped.shipped["system"], user, project_id=project, base_version=0)
    assert saved.fingerprint == shipped.shipped_fingerprint == SHIPPED.version


def test_what_is_refused_changes_nothing(wb: Workbench, project: int) -> None:
    with pytest.raises(InvalidInput) as told:
        wb.prompts.save(NAME, "en", "x", "{{ title }}", project_id=project, base_version=0)
    assert {issue.path for issue in told.value.issues} == {"user"}
    with pytest.raises(NotAllowed):
        wb.prompts.reset(NAME, "en", project_id=project, base_version=0)
    with pytest.raises(NotFound):
        save(wb, "x", 4711)
    with pytest.raises(NotFound):
        wb.prompts.save("planning/nothing", "en", "x", "y", base_version=0)
    with pytest.raises(NotFound):
        wb.prompts.save("../../secrets", "en", "x", "y", base_version=0)
    assert wb.prompts.list_versions(NAME, "en", project) == []


def test_every_prompt_is_listed_by_workflow_and_language(wb: Workbench, project: int) -> None:
    save(wb, "Own.", project)
    entries = {(e.name, e.language): e for e in wb.prompts.list(project)}
    assert set(entries) == {(f.name, f.language) for f in prompts.all_files()}
    assert (entries[NAME, "en"].state, entries[NAME, "en"].override_version) == ("project", 1)
    assert (entries[NAME + ".chunk", "zh"].workflow, entries[NAME + ".chunk", "zh"].variant) == (
        "plan_episodes", "chunk",
    )  # fmt: skip
    assert {e.name for e in entries.values() if e.workflow is None} == {"keep_to"}
    assert all(e.fits for e in entries.values())
