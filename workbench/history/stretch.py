"""The jobs of a stretch of a made-up history as rows, every kind of end and cause among them.

The same number and seed give the same rows. Ids count from 1 and times from 0; writes/history.py moves them to where
they belong, as often as the history is long.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from workbench.fingerprints import fingerprint
from workbench.json_types import JsonObject

#: beginning of a call's id: as long as the one that takes its place
CALL_PREFIX = "h0000000000-"
VERSIONS = ("0.5.0", "0.6.0")
PROMPT_VERSIONS = ("5d1c7a90e2b4", "b07f3e6612cd")
WORKERS = ("render-1:4121", "render-2:988", "studio-3:17")
PEOPLE = ("ada", "mei", "noor", "local")


@dataclass(frozen=True)
class Service:
    """A profile that calls are made with. Prices are micros for a thousand tokens, or for each picture or second;
    None: not known."""

    name: str
    provider: str
    model: str
    capability: str
    currency: str | None
    input_price: int | None
    output_price: int | None
    slow: float = 1.0


SERVICES = (
    Service("History: western texts", "openai", "gpt-5-mini", "text", "USD", 250, 2000),
    Service("History: eastern texts", "openai", "qwen-plus", "text", "CNY", 800, 2000, 1.3),
    Service("History: house texts", "openai", "house-llm-7b", "text", None, None, None, 2.1),
    Service("History: western pictures", "openai", "gpt-image-1", "image", "USD", 0, 42_000),
    Service("History: eastern pictures", "openai", "doubao-seedream-4-0", "image", "CNY", 0, 200_000, 0.6),
    Service("History: clips", "openai", "doubao-seedance-1-0-pro", "video", "CNY", 0, 730_000),
)
TEXTS, PICTURES, CLIPS = (0, 0, 0, 1, 1, 2), (3, 4, 4), (5,)


@dataclass(frozen=True)
class Work:
    """What jobs of a kind are like: how many calls of how many tokens they make, on which services. `prompts`: the
    folder of the prompt that is called after it."""

    kind: str
    queue: str
    weight: int
    calls: tuple[int, int]
    tokens: tuple[int, int]
    services: tuple[int, ...]
    scope: str
    prompts: str = ""


WORKS = (
    Work("plan_episodes", "text", 3, (1, 3), (3200, 2400), TEXTS, "project", "planning"),
    Work("generate_episode_core_expression", "text", 8, (1, 3), (2600, 900), TEXTS, "episode", "episode"),
    Work("generate_episode_scene_list", "text", 8, (1, 3), (3900, 2100), TEXTS, "episode", "episode"),
    Work("generate_scene_script", "text", 6, (2, 5), (5200, 3100), TEXTS, "episode", "episode"),
    Work("generate_scene_anchor", "text", 16, (1, 3), (1900, 700), TEXTS, "scene", "scene"),
    Work("generate_keyframe_prompt", "text", 14, (1, 4), (2800, 1900), TEXTS, "scene", "scene"),
    Work("generate_dialogue", "text", 10, (1, 4), (2400, 1100), TEXTS, "scene", "dialogue"),
    Work("generate_sound_design", "text", 8, (1, 2), (2000, 800), TEXTS, "scene", "dialogue"),
    Work("llm_chat", "text", 4, (1, 1), (600, 350), TEXTS, ""),
    Work("generate_keyframe_images", "image", 16, (4, 10), (450, 1), PICTURES, "scene"),
    Work("generate_scene_video", "video", 5, (1, 2), (300, 5), CLIPS, "scene"),
    Work("run_plan", "system", 1, (0, 0), (0, 0), TEXTS, "project"),
)
#: most jobs that a plan has started: of those of its project that come next
MOST_OF_PLAN = 40


@dataclass(frozen=True)
class Cause:
    """Why a job failed: what its last call came to, or that it came to none."""

    kind: str
    text: str
    status: int | None
    weight: int
    outcome: str = "error"
    places: tuple[str, ...] = ()


CAUSES = (
    Cause("rate_limit", "The service is busy: too many requests in this minute.", 429, 20),
    Cause("timeout", "The service did not answer within 120 s.", None, 14),
    Cause("auth", "The service refused the key.", 401, 8),
    Cause("quota_exhausted", "The account of the service has no money left.", 402, 6),
    Cause("invalid_output", "The answer is not valid: scenes.3.goal is missing.", 200, 22, "ok", ("scenes.*.goal",)),
    Cause("malformed_output", "The answer is no JSON: it ends in the middle.", 200, 12, "ok", ("shots",)),
    Cause("content_filter", "The service filtered what it was asked for.", 400, 7),
    Cause("network", "The connection to the service was cut.", None, 9),
    Cause("internal", "A bug in Reelwright: KeyError in reading.py:read_shots.", None, 2, "", ("KeyError",)),
)
_STATES = ("succeeded",) * 900 + ("partial",) * 20 + ("failed",) * 52 + ("cancelled",) * 28
_SUBJECTS = (
    "the lamp on the quay", "a letter that was never sent", "two brothers and a boat", "the tiger at the pass",
    "雪夜里的来客", "旧码头的灯", "没有寄出的信",
)  # fmt: skip


@dataclass
class Rows:
    """Table → rows."""

    job: list[JsonObject] = field(default_factory=list)
    attempt: list[JsonObject] = field(default_factory=list)
    step: list[JsonObject] = field(default_factory=list)
    job_event: list[JsonObject] = field(default_factory=list)
    model_call: list[JsonObject] = field(default_factory=list)
    failure: list[JsonObject] = field(default_factory=list)
    job_child: list[JsonObject] = field(default_factory=list)
    forecast: list[JsonObject] = field(default_factory=list)


@dataclass(frozen=True)
class Places:
    """The nodes that the jobs are of, each as (node, project), and the profiles of `SERVICES`."""

    projects: Sequence[tuple[int, int]]
    episodes: Sequence[tuple[int, int]]
    scenes: Sequence[tuple[int, int]]
    profiles: Sequence[int]

    def choose(self, dice: random.Random, scope: str) -> tuple[int | None, int | None]:
        """(node, project) of a job of this scope."""
        if not scope:
            return None, None
        return dice.choice({"project": self.projects, "episode": self.episodes, "scene": self.scenes}[scope])


def write_stretch(jobs: int, length_ms: int, places: Places, seed: int) -> Rows:
    """So many jobs that were asked for within `length_ms`, in the order of their times."""
    dice, rows = random.Random(seed), Rows()
    weights = [work.weight for work in WORKS]
    # a stretch has its own troubles
    causes = [cause.weight * dice.choice((1, 1, 1, 4)) for cause in CAUSES]
    last: int | None = None
    for number in range(1, jobs + 1):
        asked_at = (number - 1) * length_ms // jobs + dice.randrange(max(1, length_ms // jobs))
        replayed = last if last is not None and dice.random() < 0.45 else None
        if replayed is not None:
            before = rows.job[replayed - 1]
            work = next(w for w in WORKS if w.kind == before["kind"])
            state, place = "succeeded", (before["node_id"], before["project_id"])
        else:
            (work,) = dice.choices(WORKS, weights)
            state, place = dice.choice(_STATES), places.choose(dice, work.scope)
        (cause,) = dice.choices(CAUSES, causes)
        if cause.places and work.queue != "text":
            cause = CAUSES[0]  # no answer of theirs is read
        _add_job(rows, dice, number, work, state, cause, place, places, asked_at, replayed)
        if replayed is not None:
            rows.failure[-1]["repaired_by"] = number
        last = number if state == "failed" else None
    _add_plans(rows, dice)
    return rows


def _add_plans(rows: Rows, dice: random.Random) -> None:
    """Give each plan the jobs of its project that come next, an end after theirs, and what was expected of them."""
    free: dict[int, list[JsonObject]] = {}
    plans: list[tuple[JsonObject, list[JsonObject]]] = []
    for row in reversed(rows.job):
        if row["kind"] == "run_plan":
            plans.append((row, free.pop(row["project_id"], [])[: -MOST_OF_PLAN - 1 : -1]))
        elif row["project_id"] is not None and row["replay_of"] is None:
            free.setdefault(row["project_id"], []).append(row)
    for plan, children in plans:
        _start(rows, dice, plan, children)
    ends = {plan["id"]: plan["finished_at"] for plan, _ in plans}
    for row in rows.step:
        row["updated_at"] = ends.get(row["job_id"], row["updated_at"])
    for row in rows.failure:
        row["finished_at"] = ends.get(row["job_id"], row["finished_at"])
    for row in rows.job_event:
        if row["progress"] != 0:
            row["at"] = ends.get(row["job_id"], row["at"])
    for row in rows.attempt:
        if row["outcome"] != "error" or row["job_id"] in ends:
            row["ended_at"] = ends.get(row["job_id"], row["ended_at"])


def _start(rows: Rows, dice: random.Random, plan: JsonObject, children: Sequence[JsonObject]) -> None:
    jobs = [[child["kind"], child["node_id"]] for child in children]
    plan["params"] = {"jobs": jobs or [["plan_episodes", plan["node_id"]]]}
    plan["finished_at"] = max([plan["finished_at"], *(child["finished_at"] + 40 for child in children)])
    for position, child in enumerate(children):
        child["parent_id"] = plan["id"]
        rows.job_child.append({
            "parent_id": plan["id"], "position": position, "child_id": child["id"],
            "item": f"{child['kind']} {child['node_id']}", "batch": 0, "batch_position": position,
        })  # fmt: skip
    for workflow in ("", *sorted({child["kind"] for child in children})):
        rows.forecast.append(_expect(dice, plan["id"], workflow, children))


def _expect(dice: random.Random, plan_id: int, workflow: str, children: Sequence[JsonObject]) -> JsonObject:
    """What a run of the workflow was expected to take; of ``""``, the whole plan."""
    own = [child for child in children if workflow in ("", child["kind"])]
    of_each = 1 if not workflow else len(own)
    wrong = dice.uniform(0.7, 1.5) / max(1, of_each)
    known = [child for child in own if child["cost_micros"] is not None]
    cost: dict[str, int] = {}
    for child in known:
        cost[child["currency"]] = cost.get(child["currency"], 0) + child["cost_micros"]
    return {
        "job_id": plan_id, "workflow": workflow,
        "model": next((SERVICES[w.services[0]].model for w in WORKS if w.kind == workflow), None),
        "jobs": len(own) if not workflow else 1,
        "tokens": int(sum(child["input_tokens"] + child["output_tokens"] for child in own) * wrong),
        "ms": int(sum(child["finished_at"] - child["started_at"] for child in own) * wrong),
        "cost": {currency: int(micros * wrong) for currency, micros in cost.items()},
        "unpriced": 0 if workflow and known else len(own) - len(known),
    }  # fmt: skip


def _add_job(
    rows: Rows,
    dice: random.Random,
    number: int,
    work: Work,
    state: str,
    cause: Cause,
    place: tuple[int | None, int | None],
    places: Places,
    asked_at: int,
    replay_of: int | None,
) -> None:
    service = SERVICES[chosen := dice.choice(work.services)]
    node_id, project_id = place
    wait = int(dice.lognormvariate(6.5, 1.4))
    failed = state in ("failed", "partial")
    calls = 0 if state == "cancelled" and dice.random() < 0.3 else dice.randint(*work.calls)
    begun = asked_at + wait
    at, spent, tokens = begun, 0, [0, 0]
    subject, person = dice.choice(_SUBJECTS), dice.choice(PEOPLE)
    params: JsonObject = {} if work.scope else {"messages": [{"role": "user", "content": f"What of {subject}?"}]}
    for n in range(1, calls + 1):
        broken = failed and n == calls and cause.outcome != ""
        call = _call(dice, number, n, work, service, places.profiles[chosen], node_id, project_id, cause, broken, at)
        if work.prompts:
            call["prompt_name"] = f"{work.prompts}/{work.kind}.{dice.choice(('en', 'en', 'zh'))}"
            call["prompt_version"] = dice.choice(PROMPT_VERSIONS)
            call["template"] = {"subject": subject}
        call["prompt"] = [{"role": "user", "content": f"Write what happens around {subject}."}]
        call["raw_output"] = None if call["outcome"] == "error" else f'{{"goal": "{subject}, once more"}}'
        rows.model_call.append(call)
        at += call["latency_ms"] + dice.randint(5, 90)
        spent += call["cost_micros"] or 0
        tokens[0] += call["input_tokens"] or 0
        tokens[1] += call["output_tokens"] or 0
    ended = at + dice.randint(10, 400)
    kind = cause.kind if failed else None
    mark = _mark(cause, work, service) if failed else None
    tries = 1 + (dice.random() < 0.06) + (failed and cause.kind in ("rate_limit", "timeout", "network")) * 2
    rows.job.append({
        "id": number, "kind": work.kind, "queue": work.queue, "state": state, "title": work.kind, "node_id": node_id,
        "project_id": project_id, "profile_id": places.profiles[chosen], "params": params,
        "params_hash": fingerprint(work.kind, str(node_id), str(number)), "priority": 0, "replay_of": replay_of,
        "parent_id": None, "max_attempts": 3, "claim": tries, "failures": tries - 1 + failed, "losses": 0,
        "available_at": asked_at,
        "progress": 100 if state == "succeeded" else dice.randrange(100), "error_kind": kind,
        "error": cause.text if failed else None, "error_fingerprint": mark,
        "result": {"failed": [], "succeeded": []} if state == "succeeded" else None,
        "cost_micros": spent if service.currency and calls else None, "currency": service.currency if calls else None,
        "input_tokens": tokens[0], "output_tokens": tokens[1], "created_by": person, "created_at": asked_at,
        "started_at": begun, "finished_at": ended,
    })  # fmt: skip
    if failed:
        rows.failure.append({
            "job_id": number, "fingerprint": mark, "finished_at": ended, "project_id": project_id, "kind": work.kind,
            "node_id": node_id, "params_hash": rows.job[-1]["params_hash"], "profile_id": places.profiles[chosen],
            "model": service.model, "version": dice.choice(VERSIONS), "repaired_by": None,
        })  # fmt: skip
    rows.attempt += _attempts(dice, number, tries, begun, ended, cause, state)
    rows.step += [
        {
            "job_id": number, "name": f"part {n}", "position": n, "state": "done",
            "input_hash": fingerprint(str(number), str(n)), "output": {"n": n}, "claim": tries, "created_at": begun,
            "updated_at": ended,
        }
        for n in range(1, max(1, calls) + (0 if failed else 1))
    ]  # fmt: skip
    rows.job_event += [
        {"job_id": number, "claim": tries, "at": at, "level": level, "progress": progress, "message": message}
        for at, level, progress, message in (
            (begun, "info", 0, "Began"),
            (ended, "error" if failed else "info", None if failed else 100, cause.text if failed else "Done"),
        )
    ]


def _mark(cause: Cause, work: Work, service: Service) -> str:
    """As a real failure has it: what a service says to everybody is one cause for all workflows."""
    if cause.places:
        return fingerprint(cause.kind, work.kind, service.name, service.model, *cause.places)
    if cause.kind == "content_filter":
        return fingerprint(cause.kind, service.name, service.model)
    return fingerprint(cause.kind, service.name)


def _attempts(
    dice: random.Random, number: int, tries: int, begun: int, ended: int, cause: Cause, state: str
) -> Iterator[JsonObject]:
    ended_as = {"succeeded": "ok", "partial": "ok", "failed": "error", "cancelled": "cancelled"}[state]
    for claim in range(1, tries + 1):
        last = claim == tries
        yield {
            "job_id": number, "claim": claim, "worker": dice.choice(WORKERS),
            "started_at": begun + (claim - 1) * (ended - begun) // tries,
            "ended_at": begun + claim * (ended - begun) // tries, "outcome": ended_as if last else "error",
            "error_kind": cause.kind if not last or state == "failed" else None,
            "error": cause.text if not last or state == "failed" else None,
        }  # fmt: skip


def _call(
    dice: random.Random,
    number: int,
    n: int,
    work: Work,
    service: Service,
    profile_id: int,
    node_id: int | None,
    project_id: int | None,
    cause: Cause,
    broken: bool,
    at: int,
) -> JsonObject:
    text = service.capability == "text"
    refused = broken and cause.outcome == "error"
    latency = int(dice.lognormvariate(8.2, 0.6) * service.slow) * (1 if text else 3)
    sent = None if refused else int(work.tokens[0] * dice.uniform(0.6, 1.6))
    answered = None if refused or not text else int(work.tokens[1] * dice.uniform(0.5, 1.8))
    pieces = None if text or refused else work.tokens[1]
    known = not refused and service.output_price is not None and service.input_price is not None
    cost = None
    if known:
        amount = (answered or 0) / 1000 if text else pieces or 0
        cost = int((sent or 0) / 1000 * (service.input_price or 0) + amount * (service.output_price or 0))
    purpose = "repair" if text and n > 1 and dice.random() < 0.3 else "generate"
    valid = None if not text or refused or work.kind == "llm_chat" else not broken and dice.random() > 0.03
    return {
        "call_id": f"{CALL_PREFIX}{number}-{n}", "job_id": number, "claim": 1, "step": f"part {n}",
        "input_hash": fingerprint(str(number), str(n)), "purpose": purpose, "project_id": project_id,
        "workflow": work.kind, "profile_id": profile_id, "provider": service.provider, "model": service.model,
        "capability": service.capability, "mode": "json_schema" if text else None,
        "outcome": "error" if refused else "ok", "valid": valid, "error_kind": cause.kind if refused else None,
        "error": cause.text if refused else None, "http_status": cause.status if refused else 200, "started_at": at,
        "ended_at": at + latency, "latency_ms": latency, "ttft_ms": latency // 4 if text and not refused else None,
        "input_tokens": sent, "cached_tokens": None if sent is None else sent // 3 if dice.random() < 0.3 else 0,
        "output_tokens": answered,
        "reasoning_tokens": None if answered is None else answered // 5 if service.model == "gpt-5-mini" else 0,
        "images": pieces if service.capability == "image" else None,
        "video_seconds": pieces if service.capability == "video" else None, "cost_micros": cost,
        "currency": service.currency if known else None, "price_source": "user" if known else None,
        "finish_reason": None if refused or not text else "stop", "prompt_name": None, "prompt_version": None,
        "template": None,
    }  # fmt: skip
