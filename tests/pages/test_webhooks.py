"""Webhooks on the Settings page: added, refused, tried, switched off, gone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.pages.conftest import House
from tests.receiver import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


def test_a_wrong_address_is_said_beside_it_and_nothing_typed_is_lost(house: House) -> None:
    at = house.page("settings")
    at.text_input(key="new_webhook_url").set_value("example.com/x")
    at.button(key="new_webhook_go").click().run()
    assert not at.exception
    assert any("without a user name" in m.value for m in at.markdown)
    assert at.text_input(key="new_webhook_url").value == "example.com/x"
    assert house.wb.webhooks.list() == []


def test_a_webhook_is_added_tried_changed_and_taken_away(house: House, receiver: Receiver) -> None:
    at = house.page("settings")
    at.text_input(key="new_webhook_url").set_value(receiver.url)
    at.checkbox(key="new_webhook_private").check()
    at.button(key="new_webhook_go").click().run()
    [hook] = house.wb.webhooks.list()
    assert (hook.form, hook.lang, hook.allow_private) == ("standard", "en", True)
    [secret] = [c.value for c in at.code if c.value.startswith("whsec_")]
    at.button(key="webhook_secret_seen").click().run()
    assert secret not in str(at.main)
    assert "T0AC-secret-path" not in str(at.main)

    at.button(key=f"webhook_try_{hook.id}").click().run()
    assert [g.path for g in receiver.got] == ["/hooks/T0AC-secret-path"]
    receiver.answers = [(500, b"out of order")]
    at.button(key=f"webhook_try_{hook.id}").click().run()
    assert any("out of order" in e.value for e in at.error)
    assert not at.exception

    at.multiselect(key=f"webhook_events_{hook.id}").set_value(["job.failed"])
    at.button(key=f"webhook_save_{hook.id}").click().run()
    assert house.wb.webhooks.list()[0].events == ["job.failed"]
    at.button(key=f"webhook_switch_{hook.id}").click().run()
    assert house.wb.webhooks.list()[0].enabled is False
    at.button(key=f"webhook_remove_{hook.id}").click().run()
    assert house.wb.webhooks.list() == []
    assert not at.exception


def test_they_are_said_in_chinese(house: House) -> None:
    house.wb.webhooks.add("https://open.example.cn/hook/1", form="feishu", lang="zh")
    at = house.page("settings", "zh")
    assert not at.exception
    assert any("飞书" in m.value for m in at.markdown)
    assert any("任务失败" in c.value for c in at.caption)
