"""What ended jobs are filed by (see writes/filing.py), and questions that are answered from it together with the few
jobs that are not filed yet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    String,
    and_,
    bindparam,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
)

from workbench.db import search
from workbench.db.connection import Ids, among
from workbench.db.schema import ACTIVE, TERMINAL, job, job_count, meta, model_call
from workbench.errors import KINDS
from workbench.i18n import LANGUAGES, Text, translate

#: more jobs than this are not read one by one: after an upgrade, while a long history is filed for the first time
MOST_READ = 5_000

UNFILED = (job.c.filed.is_(None), job.c.state.in_(TERMINAL))
SEARCHED = (job.c.id, job.c.title, job.c.title_i18n, cast(job.c.params, String).label("payload"), job.c.error_kind,
            job.c.error, job.c.error_i18n)  # fmt: skip
#: beside what is searched
COUNTED = (job.c.project_id, job.c.kind, job.c.profile_id, job.c.state)
#: key of `meta`: jobs with a smaller id were filed when titles and errors were found in English alone
ENGLISH_BELOW = "filed_in_english_below"
_english_below = select(meta.c.value).where(meta.c.key == ENGLISH_BELOW)
_any_unfiled = select(literal(1)).where(*UNFILED).limit(1)
_many_unfiled = select(literal(1)).where(*UNFILED).limit(1).offset(MOST_READ)
_calls = (
    select(model_call.c.job_id, model_call.c.model, model_call.c.prompt, model_call.c.raw_output)
    .where(among(model_call.c.job_id, bindparam("ids", type_=Ids())))
    .order_by(model_call.c.job_id, model_call.c.id)
)
_active_ids = select(job.c.id).where(job.c.state.in_(ACTIVE))
_unfiled_ids = select(job.c.id).where(*UNFILED)
_at_work = select(*SEARCHED).where(job.c.state.in_(ACTIVE))
_waiting = select(*SEARCHED).where(*UNFILED)


def has_unfiled(conn: Connection) -> bool:
    """Whether a job has ended and is not filed."""
    return conn.execute(_any_unfiled).scalar_one_or_none() is not None


def has_many_unfiled(conn: Connection) -> bool:
    return conn.execute(_many_unfiled).scalar_one_or_none() is not None


def list_unfiled(conn: Connection) -> list[int]:
    """The jobs that are at work, and those that have ended and are not filed yet."""
    return [*conn.scalars(_active_ids), *conn.scalars(_unfiled_ids)]


def calls_of(conn: Connection, job_ids: Sequence[int]) -> dict[int, list[Any]]:
    """Job → its calls: (job, model, prompt, answer), in their order; jobs without any are left out."""
    calls: dict[int, list[Any]] = {}
    for call in conn.execute(_calls, {"ids": [*job_ids]}):
        calls.setdefault(call.job_id, []).append(call)
    return calls


def was_filed_in_english(conn: Connection) -> bool:
    """Whether a job may be filed that is found by its English title and error alone."""
    return conn.execute(_english_below).scalar_one_or_none() is not None


def body_of(row: Any, calls: Iterable[Any]) -> str:
    """All that a job is found by, of a row of `SEARCHED` and its calls."""
    # one that belongs to no node has the workflow's own title, which pages say in their language
    titles = _in_each_language(row.title, row.title_i18n or {"msgid": row.title})
    errors = _in_each_language(row.error, row.error_i18n)
    if row.error_kind in KINDS:
        kind = KINDS[row.error_kind].title
        errors += _in_each_language(kind, {"msgid": kind})
    return search.body_of(titles, row.payload, errors, [(call.prompt, call.raw_output) for call in calls])


def _in_each_language(english: str | None, stored: Any) -> list[str]:
    """A text as it is stored, and as pages say it."""
    said = {english: None} if english else {}
    if stored:
        try:
            text = Text.from_json(stored)
            said |= dict.fromkeys(translate(text, language) for language in LANGUAGES if language != "en")
        except (ValueError, LookupError, TypeError, AttributeError):
            # what no page can say is found by its English alone
            pass
    return [*said]


def says(conn: Connection, needle: str, lowest: int = 0) -> ColumnElement[bool]:
    """Of jobs in whose title, payload, error, prompts or answers a needle (search.needle_of) stands; `lowest`: no id is
    below it."""
    ids = [search.matching_ids(conn, needle, lowest), *unfiled_saying(conn, needle)]
    # one list of ids, not one or the other: PostgreSQL would read every job
    return job.c.id.in_(union_all(*ids))


def unfiled_saying(conn: Connection, needle: str) -> list[Select[tuple[int]]]:
    """The ids of those that are at work or not filed yet."""
    rows = [*conn.execute(_at_work)]
    many = has_many_unfiled(conn)
    if not many:
        rows += conn.execute(_waiting)
    calls = calls_of(conn, [row.id for row in rows])
    ids = [row.id for row in rows if needle in body_of(row, calls.get(row.id, ()))]
    told = select(job.c.id).where(among(job.c.id, literal(ids, type_=Ids())))
    return [told, select(job.c.id).where(_reads(needle))] if many else [told]


def _reads(needle: str) -> ColumnElement[bool]:
    """Looks into every row that is not filed; of titles and errors at the English ones."""
    as_json = json.dumps(needle, ensure_ascii=False)[1:-1]
    job_words = ((job.c.title, needle), (job.c.error, needle), (cast(job.c.params, String), as_json))
    call_words = ((cast(model_call.c.prompt, String), as_json), (model_call.c.raw_output, needle),
                  (model_call.c.raw_output, as_json))  # fmt: skip
    called = exists().where(
        model_call.c.job_id == job.c.id, or_(*(c.icontains(words, autoescape=True) for c, words in call_words))
    )
    own = (c.icontains(words, autoescape=True) for c, words in job_words)
    return and_(*UNFILED, or_(*own, called))


#: filters of jobs that the counts of filed ones are kept by
_COUNTED_BY = {
    "kind": job_count.c.kind,
    "project": job_count.c.project_id,
    "profile": job_count.c.profile_id,
    "error_kind": job_count.c.error_kind,
    "model": job_count.c.model,
}


def list_possible(conn: Connection, filters: dict[str, Any]) -> list[int] | None:
    """The few jobs that can match where no filed one does, as far as their counts tell, by those filters that they are
    kept by; None: there may be filed ones."""
    counted = {name: value for name, value in filters.items() if name in _COUNTED_BY or name == "state"}
    if all(value in (None, "") for value in counted.values()) or count_filed(conn, counted) != {}:
        return None
    few = list_unfiled(conn)
    # once more: one that was filed between the two questions is in neither answer
    return few if count_filed(conn, counted) == {} else None


def list_succeeded(conn: Connection) -> set[tuple[str, int | None]] | None:
    """(workflow, profile) of jobs that have succeeded, as far as counts and what is not filed tell; None: most are not
    filed yet."""
    if has_many_unfiled(conn):
        return None
    # what is filed after this question is in the answer to the next one
    few = {(kind, profile) for kind, profile in conn.execute(_unfiled_runs, {"ids": list_unfiled(conn)})}
    return few | {(kind, profile or None) for kind, profile in conn.execute(_filed_runs)}


_unfiled_runs = select(job.c.kind, job.c.profile_id).where(among(job.c.id, bindparam("ids", type_=Ids())))
_filed_runs = (
    select(job_count.c.kind, job_count.c.profile_id)
    .where(job_count.c.model == "", job_count.c.state == "succeeded", job_count.c.jobs > 0)
    .distinct()
)


def count_filed(conn: Connection, filters: dict[str, Any]) -> dict[str, int] | None:
    """State → how many filed jobs match; None: they are not counted by these filters, or most are not filed yet."""
    given = {name: value for name, value in filters.items() if value is not None and value != ""}
    if given.keys() - _COUNTED_BY.keys() - {"state"} or has_many_unfiled(conn):
        return None
    query = select(job_count.c.state, func.sum(job_count.c.jobs)).group_by(job_count.c.state)
    query = query.where(*(column == given[name] for name, column in _COUNTED_BY.items() if name in given))
    if "model" not in given:
        query = query.where(job_count.c.model == "")
    if state := given.get("state"):
        query = query.where(job_count.c.state.in_([state] if isinstance(state, str) else state))
    return {state: int(jobs) for state, jobs in conn.execute(query) if jobs}
