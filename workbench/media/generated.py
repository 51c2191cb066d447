"""What a service made, brought into the store: bytes, links that are followed at once, and what it hands out for a key."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Literal

from workbench.errors import JobError, MediaRefused, ProviderError
from workbench.i18n import N_, Text
from workbench.media import clips, download, pictures
from workbench.media.store import Media, MediaStore
from workbench.providers.base import GeneratedMedia, Profile


async def kept(
    made: Sequence[GeneratedMedia], store: MediaStore, kind: Literal["image", "video"], profile: Profile
) -> list[Media]:
    """What a service made, as files of the store; links are followed now. Raises what kept all of it from being kept."""
    found: list[Media] = []
    failures: list[JobError] = []
    keep, most = (store.keep_image, pictures.MAX_BYTES) if kind == "image" else (store.keep_video, clips.MAX_BYTES)
    for one in made:
        if one.error is not None:
            failures.append(one.error)
            continue
        try:
            data, link = one.data, one.url
            if one.fetch is not None:
                data, link = await download.brought(one.fetch, most_bytes=most)
            if data is None and link:
                private = bool(profile.params.get("allow_private_media"))
                data = await download.fetch(link, most_bytes=most, allow_private=private)
            if not data:
                continue
            found.append(await asyncio.to_thread(keep, data))
        except MediaRefused as error:
            if one.url or one.fetch:
                error.kind = "media_download"
            failures.append(error)
    if found:
        return found
    if failures:
        raise failures[0]
    raise ProviderError("empty_output", Text(N_("The service answered without a picture or clip.")), http_status=200)
