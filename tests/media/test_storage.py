"""Where media are kept: a folder, memory, S3 – the same to those who ask; and what the sweep lets go of."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partialmethod
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, text, update

from tests.engine.conftest import Engine
from tests.media.clips import tiny_mp4
from tests.media.s3_server import S3Server
from tests.media.test_store import drawing, encoded
from tests.workflows.frames import scene_of
from workbench.artifacts import kinds
from workbench.artifacts.saving import add_version
from workbench.db.connection import Database, db_now_ms
from workbench.db.migrate import migrate
from workbench.db.reads import media as reads
from workbench.db.schema import job, media, step
from workbench.db.writes import ledger
from workbench.db.writes import media as media_writes
from workbench.errors import InvalidInput, NotFound, Unavailable
from workbench.media import MediaStore, garbage, storage
from workbench.media.garbage import sweep
from workbench.media.storage import Folder, Remote, open_storage
from workbench.settings import Settings

SHOT = encoded(drawing())
_SHA = hashlib.sha256(b"whole").hexdigest()
NAME = f"{_SHA[:2]}/{_SHA[2:4]}/{_SHA}.webp"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "canary-id",
        "AWS_SECRET_ACCESS_KEY": "canary-secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    with S3Server() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.endpoint)
        yield server


@pytest.fixture(params=["folder", "file", "memory", "s3"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str | None:
    """The address of each kind of storage."""
    if request.param == "s3":
        request.getfixturevalue("s3")
        return f"s3://bucket-{uuid.uuid4().hex[:8]}/media"
    return {"folder": None, "file": f"file://{tmp_path}/elsewhere", "memory": f"memory://rw-{uuid.uuid4().hex}"}[
        request.param
    ]


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    migrate(made)
    yield made
    made.close()


def store_at(url: str | None, home: Path, database: Database) -> MediaStore:
    return MediaStore.open(Settings.load(home=home, media_url=url), database)


def test_what_is_kept_is_found_by_another_machine(url: str | None, tmp_path: Path, database: Database) -> None:
    here = store_at(url, tmp_path / "home", database)
    picture, clip = here.add_image(SHOT), here.add_video(tiny_mp4())
    # another machine shares the storage alone; a folder at home is shared as a folder
    there = store_at(url, tmp_path / ("home" if url is None else "other"), database)
    assert there.read(picture.sha256) == here.read(picture.sha256)
    assert there.path(clip.sha256).suffix == ".mp4"
    assert there.thumbnail(picture.sha256).exists()
    with pytest.raises(NotFound):
        there.path("0" * 64)


def test_no_secret_goes_to_the_service_but_signatures(s3: S3Server, tmp_path: Path, database: Database) -> None:
    store = store_at("s3://bucket/media", tmp_path, database)
    kept = store.add_image(SHOT)
    assert f"bucket/media/{kept.sha256[:2]}/{kept.sha256[2:4]}/{kept.sha256}.webp" in s3.objects
    assert b"canary-secret" not in b"".join(body for body, _ in s3.objects.values())


def test_more_than_a_page_of_s3_is_listed(s3: S3Server, tmp_path: Path) -> None:
    for n in range(2_345):
        s3.objects[f"bucket/media/ab/cd/{n:064x}.webp"] = (b"x", 1_700_000_000.0)
    found = dict(Remote("s3://bucket/media", Folder(tmp_path)).names())
    assert len(found) == 2_345
    assert set(found.values()) == {1_700_000_000.0}


def test_a_clip_too_large_for_one_request_goes_to_s3_in_parts(
    s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From 100 MB on; here the parts, and with them the clip, are a tenth of that."""
    remote = Remote("s3://bucket/media", Folder(tmp_path / "cache"))
    whole = type(remote._fs)._pipe_file
    monkeypatch.setattr(type(remote._fs), "_pipe_file", partialmethod(whole, chunksize=5 * 2**20))
    data = bytes(range(256)) * (12 * 4096)
    name = f"{hashlib.sha256(data).hexdigest()}.mp4"
    remote.write(f"ab/cd/{name}", data)
    assert [m for m, _ in s3.requests if m == "POST"] == ["POST", "POST"]
    assert s3.parts == {}
    assert Remote("s3://bucket/media", Folder(tmp_path / "other")).read(f"ab/cd/{name}") == data


