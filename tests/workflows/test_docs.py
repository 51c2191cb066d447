from __future__ import annotations

import pytest

from workbench import prompts
from workbench.artifacts import kinds
from workbench.workflows import docs
from workbench.workflows.registry import Workflow


def test_the_page_of_workflows_is_up_to_date() -> None:
    assert docs.main(["--check"]) == 0


def test_a_page_that_is_out_of_date_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setattr(docs, "page", lambda: "something newer\n")

    assert docs.main(["--check"]) == 1


@pytest.mark.parametrize("one", docs.own_workflows(), ids=lambda w: w.name)
def test_every_workflow_reads_and_writes_known_kinds_says_what_it_does_and_has_its_prompts(one: Workflow) -> None:
    for kind in (*(r.rpartition(".")[2] for r in one.reads), *((one.writes,) if one.writes else ())):
        assert kinds.find(kind)
    assert one.summary.endswith(".")
    assert all(guard.__doc__ for guard in one.guards)
    if one.writes and one.typical.calls:
        assert one.draft is not None
        for language in ("zh", "en"):
            assert prompts.find(prompts.name_for(one.run.__module__), language)
