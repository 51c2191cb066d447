"""Debug: what is said of a group of failures, and a job beside its replay."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import streamlit as st
from click.testing import CliRunner
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import House, said
from tests.scripted_provider import ScriptedProvider
from workbench.cli.jobs import show
from workbench.db.rows.jobs import Job
from workbench.jobs import reparse
from workbench.jobs.overrides import Overrides
from workbench.jobs.submit import Request
from workbench.ui import formats
from workbench.ui.jobs import acts

#: the page, the job and its replay
Pair = tuple[AppTest, Job, Job]


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
    assert f"**Answer** :gray[none of job {first.id}]" in text
    assert ":red-background[− ~~lamp~~]" in text
    assert ":green-background[\\+ lantern]" in text
    [job] = [frame.value for frame in at.dataframe]
    assert dict(zip(job["what"], zip(job["a"], job["b"], strict=True), strict=True))["Valid answers"] == ("0", "1")
    assert list(job["change"])[:2] == ["", "≠"]
    alone = house.page("compare", a=second.id, b=f"0{second.id}")
    assert not alone.exception
    assert f"Both are job {second.id}" in said(alone)
    for missing in ({}, {"a": first.id}, {"a": first.id, "b": 10**9}, {"a": "x", "b": "٣"}):
        assert not house.page("compare", **missing).exception


def numbers(at: AppTest, column: str) -> dict[str, str]:
    """What the first table of figures says of one of the two jobs."""
    frame = at.dataframe[0].value
    return dict(zip(frame["what"], frame[column], strict=True))


def test_a_call_that_was_never_sent_is_no_call_of_a_comparison(house: House) -> None:
    with ScriptedProvider() as provider:
        house.wb.profiles.add("scripted", "openai", base_url=provider.url, text_model="one", key="sk-canary0123456789")
        house.wb.profiles.add(
            "nowhere", "openai", base_url="http://127.0.0.1:9/v1", text_model="none", key="sk-canary0123456789"
        )
        ask = {"messages": [{"role": "user", "content": "Tell of the lamp."}]}
        first = house.run("llm_chat", None, ask, profile="nowhere", max_attempts=1)
        second = house.wb.jobs.retry(first.id, profile="scripted")
        assert house.end(second.id).state == "succeeded"
    [call] = house.wb.jobs.get_detail(first.id).model_calls
    assert call.price_source == "not sent"
    at = house.page("compare", a=first.id, b=second.id)
    assert not at.exception
    assert (numbers(at, "a")["Model calls"], numbers(at, "b")["Model calls"]) == ("0", "1")
    assert "1 · Network failure" in said(at), "that it was tried is told all the same"


@pytest.fixture
def pair(house: House) -> Iterator[Pair]:
    """A plan that failed its checks, and the same plan again from an edited brief, with a repair."""
    with ScriptedProvider() as provider:
        prices = {"one": {"input": 1, "output": 1, "currency": "CNY"}}
        house.wb.profiles.add("scripted", "openai", base_url=provider.url, text_model="one", key="sk-canary0123456789",
                              params={"prices": prices})  # fmt: skip
        project = house.sample()
        few = answer("Combs", "Chain")
        provider.script(default={"text": few, "usage": {"prompt_tokens": 1000, "completion_tokens": 200}})
        first = house.run("plan_episodes", project, {"target_episode_count": 3}, profile="scripted")
        assert first.state == "failed"
        brief = house.wb.artifact(project, "brief")
        assert brief is not None
        house.wb.artifacts.save(project, "brief", brief.content | {"genre": "winter tale"}, brief.version)
        good = answer("Combs", "Chain", "Gifts")
        usage = {"prompt_tokens": 1500, "completion_tokens": 300}
        provider.script(nth={"1": {"text": few, "usage": usage}}, default={"text": good, "usage": usage})
        second = house.wb.jobs.replay(first.id)
        assert house.end(second.id).state == "succeeded"
        yield house.page("compare", a=first.id, b=second.id), first, second


def answer(*titles: str) -> str:
    episodes = [
        {
            "order": n, "title": title, "logline": f"{title} are bought and sold.", "main_characters": ["Della"],
            "beats": [f"{title} are seen", f"{title} are sold"], "scene_scope": f"a flat, {title}", "cliffhanger": None,
        }
        for n, title in enumerate(titles, start=1)
    ]  # fmt: skip
    return json.dumps({"episode_count": len(titles), "reasoning_brief": None, "episodes": episodes})


def change_of(at: AppTest, what: str) -> tuple[str, str, str]:
    frame = at.dataframe[0].value
    row = frame[frame["what"] == what].iloc[0]
    return row["a"], row["b"], row["change"]


def test_a_comparison_shows_the_versions_of_the_story_that_each_ran_on(pair: Pair) -> None:
    at, first, _ = pair
    assert not at.exception
    frame = next(f.value for f in at.dataframe if "Brief · The Gift of the Magi" in list(f.value["what"]))
    brief = frame.iloc[0]
    assert (brief["what"], brief["a"], brief["b"], brief["change"]) == ("Brief · The Gift of the Magi", "v1", "v2", "≠")
    rest = frame.iloc[1:]
    assert len(rest) > 1
    assert set(rest["change"]) == {""}
    assert "1 other version" in said(at)
    assert f"Job {first.id} has made no version" in said(at)


def test_a_comparison_shows_the_words_of_the_prompt_that_changed(pair: Pair) -> None:
    at, *_ = pair
    assert ":green-background[\\+ winter" in said(at)


def test_a_comparison_shows_the_fields_of_the_answer_that_changed(pair: Pair) -> None:
    at, *_ = pair
    text = said(at)
    assert "episode_count" in text
    assert ":green-background[\\+ 3]" in text
    assert "Gifts" in text
    assert "Combs are seen" not in text, "what stayed is not listed"


def test_a_comparison_shows_what_the_checks_came_to_and_what_was_rejected_for_what(pair: Pair) -> None:
    at, *_ = pair
    lines = [str(m.value) for m in at.markdown]
    assert "**Checks** :gray[not passed → passed after 1 repair]" in lines
    assert sum("answer rejected, 1 issues" in line for line in lines) == 3, "twice in the first job, once in the second"


def test_a_comparison_shows_tokens_cost_and_latency_of_both(pair: Pair) -> None:
    at, *_ = pair
    assert change_of(at, "Model calls") == ("2", "2", "")
    assert change_of(at, "Input tokens") == ("2.0k", "3.0k", "+50.0%")
    assert change_of(at, "Output tokens") == ("400", "600", "+50.0%")
    assert change_of(at, "Cost") == ("¥0.002", "¥0.004", "+50.0%")
    assert all(value not in ("", "—") for value in change_of(at, "Latency")[:2])


def test_answers_that_a_step_has_read_are_compared_field_by_field(house: House) -> None:
    fenced = f"```json\n{answer('Combs', 'Chain', 'Gifts')}\n```"
    loose = answer("Combs", "Chain", "Presents").removesuffix("}") + ",}"
    with ScriptedProvider() as provider:
        house.wb.profiles.add("scripted", "openai", base_url=provider.url, text_model="one", key="sk-canary0123456789")
        project = house.sample()
        jobs = []
        for text in (fenced, f"<think>{{}} will not do.</think>Here is the plan: {loose}"):
            provider.script(default={"text": text})
            if not jobs:
                jobs.append(house.run("plan_episodes", project, {"target_episode_count": 3}, profile="scripted"))
            else:
                jobs.append(house.end(house.wb.jobs.replay(jobs[0].id).id))
        assert [job.state for job in jobs] == ["succeeded"] * 2
    at = house.page("compare", a=jobs[0].id, b=jobs[1].id)
    assert not at.exception
    text = said(at)
    assert "**Answer** :gray[5 fields changed]" in text
    assert ":green-background[\\+ Presents]" in text
    assert not at.code, "no raw text of either"


def test_the_words_around_the_brackets_of_a_chat_are_compared_too(house: House) -> None:
    with ScriptedProvider() as provider:
        house.wb.profiles.add("scripted", "openai", base_url=provider.url, text_model="one", key="sk-canary0123456789")
        provider.script(default={"text": 'Of {"lamp": 1} I know nothing.'})
        first = house.run("llm_chat", None, {"messages": [{"content": "Tell."}]}, profile="scripted")
        provider.script(default={"text": 'Of {"lamp": 1} I know all.'})
        second = house.end(house.wb.jobs.replay(first.id).id)
    at = house.page("compare", a=first.id, b=second.id)
    assert [str(block.value) for block in at.code] == ['Of {"lamp": 1} I know nothing.', 'Of {"lamp": 1} I know all.']


def test_a_comparison_shows_the_pictures_of_both(house: House) -> None:
    project = house.sample()
    first = house.run("generate_character_sheet", house.nodes(project, "character")[0].id)
    assert first.state == "succeeded", first.error
    second = house.wb.jobs.replay(first.id, {"look": "Short hair", "scenes": "1.2–"})
    assert house.end(second.id).state == "succeeded"
    at = house.page("compare", a=first.id, b=second.id)
    assert not at.exception
    drawn = len(house.wb.jobs.get_detail(first.id).steps)
    assert drawn > 0
    assert f"**Pictures** :gray[{drawn} → {drawn}]" in said(at)
    assert sum(str(c.value) == "candidate 1" for c in at.caption) == 2, "on both sides"


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
        [told] = [str(m.value) for m in at.markdown if "It costs about **¥" in str(m.value)]
        assert "at most" in told, "of the other profile's model, whose answers are bounded now"
        at.button(key="act_go").click().run()
        [replay] = [job for job in wb.jobs.list() if job.replay_of]
        assert house.end(replay.id).state == "succeeded"
        assert (provider.calls()[-1]["model"], provider.calls()[-1]["params"]["max_tokens"]) == ("one", 100)
    models = house.page("models", profile=wb.profiles.id_of("scripted"), fix="auth")
    assert "Paste the key again" in said(models)


def test_the_remedy_for_a_cut_off_answer_allows_more_than_was_allowed_and_used(house: House) -> None:
    with ScriptedProvider() as provider:
        wb = house.wb
        wb.profiles.add("scripted", "openai", base_url=provider.url, text_model="one", key="sk-canary0123456789")
        provider.script(default={"finish_reason": "length", "usage": {"prompt_tokens": 100, "completion_tokens": 8192}})
        failed = house.run("llm_chat", None, {"messages": [{"content": "Tell."}]}, profile="scripted")
        [group] = wb.jobs.list_failures()

        def remedies() -> dict[str, str]:
            st.cache_data.clear()
            buttons = house.page("debug").button
            return {str(button.key): str(button.label) for button in buttons if str(button.key).startswith("remedy_")}

        key = f"remedy_{group.fingerprint}"
        assert remedies()[key] == "Allow 16384 tokens and retry", "nobody had said how long it may be"
        [act] = wb.jobs.retry_many([failed.id], overrides={"params": {"max_tokens": 32_768}})
        assert act.new_id is not None
        house.end(act.new_id)
        assert remedies()[key] == "Allow 65536 tokens and retry"
        wb.profiles.update(
            "scripted", base_url="https://api.deepseek.com", text_model="deepseek-chat", key="sk-canary0123456789"
        )
        told = remedies()
        assert key not in told, "it is known to end at 8192 tokens"
        assert told[f"remedy_other_{group.fingerprint}"] == "Retry with another model"


def test_what_a_run_was_asked_with_is_told_and_stands_in_the_fields_of_its_retry(house: House) -> None:
    with ScriptedProvider() as provider:
        wb, key = house.wb, "sk-canary0123456789"
        wb.profiles.add("scripted", "openai", base_url=provider.url, text_model="one", key=key)
        wb.profiles.add("spare", "openai", base_url=provider.url, text_model="two", key=key)
        provider.script(default={"status": 400})
        first = house.run("llm_chat", None, {"messages": [{"content": "Tell."}]}, profile="scripted")
        [act] = wb.jobs.retry_many(
            [first.id], overrides={"text_model": "large", "params": {"max_tokens": 32768, "temperature": 1, "top_p": 1}}
        )
        assert act.new_id is not None
        second = house.end(act.new_id)
        compared = said(house.page("compare", a=first.id, b=second.id))
        assert "**Settings beside the profile** :gray[4 fields changed]" in compared
        assert "large" in compared
        printed = CliRunner().invoke(show, [str(second.id)]).output
        assert [line for line in printed.splitlines() if "params.max_tokens" in line and "32768" in line]
        at = house.page("job", id=second.id)
        assert "asked with Model `large`, Longest answer in tokens `32768`, Temperature `1`, Top p `1`" in said(at)
        at.button(key="retry").click().run()
        assert not at.exception
        assert at.text_input(key="act_model").value == "large"
        assert at.number_input(key="act_max_tokens").value == 32768
        assert at.number_input(key="act_temperature").value == 1
        assert "Also Top p `1`, as before." in [str(c.value) for c in at.caption]
        for chosen, model in (("spare", ""), ("", "large"), ("scripted", "large"), ("spare", "")):
            at.selectbox(key="act_profile").set_value(chosen).run()
            assert at.text_input(key="act_model").value == model, chosen
        at.number_input(key="act_temperature").set_value(None).run()
        at.button(key="act_go").click().run()
        assert not at.exception
        third = house.end(wb.jobs.list(limit=1)[0].id)
        assert third.replay_of == second.id
        assert wb.jobs.list_overrides([first.id, third.id]) == {third.id: {"params": {"top_p": 1, "max_tokens": 32768}}}
        assert provider.calls()[-1]["model"] == "two"


def test_jobs_that_were_asked_with_different_settings_keep_them(house: House) -> None:
    with ScriptedProvider() as provider:
        key = fail_many(house, provider, 2)
        newer, older = house.wb.jobs.list(limit=2)
        for job in (newer, older):
            asked_with: Overrides = {"params": {"max_tokens": 100 + job.id}}
            [act] = house.wb.jobs.retry_many([job.id], overrides=asked_with)
            assert act.new_id is not None
            house.end(act.new_id)
        at = house.page("debug")
        at.button(key=f"all_{key}").click().run()
        assert at.number_input(key="act_max_tokens").value is None
        assert any("asked with different settings" in str(c.value) for c in at.caption)
        at.button(key="act_go").click().run()
        asked = house.wb.jobs.list_overrides(job.id for job in house.wb.jobs.list(limit=2))
        assert {one["params"]["max_tokens"] for one in asked.values()} == {100 + newer.id, 100 + older.id}
        for job_id in asked:
            house.end(job_id)
        at = house.page("debug")
        at.button(key=f"all_{key}").click().run()
        at.number_input(key="act_temperature").set_value(0.4).run()
        at.button(key="act_go").click().run()
        assert not at.exception
        asked = house.wb.jobs.list_overrides(job.id for job in house.wb.jobs.list(limit=2))
        lengths = {one["params"].pop("max_tokens") for one in asked.values()}
        assert lengths == {100 + newer.id, 100 + older.id}
        assert [*asked.values()] == [{"params": {"temperature": 0.4}}] * 2, "what is given is for all"


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


def test_a_whole_group_is_read_again_by_a_job_that_tells_what_would_pass_and_is_then_saved(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acts, "MOST_READ", 2)
    with ScriptedProvider() as provider:
        wb = house.wb
        wb.profiles.add("scripted", "openai", base_url=provider.url, text_model="one", key="sk-canary0123456789")
        provider.script(default={"text": "No story today."})
        failed = [house.run("plan_episodes", house.sample(), {}, profile="scripted").id for _ in range(3)]
        [group] = wb.jobs.list_failures()
        at = house.page("debug")
        at.button(key=f"remedy_reparse_{group.fingerprint}").click().run()
        assert any("what 3 jobs were answered" in str(m.value) for m in at.markdown)
        at.button(key="act_go").click().run()
        assert not at.exception
        [look] = wb.jobs.list(kind="act_on_jobs")
        monkeypatch.setattr(reparse, "_read", read_well)
        house.engine._run_bulk()
        assert wb.jobs.count_bulk_outcomes(look.id) == {"reparse": 3}
        at = house.page("debug")
        assert any("would now pass: 3" in str(c.value).replace("\\", "") for c in at.caption), (
            "it is told where it was asked for"
        )
        at = house.page("job", id=look.id)
        at.button(key="bulk_save").click().run()
        assert not at.exception
        save = wb.jobs.list(kind="act_on_jobs")[0]
        assert "bulk_save" not in {button.key for button in at.button}, "once is enough"
        assert any(f"Job {save.id} saves them" in str(m.value) for m in at.markdown)
        house.engine._run_bulk()
        assert {item.job_id for item in wb.jobs.list_bulk_items(save.id)} == {*failed}
        page = house.page("job", id=save.id)
        assert any("no undo" in str(h.proto.body) for h in page.get("html")), "it says so instead of offering one"
        assert "bulk_undo" not in {button.key for button in page.button}


async def read_well(*_: object) -> None:
    """Today's reader takes any answer."""


