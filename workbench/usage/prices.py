"""What a call cost: the user's price, else genai-prices, else unknown. Unknown is None, never 0.

The price data is the one bundled with the installed genai-prices; nothing is fetched. Traps: docs/providers.md.
"""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from workbench.providers.base import Profile, Usage

MICROS = 1_000_000
_MILLION = Decimal(1_000_000)
#: of one call: beyond it, a price was mistyped, and sums would no longer fit their columns
MOST_COST = Decimal(10**9)


@dataclass(frozen=True)
class Cost:
    """`cost_micros` None: nobody knows. `source`: free | not sent | user | genai-prices VERSION; None with an unknown
    cost.

    `price`: the prices reckoned with, as they were then, in the units of `user_price`.
    """

    cost_micros: int | None = None
    currency: str | None = None
    source: str | None = None
    price: dict[str, Any] | None = None

    def as_columns(self) -> dict[str, Any]:
        """The ledger's columns."""
        return {
            "cost_micros": self.cost_micros,
            "currency": self.currency,
            "price_source": self.source,
            "price": self.price,
        }


def clock_ms() -> int:
    return round(time.time() * 1000)


UNKNOWN = Cost()
FREE = Cost(0, "USD", "free")
#: of a request that never reached its service
NOT_SENT = Cost(0, None, "not sent")


def cost_of(profile: Profile, model: str, usage: Usage, at_ms: int) -> Cost:
    """The cost of one text call made at `at_ms` (epoch milliseconds: some services are cheaper at night)."""
    if profile.provider == "sketch":
        return FREE
    if usage.input is None or usage.output is None:
        # An empty usage would be priced at a silent 0.
        return UNKNOWN
    if usage.cached is not None and usage.cached > usage.input:
        return UNKNOWN  # a service that contradicts itself
    own = user_price(profile, model)
    return _by_user_price(own, usage) if own is not None else _by_public_price(profile, model, usage, at_ms)


def image_cost_of(profile: Profile, model: str, usage: Usage, images: int, at_ms: int) -> Cost:
    """The cost of one call that drew `images` pictures: by the picture where the user priced that, else by its
    tokens."""
    if profile.provider == "sketch":
        return FREE
    names = (model, profile.image_model or "")
    own = _own(profile, ("image",), *names, "*")
    if own is not None and not images:
        return UNKNOWN  # whether a service bills what it did not draw, it alone knows
    if own is not None:
        return Cost(_micros(Decimal(str(own["image"])) * images), _currency(own), "user", own)
    if usage.input is None or usage.output is None:
        return UNKNOWN
    # token prices for every model are those of texts
    own = _own(profile, ("input", "output"), *names)
    return _by_user_price(own, usage) if own is not None else _by_public_price(profile, model, usage, at_ms)


def _video_price(profile: Profile, model: str) -> dict[str, Any] | None:
    """What the user set for a clip of this model, by tokens (Seedance) or seconds (Veo); nobody else has such
    prices."""
    names = (model, profile.video_model or "", "*")
    return _own(profile, ("video_tokens",), *names) or _own(profile, ("video_second",), *names)


def video_cost_of(
    profile: Profile, model: str, usage: Usage, seconds: float | None, ordered_at: dict[str, Any] | None = None
) -> Cost:
    """The cost of one clip: by its tokens where they are told, else by its seconds. `ordered_at`: the price of back
    then."""
    if profile.provider == "sketch":
        return FREE
    price = ordered_at or _video_price(profile, model) or {}
    if price.get("video_tokens") is not None and usage.output is not None:
        amount = Decimal(str(price["video_tokens"])) * usage.output / _MILLION
    elif price.get("video_second") is not None and seconds is not None:
        amount = Decimal(str(price["video_second"])) * Decimal(str(seconds))
    else:
        return UNKNOWN
    return Cost(_micros(amount), _currency(price), "user", price)


