"""What every model provider offers: one small protocol for each capability, the same requests and replies for all.

A provider makes exactly one request to its service per call and never retries: retry, repair and stepping down
a structured-output mode belong to the engine, which writes each request into the ledger first.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Literal, Protocol, runtime_checkable

from workbench.errors import ProviderError
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.providers.references import NONE as NO_REFERENCES
from workbench.providers.references import ReferenceLimits

#: of what a model says in place of a picture
LONGEST_TEXT = 600

Mode = Literal["json_schema", "json_object", "plain"]
#: strongest first; a provider's `modes` is a tail or subset of it
MODES: tuple[Mode, ...] = ("json_schema", "json_object", "plain")


@dataclass(frozen=True)
class Message:
    """`pictures` are shown after the words, as JPEG: every service that takes pictures takes those."""

    role: Literal["system", "user", "assistant"]
    content: str
    pictures: tuple[bytes, ...] = field(default=(), repr=False)

    @property
    def picture_links(self) -> list[str]:
        """The pictures as addresses that hold them."""
        return [f"data:image/jpeg;base64,{base64.b64encode(p).decode('ascii')}" for p in self.pictures]


@dataclass(frozen=True)
class Usage:
    """Tokens as the service reported them. None = not reported, which is not zero.

    `cached` is a part of `input`, `reasoning` a part of `output`; so are the picture tokens among them.
    """

    input: int | None = None
    cached: int | None = None
    output: int | None = None
    reasoning: int | None = None
    image_input: int | None = None
    image_output: int | None = None

    def as_columns(self) -> dict[str, int | None]:
        """The ledger's columns."""
        return {f"{name}_tokens": count for name, count in vars(self).items()}


@dataclass(frozen=True)
class TextRequest:
    """One text call. `schema` is a JSON Schema (the engine also embeds it in the prompt below json_schema).

    `call_id` is the ledger's unique id of this call; providers send it along where the wire format has room.
    `draft` writes the answer offline; only the sketch provider calls it.
    """

    model: str
    messages: tuple[Message, ...]
    call_id: str
    schema: JsonObject | None = None
    schema_name: str = "output"
    mode: Mode = "plain"
    params: JsonObject = field(default_factory=dict)
    draft: Callable[[], str] | None = None
    #: hold the answer to the schema where the service can
    strict: bool = True


@dataclass(frozen=True)
class TextReply:
    """`finish_reason`: stop | length | content_filter | other. `ttft_ms`: first token, None when not streamed."""

    text: str
    usage: Usage
    model: str
    finish_reason: str = "stop"
    request_id: str | None = None
    ttft_ms: int | None = None


@dataclass(frozen=True)
class ImageRequest:
    """One picture. `size` is what the story wants; a provider picks the nearest that its model can do.

    `references`: pictures to draw from, as bytes. `draw` draws it offline; only the sketch provider calls it.
    """

    model: str
    prompt: str
    size: tuple[int, int]
    seed: int
    call_id: str
    references: tuple[bytes, ...] = field(default=(), repr=False)
    params: JsonObject = field(default_factory=dict)
    draw: Callable[[], bytes] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class VideoRequest:
    """One clip, from its first frame where there is one, else from `references`. `draw` as in ImageRequest."""

    model: str
    prompt: str
    seconds: float
    size: tuple[int, int]
    seed: int
    call_id: str
    first_frame: bytes | None = field(default=None, repr=False)
    last_frame: bytes | None = field(default=None, repr=False)
    references: tuple[bytes, ...] = field(default=(), repr=False)
    params: JsonObject = field(default_factory=dict)
    draw: Callable[[], bytes] | None = field(default=None, repr=False)


#: fetches from a service itself: given where the pieces go, returns a link that it was sent on to
Fetch = Callable[[Callable[[bytes], None]], Awaitable[str | None]]


@dataclass(frozen=True)
class GeneratedMedia:
    """One picture or clip as a service hands it out: its bytes, or a link that the engine follows at once; else why
    not.

    `fetch`: for what lies at the service itself and asks for the profile's key. It passes on the pieces, or returns the
    link that it is sent on to, and needs nothing of the provider that made it, which is closed by then. Raises
    MediaRefused.
    """

    data: bytes | None = field(default=None, repr=False)
    url: str | None = field(default=None, repr=False)
    fetch: Fetch | None = field(default=None, repr=False)
    error: ProviderError | None = None


@dataclass(frozen=True)
class ImageReply:
    """`count`: how many pictures are billed. `notes`: what of the request was left out, for the job's timeline.

    `text`: what the model said where it drew nothing.
    """

    images: tuple[GeneratedMedia, ...]
    usage: Usage
    model: str
    count: int
    request_id: str | None = None
    notes: tuple[Text, ...] = ()
    text: str = ""

    @property
    def generated(self) -> tuple[GeneratedMedia, ...]:
        """What to store. A text in place of a picture is no empty answer: asked once more, it would be paid again."""
        if self.images or not self.text:
            return self.images
        said = Text(N_("The model answered with text in place of a picture: {text}"), text=self.text[:LONGEST_TEXT])
        return (GeneratedMedia(error=ProviderError("malformed_output", said, http_status=200)),)


