"""The data commands' JSON and exit codes, which other programs call."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Ran, Reelwright, waits_for_worker
from tests.conftest import until
from tests.receiver import Receiver
from workbench import samples
from workbench.api.client import Workbench
from workbench.db.rows.jobs import Job
from workbench.jobs.submit import Request
from workbench.settings import Settings

CHAT = json.dumps({"messages": [{"content": "Hello"}]})


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reelwright]:
    """One installation for the whole module; each test makes a project of its own."""
    made = Reelwright(tmp_path_factory.mktemp("cli") / "片 场")
    process, _ = made.up()
    waits_for_worker(process)
    yield made
    made.close()


@pytest.fixture
def brief(tmp_path: Path) -> Path:
    path = tmp_path / "我的 brief.json"
    path.write_text(json.dumps(samples.load("gift-of-the-magi.en")), encoding="utf-8")
    return path


@pytest.fixture
def project(running: Reelwright, brief: Path) -> str:
    return str(running("projects", "create", "--brief", str(brief), "--json").json["project_id"])


def refused(ran: Ran) -> str:
    assert (ran.code, ran.out) == (2, ""), ran
    return ran.err


@pytest.mark.parametrize(
    ("typed", "told"),
    [("nan", "no amount"), ("inf", "no amount"), ("much", "no amount"), ("-5", "more than 0"), ("1e400", "at most")],
)
def test_a_budget_is_an_amount(running: Reelwright, typed: str, told: str) -> None:
    assert told in refused(running("budgets", "set", "--", typed))


def test_a_budget_of_a_project_that_is_not_there_is_refused(running: Reelwright) -> None:
    assert "There is no project 999" in refused(running("budgets", "set", "5", "--project", "999"))


def test_what_cannot_be_watched_is_refused(running: Reelwright, project: str) -> None:
    assert "There is no job 99999" in refused(running("jobs", "watch", "99999"))
    assert "There is no project 99999" in refused(running("jobs", "watch", "--project", "99999"))
    assert "not both" in refused(running("jobs", "watch", "1", "--project", project))
    job_id = running("submit", "llm_chat", "--params", CHAT, "--wait", "--json").json["id"]
    seen = running("jobs", "watch", str(job_id))
    assert (seen.code, [json.loads(line)["event"] for line in seen.out.splitlines()]) == (0, ["completed"])


def test_a_key_given_where_its_variable_belongs_is_not_repeated(running: Reelwright) -> None:
    told = refused(running("profiles", "add", "mine", "--text-model", "m", "--key-env", "sk-canary-0123456789"))
    assert "no variable's name" in told
    assert "canary" not in told


def test_a_project_is_created_listed_and_shown_as_a_tree(running: Reelwright, project: str) -> None:
    listed = running("projects", "list", "--json").json
    tree = running("projects", "tree", project, "--json").json

    assert project in [str(p["id"]) for p in listed]
    root = next(n for n in tree["nodes"] if n["parent_id"] is None)
    assert (str(root["id"]), root["kind"]) == (project, "project")
    assert set(root["artifacts"][0]) == {"kind", "version", "content_hash", "stale", "complete"}
    assert [n["title"] for n in tree["nodes"] if n["kind"] == "character"] == ["Della", "Jim", "Madame Sofronie"]


def test_a_yaml_brief_is_as_good_as_a_json_one(running: Reelwright, tmp_path: Path) -> None:
    path = tmp_path / "brief.yaml"
    path.write_text("title: 盐灯塔\nsummary: 灯灭了。\nlanguage: zh\ncharacters:\n  - name: 守灯人\n", encoding="utf-8")

    project = running("projects", "create", "--brief", str(path), "--json").json["project_id"]

    brief = running("artifacts", "show", str(project), "brief", "--json").json
    assert brief["content"]["title"] == "盐灯塔"


@pytest.mark.parametrize(
    ("fields", "options", "language", "said"),
    [
        ("summary: 太原书生王生清晨在路上遇见女子。", (), "zh", "recognized as Chinese"),
        ("summary: Della counts her savings.\nlanguage:", (), "en", "recognized as English"),
        ("summary: Der Mann und die Frau gehen in den Wald.", (), "en", "reads as German"),
        ("summary: 太原书生王生清晨在路上遇见女子。", ("--story-language", "en"), "en", ""),
        ("summary: Della counts.\nlanguage: English", (), "en", ""),
    ],
)
def test_a_language_that_a_brief_does_not_name_is_said_and_can_be_named(
    running: Reelwright, tmp_path: Path, fields: str, options: tuple[str, ...], language: str, said: str
) -> None:
    path = tmp_path / "brief.yaml"
    path.write_text(f"title: T\n{fields}\n", encoding="utf-8")

    ran = running("projects", "create", "--brief", str(path), *options, "--json")

    assert (said in ran.err) if said else not ran.err, ran
    brief = running("artifacts", "show", str(ran.json["project_id"]), "brief", "--json").json
    assert brief["content"]["language"] == language


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"title": "x", "sumary": "y"}', "sumary"),
        ('{"title": "x", "characters": [{"name": "a", "age": 3}]}', "characters.0.age"),
        ('{"summary": "no title"}', "title"),
        ("[1, 2]", "a mapping of fields"),
        ("{", "neither JSON nor YAML"),
    ],
)
def test_a_bad_brief_is_refused_by_the_name_of_what_is_wrong(
    running: Reelwright, tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "brief.json"
    path.write_text(text)
    assert said in refused(running("projects", "create", "--brief", str(path), "--json"))


def test_a_missing_brief_file_is_refused(running: Reelwright) -> None:
    assert "nowhere.json" in refused(running("projects", "create", "--brief", "nowhere.json", "--json"))


#: every type of job that a storyboard is made of
CATALOGUE = {
    "llm_chat", "llm_structured_test", "generate_scene_list", "plan_episodes", "build_narrative_causal_chain",
    "expand_story_characters", "generate_character_relationships", "generate_emotion_arc",
    "generate_episode_core_expression", "generate_episode_core_expression_batch", "generate_episode_scene_list",
    "generate_scene_script", "run_workflow_supervisor", "run_episode_creation_agent",
    "run_episode_creation_scene_task", "generate_scene_anchor", "generate_keyframe_prompt", "generate_motion_prompt",
    "generate_dialogue", "generate_sound_design", "estimate_duration", "generate_keyframe_images",
    "generate_scene_video", "refine_scene_all", "refine_scene_all_batch", "generate_storyboard_scene_bible",
    "generate_storyboard_plan", "generate_storyboard_group", "translate_storyboard_panels",
    "back_translate_storyboard_panels",
}  # fmt: skip


def test_workflows_list_names_every_type_of_job_of_the_catalogue(running: Reelwright) -> None:
    assert len(CATALOGUE) == 30
    assert CATALOGUE - {w["name"] for w in running("workflows", "list", "--json").json} == set()


def test_workflows_say_what_they_need_and_write(running: Reelwright) -> None:
    listed = {w["name"]: w for w in running("workflows", "list", "--json").json}

    plan = listed["plan_episodes"]
    assert (plan["scope"], plan["writes"]) == ("project", "episode_plan")
    assert "brief" in plan["reads"]
    assert plan["params"]["type"] == "object"


def test_a_submitted_job_is_the_job_tables_row_and_is_waited_for(running: Reelwright) -> None:
    ran = running("submit", "llm_chat", "--params", CHAT, "--wait", "--json")

    job = ran.json
    assert ran.code == 0, ran.err
    assert list(job) == list(Job.__match_args__)
    assert (job["state"], job["kind"]) == ("succeeded", "llm_chat")
    shown = running("jobs", "show", str(job["id"]), "--json").json
    assert {"job", "attempts", "steps", "events", "model_calls"} <= set(shown)
    assert [a["outcome"] for a in shown["attempts"]] == ["ok"]
    assert [c["outcome"] for c in shown["model_calls"]] == ["ok"]


def test_the_same_submit_key_is_the_same_job_and_other_params_are_refused(running: Reelwright) -> None:
    once, twice = (
        running("submit", "llm_chat", "--params", CHAT, "--submit-key", "k1", "--json").json for _ in range(2)
    )
    assert once["id"] == twice["id"]

    other = json.dumps({"messages": [{"content": "Something else"}]})
    assert str(once["id"]) in refused(running("submit", "llm_chat", "--params", other, "--submit-key", "k1", "--json"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["plan_everything"], "plan_everything"),
        (["llm_chat", "--params", "[]"], "JSON object"),
        (["llm_chat", "--params", "{"], "not JSON"),
        (["llm_chat", "--params", '{"messages": [], "speed": 9}'], "speed"),
        (["plan_episodes", "--node", "999999"], "999999"),
        (["llm_chat", "--params", CHAT, "--profile", "nobody"], "nobody"),
    ],
)
def test_what_cannot_be_submitted_is_refused_by_name(running: Reelwright, arguments: list[str], said: str) -> None:
    assert said in refused(running("submit", *arguments, "--json"))


def test_what_must_exist_first_is_listed_with_how_much_is_missing(running: Reelwright, tmp_path: Path) -> None:
    path = tmp_path / "short.json"
    path.write_text(json.dumps({"title": "Short", "summary": "x" * 40, "language": "en"}))
    project = str(running("projects", "create", "--brief", str(path), "--json").json["project_id"])

    assert "60" in refused(running("submit", "plan_episodes", "--node", project, "--json"))


def test_waiting_without_a_worker_is_refused_and_nothing_is_queued(reelwright: Reelwright) -> None:
    assert "reelwright up" in refused(reelwright("submit", "llm_chat", "--params", CHAT, "--wait", "--json"))
    assert reelwright("jobs", "list", "--json").json == []


def test_without_redis_a_job_is_queued_all_the_same_and_the_problem_is_said(reelwright: Reelwright) -> None:
    ran = reelwright("submit", "llm_chat", "--params", CHAT, "--json")

    assert (ran.code, ran.json["state"]) == (0, "queued")
    assert ran.err


def test_jobs_are_listed_filtered_cancelled_retried_and_replayed(reelwright: Reelwright) -> None:
    ids = [
        reelwright("submit", "llm_chat", "--params", CHAT, "--submit-key", str(n), "--json").json["id"]
        for n in range(2)
    ]
    first = str(ids[0])

    cancelled = reelwright("jobs", "cancel", first, "--json").json
    assert [(str(j["id"]), j["state"]) for j in cancelled] == [(first, "cancelled")]
    assert [
        j["id"] for j in reelwright("jobs", "list", "--state", "queued", "--kind", "llm_chat", "--json").json
    ] == ids[1:]
    assert [j["id"] for j in reelwright("jobs", "list", "--limit", "1", "--json").json] == ids[1:]

    [again] = reelwright("jobs", "retry", first, "--json").json
    assert (again["replay_of"], again["state"]) == (ids[0], "queued")
    edited = json.dumps({"messages": [{"content": "Edited"}]})
    # each id that was given has its outcome, also when one is left out
    second = str(ids[1])
    plan = reelwright("jobs", "retry", first, second, "--dry-run", "--json").json
    assert [(a["job_id"], a["outcome"], a["cost_micros"]) for a in plan] == [
        (ids[0], "skip", None),
        (ids[1], "skip", None),
    ]
    reelwright("jobs", "cancel", second)
    told = reelwright("jobs", "retry", second, first, "--json").json
    assert [(j["asked"], j["outcome"]) for j in told] == [(ids[1], "retried"), (ids[0], "skipped")]
    assert (told[0]["replay_of"], told[0]["reason"]) == (ids[1], None)
    assert told[1]["reason"] == f"Job {again['id']} is already at work on it."
    nothing = reelwright("jobs", "retry", first, second, "--json")
    assert nothing.code == 2
    assert [j["outcome"] for j in nothing.json] == ["skipped", "skipped"]
    assert "already at work" in nothing.err
    ended = reelwright("jobs", "cancel", first, second, "--json").json
    assert [(j["asked"], j["outcome"]) for j in ended] == [(ids[0], "skipped"), (ids[1], "skipped")]

    replayed = reelwright("jobs", "replay", first, "--params", edited, "--json").json
    assert replayed["params"]["messages"][0]["content"] == "Edited"


def test_a_retry_with_another_profile_is_told_at_that_profiles_price(reelwright: Reelwright) -> None:
    with Workbench.open(Settings.load(home=reelwright.home), send=lambda ids: None) as wb:
        for name, price in (("cheap", 1), ("dear", 10)):
            prices = {"m": {"input": price, "output": price, "currency": "CNY"}}
            wb.profiles.add(name, "openai", text_model="m", key="sk-none", params={"prices": prices})
    asked = ("llm_chat", "--params", CHAT, "--profile", "cheap", "--json")
    job = str(reelwright("submit", *asked).json["id"])
    reelwright("jobs", "cancel", job)

    def told(*profile: str) -> int:
        [act] = reelwright("jobs", "retry", job, *profile, "--dry-run", "--json").json
        assert (act["outcome"], act["currency"]) == ("retry", "CNY")
        return int(act["cost_micros"])

    assert told() == told("--profile", "cheap") > 0
    assert told("--profile", "dear") == 10 * told()
    assert "nobody" in refused(reelwright("jobs", "retry", job, "--profile", "nobody", "--dry-run", "--json"))


@pytest.fixture
def chats_paused(running: Reelwright) -> Iterator[None]:
    """The home is one for all tests of the file: the next one's chats run again."""
    with Workbench.open(Settings.load(home=running.home)) as wb:
        wb.queues.pause("kind:llm_chat")
        yield
        wb.queues.resume("kind:llm_chat")


