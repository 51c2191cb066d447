"""Workflows are grouped by what they are for, and say what their answers look like."""

from __future__ import annotations

from dataclasses import replace

import pytest

from workbench import prompts
from workbench.artifacts.models import EpisodePlan
from workbench.i18n import translate
from workbench.workflows import docs, registry
from workbench.workflows.contracts import find_answer
from workbench.workflows.registry import OTHER_PURPOSE, PURPOSES, by_purpose

SHIPPED = docs.own_workflows()


def test_every_shipped_workflow_has_a_purpose_in_both_languages_and_stands_under_it_once() -> None:
    grouped = by_purpose(SHIPPED)
    assert OTHER_PURPOSE not in grouped
    assert list(grouped) == [title for title in PURPOSES.values() if title in grouped]
    assert sorted(w.name for group in grouped.values() for w in group) == sorted(w.name for w in SHIPPED)
    assert all(translate(title, "zh") != title for title in (*PURPOSES.values(), OTHER_PURPOSE))


def test_one_of_another_package_stands_under_the_purpose_that_it_names_or_under_others() -> None:
    async def run(ctx: object, params: object) -> None:
        """Elsewhere."""

    run.__module__ = "house_workflows.write_logline"
    other = replace(registry.find("plan_episodes"), name="write_logline", run=run)
    assert other.purpose_title == OTHER_PURPOSE
    assert replace(other, purpose="planning").purpose_title == PURPOSES["planning"]
    assert replace(other, purpose="House style").purpose_title == "House style"
    assert list(by_purpose([other, *SHIPPED]))[-1] == OTHER_PURPOSE


@pytest.mark.parametrize(
    "file", [f for f in prompts.all_files() if f.name != prompts.KEEP_TO and f.language == "en"], ids=lambda f: f.name
)
def test_every_prompt_has_a_contract(file: prompts.PromptFile) -> None:
    folder, _, last = file.name.rpartition("/")
    stem, _, variant = last.partition(".")
    [declared] = [w for w in SHIPPED if prompts.name_for(w.run.__module__) == f"{folder}/{stem}"]
    # as many `ctx.prompt(…)` as `ctx.generate(…, schema=Model)` in a function are what it is read from
    assert find_answer(declared, variant or None) is not None


def test_a_contract_is_the_model_that_the_answer_is_read_with() -> None:
    assert find_answer(registry.find("plan_episodes"), None) is EpisodePlan
    assert find_answer(registry.find("plan_episodes"), "nothing") is None
    assert find_answer(registry.find("llm_chat"), None) is None