def test_copies_here_are_trimmed_and_fetched_again(tmp_path: Path) -> None:
    remote = Remote(f"memory://rw-{uuid.uuid4().hex}", Folder(tmp_path / "cache"), max_cached=25)
    names = [f"aa/bb/{n}" for n in range(4)]
    for name in names:
        remote.write(name, name.encode() + b"....")
    assert sum(p.stat().st_size for p in (tmp_path / "cache").glob("??/??/*")) <= 25
    assert [remote.local(name).read_bytes() for name in names] == [n.encode() + b"...." for n in names]


@pytest.mark.parametrize("wrong", ["s3://id:secret@bucket/x", "s3://bucket/x?key=1"])
def test_a_key_in_the_address_is_refused(wrong: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as refused:
        open_storage(wrong, tmp_path)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "wrong",
    [
        "media", "/srv/media", "file://media/x", "file:///", "s3:///media", "s3://key@bucket/x", "file:///a?b", "file:///a#b",
        "s3://id:secret@bucket/x", "simplecache::s3://id:secret@bucket/x", "s3://bucket/x?secret=1",
    ],
)  # fmt: skip
def test_a_setting_that_is_no_place_is_refused_by_name(wrong: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="REELWRIGHT_MEDIA_URL") as refused:
        Settings.load(home=tmp_path, media_url=wrong)
    assert "secret" not in str(refused.value)
    assert "key@" not in str(refused.value)


def test_a_setting_is_read_as_an_address(tmp_path: Path) -> None:
    spaced = open_storage(Settings.load(media_url=f"FILE://{tmp_path}/my%20media@home").media_url, tmp_path)
    assert isinstance(spaced, Folder)
    assert spaced.folder == tmp_path / "my media@home"
    assert Settings.load(media_url="S3://Bucket/Prefix").media_url == "s3://Bucket/Prefix"


def test_a_missing_driver_is_one_line_with_the_extra_to_install(tmp_path: Path) -> None:
    code = "import sys; sys.modules['s3fs'] = None; from workbench.cli import main; main(['media', 'gc'])"
    env = {"PATH": os.environ["PATH"], "REELWRIGHT_HOME": str(tmp_path), "REELWRIGHT_MEDIA_URL": "s3://bucket/media"}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=240)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.strip().endswith("Nothing here can reach s3:// media. pip install 'reelwright[s3]'")
    assert len(done.stderr.strip().splitlines()) == 1


def test_an_unknown_scheme_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="nowhere"):
        open_storage("nowhere://x/y", tmp_path)


def test_a_store_that_is_away_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database: Database) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "y",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_MAX_ATTEMPTS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    store = store_at("s3://away/media", tmp_path, database)
    with pytest.raises(Unavailable, match="cannot be reached"):
        store.keep_image(SHOT)