@pytest.mark.usefixtures("chats_paused")
def test_many_jobs_are_acted_on_by_filter_with_an_outcome_each_and_brought_back(running: Reelwright) -> None:
    with Workbench.open(Settings.load(home=running.home)) as wb:
        asked = [Request("llm_chat", params=json.loads(CHAT), submit_key=f"many {n}") for n in range(3)]
        ids = sorted((job.id for job in wb.jobs.submit_many(asked)), reverse=True)
    queued = ("--kind", "llm_chat", "--state", "queued")
    for act, outcome in ((("cancel",), "cancel"), (("priority", "--priority", "7"), "change")):
        plan = running("jobs", "bulk", *act, *queued, "--dry-run", "--json").json
        assert [(one["job_id"], one["outcome"]) for one in plan] == [(i, outcome) for i in sorted(ids)]
    assert [j["priority"] for j in running("jobs", "list", *queued, "--json").json] == [0, 0, 0]

    told = running("jobs", "bulk", "cancel", *queued, "--json")
    assert (told.code, [(i["job_id"], i["outcome"]) for i in told.json]) == (0, [(i, "cancelled") for i in ids])
    nothing = running("jobs", "bulk", "cancel", *map(str, ids), "--json")
    assert (nothing.code, {i["outcome"] for i in nothing.json}) == (2, {"skipped"})
    back = running("jobs", "undo", str(told.json[0]["bulk_id"]), "--json").json
    assert [(i["job_id"], i["outcome"]) for i in back] == [(i, "retried") for i in ids]
    told = running("jobs", "bulk", "priority", "--priority", "7", *queued, "--profile", "sketch", "--json")
    assert {i["outcome"] for i in told.json} == {"changed"}
    cancelled = [str(i) for i in ids]
    how = ("--with-profile", "sketch", "--temperature", "0.4", "--params", '{"messages": [{"content": "Else"}]}')
    assert {one["outcome"] for one in running("jobs", "bulk", "retry", *cancelled, *how, "--dry-run", "--json").json}
    assert running("jobs", "bulk", "reparse", *cancelled, "--dry-run").code == 0
    assert running("jobs", "bulk", "retry", "--group", "nothing", "--project", "1", "--json").json == []

    for wrong in (
        ["cancel"],
        ["cancel", "1", "--kind", "llm_chat"],
        ["priority", "1"],
        ["retry", "1", "--priority", "2"],
        ["retry", "1", "--group", "f1"],
        ["cancel", "1", "--with-profile", "sketch"],
        ["retry", "1", "--prompt", "planning/plan_episodes.en"],
        ["retry", "1", "--with-profile", "nobody's"],
    ):
        refused(running("jobs", "bulk", *wrong))


