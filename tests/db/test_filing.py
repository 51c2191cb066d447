"""Ended jobs are counted and found by their words, before and after they are filed, on both databases."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert, select, text, update

from tests.engine.conftest import Engine
from workbench.db import search
from workbench.db.connection import Database
from workbench.db.reads import filing as filed
from workbench.db.reads import job_lists
from workbench.db.reads import jobs as reads
from workbench.db.schema import ACTIVE, TERMINAL, job, job_count, job_text, model_call, node, profile
from workbench.db.writes import filing, installation
from workbench.errors import KINDS, InvalidInput
from workbench.i18n import Text, translate
from workbench.settings import Settings

JOB = {"kind": "k", "queue": "text", "title": "t", "params": {}, "params_hash": "h", "max_attempts": 1,
       "available_at": 1, "created_at": 1}  # fmt: skip
CALL = {"purpose": "generate", "provider": "p", "model": "m", "capability": "text", "outcome": "ok", "started_at": 1}


@pytest.fixture
def conn(database_url: str) -> Iterator[Connection]:
    database = Database(database_url)
    with database.write() as connection:
        yield connection
    database.close()


def add(conn: Connection, calls: list[dict[str, Any]] | None = None, **values: Any) -> int:
    row = {**JOB, "state": "succeeded"} | values
    job_id = int(conn.execute(insert(job).values(row).returning(job.c.id)).scalar_one())
    for number, call in enumerate(calls or ()):
        conn.execute(insert(model_call).values({**CALL, "call_id": f"{job_id}.{number}", "job_id": job_id} | call))
    return job_id


def found(conn: Connection, typed: str, **how: Any) -> list[int]:
    return [j.id for j in job_lists.list_jobs(conn, text=typed, **how)]


LONG = "".join(f"{n:x}·" for n in range(30_000))

#: (where, what stands there, what is typed, whether it is found)
WORDS = [
    ("title", "Keyframes of the Harbour", "the harb", True),
    ("title", "雨夜的城", "雨夜", True),
    ("title", "雨夜的城", "城", True),
    ("title", "雨夜的城", "夜雨", False),
    ("title", "Straße im Regen", "STRASSE", True),
    ("title", "ÉCLAIR", "éclair", True),
    ("title", "two\n  lines", "two lines", True),
    ("payload", 'she said "go"', 'said "go"', True),
    ("payload", "back\\slash", "k\\s", True),
    ("payload", "100% sure", "100% s", True),
    ("payload", "100x sure", "100% s", False),
    ("payload", "under_score", "r_s", True),
    ("payload", "emoji 🎬 cut", "🎬", True),
    ("error", "The service's answer was 'no'", "'no'", True),
    ("error", "ends with q", "q", True),
    ("error", "a & b | c:* <-> !d", "b | c:*", True),
    ("prompt", "Write of the lantern keeper,\nand the storm.", "keeper, and the", True),
    ("prompt", "Write of the lantern keeper", "user", False),
    ("prompt", LONG, "752e·752f·", True),
    ("prompt", LONG, "752e·7530·", False),
    ("answer", '{"line": "He\\u0027s \\"here\\"\\nnow"}', 'he\'s "here" now', True),
    ("answer", "no JSON at all", "json AT all", True),
    ("answer", "tail" * 9_000 + "的", "l的", True),
    ("answer", "x" * 600, "y" * 400, False),
    ("answer", "x" * 600, "x" * 400, True),
    ("answer", "z" * 15_900 + "end", "z" * 397 + "end", True),
    ("answer", "z" * 15_900 + "end", "z" * 397 + "and", False),
]


def put(conn: Connection, where: str, words: str, state: str) -> int:
    if where == "title":
        return add(conn, title=words, state=state)
    if where == "payload":
        return add(conn, params={"about": [words]}, state=state)
    if where == "error":
        return add(conn, error=words, state=state)
    if where == "prompt":
        return add(conn, [{"prompt": [{"role": "user", "content": words}]}], state=state)
    return add(conn, [{"raw_output": words}], state=state)


@pytest.mark.parametrize("groups", [search._MOST_GROUPS, 0])
@pytest.mark.parametrize("state", ["running", "failed"])
def test_a_job_is_found_by_any_part_of_its_words(
    conn: Connection, state: str, groups: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 0 every needle of one or two characters is one that too many groups begin with, and one text that says it
    are many."""
    monkeypatch.setattr(search, "_MOST_GROUPS", groups)
    monkeypatch.setattr(search, "_COMMON", 20 if groups else 1_000)
    other = add(conn, title="…", params={}, error="…", state=state)
    ids = [put(conn, where, words, state) for where, words, _, _ in WORDS]

    def look(when: str) -> None:
        for job_id, (where, words, typed, is_there) in zip(ids, WORDS, strict=True):
            seen = found(conn, typed, limit=1_000)
            assert (job_id in seen) is is_there, (when, where, words[:40], typed[:40])
            assert other not in seen
            assert seen == sorted(seen, reverse=True)
            assert job_lists.count_matching(conn, text=typed) == len(seen)
            assert sorted(job_lists.ids_matching(conn, text=typed)) == seen[::-1]

    look("before it is filed")
    assert filing.file_ended(conn) == (0 if state in ACTIVE else len(WORDS) + 1)
    assert not filed.has_unfiled(conn)
    look("once it is filed")


