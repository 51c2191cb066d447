"""Every call of the client with values that nobody means: answered, or refused in a sentence; nothing half-written."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

import tests.engine.jobs_for_tests  # noqa: F401  registers the test workflows
from tests import hostile
from workbench.api.client import Workbench
from workbench.db.tables import metadata
from workbench.errors import InvalidInput, NotFound, ReelwrightError
from workbench.i18n import translate
from workbench.jobs.submit import Request
from workbench.settings import Settings

RESOURCES = (
    "artifacts", "budgets", "candidates", "drafts", "handoffs", "jobs", "likeness", "media", "plans", "profiles",
    "projects", "prompts", "queues", "settings", "trials", "usage", "webhooks", "workflows",
)  # fmt: skip
#: these call out, or wait
OUTWARD = {"profiles.check", "webhooks.send_test", "jobs.wait", "jobs.watch", "profiles.rotate_keys"}
#: for the house itself: they take rows and connections
INWARD = {"webhooks.address_of", "webhooks.remember", "webhooks.reseal"}
BRIEF = {"title": "A", "language": "en", "summary": "A lamp goes out. " * 12, "style": {"preset": "ink_wash"}}


@pytest.fixture
def wb(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workbench]:
    # paths that are tried begin here
    monkeypatch.chdir(tmp_path)
    made = Workbench.open(settings, send=lambda ids: None)
    project = made.create_project(BRIEF)
    made.submit("test_nothing", None, {})
    made.submit("plan_episodes", project, {})
    yield made
    made.close()


def usual(wb: Workbench) -> dict[str, tuple[Any, ...]]:
    """Arguments by name as one means them, so that calls come past the first refusal."""
    ids, kinds = (1, 2), ("brief", "test_nothing", "plan_episodes", "character")
    return {
        **dict.fromkeys(("node_id", "project_id", "job_id", "project", "webhook_id", "since", "version"), ids),
        **dict.fromkeys(("from_version", "to_version", "limit", "most", "span_ms", "spans", "base_version"), ids),
        **dict.fromkeys(("node_ids", "job_ids"), ([1], [1, 2])),
        **dict.fromkeys(("kind", "wanted"), kinds),
        "brief": (BRIEF,),
        "params": ({}, {"number": 1}),
        "content": ({"name": "Ann"}, BRIEF),
        "key": ("queue:text", "project:1"),
        "mode": ("missing", "stale"),
        **dict.fromkeys(("rewrite", "only"), ([["plan_episodes", 1]], [1], [["plan_episodes"]], [[{}, 1]])),
        "name": ("mine",),
        "provider": ("openai",),
        "url": ("https://example.com/hook",),
        "currency": ("CNY",),
        "period": ("month",),
        "amount_micros": (1_000_000,),
        "person": ("local",),
        "place": ("wizard",),
        "fields": ({"title": "x"},),
        "max_attempts": (1,),
        "delay_ms": (0,),
        "priority": (0,),
        "profile": (None,),
    }


def calls() -> list[str]:
    """Every public method of every resource, as resource.method."""
    found = []
    for resource in RESOURCES:
        declared = inspect.getattr_static(Workbench, resource)
        returns = (declared.func if hasattr(declared, "func") else declared.fget).__annotations__["return"]
        found += [f"{resource}.{name}" for name in dir(_class_of(returns)) if not name.startswith("_")]
    return [name for name in found if name not in OUTWARD | INWARD]


def _class_of(name: str) -> Any:
    import importlib

    for module in (*(f"workbench.api.{r}" for r in RESOURCES if r != "webhooks"), "workbench.webhooks.registry"):
        owner = importlib.import_module(module)
        if inspect.isclass(found := getattr(owner, name, None)) and found.__module__ == module:
            return found
    raise AssertionError(f"{name} is nowhere")


#: how many rows each table has, in one statement: it is asked before and after each of some ten thousand calls
COUNTS = select(
    *(select(func.count()).select_from(table).scalar_subquery().label(n) for n, table in metadata.tables.items())
)


def counts(wb: Workbench) -> dict[str, int]:
    with wb.database.read() as conn:
        return dict(conn.execute(COUNTS).mappings().one())


def attempt(wb: Workbench, call: Any, **arguments: Any) -> None:
    """Call it; whatever it raises is ours, and leaves no row behind."""
    alone = [p.name for p in inspect.signature(call).parameters.values() if p.kind is p.POSITIONAL_ONLY]
    args, kwargs = [arguments.pop(name) for name in alone], arguments
    before = counts(wb)
    try:
        answer = call(*args, **kwargs)
        if inspect.isgenerator(answer):
            list(answer)
    except ReelwrightError as refused:
        assert counts(wb) == before
        str(refused).encode()


@pytest.mark.parametrize("call", calls())
def test_no_call_of_the_client_raises_what_is_not_ours(wb: Workbench, call: str) -> None:
    resource, name = call.split(".")
    method = getattr(getattr(wb, resource), name)

    @settings_of(12)
    @given(hostile.arguments(method, usual(wb)))
    def fuzz(arguments: dict[str, Any]) -> None:
        attempt(wb, method, **arguments)

    fuzz()
    # what was taken can be read
    assert wb.projects.list(include_archived=True)
    assert [wb.jobs.get_detail(job.id).job for job in wb.jobs.list()]


def settings_of(examples: int) -> Any:
    """The same examples in every run, so that no run fails by itself."""
    return settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


@pytest.mark.parametrize("resource", RESOURCES)
def test_every_public_method_looks_at_its_arguments_first(resource: str) -> None:
    names = [name.split(".")[1] for name in calls() if name.startswith(f"{resource}.")]
    declared = inspect.getattr_static(Workbench, resource)
    returns = (declared.func if hasattr(declared, "func") else declared.fget).__annotations__["return"]
    for name in names:
        method = inspect.getattr_static(_class_of(returns), name)
        assert not inspect.isfunction(method) or hasattr(method, "__wrapped__"), name


def test_a_submit_takes_what_a_row_holds_and_names_the_field_otherwise(wb: Workbench) -> None:
    @settings_of(150)
    @given(
        st.fixed_dictionaries(
            {"kind": st.sampled_from(("test_nothing", "test_tell")) | hostile.ANYTHING},
            optional={
                "node_id": st.sampled_from((None, 1)) | hostile.ANYTHING,
                "params": st.sampled_from(({}, {"number": 3}, {"about": "x"})) | hostile.ANYTHING,
                **dict.fromkeys(("submit_key", "priority", "max_attempts", "delay_ms", "user"), hostile.ANYTHING),
            },
        )
    )
    def fuzz(arguments: dict[str, Any]) -> None:
        attempt(wb, wb.submit, **arguments)

    fuzz()
    assert {type(job.max_attempts) for job in wb.jobs.list()} == {int}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_attempts", -48_000_000_000_000_000),
        ("max_attempts", -4.8e16),
        ("max_attempts", 0),
        ("delay_ms", -1),
        ("delay_ms", float("nan")),
        ("delay_ms", 10**18),
        ("priority", 2**40),
        ("priority", True),
        ("submit_key", "k" * 201),
        ("submit_key", 5),
        ("user", None),
    ],
)
def test_a_refused_field_is_named(wb: Workbench, field: str, value: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        wb.submit("test_nothing", None, {}, **{field: value})
    assert [issue.path for issue in refused.value.issues] == [field]


def test_a_batch_of_requests_is_looked_at_as_well(wb: Workbench) -> None:
    for request in (Request("test_nothing", max_attempts=-1), Request("test_nothing", submit_key="k" * 300)):
        with pytest.raises(InvalidInput):
            wb.jobs.submit_many([request])


@pytest.mark.parametrize("number", [2**63, 10**30, -(2**70), 2**31])
def test_an_id_that_no_column_holds_is_nobodys(wb: Workbench, number: int) -> None:
    for find in (wb.jobs.get, wb.projects.get_node, wb.projects.tree, wb.workflows.list_cells, wb.jobs.cancel):
        with pytest.raises(NotFound):
            find(number)
    assert wb.jobs.states([number]) == {}
    assert wb.jobs.list(project=number) == []
    with pytest.raises(NotFound):
        wb.jobs.wait([number], timeout=0)


def test_text_is_cleaned_on_its_way_in(wb: Workbench) -> None:
    project = wb.create_project({**BRIEF, "title": "A \ud83d\ude00 and \ud83d"})
    assert wb.projects.get_node(project).title == "A 😀 and �"
    assert wb.projects.tree(project).title == "A 😀 and �"


def test_a_zero_character_in_a_story_is_refused_and_nothing_is_made(wb: Workbench) -> None:
    project = wb.create_project(BRIEF)
    before = counts(wb)
    calls: list[tuple[str, Any]] = [
        ("brief.title", lambda: wb.create_project({**BRIEF, "title": "A \x00 b"})),
        ("brief.characters.0.name", lambda: wb.create_project({**BRIEF, "characters": [{"name": "Ann\x00"}]})),
        ("brief", lambda: wb.create_project({**BRIEF, "gen\x00re": "x"})),
        ("content.name", lambda: wb.projects.add_element(project, "character", {"name": "\x00"})),
        ("content.genre", lambda: wb.artifacts.save(project, "brief", {**BRIEF, "genre": "a\x00"}, 1)),
    ]
    for path, call in calls:
        with pytest.raises(InvalidInput) as refused:
            call()
        assert [issue.path for issue in refused.value.issues] == [path]
        assert "NUL" in translate(refused.value.text, "en")
        assert "空字符" in translate(refused.value.text, "zh")
    assert counts(wb) == before


@pytest.mark.parametrize("name", ["a\x00b", "a\ud83d"])
def test_a_name_that_cannot_be_stored_is_refused_instead_of_becoming_anothers(wb: Workbench, name: str) -> None:
    wb.submit("test_nothing", submit_key="ab")
    for call in (lambda: wb.submit("test_nothing", submit_key=name), lambda: wb.queues.pause(f"kind:{name}")):
        with pytest.raises(InvalidInput):
            call()


def test_a_profiles_fields_are_looked_at_as_well(wb: Workbench) -> None:
    fields = (
        "base_url", "text_model", "image_model", "video_model", "image_profile", "video_profile", "fallback", "params",
        "rpm", "tpm", "concurrency", "key",
    )  # fmt: skip
    wb.profiles.add("mine", "openai", text_model="m")

    @settings_of(150)
    @given(st.fixed_dictionaries({}, optional=dict.fromkeys(fields, hostile.ANYTHING)), st.integers(0, 10**6))
    def fuzz(given_fields: dict[str, Any], number: int) -> None:
        attempt(wb, wb.profiles.add, name=f"p{number}", provider="openai", **({"text_model": "m"} | given_fields))
        attempt(wb, wb.profiles.update, name="mine", **given_fields)

    fuzz()
    assert wb.profiles.list()


def test_filters_are_looked_at_as_well(wb: Workbench) -> None:
    filters = ("state", "kind", "project", "text", "node_id", "error_kind", "model", "since")

    @settings_of(100)
    @given(st.fixed_dictionaries({}, optional=dict.fromkeys(filters, hostile.ANYTHING)))
    def fuzz(given_filters: dict[str, Any]) -> None:
        for call in (wb.jobs.list, wb.jobs.count, wb.jobs.list_ids):
            attempt(wb, call, **given_filters)

    fuzz()
