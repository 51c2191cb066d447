"""A damaged, oversized, path-escaping, forged or newer archive is refused with the reason, and changes nothing."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, func, select
from sqlalchemy.exc import IntegrityError

from tests.archives.conftest import Home
from workbench.archives import form, importing
from workbench.archives.numbers import Amounts
from workbench.db.reads.archives import PARTS, Part
from workbench.db.tables import metadata
from workbench.db.types import BigInteger, Id, Integer
from workbench.errors import InvalidInput
from workbench.media.store import MediaStore, name_of
from workbench.settings import Settings
from workbench.validation import REJECTED

Rows = dict[str, Any]


class Forgery:
    """An archive taken apart, to be put together otherwise; its manifest is made to agree unless told not to."""

    def __init__(self, archive: Path) -> None:
        with zipfile.ZipFile(archive) as file:
            self.files = {name: file.read(name) for name in file.namelist()}
        self.manifest: Rows = json.loads(self.files.pop(form.MANIFEST))
        self.more: list[tuple[zipfile.ZipInfo, bytes]] = []

    def change(self, table: str, change: Callable[[list[Rows]], Any]) -> None:
        name = form.rows_name(table)
        rows = [json.loads(line) for line in self.files[name].splitlines()]
        change(rows)
        self.files[name] = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
        self.agree(table)

    def agree(self, table: str) -> None:
        data = self.files[form.rows_name(table)]
        told = {"rows": data.count(b"\n"), "sha256": hashlib.sha256(data).hexdigest()}
        self.manifest["tables"][table] = told

    def add(self, name: str, data: bytes = b"", mode: int = 0) -> None:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        self.more.append((info, data))

    def write(self, path: Path) -> Path:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for name, data in [*self.files.items(), (form.MANIFEST, json.dumps(self.manifest).encode())]:
                file.writestr(name, data)
            for info, data in self.more:
                file.writestr(info, data)
        return path


def _first(change: Rows) -> Callable[[list[Rows]], None]:
    return lambda rows: rows[0].update(change)


def _edit(table: str, **change: Any) -> Callable[[Forgery], None]:
    return lambda forgery: forgery.change(table, _first(change))


def _swap_picture(forgery: Forgery, make: Callable[[bytes], bytes], *, rename: bool = True) -> None:
    old = next(n for n in forgery.files if n.startswith("media/"))
    data = make(forgery.files.pop(old))
    sha = hashlib.sha256(data).hexdigest() if rename else Path(old).stem
    forgery.files[f"media/{sha}.webp"] = data
    for row in forgery.manifest["media"]:
        if row["sha256"] == Path(old).stem:
            row["sha256"] = sha


def _content(forgery: Forgery, kind: str, content: Any) -> None:
    from workbench.artifacts.versions import hash_of

    def change(rows: list[Rows]) -> None:
        row = next(r for r in rows if r["kind"] == kind)
        row["content"] = content
        row["content_hash"] = hash_of(content)

    forgery.change("artifact", change)


def _raw(table: str, line: bytes) -> Callable[[Forgery], None]:
    def change(forgery: Forgery) -> None:
        forgery.files[form.rows_name(table)] += line + b"\n"
        forgery.agree(table)

    return change


def _append(table: str, **change: Any) -> Callable[[Forgery], None]:
    return lambda forgery: forgery.change(table, lambda rows: rows.append(rows[-1] | change))


def _of(rows: list[Rows], kind: str, **values: Any) -> Rows:
    return next(r for r in rows if r["kind"] == kind and values.items() <= r.items())


def _node(kind: str, **change: Any) -> Callable[[Forgery], None]:
    return lambda forgery: forgery.change("node", lambda rows: _of(rows, kind).update(change))


def _input(**change: Any) -> Callable[[Forgery], None]:
    def first(rows: list[Rows]) -> None:
        next(r for r in rows if r["inputs"])["inputs"][0].update(change)

    return lambda forgery: forgery.change("artifact", first)


def _says(sentence: str, column: str = "title_i18n", **values: Any) -> Callable[[Forgery], None]:
    return _edit("job", **{column: {"msgid": sentence, "params": values}})


def _doubled(times: int) -> Any:
    """A few letters that a sentence in a sentence says twice, so many times over."""
    said: Any = "ha"
    for _ in range(times):
        said = {"msgid": "{x}{x}", "params": {"x": said}}
    return said


def _twice(table: str) -> Callable[[Forgery], None]:
    """The last row of a table once more; of one without rows, a row that would be taken alone."""

    def change(forgery: Forgery) -> None:
        if form.rows_name(table) not in forgery.files or not forgery.files[form.rows_name(table)]:
            forgery.files[form.rows_name(table)] = json.dumps(_made_up(forgery, table)).encode() + b"\n"
        forgery.change(table, lambda rows: rows.append(rows[-1]))

    return change


def _made_up(forgery: Forgery, table: str) -> Rows:
    def first(other: str) -> Rows:
        return dict(json.loads(forgery.files[form.rows_name(other)].splitlines()[0]))

    job = first("job")["id"]
    return {
        "job_child": {"parent_id": job, "position": 0, "child_id": job, "item": "one"},
        "forecast": {"job_id": job, "workflow": "", "jobs": 1, "ms": 1, "cost": {}, "unpriced": 0},
        "layout": {"artifact_id": first("artifact")["id"], "nodes": []},
    }[table]


def _all(table: str, **change: Any) -> Callable[[Forgery], None]:
    return lambda forgery: forgery.change(table, lambda rows: [row.update(change) for row in rows])


def _job(kind: str, **change: Any) -> Callable[[Forgery], None]:
    """A job that is said to be of this kind."""
    return _edit("job", kind=kind, **change)


def _forecast(**change: Any) -> Callable[[Forgery], None]:
    def add(forgery: Forgery) -> None:
        forgery.files[form.rows_name("forecast")] = json.dumps(_made_up(forgery, "forecast") | change).encode() + b"\n"
        forgery.agree("forecast")

    return add


def _circle(*columns: str) -> Callable[[Forgery], None]:
    """Each job comes from the next one, and the last from the first."""

    def turn(rows: list[Rows]) -> None:
        for row, other in zip(rows, [*rows[1:], rows[0]], strict=True):
            row.update(dict.fromkeys(columns, other["id"]))

    return lambda forgery: forgery.change("job", turn)


def _family_circle(forgery: Forgery) -> None:
    """A parent that its own child has adopted."""
    forgery.change("job", lambda rows: rows[1].update(parent_id=rows[0]["id"]))
    first, second = (json.loads(line)["id"] for line in forgery.files[form.rows_name("job")].splitlines()[:2])
    child = {"parent_id": second, "position": 0, "child_id": first, "item": "one"}
    forgery.files[form.rows_name("job_child")] = json.dumps(child).encode() + b"\n"
    forgery.agree("job_child")


def _trial(**change: Any) -> Callable[[Forgery], None]:
    params = {"name": "planning/plan_episodes", "language": "en", "system": "", "user": "", "calls": [1]}
    return _job("try_prompt", params=params | change.pop("params", {}), **change)


def _failed(**part: Any) -> Callable[[Forgery], None]:
    return _edit("job", result={"succeeded": [], "failed": [part], "skipped": []}, state="partial")


TABLES = [part.name for part in PARTS]
FORGERIES: dict[str, tuple[Callable[[Forgery], Any], str]] = {
    "a newer form": (lambda f: f.manifest.update(version=2), "newer Reelwright"),
    "a newer schema": (lambda f: f.manifest.update(schema="9999"), "newer Reelwright"),
    "another format": (lambda f: f.manifest.update(format="zip of holidays"), "no archive of a project"),
    "no version": (lambda f: f.manifest.pop("version"), "which version"),
    "a version that is a word": (lambda f: f.manifest.update(version="1"), "which version"),
    "tables that are a list": (lambda f: f.manifest.update(tables=[]), "not as it should be"),
    "a path upwards": (lambda f: f.add("../../evil.txt", b"x"), "leads out"),
    "a path upwards inside": (lambda f: f.add("media/../../evil.webp", b"x"), "leads out"),
    "an absolute path": (lambda f: f.add("/etc/cron.d/evil", b"x"), "leads out"),
    "a drive": (lambda f: f.add("C:/evil", b"x"), "leads out"),
    "backslashes": (lambda f: f.add("media\\..\\evil", b"x"), "leads out"),
    "a link": (lambda f: f.add("rows/link.jsonl", b"/etc/passwd", stat.S_IFLNK | 0o777), "is no file"),
    "a folder": (lambda f: f.add("media/"), "is no file"),
    "a stray file": (lambda f: f.add("setup.py", b"x"), "does not belong"),
    "a stray picture": (lambda f: f.add(f"media/{'a' * 64}.webp", b"x"), "does not belong"),
    "a file twice": (lambda f: f.add(form.rows_name("node"), b"{}\n"), "twice"),
    "a table less": (lambda f: f.files.pop("rows/job.jsonl"), "missing"),
    "a table of ours that never travels": (
        lambda f: (f.files.update({"rows/profile.jsonl": b""}), f.agree("profile")), "do not fit"),
    "no versions at all": (
        lambda f: (f.files.pop("rows/artifact.jsonl"), f.manifest["tables"].pop("artifact")), "do not fit"),
    "a picture less": (lambda f: f.files.pop(next(n for n in f.files if n.startswith("media/"))), "missing"),
    "other bytes under a hash": (
        lambda f: _swap_picture(f, lambda d: d + b"\0", rename=False), "not what was exported"),
    "a page as a picture": (lambda f: _swap_picture(f, lambda d: b"<script>alert(1)</script>"), "refused"),
    "a picture with a tail": (lambda f: _swap_picture(f, lambda d: d + b"PK\3\4 and more"), "something else"),
    "a cut picture": (lambda f: _swap_picture(f, lambda d: d[: len(d) // 2]), "cut off"),
    "rows that were changed": (
        lambda f: f.files.update({"rows/job.jsonl": f.files["rows/job.jsonl"] + b"{}\n"}), "refused"),
    "no JSON": (_raw("node", b"{"), "cannot be read"),
    "a number that is none": (_raw("node", b'{"id": NaN}'), "cannot be read"),
    "an endless number": (_raw("node", b'{"id": 1e999}'), "cannot be read"),
    "deep brackets": (_raw("node", b"[" * 100_000), "cannot be read"),
    "a list for a row": (_raw("node", b"[]"), "cannot be read"),
    "no Unicode": (_raw("node", b'{"title": "\xff"}'), "cannot be read"),
    "half a sign": (_raw("node", b'{"title": "\\ud800"}'), "cannot be read"),
    "a NUL": (_raw("node", b'{"title": "\\u0000"}'), "cannot be read"),
    "a column of nobody": (_edit("node", evil=1), "does not belong"),
    "a profile of this home": (_edit("node", profile_id=1), "does not belong"),
    "a worker's lease": (_edit("job", lease_until=1), "does not belong"),
    "a word for an id": (_edit("node", id="1; DROP TABLE node"), "not as it should be"),
    "yes for a number": (_edit("node", position=True), "not as it should be"),
    "a number too large": (_edit("node", created_at=1 << 70), "not as it should be"),
    "a kind of node that is none": (_edit("node", kind="universe"), "do not fit"),
    "two projects": (_append("node", id=99_999, kind="project", parent_id=None), "more than one"),
    "nodes in a circle": (
        lambda f: f.change("node", lambda rows: rows[1].update(parent_id=rows[1]["id"])), "do not fit"),
    "a node below nothing": (lambda f: f.change("node", lambda rows: rows[1].update(parent_id=77_777)), "do not fit"),
    "an episode of no project": (_node("episode", project_id=9999), "do not fit"),
    "an episode that says no project": (_node("episode", project_id=None), "do not fit"),
    "a scene whose project is an episode": (
        lambda f: f.change("node", lambda rows: _of(rows, "scene").update(project_id=_of(rows, "episode")["id"])),
        "do not fit"),
    "a project of another project": (_node("project", project_id=9999), "do not fit"),
    "two episodes at one place": (_node("episode", position=2), "stands where another stands"),
    "an episode before the first": (_node("episode", position=-5), "at position -5"),
    "a scene at no place": (_node("scene", position=0), "at position 0"),
    "an episode beyond the last": (_node("episode", position=1 << 30), "at position"),
    "an empty title": (_node("episode", title="  "), "has no title"),
    "a project without a title": (_node("project", title=""), "has no title"),
    "a job of another project": (
        lambda f: f.change("job", lambda rows: rows[0].update(project_id=rows[0]["project_id"] + 1)), "do not fit"),
    "a call of no project": (_edit("model_call", project_id=None), "do not fit"),
    "a job at work": (_edit("job", state="queued"), "do not fit"),
    "a job of another node": (_edit("job", node_id=77_777), "do not fit"),
    "a step of another job": (_edit("step", job_id=77_777), "do not fit"),
    "a call under way": (_edit("model_call", outcome="sent"), "do not fit"),
    "a sentence that is none": (_edit("job", title_i18n={"evil": "{0.__class__}"}), "do not fit"),
    "a sentence of any width": (_says("{x:30000000}", x="y"), "by their names"),
    "a sentence of any width on the time line": (
        _edit("job_event", i18n={"msgid": "{x:>30000000}", "params": {"x": "y"}}), "by their names"),
    "a sentence in a sentence of any width": (
        _says("{x}", "message_i18n", x={"msgid": "{y:30000000}", "params": {"y": 1}}), "by their names"),
    "a sentence that asks for an attribute": (_says("{x.__class__.__mro__}", x="y"), "by their names"),
    "a sentence that asks for a piece": (_says("{x[0]}", "error_i18n", x="y"), "by their names"),
    "a sentence that converts": (_says("{x!r}", x="y"), "by their names"),
    "a sentence without a value": (_says("{x} {y}", x="y"), "do not fit"),
    "a sentence that is a number": (_edit("job", title_i18n={"msgid": 7}), "do not fit"),
    "a sentence that says a value over and over": (_says("{x}" * 1000, x="y" * 1000), "far too long"),
    "sentences that double each other": (_edit("job", message_i18n=_doubled(60)), "far too long"),
    "a title without end": (_edit("job", title="x" * 1001), "far too long"),
    "a node's title without end": (_edit("node", title="x" * 1001), "far too long"),
    "a message without end": (_edit("job_event", message="x" * 1_000_001), "far too long"),
    "warnings that are a word": (_edit("artifact", warnings="evil"), "do not fit"),
    "a warning of any width": (
        _edit("artifact", warnings=[{"msgid": "{x:30000000}", "params": {"x": 1}}]), "by their names"),
    "a warning that is none": (_edit("artifact", warnings=[{"evil": 1}]), "do not fit"),
    "a version of a kind that nobody knows": (_edit("artifact", kind="spell"), "nobody here knows"),
    "a version twice": (
        lambda f: f.change("artifact", lambda rows: rows.append(rows[0] | {"id": 99_999})), "do not fit"),
    "content that was changed": (_edit("artifact", content={"title": "Another"}), "not what was exported"),
    "content that is not valid": (lambda f: _content(f, "episode_plan", {"episodes": 7}), "not valid"),
    "an input from nowhere": (
        lambda f: f.change("artifact", lambda rows: next(r for r in rows if r["inputs"])["inputs"][0].update(
            artifact_id=77_777)), "not there"),
    "a version of a far number": (
        lambda f: f.change("artifact", lambda rows: _of(rows, "brief", version=2).update(version=10**9)),
        "versions are missing"),
    "an input of another version": (_input(version=7), "not there"),
    "an input of version 10⁹": (_input(version=10**9), "not there"),
    "an input of version nought": (_input(version=0), "not there"),
    "an input whose hash is a word": (_input(content_hash="evil"), "do not fit"),
    "an input whose hash has a line more": (_input(content_hash="a" * 64 + "\n"), "do not fit"),
    "an input whose fields have no hash": (_input(fields=["title"], fields_hash="evil"), "do not fit"),
    "an input by a view that is none": (_input(fields=["spell@2.3"]), "not there"),
    "an input by a view at no place": (_input(fields=["look@evil"]), "not there"),
    "an input that is a word": (_edit("artifact", inputs=["evil"]), "do not fit"),
    "two heads": (lambda f: f.change("artifact_head", lambda rows: rows.append(rows[0])), "do not fit"),
    "no head": (lambda f: f.change("artifact_head", lambda rows: rows.pop()), "which version"),
    "a call twice under two numbers": (_append("model_call", id=99_999), "do not fit"),
    "money that is owed": (_edit("model_call", cost_micros=-5_000_000), "cost_micros of a row of model_call cannot be"),
    "more money than there is": (_edit("model_call", cost_micros=1 << 62), "cannot be"),
    "more money in all than there is": (_all("model_call", cost_micros=10**15 // 2), "more than can be counted"),
    "a job that cost less than nothing": (_edit("job", cost_micros=-1), "cannot be"),
    "tokens that were given back": (_edit("model_call", input_tokens=-5), "cannot be"),
    "more tokens in all than there are": (_all("job", input_tokens=10**15 // 2), "more than can be counted"),
    "a forecast of a debt": (_forecast(cost={"CNY": -1}), "not as it should be"),
    "a forecast of all money": (_forecast(cost={"CNY": 1 << 62}), "cannot be"),
    "a forecast in shells": (_forecast(cost={"shells": 1}), "not as it should be"),
    "a forecast of time that runs back": (_forecast(ms=-1), "cannot be"),
    "a time before all": (_edit("job", created_at=-(1 << 40)), "cannot be"),
    "a time that no calendar has": (_edit("job", finished_at=1 << 60), "cannot be"),
    "a version from after the end": (_edit("artifact", created_at=1 << 60), "cannot be"),
    "a line of the time line before all": (_edit("job_event", at=-1), "cannot be"),
    "a job more than done": (_edit("job", progress=101), "cannot be"),
    "a job more urgent than all": (_edit("job", priority=1 << 30), "cannot be"),
    "a call in shells": (_edit("model_call", currency="shells"), "not"),
    "a call in a currency that turns the page round": (_edit("model_call", currency="\u202e" * 3), "do not fit"),
    "money of no currency": (_edit("model_call", cost_micros=5, currency=None), "do not fit"),
    "a call that came to nothing known": (_edit("model_call", outcome="evil"), "do not fit"),
    "a call for a smell": (_edit("model_call", capability="smell"), "do not fit"),
    "a job that ended at no time": (_edit("job", finished_at=None), "do not fit"),
    "params that are a number": (_edit("job", params=5), "params of a row of job"),
    "params that are a list": (_edit("job", params=[1]), "params of a row of job"),
    "params of nobody's kind that are a list": (_job("no_such_kind", params=[1]), "params of a row of job"),
    "params that the kind does not take": (_job("plan_episodes", params={"target_episode_count": "x"}), "not valid"),
    "a trial of nothing": (_job("try_prompt", params={}, result=None), "not valid"),
    "a plan of nothing": (_job("run_plan", params={}, result=None), "not valid"),
    "a talk about nothing": (_job("llm_chat", params={"messages": []}, result=None), "not valid"),
    "a result that is a word": (_edit("job", result="x"), "result of a row of job"),
    "a result whose failures are a word": (_edit("job", result={"failed": "x"}, state="partial"), "result of a row"),
    "a failed part of no name": (_failed(error="x"), "result of a row of job"),
    "a failed part of another project": (_failed(node_id=77_777), "do not fit"),
    "a failed part with a sentence of any width": (
        _failed(item="KF0", error_i18n={"msgid": "{x:30000000}", "params": {"x": 1}}), "result of a row of job"),
    "an answer that is no text": (
        _job("llm_chat", params={"messages": [{"role": "user", "content": "hi"}]}, result={"content": 5}), "result"),
    "a trial without sides": (_trial(result={"pairs": [], "failed": []}), "result of a row of job"),
    "a report without a verdict": (
        _edit("job", result={"json": 1, "schema": 2, "recovered": 3}), "result of a row of job"),
    "a file without a name": (
        _job("make_handoff", params={}, result={"file": {"form": "pdf", "sha256": "a" * 64}}), "result of a row"),
    "a template that is a number": (_edit("model_call", template=5), "template of a row of model_call"),
    "a template without values": (_edit("model_call", template={}), "template of a row of model_call"),
    "a template whose values are a list": (_edit("model_call", template={"variables": []}), "template of a row"),
    "a price that is a number": (_edit("model_call", price=5), "price of a row of model_call"),
    "a prompt of numbers": (_edit("model_call", prompt=[5]), "prompt of a row of model_call"),
    "drawn pictures that are a number": (_edit("step", output={"images": 7}), "output of a row of step"),
    "a rejection of no step": (_edit("job_event", i18n={"msgid": REJECTED}), "i18n of a row of job_event"),
    "jobs that repeat each other": (_circle("replay_of"), "do not fit"),
    "jobs that take over from each other": (_circle("reused_from"), "do not fit"),
    "jobs that are each other's parents": (_circle("parent_id"), "do not fit"),
    "a parent that is its child's child": (_family_circle, "do not fit"),
    "a prompt's version before the first": (_edit("prompt_override", version=-3), "cannot be -3"),
    "a prompt's version nought": (_edit("prompt_override", version=0), "versions are missing"),
    "a prompt's version of a far number": (_edit("prompt_override", version=10**9), "versions are missing"),
    "a prompt's version of words and no hash": (_edit("prompt_override", fingerprint=None), "do not fit"),
    "a prompt's version of a hash and no words": (
        _edit("prompt_override", system_text=None, user_text=None), "do not fit"),
    "a prompt in words that do not fit": (_edit("prompt_override", user_text="{{ evil }}"), "does not fit"),
    "a prompt in words of another hash": (_edit("prompt_override", fingerprint="0" * 12), "do not fit"),
    "a prompt of another project": (_edit("prompt_override", project_id=77_777), "do not fit"),
    "a prompt's version twice": (_append("prompt_override", id=99_999), "do not fit"),
    # the story has no parents of jobs, no forecasts, no layouts: each row of theirs is made of what is there
    **{f"a row of {table} twice": (_twice(table), "do not fit") for table in TABLES},
}  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Home:
    folder = tmp_path_factory.mktemp("hostile")
    shutil.copyfile(sqlite_template, folder / "reelwright.db")
    return Home(Settings.load(home=folder))


def state_of(home: Home) -> Any:
    """How many rows each table has, and every file of the home."""
    with home.wb.database.read() as conn:
        rows = {name: conn.execute(select(func.count()).select_from(t)).scalar() for name, t in metadata.tables.items()}
    media = home.settings.home / "media"
    return rows, sorted(p.name for p in media.rglob("*") if p.is_file())


def refused(home: Home, path: Path) -> str:
    before = state_of(home)
    with pytest.raises(InvalidInput) as refusal:
        home.wb.projects.import_archive(path)
    assert state_of(home) == before
    assert refusal.value.issues[0].path == "file"
    return str(refusal.value)


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_archive_is_refused(home: Home, archive: Path, tmp_path: Path, name: str) -> None:
    forge, reason = FORGERIES[name]
    forgery = Forgery(archive)
    forge(forgery)

    assert reason in refused(home, forgery.write(tmp_path / "forged.zip"))


NUMBERS = [(part, c) for part in PARTS for c in part.columns if isinstance(c.type, Integer | BigInteger)]


@pytest.mark.parametrize(("part", "column"), NUMBERS, ids=[str(column) for _, column in NUMBERS])
def test_no_column_takes_a_number_that_nobody_has(part: Part, column: Column[Any]) -> None:
    row = dict.fromkeys((c.name for c in part.columns), None)
    for value in (-(1 << 62), -2_000_000, 1 << 62):
        if value == 1 << 62 and isinstance(column.type, Id):
            continue  # ids are given anew
        with pytest.raises(InvalidInput, match="cannot be"):
            Amounts().check(part, {**row, column.name: value})
    Amounts().check(part, {**row, column.name: 1})


def test_sums_over_an_archive_stay_far_below_what_a_database_can_add_up() -> None:
    [calls] = [part for part in PARTS if part.name == "model_call"]
    row = dict.fromkeys((c.name for c in calls.columns), None)
    amounts = Amounts()
    for _ in range(9):
        amounts.check(calls, {**row, "cost_micros": 10**14 + 1})
    with pytest.raises(InvalidInput, match="more than can be counted"):
        amounts.check(calls, {**row, "cost_micros": 10**14 + 1})


def test_what_an_older_release_did_not_ask_is_filled_in(
    make_home: Callable[[], Home], archive: Path, tmp_path: Path
) -> None:
    """Pages read params by their keys; one that is no longer asked for is kept."""
    forgery = Forgery(archive)
    forgery.change("job", lambda rows: [r.update(params={"of_then": 1}) for r in rows if r["kind"] == "plan_episodes"])
    home = make_home()
    came = home.wb.projects.import_archive(forgery.write(tmp_path / "older.zip")).project_id
    [plan] = home.wb.jobs.list(project=came, kind="plan_episodes")
    assert plan.params == {"of_then": 1, "target_episode_count": None, "review": True}


def test_a_call_that_was_asked_with_other_values_is_taken_and_not_filled_in(
    make_home: Callable[[], Home], archive: Path, tmp_path: Path
) -> None:
    """As one of another release is."""
    forgery = Forgery(archive)
    forgery.change("model_call", lambda rows: [r.update(template={"variables": {"x": 5}}) for r in rows])
    home = make_home()
    came = home.wb.projects.import_archive(forgery.write(tmp_path / "other.zip")).project_id
    words = home.wb.prompts.get("planning/plan_episodes", "en").counting
    [call] = home.wb.trials.list_calls("planning/plan_episodes", "en", project_id=came)
    with pytest.raises(InvalidInput, match="cannot be filled in"):
        home.wb.trials.fill("planning/plan_episodes", "en", words["system"], words["user"], call.id)


def test_a_damaged_archive_is_refused_wherever_it_is_damaged(home: Home, archive: Path, tmp_path: Path) -> None:
    whole = archive.read_bytes()
    path = tmp_path / "damaged.zip"
    for data in (b"", b"PK", b"not a zip", whole[: len(whole) // 2], whole[:-30], whole[len(whole) // 3 :]):
        path.write_bytes(data)
        refused(home, path)
    for at in range(40, len(whole) - 400, len(whole) // 24):
        changed = bytearray(whole)
        changed[at] ^= 0x55
        path.write_bytes(changed)
        refused(home, path)
    refused(home, tmp_path / "nothing there.zip")
    refused(home, tmp_path)


def test_an_oversized_archive_is_refused_before_it_is_unpacked(
    home: Home, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = Forgery(archive)
    bomb.files["rows/job.jsonl"] = b'{"id": "' + b"0" * (form.LONGEST_ROW + 10) + b'"}\n'
    bomb.agree("job")
    assert "far too long" in refused(home, bomb.write(tmp_path / "line.zip"))

    for limit, value in (("MOST_BYTES", 1000), ("MOST_ROW_BYTES", 1000), ("MOST_FILES", 3)):
        with monkeypatch.context() as patched:
            patched.setattr(form, limit, value)
            assert "more than" in refused(home, archive)

    # a directory that says the entry is small: no more than that is unpacked
    lying = bytearray(archive.read_bytes())
    at = lying.rfind(b"PK\x01\x02", 0, lying.rfind(b"rows/model_call.jsonl"))
    lying[at + 24 : at + 28] = (50).to_bytes(4, "little")
    (tmp_path / "lying.zip").write_bytes(lying)
    refused(home, tmp_path / "lying.zip")


def test_what_the_database_refuses_leaves_no_picture_and_takes_none_that_was_there(
    make_home: Callable[[], Home], archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = make_home()

    def refuse(self: Any) -> int:
        raise IntegrityError("INSERT", {}, Exception("UNIQUE constraint failed"))

    with zipfile.ZipFile(archive) as file:
        name = next(n for n in file.namelist() if n.startswith("media/"))
        there = file.read(name)
    storage = MediaStore.open(home.settings, home.wb.database).storage
    kept = name_of(Path(name).stem, Path(name).suffix)
    storage.write(kept, there)
    monkeypatch.setattr(importing.Loader, "load", refuse)
    assert "IntegrityError" in refused(home, archive)
    assert storage.has(kept)
    monkeypatch.undo()
    assert home.wb.projects.import_archive(archive).media > 1


def test_a_locked_archive_is_refused(home: Home, archive: Path, tmp_path: Path) -> None:
    data = bytearray(archive.read_bytes())
    at = data.find(b"PK\x01\x02")
    data[at + 8] |= 1
    (tmp_path / "locked.zip").write_bytes(data)
    assert "password" in refused(home, tmp_path / "locked.zip")


def test_the_untouched_archive_is_taken(home: Home, archive: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(archive.read_bytes())) as file:
        assert file.testzip() is None
    assert home.wb.projects.import_archive(archive).versions > 10