def fail_many(house: House, provider: ScriptedProvider, count: int) -> str:
    """A group of so many failures; returns its fingerprint."""
    prices = {"one": {"input": 1, "output": 1, "currency": "CNY"}}
    house.wb.profiles.add("scripted", "openai", base_url=provider.url, text_model="one", key="sk-canary0123456789",
                          params={"prices": prices})  # fmt: skip
    provider.script(default={"status": 400})
    profile = house.wb.profiles.id_of("scripted")
    house.wb.jobs.submit_many(
        Request("llm_chat", None, {"messages": [{"role": "user", "content": f"q {n}"}]}, profile_id=profile)
        for n in range(count)
    )
    for job in house.wb.jobs.list(limit=count):
        house.end(job.id)
    [group] = house.wb.jobs.list_failures()
    assert group.count == count
    return group.fingerprint


def test_a_group_is_retried_with_other_settings_by_a_job_of_its_own(house: House) -> None:
    with ScriptedProvider() as provider:
        key = fail_many(house, provider, 22)
        at = house.page("debug")
        at.button(key=f"all_{key}").click().run()
        at.text_input(key="act_model").set_value("two").run()
        assert any("is not among them" in str(c.value) for c in at.caption), "it says up to when"
        # what fails while the reader looks at the dialog was not shown
        late = house.run("llm_chat", None, {"messages": [{"role": "user", "content": "late"}]}, profile="scripted")
        at.button(key="act_go").click().run()
        [bulk] = house.wb.jobs.list(kind="act_on_jobs")
        house.engine._run_bulk()
        assert house.wb.jobs.count_bulk_outcomes(bulk.id) == {"retried": 22}
        assert not house.wb.jobs.get_detail(late.id).replays
        page = house.page("job", id=bulk.id)
        assert any("Retry 22 jobs with other settings" in str(m.value) for m in page.markdown)
        provider.script(default={"text": "Yes."})
        newest = house.wb.jobs.list(limit=1)[0]
        assert (house.end(newest.id).state, provider.calls()[-1]["model"]) == ("succeeded", "two")


