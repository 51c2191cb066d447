"""What a profile may set for its calls: names, ranges, and what a service's models refuse. See docs/providers.md."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.errors import InvalidInput, Issue, all_of
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject

if TYPE_CHECKING:
    from workbench.providers.base import Profile
    from workbench.providers.dialects import Limit

#: the providers whose params are all listed here
OURS = ("openai", "ark", "gemini", "sketch")
CURRENCIES = ("CNY", "USD")
#: per million tokens; a picture; a second and a million tokens of video
PRICES = ("input", "cached", "output", "image", "video_second", "video_tokens")


#: of one answer, whichever model
MOST_TOKENS = 1_048_576


@dataclass(frozen=True)
class Param:
    """One setting: what it is to people, and what it may be."""

    title: str
    #: (lowest, highest) of a number
    range: tuple[float, float] | None = None
    whole: bool = False
    choices: tuple[str, ...] = ()
    kind: type | tuple[type, ...] = (int, float)
    #: shown as a field of the form; the others are for those who know the service
    common: bool = False


def _number(title: str, low: float, high: float, *, whole: bool = False, common: bool = False) -> Param:
    return Param(title, (low, high), whole, common=common)


def _flag(title: str) -> Param:
    return Param(title, kind=bool)


def _words(title: str, *choices: str, common: bool = False) -> Param:
    return Param(title, choices=choices, kind=str, common=common)


PARAMS: dict[str, Param] = {
    "temperature": _number(N_("Temperature"), 0, 2, common=True),
    "top_p": _number(N_("Top p"), 0, 1, common=True),
    "max_tokens": _number(N_("Longest answer in tokens"), 1, MOST_TOKENS, whole=True, common=True),
    "presence_penalty": _number(N_("Presence penalty"), -2, 2),
    "frequency_penalty": _number(N_("Frequency penalty"), -2, 2),
    "reasoning_effort": _words(
        N_("Reasoning effort"), "none", "minimal", "low", "medium", "high", "xhigh", common=True
    ),
    "thinking": _words(N_("Thinking (Ark)"), "enabled", "disabled", "auto"),
    "thinking_budget": _number(N_("Thinking tokens (Gemini)"), -1, 65_536, whole=True),
    "seed": _number(N_("Seed"), 0, 2**31 - 1, whole=True),
    "stop": Param(N_("Stop at"), kind=(str, list)),
    "stream": _flag(N_("Stream the answer")),
    "image_input": _words(N_("Text model takes pictures"), "yes", "no", common=True),
    "api": _words(N_("API"), "chat", "responses"),
    "api_version": Param(N_("API version"), kind=str),
    "token_cap": _words(N_("Name of the token cap"), "max_tokens", "max_completion_tokens"),
    "extra_body": Param(N_("Further fields of the request"), kind=dict),
    "organization": Param(N_("Organization"), kind=str),
    "project": Param(N_("Project of the service"), kind=str),
    "timeout_s": _number(N_("Longest call in seconds"), 1, 7_200, common=True),
    "connect_s": _number(N_("Longest connecting in seconds"), 0.1, 600),
    "read_s": _number(N_("Longest silence in seconds"), 0.1, 7_200),
    "pictures_at_once": _number(N_("Pictures at once"), 1, 16, whole=True),
    "image_size": Param(N_("Picture size"), kind=str),
    "image_seed": _flag(N_("Send the seed with pictures")),
    "image_params": Param(N_("Further fields of a picture request"), kind=dict),
    "size": Param(N_("Picture size"), kind=str),
    "sequential_image_generation": _words(N_("Pictures in groups (Ark)"), "auto", "disabled"),
    "max_images": _number(N_("Most pictures of a group"), 1, 15, whole=True),
    "resolution": _words(N_("Video resolution"), "480p", "720p", "1080p"),
    "camera_fixed": _flag(N_("Fixed camera")),
    "generate_audio": _flag(N_("Video with sound")),
    "watermark": _flag(N_("Watermark")),
    "poll_ms": _number(N_("Milliseconds between polls"), 10, 600_000, whole=True),
    "allow_private_media": _flag(N_("Results may come from private addresses")),
    "prices": Param(N_("Prices"), kind=dict),
}


#: names of models that take pictures; of the others the profile says so
_SEES = re.compile(
    r"^(gpt-4o|gpt-4\.1|gpt-5|chatgpt-4o|o3|o4|gemini|claude|doubao-seed|seed-|pixtral|gemma-?[34]|llama-4|llava|qvq"
    r"|grok-4|mistral-(small|medium)|glm-[\d.]+v)|vision|omni|[-.]vl\b|vl[-:\d]",
    re.IGNORECASE,
)


def takes_pictures(profile: Profile) -> bool:
    """Whether its text model takes pictures: as the profile says, else by the model's name. The sketch looks at none,
    and answers."""
    said = profile.params.get("image_input")
    if said is not None or profile.provider == "sketch":
        return said != "no"
    return _SEES.search(profile.text_model.rsplit("/", 1)[-1]) is not None


def find_limit(model: str, base_url: str | None, provider: str = "openai") -> Limit | None:
    """What models of this name take otherwise at this address. A host that is another's knows its own models."""
    # loaded here: few commands ask, and all of them import this
    from workbench.providers.endpoints import ARK, OPENAI, endpoint_of

    endpoint = endpoint_of(base_url or (ARK if provider == "ark" else OPENAI).base_url)
    name = model.rsplit("/", 1)[-1]
    limits = endpoint.dialect.limits if endpoint.dialect is not None else ()
    return next((limit for limit in limits if limit.models.search(name)), None)


