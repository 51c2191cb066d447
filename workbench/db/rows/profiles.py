"""AI profiles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from workbench.db.rows.record import Record
from workbench.json_types import JsonObject

#: how a model was brought to give structured output
Mode = Literal["json_schema", "json_object", "plain"]


@dataclass(frozen=True, slots=True)
class SavedProfile(Record):
    """An AI profile as people may see it: whether there is a key and how it ends, never the key."""

    id: int
    name: str
    provider: str
    #: None: the provider's own address
    base_url: str | None
    text_model: str | None
    image_model: str | None
    video_model: str | None
    #: pictures or clips come from another profile's service; None: from this one's
    image_profile_id: int | None
    video_profile_id: int | None
    #: profile ids in order; None: none
    fallback_ids: list[int] | None
    params: JsonObject
    #: the structured-output mode that worked, by model
    modes: dict[str, Mode]
    #: calls at once, requests and tokens a minute; None: no limit
    concurrency: int | None
    rpm: int | None
    tpm: int | None
    key_id: str | None
    key_tail: str | None
    archived_at: int | None
    created_by: str | None
    created_at: int
    has_key: bool


@dataclass(frozen=True, slots=True)
class SealedProfile(Record):
    """The whole row with its sealed key, for whoever is about to call the service."""

    id: int
    name: str
    provider: str
    base_url: str | None
    text_model: str | None
    image_model: str | None
    video_model: str | None
    image_profile_id: int | None
    video_profile_id: int | None
    fallback_ids: list[int] | None
    params: JsonObject
    modes: dict[str, Mode]
    concurrency: int | None
    rpm: int | None
    tpm: int | None
    key_ciphertext: str | None
    key_id: str | None
    key_tail: str | None
    archived_at: int | None
    created_by: str | None
    created_at: int
