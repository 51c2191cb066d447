"""How commands print jobs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from workbench.cli import console
from workbench.db.rows.jobs import Act, Job
from workbench.i18n import N_, Text, translate

COLUMNS = ("id", "kind", "title", "state", "progress", "message", "error_kind")
PLAN_COLUMNS = ("job_id", "kind", "state", "outcome", "reused", "cost", "reason")


def show_jobs(jobs: Iterable[Job], as_json: bool) -> None:
    rows = list(jobs)
    if as_json:
        console.emit(rows)
    else:
        console.table([{**row.as_json(), "message": message_of(row)} for row in rows], COLUMNS)


def show_job(job: Job, as_json: bool) -> None:
    if as_json:
        console.emit(job)
    else:
        show_jobs([job], as_json=False)


def show_acts(acts: Sequence[Act], jobs: Sequence[Job], as_json: bool) -> None:
    """What came of each job that was asked for: the job it became, or where none was made the job itself.

    In JSON each has three keys more: `asked`, the id that was given, `outcome`, and the `reason` when it was left out.
    """
    for act in acts:
        if act.reason is not None:
            console.say(Text.from_json(act.reason_i18n) if act.reason_i18n else Text("{reason}", reason=act.reason))
    if as_json:
        console.emit(
            [
                {**job.as_json(), "asked": act.job_id, "outcome": act.outcome, "reason": act.reason}
                for act, job in zip(acts, jobs, strict=True)
            ]
        )
    else:
        show_jobs(jobs, as_json=False)


def show_plan(acts: Sequence[Act], as_json: bool) -> None:
    """What would be done with each job, and the count and the price of all."""
    if as_json:
        console.emit(acts)
        return
    console.table([{**act.as_json(), "cost": _cost_of(act)} for act in acts], PLAN_COLUMNS)
    wanted = [act for act in acts if act.outcome in ("retry", "reparse", "cancel", "change")]
    console.say(Text(N_("{n} of {all} jobs"), n=len(wanted), all=len(acts)))
    if any(act.outcome == "retry" for act in wanted):
        console.say(_say_price(wanted))


def _say_price(acts: Sequence[Act]) -> Text:
    """At most, where something bounds the answers of all of them."""
    cost = _sum_up([(act.cost_micros, act.currency) for act in acts])
    if any(act.most_micros is None for act in acts):
        return Text(N_("It costs about {cost}."), cost=cost)
    most = _sum_up([(act.most_micros, act.currency) for act in acts])
    if most == cost:
        return Text(N_("It costs about {cost} at most."), cost=cost)
    return Text(N_("It costs about {cost}, at most {most}."), cost=cost, most=most)


def _sum_up(amounts: Sequence[tuple[int | None, str | None]]) -> str:
    """What acts cost together, in each currency, and that there are some of which nobody knows."""
    sums: dict[str, int] = {}
    for micros, currency in amounts:
        if micros is not None and currency is not None:
            sums[currency] = sums.get(currency, 0) + micros
    known = [f"{micros / 1_000_000:,.6f} {currency}" for currency, micros in sorted(sums.items())]
    return " + ".join([*known, *(["?"] if any(micros is None for micros, _ in amounts) else [])])


def _cost_of(act: Act) -> str | None:
    """An amount with its currency; None: not known, or nothing is bought."""
    return None if act.cost_micros is None else f"{act.cost_micros / 1_000_000:.6f} {act.currency}"


def message_of(job: Job) -> str:
    """A job's message, or its error, in the reader's language."""
    return console.localize_column(job, "error") or console.localize_column(job, "message") or ""


def explain_failure(job: Job) -> str:
    """What happened and what to do, in one line."""
    from workbench.errors import KINDS

    kind = KINDS.get(job.error_kind or "")
    remedy = f" → {translate(kind.remedy, console.language())}" if kind else ""
    return f"{job.title or job.kind} ({job.id}, {job.state}): {message_of(job)}{remedy}"