@pytest.mark.parametrize(
    "arguments",
    [
        ["jobs", "show", "999"],
        ["jobs", "cancel", "999"],
        ["jobs", "retry", "999"],
        ["jobs", "replay", "999"],
        ["projects", "tree", "999"],
        ["artifacts", "show", "999", "brief"],
    ],
)
def test_what_is_not_there_is_refused(running: Reelwright, arguments: list[str]) -> None:
    assert "999" in refused(running(*arguments, "--json"))


def test_an_artifact_is_shown_by_version_and_its_absence_is_refused(running: Reelwright, project: str) -> None:
    shown = running("artifacts", "show", project, "brief", "--version", "1", "--json").json
    assert (shown["version"], shown["content"]["title"]) == (1, "The Gift of the Magi")

    assert "episode_plan" in refused(running("artifacts", "show", project, "episode_plan", "--json"))
    assert "no_such_kind" in refused(running("artifacts", "show", project, "no_such_kind", "--json"))


def test_a_profiles_key_comes_from_a_variable_and_is_never_shown(running: Reelwright) -> None:
    secret = "sk-very-secret-key-0123456789"
    options = [
        "--provider",
        "openai",
        "--base-url",
        "https://api.example.com/v1",
        "--text-model",
        "m-1",
        "--key-env",
        "MY_KEY",
    ]

    added = running("profiles", "add", "mine", *options, "--json", MY_KEY=secret)
    listed = running("profiles", "list", "--json")

    assert added.code == 0, added.err
    assert [p["name"] for p in listed.json if p["name"] == "mine"] == ["mine"]
    assert secret not in added.out + added.err + listed.out
    assert "ciphertext" not in listed.out
    assert "NO_SUCH" in refused(running("profiles", "add", "other", *options[:-1], "NO_SUCH", "--json"))


