"""Profiles set up, changed, copied and tried; keys sealed anew; params held to what models take."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from tests.providers.conftest import KEY
from tests.scripted_provider import ScriptedProvider
from workbench.api.client import Workbench
from workbench.cli.budgets import command as budgets_command
from workbench.cli.profiles import command as profiles_command
from workbench.errors import InvalidInput, NotFound, Unavailable
from workbench.i18n import translate
from workbench.providers import params
from workbench.security.keys import MASTER_FILE, Vault
from workbench.settings import Settings


@pytest.fixture
def wb(settings: Settings) -> Iterator[Workbench]:
    made = Workbench.open(settings, send=lambda ids: None)
    yield made
    made.close()


def issues(refused: pytest.ExceptionInfo[InvalidInput]) -> dict[str, str]:
    return {i.path: str(i.message) for i in refused.value.issues}


def test_every_field_is_kept_and_the_key_is_not_shown(wb: Workbench) -> None:
    wb.profiles.add("other", "openai", text_model="m")
    row = wb.profiles.add(
        "mine", "gemini", base_url="https://generativelanguage.googleapis.com/v1beta/", key=KEY,
        text_model="models/gemini-x", image_model=" img ", video_model="veo", image_profile="other",
        video_profile="other",
        fallback=["other"], rpm=60, tpm=90_000, concurrency=4, params={"temperature": 1.5},
    )  # fmt: skip
    other = wb.profiles.id_of("other")
    assert (row.base_url, row.text_model, row.image_model) == (
        "https://generativelanguage.googleapis.com",
        "gemini-x",
        "img",
    )
    assert (row.image_profile_id, row.video_profile_id, row.fallback_ids) == (other, other, [other])
    assert (row.rpm, row.tpm, row.concurrency, row.has_key) == (60, 90_000, 4, True)
    assert KEY not in json.dumps(wb.profiles.list(), default=str)


def test_everything_wrong_is_named_at_once(wb: Workbench) -> None:
    with pytest.raises(InvalidInput) as refused:
        wb.profiles.add(
            "mine", "openai", base_url="ftp://x", text_model="o3", image_profile="nobody", fallback=["sketch"], rpm=-1,
            params={"temperature": 2.1, "top_p": 3, "colour": 1, "prices": {"m": {"currency": "EUR"}}},
            video_model="v" * 201,
        )  # fmt: skip
    found = issues(refused)
    assert set(found) == {
        "base_url", "video_model", "params.temperature", "params.top_p", "params.colour", "params.prices", "rpm",
        "image_profile", "fallback",
    }  # fmt: skip
    assert wb.profiles.list() == []


@pytest.mark.parametrize(
    ("given", "ok"),
    [
        ({"temperature": 2}, True),
        ({"temperature": 2.01}, False),
        ({"reasoning_effort": "low"}, True),
        ({"max_tokens": 384_000}, True),
        ({"max_tokens": 1.5}, False),
        ({"max_tokens": True}, False),
        ({"seed": None}, True),
        ({"prices": {"*": {"currency": "CNY", "input": 1, "video_second": 0.3}}}, True),
        ({"prices": {"*": {"input": -1}}}, False),
        ({"prices": {"m": {"currency": "CNY"}}}, False),
        ({"prices": {"*": {"colour": 1}}}, False),
    ],
)
def test_params_are_held_to_what_they_can_mean(given: dict[str, Any], ok: bool) -> None:
    if ok:
        assert params.validate("openai", given) == {k: v for k, v in given.items() if v is not None}
    else:
        with pytest.raises(InvalidInput):
            params.validate("openai", given)


@pytest.mark.parametrize(
    ("base_url", "model", "given", "careful"),
    [
        (None, "gpt-4.1", {"temperature": 2}, False),
        (None, "o4-mini", {"top_p": 0.5}, True),
        (None, "o4-mini", {"reasoning_effort": "low"}, False),
        (None, "gpt-5-mini", {"temperature": 1}, True),
        (None, "gpt-5-chat-latest", {"temperature": 1}, False),
        ("https://api.moonshot.cn/v1", "moonshot-v1-8k", {"temperature": 1.2}, True),
        ("https://api.deepseek.com", "deepseek-chat", {"max_tokens": 8_193}, True),
        ("https://api.deepseek.com", "deepseek-chat", {"max_tokens": 8_192}, False),
        ("https://api.deepseek.com", "deepseek-v4-pro", {"max_tokens": 384_000}, False),
        ("https://api.deepseek.com", "deepseek-reasoner", {"temperature": 1}, True),
        ("https://api.siliconflow.cn/v1", "deepseek-ai/DeepSeek-V3", {"max_tokens": 32_000}, False),
        ("https://relay.example/v1", "deepseek-chat", {"max_tokens": 32_000}, False),
        ("https://relay.example/v1", "o4-mini", {"temperature": 1}, False),
        ("http://127.0.0.1:8000/v1", "qwen3", {"temperature": 2}, False),
    ],
)
def test_what_a_services_own_models_refuse_is_a_warning_and_no_other_hosts_business(
    wb: Workbench, base_url: str | None, model: str, given: dict[str, Any], careful: bool
) -> None:
    row = wb.profiles.add("mine", "openai", base_url=base_url, text_model=model, params=given)

    found = params.list_warnings(row.provider, row.params, model, row.base_url)

    assert row.params == given
    assert [i.path for i in found] == [f"params.{name}" for name in given if careful]
    assert all(translate(i.message, "zh") != str(i.message) for i in found)


def test_the_command_warns_on_stderr_and_saves(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELWRIGHT_HOME", str(settings.home))
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    words = ["add", "mine", "--base-url", "api.deepseek.com", "--text-model", "deepseek-chat"]
    added = CliRunner().invoke(profiles_command, [*words, "--params", '{"max_tokens": 9000}', "--json"])

    assert added.exit_code == 0
    assert json.loads(added.stdout)["params"] == {"max_tokens": 9000}
    assert "params.max_tokens" in added.stderr
    assert "8192" in added.stderr


@pytest.mark.parametrize(
    ("provider", "pasted", "kept"),
    [
        ("ark", "我的接入点 ep-20260101-abcde ", "ep-20260101-abcde"),
        ("ark", "doubao-seed-1-6", "doubao-seed-1-6"),
        ("openai", " ep-x y ", "ep-x y"),
        ("gemini", "models/gemini-2.5-pro", "gemini-2.5-pro"),
        ("openai", "  ", None),
    ],
)
def test_a_pasted_model_name_loses_what_came_along(provider: str, pasted: str, kept: str | None) -> None:
    assert params.model_name(provider, pasted) == kept


def test_another_address_asks_for_the_key_again_and_loses_nothing(wb: Workbench) -> None:
    wb.profiles.add("mine", "openai", base_url="https://one.example/v1", text_model="m", key=KEY)
    with pytest.raises(InvalidInput) as refused:
        wb.profiles.update("mine", base_url="https://two.example/v1")
    assert set(issues(refused)) == {"key"}
    assert wb.profiles.list()[0].base_url == "https://one.example/v1"

    moved = wb.profiles.update("mine", base_url="https://two.example/v1", key="sk-another-key-0001")

    assert (moved.base_url, moved.key_tail) == ("https://two.example/v1", "0001")
    with pytest.raises(InvalidInput, match="address has changed"):
        # another gateway of the same host may well be another's
        wb.profiles.update("mine", base_url="https://two.example/others/v1")
    assert wb.profiles.update("mine", base_url="https://two.example/v1/", name="ours").name == "ours"


def test_a_change_of_one_field_leaves_the_others(wb: Workbench) -> None:
    wb.profiles.add("other", "openai", text_model="m")
    before = wb.profiles.add("mine", "openai", text_model="m", key=KEY, fallback=["other"], params={"seed": 3}, rpm=9)
    after = wb.profiles.update("mine", concurrency=3)
    assert dataclasses.replace(after, concurrency=before.concurrency) == before
    assert {g.key: g.max_running for g in wb.queues.list_gates()} == {f"profile:{after.id}": 3}
    wb.profiles.update("mine", concurrency=None, rpm=None)
    assert {g.key: g.max_running for g in wb.queues.list_gates()} == {}


def test_a_copy_has_the_same_key_and_a_name_of_its_own(wb: Workbench, scripted: ScriptedProvider) -> None:
    wb.profiles.add("mine", "openai", base_url=scripted.url, text_model="m", key=KEY)
    wb.profiles.duplicate("mine", "copy")
    assert all(t.ok for t in wb.profiles.check("copy"))
    assert scripted.calls()[0]["headers"]["authorization"] == f"Bearer {KEY}"
    with pytest.raises(InvalidInput):
        wb.profiles.duplicate("mine", "copy")


def test_an_archived_profile_stays_bound_and_stops_no_other_change(wb: Workbench) -> None:
    for name in ("draws", "helps"):
        wb.profiles.add(name, "openai", text_model="m")
    mine = wb.profiles.add("mine", "openai", text_model="m", image_profile="draws", fallback=["helps"])
    for name in ("draws", "helps"):
        wb.profiles.archive(name)
    changed = wb.profiles.update("mine", rpm=5)
    assert changed.rpm == 5
    assert (changed.image_profile_id, changed.fallback_ids) == (mine.image_profile_id, mine.fallback_ids)
    with pytest.raises(InvalidInput):
        wb.profiles.update("mine", video_profile="helps", fallback=["nobody"])
    wb.profiles.update("mine", image_profile=None, fallback=[])
    with pytest.raises(InvalidInput):
        wb.profiles.update("mine", image_profile="draws")


def test_an_archived_profile_is_hidden_and_can_come_back(wb: Workbench) -> None:
    wb.profiles.add("mine", "openai", text_model="m")
    wb.profiles.archive("mine")
    assert wb.profiles.list() == []
    with pytest.raises(NotFound):
        wb.profiles.id_of("mine")
    wb.profiles.archive("mine", False)
    assert wb.profiles.id_of("mine") is not None


# -- tried with real calls ---------------------------------------------------------------------------------------------


def test_a_profile_is_tried_with_a_text_a_schema_and_a_picture_all_in_the_ledger(
    wb: Workbench, scripted: ScriptedProvider
) -> None:
    wb.profiles.add("mine", "openai", base_url=scripted.url, text_model="m", image_model="dall-e-3", key=KEY)
    found = wb.profiles.check("mine", image=True)
    assert [(t.check, t.ok) for t in found] == [("text", True), ("structured", True), ("image", True)]
    assert wb.media.path(str(found[2].media)).exists()
    with wb.database.read() as conn:
        rows = conn.execute(text("SELECT purpose, capability, outcome, valid FROM model_call ORDER BY id")).all()
        ids = conn.execute(text("SELECT call_id FROM model_call ORDER BY id")).scalars().all()
    assert ids == [c["call_id"] for c in scripted.calls()]
    assert [tuple(r) for r in rows] == [
        ("test", "text", "ok", True),
        ("test", "text", "ok", True),
        ("test", "image", "ok", True),
    ]
    assert len(scripted.calls()) == 3


def test_the_mode_that_works_is_found_and_kept(wb: Workbench, scripted: ScriptedProvider) -> None:
    row = wb.profiles.add("mine", "openai", base_url=scripted.url, text_model="m", key=KEY)
    scripted.script(default={"reject_modes": ["json_schema"]})
    [_, structured] = wb.profiles.check("mine")
    assert (structured.ok, structured.mode) == (True, "json_object")
    assert wb.profiles._profiles.public(row.id).modes == {"m": "json_object"}


@pytest.mark.parametrize(
    ("fault", "kind", "tried"),
    [
        ({"status": 401}, "auth", 1),
        ({"status": 404}, "not_found_model", 1),
        ({"html": True}, "malformed_output", 2),
        ({"empty": True}, "empty_output", 2),
        ({"finish_reason": "length"}, "truncated_output", 2),
    ],
)
def test_a_failed_trial_says_why_and_what_to_do(
    wb: Workbench, scripted: ScriptedProvider, fault: dict[str, Any], kind: str, tried: int
) -> None:
    wb.profiles.add("mine", "openai", base_url=scripted.url, text_model="m", key=KEY)
    scripted.script(default=fault)
    found = wb.profiles.check("mine")
    assert (len(found), found[0].ok, found[0].error_kind) == (tried, False, kind)
    assert found[0].message
    assert found[0].remedy
    with wb.database.read() as conn:
        assert conn.execute(text("SELECT count(*) FROM model_call WHERE outcome = 'sent'")).scalar_one() == 0


def test_the_command_says_it_in_json_and_by_its_exit_code(
    settings: Settings, scripted: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REELWRIGHT_HOME", str(settings.home))
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("MY_KEY", KEY)
    run = CliRunner()
    added = run.invoke(
        profiles_command,
        ["add", "mine", "--base-url", scripted.url, "--text-model", "m", "--key-env", "MY_KEY", "--rpm", "9", "--json"],
    )
    assert json.loads(added.stdout)["rpm"] == 9
    good = run.invoke(profiles_command, ["test", "mine", "--json"])
    assert (good.exit_code, json.loads(good.stdout)["ok"]) == (0, True)
    scripted.script(default={"status": 401})
    bad = run.invoke(profiles_command, ["test", "mine", "--json"])
    told = json.loads(bad.stdout)
    assert (bad.exit_code, told["ok"], told["checks"][0]["error_kind"]) == (1, False, "auth")
    assert KEY not in added.stdout + good.stdout + bad.stdout
    assert run.invoke(budgets_command, ["set", "12.5", "--currency", "USD"]).exit_code == 0
    [row] = json.loads(run.invoke(budgets_command, ["list", "--json"]).stdout)
    assert (row["amount_micros"], row["currency"], row["period"]) == (12_500_000, "USD", "month")


# -- keys sealed anew --------------------------------------------------------------------------------------------------


def test_keys_are_sealed_anew_and_the_old_master_is_of_no_use(wb: Workbench, settings: Settings) -> None:
    row = wb.profiles.add("mine", "openai", text_model="m", key=KEY)
    file = settings.home / MASTER_FILE
    old = file.read_text()

    assert wb.profiles.rotate_keys() == (1, 1)

    assert file.read_text() != old
    assert file.stat().st_mode & 0o777 == 0o600
    assert wb.profiles._profiles.open(row.id).key == KEY
    with wb.database.read() as conn:
        sealed = conn.execute(text("SELECT key_ciphertext, key_id FROM profile")).one()
    with pytest.raises(Unavailable):
        Vault([old.strip()]).unseal(sealed.key_ciphertext, sealed.key_id)


def test_a_process_that_knew_the_old_master_goes_on(wb: Workbench, settings: Settings) -> None:
    row = wb.profiles.add("mine", "openai", text_model="m", key=KEY)
    other = Workbench.open(settings, send=lambda ids: None)
    assert other.profiles._profiles.open(row.id).key == KEY
    wb.profiles.rotate_keys()
    assert other.profiles._profiles.open(row.id).key == KEY
    added = other.profiles.add("later", "openai", text_model="m", key="sk-later-key-0002")
    assert wb.profiles._profiles.open(added.id).key == "sk-later-key-0002"
    other.close()


@pytest.mark.parametrize("point", ["add_master", "change", "forget_old_masters"])
def test_a_rotation_that_dies_anywhere_leaves_every_key_to_be_opened(
    wb: Workbench, settings: Settings, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = wb.profiles.add("mine", "openai", text_model="m", key=KEY)

    place = "workbench.db.writes.profiles.change" if point == "change" else f"workbench.security.keys.Vault.{point}"
    with monkeypatch.context() as patched:
        patched.setattr(place, _die)
        with pytest.raises(RuntimeError):
            wb.profiles.rotate_keys()
    later = Workbench.open(settings, send=lambda ids: None)
    assert later.profiles._profiles.open(row.id).key == KEY
    assert later.profiles.rotate_keys().masters == 1
    assert later.profiles._profiles.open(row.id).key == KEY
    later.close()


Meanwhile = Callable[[str, Callable[[Workbench], object]], Callable[[], None]]


@pytest.fixture
def meanwhile(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Meanwhile]:
    """Lets another process, so to say, begin something around the first call of a method of Vault; returns its end."""
    other = Workbench.open(settings, send=lambda ids: None)

    def arrange(method: str, do: Callable[[Workbench], object]) -> Callable[[], None]:
        real = getattr(Vault, method)
        begun: list[threading.Thread] = []

        def wrapped(self: Vault, *of: Any) -> Any:
            found = real(self, *of) if method == "seal" else None
            if not begun:
                begun.append(threading.Thread(target=do, args=(other,)))
                begun[0].start()
                # time enough for all of it where nobody makes it wait
                begun[0].join(0.6)
            return found if method == "seal" else real(self, *of)

        monkeypatch.setattr(Vault, method, wrapped)
        return lambda: begun[0].join(120)

    yield arrange
    other.close()


def opened(settings: Settings, profile_id: int) -> str | None:
    """The key as a process that starts now opens it."""
    later = Workbench.open(settings, send=lambda ids: None)
    try:
        return later.profiles._profiles.open(profile_id).key
    finally:
        later.close()


def test_a_key_entered_while_keys_are_rotated_can_be_opened(
    wb: Workbench, settings: Settings, meanwhile: Meanwhile
) -> None:
    """Sealed with the master of before and written after that one was forgotten, it would be lost for good."""
    ended = meanwhile("seal", lambda other: other.profiles.rotate_keys())
    row = wb.profiles.add("mine", "openai", text_model="m", key=KEY)
    ended()
    assert opened(settings, row.id) == KEY


def test_a_rotation_does_not_bring_back_the_key_that_was_replaced_meanwhile(
    wb: Workbench, settings: Settings, meanwhile: Meanwhile
) -> None:
    row = wb.profiles.add("mine", "openai", text_model="m", key=KEY)
    ended = meanwhile("seal", lambda other: other.profiles.update("mine", key="sk-another-key-0001"))
    wb.profiles.rotate_keys()
    ended()
    assert opened(settings, row.id) == "sk-another-key-0001"


def test_a_rotation_forgets_no_master_that_another_one_has_just_made(
    wb: Workbench, settings: Settings, meanwhile: Meanwhile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one is killed before it has sealed anything with its own."""
    row = wb.profiles.add("mine", "openai", text_model="m", key=KEY)

    def killed(other: Workbench) -> None:
        with monkeypatch.context() as patched, contextlib.suppress(RuntimeError):
            patched.setattr("workbench.db.writes.profiles.change", _die)
            other.profiles.rotate_keys()

    ended = meanwhile("forget_old_masters", killed)
    wb.profiles.rotate_keys()
    ended()
    assert opened(settings, row.id) == KEY


