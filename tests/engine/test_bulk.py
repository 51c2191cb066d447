"""One act on any number of jobs, as a job: what came of each, and the way back."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from tests.conftest import until
from tests.engine import jobs_for_tests
from tests.scripted_provider import ScriptedProvider
from workbench import samples
from workbench.db.rows.jobs import JobFilters
from workbench.db.schema import bulk_item
from workbench.errors import InvalidInput, NotAllowed, NotFound
from workbench.jobs import bulk
from workbench.jobs.submit import Request

from .conftest import Engine, use

PLAN = {
    "episode_count": 1,
    "episodes": [{"order": 1, "title": "One", "logline": "A lamp goes out.", "scene_scope": "The tower."}],
}


def make(engine: Engine, count: int, workflow: str = "test_tell", **params: Any) -> list[int]:
    requests = [Request(workflow, params=params, submit_key=uuid4().hex) for _ in range(count)]
    return [job.id for job in engine.wb.jobs.submit_many(requests)]


def run(engine: Engine, bulk_id: int) -> dict[str, int]:
    """Run just this bulk job to its end, as a worker's own loop for them does."""
    engine.mail.clear()
    engine.worker._run_bulk()
    job = engine.wb.jobs.get(bulk_id)
    assert (job.state, job.progress) == ("succeeded", 100)
    counts = engine.wb.jobs.count_bulk_outcomes(bulk_id)
    assert job.result == counts
    return counts


def states(engine: Engine, ids: list[int]) -> set[str]:
    return set(engine.wb.jobs.states(ids).values())


def test_many_are_cancelled_by_a_filter_and_brought_back(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "PIECE", 4)
    mine, others = make(engine, 10), make(engine, 2, "test_sleep")
    wanted: JobFilters = {"kind": "test_tell", "state": ["queued"]}
    cancel = engine.wb.jobs.act_on_many("cancel", filters=wanted, user="Ann")
    late = make(engine, 1)
    assert cancel.params["total"] == 10
    assert run(engine, cancel.id) == {"cancelled": 10}
    assert states(engine, mine) == {"cancelled"}
    # what came later was not meant
    assert states(engine, [*others, *late]) == {"queued"}
    first, second = (engine.wb.jobs.list_bulk_items(cancel.id, limit=6, below=b) for b in (None, mine[4]))
    assert [item.job_id for item in first] == mine[:3:-1]
    assert [item.job_id for item in second] == mine[3::-1]
    with pytest.raises(NotAllowed):
        engine.wb.jobs.undo_bulk(mine[0])
    undo = engine.wb.jobs.undo_bulk(cancel.id)
    assert engine.wb.jobs.undo_bulk(cancel.id).id == undo.id
    assert run(engine, undo.id) == {"retried": 10}
    back = [item.new_id for item in engine.wb.jobs.list_bulk_items(undo.id)]
    assert states(engine, [i for i in back if i is not None]) == {"queued"}
    with pytest.raises(NotAllowed):
        engine.wb.jobs.undo_bulk(undo.id)


def test_an_undo_that_was_cancelled_is_done_again_for_what_is_left(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "PIECE", 2)
    jobs, ids = engine.wb.jobs, make(engine, 6)
    cancel = jobs.act_on_many("cancel", ids)
    assert run(engine, cancel.id) == {"cancelled": 6}
    first = jobs.undo_bulk(cancel.id)
    jobs.cancel(first.id)
    second = jobs.undo_bulk(cancel.id)
    assert second.id != first.id
    assert jobs.undo_bulk(cancel.id).id == second.id, "never two at once"

    note = bulk.note

    def cancel_after_one_piece(session: Any, told: Any) -> None:
        note(session, told)
        jobs.cancel(second.id)
        engine.worker.runner.heartbeat()

    with monkeypatch.context() as patch:
        patch.setattr(bulk, "note", cancel_after_one_piece)
        engine.mail.clear()
        until(lambda: engine.worker._run_bulk() or jobs.get(second.id).state == "cancelled", 60, "the second's end")
    assert jobs.count_bulk_outcomes(second.id) == {"retried": 2}
    third = jobs.undo_bulk(cancel.id)
    assert third.params["total"] == 4
    assert run(engine, third.id) == {"retried": 4}
    undone = [item.job_id for undo in (second, third) for item in jobs.list_bulk_items(undo.id)]
    assert undone == ids[::-1]
    assert jobs.undo_bulk(cancel.id).id == third.id, "nothing is left"


