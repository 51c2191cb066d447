"""try_prompt: a prompt in other words beside today's, on the same values of past calls; nothing is saved.

Each pair is two answers at most, judged by the checks of the call's own workflow and never repaired: what a prompt
brings at once is what it is worth. One call is *try it*, many are a batch.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from workbench.errors import InvalidInput, JobError, ProgrammingError, Refused, find_kind
from workbench.i18n import N_, Text
from workbench.jobs.together import run_together
from workbench.json_types import JsonObject
from workbench.prompts import overrides
from workbench.prompts.checking import LONGEST
from workbench.workflows import registry

if TYPE_CHECKING:
    from workbench.jobs.context import Context

MOST_CALLS = 100
#: pairs under way at the same time; the profile's own limits hold besides
AT_ONCE = 4
TODAY, NEW = "today", "new"


class Params(registry.Params):
    name: Annotated[str, Field(min_length=1, max_length=160)] = Field(title=N_("Prompt"))
    language: Annotated[str, Field(min_length=2, max_length=5)] = Field(title=N_("Language"))
    system: Annotated[str, Field(max_length=LONGEST)] = Field(title=N_("System"))
    user: Annotated[str, Field(max_length=LONGEST)] = Field(title=N_("User"))
    calls: Annotated[list[int], Field(min_length=1, max_length=MOST_CALLS)] = Field(title=N_("Past calls"))


@registry.workflow(
    "try_prompt",
    title=N_("Try a prompt"),
    scope="any",
    params=Params,
    deadline_s=3_600,
    by_hand=True,
    typical=registry.Typical(calls=2),
)
async def run(ctx: Context, params: Params) -> JsonObject:
    """Put past calls again in other words, beside today's prompt, and say what came of both."""
    today = ctx.find_prompt(params.name, params.language)
    new = overrides.write_anew(today, params.system, params.user)
    issues = overrides.check_words(new)
    if issues:
        raise InvalidInput(Text(N_("This prompt cannot be tried: {issue}"), issue=issues[0].message), issues)
    done = Counter[str]()

    async def try_one(call: int) -> JsonObject:
        try:
            return await try_pair(call)
        except (Refused, ProgrammingError) as error:
            # of this call alone: its values are gone, or these words ask for what they do not have
            return {"call": call, "error_kind": error.kind, "error": error.text.to_json()}

    async def try_pair(call: int) -> JsonObject:
        tried = await ctx.rehearse(call)
        pair: JsonObject = {"call": call, "job": tried.call.job_id, "step": tried.call.step}
        for side, file in ((TODAY, today), (NEW, new)):
            pair[side] = await ctx.try_prompt(f"{side}-{call}", tried, file)
            done[side] += 1
            tries = 2 * len(params.calls)
            ctx.progress(100 * done.total() / tries, Text(N_("{done} of {all} tries"), done=done.total(), all=tries))
        return pair

    calls = list(dict.fromkeys(params.calls))
    results = await run_together([lambda c=call: try_one(c) for call in calls], limit=AT_ONCE)  # type: ignore[misc]
    broken = [(call, r) for call, r in zip(calls, results, strict=True) if isinstance(r, JobError)]
    again = next((error for _, error in broken if find_kind(error.kind).retryable), None)
    if again is not None and not ctx.last_attempt:
        raise again  # what has been answered is kept
    pairs = [r for r in results if not isinstance(r, JobError) and TODAY in r]
    failed = [r for r in results if not isinstance(r, JobError) and TODAY not in r]
    failed += [{"call": call, "error_kind": r.kind, "error": r.text.to_json()} for call, r in broken]
    if not pairs:
        raise broken[0][1] if broken else InvalidInput(Text.from_json(failed[0]["error"]), [])
    return {"prompt": today.key, "pairs": pairs, "failed": failed, "sides": {s: sum_up(pairs, s) for s in (TODAY, NEW)}}


def sum_up(pairs: list[JsonObject], side: str) -> JsonObject:
    """What the answers of one side came to together."""
    answers: list[JsonObject] = [pair[side] for pair in pairs]
    cost: Counter[str] = Counter()
    for one in answers:
        if one["cost_micros"] is not None:
            cost[one["currency"]] += one["cost_micros"]
    rules = Counter(json_rule for one in answers for json_rule in {(i["rule"], i["place"]) for i in one["issues"]})
    return {
        "prompt_version": answers[0]["prompt_version"],
        "models": sorted({one["model"] for one in answers}),
        "answers": len(answers),
        "valid": sum(one["valid"] for one in answers),
        "rules": [{"rule": rule, "place": place, "answers": n} for (rule, place), n in rules.most_common()],
        "kinds": dict(Counter(one["kind"] for one in answers if one["kind"])),
        "input_tokens": _total(one["input_tokens"] for one in answers),
        "output_tokens": _total(one["output_tokens"] for one in answers),
        "cost": dict(cost),
        "unpriced": sum(one["cost_micros"] is None for one in answers),
        "latency_ms": _total(one["latency_ms"] for one in answers),
        "paid": sum(one["paid"] for one in answers),
    }


def _total(numbers: Any) -> int | None:
    known = [n for n in numbers if n is not None]
    return sum(known) if known else None
