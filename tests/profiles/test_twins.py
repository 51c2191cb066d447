"""`reelwright profiles test` on a scripted twin of each dialect: it takes what that service takes, refuses in its words
and counts as it counts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from tests.providers.conftest import KEY
from tests.scripted_provider import ScriptedProvider
from workbench.api.client import Workbench
from workbench.cli.profiles import command as profiles_command
from workbench.i18n import translate
from workbench.providers import dialects, openai_compatible
from workbench.providers.dialects import Dialect
from workbench.providers.endpoints import Endpoint
from workbench.settings import Settings

PARAMS = {"temperature": 0.3, "top_p": 0.9, "presence_penalty": 0.1, "frequency_penalty": 0.1, "seed": 7}
PARAMS |= {"reasoning_effort": "low"}
SERVICES = [d for d in dialects.load() if d.usages or d.schemas]


@pytest.fixture
def wb(settings: Settings) -> Iterator[Workbench]:
    made = Workbench.open(settings, send=lambda ids: None)
    yield made
    made.close()


def twin_of(dialect: Dialect) -> dict[str, Any]:
    """A script that answers like this service."""
    script: dict[str, Any] = {
        "refusals": [
            *({"mode": "json_schema", "status": r.status, "body": r.body} for r in dialect.schemas[:1]),
            *({"field": r.names, "status": r.status, "body": r.body} for r in dialect.parameters if r.names in PARAMS),
        ]
    }
    if dialect.usages:
        script["usage"] = json.loads(dialect.usages[0].body)
    return script


@pytest.mark.parametrize("dialect", SERVICES, ids=lambda d: d.name)
def test_each_dialects_twin_passes_and_says_what_it_cannot_do(
    dialect: Dialect, wb: Workbench, scripted: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = Endpoint(dialect.title, (), "", dialect.modes, dialect.token_cap, dialect=dialect)
    monkeypatch.setattr(openai_compatible, "endpoint_of", lambda url: endpoint)
    wb.profiles.add(
        "twin", "openai", base_url=scripted.url, text_model="m", image_model="dall-e-3", key=KEY, params=PARAMS
    )
    twin = twin_of(dialect)
    scripted.script(default=twin)

    checks = wb.profiles.check("twin", image=True)

    text, structured, _ = checks
    assert [(c.check, c.ok, c.message) for c in checks] == [(n, True, "") for n in ("text", "structured", "image")]
    assert (text.streamed, text.counted) == (True, True)
    modes = [m for m in dialect.modes if m != "json_schema" or not dialect.schemas]
    assert structured.mode == modes[0]
    notes = [note for check in checks for note in check.notes]
    refused = [r for r in twin["refusals"] if r.get("field") or "json_schema" in dialect.modes]
    assert bool(notes) == bool(refused)
    assert all(translate(note, "zh") != note for note in notes)
    asked = scripted.calls()[-2]["request"]
    assert not {r["field"] for r in twin["refusals"] if r.get("field")} & asked.keys()


@pytest.mark.parametrize(
    ("fault", "note"),
    [
        ({"ignore_stream": True}, "It does not stream"),
        ({"no_usage": True}, "It does not tell its tokens"),
        ({"reject_modes": ["json_schema"]}, "It takes no json_schema: answers are asked for as json_object."),
        ({"reject": ["stream_options"], "no_usage": True}, "It refused a detail"),
    ],
)
def test_what_a_service_cannot_do_is_said_and_is_no_failure(
    fault: dict[str, Any], note: str, settings: Settings, scripted: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REELWRIGHT_HOME", str(settings.home))
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    run = CliRunner()
    run.invoke(profiles_command, ["add", "mine", "--base-url", scripted.url, "--text-model", "m"])
    scripted.script(default=fault)

    made = run.invoke(profiles_command, ["test", "mine"])

    assert made.exit_code == 0
    assert note in made.stderr
