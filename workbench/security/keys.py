"""API keys at rest: sealed with a master key that lives outside the database.

The master key is REELWRIGHT_MASTER_KEY or, without it, a file only its owner can read in Reelwright's home, made on
first use. Either may hold several keys (separated by commas, one a line): the first seals, all of them open, so a
master key can be replaced without asking for every API key again: `reelwright keys rotate`.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import InvalidInput, Issue, Unavailable
from workbench.i18n import N_, Text
from workbench.security.redact import redactor

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

    from workbench.settings import Settings

#: sealing takes a moment; who takes longer is stopped, or hangs
LOCK_WAIT_S = 15.0
_LOOK_EVERY_S = 0.02
MASTER_FILE = "master.key"
SHORTEST_PASSPHRASE = 16
TAIL = 4


@dataclass(frozen=True)
class SealedKey:
    """What the profile table stores: never the key, only its sealed form, which master key sealed it, its last
    characters."""

    ciphertext: str
    key_id: str
    tail: str


_QUOTES = "\"'`“”‘’"
#: what stands before a key that was copied from a shell, a settings file or a header
_NAME = re.compile(
    r"""^(?:(?:export|set|setx|env|const|let|var)\s+|\$env:)?[\"'`“‘]?"""
    r"""(?:(?:api |secret |access )?[\w.-]*(?:key|token|secret|密钥|令牌)"""
    r"""|[A-Z][A-Z0-9_]*_(?:API|AK|SK))[\"'`”’]?\s*(?:=|:|：|\s(?=[\"'`“‘]))\s*""",
    re.IGNORECASE,
)
#: any variable before “=”, where a key follows: one that ends in “=” has nothing behind it
_VARIABLE = re.compile(
    r"^(?:export\s+|set\s+|\$env:)?(?:[A-Z][A-Z0-9_]*\s*=\s*(?=[^\s=]{8})|[\w.-]+\s*[=:]\s*(?=[\"'`]?sk-))"
)

#: what follows a key in a settings file: a comment, the next variable
_REST = re.compile(r"\s+(?:#|//).*|\n\s*(?:export\s+|set\s+)?[A-Za-z]\w*\s*=.*", re.DOTALL)


def normalise_key(pasted: str) -> str:
    """A pasted key without what comes along by accident: blanks, line ends, quotes, “Bearer ”, the name of its
    variable, field or header (“export OPENAI_API_KEY=”, “"apiKey": ”, “x-api-key: ”).

    A newline left inside would fail deep in the HTTP layer and look like a retryable network fault.
    Raises InvalidInput when nothing is left or a character cannot be part of an HTTP header.
    """
    key = re.sub(r"[\u200b\u200c\u200d\u2060\ufeff]", "", pasted).strip().strip(_QUOTES).strip()
    key = _REST.sub("", key)
    key = re.sub(r"^(-H|--header)\s+", "", key).strip(_QUOTES)
    key = _VARIABLE.sub("", _NAME.sub("", key)).strip(" \t,;" + _QUOTES)
    key = re.sub(r"^(authorization\s*:)?\s*(bearer(\s+|$))?", "", key, flags=re.IGNORECASE)
    key = re.sub(r"\s+", "", key).strip(_QUOTES)
    if not key:
        raise _bad_key(N_("The key is empty."))
    if not all(33 <= ord(c) <= 126 for c in key):
        raise _bad_key(N_("The key has characters no API key has. Copy it again from the provider's console."))
    return key


def tail_of(key: str) -> str:
    """The last characters, to tell keys apart; nothing of a key so short that its tail would give it away."""
    return key[-TAIL:] if len(key) >= 4 * TAIL else ""


