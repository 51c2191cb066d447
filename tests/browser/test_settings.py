"""Budgets and webhooks as typed in a real browser: Streamlit's own harness has neither focus nor fields that
remember."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.stack import Stack, visit
from tests.browser.test_ways import key, type_into
from tests.conftest import until
from tests.receiver import Receiver
from workbench.cli.logs import Tail
from workbench.db.writes import installation

KEY = "sk-canary-0123456789abcdef"


def test_a_number_out_of_range_is_said_and_never_replaced_by_another(stack: Stack, page: Page) -> None:
    visit(page, f"{stack.url}/settings")
    page.get_by_role("button", name="Add a budget").click()
    type_into(page, "new_budget_amount", "-3")
    key(page, "new_budget_go").get_by_role("button").click()
    expect(page.get_by_text("A budget is more than 0")).to_be_visible()
    assert stack.wb.budgets.list() == []
    type_into(page, "new_budget_amount", "0.05")
    key(page, "new_budget_go").get_by_role("button").click()
    expect(page.get_by_text("¥0.00 / ¥0.050")).to_be_visible()
    expect(key(page, "new_budget_go")).to_have_count(0)  # it closes over what it did


def test_an_address_left_with_tab_is_told_and_its_secret_shown_once(stack: Stack, page: Page) -> None:
    with Receiver() as receiver:
        visit(page, f"{stack.url}/settings")
        page.get_by_role("button", name="Add a webhook").click()
        address = key(page, "new_webhook_url").locator("input")
        address.fill(receiver.url)
        address.press("Tab")
        page.get_by_text("The address is in my own network").click()
        key(page, "new_webhook_go").get_by_role("button").click()

        expect(page.get_by_text("whsec_")).to_be_visible()
        expect(key(page, "new_webhook_go")).to_have_count(0)
        assert "T0AC-secret-path" not in page.content()
        page.get_by_role("button", name="I have it").click()
        expect(page.get_by_text("whsec_")).to_have_count(0)
        [hook] = stack.wb.webhooks.list()
        key(page, f"webhook_edit_{hook.id}").get_by_role("button").click()
        key(page, f"webhook_try_{hook.id}").get_by_role("button").click()
        expect(key(page, f"webhook_{hook.id}").get_by_text("Delivered")).to_be_visible()
        assert [g.path for g in receiver.got] == ["/hooks/T0AC-secret-path"]
        stack.wb.webhooks.remove(hook.id)


def test_a_page_that_fails_names_the_command_which_shows_why(stack: Stack, page: Page) -> None:
    with stack.wb.database.write() as conn:
        # what no page of ours would store
        installation.set_meta(conn, "setting.usd_cny", "seven")
    page.goto(f"{stack.url}/settings")
    expect(page.get_by_text("This page could not be drawn (InvalidOperation).")).to_be_visible()
    expect(page.get_by_text("reelwright logs --part web", exact=True)).to_be_visible()
    assert "Traceback" not in page.content()

    def read_log() -> list[str]:
        return [line.text for line in Tail(stack.wb.settings.environment.log_folder, "web").last(200)]

    # what a page prints goes through the supervisor
    until(lambda: any("decimal.InvalidOperation" in line for line in read_log()), what="the reason in the log")
    assert any("Traceback" in line for line in read_log())
    assert not any("GET /" in line for line in read_log())
    with stack.wb.database.write() as conn:
        installation.set_meta(conn, "setting.usd_cny", "7.1")
    visit(page, f"{stack.url}/settings")
    expect(page.get_by_text("reelwright logs -f")).to_be_visible()
