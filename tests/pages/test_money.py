"""What things cost, on the pages that say it: rolled up from children, and unknown is never free."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, update

from tests.pages.conftest import House, said
from workbench.db.schema import job, job_child, model_call


def paid_story(house: House, *, unknown: bool) -> tuple[int, int]:
    """Project and failed parent: its child paid ¥1.50, and a call whose cost nobody knows."""
    project = house.sample()
    child, parent = (
        house.wb.submit("llm_chat", params={"messages": [{"role": "user", "content": text}]}).id for text in "ab"
    )
    call = {
        "purpose": "generate", "provider": "openai", "model": "m", "capability": "text", "started_at": 1,
        "project_id": project, "job_id": child,
    }  # fmt: skip
    calls = [call | {"call_id": "a", "outcome": "ok", "cost_micros": 1_500_000, "currency": "CNY"}]
    if unknown:
        calls = [call | {"call_id": "b", "outcome": "lost"}]
    failed = {"state": "failed", "error_kind": "child_failed", "error": "all failed", "finished_at": 5}
    with house.wb.database.write() as conn:
        conn.execute(insert(model_call), calls)
        conn.execute(insert(job_child).values(parent_id=parent, position=0, child_id=child, item="a"))
        conn.execute(update(job).where(job.c.id.in_((parent, child))).values(project_id=project, node_id=project))
        conn.execute(update(job).where(job.c.id.in_((parent, child))).values(**failed))
    return project, parent


@pytest.mark.parametrize(
    ("unknown", "lang", "amount", "sentence", "never"),
    [
        (False, "en", "¥1.50", "It cost ¥1.50.", "Nothing was charged"),
        (False, "zh", "¥1.50", "已花费 ¥1.50。", "未产生费用"),
        (True, "en", "unknown", "What it cost is not known: 1 calls have no known price.", "Nothing was charged"),
        (True, "zh", "未知", "费用未知：有 1 次调用价格未知。", "未产生费用"),
    ],
)
def test_a_parents_cost_is_told_with_that_of_its_children(
    house: House, unknown: bool, lang: str, amount: str, sentence: str, never: str
) -> None:
    project, parent = paid_story(house, unknown=unknown)
    at = house.page("job", lang, id=parent)
    assert not at.exception
    assert amount in [metric.value for metric in at.metric]
    assert sentence in said(at)
    assert never not in said(at)

    at = house.page("jobs", lang)
    assert [*at.dataframe[0].value["cost"]] == [amount, amount]

    assert amount in said(house.page("studio", lang, project=project)).replace("\\", "")
    at = house.page("projects", lang)
    assert any(amount in html.proto.body for html in at.get("html"))
