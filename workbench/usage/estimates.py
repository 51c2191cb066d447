"""What a job will probably take: what its kind took before with the same profile, else what its workflow says is
typical."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from sqlalchemy import Connection, exists, func, select

from workbench.db.schema import job, model_call
from workbench.providers.base import Profile, Usage
from workbench.usage.prices import FREE, clock_ms, cost_of, image_cost_of, video_cost_of

if TYPE_CHECKING:
    from sqlalchemy import Select

#: so many of the newest runs are averaged
RUNS = 20
#: the offline provider writes or draws one thing in about this many seconds
SKETCH_S = 0.3
SKETCH_CLIP_S = 6.0
#: a clip, where nobody knows its scene's length
CLIP_S = 5.0


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


def measured(conn: Connection, workflows: Sequence[str], profile_id: int | None) -> dict[str, Estimate]:
    """The mean of the newest succeeded runs of each workflow with this profile; kinds that never ran are left out."""
    found = {}
    for name in workflows:
        row = conn.execute(_mean(name, profile_id)).mappings().one()
        if row["runs"]:
            found[name] = Estimate(
                tokens=None if row["tokens"] is None else round(row["tokens"]),
                seconds=max(float(row["ms"] or 0) / 1000, 0.1),
                # a mean over two currencies, or over known and unknown costs, would be no price
                cost_micros=round(row["micros"]) if row["priced"] == row["runs"] and row["currencies"] == 1 else None,
                currency=row["currency"],
            )
    return found


def _mean(name: str, profile_id: int | None) -> Select[Any]:
    # a run that found everything there already called nobody, and says nothing of what a run takes
    called = exists().where(model_call.c.job_id == job.c.id)
    newest = (
        select(job.c.input_tokens, job.c.output_tokens, job.c.cost_micros, job.c.currency, job.c.started_at,
            job.c.finished_at)
        .where(job.c.kind == name, job.c.state == "succeeded",
            job.c.profile_id.is_(profile_id) if profile_id is None else job.c.profile_id == profile_id, called)
        .order_by(job.c.id.desc())
        .limit(RUNS)
        .subquery()
    )  # fmt: skip
    return select(
        func.count().label("runs"),
        func.avg(newest.c.input_tokens + newest.c.output_tokens).label("tokens"),
        func.avg(newest.c.finished_at - newest.c.started_at).label("ms"),
        func.avg(newest.c.cost_micros).label("micros"),
        func.count(newest.c.cost_micros).label("priced"),
        func.count(newest.c.currency.distinct()).label("currencies"),
        func.min(newest.c.currency).label("currency"),
    )


class Crew(NamedTuple):
    """Who does what: a profile may leave pictures and clips to others."""

    writes: Profile
    draws: Profile
    films: Profile

    @classmethod
    def of(cls, profile: Profile, profile_of: Callable[[int], Profile]) -> Crew:
        bound = (profile.image_profile_id, profile.video_profile_id)
        return cls(profile, *(profile if i is None else profile_of(i) for i in bound))


def of(declared: Typical, crew: Crew, seen: Estimate | None) -> Estimate:
    """What was measured, else what is typical; what asks no model is free whatever was measured."""
    if seen is None or declared.calls + declared.images + declared.videos > 0:
        return seen or typical(declared, crew)
    return replace(typical(declared, crew), seconds=seen.seconds)


def typical(declared: Typical, crew: Crew) -> Estimate:
    """From the declaration alone, at the profiles' prices. What has no price by the piece leaves the cost unknown."""
    tokens = declared.input_tokens + declared.output_tokens
    if declared.calls + declared.images + declared.videos == 0:
        return Estimate(tokens=0, seconds=declared.seconds, cost_micros=0, currency="USD")
    writing = Usage(input=declared.input_tokens, cached=0, output=declared.output_tokens)
    costs = []
    if declared.calls:
        costs.append(cost_of(crew.writes, crew.writes.text_model, writing, clock_ms()))
    if declared.images:
        costs.append(image_cost_of(crew.draws, crew.draws.picture_model, Usage(), declared.images, clock_ms()))
    if declared.videos:
        costs.append(video_cost_of(crew.films, crew.films.clip_model, Usage(), CLIP_S * declared.videos))
    free = all(c == FREE for c in costs)
    known = all(c.cost_micros is not None for c in costs) and len({c.currency for c in costs}) == 1
    seconds = (
        SKETCH_S * (declared.calls + declared.images) + SKETCH_CLIP_S * declared.videos if free else declared.seconds
    )
    if not known:
        return Estimate(tokens, seconds, None, None)
    return Estimate(tokens, seconds, sum(c.cost_micros or 0 for c in costs), costs[0].currency)