def test_webhooks_are_added_tried_told_and_removed_and_their_address_is_never_shown(
    running: Reelwright, project: str
) -> None:
    with Receiver() as receiver:
        options = ("--event", "job.succeeded", "--project", project, "--allow-private", "--json")
        made = running("webhooks", "add", "--url-env", "HOOK", *options, HOOK=receiver.url).json
        hook = str(made["id"])
        assert (made["form"], made["events"], made["secret"][:6]) == ("standard", ["job.succeeded"], "whsec_")
        assert running("webhooks", "test", hook, "--json").json["state"] == "delivered"
        receiver.answers = [(500, b"out of order")]
        failed = running("webhooks", "test", hook)
        assert (failed.code, "out of order" in failed.out) == (1, True)
        running("submit", "llm_chat", "--node", project, "--params", CHAT, "--wait")

        def list_deliveries() -> list[tuple[str, str]]:
            return [(d["event"], d["state"]) for d in running("webhooks", "deliveries", hook, "--json").json]

        # what has come is written down as delivered after that
        told = [("job.succeeded", "delivered"), ("test", "failed"), ("test", "delivered")]
        until(lambda: list_deliveries() == told, what="the job's end at the receiver")
        assert len(receiver.got) == 3
        shown = running("webhooks", "list", "--json")
        assert "T0AC-secret-path" not in shown.out
        assert shown.json[0]["last"] == "delivered"
        running("webhooks", "remove", hook)
        assert running("webhooks", "list", "--json").json == []
    assert "HOOK" in refused(running("webhooks", "add", "--url-env", "HOOK", HOOK=""))