def _die(*_: Any, **__: Any) -> None:
    raise RuntimeError("killed here")


def test_masters_of_the_environment_are_rotated_by_naming_the_new_one_first(tmp_path: Path) -> None:
    old, new = "the old passphrase of ours", "the new passphrase of ours"
    url = f"sqlite:///{tmp_path / 'x.db'}"
    first = Workbench.open(Settings.load(home=tmp_path, database_url=url, master_key=old), send=lambda ids: None)
    row = first.profiles.add("mine", "openai", text_model="m", key=KEY)
    with pytest.raises(InvalidInput, match="in front of the old one"):
        first.profiles.rotate_keys()
    first.close()
    both = Workbench.open(
        Settings.load(home=tmp_path, database_url=url, master_key=f"{new},{old}"), send=lambda ids: None
    )
    assert both.profiles.rotate_keys().keys == 1
    both.close()
    alone = Workbench.open(Settings.load(home=tmp_path, database_url=url, master_key=new), send=lambda ids: None)
    assert alone.profiles._profiles.open(row.id).key == KEY
    alone.close()


def test_a_provider_of_another_package_has_params_of_its_own() -> None:
    assert params.validate("house", {"tone": "warm", "timeout_s": 9}) == {"tone": "warm", "timeout_s": 9}
    with pytest.raises(InvalidInput):
        params.validate("house", {"timeout_s": -1})


@pytest.mark.parametrize(
    "words",
    [
        ("profiles", "archive", "mine"),
        ("profiles", "list", "--archived"),
        ("budgets", "set", "5", "--currency", "USD"),
        ("budgets", "clear"),
        ("budgets", "rate", "7.1"),
    ],
)
def test_every_command_answers_in_json(
    wb: Workbench, settings: Settings, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    wb.profiles.add("mine", "openai", text_model="m")
    monkeypatch.setenv("REELWRIGHT_HOME", str(settings.home))
    if settings.database_url:
        monkeypatch.setenv("DATABASE_URL", settings.database_url)
    command = {"profiles": profiles_command, "budgets": budgets_command}[words[0]]
    ran = CliRunner().invoke(command, [*words[1:], "--json"])
    assert ran.exit_code == 0, ran.output
    json.loads(ran.stdout)