class Vault:
    """Seals and opens keys. Opening remembers each key in the process's redactor, so that no log shows it."""

    def __init__(self, masters: Sequence[str], home: Path | None = None) -> None:
        #: where the master key's file is; None: the masters came from the environment
        self.home = home
        self._use(masters)

    def _use(self, masters: Sequence[str]) -> None:
        made = [(hashlib.sha256(b"reelwright key id\0" + m.encode()).hexdigest()[:12], m) for m in masters]
        self._masters = dict(made)
        self._current = made[0][0]

    @classmethod
    def open(cls, settings: Settings) -> Vault:
        """The vault of these settings; makes the master key file on first use. Raises Unavailable."""
        given = settings.master_key.get_secret_value() if settings.master_key is not None else ""
        if given.strip():
            return cls(_parse_masters(given))
        return cls(_read_masters(settings.home), settings.home)

    @property
    def masters(self) -> int:
        """How many master keys it knows."""
        return len(self._masters)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Inside, no other process seals or rotates: what is sealed is written before its master can be forgotten.

        Raises Unavailable.
        """
        if self.home is None:
            # nobody forgets a master of the environment but the person who takes it out
            yield
            return
        import fcntl

        path = self.home / f".{MASTER_FILE}.lock"
        try:
            file = path.open("a+b")
        except OSError as error:
            raise _unusable_file(path, error) from error
        with file:
            deadline = time.monotonic() + LOCK_WAIT_S
            while True:
                try:
                    # closing lets go of it, and so does the end of a killed process
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise _held(path) from None
                    time.sleep(_LOOK_EVERY_S)
            file.truncate(0)
            file.write(str(os.getpid()).encode())
            file.flush()
            yield

    def add_master(self) -> None:
        """Put a new master key in front of those in the file; the others go on opening. Raises Unavailable."""
        assert self.home is not None
        new = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        self._rewrite([new, *_read_masters(self.home)])

    def forget_old_masters(self) -> None:
        """Keep the first master key of the file alone: everything is sealed with it now."""
        assert self.home is not None
        self._rewrite(_read_masters(self.home)[:1])

    def _rewrite(self, masters: Sequence[str]) -> None:
        assert self.home is not None
        path = self.home / MASTER_FILE
        try:
            draft = _write_draft(path, masters)
            draft.replace(path)
            _sync_folder(path.parent)
        except OSError as error:
            raise _unusable_file(path, error) from error
        for master in masters:
            redactor.remember(master)
        self._use(masters)

    def seal(self, key: str) -> SealedKey:
        """Normalise a pasted key and seal it. Raises InvalidInput."""
        plain = normalise_key(key)
        if self.home is not None:
            # rotated by another process meanwhile: what the old master seals could soon not be opened
            self._use(_read_masters(self.home))
        redactor.remember(plain)
        return SealedKey(self._fernet(self._current).encrypt(plain.encode()).decode(), self._current, tail_of(plain))

    def unseal(self, ciphertext: str, key_id: str) -> str:
        """The plain key. Raises Unavailable when the master key is another one or the stored text was changed."""
        from cryptography.fernet import InvalidToken

        if key_id not in self._masters and self.home is not None:
            # rotated by another process since this one began
            self._use(_read_masters(self.home))
        if key_id not in self._masters:
            raise Unavailable(
                Text(
                    "The stored key was sealed with another master key ({key_id}). Restore that master key, or "
                    "enter the key again.",
                    key_id=key_id,
                )
            )
        try:
            key = self._fernet(key_id).decrypt(ciphertext.encode()).decode()
        except InvalidToken:
            raise Unavailable(
                Text("The stored key cannot be opened: it was changed in the database. Enter the key again.")
            ) from None
        redactor.remember(key)
        return key

    def _fernet(self, key_id: str) -> Fernet:
        # Imported here: pages and workers that open no key do not pay for loading cryptography.
        from cryptography.fernet import Fernet

        return Fernet(_as_fernet_key(self._masters[key_id]))


def _as_fernet_key(master: str) -> bytes:
    if _is_fernet_key(master):
        return master.encode()
    # The salt is fixed: the same passphrase must open the keys on every machine of a team.
    derived = hashlib.scrypt(master.encode(), salt=b"reelwright master key", n=2**14, r=8, p=1, dklen=32)
    return base64.urlsafe_b64encode(derived)


def _is_fernet_key(master: str) -> bool:
    try:
        return len(base64.urlsafe_b64decode(master.encode())) == 32 and len(master) == 44
    except ValueError:
        return False


def _parse_masters(given: str) -> list[str]:
    masters = [part.strip() for part in given.split(",") if part.strip()]
    if not masters or any(len(m) < SHORTEST_PASSPHRASE for m in masters):
        raise Unavailable(
            Text(
                "REELWRIGHT_MASTER_KEY is too short: at least {minimum} characters, better 44 random ones.",
                minimum=SHORTEST_PASSPHRASE,
            )
        )
    for master in masters:
        redactor.remember(master)
    return masters


def _read_masters(home: Path) -> list[str]:
    path = home / MASTER_FILE
    try:
        if not path.exists():
            _create_master(path)
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
        masters = path.read_text("ascii").split()
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable_file(path, error) from error
    if not masters or not all(_is_fernet_key(m) for m in masters):
        raise Unavailable(
            Text(
                "The master key file {path} is damaged. Restore it, or delete it and enter all keys again.",
                path=str(path),
            )
        )
    for master in masters:
        redactor.remember(master)
    return masters


def _held(path: Path) -> Unavailable:
    """Another process has been sealing keys for so long that it must have been stopped, or hang."""
    text = N_(
        "Process {pid} has been sealing keys for {seconds} s or more. If it is stopped or hangs, end it: kill -9 {pid}"
    )
    return Unavailable(Text(text, pid=path.read_text().strip() or "?", seconds=round(LOCK_WAIT_S)))


def _unusable_file(path: Path, error: Exception) -> Unavailable:
    return Unavailable(Text("The master key file {path} cannot be used: {reason}", path=str(path), reason=str(error)))


def _create_master(path: Path) -> None:
    """Write a new key under another name, then link it: two processes starting at once end up with the same key,
    and nobody ever reads half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = _write_draft(path, [base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()])
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    _sync_folder(path.parent)


def _write_draft(path: Path, masters: Sequence[str]) -> Path:
    """The masters in a file beside `path` that only its owner can read, on the disk for good."""
    draft = path.with_name(f".{MASTER_FILE}.{secrets.token_hex(6)}")
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(file, "".join(f"{m}\n" for m in masters).encode())
        os.fsync(file)
    finally:
        os.close(file)
    return draft


def _sync_folder(folder: Path) -> None:
    # Keys sealed right after this must not outlive their master key in a power cut.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _bad_key(message: str) -> InvalidInput:
    text = Text(message)
    return InvalidInput(text, [Issue("key", text)])
