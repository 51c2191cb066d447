"""Debug: what is said of a group of failures, and a job beside its replay."""

from __future__ import annotations

import streamlit as st

from tests.pages.conftest import House, said
from tests.scripted_provider import ScriptedProvider


def test_what_is_said_of_a_group_decides_where_it_is_listed(house: House) -> None:
    house.wb.profiles.add(
        "nowhere", "openai", base_url="http://127.0.0.1:9/v1", text_model="none", key="sk-canary0123456789"
    )
    ask = {"messages": [{"role": "user", "content": "boom"}]}
    house.run("llm_chat", None, ask, profile="nowhere", max_attempts=1)
    [group] = house.wb.jobs.list_failures()
    key = group.fingerprint
    at = house.page("debug")
    assert not at.exception
    for press, pill in (("resolved", "resolved"), ("open", "open"), ("ignored", "ignored")):
        at.button(key=f"{press}_{key}").click().run()
        [now] = house.wb.jobs.list_failures()
        assert now.state == press
        listed = house.page("debug", **{"is": pill})
        assert any(b.key == f"inspect_{key}" for b in listed.button), press
        assert not listed.exception
        at = listed
    assert not any(b.key == f"inspect_{key}" for b in house.page("debug").button), "ignored is out of the list"
    house.wb.jobs.set_group_state(key, "resolved")
    house.run("llm_chat", None, ask, profile="nowhere", max_attempts=1)
    st.cache_data.clear()  # an answer is shared for a second
    back = house.page("debug")
    assert any(b.key == f"inspect_{key}" for b in back.button), "it came back by itself"
    house.wb.jobs.set_group_state(key, "open")
    house.run("llm_chat", None, ask)
    st.cache_data.clear()
    gone = house.page("debug")
    assert not any(b.key == f"inspect_{key}" for b in gone.button), "nothing is left to make good"


def test_a_job_and_its_replay_stand_side_by_side(house: House) -> None:
    with ScriptedProvider() as provider:
        house.wb.profiles.add("scripted", "openai", base_url=provider.url, text_model="one", key="sk-canary0123456789")
        provider.script(default={"status": 400})
        ask = {"messages": [{"role": "user", "content": "Tell of the lamp."}]}
        first = house.run("llm_chat", None, ask, profile="scripted")
        assert first.state == "failed"
        provider.script(default={"text": "The lamp is lit."})
        other = {"messages": [{"role": "user", "content": "Tell of the lantern."}]}
        second = house.wb.jobs.retry(first.id, other)
        house.end(second.id)
    at = house.page("compare", a=first.id, b=second.id)
    assert not at.exception
    text = said(at)
    assert ":red-background[− ~~lamp~~]" in text
    assert ":green-background[\\+ lantern]" in text
    [job] = [frame.value for frame in at.dataframe]
    assert dict(zip(job["what"], zip(job["a"], job["b"], strict=True), strict=True))["Valid answers"] == ("0", "1")
    assert list(job["change"])[:2] == ["", "≠"]
    for missing in ({}, {"a": first.id}, {"a": first.id, "b": 10**9}, {"a": "x", "b": "٣"}):
        assert not house.page("compare", **missing).exception


def test_remedies_are_buttons_and_a_retry_with_changes_says_its_own_price(house: House) -> None:
    with ScriptedProvider() as provider:
        wb = house.wb
        prices = {"one": {"input": 1, "output": 1, "currency": "CNY"}}
        wb.profiles.add("spare", "openai", base_url=provider.url, text_model="one", key="sk-canary0123456789",
                        params={"prices": prices})  # fmt: skip
        wb.profiles.add("scripted", "openai", base_url=provider.url, text_model="two", key="sk-canary0123456789",
                        fallback=["spare"], params={"max_tokens": 50})  # fmt: skip
        asked = {"messages": [{"role": "user", "content": "Tell of the lamp."}]}
        faults = {"truncated_output": {"finish_reason": "length"}, "auth": {"status": 401}}
        for fault in faults.values():
            provider.script(default=fault)
            house.run("llm_chat", None, asked, profile="scripted")
        provider.script(default={"text": "The lamp is lit."})
        keys = {group.error_kind: group.fingerprint for group in wb.jobs.list_failures()}
        assert keys.keys() == faults.keys()
        at = house.page("debug")
        assert not at.exception
        names = {str(button.key) for button in at.button}
        assert {f"remedy_profile_{keys['auth']}", f"remedy_fallback_{keys['auth']}"} <= names
        at.button(key=f"remedy_{keys['truncated_output']}").click().run()
        assert at.number_input(key="act_max_tokens").value == 100
        assert any("**unknown**" in str(m.value) for m in at.markdown)
        at.selectbox(key="act_profile").set_value("spare").run()
        assert any("It costs about **¥" in str(m.value) for m in at.markdown), "of the other profile's model"
        at.button(key="act_go").click().run()
        [replay] = [job for job in wb.jobs.list() if job.replay_of]
        assert house.end(replay.id).state == "succeeded"
        assert (provider.calls()[-1]["model"], provider.calls()[-1]["params"]["max_tokens"]) == ("one", 100)
    models = house.page("models", profile=wb.profiles.id_of("scripted"), fix="auth")
    assert "Paste the key again" in said(models)


def test_chosen_failures_are_read_again_for_free(house: House) -> None:
    with ScriptedProvider() as provider:
        wb = house.wb
        wb.profiles.add("scripted", "openai", base_url=provider.url, text_model="one", key="sk-canary0123456789")
        provider.script(default={"text": "No story today."})
        project = house.sample()
        assert house.run("plan_episodes", project, {}, profile="scripted").error_kind == "malformed_output"
        [group] = wb.jobs.list_failures()
        at = house.page("debug")
        count, calls = wb.jobs.count(), len(provider.calls())
        at.button(key=f"remedy_reparse_{group.fingerprint}").click().run()
        assert any("No model is called, and nothing is paid." in str(m.value) for m in at.markdown)
        assert at.button(key="act_go").disabled, "it would not pass today either"
        assert (wb.jobs.count(), len(provider.calls())) == (count, calls)
