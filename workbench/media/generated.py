"""What a service generated, brought into the store: bytes, links (followed at once), and files fetched with a key."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Literal

from workbench.errors import JobError, MediaRefused, ProviderError
from workbench.i18n import N_, Text
from workbench.media import clips, download, pictures
from workbench.media.store import Media, MediaStore
from workbench.providers.base import GeneratedMedia, Profile


async def store_generated(
    generated: Sequence[GeneratedMedia], store: MediaStore, kind: Literal["image", "video"], profile: Profile
) -> list[Media]:
    """Put each generated picture or clip into the store; links are followed now.

    Raises the first failure when none of them could be stored.
    """
    stored: list[Media] = []
    failures: list[JobError] = []
    keep, most = (store.keep_image, pictures.MAX_BYTES) if kind == "image" else (store.keep_video, clips.MAX_BYTES)
    for item in generated:
        if item.error is not None:
            failures.append(item.error)
            continue
        try:
            data, link = item.data, item.url
            if item.fetch is not None:
                data, link = await download.fetch_from_provider(item.fetch, most_bytes=most)
            if data is None and link:
                private = bool(profile.params.get("allow_private_media"))
                data = await download.fetch(link, most_bytes=most, allow_private=private)
            if not data:
                continue
            stored.append(await asyncio.to_thread(keep, data))
        except MediaRefused as error:
            if item.url or item.fetch:
                error.kind = "media_download"
            failures.append(error)
    if stored:
        return stored
    if failures:
        raise failures[0]
    raise ProviderError("empty_output", Text(N_("The service answered without a picture or clip.")), http_status=200)