def test_what_an_undo_was_refused_is_asked_again(engine: Engine) -> None:
    ids = make(engine, 2)
    cancel = engine.wb.jobs.act_on_many("cancel", ids)
    run(engine, cancel.id)
    first = engine.wb.jobs.undo_bulk(cancel.id)
    assert run(engine, first.id) == {"retried": 2}
    with engine.wb.database.write() as conn:
        conn.execute(
            update(bulk_item).where(bulk_item.c.bulk_id == first.id, bulk_item.c.job_id == ids[0]).values(
                outcome="refused", new_id=None
            )
        )  # fmt: skip
    second = engine.wb.jobs.undo_bulk(cancel.id)
    assert (second.id != first.id, second.params["total"]) == (True, 1)
    run(engine, second.id)
    assert [item.job_id for item in engine.wb.jobs.list_bulk_items(second.id)] == ids[:1]


def test_priorities_are_set_and_given_back_one_by_one(engine: Engine) -> None:
    ids = make(engine, 3)
    engine.wb.jobs.set_priority(ids[:1], 7)
    engine.wb.jobs.cancel(ids[2])
    change = engine.wb.jobs.act_on_many("priority", ids, priority=50)
    assert run(engine, change.id) == {"changed": 2, "skipped": 1}
    assert [engine.wb.jobs.get(i).priority for i in ids] == [50, 50, 0]
    (left,) = [item for item in engine.wb.jobs.list_bulk_items(change.id) if item.outcome == "skipped"]
    assert left.job_id == ids[2]
    assert "had already ended" in (left.reason or "")
    assert run(engine, engine.wb.jobs.undo_bulk(change.id).id) == {"changed": 2}
    assert [engine.wb.jobs.get(i).priority for i in ids] == [7, 0, 0]


def test_failures_are_retried_and_their_retries_called_off(engine: Engine) -> None:
    failed = make(engine, 2, "test_fail", kind="bug")
    for job_id in failed:
        assert engine.finish(job_id).state == "failed"
    good = engine.finish(make(engine, 1)[0]).id
    retry = engine.wb.jobs.act_on_many("retry", [*failed, good, 10**9])
    assert run(engine, retry.id) == {"retried": 2, "skipped": 1}
    new = [item.new_id or 0 for item in engine.wb.jobs.list_bulk_items(retry.id) if item.outcome == "retried"]
    assert states(engine, new) == {"queued"}
    undo = engine.wb.jobs.undo_bulk(retry.id)
    assert run(engine, undo.id) == {"cancelled": 2}
    assert states(engine, new) == {"cancelled"}
    assert [item.job_id for item in engine.wb.jobs.list_bulk_items(undo.id)] == failed[::-1]


def test_a_bulk_job_goes_on_behind_what_it_has_done(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "PIECE", 2)
    ids = make(engine, 6)
    cancel = engine.wb.jobs.act_on_many("cancel", ids)
    act, pieces = bulk._act, []

    async def killed_after_two(session: Any, params: Any, piece: Any, rest: Any) -> Any:
        pieces.append(piece)
        told = await act(session, params, piece, rest)
        if len(pieces) == 2:
            # done, and not noted yet
            raise OperationalError("UPDATE", {}, Exception("away"))
        return told

    monkeypatch.setattr(bulk, "_act", killed_after_two)
    engine.mail.clear()

    def ended() -> bool:
        engine.worker._run_bulk()
        return engine.wb.jobs.get(cancel.id).state == "succeeded"

    until(ended, 60, "the bulk job's end")
    assert engine.wb.jobs.count_bulk_outcomes(cancel.id) == {"cancelled": 4, "skipped": 2}
    assert pieces.count(pieces[1]) == 2
    assert states(engine, ids) == {"cancelled"}


def test_an_act_is_asked_for_by_ids_or_by_filters(engine: Engine) -> None:
    for wrong in ({}, {"job_ids": [1], "filters": {"state": "queued"}}):
        with pytest.raises(InvalidInput, match="one of the three"):
            engine.wb.jobs.act_on_many("cancel", **wrong)
    assert run(engine, engine.wb.jobs.act_on_many("cancel", filters={"kind": "nothing"}).id) == {}