def test_the_price_of_very_many_is_told_of_all_and_says_that_it_is_reckoned(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acts, "MOST", 4)
    monkeypatch.setattr(acts, "BY_ID", 4)
    monkeypatch.setattr(acts, "LISTED", 3)
    with ScriptedProvider() as provider:
        key = fail_many(house, provider, 12)
        every = [job.id for job in house.wb.jobs.list(limit=12)]
        [group] = house.wb.jobs.list_failures()
        plan = house.wb.jobs.plan_retry(every)
        whole = sum(act.cost_micros or 0 for act in plan)
        assert whole
        at = house.page("debug")
        at.button(key=f"all_{key}").click().run()
        text = "\n".join(str(block.value) for block in [*at.markdown, *at.caption]).replace("\\", "")
        assert "about 12 of 12 jobs" in text
        assert "reckoned from the newest 4" in text
        assert formats.price({"CNY": whole}, 0, "en") in text
        at.button(key="act_go").click().run()
        [bulk] = house.wb.jobs.list(kind="act_on_jobs")
        shown = {"fingerprint": key, "project": None, "since": bulk.params["how"]["group"]["since"]}
        assert bulk.params["how"]["group"] == {**shown, "until": group.last_at}
        house.engine._run_bulk()
        assert house.wb.jobs.count_bulk_outcomes(bulk.id) == {"retried": 12}