def test_a_service_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """s3fs alone waits for ever for the “100 Continue” of its PUT."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "y",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{silent.getsockname()[1]}",
        }.items():
            monkeypatch.setenv(name, value)
        remote = Remote("s3://bucket/media", Folder(tmp_path), look_s=0.3, move_s=0.3)
        started = time.monotonic()
        for call in (lambda: remote.write(NAME, b"x"), lambda: remote.has(NAME), lambda: remote.local(NAME)):
            with pytest.raises(Unavailable, match="TimeoutError"):
                call()
        assert time.monotonic() - started < 100


def test_a_half_written_file_is_never_taken_for_a_whole_one(tmp_path: Path) -> None:
    remote = Remote(f"memory://rw-{uuid.uuid4().hex}", Folder(tmp_path / "cache"))
    remote.write(NAME, b"whole")
    (tmp_path / "cache" / NAME).unlink()
    remote._fs.pipe_file(f"{remote._root}/{NAME}", b"who")
    with pytest.raises(Unavailable, match="damaged"):
        remote.local(NAME)
    assert not (tmp_path / "cache" / NAME).exists()
    remote.write(NAME, b"whole")
    assert remote.read(NAME) == b"whole"


def test_a_place_with_real_folders_gets_them(tmp_path: Path) -> None:
    remote = Remote(f"local://{tmp_path}/far", Folder(tmp_path / "cache"))
    remote.write(NAME, b"whole")
    assert (tmp_path / "far" / NAME).read_bytes() == b"whole"
    [(name, at)] = remote.names()
    assert (name, remote.remove(name, at)) == (NAME, False)
    assert remote.remove(name, at + 1)
    assert not remote.has(NAME)


def test_a_place_that_tells_no_time_keeps_what_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remote = Remote(f"memory://rw-{uuid.uuid4().hex}", Folder(tmp_path / "cache"))
    remote.write(NAME, b"whole")

    def silent(*_: object) -> None:
        raise NotImplementedError  # what fsspec's AbstractFileSystem.modified does for a place without times

    monkeypatch.setattr(storage, "_TIMES", ())
    monkeypatch.setattr(remote._fs, "modified", silent, raising=False)
    [(_, at)] = remote.names()
    assert time.time() - at < 10
    assert remote.remove(NAME, time.time() - 60) is False


def test_a_full_disk_here_loses_nothing_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remote = Remote(f"memory://rw-{uuid.uuid4().hex}", Folder(tmp_path / "cache"))

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Folder, "put", full)
    remote.write(NAME, b"whole")
    assert remote.read(NAME) == b"whole"


def test_the_copy_used_last_goes_last_and_the_newest_never(tmp_path: Path) -> None:
    remote = Remote(f"memory://rw-{uuid.uuid4().hex}", Folder(tmp_path / "cache"), max_cached=25)
    for n, name in enumerate(("aa/bb/0", "aa/bb/1")):
        remote.write(name, bytes(10))
        os.utime(tmp_path / "cache" / name, (n, n))
    remote.local("aa/bb/0")
    remote.write("aa/bb/2", bytes(10))
    assert sorted(p.name for p in (tmp_path / "cache" / "aa" / "bb").iterdir()) == ["0", "2"]
    remote.write("aa/bb/3", bytes(40))
    assert remote.local("aa/bb/3").stat().st_size == 40


def test_copies_are_trimmed_by_several_at_once(tmp_path: Path) -> None:
    url = f"memory://rw-{uuid.uuid4().hex}"
    several = [Remote(url, Folder(tmp_path / "cache"), max_cached=3000) for _ in range(4)]
    names = [f"aa/bb/{n}" for n in range(60)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: several[n % 4].write(names[n % 60], bytes(100)), range(400)))
        read = list(pool.map(lambda n: several[n % 4].read(names[n % 60]), range(400)))
    assert {len(r) for r in read} == {100}


def test_one_who_needs_a_file_and_one_who_sweeps_it_at_once(tmp_path: Path) -> None:
    """Whoever needs it has it afterwards: the sweep saw that, or it was written anew."""
    folder = Folder(tmp_path)
    together = threading.Barrier(2)

    def at_once(call: Callable[..., object], *of: object) -> None:
        together.wait()
        call(*of)

    with ThreadPoolExecutor(2) as pool:
        for _ in range(150):
            folder.write(NAME, b"whole")
            os.utime(tmp_path / NAME, (1, 1))
            swept = pool.submit(at_once, folder.remove, NAME, 1000.0)
            written = pool.submit(at_once, folder.write, NAME, b"whole")
            swept.result(), written.result()
            assert folder.read(NAME) == b"whole"
    assert [p.name for p in (tmp_path / NAME).parent.iterdir()] == [Path(NAME).name]


# -- the sweep ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    made = Engine(settings)
    yield made
    made.close()


def aged(engine: Engine, *hashes: str, days: float = 3) -> None:
    """Make media look as old as that."""
    then = time.time() - days * 86_400
    with engine.wb.database.write() as conn:
        conn.execute(update(media).where(media.c.sha256.in_(hashes)).values(created_at=round(then * 1000)))
    for sha in hashes:
        os.utime(engine.wb.media.path(sha), (then, then))


def picture(engine: Engine, colour: str) -> str:
    return engine.wb.media._store.add_image(encoded(drawing(colour=colour))).sha256


def frames(scene: int, engine: Engine, chosen: str, *others: str) -> None:
    candidates = [{"media": m, "width": 96, "height": 54, "made_of": "0" * 64, "model": "m"} for m in (*others, chosen)]
    content = {"aspect_ratio": "16:9", "frames": [{"key": "KF0", "chosen": chosen, "candidates": candidates}]}
    with engine.wb.database.write() as conn:
        add_version(conn, scene, kinds.find("keyframe_images"), content, source="ai", user="local")


def test_a_picture_of_any_version_stays_for_ever(engine: Engine) -> None:
    old, new, orphan = picture(engine, "red"), picture(engine, "green"), picture(engine, "blue")
    scene = scene_of(engine)
    frames(scene, engine, old)
    frames(scene, engine, new)
    aged(engine, old, new, orphan)

    would = engine.wb.media.sweep(dry_run=True)
    assert would.removed == (orphan,)
    assert engine.wb.media.path(orphan).exists()
    swept = engine.wb.media.sweep()

    assert (swept.removed, swept.referred) == ((orphan,), 2)
    assert engine.wb.media.path(old).exists()
    with pytest.raises(NotFound):
        engine.wb.media.path(orphan)
    with engine.wb.database.read() as conn:
        assert conn.execute(text("SELECT count(*) FROM media")).scalar_one() == 2


def test_what_a_finished_step_holds_stays_while_its_job_does(engine: Engine) -> None:
    kept = picture(engine, "red")
    aged(engine, kept)
    job_id = engine.wb.submit("test_image", None, {}).id
    with engine.wb.database.write() as conn:
        conn.execute(
            insert(step).values(
                job_id=job_id, name="frame", position=1, state="done", input_hash="h", created_at=db_now_ms(),
                updated_at=db_now_ms(),
                output={"images": [{"media": kept}]},
            )
        )  # fmt: skip
    assert engine.wb.media.sweep().removed == ()
    with engine.wb.database.write() as conn:
        conn.execute(step.delete())
        conn.execute(job.delete())
    assert engine.wb.media.sweep().removed == (kept,)


def test_what_is_young_stays(engine: Engine) -> None:
    kept = picture(engine, "red")
    assert engine.wb.media.sweep().removed == ()
    assert engine.wb.media.sweep(grace_s=0).removed == (kept,)


def test_a_file_written_again_while_the_sweep_looks_stays(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    sha = picture(engine, "red")
    aged(engine, sha)
    forget = MediaStore.forget

    def meanwhile(self: MediaStore, *of: object) -> bool:
        picture(engine, "red")  # another job draws the very same
        return forget(self, *of)  # type: ignore[arg-type]

    monkeypatch.setattr(MediaStore, "forget", meanwhile)
    assert engine.wb.media.sweep().removed == ()
    assert engine.wb.media.path(sha).exists()
    assert engine.wb.media._store.find(sha)


def test_a_version_saved_while_the_sweep_looks_keeps_its_picture(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha = picture(engine, "red")
    aged(engine, sha)
    scene = scene_of(engine)
    names = Folder.names

    def meanwhile(self: Folder) -> Iterator[tuple[str, float]]:
        found = list(names(self))
        frames(scene, engine, sha)
        return iter(found)

    monkeypatch.setattr(Folder, "names", meanwhile)
    assert engine.wb.media.sweep().removed == ()


def test_a_file_without_a_row_goes_too(engine: Engine) -> None:
    left = engine.wb.media._store.keep_image(SHOT)
    then = time.time() - 3 * 86_400
    os.utime(engine.wb.media.path(left.sha256), (then, then))
    assert sweep(engine.wb.database, engine.wb.media._store).removed == (left.sha256,)


def step_of(engine: Engine, workflow: str, output: object, **more: object) -> int:
    job_id = int(engine.wb.submit(workflow, None, more).id)
    with engine.wb.database.write() as conn:
        conn.execute(
            insert(step).values(
                job_id=job_id, name="frame", position=1, state="done", input_hash="h", created_at=db_now_ms(),
                updated_at=db_now_ms(),
                output=output,
            )
        )  # fmt: skip
    return job_id


def test_a_step_of_any_queue_holds_what_it_names(engine: Engine) -> None:
    """A workflow that draws may well live in the text queue."""
    kept = picture(engine, "red")
    aged(engine, kept)
    step_of(engine, "llm_chat", {"anything": [kept]}, messages=[{"role": "user", "content": "x"}])
    assert engine.wb.media.sweep().removed == ()


def test_what_a_call_was_given_stays_while_its_prompt_does(engine: Engine) -> None:
    kept = picture(engine, "red")
    aged(engine, kept)
    with engine.wb.database.write() as conn:
        prompt = {"prompt": "x", "first_frame": kept}
        call = ledger.NewCall(
            call_id="c", purpose="generate", capability="video", provider="p", model="m", profile_id=None, prompt=prompt
        )
        ledger.open_call(conn, call)
    assert engine.wb.media.sweep().removed == ()


def test_more_versions_than_a_batch_are_all_looked_at(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reads, "BATCH", 2)
    kept = [picture(engine, colour) for colour in ("red", "green", "blue", "white", "black")]
    orphans = [picture(engine, colour) for colour in ("pink", "gold", "navy")]
    aged(engine, *kept, *orphans)
    scene = scene_of(engine)
    for sha in kept[:3]:
        frames(scene, engine, sha)
    for sha in kept[3:]:
        step_of(engine, "llm_chat", {"images": [{"media": sha}]}, messages=[{"role": "user", "content": sha}])
    monkeypatch.setattr(garbage, "BATCH", 2)
    assert engine.wb.media.sweep().removed == tuple(sorted(orphans))


def test_one_added_again_while_the_sweep_looks_keeps_row_and_file(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Added, though nothing refers to it yet: the trial of a profile draws so."""
    sha = picture(engine, "red")
    aged(engine, sha)
    references = reads.references

    def meanwhile(*of: Any) -> Iterator[str]:
        found = list(references(*of))
        if len(of) == 1:
            picture(engine, "red")
        return iter(found)

    monkeypatch.setattr(reads, "references", meanwhile)
    assert engine.wb.media.sweep().removed == ()
    assert engine.wb.media.path(sha).exists()
    assert engine.wb.media.get(sha).kind == "image"


