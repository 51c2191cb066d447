from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from workbench.providers.base import SKETCH, Profile, Usage
from workbench.usage.prices import FREE, UNKNOWN, cost_of, image_cost_of, video_cost_of

NOON = round(datetime(2026, 5, 4, 12, tzinfo=UTC).timestamp() * 1000)
SPENT = Usage(input=1_000_000, output=100_000)


def profile(base_url: str | None = "https://api.openai.com/v1", **params: Any) -> Profile:
    return Profile(1, "p", "openai", base_url=base_url, text_model="ep-1", params=params)


def test_a_public_price_is_taken_from_the_bundled_data() -> None:
    cost = cost_of(profile(), "gpt-4o", SPENT, NOON)

    assert (cost.cost_micros, cost.currency) == (3_500_000, "USD")
    assert (cost.source or "").startswith("genai-prices ")


def test_cached_input_is_cheaper() -> None:
    cost = cost_of(profile(), "gpt-4o", Usage(input=1_000_000, cached=1_000_000, output=0), NOON)

    assert cost.cost_micros == 1_250_000


@pytest.mark.parametrize(
    ("base_url", "model", "usage"),
    [
        ("http://127.0.0.1:8080/v1", "gpt-4o", SPENT),
        ("https://gateway.example.com/v1", "gpt-4o", SPENT),
        ("https://api.openai.com.example.com/v1", "gpt-4o", SPENT),
        ("https://ark.cn-beijing.volces.com/api/v3", "doubao-seed-1-6", SPENT),
        ("https://api.openai.com/v1", "no-such-model", SPENT),
        ("https://api.openai.com/v1", "gpt-4o", Usage()),
        ("https://api.openai.com/v1", "gpt-4o", Usage(input=5)),
        ("https://api.openai.com/v1", "gpt-4o", Usage(input=5, cached=9, output=1)),
    ],
)
def test_what_nobody_knows_is_unknown_and_never_zero(base_url: str, model: str, usage: Usage) -> None:
    assert cost_of(profile(base_url), model, usage, NOON) == UNKNOWN


def test_the_sketch_is_truly_free() -> None:
    assert cost_of(SKETCH, "sketch-1", Usage(), NOON) == FREE
    assert FREE.cost_micros == 0


def test_the_users_price_comes_first_in_its_own_currency() -> None:
    own = {"ep-1": {"currency": "cny", "input": 0.8, "cached": 0.16, "output": "2"}}

    cost = cost_of(
        profile(prices=own), "doubao-behind-the-id", Usage(input=1_000_000, cached=500_000, output=1_000_000), NOON
    )

    assert (cost.cost_micros, cost.currency, cost.source) == (400_000 + 80_000 + 2_000_000, "CNY", "user")


def test_without_a_cache_price_cached_tokens_cost_as_input() -> None:
    own = {"*": {"input": 1, "output": 1}}

    assert cost_of(profile(prices=own), "m", Usage(input=100, cached=50, output=0), NOON).cost_micros == 100


def test_what_costs_something_is_never_rounded_to_nothing() -> None:
    own = {"*": {"input": 0.01, "output": 0.01}}

    assert cost_of(profile(prices=own), "m", Usage(input=1, output=0), NOON).cost_micros == 1


def test_a_free_model_of_the_users_own_is_zero_not_unknown() -> None:
    own = {"*": {"input": 0, "output": 0}}

    assert cost_of(profile(prices=own), "m", SPENT, NOON).cost_micros == 0


def test_the_price_depends_on_when_the_call_was_made() -> None:
    deepseek = profile("https://api.deepseek.com")
    day, night = (round(datetime(2025, 6, 2, hour, tzinfo=UTC).timestamp() * 1000) for hour in (12, 20))

    by_day, by_night = (cost_of(deepseek, "deepseek-chat", SPENT, at).cost_micros for at in (day, night))

    assert by_day is not None
    assert by_night is not None
    assert by_night < by_day


DRAWN = Usage(input=1_000_000, output=1_000_000, image_input=500_000, image_output=1_000_000)


def test_a_drawing_is_free_offline() -> None:
    assert image_cost_of(SKETCH, "sketch-1", Usage(), 1, NOON) == FREE


