"""Whatever a job failed of, its bundle fails of the same when it is run again offline, with and without the story."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.engine import jobs_for_tests
from tests.engine.conftest import Engine, use
from tests.scripted_provider import ScriptedProvider
from workbench import bundles, cli, samples
from workbench.bundles import masking
from workbench.db.rows.jobs import Job
from workbench.errors import InvalidInput, NotAllowed, NotFound

STORY = {"text": '{"text": "The keeper Marguerite climbed the stairs."}'}


def rerun(engine: Engine, job: Job, folder: Path, *, with_story: bool = True) -> bundles.Rerun:
    bundle = engine.wb.jobs.bundle(job.id, with_story=with_story)
    path = folder / bundle.name
    path.write_bytes(bundle.data)
    return bundles.run(path)


#: what the service answers each time → the kind of the failure, None: it succeeds
FAULTS: dict[str, tuple[dict[str, Any], str | None]] = {
    "key": ({"status": 401}, "auth"),
    "model": ({"status": 404, "body": {"error": {"message": "no", "code": "model_not_found"}}}, "not_found_model"),
    "busy": ({"status": 503}, "overloaded"),
    "full": ({"status": 429, "headers": {"retry-after-ms": "1"}}, "rate_limit"),
    "dropped": ({"reset": True}, "network"),
    "prose": ({"text": "Sorry, Marguerite is away."}, "malformed_output"),
    "schema": ({"text": '{"text": 17, "who": "Marguerite"}'}, "malformed_output"),
    "rules": ({"text": '{"text": "Marguerite told a LIE."}'}, "invalid_output"),
    "cut": ({"text": '{"text": "Marguerite cl', "finish_reason": "length"}, "truncated_output"),
    "blank": ({"blank": True}, "empty_output"),
    "no schema": ({"reject_modes": ["json_schema"], "text": "Marguerite is away."}, "malformed_output"),
    "good": (STORY, None),
}


#: those in which something of the story is said
SAYS_MUCH = ("prose", "rules", "cut")


@pytest.mark.parametrize("with_story", [True, False])
def test_each_kind_of_failure_is_the_same_when_its_bundle_is_run(
    engine: Engine, provider: ScriptedProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_story: bool
) -> None:
    # a rule about a word of the story cannot hold of one that is masked
    monkeypatch.setattr(masking, "_KEPT", frozenset((*masking._KEPT, "lie")))
    for number, (fault, (answer, kind)) in enumerate(FAULTS.items()):
        if not with_story and fault not in SAYS_MUCH:
            continue
        # a profile each: what one has learned of its service stays with it
        name = use(engine.wb, provider, f"scripted-{number}")
        provider.script(default=answer)
        job = engine.finish(engine.wb.submit("test_tell", params={"about": "Marguerite"}, profile=name).id)
        assert job.error_kind == kind, fault
        asked = len(provider.calls())
        found = rerun(engine, job, tmp_path, with_story=with_story)
        assert found.is_same, (fault, found)
        assert (found.unanswered, found.unused) == (0, 0), fault
        assert len(provider.calls()) == asked, "nobody is called"


def test_what_no_service_was_asked_for_fails_the_same_as_well(
    engine: Engine, project: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, tuple[str, int | None, dict[str, Any]]] = {
        "child_failed": ("test_batch", project, {"kinds": ["test_child_good", "test_child_bad"]}),
        "internal": ("test_fail", project, {"kind": "bug"}),
        "timeout": ("test_deadline", project, {"seconds": 5}),
    }
    for kind, (workflow, node, params) in asked.items():
        job = engine.finish(engine.wb.submit(workflow, node, params).id)
        assert job.error_kind == kind
        assert rerun(engine, job, tmp_path).is_same, kind


def test_code_that_is_mended_makes_the_bundle_pass(
    engine: Engine,
    provider: ScriptedProvider,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    provider.script(default={"text": '{"text": "A LIE."}'})
    job = engine.finish(engine.wb.submit("test_tell", profile=use(engine.wb, provider)).id)
    assert rerun(engine, job, tmp_path).is_same
    monkeypatch.setattr(jobs_for_tests, "FORBIDDEN", "TRUTH")
    mended = rerun(engine, job, tmp_path)
    assert (mended.is_same, mended.now.state) == (False, "succeeded")
    [file] = tmp_path.glob("job-*.zip")
    assert cli.run(["bundles", "show", str(file)]) == 0
    capsys.readouterr()
    assert cli.run(["bundles", "run", str(file), "--expect", "succeeded", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["holds"], told["same"], told["was"]["error_kind"]) == (True, False, "invalid_output")
    with pytest.raises(SystemExit) as ended:
        cli.run(["bundles", "run", str(file)])
    assert ended.value.code == 1


def test_a_storys_workflow_is_run_on_the_story_as_it_was_and_without_a_word_of_it(
    engine: Engine, provider: ScriptedProvider, tmp_path: Path
) -> None:
    wb = engine.wb
    story = samples.load("gift-of-the-magi.en")
    node = wb.create_project(story)
    name = use(wb, provider)
    provider.script(default={"text": json.dumps({"episodes": [{"title": "Della Counts", "logline": "Jim"}]})})
    job = engine.finish(wb.submit("plan_episodes", node, profile=name).id)
    assert job.state == "failed"
    # what was edited since is not what it failed on
    head = wb.artifact(node, "brief")
    wb.artifacts.save(
        node,
        "brief",
        {**head.content, "summary": "Quite another story of a lamp, a keeper and a storm that nobody expects at all."},
        head.version,
    )
    whole, masked = (wb.jobs.bundle(job.id, with_story=kept) for kept in (True, False))
    for bundle, kept in ((whole, True), (masked, False)):
        path = tmp_path / f"{kept}.zip"
        path.write_bytes(bundle.data)
        with zipfile.ZipFile(path) as archive:
            text = "".join(archive.read(entry).decode() for entry in archive.namelist() if "media/" not in entry)
        # long words: among the letters that take their place a short one comes up by chance
        story = ("Della", "Sofronie", "grandfather", "Christmas")
        for word in (*story, "Quite another", "sk-canary"):
            assert (word in text) == (kept and word in story), (word, kept)
        found = bundles.run(path)
        assert found.is_same, found
        assert found.unanswered == 0


def test_a_bundle_is_made_of_an_ended_job_and_read_with_suspicion(engine: Engine, project: int, tmp_path: Path) -> None:
    waiting = engine.wb.submit("test_child_good", project)
    with pytest.raises(NotAllowed):
        engine.wb.jobs.bundle(waiting.id)
    with pytest.raises(NotFound):
        engine.wb.jobs.bundle(10**9)
    job = engine.finish(engine.wb.submit("test_child_bad", project).id)
    good = tmp_path / "good.zip"
    good.write_bytes(engine.wb.jobs.bundle(job.id).data)
    assert bundles.describe(good)["job"]["id"] == job.id

    def change(name: str, edit: Any) -> Path:
        path = tmp_path / "changed.zip"
        with zipfile.ZipFile(good) as old, zipfile.ZipFile(path, "w") as new:
            for entry in old.namelist():
                data = old.read(entry)
                new.writestr(entry, edit(data) if entry == name else data)
        return path

    def retell(**told: Any) -> Path:
        return change("manifest.json", lambda data: json.dumps({**json.loads(data), **told}))

    cases = [
        change("rows/job.jsonl", lambda data: data.replace(b"test_child_bad", b"test_child_sad")),
        change("rows/job.jsonl", lambda data: b"{"),
        retell(version=99),
        retell(format="reelwright-project"),
        retell(job={"id": job.id + 1}),
        retell(job=None),
        tmp_path / "none.zip",
    ]
    for path in cases:
        with pytest.raises(InvalidInput):
            bundles.run(path)