def test_consent_to_take_a_place_holds_for_the_jobs_that_were_named(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acts, "AT_ONCE", 0)
    monkeypatch.setattr(acts, "LISTED", 1)
    plan = {
        "episode_count": 1,
        "episodes": [{"order": 1, "title": "One", "logline": "A lamp.", "scene_scope": "The tower."}],
    }
    with ScriptedProvider() as provider:
        house.wb.profiles.add("scripted", "openai", base_url=provider.url, text_model="one", key="sk-canary0123456789")
        provider.script(default={"status": 400})
        projects = [house.sample() for _ in range(2)]
        failed = [house.run("plan_episodes", project, {}, profile="scripted").id for project in projects]
        for project in projects:
            house.wb.artifacts.save(project, "episode_plan", plan, None)
        [group] = house.wb.jobs.list_failures()
        at = house.page("debug")
        at.button(key=f"all_{group.fingerprint}").click().run()
        assert at.button(key="act_go").disabled, "nobody has said that they may"
        at.checkbox(key="act_replace_newer").check().run()
        at.button(key="act_go").click().run()
        [bulk] = house.wb.jobs.list(kind="act_on_jobs")
        assert (bulk.params["ids"], bulk.params["how"], bulk.params["replace_newer"]) == (
            failed[1:], {"meant": failed[1:]}, False,
        )  # fmt: skip