def test_under_json_stdout_is_json_and_errors_go_to_stderr_in_the_readers_language(running: Reelwright) -> None:
    english = running("jobs", "show", "999", "--json", REELWRIGHT_LANG="en")
    chinese = running("jobs", "show", "999", "--json", LANG="zh_CN.UTF-8")

    assert english.out == chinese.out == ""
    assert english.err != chinese.err


def test_usage_errors_exit_with_2(running: Reelwright) -> None:
    assert running("submit").code == 2
    assert running("no-such-command").code == 2
    assert running("jobs", "list", "--limit", "0").code == 2


def test_a_brief_is_read_in_the_encoding_that_it_is_in(running: Reelwright, tmp_path: Path) -> None:
    path = tmp_path / "brief.yaml"
    path.write_bytes("title: 1984\nsummary: 灯塔的灯灭了，守灯人把信都烧了。\naspect_ratio: 9:16\n".encode("gbk"))
    ran = running("projects", "create", "--brief", str(path), "--json")
    brief = running("artifacts", "show", str(ran.json["project_id"]), "brief", "--json").json["content"]
    assert (brief["title"], brief["summary"], brief["aspect_ratio"]) == (
        "1984",
        "灯塔的灯灭了，守灯人把信都烧了。",
        "9:16",
    )
    assert "is read as GBK" in ran.err


