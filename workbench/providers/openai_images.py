"""Pictures in OpenAI's words: how a model family wants to be asked, and what its answer holds. No request is made
here."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from workbench.errors import ProviderError
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject, parse_json
from workbench.plain_text import storable
from workbench.providers import faults
from workbench.providers.answers import ServiceRefused
from workbench.providers.base import GeneratedMedia, ImageReply, ImageRequest, Usage
from workbench.providers.counting import count, mapping
from workbench.security.redact import redactor

#: what a free-sized model is asked for, in pixels
AIM = 1280 * 720
_MOST_UNEVEN = 3.0


@dataclass(frozen=True)
class Family:
    """`sizes`: the only ones it draws; empty: any in steps of 16. `edits`: draws from references.

    `names_format`: it must be asked for base64; the others always answer with it and refuse the question.
    """

    begins: tuple[str, ...]
    sizes: tuple[tuple[int, int], ...] = ()
    edits: bool = False
    names_format: bool = True
    aim: int = AIM


FAMILIES = (
    Family(("gpt-image-2",), edits=True, names_format=False, aim=1536 * 864),
    Family(
        ("gpt-image-", "chatgpt-image-"),
        sizes=((1024, 1024), (1536, 1024), (1024, 1536)),
        edits=True,
        names_format=False,
    ),
    Family(("dall-e-3",), sizes=((1024, 1024), (1792, 1024), (1024, 1792))),
    Family(("dall-e-2",), sizes=((1024, 1024),)),
)
_OTHER = Family(())


def family_of(model: str) -> Family:
    """The family by the model's name, also behind a relay's prefix; one that promises nothing special otherwise."""
    name = model.lower().rsplit("/", 1)[-1]
    return next((f for f in FAMILIES if name.startswith(f.begins)), _OTHER)


def size_for(family: Family, wanted: tuple[int, int]) -> tuple[int, int]:
    """The size nearest in shape to the wanted one that the family draws."""
    shape = wanted[0] / wanted[1]
    if family.sizes:
        return min(family.sizes, key=lambda s: (abs(math.log(s[0] / s[1] / shape)), -s[0] * s[1]))
    shape = min(max(shape, 1 / _MOST_UNEVEN), _MOST_UNEVEN)
    width = math.sqrt(family.aim * shape)
    return max(16, round(width / 16) * 16), max(16, round(width / shape / 16) * 16)


def body(request: ImageRequest, *, names_format: bool) -> JsonObject:
    """The fields of the request. A profile's `image_size` replaces the size, its `image_params` are added as they
    are."""
    family = family_of(request.model)
    width, height = size_for(family, request.size)
    fields: JsonObject = {
        "model": request.model,
        "prompt": request.prompt,
        "n": 1,
        "size": str(request.params.get("image_size") or f"{width}x{height}"),
    }
    if family.names_format and names_format:
        fields["response_format"] = "b64_json"
    extra = dict(request.params.get("image_params") or {})
    if request.params.get("image_seed"):
        extra["seed"] = request.seed
    if extra:
        fields["extra_body"] = extra
    if request.references and family.edits:
        fields["image"] = [(f"reference-{n}.webp", data, "image/webp") for n, data in enumerate(request.references, 1)]
    return fields


def notes(request: ImageRequest) -> tuple[Text, ...]:
    """What of the request the model cannot take."""
    if not request.references or family_of(request.model).edits:
        return ()
    message = Text(
        N_("{model} takes no reference pictures; {count} were left out"),
        model=request.model,
        count=len(request.references),
    )
    return (message,)


def read(raw: str, request: ImageRequest, headers: Mapping[str, str], notes: tuple[Text, ...]) -> ImageReply:
    """What a service answered with status 200. Raises ProviderError for anything that is no answer about pictures."""
    try:
        answer = parse_json(raw)
    except ValueError:
        raise _unreadable(raw) from None
    if not isinstance(answer, dict):
        raise _unreadable(raw)
    entries, text = _entries(answer), _text_of(answer)
    if not entries and not text:
        if faults.find_refusal(answer) is not None:
            raise ServiceRefused(200, answer)
        if not answer.keys() & {*_LISTS, "choices"}:
            raise _unreadable(raw)
    images = tuple(m for m in (_read_entry(e, headers) for e in entries) if m is not None)
    usage = answer.get("usage")
    reported: JsonObject = usage if isinstance(usage, dict) else {}
    generated = count(reported.get("generated_images"))
    return ImageReply(
        images,
        read_usage(reported),
        str(answer.get("model") or request.model),
        count=sum(m.error is None for m in images) if generated is None else generated,
        request_id=faults.request_id(headers),
        notes=notes,
        text="" if images else text,
    )


#: where services list what they drew: OpenAI; SiliconFlow; DashScope, in its `output`; Replicate and its like
_LISTS = ("data", "images", "results", "image_urls", "output")
#: what an entry holds, as base64 or as a link
_ENCODED = ("b64_json", "base64", "b64", "image_base64", "bytesBase64Encoded", "b64_image", "image")
_LINKS = ("url", "image_url", "orig_url", "image", "link")
#: a picture that a chat model puts into its text
_IN_TEXT = re.compile(r"!\[[^\]]*\]\(\s*(https?://[^\s)]+|data:image/[^\s)]+)|(data:image/[\w.+-]+;base64,[\w+/=-]+)")


def _entries(answer: JsonObject, depth: int = 2) -> list[JsonObject]:
    """What stands for one picture each; bare links and bare base64 become entries, too."""
    for name in _LISTS:
        found = answer.get(name)
        if isinstance(found, list):
            return [e if isinstance(e, dict) else {"url": e} for e in found if isinstance(e, dict | str)]
        if isinstance(found, dict) and depth:
            inner = _entries(found, depth - 1)
            if inner:
                return inner
        elif isinstance(found, str) and found.startswith(("http://", "https://", "data:")):
            return [{"url": found}]
    encoded = answer.get("image_base64")
    if isinstance(encoded, list):
        return [{"b64_json": e} for e in encoded if isinstance(e, str)]
    if depth < 2 and any(isinstance(answer.get(n), str) for n in (*_ENCODED, *_LINKS)):
        return [answer]
    message = _message_of(answer)
    pictures = message.get("images")
    if isinstance(pictures, list):
        return [e for e in pictures if isinstance(e, dict)]
    return [{"url": link or data} for link, data in _IN_TEXT.findall(_said(message))]


def _message_of(answer: JsonObject) -> JsonObject:
    choices = answer.get("choices")
    return mapping(mapping(choices[0]).get("message")) if isinstance(choices, list) and choices else {}


def _said(message: JsonObject) -> str:
    content = message.get("content")
    return content if isinstance(content, str) else ""


def _text_of(answer: JsonObject) -> str:
    """What a model said in place of a picture."""
    return redactor.text(storable(_said(_message_of(answer)).strip()))


def read_usage(found: JsonObject) -> Usage:
    """Token counts as reported; anything missing or senseless stays None. All that is drawn counts as picture
    tokens."""
    input_details = found.get("input_tokens_details")
    output_details = found.get("output_tokens_details")
    output = count(found.get("output_tokens"))
    return Usage(
        input=count(found.get("input_tokens")),
        output=output,
        image_input=count(input_details.get("image_tokens")) if isinstance(input_details, dict) else None,
        image_output=count(output_details.get("image_tokens")) if isinstance(output_details, dict) else output,
    )


def _read_entry(entry: JsonObject, headers: Mapping[str, str]) -> GeneratedMedia | None:
    if entry.get("error"):
        return GeneratedMedia(error=faults.fault(200, {"error": entry["error"]}, headers))
    encoded = next((e for e in (entry.get(name) for name in _ENCODED) if isinstance(e, str) and e.strip()), "")
    links = (mapping(entry.get(name)).get("url") or entry.get(name) for name in _LINKS)
    url = next((u for u in links if isinstance(u, str) and u.strip()), "")
    if encoded.startswith(("http://", "https://")):
        encoded, url = "", encoded
    if url and not url.startswith(("http://", "https://")) and not encoded:
        encoded, url = url, ""
    if not encoded:
        return GeneratedMedia(url=url) if url else None
    data = decode_base64(encoded)
    if data is None:
        damaged = Text(N_("The picture's base64 is damaged."))
        return GeneratedMedia(error=ProviderError("malformed_output", damaged, http_status=200))
    return GeneratedMedia(data)


def decode_base64(encoded: str) -> bytes | None:
    """The bytes of base64 as it may come: behind a data URI's head, in lines, for URLs, without its padding."""
    letters = re.sub(r"\s+", "", encoded.rpartition("base64,")[2]).rstrip("=").translate(_FOR_URLS)
    try:
        return base64.b64decode(letters + "=" * (-len(letters) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


_FOR_URLS = str.maketrans("-_", "+/")


def _unreadable(raw: str) -> ProviderError:
    # never the picture itself, half of which may be what came
    shown = redactor.text(faults.read_refusal(raw[:20_000]).message)[:200].partition("b64_json")[0]
    return ProviderError(
        "malformed_output",
        Text(
            N_("The service answered with something else than pictures. Check the base URL. It begins: {start}"),
            start=shown,
        ),
        http_status=200,
    )
