"""What a job will probably take: what its kind took before with the same profile, else what its workflow says is
typical."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from sqlalchemy import Connection

from workbench.db.reads import filing
from workbench.db.reads import usage as reads
from workbench.db.rows.usage import MeanRun
from workbench.json_types import JsonObject
from workbench.providers.base import Profile, Usage
from workbench.usage.prices import FREE, UNKNOWN, Cost, clock_ms, cost_of, image_cost_of, video_cost_of

#: so many of the newest runs are averaged
RUNS = 20
#: the offline provider writes or draws one thing in about this many seconds
SKETCH_S = 0.3
SKETCH_CLIP_S = 6.0
#: a clip, where nobody knows its scene's length
CLIP_S = 5.0
#: a service draws one in about so many seconds
PICTURE_S = 6.0


class Typical(Protocol):
    """What a workflow declares of one run (see workflows.registry.Typical)."""

    @property
    def calls(self) -> int: ...
    @property
    def input_tokens(self) -> int: ...
    @property
    def output_tokens(self) -> int: ...
    @property
    def images(self) -> int: ...
    @property
    def videos(self) -> int: ...
    @property
    def seconds(self) -> float: ...


@dataclass(frozen=True)
class Estimate:
    """Tokens in and out together; None: not known. `cost_micros` 0 is a true zero."""

    tokens: int | None
    seconds: float
    cost_micros: int | None
    currency: str | None


class BoundProfiles(NamedTuple):
    """Who does what: a profile may leave pictures and clips to others."""

    text: Profile
    image: Profile
    video: Profile

    @classmethod
    def bind(cls, profile: Profile, profile_of: Callable[[int], Profile]) -> BoundProfiles:
        others = (profile.image_profile_id, profile.video_profile_id)
        return cls(profile, *(profile if i is None else profile_of(i) for i in others))


#: (params of a job) → how much of what is typical they asked for
Share = Callable[[JsonObject], float]


class Ran:
    """Which profile has run which workflow. Of one that it never ran, each run of the others would be looked at."""

    def __init__(self, conn: Connection) -> None:
        self._runs = filing.list_succeeded(conn)

    def has(self, workflow: str, profile: Profile) -> bool:
        return self._runs is None or (workflow, profile.id) in self._runs


def measure(
    conn: Connection, workflows: Mapping[str, Typical], bound: BoundProfiles, shares: Mapping[str, Share], ran: Ran
) -> dict[str, Estimate]:
    """What a whole run of each workflow takes with this profile, by the mean of its newest succeeded runs; kinds that
    never ran are left out.

    A run may have drawn one picture again, or nine: what draws is measured by the picture. One may have written one
    group of nine: `shares` says of which workflows, and how much a run was. What was used counts at today's prices,
    where they are known.
    """
    measured = {}
    for name, typical in workflows.items():
        if not ran.has(name, bound.text):
            continue
        mean = reads.mean_of_runs(conn, name, bound.text.id, RUNS)
        if mean.runs and typical.images:
            mean = reads.mean_of_pictures(conn, name, bound.text.id, typical.images, RUNS, mean.ms)
        if mean.runs:
            measured[name] = _of_mean(mean, typical, bound)
            if name in shares and not typical.images:
                asked = [shares[name](params) for params in reads.params_of_runs(conn, name, bound.text.id, RUNS)]
                measured[name] = scale(measured[name], len(asked) / sum(asked))
    return measured


@dataclass(frozen=True)
class _Pictures:
    """So many pictures and nothing else, as something typical."""

    images: int
    seconds: float
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    videos: int = 0


def estimate_pictures(conn: Connection, workflow: str, count: int, bound: BoundProfiles, ran: Ran) -> Estimate:
    """What so many pictures of a workflow will probably take: as those that it drew before, else as is typical."""
    if not count:
        return Estimate(0, 0.0, 0, "USD")
    typical = estimate_typical(_Pictures(count, PICTURE_S * count), bound)
    if not ran.has(workflow, bound.text):
        return typical
    mean = reads.mean_of_pictures(conn, workflow, bound.text.id, count, RUNS, None)
    if not mean.runs:
        return typical
    return replace(_of_mean(mean, _Pictures(count, typical.seconds), bound), seconds=typical.seconds)


def add(one: Estimate, other: Estimate) -> Estimate:
    """Both, one after the other. In two currencies their cost is not known as one amount."""
    paid = [guess for guess in (one, other) if guess.cost_micros != 0]
    known = all(g.cost_micros is not None for g in paid) and len({g.currency for g in paid}) < 2
    return Estimate(
        None if one.tokens is None or other.tokens is None else one.tokens + other.tokens,
        one.seconds + other.seconds,
        sum(g.cost_micros or 0 for g in paid) if known else None,
        (paid[0] if paid else one).currency if known else None,
    )


def scale(guess: Estimate, factor: float) -> Estimate:
    """So many times what was guessed."""
    return Estimate(
        None if guess.tokens is None else round(guess.tokens * factor),
        guess.seconds * factor,
        None if guess.cost_micros is None else round(guess.cost_micros * factor),
        guess.currency,
    )


def maker_of(typical: Typical, bound: BoundProfiles) -> str | None:
    """The model that does what a workflow mostly asks for; None where it asks none."""
    if typical.videos:
        return bound.video.clip_model
    if typical.images:
        return bound.image.picture_model
    return bound.text.text_model if typical.calls else None


def _of_mean(mean: MeanRun, typical: Typical, bound: BoundProfiles) -> Estimate:
    used = Usage(*(None if tokens is None else round(tokens) for tokens in (mean.input, mean.cached, mean.output)))
    cost = _price_today(used, typical, bound)
    if cost.cost_micros is None and mean.priced == mean.runs and mean.currencies == 1:
        # a mean over two currencies, or over known and unknown costs, would be no price
        cost = Cost(round(mean.micros or 0), mean.currency)
    tokens = None if used.input is None or used.output is None else used.input + used.output
    if tokens is None and typical.images + typical.videos:
        # services do not count what they draw or film in tokens; the texts beside it are as typical as ever
        tokens = typical.input_tokens + typical.output_tokens
    return Estimate(
        tokens=tokens,
        seconds=max(float(mean.ms or 0) / 1000, 0.1),
        cost_micros=cost.cost_micros,
        currency=cost.currency,
    )


def _price_today(used: Usage, typical: Typical, bound: BoundProfiles) -> Cost:
    """Of what runs used; unknown where texts, pictures and clips are mixed: what was used of each is not kept apart."""
    if typical.images and not typical.calls + typical.videos:
        return image_cost_of(bound.image, bound.image.picture_model, used, typical.images, clock_ms())
    if typical.calls and not typical.images + typical.videos:
        return cost_of(bound.text, bound.text.text_model, used, clock_ms())
    return UNKNOWN


def estimate(declared: Typical, bound: BoundProfiles, measured: Estimate | None) -> Estimate:
    """What was measured, else what is typical; what asks no model is free whatever was measured."""
    if measured is None or declared.calls + declared.images + declared.videos > 0:
        return measured or estimate_typical(declared, bound)
    return replace(estimate_typical(declared, bound), seconds=measured.seconds)


def estimate_typical(declared: Typical, bound: BoundProfiles) -> Estimate:
    """From the declaration alone, at the profiles' prices. What has no price by the piece leaves the cost unknown."""
    tokens = declared.input_tokens + declared.output_tokens
    if declared.calls + declared.images + declared.videos == 0:
        return Estimate(tokens=0, seconds=declared.seconds, cost_micros=0, currency="USD")
    writing = Usage(input=declared.input_tokens, cached=0, output=declared.output_tokens)
    costs = []
    if declared.calls:
        costs.append(cost_of(bound.text, bound.text.text_model, writing, clock_ms()))
    if declared.images:
        costs.append(image_cost_of(bound.image, bound.image.picture_model, Usage(), declared.images, clock_ms()))
    if declared.videos:
        costs.append(video_cost_of(bound.video, bound.video.clip_model, Usage(), CLIP_S * declared.videos))
    free = all(c == FREE for c in costs)
    # what is free is free in every currency
    currencies = {c.currency for c in costs if c.cost_micros} or {costs[0].currency}
    known = all(c.cost_micros is not None for c in costs) and len(currencies) == 1
    seconds = (
        SKETCH_S * (declared.calls + declared.images) + SKETCH_CLIP_S * declared.videos if free else declared.seconds
    )
    if not known:
        return Estimate(tokens, seconds, None, None)
    return Estimate(tokens, seconds, sum(c.cost_micros or 0 for c in costs), currencies.pop())