@pytest.mark.parametrize(
    ("data", "en", "zh"),
    [
        (b"title: a\ntitle: b\n", "“title” is there twice, first in line 1", "“title”写了两次"),
        ("title: Привет\n".encode("cp1251"), "Save it as UTF-8", "请另存为 UTF-8"),
        (b"title: a\x00b\n", "zero character (NUL)", "空字符（NUL）"),
        (b"title: a\nepisodes: many\n", "Must be a whole number", "必须是整数"),
        (b"PK\x03\x04", "not text", "不是纯文本"),
        (b"title: a\nsummary: he said: go\n", "line 2, column", "含有冒号的文字要加引号"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_the_readers_language(
    running: Reelwright, tmp_path: Path, data: bytes, en: str, zh: str
) -> None:
    path = tmp_path / "brief.yaml"
    path.write_bytes(data)
    before = len(running("projects", "list", "--json").json)
    assert en in refused(running("projects", "create", "--brief", str(path), "--json"))
    told = running("projects", "create", "--brief", str(path), "--json", REELWRIGHT_LANG="zh")
    assert (told.code, zh in told.err) == (2, True), told.err
    assert len(running("projects", "list", "--json").json) == before


def test_a_text_is_kept_as_the_source_and_made_into_the_brief(running: Reelwright, tmp_path: Path) -> None:
    path = tmp_path / "chapter.txt"
    path.write_text("The Lamp\n\n" + "Mara climbs the rocks and lights the lamp. " * 1_200, encoding="utf-16")
    project = str(running("projects", "create", "--brief", str(path), "--json").json["project_id"])
    assert "Brief from the source" in refused(running("submit", "plan_episodes", "--node", project, "--json"))
    ran = running("submit", "summarize_source", "--node", project, "--wait", "--json")
    assert ran.json["state"] == "succeeded", ran.err
    assert "characters of the source the summary keeps" in ran.err
    brief = running("artifacts", "show", project, "brief", "--json").json
    assert (brief["version"], brief["content"]["title"]) == (2, "The Lamp")
    assert running("projects", "source", project, "--file", str(path), "--json").json["version"] == 2
    tree = running("projects", "tree", project, "--json").json
    assert {a["kind"]: a["stale"] for a in tree["nodes"][0]["artifacts"]} == {"brief": False, "source": False}


def test_params_with_a_field_twice_are_refused(running: Reelwright) -> None:
    ran = running("submit", "llm_chat", "--params", '{"messages": [], "messages": []}', "--json")
    assert "“messages” is there twice" in refused(ran)


def test_a_project_goes_out_comes_in_is_copied_and_hidden(running: Reelwright, project: str, tmp_path: Path) -> None:
    file = str(tmp_path / "盐 灯.zip")
    out = running("projects", "export", project, file, "--json").json
    came = running("projects", "import", file, "--json").json
    copy = running("projects", "duplicate", project, "--title", "Another", "--json").json["project_id"]

    assert (out["title"], out["nodes"], out["missing"]) == ("The Gift of the Magi", 6, [])
    trees = [running("projects", "tree", str(number), "--json").json for number in (project, came["project_id"], copy)]
    shapes = [[(n["kind"], n["artifacts"]) for n in tree["nodes"]] for tree in trees]
    assert shapes[0] == shapes[1]
    # a copy says otherwise what it is called, and nothing else
    brief = running("artifacts", "show", str(copy), "brief", "--json").json
    assert trees[2]["title"] == brief["content"]["title"] == "Another"
    for _, made in (place for shape in (shapes[0], shapes[2]) for place in shape):
        for artifact in made:
            artifact["content_hash"] = artifact["kind"] == "brief" or artifact["content_hash"]
    assert shapes[0] == shapes[2]
    assert running("projects", "archive", str(copy), "--json").json == {"project_id": copy, "archived": True}
    assert copy not in [p["id"] for p in running("projects", "list", "--json").json]
    assert running("projects", "restore", str(copy), "--json").json == {"project_id": copy, "archived": False}
    assert copy in [p["id"] for p in running("projects", "list", "--json").json]

    Path(file).write_bytes(Path(file).read_bytes()[:-200])
    assert "refused, and nothing was changed" in refused(running("projects", "import", file, "--json"))
    assert "no archive; it is left" in refused(running("projects", "export", project, file))
