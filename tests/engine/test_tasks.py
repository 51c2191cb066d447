"""Paid steps with an uncertain outcome: a video is created once whatever dies, and nothing is charged twice in
silence."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from tests.engine.conftest import Engine, until
from tests.media.clips import tiny_mp4
from tests.workflows.frames import MOTION, scene_of
from workbench import errors
from workbench.db.connection import db_now_ms
from workbench.db.schema import job, media, step
from workbench.db.writes import ledger, steps
from workbench.errors import ProviderError
from workbench.i18n import Text
from workbench.jobs import poller
from workbench.providers.base import (
    GeneratedMedia,
    ImageProvider,
    ImageReply,
    ImageRequest,
    Profile,
    TaskState,
    Usage,
    VideoProvider,
    VideoRequest,
)
from workbench.settings import Settings

CLIP = {"width": 640, "height": 360, "seconds": 2.0, "model": "sketch-1"}


class VideoService(ImageProvider, VideoProvider):
    """A paid service with tasks and images; its log is a file, as a service's is beyond our process."""

    name = "service"

    def __init__(self, log: Path) -> None:
        self.log = log
        self.states: list[TaskState | Exception] = []
        self.fail_create: ProviderError | None = None
        self.fail_images: dict[str, ProviderError] = {}
        self.answer: bytes | None = None
        self.image_s = 0.0
        self.task_name = "task-1"
        self.let_go = threading.Event()
        self.let_go.set()

    def __call__(self, profile: Profile) -> Any:
        return self

    def _note(self, what: str) -> None:
        with self.log.open("a") as file:
            file.write(json.dumps(what) + "\n")

    def calls(self, what: str) -> int:
        return sum(json.loads(line) == what for line in self.log.read_text().splitlines()) if self.log.exists() else 0

    async def submit(self, request: VideoRequest) -> str:
        self._note("create")
        failure, self.fail_create = self.fail_create, None
        if failure:
            raise failure
        await asyncio.to_thread(self.let_go.wait, 30)
        return self.task_name

    async def images(self, request: ImageRequest) -> ImageReply:
        self._note("image")
        self._note(request.prompt)
        failure, self.fail_create = self.fail_create, None
        for word, error in self.fail_images.items():
            if word in request.prompt:
                failure = error
        if failure:
            raise failure
        await asyncio.sleep(self.image_s)
        await asyncio.to_thread(self.let_go.wait, 30)
        assert request.draw is not None
        return ImageReply((GeneratedMedia(self.answer or request.draw()),), Usage(10, None, 20), "paid-1", count=1)

    async def poll(self, task_id: str) -> TaskState:
        assert task_id == self.task_name
        self._note("poll")
        state = self.states.pop(0) if self.states else TaskState("running", poll_after_ms=10)
        if isinstance(state, Exception):
            raise state
        return state

    async def cancel(self, task_id: str) -> None:
        self._note("cancel")


@pytest.fixture
def service(tmp_path: Path) -> VideoService:
    return VideoService(tmp_path / "service.log")


@pytest.fixture
def studio(settings: Settings, service: VideoService) -> Iterator[Engine]:
    made = Engine(settings, make_provider=service)
    yield made
    made.close()


def due_now(engine: Engine) -> None:
    with engine.wb.database.write() as conn:
        conn.execute(update(step).where(step.c.state == "submitted").values(poll_at=db_now_ms() - 1))