@dataclass(frozen=True)
class TaskState:
    """A long provider task: queued and running go on; succeeded carries the clip and what it is billed by.

    `usage.output` holds a video model's tokens; `seconds` the clip's length as the service bills it.
    """

    state: Literal["queued", "running", "succeeded", "failed", "cancelled", "expired"]
    clip: GeneratedMedia | None = None
    error: str | None = None
    #: one of errors.KINDS, where the service says why it failed
    error_kind: str = "unknown"
    poll_after_ms: int = 10_000
    usage: Usage = field(default_factory=Usage)
    seconds: float | None = None
    model: str | None = None


OnDelta = Callable[[str], None]


@runtime_checkable
class Provider(Protocol):
    """What every provider has. `name` is what profiles call it."""

    name: str
    #: asking again costs nothing, so a call whose outcome is unknown is simply made again
    free: bool = False

    def ready(self) -> None:
        """Load what the first call needs, an SDK for instance: called once, before the clock of that call runs."""
        return

    async def aclose(self) -> None:
        """Close connections."""
        return


@runtime_checkable
class TextProvider(Provider, Protocol):
    """Answers text requests. `modes`: the structured modes worth trying, strongest first."""

    modes: tuple[Mode, ...]

    async def text(self, request: TextRequest, on_delta: OnDelta) -> TextReply:
        """Make one request. Raises ProviderError with the exact kind; calls `on_delta` with each piece of streamed
        text."""
        ...


@runtime_checkable
class ImageProvider(Provider, Protocol):
    """Draws pictures."""

    async def images(self, request: ImageRequest) -> ImageReply:
        """Make one request. Raises ProviderError with the exact kind."""
        ...

    def most_images(self, request: ImageRequest) -> int:
        """How many pictures a request may bring: what they cost is reserved while they are drawn."""
        return 1

    def picture_references(self, model: str, params: JsonObject) -> ReferenceLimits:
        """How many pictures this model draws from, and how large."""
        return NO_REFERENCES


@runtime_checkable
class ProviderTask(Provider, Protocol):
    """Knows the long tasks that it created: any process asks, by the task's id."""

    async def poll(self, task_id: str) -> TaskState:
        """How the task is. Raises ProviderError: a retryable one says nothing of the task."""
        ...

    async def cancel(self, task_id: str) -> None:
        """Cancel where the service can; silently nothing where it cannot."""
        ...


@runtime_checkable
class VideoProvider(ProviderTask, Protocol):
    """Makes clips by long tasks: created once, then polled by whoever is alive.

    A request that the service cannot take (length, frames) is refused by ProviderError bad_request with `sent=False`.
    """

    async def submit(self, request: VideoRequest) -> str | GeneratedMedia:
        """Create the task, once; returns the provider's task id, or the clip itself where there is nothing to wait
        for."""
        ...

    def clip_references(self, model: str) -> ReferenceLimits:
        """How many pictures this model films from that are no frames of the clip, and how large."""
        return NO_REFERENCES

    async def find(self, model: str, seed: int, since_ms: int) -> str | None:
        """The id of the one task of this model and seed that was created since then (epoch milliseconds).

        None when there is none, or several, or the service lists no tasks. Raises ProviderError.
        """
        return None


@dataclass(frozen=True)
class Profile:
    """Which service, which models, which key. `id` None is the built-in sketch. The key is plain here and only here.

    `image_profile_id` and `video_profile_id`: pictures or clips come from another profile's service. `fallback_ids`:
    who answers instead, in this order, when this one is overloaded, out of quota or cannot be reached. `rpm`, `tpm`,
    `concurrency`: limits over all workers; None is no limit. `params` are named in profiles.PARAMS.
    """

    id: int | None
    name: str
    provider: str
    base_url: str | None = None
    text_model: str = ""
    image_model: str | None = None
    video_model: str | None = None
    params: JsonObject = field(default_factory=dict)
    key: str | None = field(default=None, repr=False)
    concurrency: int | None = None
    rpm: int | None = None
    tpm: int | None = None
    image_profile_id: int | None = None
    video_profile_id: int | None = None
    fallback_ids: tuple[int, ...] = ()
    modes: dict[str, Mode] = field(default_factory=dict)

    @property
    def picture_model(self) -> str:
        """The model that draws; empty when the profile names none."""
        return self.image_model or (SKETCH_MODEL if self.provider == "sketch" else "")

    @property
    def clip_model(self) -> str:
        """The model that films; empty when the profile names none."""
        return self.video_model or (SKETCH_MODEL if self.provider == "sketch" else "")


_WIDE = re.compile(r"[\u3000-\u9fff\uf900-\ufaff\uff00-\uffef]")


def estimate_tokens(text: str) -> int:
    """Chinese and Japanese characters count as one token each, four others as one: an honest estimate, not a bill."""
    wide = len(_WIDE.findall(text))
    return wide + -(-(len(text) - wide) // 4)


#: of a picture in a text call, about: services count 258 to 1,600
PICTURE_TOKENS = 1_100
SKETCH_MODEL = "sketch-1"
SKETCH = Profile(id=None, name="sketch", provider="sketch", text_model=SKETCH_MODEL)


class ProfileChoice(Enum):
    """What a request may name in place of a profile's id."""

    OF_PROJECT = "project"


#: the profile of the job's project, whichever that is when the job is submitted
PROJECT_PROFILE: Final = ProfileChoice.OF_PROJECT
#: which profile a job is to call; None is the built-in sketch
ChosenProfile = int | Literal[ProfileChoice.OF_PROJECT] | None
