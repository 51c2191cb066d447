"""A profile and its key as typed in a real browser: Streamlit's own harness has neither focus nor fields that
remember."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.stack import Stack, visit
from tests.browser.test_ways import key, type_into
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
