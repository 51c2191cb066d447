"""The life of a job in one process, on both databases."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, update
from sqlalchemy.exc import DatabaseError

from tests.engine.conftest import Engine, in_background, until, use
from tests.scripted_provider import ScriptedProvider
from workbench import errors
from workbench.db.connection import db_now_ms
from workbench.db.schema import job as job_table
from workbench.db.writes import claims, dispatch, story, sweep, timeline
from workbench.jobs import submit


def test_a_job_runs_to_its_end_and_keeps_its_history(engine: Engine) -> None:
    job = engine.wb.submit("test_tell", params={"about": "a harbour"})
    assert job.state == "queued"
    done = engine.finish(job.id)

    assert (done.state, done.progress, done.claim) == ("succeeded", 100, 1)
    assert done.result == {"texts": ["Once there was a harbour."]}
    shown = engine.wb.jobs.get_detail(job.id)
    assert [a.outcome for a in shown.attempts] == ["ok"]
    assert [s.state for s in shown.steps] == ["done"]
    assert [(c.outcome, c.valid) for c in shown.model_calls] == [("ok", True)]
    assert done.output_tokens > 0
    assert done.cost_micros == 0


def test_a_finished_job_never_changes(engine: Engine) -> None:
    job = engine.wb.submit("test_nothing")
    engine.finish(job.id)
    for change in ({"state": "queued"}, {"claim": 7}, {"result": {"other": 1}}, {"error": "x"}, {"error_kind": "y"}):
        with pytest.raises(DatabaseError, match="a finished job never changes"), engine.wb.database.write() as conn:
            conn.execute(update(job_table).where(job_table.c.id == job.id).values(**change))
    with engine.wb.database.write() as conn:
        conn.execute(update(job_table).where(job_table.c.id == job.id).values(priority=3))
    assert engine.wb.jobs.get(job.id).priority == 3


def test_fifty_clicks_with_one_submit_key_are_one_job(engine: Engine) -> None:
    ids: list[int] = []
    lock = threading.Lock()

    def click() -> None:
        job = engine.wb.submit("test_tell", params={"about": "a click"}, submit_key="the-button")
        with lock:
            ids.append(job.id)

    for thread in [in_background(click) for _ in range(50)]:
        thread.join(120)
    assert len(ids) == 50
    assert len(set(ids)) == 1
    assert len(engine.wb.jobs.list(kind="test_tell")) == 1


def test_a_submit_key_with_other_params_is_refused(engine: Engine) -> None:
    first = engine.wb.submit("test_tell", params={"about": "one"}, submit_key="k")
    with pytest.raises(errors.SubmitKeyReused, match=str(first.id)):
        engine.wb.submit("test_tell", params={"about": "two"}, submit_key="k")


def test_an_equal_active_job_is_returned_and_another_refused(engine: Engine, project: int) -> None:
    first = engine.wb.submit("test_batch", project, {"kinds": ["test_child_good"]})
    again = engine.wb.submit("test_batch", project, {"kinds": ["test_child_good"]})
    assert again.id == first.id
    with pytest.raises(errors.AlreadyActive) as refused:
        engine.wb.submit("test_batch", project, {"kinds": ["test_child_bad"]})
    assert refused.value.job_id == first.id
    engine.finish(first.id)
    assert engine.wb.submit("test_batch", project, {"kinds": ["test_child_good"]}).id != first.id


def test_a_batch_is_submitted_whole_or_not_at_all(engine: Engine) -> None:
    with pytest.raises(errors.InvalidInput):
        engine.wb.jobs.submit_many(
            [submit.Request("test_nothing"), submit.Request("test_nothing", params={"unknown": 1})]
        )
    assert engine.wb.jobs.list() == []


def test_bad_params_and_unknown_kinds_are_refused_by_name(engine: Engine) -> None:
    with pytest.raises(errors.InvalidInput, match="steps"):
        engine.wb.submit("test_tell", params={"steps": "many"})
    with pytest.raises(errors.NotFound, match="no workflow named nonsense"):
        engine.wb.submit("nonsense")
    with pytest.raises(errors.InvalidInput, match="needs a project"):
        engine.wb.submit("test_batch")


def test_a_duplicate_message_does_nothing(engine: Engine) -> None:
    job = engine.wb.submit("test_tell")
    engine.mail.extend([job.id] * 5)
    engine.deliver()
    shown = engine.wb.jobs.get_detail(job.id)
    assert shown.job.claim == 1
    assert len(shown.model_calls) == 1


def test_a_delayed_job_is_not_claimed_before_its_time(engine: Engine) -> None:
    job = engine.wb.submit("test_nothing", delay_ms=600)
    engine.worker.run(job.id)
    assert engine.wb.jobs.get(job.id).state == "queued"
    done = engine.finish(job.id)
    assert done.started_at - done.created_at >= 600


@pytest.mark.parametrize("attempts", [1, 2, 4])
def test_always_500_makes_exactly_max_attempts_calls(engine: Engine, provider: ScriptedProvider, attempts: int) -> None:
    provider.script(default={"status": 500})
    job = engine.wb.submit("test_tell", profile=use(engine.wb, provider), max_attempts=attempts)
    done = engine.finish(job.id)

    assert (done.state, done.error_kind, done.failures) == ("failed", "overloaded", attempts - 1)
    assert len(provider.calls()) == attempts
    shown = engine.wb.jobs.get_detail(job.id)
    assert [a.outcome for a in shown.attempts] == ["error"] * attempts
    assert [c.call_id for c in shown.model_calls] == [c["call_id"] for c in provider.calls()]
    assert {c.outcome for c in shown.model_calls} == {"error"}


def test_a_wrong_key_is_not_retried(engine: Engine, provider: ScriptedProvider) -> None:
    provider.script(default={"status": 401})
    job = engine.wb.submit("test_tell", profile=use(engine.wb, provider), max_attempts=5)
    assert engine.finish(job.id).error_kind == "auth"
    assert len(provider.calls()) == 1


def test_a_429_waits_for_its_retry_after(engine: Engine, provider: ScriptedProvider) -> None:
    provider.script(nth={"1": {"status": 429, "headers": {"Retry-After": "2"}}})
    job = engine.wb.submit("test_tell", profile=use(engine.wb, provider))
    done = engine.finish(job.id)
    assert done.state == "succeeded"
    first, second = provider.calls()
    assert second["at"] - first["ended_at"] >= 1.9
    assert any("retry" in e.message for e in engine.wb.jobs.get_detail(job.id).events)


def test_an_hour_long_hint_reschedules_and_holds_no_worker(engine: Engine, provider: ScriptedProvider) -> None:
    provider.script(default={"status": 429, "headers": {"Retry-After": "3600"}})
    job = engine.wb.submit("test_tell", profile=use(engine.wb, provider))
    engine.deliver()
    waiting = engine.wb.jobs.get(job.id)
    assert waiting.state == "queued"
    assert waiting.available_at - waiting.created_at > 3_000_000


def test_a_resumed_job_reuses_its_done_steps(engine: Engine, provider: ScriptedProvider) -> None:
    provider.script(nth={"2": {"status": 503}})
    job = engine.wb.submit("test_tell", params={"steps": 3}, profile=use(engine.wb, provider))
    done = engine.finish(job.id)
    assert done.state == "succeeded"
    assert len(provider.calls()) == 4
    assert any("reused" in e.message for e in engine.wb.jobs.get_detail(job.id).events)


def test_a_repair_names_the_issues_and_is_counted(engine: Engine, provider: ScriptedProvider) -> None:
    provider.script(nth={"1": {"text": '{"text": "a LIE"}'}, "2": {"text": '{"wrong": 1}'}})
    job = engine.wb.submit("test_tell", profile=use(engine.wb, provider))
    done = engine.finish(job.id)
    assert done.state == "succeeded"
    calls = engine.wb.jobs.get_detail(job.id).model_calls
    assert [(c.purpose, c.valid) for c in calls] == [("generate", False), ("repair", False), ("repair", True)]
    second, third = provider.calls()[1]["request"], provider.calls()[2]["request"]
    assert "lies are not allowed" in second["messages"][-1]["content"]
    assert "text" in third["messages"][-1]["content"]
    assert done.input_tokens == sum(c.input_tokens for c in calls)


def test_three_useless_repairs_end_as_invalid_output_with_the_raw_answer_kept(
    engine: Engine, provider: ScriptedProvider
) -> None:
    provider.script(nth={str(n): {"text": f'{{"text": "LIE {n}", "x{n}": 1}}' if n % 2 else "[]"} for n in range(1, 9)})
    job = engine.wb.submit("test_tell", profile=use(engine.wb, provider))
    done = engine.finish(job.id)
    assert done.state == "failed"
    assert done.error_kind in ("invalid_output", "malformed_output")
    assert len(provider.calls()) == 4
    assert done.result["raw"]
    assert done.result["issues"]


def test_a_repair_that_changes_nothing_ends_early(engine: Engine, provider: ScriptedProvider) -> None:
    provider.script(default={"text": '{"text": "LIE"}'})
    job = engine.wb.submit("test_tell", profile=use(engine.wb, provider))
    assert engine.finish(job.id).error_kind == "invalid_output"
    assert len(provider.calls()) == 2


def test_truncated_and_empty_answers_follow_the_table(engine: Engine, provider: ScriptedProvider) -> None:
    name = use(engine.wb, provider)
    provider.script(default={"finish_reason": "length"})
    cut = engine.finish(engine.wb.submit("test_tell", profile=name).id)
    assert (cut.error_kind, len(provider.calls())) == ("truncated_output", 1)
    assert cut.output_tokens > 0
    provider.script(default={"empty": True})
    blank = engine.finish(engine.wb.submit("test_tell", params={"about": "nothing"}, profile=name).id)
    assert (blank.error_kind, len(provider.calls())) == ("empty_output", 3)


@pytest.mark.parametrize(
    "message",
    [{"content": "", "reasoning_content": '{"text": "thought"}'}, {"content": '<think>{"text": "thought"}</think>'}],
)
def test_an_answer_that_was_only_thought_is_told_once_and_not_asked_for_again(
    message: dict[str, Any], engine: Engine, provider: ScriptedProvider
) -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 50}
    provider.script(default={"body": {"choices": [{"message": message, "finish_reason": "stop"}], "usage": usage}})
    done = engine.finish(engine.wb.submit("test_tell", profile=use(engine.wb, provider), max_attempts=3).id)
    assert (done.error_kind, len(provider.calls())) == ("empty_output", 1)
    assert "enable_thinking" in (done.error or "")
    [call] = engine.wb.jobs.get_detail(done.id).model_calls
    assert (call.outcome, call.input_tokens, call.output_tokens) == ("error", 10, 50)


def test_half_an_answer_is_never_a_success(engine: Engine, provider: ScriptedProvider) -> None:
    provider.script(default={"text": '{"text": "Half"}', "finish_reason": "insufficient_system_resource"})
    done = engine.finish(engine.wb.submit("test_tell", profile=use(engine.wb, provider), max_attempts=1).id)
    assert (done.state, done.error_kind) == ("failed", "overloaded")
    assert "insufficient_system_resource" in (done.error or "")


def test_a_refused_structured_mode_steps_down_and_is_remembered(engine: Engine, provider: ScriptedProvider) -> None:
    provider.script(default={"reject_modes": ["json_schema"]})
    name = use(engine.wb, provider)
    for about in ("one", "two"):
        assert (
            engine.finish(engine.wb.submit("test_tell", params={"about": about}, profile=name).id).state == "succeeded"
        )
    assert [c["mode"] for c in provider.calls()] == ["json_schema", "json_object", "json_object"]
    assert engine.wb.profiles.list()[0].modes == {"scripted-1": "json_object"}


def test_a_deadline_ends_the_attempt_as_timeout(engine: Engine) -> None:
    job = engine.wb.submit("test_deadline", params={"seconds": 300})
    started = time.monotonic()
    assert engine.finish(job.id).error_kind == "timeout"
    assert time.monotonic() - started < 100


def test_a_bug_is_internal_with_its_traceback_and_without_the_key(engine: Engine) -> None:
    job = engine.wb.submit("test_fail", params={"kind": "bug"})
    done = engine.finish(job.id)
    attempt = engine.wb.jobs.get_detail(job.id).attempts[0]
    assert done.error_kind == "internal"
    assert "ZeroDivisionError" in attempt.traceback
    assert "sk-canary" not in str(done) + str(attempt)


def test_like_failures_share_a_fingerprint_and_unlike_ones_do_not(engine: Engine) -> None:
    same = [engine.finish(engine.wb.submit("test_fail", params={"kind": "auth"}).id) for _ in range(3)]
    other = engine.finish(engine.wb.submit("test_fail", params={"kind": "permission"}).id)
    groups = {g.fingerprint: g.count for g in engine.wb.jobs.list_failures()}
    assert len({j.error_fingerprint for j in same}) == 1
    assert groups == {same[0].error_fingerprint: 3, other.error_fingerprint: 1}


def test_cancelling_a_queued_job_is_immediate(engine: Engine) -> None:
    job = engine.wb.submit("test_sleep")
    assert engine.wb.jobs.cancel(job.id) == [job.id]
    assert engine.wb.jobs.get(job.id).state == "cancelled"
    engine.deliver()
    assert engine.wb.jobs.get(job.id).claim == 0
    assert engine.wb.jobs.cancel(job.id) == []


def test_cancelling_a_running_call_closes_its_socket(engine: Engine, provider: ScriptedProvider) -> None:
    provider.script(default={"hang": True})
    job = engine.wb.submit("test_tell", profile=use(engine.wb, provider))
    thread = in_background(engine.deliver)
    until(provider.calls, what="the call")
    engine.wb.jobs.cancel(job.id)
    engine.worker.runner.heartbeat()
    thread.join(120)
    assert engine.wb.jobs.get(job.id).state == "cancelled"
    until(lambda: provider.calls()[0]["disconnected"], what="the closed socket")
    call = engine.wb.jobs.get_detail(job.id).model_calls[0]
    assert (call.outcome, call.error_kind) == ("error", "cancelled")
    assert engine.wb.jobs.get_detail(job.id).attempts[0].outcome == "cancelled"


def test_a_retry_pays_only_for_what_is_missing(engine: Engine, provider: ScriptedProvider) -> None:
    provider.script(nth={"3": {"status": 401}})
    job = engine.wb.submit("test_tell", params={"steps": 3}, profile=use(engine.wb, provider))
    assert engine.finish(job.id).state == "failed"
    again = engine.wb.jobs.retry(job.id)
    assert again.replay_of == job.id
    assert engine.finish(again.id).state == "succeeded"
    assert len(provider.calls()) == 4
    assert engine.wb.jobs.get(job.id).state == "failed"


def test_a_replay_makes_everything_anew_or_from_a_step_on(engine: Engine, provider: ScriptedProvider) -> None:
    job = engine.wb.submit("test_tell", params={"steps": 3}, profile=use(engine.wb, provider))
    engine.finish(job.id)
    engine.finish(engine.wb.jobs.replay(job.id).id)
    assert len(provider.calls()) == 6
    engine.finish(engine.wb.jobs.replay(job.id, from_step="tell-1").id)
    assert len(provider.calls()) == 8
    with pytest.raises(errors.InvalidInput, match="tell-0, tell-1, tell-2"):
        engine.wb.jobs.replay(job.id, from_step="nonsense")


def test_a_replay_with_edited_params_is_audited(engine: Engine) -> None:
    job = engine.wb.submit("test_fail", params={"kind": "auth"})
    engine.finish(job.id)
    again = engine.wb.jobs.replay(job.id, {"kind": "invalid_output"}, user="ada")
    audit = [e.message for e in engine.wb.jobs.get_detail(again.id).events if e.level == "audit"]
    assert len(audit) == 1
    assert "ada replays" in audit[0]
    assert "edited" in audit[0]
    with pytest.raises(errors.InvalidInput):
        engine.wb.jobs.replay(job.id, {"nonsense": 1})
    with pytest.raises(errors.NotAllowed, match="still"):
        engine.wb.jobs.replay(again.id)


def test_priority_then_fair_share_between_projects_then_age(engine: Engine) -> None:
    a = engine.wb.create_project({"title": "A", "language": "en"})
    b = engine.wb.create_project({"title": "B", "language": "en"})
    engine.wb.queues.pause("queue:text")
    many = [engine.wb.submit("test_child_bad", a, {"number": n}) for n in range(4)]
    few = [engine.wb.submit("test_child_bad", b, {"number": n}) for n in range(2)]
    urgent = engine.wb.submit("test_child_bad", a, {"number": 9}, priority=5)
    assert not engine.mail
    engine.wb.queues.resume("queue:text")
    order = list(engine.mail)
    expected = [urgent, few[0], many[0], few[1], many[1], many[2], many[3]]
    assert order == [j.id for j in expected]


def test_a_paused_kind_is_neither_sent_nor_claimed(engine: Engine) -> None:
    engine.wb.queues.pause("kind:test_nothing")
    job = engine.wb.submit("test_nothing")
    engine.worker.run(job.id)
    assert engine.wb.jobs.get(job.id).state == "queued"
    assert not engine.mail
    engine.wb.queues.resume("kind:test_nothing")
    assert engine.finish(job.id).state == "succeeded"
    for typo in ("everything", "queue:texts", "queue:", "project:007", "profile:0", "kind:"):
        with pytest.raises(errors.InvalidInput, match="names nothing"):
            engine.wb.queues.pause(typo)


def test_what_is_not_there_is_not_held_and_what_has_gone_can_be_let_go(engine: Engine, project: int) -> None:
    with engine.wb.database.write() as conn:
        episode = story.add_node(conn, "episode", "One", parent_id=project, project_id=project)
    queues = engine.wb.queues
    for gone in ("kind:test_nothin", f"project:{episode}", "project:999", "profile:999"):
        for hold in (queues.pause, lambda key: queues.limit(key, 1)):
            with pytest.raises(errors.NotFound, match="There is no"):
                hold(gone)
        queues.resume(gone)
        queues.limit(gone, None)
    assert queues.list_gates() == []
    # of a package that is not there any more
    job = engine.wb.submit("test_nothing")
    with engine.wb.database.write() as conn:
        conn.execute(update(job_table).where(job_table.c.id == job.id).values(kind="of_a_package"))
    queues.pause("kind:of_a_package")
    assert [g.key for g in queues.list_gates()] == ["kind:of_a_package"]


def test_a_full_concurrency_key_is_checked_again_inside_the_claim(engine: Engine, project: int) -> None:
    engine.wb.queues.limit(f"project:{project}", 1)
    jobs = [engine.wb.submit("test_child_bad", project, {"number": n}) for n in range(2)]
    with engine.wb.database.write() as conn:
        assert claims.claim(conn, jobs[0].id, "one", 60_000) is not None
        assert claims.claim(conn, jobs[1].id, "two", 60_000) is None


def test_the_window_bounds_what_is_on_its_way(engine: Engine, settings: object) -> None:
    engine.wb.jobs.submit_many([submit.Request("test_nothing", params={"number": n}) for n in range(100)])
    assert len(engine.mail) == 2 * 4
    engine.finish(engine.wb.jobs.list(limit=1)[0].id)
    until(lambda: engine.deliver() or engine.wb.jobs.count_by_state()["succeeded"] == 100)


def test_a_submit_into_a_crowd_ranks_it_after_its_commit(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranking many ready jobs takes long, and in the submit's transaction it would keep every other writer waiting."""
    in_write: list[bool] = []
    real = dispatch.ready

    def ready(conn: Connection, queue: str, limit: int) -> list[tuple[int, str]]:
        in_write.append(conn.get_execution_options().get("writes", False))
        return real(conn, queue, limit)

    monkeypatch.setattr(dispatch, "ready", ready)
    monkeypatch.setattr("workbench.jobs.dispatch.LISTED", 20)
    few = [r.id for r in engine.wb.jobs.submit_many([submit.Request("test_nothing") for _ in range(20)])]
    assert (in_write, list(engine.mail)) == ([True], few[:8])
    engine.mail.clear()
    with engine.wb.database.write() as conn:
        dispatch.clear_all_dispatches(conn)
    in_write.clear()
    engine.wb.submit("test_nothing")
    assert (in_write, list(engine.mail)) == ([False], few[:8])


