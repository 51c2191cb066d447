"""A rule that notices a costly day, and a waste figure clicked down to the job behind it."""

from __future__ import annotations

import re
import time

import pyarrow.parquet as pq
from playwright.sync_api import Page, expect
from sqlalchemy import insert, update

from tests.browser.stack import Stack, visit
from tests.browser.test_ways import key, type_into
from tests.conftest import until
from workbench.db.schema import job, model_call


def spend(stack: Stack) -> int:
    """A job that failed after two good answers and a bad one, all paid; returns its number."""
    job_id = stack.wb.submit("llm_chat", params={"messages": [{"content": "Hello"}]}, delay_ms=3_600_000).id
    now = round(time.time() * 1000)
    with stack.wb.database.write() as conn:
        ended = {"state": "failed", "finished_at": now, "error_kind": "malformed", "error": "no JSON"}
        conn.execute(update(job).where(job.c.id == job_id).values(**ended))
        for number, valid in enumerate((True, True, False)):
            conn.execute(
                insert(model_call).values(
                    call_id=f"paid-{number}", purpose="generate", provider="openai", model="some-model",
                    capability="text", mode="json_schema", outcome="ok", valid=valid, started_at=now - 1000,
                    ended_at=now, latency_ms=1000, job_id=job_id, workflow="llm_chat", cost_micros=2_500_000,
                    currency="CNY", input_tokens=1000, output_tokens=200,
                )
            )  # fmt: skip
    return job_id


def test_a_costly_day_is_noticed_and_its_waste_is_clicked_down_to_its_job(stack: Stack, page: Page) -> None:
    visit(page, f"{stack.url}/settings")
    page.get_by_role("button", name="Add a rule").click()
    type_into(page, "new_alert_spend_day", "much")
    key(page, "new_alert_go").get_by_role("button").click()
    expect(page.get_by_text("much is no number.")).to_be_visible()
    assert stack.wb.alerts.list_rules() == []
    type_into(page, "new_alert_spend_day", "5")
    key(page, "new_alert_go").get_by_role("button").click()
    expect(page.get_by_text("¥5.00")).to_be_visible()
    job_id = spend(stack)

    until(stack.wb.alerts.list_shown, 90, "that a worker looks at the rule")
    visit(page, f"{stack.url}/analytics")
    expect(page.get_by_text("7.50 CNY were spent on")).to_be_visible()
    page.get_by_role("button", name="Seen").click()
    expect(page.get_by_text("7.50 CNY were spent on")).to_have_count(0)

    card = key(page, "waste_card")
    expect(card.get_by_text("¥7.50")).to_be_visible()
    card.get_by_role("button", name="Good answer, but its job failed").click()
    expect(card.get_by_text("newest 2")).to_be_visible()
    expect(page).to_have_url(re.compile("waste=job_failed"))
    page.reload()
    expect(card.get_by_text("newest 2")).to_be_visible()

    rank = key(page, "validity_card")
    expect(rank.get_by_text("Whose answers can be used")).to_be_visible()

    page.get_by_role("button", name="Download").first.click()
    with page.expect_download() as download:
        key(page, "download_parquet").get_by_role("button").click()
    table = pq.read_table(download.value.path())
    assert table["model"].to_pylist().count("some-model") == 3
    page.keyboard.press("Escape")

    card.get_by_role("link", name=f"Open job {job_id}").click()
    page.wait_for_url(f"**/job?id={job_id}*")
    expect(page.get_by_text("no JSON").first).to_be_visible()
