"""Which checks the first answers to a prompt failed."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from sqlalchemy import Connection, bindparam, select

from workbench.db.connection import Ids, among
from workbench.db.rows.prompts import PromptRule
from workbench.db.schema import job_event, model_call, step
from workbench.i18n import N_
from workbench.validation import REJECTED

#: so many of the newest answers that did not pass are looked at
MOST = 500
_PATH = re.compile(r"[\w.-]+")
#: what differs from answer to answer though the same check failed
_VALUES = re.compile(r"“[^”]*”|\d+(?:[.,]\d+)*")
_TAIL = re.compile(r" \(found: .*\)$| It ends: .*$", re.DOTALL)
CUT_OFF, EMPTY = N_("The answer was cut off"), N_("The answer was empty")


def list_rules(conn: Connection, prompt_name: str, project_id: int | None = None) -> list[PromptRule]:
    """By prompt version and model, those that most answers failed first. Of an answer of before a time line kept each
    check, the first that failed counts."""
    call = model_call.c
    query = (
        select(
            call.job_id, call.step, call.prompt_version, call.model, call.purpose, call.started_at, call.finish_reason,
            step.c.output,
        )
        .outerjoin(step, (step.c.job_id == call.job_id) & (step.c.name == call.step) & (call.purpose == "trial"))
        .where(
            call.prompt_name == prompt_name, call.purpose.in_(("generate", "trial")), call.outcome == "ok",
            call.valid.is_(False),
        )
        .order_by(call.id.desc())
        .limit(MOST)
    )  # fmt: skip
    if project_id is not None:
        query = query.where(call.project_id == project_id)
    answers = conn.execute(query).all()
    rejected = _rejections(conn, {a.job_id for a in answers if a.purpose == "generate" and a.job_id is not None})
    counts: Counter[tuple[str | None, str, str, str]] = Counter()
    for answer in answers:
        for rule, place in _rules_of(answer, rejected):
            counts[answer.prompt_version, answer.model, rule, place] += 1
    return [PromptRule(*what, n) for what, n in counts.most_common()]


def _rejections(conn: Connection, job_ids: set[int]) -> dict[tuple[int, str], list[tuple[int, list[list[str]]]]]:
    """(job, step) → (when, the checks that failed) of each rejected answer, in their order."""
    if not job_ids:
        return {}
    query = select(job_event.c.job_id, job_event.c.at, job_event.c.i18n).where(
        among(job_event.c.job_id, bindparam("ids", type_=Ids())), job_event.c.level.in_(("warning", "error"))
    )
    found: dict[tuple[int, str], list[tuple[int, list[list[str]]]]] = {}
    for job_id, at, i18n in conn.execute(query.order_by(job_event.c.id), {"ids": sorted(job_ids)}):
        if i18n is not None and i18n["msgid"] == REJECTED:
            told = i18n["params"]
            failed = [[one["rule"]["msgid"], one["place"]] for one in told.get("failed", ())]
            found.setdefault((job_id, str(told["step"])), []).append((at, failed or [_name(str(told["first"]))]))
    return found


def _name(issue: str) -> list[str]:
    """[rule, place] of an issue as a time line tells it, ``episodes.3.title: At most 80 characters; 12 too many.``"""
    path, colon, said = issue.partition(": ")
    if not colon or not _PATH.fullmatch(path):
        path, said = "", issue
    place = ".".join("#" if part.isdigit() else part for part in path.split("."))
    return [_VALUES.sub("…", _TAIL.sub("", said)), place]


def _rules_of(answer: Any, rejected: dict[tuple[int, str], list[tuple[int, list[list[str]]]]]) -> set[tuple[str, str]]:
    if answer.purpose == "trial":
        output = answer.output if isinstance(answer.output, dict) else {}
        rules = [(i["rule"], i["place"]) for i in output.get("issues", ())]
    else:
        later = (r for at, r in rejected.get((answer.job_id, answer.step), ()) if at >= answer.started_at)
        rules = [(rule, place) for rule, place in next(later, [])]
    return set(rules) or {(CUT_OFF if answer.finish_reason == "length" else EMPTY, "")}
