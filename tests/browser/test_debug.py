"""Forty jobs that failed for three causes: grouped, fixed, compared, made good at the price told; one comes back, and
one is run again from its bundle."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.stack import Stack, settled, visit
from tests.browser.test_ways import key
from tests.conftest import until
from tests.scripted_provider import ScriptedProvider
from workbench import samples
from workbench.db.rows.jobs import FailureGroup, Job

USAGE = {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150}
PRICES = {"one": {"input": 1000, "output": 2000, "currency": "CNY"}}
#: of one answered call, in micros: a tenth for what is asked, a tenth for the answer
PRICE = 200_000


def say(words: str) -> dict[str, object]:
    return {"messages": [{"role": "user", "content": words}]}


def press(page: Page, name: str) -> None:
    key(page, name).get_by_role("button").first.click()


def test_forty_failures_are_grouped_fixed_compared_and_made_good(stack: Stack, page: Page, tmp_path: Path) -> None:
    wb = stack.wb
    with ScriptedProvider() as provider:
        provider.script(default={"text": "The lamp is lit.", "usage": USAGE})
        given = {"key": "sk-canary0123456789abcdef", "text_model": "one"}
        wb.profiles.add("spare", "openai", base_url=provider.url, params={"prices": PRICES}, **given)
        wb.profiles.add("broken", "openai", base_url="http://127.0.0.1:9/v1", **given)
        # what a run takes is known from one that went well
        assert (
            wb.wait(wb.submit("llm_chat", None, say("Tell of the sea."), profile="spare").id, 240).state == "succeeded"
        )

        def submit(words: str, profile: str, count: int) -> list[int]:
            made = [
                wb.submit("llm_chat", None, say(f"{words} {n}"), profile=profile, max_attempts=1) for n in range(count)
            ]
            return [job.id for job in made]

        unreachable = submit("Tell of the lamp", "broken", 15)
        blocked = submit("Tell of the wreck [[fault:filter]]", "spare", 15)
        cut = submit("Tell of the storm [[fault:length]]", "spare", 10)
        failed = wb.wait([*unreachable, *blocked, *cut], 240)
        assert {job.state for job in failed} == {"failed"}
        groups = {str(g.error_kind): g for g in wb.jobs.list_failures()}
        assert {kind: g.count for kind, g in groups.items()} == {
            "network": 15, "content_filter": 15, "truncated_output": 10,
        }  # fmt: skip

        visit(page, f"{stack.url}/debug")
        for group in groups.values():
            expect(key(page, f"group_{group.fingerprint}")).to_contain_text(f"Failed {group.count}")

        # found among all jobs by a word of their payload
        visit(page, f"{stack.url}/jobs")
        key(page, "filter_q").locator("input").fill("WRECK")
        expect(page.get_by_text("15 of 15 shown", exact=False)).to_be_visible()

        visit(page, f"{stack.url}/debug")
        # one by profile
        network = groups["network"].fingerprint
        press(page, f"remedy_other_{network}")
        expect(key(page, "act_profile")).to_be_visible()
        key(page, "act_profile").locator("input").click()
        page.get_by_role("option", name="spare", exact=True).click()
        told = read_price(page, "15 of 15 jobs")
        press(page, "act_go")
        assert spend(stack, unreachable) == told == 15 * PRICE

        # one by payload
        filtered = groups["content_filter"].fingerprint
        press(page, f"inspect_{filtered}")
        newest = blocked[-1]
        editor = key(page, f"payload_{newest}").locator("textarea")
        expect(editor).to_be_visible()
        settled(page)
        editor.fill(json.dumps(say("Tell of the wreck without blood.")))
        editor.press("Control+Enter")
        press(page, f"replay_all_{newest}")
        told = read_price(page, "15 of 15 jobs")
        press(page, "act_go")
        assert spend(stack, blocked) == told == 15 * PRICE

        # one is ignored
        press(page, f"ignored_{groups['truncated_output'].fingerprint}")
        until(lambda: find(stack, groups["truncated_output"].fingerprint).state == "ignored", 30, "that it is ignored")
        visit(page, f"{stack.url}/debug?is=good,ignored")
        for kind, said in (("network", "Made good"), ("content_filter", "Made good"), ("truncated_output", "Ignored")):
            expect(key(page, f"group_{groups[kind].fingerprint}")).to_contain_text(said)

        # compared
        press(page, f"inspect_{filtered}")
        replay = wb.jobs.get_detail(newest).replays[0]
        press(page, f"compare_{replay.id}")
        expect(page).to_have_url(re.compile(rf"/compare\?a={newest}&b={replay.id}"))
        expect(key(page, "compare_prompt_new")).to_contain_text("without blood")
        expect(key(page, f"compare_job_{newest}")).to_contain_text("Blocked by the content filter")
        expect(key(page, f"compare_job_{replay.id}")).to_contain_text("All checks passed")

        # resolved, and back again
        visit(page, f"{stack.url}/debug?is=good")
        press(page, f"resolved_{network}")
        until(lambda: find(stack, network).state == "resolved", 30, "that it is resolved")
        [again] = submit("Tell of the tide", "broken", 1)
        assert wb.wait(again, 240).state == "failed"
        visit(page, f"{stack.url}/debug")
        expect(key(page, f"group_{network}")).to_contain_text("Regressed")
        assert find(stack, network).regressed_by == again

        # a bundle, run offline, fails of the same
        press(page, f"inspect_{network}")
        press(page, f"bundle_{again}")
        with page.expect_download() as download:
            press(page, f"bundle_file_{again}")
        file = tmp_path / "failure.zip"
        download.value.save_as(file)
    ran = subprocess.run(
        [sys.executable, "-m", "workbench.cli", "bundles", "run", str(file), "--json"], capture_output=True, text=True
    )
    assert (ran.returncode, json.loads(ran.stdout)["same"]) == (0, True), ran.stderr


def test_a_failed_job_is_found_by_a_word_that_stands_in_its_prompt_alone(stack: Stack, page: Page) -> None:
    wb = stack.wb
    brief = samples.load("gift-of-the-magi.en")
    with ScriptedProvider() as provider:
        wb.profiles.add("filtering", "openai", base_url=provider.url, text_model="one", key="sk-canary0123456789abcdef")
        plans = []
        for bird in ("kingfisher", "cormorant"):
            project = wb.create_project({**brief, "summary": f"{brief['summary']} A {bird} waits. [[fault:filter]]"})
            plans.append(wb.submit("plan_episodes", project, {}, profile="filtering", max_attempts=1))
        failed = wb.wait([job.id for job in plans], 240)
    assert {job.state for job in failed} == {"failed"}
    for job in failed:
        told = wb.jobs.get_detail(job.id)
        [call] = told.model_calls
        assert "waits" in json.dumps(call.prompt)
        elsewhere = [job.title, job.params, job.error, job.result, call.raw_output, *(e.message for e in told.events)]
        assert not re.search("kingfisher|cormorant", json.dumps(elsewhere))

    visit(page, f"{stack.url}/jobs?kind=plan_episodes")
    expect(page.get_by_text("2 of 2 shown", exact=False)).to_be_visible()
    key(page, "filter_q").locator("input").fill("KINGFISHER")
    expect(page.get_by_text("1 of 1 shown", exact=False)).to_be_visible()
    assert [job.id for job in wb.jobs.list(text="kingfisher")] == [plans[0].id]


def find(stack: Stack, fingerprint: str) -> FailureGroup:
    return next(g for g in stack.wb.jobs.list_failures() if g.fingerprint == fingerprint)


def read_price(page: Page, jobs: str) -> int:
    """What the dialog says that so many jobs cost, in micros."""
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(jobs)
    expect(dialog).to_contain_text(re.compile(r"It costs about ¥[\d.]+"))
    found = re.search(r"It costs about ¥([\d.]+)", dialog.inner_text())
    assert found is not None
    return round(float(found[1].rstrip(".")) * 1_000_000)


def spend(stack: Stack, originals: list[int]) -> int:
    """What the replays of these jobs have cost, once all have succeeded."""

    def replays() -> list[Job]:
        return [job for i in originals for job in stack.wb.jobs.get_detail(i).replays]

    until(lambda: len(replays()) == len(originals), 60, "a replay of each")
    ended = stack.wb.wait([job.id for job in replays()], 240)
    assert {job.state for job in ended} == {"succeeded"}
    return sum(job.cost_micros or 0 for job in ended)
