"""Where media are kept: a folder, memory, S3 – the same to those who ask; and what the sweep lets go of."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, text, update

from tests.engine.conftest import Engine
from tests.media.clips import tiny_mp4
from tests.media.s3_server import S3Server
from tests.media.test_store import drawing, encoded
from tests.workflows.frames import scene_of
from workbench.artifacts import kinds
from workbench.artifacts.saving import add_version
from workbench.db.connection import Database, now_ms
from workbench.db.migrate import migrate
from workbench.db.schema import job, media, step
from workbench.errors import InvalidInput, NotFound, Unavailable
from workbench.media import MediaStore
from workbench.media.garbage import sweep
from workbench.media.storage import Folder, Remote, open_storage
from workbench.settings import Settings

SHOT = encoded(drawing())


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


def test_copies_here_are_trimmed_and_fetched_again(tmp_path: Path) -> None:
    remote = Remote(f"memory://rw-{uuid.uuid4().hex}", Folder(tmp_path / "cache"), most_cached=25)
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
        os.utime(engine.wb.media_path(sha), (then, then))


def picture(engine: Engine, colour: str) -> str:
    return engine.wb._media.add_image(encoded(drawing(colour=colour))).sha256


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

    would = engine.wb.sweep_media(dry_run=True)
    assert would.removed == (orphan,)
    assert engine.wb.media_path(orphan).exists()
    swept = engine.wb.sweep_media()

    assert (swept.removed, swept.referred) == ((orphan,), 2)
    assert engine.wb.media_path(old).exists()
    with pytest.raises(NotFound):
        engine.wb.media_path(orphan)
    with engine.wb.database.read() as conn:
        assert conn.execute(text("SELECT count(*) FROM media")).scalar_one() == 2


def test_what_a_finished_step_holds_stays_while_its_job_does(engine: Engine) -> None:
    kept = picture(engine, "red")
    aged(engine, kept)
    job_id = engine.wb.submit("test_image", None, {})["id"]
    with engine.wb.database.write() as conn:
        conn.execute(
            insert(step).values(
                job_id=job_id, name="frame", position=1, state="done", input_hash="h", created_at=now_ms(), updated_at=now_ms(),
                output={"images": [{"media": kept}]},
            )
        )  # fmt: skip
    assert engine.wb.sweep_media().removed == ()
    with engine.wb.database.write() as conn:
        conn.execute(step.delete())
        conn.execute(job.delete())
    assert engine.wb.sweep_media().removed == (kept,)


def test_what_is_young_stays(engine: Engine) -> None:
    kept = picture(engine, "red")
    assert engine.wb.sweep_media().removed == ()
    assert engine.wb.sweep_media(grace_s=0).removed == (kept,)


def test_a_file_written_again_while_the_sweep_looks_stays(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    sha = picture(engine, "red")
    aged(engine, sha)
    forget = MediaStore.forget

    def meanwhile(self: MediaStore, *of: object) -> bool:
        picture(engine, "red")  # another job draws the very same
        return forget(self, *of)  # type: ignore[arg-type]

    monkeypatch.setattr(MediaStore, "forget", meanwhile)
    assert engine.wb.sweep_media().removed == ()
    assert engine.wb.media_path(sha).exists()
    assert engine.wb._media.find(sha)


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
    assert engine.wb.sweep_media().removed == ()


def test_a_file_without_a_row_goes_too(engine: Engine) -> None:
    left = engine.wb._media.keep_image(SHOT)
    then = time.time() - 3 * 86_400
    os.utime(engine.wb.media_path(left.sha256), (then, then))
    assert sweep(engine.wb.database, engine.wb._media).removed == (left.sha256,)