def test_an_unreachable_redis_loses_no_row(engine: Engine) -> None:
    def away(ids: object) -> None:
        raise errors.Unavailable("Redis cannot be reached")

    engine.wb.jobs._dispatcher._send = away
    job = engine.wb.submit("test_nothing")
    assert job.state == "queued"
    assert "Redis" in job.dispatch_problem
    assert engine.finish(job.id).state == "succeeded"


def test_an_emptied_redis_is_noticed_by_its_epoch(engine: Engine) -> None:
    engine.worker.maintain()
    job = engine.wb.submit("test_nothing")
    engine.mail.clear()
    engine.worker.maintain()
    assert not engine.mail
    engine.epoch = "second"
    engine.worker.maintain()
    assert list(engine.mail) == [job.id]


def test_a_message_never_claimed_is_sent_again(engine: Engine) -> None:
    job = engine.wb.submit("test_nothing")
    engine.mail.clear()
    with engine.wb.database.write() as conn:
        conn.execute(
            update(job_table)
            .where(job_table.c.id == job.id)
            .values(dispatched_at=db_now_ms() - 60_000, available_at=db_now_ms() - 60_000)
        )
    engine.worker.maintain()
    assert list(engine.mail) == [job.id]


def test_a_reparse_reads_the_stored_answer_with_todays_checks_and_calls_nobody(
    engine: Engine, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.engine import jobs_for_tests

    provider.script(default={"text": '{"text": "LIE"}'})
    job = engine.wb.submit("test_tell", profile=use(engine.wb, provider))
    assert engine.finish(job.id).error_kind == "invalid_output"
    calls = len(provider.calls())

    still_bad = engine.finish(engine.wb.jobs.reparse(job.id).id)
    assert still_bad.error_kind == "invalid_output"
    monkeypatch.setattr(jobs_for_tests, "FORBIDDEN", "nothing at all")
    good = engine.finish(engine.wb.jobs.reparse(job.id).id)
    assert (good.state, good.result, good.replay_of) == ("succeeded", {"texts": ["LIE"]}, job.id)
    assert len(provider.calls()) == calls
    assert engine.wb.jobs.get_detail(good.id).model_calls == []


def test_retention_forgets_raw_text_and_history_but_no_job_no_token_and_no_cost(engine: Engine) -> None:
    from workbench.db.writes import ledger

    job = engine.finish(engine.wb.submit("test_tell").id)
    with engine.wb.database.write() as conn:
        assert ledger.prune_raw(conn, 3_600_000) == 0
        sweep.prune_history(conn, 3_600_000)
    assert engine.wb.jobs.get_detail(job.id).steps
    with engine.wb.database.write() as conn:
        assert ledger.prune_raw(conn, -1000) == 1
        sweep.prune_history(conn, -1000)
    shown = engine.wb.jobs.get_detail(job.id)
    assert (shown.steps, shown.events) == ([], [])
    assert (shown.model_calls[0].prompt, shown.model_calls[0].raw_output) == (None, None)
    assert shown.model_calls[0].output_tokens == job.output_tokens


def test_a_running_text_shows_its_tail_at_most_once_a_second(
    engine: Engine, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The words are held back until a second after the first tail."""
    shown: list[tuple[float, str]] = []
    later = tmp_path / "later"
    real = timeline.set_preview

    def seen(conn: Connection, job_id: int, claim: int, text: str) -> None:
        shown.append((time.monotonic(), text))
        real(conn, job_id, claim, text)
        if len(shown) == 1:
            threading.Timer(1.1, later.touch).start()

    monkeypatch.setattr(timeline, "set_preview", seen)
    words = [f"word{n} " for n in range(30)]
    provider.script(default={"pieces": ['{"text": "', *words, 'end"}'], "drip_ms": 80, "hold": str(later)})
    began = time.monotonic()
    done = engine.finish(engine.wb.submit("test_tell", profile=use(engine.wb, provider)).id)

    assert done.state == "succeeded", done.error
    assert len(shown) >= 2
    # by number: on a busy machine one may wait for its turn to be written, and come just before the next
    assert len(shown) <= 1 + shown[-1][0] - began
    assert "word0" in shown[1][1]
    assert engine.wb.jobs.get(done.id).preview is None
    [call] = engine.wb.jobs.get_detail(done.id).model_calls
    assert call.ttft_ms is not None
    assert call.ttft_ms <= call.latency_ms - 1000
