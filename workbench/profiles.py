"""AI profiles: which service, which models, which key. Keys are sealed on the way in and opened only for a call."""

from __future__ import annotations

from typing import Any

from workbench.db.connection import Database
from workbench.db.reads import profiles as reads
from workbench.db.writes import profiles as writes
from workbench.errors import InvalidInput, Issue, NotFound
from workbench.i18n import N_, Text
from workbench.jobs.submit import PROJECT_PROFILE
from workbench.providers import registry
from workbench.providers.base import SKETCH, Profile
from workbench.security.keys import Vault
from workbench.settings import Settings


class Profiles:
    """Adds profiles and opens them for calls. The built-in sketch is always there and has no row."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._vault: Vault | None = None

    @property
    def vault(self) -> Vault:
        if self._vault is None:
            self._vault = Vault.open(self._settings)
        return self._vault

    def open(self, profile_id: int | None) -> Profile:
        """The profile with its key in plain, for whoever is about to call the service."""
        return self._opened(profile_id, with_key=True)

    def _opened(self, profile_id: int | None, *, with_key: bool) -> Profile:
        if profile_id is None:
            return SKETCH
        with self._database.read() as conn:
            row = reads.sealed(conn, profile_id)
        if row is None:
            raise NotFound(Text(N_("There is no profile {name}."), name=profile_id))
        sealed = with_key and row["key_ciphertext"]
        key = self.vault.unseal(row["key_ciphertext"], row["key_id"]) if sealed else None
        return Profile(
            id=row["id"],
            name=row["name"],
            provider=row["provider"],
            base_url=row["base_url"],
            text_model=row["text_model"] or "",
            image_model=row["image_model"],
            params=dict(row["params"] or {}),
            key=key,
            concurrency=row["concurrency"],
            modes=dict(row["modes"] or {}),
        )

    def public(self, profile_id: int | None) -> Profile:
        """The profile without its key: what prices and limits need."""
        return self._opened(profile_id, with_key=False)

    def id_of(self, name: str | None) -> int | None:
        """A profile's id by name; None for the built-in sketch, PROJECT_PROFILE when no name is given. Raises NotFound."""
        if name is None:
            return PROJECT_PROFILE
        if name == SKETCH.name:
            return None
        with self._database.read() as conn:
            row = reads.by_name(conn, name)
        if row is None or row["archived_at"] is not None:
            raise NotFound(Text(N_("There is no profile {name}."), name=name))
        profile_id: int = row["id"]
        return profile_id

    def add(
        self,
        name: str,
        provider: str,
        *,
        base_url: str | None = None,
        text_model: str | None = None,
        image_model: str | None = None,
        key: str | None = None,
        params: dict[str, Any] | None = None,
        concurrency: int | None = None,
        user: str = "local",
    ) -> dict[str, Any]:
        """Add a profile; the key is sealed and never shown again. Raises InvalidInput naming the field."""
        name = name.strip()
        if not name or len(name) > 80 or name == SKETCH.name:
            text = Text(N_("A profile's name has 1 to 80 characters and is not “sketch”."))
            raise InvalidInput(text, [Issue("name", text)])
        registry.check(provider)
        url = self._base_url(provider, base_url)
        if provider != "sketch" and not (text_model or "").strip():
            text = Text(N_("Name the text model."))
            raise InvalidInput(text, [Issue("text_model", text)])
        sealed = self.vault.seal(key) if key and key.strip() else None
        with self._database.write() as conn:
            if reads.by_name(conn, name) is not None:
                text = Text(N_("There is already a profile named {name}. Choose another name."), name=name)
                raise InvalidInput(text, [Issue("name", text)])
            writes.add(
                conn,
                name=name,
                provider=provider,
                base_url=url,
                text_model=(text_model or "").strip() or None,
                image_model=image_model,
                params=params or {},
                concurrency=concurrency,
                created_by=user,
                key_ciphertext=sealed and sealed.ciphertext,
                key_id=sealed and sealed.key_id,
                key_tail=sealed and sealed.tail,
            )
            row = reads.by_name(conn, name)
        assert row is not None
        return row

    def _base_url(self, provider: str, base_url: str | None) -> str | None:
        if not base_url:
            return None
        from workbench.providers.endpoints import normalise_base_url

        return normalise_base_url(base_url)

    def listed(self, *, archived: bool = False) -> list[dict[str, Any]]:
        with self._database.read() as conn:
            return reads.listed(conn, archived=archived)

    def archive(self, name: str, archived: bool = True) -> None:
        profile_id = self.id_of(name)
        if profile_id is None:
            raise InvalidInput(Text(N_("The built-in sketch profile stays.")))
        with self._database.write() as conn:
            writes.set_archived(conn, profile_id, archived)

    def remember_keys(self) -> None:
        """Teach this process's redactor every stored key, so that no log or page can show one."""
        with self._database.read() as conn:
            rows = reads.all_sealed(conn)
        for row in rows:
            self.vault.unseal(row["key_ciphertext"], row["key_id"])
