"""What a command that waits says meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from workbench.api.client import Workbench
from workbench.cli.waiting import WorkerWatch
from workbench.settings import Settings


@pytest.fixture
def wb(settings: Settings) -> Iterator[Workbench]:
    made = Workbench.open(settings, send=lambda ids: None)
    yield made
    made.close()


def test_a_pause_is_told_once_each_time_it_begins(wb: Workbench, capsys: pytest.CaptureFixture[str]) -> None:
    job = wb.submit("llm_chat", None, {"messages": [{"role": "user", "content": "hello"}]})
    watch = WorkerWatch(wb, job.id)

    def look() -> str:
        watch._checked_at = float("-inf")
        watch.check()
        return capsys.readouterr().err

    assert look() == ""
    wb.queues.pause("queue:text")
    assert "Paused: the queue text (by local" in look()
    assert look() == ""
    wb.queues.resume("queue:text")
    assert look() == ""
    wb.queues.pause("kind:llm_chat")
    assert "Paused" in look()