def test_a_video_is_created_once_and_waits_without_a_worker(studio: Engine, service: VideoService) -> None:
    made = studio.wb.submit("test_video")
    studio.deliver()
    waiting = studio.wb.jobs.get(made.id)
    assert (waiting.state, waiting.waiting_for) == ("waiting", "provider")
    assert studio.worker.runner.busy == 0

    service.states = [
        TaskState("queued", poll_after_ms=1),
        RuntimeError("429"),
        TaskState("succeeded", GeneratedMedia(tiny_mp4())),
    ]
    for _ in range(3):
        due_now(studio)
        studio.worker.maintain()
    done = studio.finish(made.id)
    assert done.state == "succeeded"
    assert {k: v for k, v in done.result.items() if k != "media"} == CLIP
    assert studio.wb.media.get(done.result["media"]).kind == "video"
    assert studio.wb.media.path(done.result["media"]).read_bytes()[4:8] == b"ftyp"
    assert (service.calls("create"), service.calls("poll")) == (1, 3)


def test_a_task_that_failed_at_the_provider_fails_the_job_with_its_words(studio: Engine, service: VideoService) -> None:
    made = studio.wb.submit("test_video")
    studio.deliver()
    service.states = [TaskState("failed", error="the face is blurred")]
    due_now(studio)
    done = studio.finish(made.id)
    assert done.state == "failed"
    assert "the face is blurred" in done.error


def test_two_processes_that_see_a_task_due_poll_it_once(studio: Engine, service: VideoService) -> None:
    from workbench.db.writes import steps

    studio.wb.submit("test_video")
    studio.deliver()
    due_now(studio)
    with studio.wb.database.read() as conn:
        [row] = steps.list_due_polls(conn)
    with studio.wb.database.write() as conn:
        assert steps.take_poll(conn, row, 60_000)
        assert not steps.take_poll(conn, row, 60_000)


def test_cancelling_a_waiting_video_cancels_it_at_the_provider(studio: Engine, service: VideoService) -> None:
    made = studio.wb.submit("test_video")
    studio.deliver()
    studio.wb.jobs.cancel(made.id)
    service.states = [TaskState("queued", poll_after_ms=1), TaskState("cancelled")]
    for _ in range(3):
        due_now(studio)
        studio.worker.maintain()
    assert (service.calls("cancel"), service.calls("poll")) == (1, 2)
    assert studio.wb.jobs.get(made.id).state == "cancelled"


def test_a_cancelled_video_that_runs_on_is_asked_for_until_its_cost_is_known(
    studio: Engine, service: VideoService
) -> None:
    params = {"prices": {"*": {"currency": "CNY", "video_tokens": 10}}}
    studio.wb.profiles.add("films", "openai", base_url="http://127.0.0.1:9", video_model="v", params=params)
    made = studio.wb.submit("test_video", profile="films")
    studio.deliver()
    studio.wb.jobs.cancel(made.id)
    ended = TaskState("succeeded", GeneratedMedia(tiny_mp4()), usage=Usage(output=200_000), seconds=2.0)
    service.states = [TaskState("running", poll_after_ms=1), ended]
    for _ in range(3):
        due_now(studio)
        studio.worker.maintain()
    assert (service.calls("cancel"), service.calls("poll")) == (0, 2)
    shown = studio.wb.jobs.get_detail(made.id)
    [call] = shown.model_calls
    assert (call.output_tokens, call.cost_micros, call.currency) == (200_000, 2_000_000, "CNY")
    assert (shown.job.state, shown.job.cost_micros) == ("cancelled", 2_000_000)
    with studio.wb.database.read() as conn:
        assert conn.execute(select(func.count()).select_from(media)).scalar_one() == 0


@pytest.mark.parametrize(
    "answer",
    [ProviderError("overloaded", Text("busy"), http_status=503), RuntimeError("a bug"), TaskState("running")],
    ids=["overloaded", "bug", "running"],
)
def test_a_service_that_tells_nothing_for_days_is_given_up(
    studio: Engine, service: VideoService, answer: TaskState | Exception
) -> None:
    made = studio.wb.submit("test_video")
    studio.deliver()
    service.states = [answer]
    due_now(studio)
    studio.worker.maintain()
    assert studio.wb.jobs.get(made.id).state == "waiting"
    with studio.wb.database.write() as conn:
        conn.execute(update(step).values(created_at=db_now_ms() - 49 * 3_600_000))
    service.states = [answer]
    due_now(studio)
    assert studio.finish(made.id).state == "failed"