def tell(engine: Engine, profile: str, count: int, **params: Any) -> list[int]:
    """So many failures of one group, each of another lamp."""
    asked = [
        engine.wb.submit("test_tell", params={"about": f"lamp {n}", **params}, profile=profile) for n in range(count)
    ]
    ids = [engine.finish(job.id).id for job in asked]
    assert {engine.wb.jobs.get(i).state for i in ids} == {"failed"}
    return ids


def items(engine: Engine, bulk_id: int) -> dict[int, tuple[str, int | None, str]]:
    listed = engine.wb.jobs.list_bulk_items(bulk_id, limit=1_000)
    return {item.job_id: (item.outcome, item.new_id, item.reason or "") for item in listed}


def test_many_are_retried_with_other_settings_and_edited_params(
    engine: Engine, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "PIECE", 4)
    name, spare = use(engine.wb, provider), use(engine.wb, provider, "spare")
    provider.script(default={"status": 400})
    failed = tell(engine, name, 9)
    provider.script()
    changes: Any = {"text_model": "large", "params": {"max_tokens": 400}}
    retry = engine.wb.jobs.act_on_many(
        "retry", filters={"state": "failed"}, profile=spare, overrides=changes, params={"about": "a door"}
    )
    assert run(engine, retry.id) == {"retried": 9}
    before = len(provider.calls())
    for _, new_id, _ in items(engine, retry.id).values():
        assert engine.finish(new_id or 0).params == {"about": "a door", "steps": 1}
        assert engine.wb.jobs.get(new_id or 0).profile_id == engine.wb.profiles.id_of(spare)
    asked = provider.calls()[before:]
    assert [(a["model"], a["params"]) for a in asked] == [("large", {"max_tokens": 400})] * 9
    assert [group.replayed for group in engine.wb.jobs.list_failures()] == [len(failed)]
    wrong: list[Any] = [{"overrides": {"params": {"temperature": 9}}}, {"profile": "nobody's"}]
    for settings in wrong:
        with pytest.raises((InvalidInput, NotFound)):
            engine.wb.jobs.act_on_many("retry", failed, **settings)
    with pytest.raises(InvalidInput, match="retry alone"):
        engine.wb.jobs.act_on_many("cancel", failed, profile=spare)


def test_a_group_is_retried_from_a_step_on_without_what_fails_later(
    engine: Engine, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "PIECE", 2)
    name = use(engine.wb, provider)
    provider.script(nth={str(3 * n): {"status": 400} for n in range(1, 6)})
    failed = tell(engine, name, 4, steps=3)
    [group] = engine.wb.jobs.list_failures()
    [late] = tell(engine, name, 1, steps=3, about="a door")
    provider.script()
    retry = engine.wb.jobs.act_on_many(
        "retry", group={"fingerprint": group.fingerprint, "until": group.last_at}, from_step="tell-1"
    )
    assert retry.params["total"] == 4
    assert run(engine, retry.id) == {"retried": 4}
    told = items(engine, retry.id)
    assert (sorted(told), late in told) == (failed, False)
    before = len(provider.calls())
    assert {engine.finish(new or 0).state for _, new, _ in told.values()} == {"succeeded"}
    assert len(provider.calls()) - before == 4 * 2
    rest = engine.wb.jobs.act_on_many("retry", group={"fingerprint": group.fingerprint})
    assert run(engine, rest.id) == {"retried": 1}, "what is made good is not meant"


def test_a_whole_group_is_read_again_for_free(
    engine: Engine, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "PIECE", 2)
    name = use(engine.wb, provider)
    provider.script(default={"text": '{"text": "A LIE."}'})
    failed = tell(engine, name, 3)
    provider.script(default={"text": '{"text": "A LIE and a FIB."}'})
    [wrong] = tell(engine, name, 1, about="a door")
    monkeypatch.setattr(jobs_for_tests, "FORBIDDEN", "FIB")
    [group] = engine.wb.jobs.list_failures()
    calls = len(provider.calls())
    again = engine.wb.jobs.act_on_many("reparse", group={"fingerprint": group.fingerprint})
    assert run(engine, again.id) == {"retried": 3, "skipped": 1}
    told = items(engine, again.id)
    assert "lies are not allowed" in told[wrong][2]
    for job_id in failed:
        made = engine.finish(told[job_id][1] or 0)
        assert (made.state, made.result) == ("succeeded", {"texts": ["A LIE."]})
    assert len(provider.calls()) == calls
    with pytest.raises(NotAllowed):
        engine.wb.jobs.undo_bulk(again.id)