def test_a_sweep_leaves_alone_what_a_job_is_just_committing(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """On PostgreSQL a job's transaction may be under way while the sweep deletes; on SQLite they take turns."""
    sha = picture(engine, "red")
    aged(engine, sha)
    scene = scene_of(engine)
    if engine.wb.database.is_sqlite:
        pytest.skip("writers take turns")
    with engine.wb.database.write() as conn:
        row = engine.wb.media.get(sha)
        media_writes.add(conn, **{k: v for k, v in row.as_json().items() if k != "created_at"})
        # without waiting for the job: a job that waited for the sweep in turn would lose its commit
        assert engine.wb.media.sweep().removed == ()
    frames(scene, engine, sha)
    assert engine.wb.media.get(sha)
    assert engine.wb.media.path(sha).exists()


def test_what_killed_writers_left_goes_and_what_they_write_now_stays(engine: Engine) -> None:
    place = engine.wb.media.path(picture(engine, "red")).parent
    old, new = place / ".new-old", place / ".new-now"
    for left in (old, new):
        left.write_bytes(b"half")
    os.utime(old, (1, 1))
    engine.wb.media.sweep()
    assert (old.exists(), new.exists()) == (False, True)


def test_a_sweep_of_s3(s3: S3Server, database: Database, tmp_path: Path) -> None:
    store = store_at("s3://bucket/media", tmp_path, database)
    old, young = store.add_image(SHOT).sha256, store.add_video(tiny_mp4()).sha256
    with database.write() as conn:
        conn.execute(update(media).where(media.c.sha256 == old).values(created_at=1))
    name = f"bucket/media/{old[:2]}/{old[2:4]}/{old}.webp"
    s3.objects[name] = (s3.objects[name][0], time.time() - 3 * 86_400)
    swept = sweep(database, store)
    assert (swept.media, swept.removed) == (2, (old,))
    assert name not in s3.objects
    with pytest.raises(NotFound):
        store.path(old)
    assert store.path(young).exists()


def test_the_command_says_what_would_go_and_then_lets_it_go(engine: Engine, settings: Settings) -> None:
    sha = picture(engine, "red")
    aged(engine, sha)
    env = {"PATH": os.environ["PATH"], "REELWRIGHT_HOME": str(settings.home), "DATABASE_URL": settings.database_url}

    def gc(*options: str) -> Any:
        command = [sys.executable, "-m", "workbench.cli", "media", "gc", *options]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if "--json" in options else done.stderr

    size = engine.wb.media.get(sha).bytes
    told = {"media": 1, "referred": 0, "removed": [sha], "bytes": size}
    assert gc("--dry-run", "--json") == {**told, "dry_run": True}
    assert "1 of 1 would go" in gc("--dry-run")
    assert gc("--json") == {**told, "dry_run": False}
    assert "0 of 0 are gone" in gc()