def test_a_clip_that_comes_slowly_keeps_no_other_one_waiting(
    studio: Engine, service: VideoService, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, quick = (int(studio.wb.submit("test_video", params={"about": about}).id) for about in ("slow", "quick"))
    studio.deliver()
    arrived, begun, real = threading.Event(), threading.Event(), poller.store_generated

    async def kept(*of: Any) -> Any:
        if not begun.is_set():
            begun.set()
            await asyncio.to_thread(arrived.wait, 30)
        return await real(*of)

    def due(job_id: int) -> None:
        with studio.wb.database.write() as conn:
            conn.execute(update(step).where(step.c.job_id == job_id).values(poll_at=db_now_ms() - 1))

    monkeypatch.setattr(poller, "store_generated", kept)
    service.states = [TaskState("succeeded", GeneratedMedia(tiny_mp4())) for _ in range(2)]
    due(slow)
    polling = threading.Thread(target=studio.worker._poller.run_once)
    polling.start()
    try:
        assert begun.wait(120)
        due(quick)
        until(lambda: studio.wb.jobs.get(quick).state == "queued", 20, "the quick clip")
        assert studio.wb.jobs.get(slow).state == "waiting"
    finally:
        arrived.set()
        polling.join(120)
    assert [studio.finish(j).state for j in (slow, quick)] == ["succeeded"] * 2


def test_a_story_that_goes_on_meanwhile_costs_no_second_clip(studio: Engine, service: VideoService) -> None:
    """The clip is the one that was asked for, and counts as made from the motion and the length of then."""
    node = scene_of(studio)
    studio.wb.artifacts.save(node, "motion_prompt", MOTION, None)
    studio.wb.profiles.add("films", "openai", base_url="http://127.0.0.1:9", text_model="t", video_model="v")
    made = studio.wb.submit("generate_scene_video", node, {"first_frame": "none"}, profile="films")
    studio.deliver()
    assert studio.wb.jobs.get(made.id).waiting_for == "provider"
    studio.wb.artifacts.save(node, "motion_prompt", {**MOTION, "constraints": ["another coat"]}, 1)
    parts = {"dialogue": 1.5, "action": 2.0, "transition": 0, "pause": 0.4}
    studio.wb.artifacts.save(node, "duration", {"seconds": 3.9, "parts": parts, "confidence": "medium"}, None)
    service.states = [TaskState("succeeded", GeneratedMedia(tiny_mp4()))]
    due_now(studio)
    done = studio.finish(made.id)
    assert (done.state, service.calls("create")) == ("succeeded", 1), done.error
    assert {r.kind for r in studio.wb.artifacts.list_stale_reasons(node, "scene_video")} >= {"motion_prompt"}

    again = studio.wb.submit("generate_scene_video", node, {"first_frame": "none"}, profile="films")
    studio.deliver()
    assert studio.wb.jobs.get(again.id).waiting_for == "provider"
    assert service.calls("create") == 2


def test_an_image_call_that_broke_off_is_never_silently_paid_again(studio: Engine, service: VideoService) -> None:
    made = studio.wb.submit("test_image", max_attempts=3)
    service.fail_create = ProviderError("network", Text("the connection broke"))
    until(lambda: (studio.worker.maintain(), studio.deliver(), studio.wb.jobs.get(made.id).state == "waiting")[-1])
    assert studio.wb.jobs.get(made.id).waiting_for == "decision"
    assert service.calls("image") == 1


def test_an_image_that_was_refused_outright_may_be_tried_again(studio: Engine, service: VideoService) -> None:
    made = studio.wb.submit("test_image", max_attempts=2)
    service.fail_create = ProviderError("rate_limit", Text("busy"), http_status=429)
    assert studio.finish(made.id).state == "succeeded"
    assert service.calls("image") == 2


@pytest.mark.parametrize(("choice", "creates", "state"), [("send_again", 2, "waiting"), ("give_up", 1, "failed")])
def test_a_worker_that_died_after_sending_leaves_a_choice(
    studio: Engine, service: VideoService, monkeypatch: pytest.MonkeyPatch, choice: Any, creates: int, state: str
) -> None:

    made = studio.wb.submit("test_video")
    with monkeypatch.context() as patch:

        def die(*args: Any, **kw: Any) -> None:
            raise errors.LostClaim("the process ended here")

        patch.setattr(steps, "mark_submitted", die)
        studio.deliver()
    with studio.wb.database.write() as conn:
        conn.execute(update(job).where(job.c.id == made.id).values(lease_until=db_now_ms() - 1))
    studio.worker.maintain()
    studio.deliver()
    asked = studio.wb.jobs.get(made.id)
    assert (asked.state, asked.waiting_for) == ("waiting", "decision")
    assert service.calls("create") == 1

    studio.wb.jobs.decide(made.id, choice)
    studio.deliver()
    assert service.calls("create") == creates
    assert studio.wb.jobs.get(made.id).state == state
    with pytest.raises(errors.NotAllowed):
        studio.wb.jobs.decide(made.id, choice)


@pytest.fixture
def given_up(settings: Settings, studio: Engine, service: VideoService) -> Iterator[Callable[..., int]]:
    """A job whose worker is given up while its paid call is under way: another one has it, and asks a person by now."""
    other = Engine(settings, make_provider=service)
    threads: list[threading.Thread] = []

    def given_up(kind: str, call: str, waits_for: str = "decision", **how: Any) -> int:
        service.let_go.clear()
        job_id: int = other.wb.submit(kind, max_attempts=3, **how).id
        threads.append(threading.Thread(target=studio.worker.run, args=(job_id,)))
        threads[-1].start()
        until(lambda: service.calls(call), 20, "the call")
        with other.wb.database.write() as conn:
            conn.execute(update(job).where(job.c.id == job_id).values(lease_until=db_now_ms() - 1))
        until(
            lambda: (other.worker.maintain(), other.deliver(), other.wb.jobs.get(job_id).waiting_for == waits_for)[-1]
        )
        return job_id

    yield given_up
    service.let_go.set()
    for thread in threads:
        thread.join(120)
    other.close()


@pytest.mark.parametrize(
    ("kind", "call", "key"), [("test_video", "create", "media"), ("test_image", "image", "frames")]
)
def test_what_a_worker_that_was_given_up_has_paid_for_is_used_after_all(
    studio: Engine, service: VideoService, given_up: Callable[..., int], kind: str, call: str, key: str
) -> None:
    job_id = given_up(kind, call)
    service.states = [TaskState("succeeded", GeneratedMedia(tiny_mp4()))]
    service.let_go.set()
    until(lambda: studio.wb.jobs.get(job_id).waiting_for != "decision", 20, "the answer of the one that was given up")

    def ended() -> bool:
        due_now(studio)
        studio.worker.maintain()
        studio.deliver()
        return studio.wb.jobs.get(job_id).state not in ("queued", "running", "waiting")

    until(ended, 20, "the end")
    done = studio.wb.jobs.get(job_id)
    assert (done.state, service.calls(call)) == ("succeeded", 1), done.error
    made = done.result[key]
    assert studio.wb.media.path(made if isinstance(made, str) else made[0]).stat().st_size > 0
    assert [c.outcome for c in studio.wb.jobs.get_detail(job_id).model_calls] == ["late"]
    assert "it is kept" in " ".join(e.message for e in studio.wb.jobs.get_detail(job_id).events if e.message)


@pytest.mark.parametrize(("choice", "state"), [("send_again", "succeeded"), ("give_up", "failed")])
def test_what_comes_after_a_person_decided_changes_nothing_and_is_counted(
    studio: Engine, service: VideoService, given_up: Callable[..., int], choice: Any, state: str
) -> None:
    job_id = given_up("test_image", "image")
    studio.wb.jobs.decide(job_id, choice)
    service.let_go.set()
    done = studio.finish(job_id)
    assert done.state == state
    until(lambda: studio.wb.jobs.get_detail(job_id).model_calls[0].outcome == "late", 20, "the late answer")
    first, *others = studio.wb.jobs.get_detail(job_id).model_calls
    assert (first.output_tokens, [c.outcome for c in others]) == (20, ["ok"] if choice == "send_again" else [])
    assert studio.wb.jobs.get(job_id).state == state


@pytest.fixture
def films(studio: Engine) -> str:
    """A profile that films at a price, and a budget that it is paid from."""
    prices = {"*": {"currency": "CNY", "video_tokens": 10}}
    studio.wb.profiles.add(
        "films", "ark", base_url="http://127.0.0.1:9/api/v3", video_model="ep-1", params={"prices": prices}
    )
    studio.wb.budgets.set(10_000_000, currency="CNY")
    return "films"


@pytest.mark.parametrize("choice", ["send_again", "give_up"])
def test_a_task_whose_id_comes_after_a_person_decided_is_cancelled_and_holds_no_money(
    studio: Engine, service: VideoService, given_up: Callable[..., int], films: str, choice: Any
) -> None:
    job_id = given_up("test_video", "create", profile=films)
    studio.wb.jobs.decide(job_id, choice)
    service.let_go.set()
    until(lambda: studio.wb.jobs.get_detail(job_id).model_calls[0].outcome == "late", 20, "the late id")
    until(lambda: service.calls("cancel") == 1, 20, "the task's cancel")
    if choice == "send_again":
        service.states = [TaskState("succeeded", GeneratedMedia(tiny_mp4()), usage=Usage(output=50_000))]
        until(
            lambda: (studio.deliver(), studio.wb.jobs.get(job_id).waiting_for == "provider")[-1],
            20,
            "the second task",
        )
        due_now(studio)
        assert studio.finish(job_id).state == "succeeded"
    [state] = studio.wb.budgets.list()
    assert (state.under_way_micros, state.spent_micros) == (0, 500_000 if choice == "send_again" else 0)
    # what the first one comes to nobody knows
    assert state.unpriced == 1
    assert "task-1" in " ".join(e.message for e in studio.wb.jobs.get_detail(job_id).events if e.message)


def test_a_task_that_was_found_and_paid_for_stays_so_when_its_id_comes_after_all(
    studio: Engine, service: VideoService, given_up: Callable[..., int], films: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def find(model: str, seed: int, since_ms: int) -> str:
        return "task-1"

    monkeypatch.setattr(service, "find", find)
    job_id = given_up("test_video", "create", waits_for="provider", profile=films)
    assert studio.wb.budgets.list()[0].under_way_micros == 108_000  # two seconds of 640 × 360 at 24 pictures
    service.states = [TaskState("succeeded", GeneratedMedia(tiny_mp4()), usage=Usage(output=50_000))]
    due_now(studio)
    assert studio.finish(job_id).state == "succeeded"
    service.let_go.set()
    until(lambda: studio.wb.jobs.get_detail(job_id).model_calls[0].outcome == "late", 20, "the late id")
    [call] = studio.wb.jobs.get_detail(job_id).model_calls
    [state] = studio.wb.budgets.list()
    assert (call.cost_micros, state.spent_micros, state.under_way_micros) == (500_000, 500_000, 0)
    assert service.calls("cancel") == 0


def test_a_task_that_fails_and_the_late_word_of_its_worker_do_not_wait_for_each_other(
    studio: Engine, service: VideoService, films: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    job_id = studio.wb.submit("test_video", profile=films).id
    studio.deliver()
    priced, held = threading.Event(), threading.Event()
    price = ledger.price_task

    def slowly(*args: Any, **values: Any) -> None:
        price(*args, **values)
        priced.set()
        held.wait(2)

    monkeypatch.setattr(ledger, "price_task", slowly)

    def late() -> None:
        """What a worker that has lost its claim does when its answer comes."""
        priced.wait(120)
        with studio.wb.database.write() as conn:
            steps.lock_if_uncertain(conn, job_id, "clip", 1)
            held.set()
            ledger.mark_late(conn, 1, 1)

    thread = threading.Thread(target=late)
    thread.start()
    service.states = [TaskState("failed", error="broken", usage=Usage(output=50_000))]
    due_now(studio)
    studio.worker.maintain()
    thread.join()
    assert "could not be written" not in caplog.text
    assert studio.finish(job_id).state == "failed"
    [call] = studio.wb.jobs.get_detail(job_id).model_calls
    assert (call.outcome, call.cost_micros) == ("late", 500_000)


def test_a_clip_under_way_is_followed_to_its_end_though_another_is_asked_for_by_now(
    studio: Engine, service: VideoService
) -> None:
    job_id = studio.wb.submit("test_video").id
    studio.deliver()
    with studio.wb.database.write() as conn:
        conn.execute(update(step).where(step.c.job_id == job_id).values(input_hash="what an older version asked"))
        conn.execute(update(job).where(job.c.id == job_id).values(state="queued", waiting_for=None))
    studio.worker.maintain()
    studio.deliver()
    assert (studio.wb.jobs.get(job_id).waiting_for, service.calls("create")) == ("provider", 1)
    service.states = [
        TaskState("succeeded", GeneratedMedia(tiny_mp4())),
        TaskState("succeeded", GeneratedMedia(tiny_mp4())),
    ]
    due_now(studio)
    studio.worker.maintain()
    studio.deliver()
    # the one that was filmed is known with its cost; what is asked now is another clip
    assert service.calls("create") == 2


def test_a_gateway_error_after_an_image_call_is_no_proof_that_it_was_free(
    studio: Engine, service: VideoService
) -> None:
    made = studio.wb.submit("test_image", max_attempts=3)
    service.fail_create = ProviderError("overloaded", Text("gateway timeout"), http_status=504)
    until(
        lambda: (studio.worker.maintain(), studio.deliver(), studio.wb.jobs.get(made.id).state == "waiting")[-1],
    )
    assert studio.wb.jobs.get(made.id).waiting_for == "decision"
    assert service.calls("image") == 1


def test_a_retry_of_a_task_that_failed_creates_a_new_one(studio: Engine, service: VideoService) -> None:
    made = studio.wb.submit("test_video")
    studio.deliver()
    service.states = [TaskState("failed", error="blurred")]
    due_now(studio)
    assert studio.finish(made.id).state == "failed"
    studio.wb.jobs.retry(made.id)
    studio.deliver()
    assert service.calls("create") == 2


def test_a_task_the_service_does_not_know_fails_instead_of_being_polled_for_ever(
    studio: Engine, service: VideoService
) -> None:
    made = studio.wb.submit("test_video")
    studio.deliver()
    service.states = [ProviderError("not_found_model", Text("no such task"), http_status=404)]
    due_now(studio)
    done = studio.finish(made.id)
    # not “check the model’s name”: it was there when the task was created
    assert (done.state, done.error_kind) == ("failed", "empty_output")
    assert "no longer knows the task" in done.error


def test_a_task_of_any_name_is_followed_to_its_end(studio: Engine, service: VideoService) -> None:
    service.task_name = "task " + "n" * 3_000
    service.states = [TaskState("succeeded", GeneratedMedia(tiny_mp4()))]
    done = studio.finish(studio.wb.submit("test_video").id)
    assert done.state == "succeeded"
    assert service.calls("create") == 1
