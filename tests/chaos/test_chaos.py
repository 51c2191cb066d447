"""The quick half of the campaign; `make chaos` runs the whole of it."""

from __future__ import annotations

from tests.chaos.campaign import Installation, run
from tests.conftest import Valkey
from tests.engine.conftest import Workers
from tests.scripted_provider import ScriptedProvider
from workbench.api.client import Workbench

KILLS = 8


def test_nothing_is_lost_or_done_twice_while_everything_breaks(
    wb: Workbench, workers: Workers, valkey: Valkey, provider: ScriptedProvider
) -> None:
    place = Installation(wb, workers, valkey, provider, workers.settings.database_url)
    verdict = run(place, jobs=40, kills=KILLS, seed=11, limit_s=400)
    assert verdict.ok, f"{verdict}\n{workers.log()[-3000:]}"
    assert verdict.injected["worker killed (SIGKILL)"] == KILLS, str(verdict)
    assert verdict.states.keys() == {"succeeded"}, str(verdict)
    assert {c["kind"] for c in provider.calls()} >= {"chat", "image", "create", "poll"}
