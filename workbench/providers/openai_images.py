"""Pictures in OpenAI's words: how a model family wants to be asked, and what its answer holds. No request is made
here."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from workbench.errors import ProviderError
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject, parse_json
from workbench.plain_text import storable
from workbench.providers import faults, wire
from workbench.providers.answers import WITHHELD, ServiceRefused, refuse_words
from workbench.providers.base import GeneratedMedia, ImageReply, ImageRequest, Usage
from workbench.providers.counting import Tally, count, mapping
from workbench.providers.references import limits_of
from workbench.security.redact import redactor

#: what a free-sized model is asked for, in pixels
AIM = 1280 * 720
_MOST_UNEVEN = 3.0


@dataclass(frozen=True)
class Family:
    """`sizes`: the only ones it draws; empty: any in steps of 16.

    `names_format`: it must be asked for base64; the others always answer with it and refuse the question.
    """

    begins: tuple[str, ...]
    sizes: tuple[tuple[int, int], ...] = ()
    names_format: bool = True
    aim: int = AIM


FAMILIES = (
    Family(("gpt-image-2",), names_format=False, aim=1536 * 864),
    Family(
        ("gpt-image-", "chatgpt-image-"),
        sizes=((1024, 1024), (1536, 1024), (1024, 1536)),
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
    taken = request.references[: most_references(request.model)]
    if taken:
        fields["image"] = [_file(n, data) for n, data in enumerate(taken, 1)]
    return fields


def _file(number: int, picture: bytes) -> tuple[str, bytes, str]:
    """A part of a form: its name, bytes and type; what our store keeps is WebP."""
    kind = next((k for magic, k in ((b"\x89PNG", "png"), (b"\xff\xd8", "jpeg")) if picture.startswith(magic)), "webp")
    return f"reference-{number}.{kind}", picture, f"image/{kind}"


def most_references(model: str) -> int:
    return limits_of("openai", "image", model).most


def notes(request: ImageRequest) -> tuple[Text, ...]:
    """What of the request the model cannot take."""
    return note_left_out(request.model, len(request.references), most_references(request.model))


def note_left_out(model: str, count: int, most: int) -> tuple[Text, ...]:
    """That some pictures to draw from were left out, if any."""
    if count <= most:
        return ()
    if not most:
        return (Text(N_("{model} takes no reference pictures; {count} were left out"), model=model, count=count),)
    message = N_("{model} takes at most {most} reference pictures; {count} were left out")
    return (Text(message, model=model, most=most, count=count - most),)


def read(answer: Any, request: ImageRequest, headers: Mapping[str, str], notes: tuple[Text, ...]) -> ImageReply:
    """What a service answered with status 200: a JSON value. Raises ProviderError for anything that is no answer about
    pictures."""
    if not isinstance(answer, dict):
        raise unreadable(json.dumps(answer, ensure_ascii=False))
    entries = list(_entries(answer))
    text = "" if entries else redactor.text(storable("\n".join(_texts(answer)).strip()))
    if not entries:
        _refuse(answer, text)
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
        text=text,
    )


def read_bytes(body: bytes, request: ImageRequest, headers: Mapping[str, str], notes: tuple[Text, ...]) -> ImageReply:
    """A body that is a picture itself, or JSON. Raises UnicodeDecodeError for text in another encoding than UTF-8."""
    if any(body.startswith(magic) for magic in _MAGIC):
        return ImageReply((GeneratedMedia(body),), Usage(), request.model, 1, faults.request_id(headers), notes)
    raw = wire.decode(body)
    try:
        answer = parse_json(raw)
    except ValueError:
        answer = None
    if answer is None:
        refuse_words(raw)
        raise unreadable(raw)
    return read(answer, request, headers, notes)


def _refuse(answer: JsonObject, text: str) -> None:
    """Raise why there is no picture, where it says so, or where it is no answer at all."""
    for layer in (answer, *(mapping(answer.get(name)) for name in _LISTS)):
        if faults.find_refusal(layer) is not None:
            raise ServiceRefused(200, layer)
    choices = answer.get("choices")
    finish = str(mapping(choices[0]).get("finish_reason") or "") if isinstance(choices, list) and choices else ""
    if finish.lower() in WITHHELD:
        filtered = faults.describe_filter(faults.PICTURE, text or finish)
        raise ProviderError("content_filter", filtered, http_status=200)
    listed = any(isinstance(answer.get(name), list) for name in (*_LISTS, "choices"))
    if not text and not listed:
        raise unreadable(json.dumps(answer, ensure_ascii=False))


#: where services list what they drew: OpenAI; SiliconFlow; DashScope, in its `output`; Stability; Cloudflare; Imagen
_LISTS = (
    *("data", "images", "results", "image_urls", "urls", "output", "result", "artifacts", "predictions"),
    *("image_base64", "response"),
)
#: what an entry holds, as base64 or as a link
_ENCODED = (
    *("b64_json", "base64", "b64", "image_base64", "bytesBase64Encoded", "b64_image", "imageBytes", "image"),
    *("result", "data"),
)
_LINKS = ("url", "image_url", "orig_url", "image", "link", "img_url", "imageUrl", "fileUri")
#: what is told of the request and not of the picture
_ECHOED = frozenset(
    (
        *("input", "inputs", "parameters", "params", "request", "prompt", "revised_prompt", "usage", "metadata"),
        *("reference_images", "init_images", "error", "base_resp", "info"),
    )
)
#: where a model says something in place of a picture, or beside it
_TEXTS = ("text", "content", "refusal", "output_text")
#: a picture that a chat model puts into its text
_IN_TEXT = re.compile(
    r"!\[[^\]]*\]\(\s*(https?://[^\s)]+|data:image/[^\s)]+)"
    r"|(data:image/[\w.+-]+;base64,[\w+/=-]+)"
    r"|(https?://[^\s<>()\"']+\.(?:png|jpe?g|webp|gif|avif)(?:\?[^\s<>()\"']*)?)",
    re.IGNORECASE,
)
_LINK = re.compile(r"(?:https?:)?//\S+|/(?!9j/)[\w./%-]+\.\w{3,5}(?:\?\S*)?", re.IGNORECASE)
#: how PNG, JPEG, WebP, GIF begin, as bytes and in base64
_MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"GIF8")
_MAGIC_ENCODED = (
    "data:image/",
    "iVBORw0KGgo",
    "/9j/",
    "_9j_",
    "UklGR",
    "R0lGOD",
    "AAAAHGZ0eXBhdmlm",
    "AAAAIGZ0eXBhdmlm",
)


def _entries(value: Any, name: str = "", depth: int = 7) -> Iterator[JsonObject]:
    """What stands for one picture each, wherever it lies; bare links and bare base64 become entries, too."""
    if isinstance(value, str):
        if name in (*_LISTS, *_LINKS, *_ENCODED) and (_LINK.fullmatch(value) or value.startswith(_MAGIC_ENCODED)):
            yield {"url": value}
        elif name in _TEXTS:
            yield from ({"url": next(filter(None, found))} for found in _IN_TEXT.findall(value))
    elif isinstance(value, list) and depth:
        for entry in value:
            yield from _entries(entry, name, depth - 1)
    elif isinstance(value, dict) and depth:
        if _is_entry(value, name):
            yield value
        else:
            for inner in value:
                if inner not in _ECHOED:
                    yield from _entries(value[inner], inner, depth - 1)


def _is_entry(value: JsonObject, name: str) -> bool:
    """Whether an object is one picture, or says why there is none."""
    if name in _LISTS and value.get("error"):
        return True
    link = next(iter(_links_of(value)), "")
    encoded = next((e for e in (value.get(n) for n in _ENCODED) if isinstance(e, str)), "")
    if name in ("data", "images"):
        return bool(link or any(isinstance(value.get(n), str) and value[n] for n in _ENCODED[:-2]))
    return bool(link) or encoded.startswith(_MAGIC_ENCODED)


def _links_of(entry: JsonObject) -> Iterator[str]:
    for value in (entry.get(name) for name in _LINKS):
        for link in value if isinstance(value, list) else [mapping(value).get("url") or value]:
            if isinstance(link, str) and link.strip():
                yield link.strip()


def _texts(value: Any, name: str = "", depth: int = 7) -> Iterator[str]:
    """What a model said in place of a picture."""
    if isinstance(value, str) and name in _TEXTS:
        yield value
    elif isinstance(value, list) and depth:
        for entry in value:
            yield from _texts(entry, name, depth - 1)
    elif isinstance(value, dict) and depth:
        for inner in value:
            if inner not in _ECHOED:
                yield from _texts(value[inner], inner, depth - 1)


def read_usage(found: JsonObject) -> Usage:
    """Token counts as reported; anything missing or senseless stays None. All that is drawn counts as picture
    tokens."""
    tally = Tally()
    tally.add(found)
    told = tally.usage(spoke=True)
    input_details, output_details = found.get("input_tokens_details"), found.get("output_tokens_details")
    return replace(
        told,
        image_input=count(input_details.get("image_tokens")) if isinstance(input_details, dict) else None,
        image_output=count(output_details.get("image_tokens")) if isinstance(output_details, dict) else told.output,
    )


def _read_entry(entry: JsonObject, headers: Mapping[str, str]) -> GeneratedMedia | None:
    if entry.get("error"):
        return GeneratedMedia(error=faults.fault(200, {"error": entry["error"]}, headers))
    reason = str(entry.get("finishReason") or entry.get("finish_reason") or "").lower()
    if reason in WITHHELD:
        # what is drawn in its place is a grey mist
        withheld = faults.describe_filter(faults.PICTURE, reason)
        return GeneratedMedia(error=ProviderError("content_filter", withheld, http_status=200))
    encoded = next((e for e in (entry.get(name) for name in _ENCODED) if isinstance(e, str) and e.strip()), "")
    url = next(iter(_links_of(entry)), "")
    if _LINK.fullmatch(encoded):
        encoded, url = "", encoded
    if url and not _LINK.fullmatch(url) and not encoded:
        encoded, url = url, ""
    if not encoded:
        return GeneratedMedia(url=url) if url else None
    data = decode_base64(encoded)
    if data is None:
        damaged = Text(N_("The picture's base64 is damaged."))
        return GeneratedMedia(error=ProviderError("malformed_output", damaged, http_status=200))
    return GeneratedMedia(data)


def decode_base64(encoded: str) -> bytes | None:
    """The bytes of base64 as it may come: behind a data URI's head, in lines, for URLs, without its padding, or with
    signs that an address has changed."""
    letters = encoded.rpartition("base64,")[2].strip()
    if "%" in letters:
        letters = unquote(letters)
    if " " in letters and "\n" not in letters:
        letters = letters.replace(" ", "+")
    letters = re.sub(r"\s+", "", letters).rstrip("=").translate(_FOR_URLS)
    try:
        return base64.b64decode(letters + "=" * (-len(letters) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


_FOR_URLS = str.maketrans("-_", "+/")


def unreadable(raw: str) -> ProviderError:
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