@pytest.mark.parametrize("state", ["running", "failed"])
def test_a_job_is_found_by_what_pages_say_in_either_language(conn: Connection, state: str) -> None:
    title = Text("{kind} · {place}", kind=Text("Episode plan"), place="雨夜")
    refused = Text("The service answered {status}: {message}", status=401, message="no such key")
    error = Text("All {count} parts failed; the first: {error}", count=2, error=refused)
    texts = {"title_i18n": title.to_json(), "error_i18n": error.to_json(), "error_kind": "auth"}
    whole = add(conn, title=str(title), error=str(error), state=state, **texts)
    nodeless = add(conn, title="Chat", state=state)
    # what no page can say is found all the same
    broken = add(conn, title="Chat {x}", title_i18n={"msgid": "{x", "params": {"x": 1}}, state=state)

    def look() -> None:
        for typed in (
            "Episode plan · 雨夜", "剧集规划 · 雨夜", "first: The service answered 401", "第一个：服务返回 401：no",
            KINDS["auth"].title, translate(KINDS["auth"].title, "zh"),
        ):  # fmt: skip
            assert found(conn, typed) == [whole], typed
        assert found(conn, "Chat") == [broken, nodeless]
        assert found(conn, translate("Chat", "zh")) == [nodeless]

    look()
    filing.file_ended(conn)
    look()