def user_price(profile: Profile, model: str) -> dict[str, Any] | None:
    """The price the user set for texts of a model in the profile's params, or of all of its models:
    ``{"prices": {"ep-…": {"currency": "CNY", "input": 0.8, "cached": 0.16, "output": 2}}}``, per million tokens;
    ``image`` is the price of one picture, ``video_second`` of a second, ``video_tokens`` of a million tokens of
    video."""
    # A service answers with the model behind an endpoint id (ep-…); the user knows, and prices, the id.
    return _own(profile, ("input", "output"), model, profile.text_model, "*")


def _own(profile: Profile, units: tuple[str, ...], *names: str) -> dict[str, Any] | None:
    """The first of these names whose price is in these units: who priced a model's pictures alone said nothing of
    its texts."""
    prices = profile.params.get("prices")
    if not isinstance(prices, dict):
        return None
    found = (prices.get(n) for n in names)
    return next((p for p in found if isinstance(p, dict) and all(p.get(u) is not None for u in units)), None)


def _by_user_price(price: dict[str, Any], usage: Usage) -> Cost:
    cached = usage.cached or 0
    per_input, per_output = Decimal(str(price["input"])), Decimal(str(price["output"]))
    per_cached = Decimal(str(price["cached"])) if price.get("cached") is not None else per_input
    total = ((usage.input or 0) - cached) * per_input + cached * per_cached + (usage.output or 0) * per_output
    return Cost(_micros(total / _MILLION), _currency(price), "user", price)


def _currency(price: dict[str, Any]) -> str:
    return str(price.get("currency") or "USD").upper()


def _by_public_price(profile: Profile, model: str, usage: Usage, at_ms: int) -> Cost:
    provider_id = provider_of(profile.base_url or "https://api.openai.com/v1")
    if provider_id is None:
        return UNKNOWN
    # Imported here: the price tables take a third of a second to load, which no page should wait for.
    import genai_prices

    tokens = genai_prices.Usage(
        input_tokens=usage.input,
        cache_read_tokens=usage.cached,
        output_tokens=usage.output,
        **{
            name: count
            for name, count in (("input_image_tokens", usage.image_input), ("output_image_tokens", usage.image_output))
            if count is not None
        },
    )
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    try:
        priced = genai_prices.calc_price(tokens, model, provider_id=provider_id, genai_request_timestamp=at)
    except (LookupError, ValueError):
        return UNKNOWN
    if priced.model_price.input_mtok is None or priced.model_price.output_mtok is None:
        return UNKNOWN  # listed without token prices: what the sum holds is not the cost
    return Cost(_micros(priced.total_price), "USD", f"genai-prices {_version()}", _snapshot(priced.model_price))


def _snapshot(price: Any) -> dict[str, Any]:
    """Its prices per million tokens, in the words of `user_price` where there is one; tiers as genai-prices writes
    them."""
    names = {"input_mtok": "input", "cache_read_mtok": "cached", "output_mtok": "output"}
    told = {k: v for k, v in vars(price).items() if v is not None}
    return {"currency": "USD"} | {names.get(k, k): _plain(v) for k, v in told.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, int | float | str):
        return value
    return str(value)


def provider_of(base_url: str) -> str | None:
    """genai-prices' name of the service at this address; None for local and unknown ones: a local “gpt-4o” has no
    price."""
    parts = urlsplit(base_url)
    host = (parts.hostname or "").lower()
    if parts.scheme != "https":
        return None
    known = {
        "api.openai.com": "openai",
        "api.deepseek.com": "deepseek",
        "api.moonshot.cn": "moonshotai",
        "api.moonshot.ai": "moonshotai",
        "generativelanguage.googleapis.com": "google",
        "openrouter.ai": "openrouter",
        "api.mistral.ai": "mistral",
        "api.groq.com": "groq",
        "api.x.ai": "x-ai",
        "api.together.xyz": "together",
        "api.fireworks.ai": "fireworks",
    }
    return known.get(host)


def _micros(amount: Decimal) -> int:
    """Rounded to a micro, but what costs something never becomes 0."""
    rounded = int((min(amount, MOST_COST) * MICROS).quantize(Decimal(1), ROUND_HALF_UP))
    return max(rounded, 1) if amount > 0 else rounded


@functools.cache
def _version() -> str:
    from importlib.metadata import version

    return version("genai-prices")
