from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from workbench.errors import InvalidInput, Unavailable
from workbench.security.keys import MASTER_FILE, Vault, normalise_key, tail_of
from workbench.security.redact import HIDDEN, redactor
from workbench.settings import Settings

KEY = "sk-live-0123456789abcdefWXYZ"


def settings(home: Path, master: str | None = None) -> Settings:
    return Settings(home=home, master_key=SecretStr(master) if master else None)


@pytest.mark.parametrize(
    "pasted",
    [
        KEY,
        f"  {KEY}\n",
        f"Bearer {KEY}",
        f"bearer\t{KEY}",
        f"Authorization: Bearer {KEY}",
        f'"{KEY}"',
        f"{KEY[:10]} {KEY[10:20]}\r\n{KEY[20:]}",
        f"\u200b{KEY}\ufeff",
        f"NAME={KEY}",
        f"OPENAI_API_KEY={KEY}\n",
        f'export DEEPSEEK_API_KEY="{KEY}"',
        f"$env:MY_KEY = '{KEY}'",
        f"set ARK_API_KEY={KEY}",
        f"mine={KEY}",
        f'"apiKey": "{KEY}",',
        f"api_key: {KEY}",
        f"x-goog-api-key: {KEY}",
        f'-H "Authorization: Bearer {KEY}"',
    ],
)
def test_a_pasted_key_loses_what_came_along(pasted: str) -> None:
    assert normalise_key(pasted) == KEY


@pytest.mark.parametrize(
    "key", ["QUJDREVGR0g=", "QUJD==", "id.c2VjcmV0", "a1b2:c3d4", "KEY1234567", "eyJhbGciOi.J9.x_y-z"]
)
def test_a_key_that_looks_like_a_name_keeps_all_of_itself(key: str) -> None:
    assert normalise_key(key) == key


@pytest.mark.parametrize("pasted", ["", "  \n", "Bearer ", "sk-ключ", "sk-\x07bell"])
def test_what_cannot_be_a_key_is_refused_at_its_field(pasted: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        normalise_key(pasted)

    assert [i.path for i in raised.value.issues] == ["key"]


def test_a_sealed_key_opens_again_and_shows_only_its_tail(tmp_path: Path) -> None:
    sealed = Vault.open(settings(tmp_path)).seal(f"Bearer {KEY}\n")

    assert KEY not in repr(sealed)
    assert sealed.tail == "WXYZ"
    assert Vault.open(settings(tmp_path)).unseal(sealed.ciphertext, sealed.key_id) == KEY


def test_short_keys_have_no_tail() -> None:
    assert tail_of("sk-short") == ""


def test_an_opened_key_is_hidden_from_then_on(tmp_path: Path) -> None:
    vault = Vault.open(settings(tmp_path))
    sealed = vault.seal("unshaped0987654321")

    assert redactor.text("log: unshaped0987654321!") == f"log: {HIDDEN}!"
    assert vault.unseal(sealed.ciphertext, sealed.key_id) == "unshaped0987654321"


def test_the_master_key_file_belongs_to_its_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "höme of tests"

    Vault.open(settings(home))

    assert (home / MASTER_FILE).stat().st_mode & 0o777 == 0o600
    assert [p.name for p in home.iterdir()] == [MASTER_FILE]


def test_a_master_key_file_left_open_to_others_is_closed(tmp_path: Path) -> None:
    Vault.open(settings(tmp_path))
    (tmp_path / MASTER_FILE).chmod(0o644)

    Vault.open(settings(tmp_path))

    assert (tmp_path / MASTER_FILE).stat().st_mode & 0o777 == 0o600


def test_processes_starting_at_once_share_one_master_key(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from workbench.settings import Settings; from "
        "workbench.security.keys import Vault\n"
        "sys.stdin.read(); print(Vault.open(Settings(home=Path(sys.argv[1])))._current)"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    started = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]

    for process in started:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    ids = {process.communicate(timeout=240)[0].strip() for process in started}

    assert len(ids) == 1
    assert ids != {""}


def test_a_key_sealed_elsewhere_says_what_to_do(tmp_path: Path) -> None:
    sealed = Vault.open(settings(tmp_path / "a")).seal(KEY)

    with pytest.raises(Unavailable, match="another master key"):
        Vault.open(settings(tmp_path / "b")).unseal(sealed.ciphertext, sealed.key_id)


def test_a_changed_ciphertext_is_noticed(tmp_path: Path) -> None:
    vault = Vault.open(settings(tmp_path))
    sealed = vault.seal(KEY)
    changed = sealed.ciphertext[:-10] + ("A" if sealed.ciphertext[-10] != "A" else "B") + sealed.ciphertext[-9:]

    with pytest.raises(Unavailable, match="cannot be opened"):
        vault.unseal(changed, sealed.key_id)


@pytest.mark.parametrize("content", ["", "not a key", "\x00\xff"])
def test_a_damaged_master_key_file_is_one_clear_line(content: str, tmp_path: Path) -> None:
    (tmp_path / MASTER_FILE).write_text(content, "latin-1")

    with pytest.raises(Unavailable, match=MASTER_FILE):
        Vault.open(settings(tmp_path))


def test_a_home_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    # A file where the folder should be stops every user, root included; permissions would not.
    (tmp_path / "home").write_text("")

    with pytest.raises(Unavailable, match=MASTER_FILE):
        Vault.open(settings(tmp_path / "home"))


def test_a_master_key_from_the_environment_leaves_no_file(tmp_path: Path) -> None:
    vault = Vault.open(settings(tmp_path, "a passphrase long enough"))
    sealed = vault.seal(KEY)

    assert (
        Vault.open(settings(tmp_path / "elsewhere", "a passphrase long enough")).unseal(
            sealed.ciphertext, sealed.key_id
        )
        == KEY
    )
    assert list(tmp_path.iterdir()) == []


def test_a_master_key_is_replaced_without_asking_for_keys_again(tmp_path: Path) -> None:
    old, new = "the old passphrase of ours", "the new passphrase of ours"
    sealed = Vault.open(settings(tmp_path, old)).seal(KEY)
    both = Vault.open(settings(tmp_path, f"{new},{old}"))

    assert both.unseal(sealed.ciphertext, sealed.key_id) == KEY
    assert both.seal(KEY).key_id != sealed.key_id


def test_a_short_master_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="REELWRIGHT_MASTER_KEY"):
        Vault.open(settings(tmp_path, "hunter2"))


def test_a_process_that_is_stuck_while_it_seals_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.security.keys.LOCK_WAIT_S", 0.1)
    first, second = (Vault.open(Settings.load(home=tmp_path)) for _ in range(2))
    with first.lock(), pytest.raises(Unavailable, match=str(os.getpid())), second.lock():
        pass
    with second.lock():
        pass


@pytest.mark.parametrize(
    "pasted",
    [
        "API Key: {}",
        "密钥：{}",
        "OPENAI_API_KEY={}  # mine",
        "OPENAI_API_KEY={}\nOPENAI_BASE_URL=https://relay.example/v1",
        "export A_KEY='{}'\nexport B_KEY='sk-other'",
    ],
)
def test_a_key_is_taken_out_of_the_settings_it_was_copied_with(pasted: str) -> None:
    assert normalise_key(pasted.format("sk-0123456789abcdef")) == "sk-0123456789abcdef"