def find_longest(model: str, base_url: str | None, provider: str = "openai") -> int | None:
    """The most tokens that an answer of this model is known to have at this address; None: nobody knows."""
    limit = find_limit(model, base_url, provider) if provider in ("openai", "ark") else None
    most = limit.ranges.get("max_tokens") if limit is not None else None
    return None if most is None else int(most[1])


def list_warnings(provider: str, params: Mapping[str, Any], text_model: str, base_url: str | None) -> list[Issue]:
    """What this model is known to refuse of the params, at this service's own address. Services change: nothing is
    forbidden because of it, and what is refused after all is left out of the next request."""
    limit = find_limit(text_model, base_url, provider) if provider in ("openai", "ark") else None
    if limit is None:
        return []
    told = ((name, _beyond(name, value, limit)) for name, value in params.items() if value is not None)
    return [Issue(f"params.{name}", text) for name, text in told if text is not None]


def _beyond(name: str, value: Any, limit: Limit) -> Text | None:
    if name in limit.refused:
        return Text(N_("is refused by {family} models. Leave it empty."), family=limit.title)
    low, high = limit.ranges.get(name, (None, None))
    if low is None or high is None or not isinstance(value, int | float) or low <= value <= high:
        return None
    message = N_("is more than {family} models take: from {low} to {high}.")
    return Text(message, family=limit.title, low=f"{low:.10g}", high=f"{high:.10g}")


def validate(provider: str, params: Mapping[str, Any]) -> JsonObject:
    """The params as they are stored; None leaves one out. Raises InvalidInput with an issue for each that is wrong.

    A provider that came with a package of its own has params of its own: only those known here are checked.
    """
    values = {k: v for k, v in params.items() if v is not None}
    _refuse(values if provider in OURS else {k: v for k, v in values.items() if k in PARAMS})
    return values


def _refuse(given: Mapping[str, Any]) -> None:
    issues = [Issue(f"params.{name}", text) for name, value in given.items() if (text := _wrong(name, value))]
    if issues:
        raise InvalidInput(all_of(issues), issues)


def _wrong(name: str, value: Any) -> Text | None:
    param = PARAMS.get(name)
    if param is None:
        return Text(N_("is not known. Known: {known}."), known=", ".join(PARAMS))
    if name == "prices":
        return _wrong_prices(value)
    if param.choices:
        return None if value in param.choices else Text(N_("is one of {choices}."), choices=", ".join(param.choices))
    if param.range is None:
        return None if isinstance(value, param.kind) else Text(N_("has the wrong type."))
    low, high = param.range
    fits = isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
    if fits and not (param.whole and int(value) != value):
        return None
    message = N_("is a whole number from {low} to {high}.") if param.whole else N_("is a number from {low} to {high}.")
    return Text(message, low=f"{low:.10g}", high=f"{high:.10g}")


def _wrong_prices(prices: Any) -> Text | None:
    """``{"MODEL or *": {"currency": "CNY", "input": 0.8, "output": 2}}``, per million tokens."""
    if not isinstance(prices, dict):
        return Text(N_("is an object: model name to its prices."))
    for model, price in prices.items():
        if not isinstance(price, dict) or not price.keys() - {"currency"}:
            return Text(N_("has no prices for {model}."), model=model)
        if str(price.get("currency", "USD")).upper() not in CURRENCIES:
            return Text(N_("is in CNY or USD."))
        for name, amount in price.items():
            if name == "currency":
                continue
            number = isinstance(amount, int | float) and not isinstance(amount, bool)
            if name not in PRICES or not number or not 0 <= amount <= 1_000_000:
                return Text(
                    N_("has {name}: {amount} for {model}; known are {known}, from 0 on."),
                    name=name,
                    amount=str(amount),
                    model=model,
                    known=", ".join(PRICES),
                )
    return None


def model_name(provider: str, pasted: str | None) -> str | None:
    """A model's name without what came along: spaces, Gemini's ``models/``, the console's “name ep-…”."""
    name = (pasted or "").strip()
    endpoint = re.search(r"\bep-[0-9A-Za-z][0-9A-Za-z-]*", name) if provider == "ark" else None
    if endpoint:
        return endpoint.group(0)
    if provider == "gemini":
        name = name.removeprefix("models/")
    return name or None