def test_jobs_that_were_filed_in_english_are_filed_anew(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(settings)
    with engine.wb.database.write() as conn:
        ids = [add(conn, title="Chat", state="failed") for _ in range(7)]
        with monkeypatch.context() as english:
            english.setattr(filed, "LANGUAGES", ("en",))
            filing.file_ended(conn)
        assert found(conn, translate("Chat", "zh")) == []
        installation.set_meta(conn, filed.ENGLISH_BELOW, str(ids[-1] + 1))
        # bit by bit, the newest first, and all are found meanwhile by what they were found by
        assert filing.unfile_english(conn, 3) == 3
        assert filing.file_ended(conn) == 3
        assert found(conn, translate("Chat", "zh")) == ids[:3:-1]
        assert found(conn, "chat") == ids[::-1]
        assert job_lists.count_states(conn) == {"failed": 7}
    monkeypatch.setattr(type(engine.worker.runner), "busy", settings.threads)
    with monkeypatch.context() as small:
        small.setattr(filing.unfile_english, "__defaults__", (2,))
        engine.worker.run_maintenance()
    with engine.wb.database.read() as conn:
        assert len(found(conn, translate("Chat", "zh"))) == 5, "a batch a round while no thread is free"
        assert not filed.has_unfiled(conn)
    assert engine.wb.jobs.is_being_filed()
    monkeypatch.setattr(type(engine.worker.runner), "busy", 0)
    engine.worker.run_maintenance()
    with engine.wb.database.read() as conn:
        assert found(conn, translate("Chat", "zh")) == ids[::-1]
        assert not engine.wb.jobs.is_being_filed()
        assert not filed.has_unfiled(conn)
        assert job_lists.count_states(conn) == {"failed": 7}
    engine.close()


@pytest.mark.parametrize(
    "asked", [job_lists.list_jobs, job_lists.count_states, job_lists.count_matching, job_lists.ids_matching]
)
def test_more_than_can_be_looked_for_is_refused_and_nothing_else_found(conn: Connection, asked: Any) -> None:
    add(conn, title="w" * 450 + "END1")
    for _ in range(2):
        with pytest.raises(InvalidInput, match="at most 400 characters; these are 454") as refused:
            asked(conn, text=" " + "w" * 450 + "END2")
        assert [issue.path for issue in refused.value.issues] == ["text"]
        filing.file_ended(conn)


def test_pages_of_what_was_searched_hold_all_and_each_once(conn: Connection) -> None:
    ids = [add(conn, title=f"storm {n}", state="failed" if n % 3 else "succeeded") for n in range(30)]
    filing.file_ended(conn)
    ids += [add(conn, title=f"storm {n}", state="queued" if n % 3 else "failed") for n in range(7)]
    for filters in ({"text": "STORM"}, {}, {"state": ["failed", "queued"]}, {"text": "storm", "state": "failed"}):
        wanted = [j.id for j in job_lists.list_jobs(conn, limit=1_000, **filters)]
        assert wanted == [i for i in sorted(ids, reverse=True) if i in set(wanted)]
        older: list[int] = []
        while page := job_lists.list_jobs(conn, before=older[-1] if older else None, limit=4, **filters):
            older += [j.id for j in page]
        assert older == wanted
        newer: list[int] = []
        while page := job_lists.list_jobs(conn, after=newer[0] if newer else 0, limit=4, **filters):
            newer = [j.id for j in page] + newer
        assert newer == wanted


def test_of_what_many_say_the_newest_are_counted(conn: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_lists, "MOST_COUNTED", 5)
    for n in range(9):
        add(conn, title="storm", state="failed" if n == 8 else "succeeded")
    filing.file_ended(conn, 7)
    assert job_lists.count_states(conn, text="storm") == {"failed": 1, "succeeded": 4}
    assert len(job_lists.ids_matching(conn, text="storm")) == 9, "whoever acts on all acts on all"
    assert job_lists.count_matching(conn) == 9


def test_what_is_unfiled_is_found_by_nothing_and_leaves_nothing(conn: Connection) -> None:
    before = index_of(conn)
    ids = [put(conn, where, words, "failed") for where, words, _, _ in WORDS]
    filing.file_ended(conn)
    assert job_lists.count_matching(conn, text="storm") == 1
    filing.unfile(conn, ids)
    assert conn.execute(select(func.count()).select_from(job_text)).scalar_one() == 0
    assert index_of(conn) == before
    assert conn.execute(select(func.sum(job_count.c.jobs))).scalar_one() == 0
    assert job_lists.count_states(conn) == {"failed": len(ids)}


def index_of(conn: Connection) -> list[Any]:
    if conn.dialect.name == "sqlite":
        return list(conn.execute(text("SELECT term FROM job_words_terms")))
    return list(conn.execute(text("SELECT job_id FROM job_words")))


def test_counts_by_state_equal_a_recount_whatever_is_filed(conn: Connection) -> None:
    dice = random.Random(7)
    conn.execute(
        insert(node), [{"id": n, "kind": "project", "title": "P", "position": 0, "created_at": 1} for n in (1, 2)]
    )
    filters: list[dict[str, Any]] = [
        {name: value for name, value in (("project", project), ("kind", kind), ("model", model), ("error_kind", error),
                                         ("state", state)) if value is not None}
        for project in (None, 1, 2)
        for kind in (None, "a", "b")
        for model in (None, "m1", "m2")
        for error in (None, "timeout")
        for state in (None, "failed", ["queued", "succeeded"])
    ]  # fmt: skip
    conn.execute(insert(profile).values(id=5, name="p", provider="p", params={}, modes={}, created_at=1))
    filters += [{"profile": profile_id, **also} for profile_id in (0, 5) for also in ({}, {"project": 1, "kind": "a"})]
    for _ in range(4):
        for _ in range(25):
            state = dice.choice((*ACTIVE, *TERMINAL))
            models = dice.sample(["m1", "m2", "m1"], dice.randrange(3))
            add(
                conn,
                [{"model": model} for model in models],
                state=state,
                kind=dice.choice("ab"),
                project_id=dice.choice([None, 1, 2]),
                profile_id=dice.choice([None, 5]),
                error_kind="timeout" if state == "failed" and dice.random() < 0.5 else None,
            )
        for chosen in dice.sample(filters, 30):
            listed = job_lists.list_jobs(conn, limit=1_000, **chosen)
            assert job_lists.count_states(conn, **chosen) == Counter(j.state for j in listed), chosen
            assert sum(reads.counts(conn, project=chosen.get("project")).values()) == job_lists.count_matching(
                conn, project=chosen.get("project")
            )
        filing.file_ended(conn, dice.randrange(1, 20))


def test_the_workflows_that_ran_with_a_profile_are_known_before_and_after_their_jobs_are_filed(
    conn: Connection,
) -> None:
    conn.execute(insert(profile).values(id=5, name="p", provider="p", params={}, modes={}, created_at=1))
    for kind, state, profile_id in (
        ("a", "succeeded", 5), ("b", "succeeded", None), ("c", "failed", 5), ("d", "succeeded", 5),
    ):  # fmt: skip
        add(conn, kind=kind, state=state, profile_id=profile_id)
    ran = {("a", 5), ("d", 5), ("b", None)}
    for _ in range(2):
        known = filed.list_succeeded(conn)
        assert known is not None
        assert known >= ran
        filing.file_ended(conn)
    assert filed.list_succeeded(conn) == ran
    add(conn, kind="late", profile_id=5)
    assert ("late", 5) in (filed.list_succeeded(conn) or ())


@pytest.mark.parametrize(("few", "bounded"), [(100, 100), (3, 100), (3, 10), (1, 2)])
def test_a_time_is_listed_whole_where_ids_and_times_have_another_order(
    conn: Connection, monkeypatch: pytest.MonkeyPatch, few: int, bounded: int
) -> None:
    monkeypatch.setattr(job_lists.ended, "FEW", few)
    monkeypatch.setattr(job_lists, "MOST_BOUNDED", bounded)
    dice = random.Random(11)
    # an imported job has a new id and an old time
    at = {add(conn, created_at=dice.choice([n, n, n, n - 15])): n for n in range(100, 140)}
    at = {row.id: row.created_at for row in conn.execute(select(job.c.id, job.c.created_at)).all() if row.id in at}
    for since, until in ((None, 104), (103, None), (110, 120), (110, 111), (130, 160), (160, None)):
        within = [i for i, n in at.items() if (since is None or n >= since) and (until is None or n < until)]
        given = {"since": since, "until": until}
        for before in (None, max(at), sorted(at)[20], min(at)):
            ids = sorted((i for i in within if before is None or i < before), reverse=True)
            listed = job_lists.list_jobs(conn, before=before, limit=5, **given)  # type: ignore[arg-type]
            assert [j.id for j in listed] == ids[:5], (given, before)
            newer = job_lists.list_jobs(conn, after=before or 0, limit=5, **given)  # type: ignore[arg-type]
            following = sorted(i for i in within if i > (before or 0))
            assert [j.id for j in newer] == following[:5][::-1], (given, before)
        assert sum(job_lists.count_states(conn, **given).values()) == len(within)  # type: ignore[arg-type]


def test_two_that_file_at_once_count_each_job_once(database_url: str) -> None:
    database, other = Database(database_url), Database(database_url)
    with database.write() as conn:
        for _ in range(6):
            add(conn)
    with database.write() as conn:
        assert filing.file_ended(conn, 4) == 4
        if not database.is_sqlite:
            with other.write() as waiting:
                assert filing.file_ended(waiting, 4) == 0, "somebody else is at it"
    with other.write() as conn:
        assert filing.file_ended(conn, 4) == 2
        assert job_lists.count_states(conn) == {"succeeded": 6}
        conn.execute(update(job).values(title="other"))
    database.close()
    other.close()


def test_a_text_is_kept_as_it_was(conn: Connection) -> None:
    job_id = add(conn, title="short", error="long " * 500)
    filing.file_ended(conn)
    bodies = conn.scalars(select(job_text.c.body).where(job_text.c.job_id == job_id)).all()
    assert bodies == ["\n".join(["short", "{}", "long " * 500])]
    assert search.needle_of("  A\u3000 b ") == "a b"


def test_a_worker_files_what_has_ended_and_waits_while_it_is_busy(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(settings)

    def unfiled() -> bool:
        with engine.wb.database.read() as conn:
            return filed.has_unfiled(conn)

    engine.finish(engine.wb.submit("test_nothing").id)
    engine.worker.run_maintenance()
    assert not unfiled()
    monkeypatch.setattr(type(engine.worker.runner), "busy", settings.threads)
    with engine.wb.database.write() as conn:
        add(conn)
    engine.worker.run_maintenance()
    assert unfiled()
    monkeypatch.setattr(filed, "_many_unfiled", filed._any_unfiled)
    engine.worker.run_maintenance()
    assert not unfiled()
    engine.close()


def test_a_job_that_is_filed_between_two_looks_is_listed(conn: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = add(conn, kind="rare")
    list_unfiled = filed.list_unfiled

    def list_too_late(looking: Connection) -> list[int]:
        filing.file_ended(looking)
        return list_unfiled(looking)

    assert [j.id for j in job_lists.list_jobs(conn, kind="rare")] == [job_id]
    with monkeypatch.context() as filing_now:
        filing_now.setattr(filed, "list_unfiled", list_too_late)
        assert [j.id for j in job_lists.list_jobs(conn, kind="rare")] == [job_id]
    assert [j.id for j in job_lists.list_jobs(conn, kind="rare")] == [job_id]
    assert job_lists.list_jobs(conn, kind="nobody's") == []
