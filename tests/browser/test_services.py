"""A service and its key as typed in a real browser: Streamlit's own harness has neither focus nor fields that
remember."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.stack import Stack, visit
from tests.browser.test_ways import key, type_into
from tests.receiver import Receiver
from tests.scripted_provider import ScriptedProvider

KEY = "sk-canary-0123456789abcdef"


def test_a_key_left_with_tab_is_kept_and_gone_from_its_field_once_saved(stack: Stack, page: Page) -> None:
    with ScriptedProvider() as provider:
        visit(page, f"{stack.url}/models?profile=new")
        key(page, "svc_template_other").get_by_role("button").click()
        expect(key(page, "new.base_url").locator("input")).to_be_visible()
        type_into(page, "new.name", "mine")
        type_into(page, "new.base_url", f"{provider.url}/chat/completions")
        type_into(page, "new.text_model", "m")
        type_into(page, "new.secret", f"Bearer {KEY}")
        key(page, "new_save").get_by_role("button").click()

        secret = page.get_by_placeholder("stored, ends with cdef")
        expect(secret).to_have_value("")
        # for a moment the old form stands beside the new one
        expect(page.get_by_label("Key", exact=True)).to_have_count(1)
        [row] = stack.wb.profiles.list()
        assert (row.base_url, row.has_key) == (provider.url, True)

        secret.fill(KEY.replace("cdef", "9999"))
        secret.press("Tab")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_placeholder("stored, ends with 9999")).to_have_value("")
        expect(page.get_by_label("Key", exact=True)).to_have_count(1)

        # What a test found stands beside its button, with nothing over it.
        page.get_by_role("button", name="Test it").click()
        expect(page.get_by_text("json_schema").first).to_be_visible()
        assert [c["headers"]["authorization"][-4:] for c in provider.calls()] == ["9999", "9999"]


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
        [hook] = stack.wb.webhooks.listed()
        key(page, f"webhook_edit_{hook.id}").get_by_role("button").click()
        key(page, f"webhook_try_{hook.id}").get_by_role("button").click()
        expect(key(page, f"webhook_{hook.id}").get_by_text("Delivered")).to_be_visible()
        assert [g.path for g in receiver.got] == ["/hooks/T0AC-secret-path"]
        stack.wb.webhooks.remove(hook.id)
