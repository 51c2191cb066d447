"""AI profiles: which service, which models, which key, which limits. Keys are sealed on the way in and opened only
for a call."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple, TypedDict

from sqlalchemy import Connection

from workbench.db.connection import Database
from workbench.db.reads import profiles as reads
from workbench.db.rows.profiles import SavedProfile
from workbench.db.writes import profiles as writes
from workbench.errors import InvalidInput, Issue, NotFound, all_of
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.providers import params as known_params
from workbench.providers import registry
from workbench.providers.base import PROJECT_PROFILE, SKETCH, ChosenProfile, Profile
from workbench.security.keys import Vault
from workbench.settings import Settings

MODELS = ("text_model", "image_model", "video_model")
LONGEST_MODEL = 200
LIMITS = {"rpm": 1_000_000, "tpm": 1_000_000_000, "concurrency": 1_000}
#: field of a form → column; each names other profiles
BINDINGS = {"image_profile": "image_profile_id", "video_profile": "video_profile_id"}


class ProfileFields(TypedDict, total=False):
    """What a profile is made of beside its name and provider; `*_profile` and `fallback` are names of others."""

    key: str | None
    base_url: str | None
    text_model: str | None
    image_model: str | None
    video_model: str | None
    image_profile: str | None
    video_profile: str | None
    fallback: Sequence[str] | None
    params: JsonObject | None
    concurrency: int | None
    rpm: int | None
    tpm: int | None
    user: str


class ChangedFields(ProfileFields, total=False):
    """The same, and another name."""

    name: str


class Rotated(NamedTuple):
    """What `rotate` did: keys sealed anew, and master keys left."""

    keys: int
    masters: int


class Profiles:
    """Adds, changes and opens profiles. The built-in sketch is always there and has no row."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._vault: Vault | None = None

    @property
    def vault(self) -> Vault:
        if self._vault is None:
            self._vault = Vault.open(self._settings)
        return self._vault

    # -- opening -------------------------------------------------------------------------------------------------------

    def open(self, profile_id: int | None) -> Profile:
        """The profile with its key in plain, for whoever is about to call the service."""
        return self._load(profile_id, with_key=True)

    def public(self, profile_id: int | None) -> Profile:
        """The profile without its key: what prices and limits need."""
        return self._load(profile_id, with_key=False)

    def _load(self, profile_id: int | None, *, with_key: bool) -> Profile:
        if profile_id is None:
            return SKETCH
        with self._database.read() as conn:
            row = reads.find_sealed(conn, profile_id)
        if row is None:
            raise NotFound(Text(N_("There is no profile {name}."), name=profile_id))
        key = (
            self.vault.unseal(row.key_ciphertext, row.key_id)
            if with_key and row.key_ciphertext and row.key_id
            else None
        )
        return Profile(
            id=row.id,
            name=row.name,
            provider=row.provider,
            base_url=row.base_url,
            text_model=row.text_model or "",
            image_model=row.image_model,
            video_model=row.video_model,
            params=dict(row.params or {}),
            key=key,
            concurrency=row.concurrency,
            rpm=row.rpm,
            tpm=row.tpm,
            image_profile_id=row.image_profile_id,
            video_profile_id=row.video_profile_id,
            fallback_ids=tuple(row.fallback_ids or ()),
            modes=dict(row.modes or {}),
        )

    def choose(self, name: str | None) -> ChosenProfile:
        """The profile of this name, or the project's own when no name is given. Raises NotFound."""
        return PROJECT_PROFILE if name is None else self.id_of(name)

    def id_of(self, name: str) -> int | None:
        """A profile's id by name; None for the built-in sketch. Raises NotFound."""
        if name == SKETCH.name:
            return None
        row = self._row(name)
        if row.archived_at is not None:
            raise NotFound(Text(N_("There is no profile {name}."), name=name))
        profile_id: int = row.id
        return profile_id

    def _row(self, name: str) -> SavedProfile:
        with self._database.read() as conn:
            row = reads.find_by_name(conn, name)
        if row is None:
            raise NotFound(Text(N_("There is no profile {name}."), name=name))
        return row

    def list_profiles(self, *, archived: bool = False) -> list[SavedProfile]:
        with self._database.read() as conn:
            return reads.list_profiles(conn, archived=archived)

    # -- changing ------------------------------------------------------------------------------------------------------

    def add(
        self, name: str, provider: str, *, key: str | None = None, user: str = "local", **fields: Any
    ) -> SavedProfile:
        """Add a profile; the key is sealed and never shown again. Raises InvalidInput naming the field.

        `fields`: base_url, text_model, image_model, video_model, image_profile, video_profile, fallback (names),
        params, concurrency, rpm, tpm.
        """
        registry.check(provider)
        values = self._values(None, provider, {"name": name} | {n: fields.pop(n, None) for n in _FIELDS})
        if fields:
            raise TypeError(f"no such field of a profile: {', '.join(fields)}")
        key = (key or "").strip()
        with self._lock_keys(bool(key)):
            sealed = self.vault.seal(key) if key else None
            with self._database.write() as conn:
                writes.add(
                    conn,
                    provider=provider,
                    created_by=user,
                    key_ciphertext=sealed and sealed.ciphertext,
                    key_id=sealed and sealed.key_id,
                    key_tail=sealed and sealed.tail,
                    **values,
                )
        return self._row(values["name"])

    def _lock_keys(self, keys: bool) -> AbstractContextManager[None]:
        """Keys, and the address they go to, are changed by one at a time."""
        return self.vault.lock() if keys else nullcontext()

    def change(self, name: str, /, *, key: str | None = None, **fields: Any) -> SavedProfile:
        """Change fields of a profile (as in `add`, and `name`). Raises InvalidInput naming the field.

        A key belongs to the address it was entered for: with another address it has to be entered again.
        """
        key = (key or "").strip()
        with self._lock_keys(bool(key) or bool(self._row(name).has_key)):
            return self._apply_change(name, key, fields)

    def _apply_change(self, name: str, key: str, fields: dict[str, Any]) -> SavedProfile:
        row = self._row(name)
        if fields.get("name") == name:
            del fields["name"]
        now = self._as_fields(row)
        already_bound = {*(now[field] for field in BINDINGS if now[field]), *now["fallback"]}
        values = self._values(row.id, row.provider, {**now, **fields}, already_bound)
        # the path, too: one host may serve many gateways, each with its own keeper
        moved = values["base_url"] != row.base_url
        if moved and row.has_key and not key:
            text = Text(N_("The address has changed. Enter the key for it again: the old one is not sent there."))
            raise InvalidInput(text, [Issue("key", text)])
        if key:
            sealed = self.vault.seal(key)
            values |= {"key_ciphertext": sealed.ciphertext, "key_id": sealed.key_id, "key_tail": sealed.tail}
        if values["text_model"] != row.text_model or moved:
            values["modes"] = {}
        with self._database.write() as conn:
            writes.change(conn, row.id, **values)
        return self._row(values.get("name", name))

    def duplicate(self, name: str, new_name: str, user: str = "local") -> SavedProfile:
        """A second profile with the same settings and key."""
        row = self._row(name)
        called = self._free_name(new_name)
        with self._lock_keys(bool(row.has_key)), self._database.write() as conn:
            whole = reads.find_sealed(conn, row.id)
            assert whole is not None
            own_columns = ("id", "name", "modes", "archived_at", "created_at", "created_by")
            writes.add(
                conn, name=called, created_by=user, **{k: v for k, v in whole.as_json().items() if k not in own_columns}
            )
        return self._row(called)

    def archive(self, name: str, archived: bool = True) -> None:
        """Hide a profile, or bring it back. Raises NotFound, InvalidInput."""
        if name == SKETCH.name:
            raise InvalidInput(Text(N_("The built-in sketch profile stays.")))
        row = self._row(name)
        with self._database.write() as conn:
            writes.set_archived(conn, row.id, archived)

    def _free_name(self, name: str) -> str:
        name = (name or "").strip()
        if not name or len(name) > 80 or name == SKETCH.name:
            text = Text(N_("A profile's name has 1 to 80 characters and is not “sketch”."))
            raise InvalidInput(text, [Issue("name", text)])
        with self._database.read() as conn:
            if reads.find_by_name(conn, name) is not None:
                text = Text(N_("There is already a profile named {name}. Choose another name."), name=name)
                raise InvalidInput(text, [Issue("name", text)])
        return name

    def _values(
        self, own_id: int | None, provider: str, given: dict[str, Any], kept: Collection[str] = ()
    ) -> dict[str, Any]:
        """The columns of a profile, from what a form or a command has. Every issue is named at once.

        A `name` in `given` is a new one; without it there is none in the columns.
        `kept`: names it is bound to already; that one of them was archived stops no other change.
        """
        values: dict[str, Any] = {n: known_params.model_name(provider, given[n]) for n in MODELS}
        too_long = Text(N_("has at most {most} characters."), most=LONGEST_MODEL)
        issues = [Issue(n, too_long) for n in MODELS if len(values[n] or "") > LONGEST_MODEL]

        def collect(name: str, make: Any) -> None:
            try:
                values[name] = make()
            except InvalidInput as error:
                issues.extend(error.issues or [Issue(name, error.text)])
                values[name] = None

        if "name" in given:
            collect("name", lambda: self._free_name(given["name"]))
        collect("base_url", lambda: base_url_of(provider, given["base_url"]))
        collect("params", lambda: known_params.validate(provider, given["params"] or {}))
        if provider != SKETCH.provider and not any(values[n] for n in MODELS):
            issues.append(Issue("text_model", Text(N_("Name the text model."))))
        for limit, most in LIMITS.items():
            number = given[limit]
            values[limit] = number or None
            if number is not None and not (isinstance(number, int) and 0 <= number <= most):
                message = Text(N_("is a whole number from {low} to {high}."), low=1, high=most)
                issues.append(Issue(limit, message))
        for field, column in BINDINGS.items():
            collect(column, lambda f=field: self._other(own_id, f, given[f], kept))
        collect("fallback_ids", lambda: self._fallbacks(own_id, given["fallback"] or (), kept))
        if issues:
            raise InvalidInput(all_of(issues), issues)
        return values

    def _other(self, own_id: int | None, field: str, name: str | None, kept: Collection[str] = ()) -> int | None:
        """The id of another profile that a field names; one of `kept` may be archived. Raises InvalidInput."""
        if not name:
            return None
        try:
            other_id = self._row(name).id if name in kept else self.id_of(name)
        except NotFound as error:
            raise InvalidInput(error.text, [Issue(field, error.text)]) from None
        if other_id is None or other_id == own_id:
            text = Text(N_("Name another profile that has a service of its own."))
            raise InvalidInput(text, [Issue(field, text)])
        return other_id

    def _fallbacks(self, own_id: int | None, names: Sequence[str], kept: Collection[str]) -> list[int] | None:
        ids = [self._other(own_id, "fallback", name, kept) for name in dict.fromkeys(names)]
        return [i for i in ids if i is not None] or None

    def _as_fields(self, row: SavedProfile) -> dict[str, Any]:
        """A row as the fields of `add`."""
        names = {r.id: r.name for r in self.list_profiles(archived=True)}
        fields: JsonObject = {n: getattr(row, n) for n in (*MODELS, *LIMITS, "base_url", "params")}
        fields |= {field: names.get(getattr(row, column)) for field, column in BINDINGS.items()}
        return fields | {"fallback": [names[i] for i in row.fallback_ids or () if i in names]}

    # -- keys ----------------------------------------------------------------------------------------------------------

    def remember_keys(self) -> None:
        """Teach this process's redactor every stored key, so that no log or page can show one."""
        with self._database.read() as conn:
            rows = reads.list_sealed(conn)
        for row in rows:
            if row.key_ciphertext and row.key_id:
                self.vault.unseal(row.key_ciphertext, row.key_id)

    def rotate(self, also: Callable[[Connection, Vault], int] = lambda conn, vault: 0) -> Rotated:
        """Seal every key with a new master key. Interrupted anywhere, every key can still be opened.

        With a file: a new master is put in front, keys are sealed anew, the old masters are forgotten. With
        REELWRIGHT_MASTER_KEY: the first key seals anew what the others sealed. `also` seals what else there is, in the
        same transaction, and says how much. Raises Unavailable.
        """
        vault = self.vault
        if vault.home is None and vault.masters < 2:
            raise InvalidInput(
                Text(
                    N_(
                        "Put the new master key in front of the old one in REELWRIGHT_MASTER_KEY, with a comma "
                        "between, then run this again."
                    )
                )
            )
        with vault.lock():
            if vault.home is not None:
                vault.add_master()
            with self._database.write() as conn:
                rows = writes.lock_sealed(conn)
                for row in rows:
                    sealed = vault.seal(vault.unseal(row["key_ciphertext"], row["key_id"]))
                    writes.change(conn, row["id"], key_ciphertext=sealed.ciphertext, key_id=sealed.key_id)
                others = also(conn, vault)
            if vault.home is not None:
                vault.forget_old_masters()
        return Rotated(len(rows) + others, vault.masters)


_FIELDS = (*MODELS, *LIMITS, *BINDINGS, "fallback", "base_url", "params")


def base_url_of(provider: str, pasted: str | None) -> str | None:
    """The address to store; None: the provider's own. Raises InvalidInput."""
    if not (pasted or "").strip():
        return None
    from workbench.providers.endpoints import normalise_base_url

    url = normalise_base_url(str(pasted))
    # the SDK puts the version of Google's API behind the address itself
    return re.sub(r"/v1(beta|alpha)?\d*(/openai)?$", "", url) if provider == "gemini" else url
