"""Questions about AI profiles. The sealed key never leaves through `list_profiles`."""

from __future__ import annotations

from sqlalchemy import Connection, select

from workbench.db.rows.profiles import SavedProfile, SealedProfile
from workbench.db.rows.record import columns, fetch, fetch_one
from workbench.db.schema import profile

_saved = [*columns(SavedProfile, profile), profile.c.key_ciphertext.isnot(None).label("has_key")]
_sealed = columns(SealedProfile, profile)


def list_profiles(conn: Connection, *, archived: bool = False) -> list[SavedProfile]:
    query = select(*_saved).order_by(profile.c.name)
    return fetch(conn, SavedProfile, query if archived else query.where(profile.c.archived_at.is_(None)))


def find_by_name(conn: Connection, name: str) -> SavedProfile | None:
    return fetch_one(conn, SavedProfile, select(*_saved).where(profile.c.name == name))


def find_sealed(conn: Connection, profile_id: int) -> SealedProfile | None:
    """The whole row with its sealed key, for whoever is about to call the service."""
    return fetch_one(conn, SealedProfile, select(*_sealed).where(profile.c.id == profile_id))


def list_sealed(conn: Connection) -> list[SealedProfile]:
    return fetch(conn, SealedProfile, select(*_sealed).where(profile.c.key_ciphertext.isnot(None)))