@pytest.mark.parametrize("named", ["ep-img", "seedream", "*"])
def test_a_picture_costs_what_the_user_says_it_does(named: str) -> None:
    mine = Profile(
        1, "p", "openai", image_model="ep-img", params={"prices": {named: {"currency": "cny", "image": 0.28}}}
    )

    cost = image_cost_of(mine, "seedream", Usage(), 3, NOON)

    assert (cost.cost_micros, cost.currency, cost.source) == (840_000, "CNY", "user")


def test_a_users_price_by_tokens_counts_for_pictures_of_that_model() -> None:
    mine = profile(prices={"gpt-image-1": {"input": 1, "output": 3}})

    assert image_cost_of(mine, "gpt-image-1", DRAWN, 1, NOON).cost_micros == 4_000_000
    assert image_cost_of(mine, "gpt-image-1", Usage(), 1, NOON) == UNKNOWN


def test_a_price_for_texts_of_every_model_is_none_for_pictures() -> None:
    mine = profile("http://127.0.0.1:1/v1", prices={"*": {"input": 1, "output": 3}})

    assert image_cost_of(mine, "some-image", DRAWN, 1, NOON) == UNKNOWN


def test_the_public_price_tells_picture_tokens_from_words() -> None:
    drawn = image_cost_of(profile(), "gpt-image-1.5", DRAWN, 1, NOON)
    written = image_cost_of(profile(), "gpt-image-1.5", Usage(input=1_000_000, output=1_000_000), 1, NOON)

    # half the input at 5, half at 8, all of the output at 32 instead of 10
    assert (drawn.cost_micros, drawn.currency) == (2_500_000 + 4_000_000 + 32_000_000, "USD")
    assert written.cost_micros == 5_000_000 + 10_000_000


def test_a_picture_model_without_a_public_price_is_unknown() -> None:
    assert image_cost_of(profile(), "dall-e-3", DRAWN, 1, NOON) == UNKNOWN


def test_who_priced_only_pictures_said_nothing_of_texts() -> None:
    mine = profile(prices={"gpt-4o": {"image": 0.04}, "*": {"currency": "CNY", "video_second": 2}})

    cost = cost_of(mine, "gpt-4o", SPENT, NOON)

    assert (cost.cost_micros, cost.currency) == (3_500_000, "USD")
    assert (cost.source or "").startswith("genai-prices ")


def test_a_models_own_prices_are_completed_by_those_of_every_model() -> None:
    mine = profile(prices={"ep-1": {"image": 1}, "*": {"input": 1, "output": 1, "image": 2}})

    assert cost_of(mine, "ep-1", SPENT, NOON).cost_micros == 1_100_000
    assert image_cost_of(mine, "ep-1", Usage(), 1, NOON).cost_micros == 1_000_000
    assert image_cost_of(mine, "other", Usage(), 1, NOON).cost_micros == 2_000_000


def test_reasoning_and_cached_tokens_are_priced_once_each() -> None:
    own = {"ep-1": {"currency": "CNY", "input": 4, "cached": 0.4, "output": 16}}
    usage = Usage(input=12_345, cached=10_001, output=6_789, reasoning=6_000)

    # 2,344 × 4 + 10,001 × 0.4 + 6,789 × 16 = 122,000.4 micros
    assert cost_of(profile(prices=own), "ep-1", usage, NOON).cost_micros == 122_000


def test_a_clip_costs_by_its_tokens_where_they_are_told_else_by_its_seconds() -> None:
    mine = Profile(
        1,
        "p",
        "ark",
        video_model="ep-v",
        params={"prices": {"ep-v": {"currency": "CNY", "video_tokens": 46, "video_second": 2}}},
    )
    ordered_at = {"currency": "CNY", "video_second": 3}

    assert video_cost_of(mine, "seedance", Usage(output=108_900), 5.0).cost_micros == 5_009_400
    assert video_cost_of(mine, "seedance", Usage(), 5.5).cost_micros == 11_000_000
    assert video_cost_of(mine, "seedance", Usage(), 5.5, ordered_at).cost_micros == 16_500_000
    assert video_cost_of(mine, "seedance", Usage(), None) == UNKNOWN
    assert video_cost_of(Profile(1, "p", "ark"), "seedance", Usage(output=1), 1.0) == UNKNOWN
    assert video_cost_of(SKETCH, "", Usage(), 5.0) == FREE
