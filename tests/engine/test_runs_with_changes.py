"""A group run again with another profile, model, longest answer or prompt, from a step, or read again for free."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.engine import jobs_for_tests
from tests.engine.conftest import Engine, use
from tests.scripted_provider import ScriptedProvider
from workbench import samples
from workbench.db.rows.jobs import Job
from workbench.errors import InvalidInput


def tell(engine: Engine, profile: str, about: str, **params: Any) -> Job:
    asked = {"about": about, **params}
    return engine.finish(engine.wb.submit("test_tell", params=asked, profile=profile).id)


def finish_all(engine: Engine, acts: Any) -> list[Job]:
    return [engine.finish(act.new_id) for act in acts if act.new_id is not None]


def test_a_group_is_run_with_another_model_and_a_longer_answer_at_the_price_that_was_told(
    engine: Engine, provider: ScriptedProvider, project: int
) -> None:
    jobs = engine.wb.jobs
    name = use(engine.wb, provider)
    prices = {"large": {"input": 100, "output": 1000, "currency": "CNY"}}
    engine.wb.profiles.update(name, params={"max_tokens": 40, "prices": prices})
    provider.script(
        nth={"2": {"finish_reason": "length", "usage": {"prompt_tokens": 9, "completion_tokens": 8192}}},
        default={"finish_reason": "length"},
    )
    failed = [tell(engine, name, about).id for about in ("a lamp", "a door", "a stair")]
    book = engine.finish(engine.wb.submit("test_book", project, {"number": 1}, profile=name).id)
    assert {jobs.get(i).error_kind for i in failed} == {"truncated_output"}
    assert (jobs.find_longest_answer(failed), jobs.find_longest_answer([10**6])) == (8192, None)
    provider.script()
    changes: Any = {"text_model": "large", "params": {"max_tokens": 400, "temperature": 0.3}}
    [plain, *_] = jobs.plan_retry(failed)
    plan = jobs.plan_retry(failed, overrides=changes)
    assert (plain.cost_micros, {act.currency for act in plan}) == (None, {"CNY"})
    assert all(act.cost_micros for act in plan), "the other model's price"
    before = len(provider.calls())
    made = finish_all(engine, jobs.retry_many([*failed, book.id], overrides=changes))
    assert [job.state for job in made] == ["succeeded"] * 4
    asked = provider.calls()[before:]
    assert all((a["model"], a["params"]) == ("large", {"max_tokens": 400, "temperature": 0.3}) for a in asked)
    assert len(asked) == 3 + 3, "a parent's children are asked the same"
    # the profile is as it was
    tell(engine, name, "a roof")
    assert provider.calls()[-1]["model"] == "scripted-1"


def test_changes_stay_with_a_retry_of_a_retry_and_wrong_ones_are_refused(
    engine: Engine, provider: ScriptedProvider
) -> None:
    jobs, name = engine.wb.jobs, use(engine.wb, provider)
    provider.script(default={"status": 400})
    first = tell(engine, name, "a lamp")
    [second] = finish_all(engine, jobs.retry_many([first.id], overrides={"text_model": "large"}))
    provider.script()
    [third] = finish_all(engine, jobs.retry_many([second.id]))
    assert (third.state, provider.calls()[-1]["model"]) == ("succeeded", "large")
    wrong: list[Any] = [
        {"params": {"temperature": 9}}, {"params": {"nonsense": 1}}, {"model": "large"},
    ]  # fmt: skip
    for changes in wrong:
        with pytest.raises(InvalidInput):
            jobs.plan_retry([first.id], overrides=changes)


@pytest.mark.parametrize("as_job", [False, True])
def test_a_field_that_is_given_leaves_the_others_as_each_job_was_asked(
    engine: Engine, provider: ScriptedProvider, as_job: bool
) -> None:
    jobs, name = engine.wb.jobs, use(engine.wb, provider)
    provider.script(default={"status": 400})
    own: list[Any] = [
        {"text_model": "large", "params": {"max_tokens": 700}}, {"params": {"temperature": 0.3}}, None,
    ]  # fmt: skip
    failed = []
    for n, asked in enumerate(own):
        [job] = finish_all(engine, jobs.retry_many([tell(engine, name, f"lamp {n}").id], overrides=asked))
        failed.append(job.id)

    def retry(ids: list[int], changes: Any) -> tuple[list[int], list[Any]]:
        if as_job:
            bulk = engine.finish(jobs.act_on_many("retry", ids, overrides=changes).id)
            items = {item.job_id: item.new_id or 0 for item in jobs.list_bulk_items(bulk.id)}
            new = [items[job_id] for job_id in ids]
        else:
            new = [act.new_id or 0 for act in jobs.retry_many(ids, overrides=changes)]
        for job_id in new:
            engine.finish(job_id)
        listed = jobs.list_overrides(new)
        return new, [listed.get(job_id) for job_id in new]

    new, asked = retry(failed, {"params": {"max_tokens": 900}})
    assert asked == [
        {"text_model": "large", "params": {"max_tokens": 900}}, {"params": {"temperature": 0.3, "max_tokens": 900}},
        {"params": {"max_tokens": 900}},
    ]  # fmt: skip
    assert Counter(call["model"] for call in provider.calls()[-3:]) == {"large": 1, "scripted-1": 2}
    new, asked = retry(new, {"text_model": None, "params": {"max_tokens": None}})
    assert asked == [None, {"params": {"temperature": 0.3}}, None], "as the profile says"


def test_another_profile_is_not_asked_for_the_old_ones_model(engine: Engine, provider: ScriptedProvider) -> None:
    jobs, name = engine.wb.jobs, use(engine.wb, provider)
    key = "sk-canary0123456789"
    engine.wb.profiles.add("spare", "openai", base_url=provider.url, text_model="spare-1", key=key)
    provider.script(default={"status": 400})
    first = tell(engine, name, "a lamp")
    changes: Any = {"text_model": "large", "params": {"max_tokens": 400, "temperature": 0.3, "thinking": "disabled"}}
    [second] = finish_all(engine, jobs.retry_many([first.id], overrides=changes))
    [third] = finish_all(engine, jobs.retry_many([second.id], profile=name))
    assert provider.calls()[-1]["model"] == "large", "its own profile is no other"
    before = len(provider.calls())
    bulk = jobs.act_on_many("retry", job_ids=[third.id], profile="spare")
    engine.finish(bulk.id)
    [item] = jobs.list_bulk_items(bulk.id)
    assert item.new_id is not None
    engine.finish(item.new_id)
    provider.script()
    [last] = finish_all(engine, jobs.retry_many([second.id], profile="spare"))
    assert last.state == "succeeded"
    asked = [(call["model"], call["params"]) for call in provider.calls()[before:]]
    assert asked == [("spare-1", {"max_tokens": 400, "temperature": 0.3})] * 2


def test_a_retry_is_priced_as_it_will_be_asked(engine: Engine, provider: ScriptedProvider) -> None:
    jobs, name = engine.wb.jobs, use(engine.wb, provider)
    dear, cheap = ({"input": n, "output": n, "currency": "CNY"} for n in (1000, 10))
    engine.wb.profiles.update(name, params={"prices": {"large": dear, "scripted-1": cheap}})
    key = "sk-canary0123456789"
    engine.wb.profiles.add("spare", "openai", base_url=provider.url, text_model="spare-1", key=key,
                           params={"prices": {"spare-1": cheap}})  # fmt: skip
    provider.script(default={"status": 400})
    first = tell(engine, name, "a lamp")

    def price(job: Job, **settings: Any) -> int | None:
        [act] = jobs.plan_retry([job.id], **settings)
        return act.cost_micros

    usual, changed = price(first), price(first, overrides={"text_model": "large"})
    assert usual is not None
    assert changed == 100 * usual
    [second] = finish_all(engine, jobs.retry_many([first.id], overrides={"text_model": "large"}))
    assert price(second) == jobs.plan_replay(second.id).cost_micros == changed, "it asks the same again"
    assert jobs.get_detail(second.id).overrides == {"text_model": "large"}
    assert (jobs.get_detail(first.id).overrides, jobs.list_overrides([first.id, second.id])) == (
        None, {second.id: {"text_model": "large"}},
    )  # fmt: skip
    assert price(second, overrides={"text_model": None}) == usual, "as the profile says"
    assert price(second, profile="spare") == usual, "that service's own model"
    bulk = jobs.act_on_many("retry", job_ids=[second.id], overrides={"text_model": None})
    engine.finish(bulk.id)
    [item] = jobs.list_bulk_items(bulk.id)
    assert item.new_id is not None
    engine.finish(item.new_id)
    assert provider.calls()[-1]["model"] == "scripted-1"


def test_a_retry_costs_what_the_run_used_and_at_most_what_its_longest_answers_would(
    engine: Engine, provider: ScriptedProvider
) -> None:
    jobs, name = engine.wb.jobs, use(engine.wb, provider)
    engine.wb.profiles.update(name, params={"prices": {"*": {"input": 1, "output": 2, "currency": "USD"}}})
    engine.wb.profiles.add("spare", "openai", base_url=provider.url, text_model="two", key="sk-canary0123456789")
    provider.script(
        nth={"1": {"text": '{"text": "Once."}', "finish_reason": "stop"}},
        default={"finish_reason": "length", "usage": {"prompt_tokens": 2000, "completion_tokens": 8192}},
    )
    failed = tell(engine, name, "a lamp", steps=2)
    assert failed.error_kind == "truncated_output"
    used = 2000 + 2 * 8192

    def price(job: Job, **settings: Any) -> tuple[int | None, int | None]:
        [act] = jobs.plan_retry([job.id], **settings)
        return act.cost_micros, act.most_micros

    assert price(failed) == (used, None), "of the step that is made again; nobody said how long an answer may be"
    for length, most in ((4096, used), (32_768, 2000 + 2 * 32_768), (200_000, 2000 + 2 * 200_000)):
        assert price(failed, overrides={"params": {"max_tokens": length}}) == (used, most)
    assert price(failed, profile="sketch") == (0, 0)
    [again] = finish_all(engine, jobs.retry_many([failed.id], overrides={"params": {"max_tokens": 32_768}}))
    assert price(again) == (used, 2000 + 2 * 32_768), "it is asked the same again"
    whole = jobs.plan_replay(failed.id)
    assert whole.cost_micros is not None
    assert whole.cost_micros > used, "the first step, too"
    [from_second] = jobs.plan_retry([failed.id], from_step="tell-1")
    assert (from_second.reused, from_second.cost_micros) == (1, used)
    [edited] = jobs.plan_retry([failed.id], params={"about": "a door"})
    assert edited.cost_micros == whole.cost_micros
    engine.wb.profiles.update(name, fallback=["spare"])
    assert price(again) == (used, None), "another service may be asked, at its own price"


def test_a_parents_parts_are_priced_as_it_was_asked(engine: Engine, provider: ScriptedProvider, project: int) -> None:
    jobs, name = engine.wb.jobs, use(engine.wb, provider)
    dear, cheap = ({"input": n, "output": n, "currency": "CNY"} for n in (1000, 10))
    engine.wb.profiles.update(name, params={"prices": {"large": dear, "scripted-1": cheap}})
    provider.script(nth={"2": {"status": 400}, "3": {"status": 400}})
    asked = {"kinds": ["test_child_good"] * 2}
    batch = engine.finish(engine.wb.submit("test_batch", project, asked, profile=name).id)
    assert batch.state == "partial"
    [usual] = jobs.plan_retry([batch.id])
    [again] = finish_all(engine, jobs.retry_many([batch.id], overrides={"text_model": "large"}))
    [changed] = jobs.plan_retry([again.id])
    assert usual.cost_micros
    assert (changed.cost_micros, changed.most_micros) == (100 * usual.cost_micros, None)
    [bounded] = jobs.plan_retry([again.id], overrides={"params": {"max_tokens": 100_000}})
    assert bounded.most_micros
    assert bounded.most_micros > (bounded.cost_micros or 0)


def test_from_a_step_on_the_steps_before_it_are_reused(engine: Engine, provider: ScriptedProvider) -> None:
    jobs, name = engine.wb.jobs, use(engine.wb, provider)
    provider.script(nth={"3": {"status": 400}, "4": {"status": 400}})
    failed = [tell(engine, name, "a lamp", steps=3).id, tell(engine, name, "a door").id]
    plan = jobs.plan_retry(failed, from_step="tell-1")
    assert [(act.outcome, act.reused) for act in plan] == [("retry", 1), ("skip", 0)]
    before = len(provider.calls())
    [made] = finish_all(engine, jobs.retry_many(failed, from_step="tell-1"))
    assert (made.state, len(provider.calls()) - before) == ("succeeded", 2)


def test_a_run_is_asked_in_the_words_of_a_version_of_its_prompt(engine: Engine, provider: ScriptedProvider) -> None:
    wb, name = engine.wb, use(engine.wb, provider)
    node = wb.create_project(samples.load("gift-of-the-magi.en"))
    key = "planning/plan_episodes"
    shipped = wb.prompts.get(key, "en").shipped
    own = wb.prompts.save(key, "en", shipped["system"] + "\nSay it in rhyme.", shipped["user"], base_version=0)

    def rhymes(job: Job) -> bool:
        prompt: Any = wb.jobs.get_detail(job.id).model_calls[-1].prompt
        return "Say it in rhyme." in prompt[0]["content"]

    provider.script(default={"status": 400})
    failed = engine.finish(wb.submit("plan_episodes", node, profile=name).id)
    assert rhymes(failed)
    for number, expected in ((0, False), (own.id, True)):
        again = wb.jobs.retry_many([failed.id], overrides={"prompts": {f"{key}.en": number}})
        [failed] = finish_all(engine, again)
        assert rhymes(failed) is expected
    [unknown] = finish_all(engine, wb.jobs.retry_many([failed.id], overrides={"prompts": {f"{key}.en": 10**6}}))
    assert unknown.state == "failed"
    assert "no version" in str(unknown.error)


def test_a_group_is_read_again_for_free_and_says_first_which_would_pass(
    engine: Engine, provider: ScriptedProvider, project: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs, name = engine.wb.jobs, use(engine.wb, provider)
    answers = ['{"text": "A LIE."}', '{"text": "A LIE and a FIB."}', '{"text": 17}']
    failed = []
    for number, answer in enumerate(answers):
        provider.script(default={"text": answer})
        failed.append(tell(engine, name, f"lamp {number}", steps=1).id)
    refused = engine.finish(engine.wb.submit("test_batch", project, {"kinds": ["test_child_bad"]}, profile=name).id)
    monkeypatch.setattr(jobs_for_tests, "FORBIDDEN", "FIB")
    calls, count = len(provider.calls()), jobs.count()
    plan = jobs.plan_reparse([*failed, refused.id])
    assert [act.outcome for act in plan] == ["reparse", "skip", "skip", "skip"]
    assert "lies are not allowed" in str(plan[1].reason)
    assert jobs.count() == count, "nothing is written"
    told = jobs.reparse_many([*failed, refused.id])
    assert Counter(act.outcome for act in told) == {"retried": 1, "skipped": 3}
    [made] = finish_all(engine, told)
    assert (made.state, made.cost_micros, len(provider.calls())) == ("succeeded", None, calls)
    assert made.result == {"texts": ["A LIE."]}
    assert [act.outcome for act in jobs.plan_reparse(failed)] == ["skip"] * 3, "it is made good"