def test_it_is_told_first_which_of_many_answers_pass_and_those_are_saved(
    engine: Engine, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "PIECE", 2)
    jobs, name = engine.wb.jobs, use(engine.wb, provider)
    provider.script(default={"text": '{"text": "A LIE."}'})
    failed = tell(engine, name, 3)
    provider.script(default={"text": '{"text": "A LIE and a FIB."}'})
    [wrong] = tell(engine, name, 1, about="a door")
    monkeypatch.setattr(jobs_for_tests, "FORBIDDEN", "FIB")
    [group] = jobs.list_failures()
    calls, count = len(provider.calls()), jobs.count()
    look = jobs.act_on_many("read", group={"fingerprint": group.fingerprint})
    assert run(engine, look.id) == {"reparse": 3, "skipped": 1}
    told = items(engine, look.id)
    assert [told[i][0] for i in (*failed, wrong)] == ["reparse"] * 3 + ["skipped"]
    assert (jobs.count(), len(provider.calls())) == (count + 1, calls), "nothing is saved"
    with pytest.raises(NotAllowed):
        jobs.undo_bulk(look.id)
    with pytest.raises(NotAllowed):
        jobs.act_on_many("reparse", passed=wrong)
    jobs.reparse(failed[0])
    save = jobs.act_on_many("reparse", passed=look.id)
    assert save.params["total"] == 3
    assert run(engine, save.id) == {"retried": 2, "skipped": 1}, "what has been done since is left out"
    told = items(engine, save.id)
    assert wrong not in told
    for job_id in failed[1:]:
        assert engine.finish(told[job_id][1] or 0).result == {"texts": ["A LIE."]}
    assert len(provider.calls()) == calls


def test_a_version_by_hand_gives_way_only_where_it_was_named(engine: Engine, provider: ScriptedProvider) -> None:
    wb, name = engine.wb, use(engine.wb, provider)
    provider.script(default={"status": 400})
    nodes = [wb.create_project(samples.load("gift-of-the-magi.en")) for _ in range(3)]
    failed = [engine.finish(wb.submit("plan_episodes", node, profile=name).id).id for node in nodes]
    for node in nodes[:2]:
        wb.artifacts.save(node, "episode_plan", PLAN, None)
    plan = wb.jobs.plan_retry(failed)
    assert [act.outcome for act in plan] == ["would_replace", "would_replace", "retry"]
    for how in ({"job_ids": failed}, {"filters": {"kind": "plan_episodes", "state": "failed"}}):
        retry = wb.jobs.act_on_many("retry", replace_newer=failed[:1], **how)  # type: ignore[arg-type]
        told = {}
        if "job_ids" in how:
            assert run(engine, retry.id) == {"retried": 2, "refused": 1}
            told = items(engine, retry.id)
            assert [told[i][0] for i in failed] == ["retried", "refused", "retried"]
            assert "saved by hand" in told[failed[1]][2]
        else:
            # two are at work by now
            assert run(engine, retry.id) == {"skipped": 2, "refused": 1}


def test_pieces_of_many_are_planned_as_if_they_were_one(
    engine: Engine, project: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest failure of a work, and a part by its parent, although the pieces that hold them are others."""
    parent = engine.finish(engine.wb.submit("test_batch", project, {"kinds": ["test_child_good", "test_child_bad"]}).id)
    child = engine.wb.jobs.list_children(parent.id)[1]
    ids = [engine.finish(engine.wb.submit("test_child_moody", project, {"number": 1}).id).id for _ in range(2)]
    every = [parent.id, child.id, *ids]
    plan = {act.job_id: act.outcome for act in engine.wb.jobs.plan_retry(every)}
    assert plan == {parent.id: "retry", child.id: "skip", ids[0]: "skip", ids[1]: "retry"}
    monkeypatch.setattr(bulk, "PIECE", 1)
    asked: list[Any] = [{"job_ids": every}, {"filters": {"project": project, "state": ["failed", "partial"]}}]
    for how in asked:
        retry = engine.wb.jobs.act_on_many("retry", **how)
        assert run(engine, retry.id) == {"retried": 2, "skipped": 2}
        told = items(engine, retry.id)
        assert {i for i, (outcome, *_) in told.items() if outcome == "retried"} == {parent.id, ids[1]}
        assert "Part of job" in told[child.id][2]
        assert run(engine, engine.wb.jobs.undo_bulk(retry.id).id) == {"cancelled": 2}
