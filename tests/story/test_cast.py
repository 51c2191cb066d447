"""The cast of a story on both databases: how much of a large one is told, leads without a sheet, taken names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from workbench import samples
from workbench.api.client import Workbench
from workbench.api.projects import ElementKind
from workbench.cli.demo_run import DemoRun
from workbench.errors import InvalidInput
from workbench.settings import Settings
from workbench.story.facts import MOST_ELEMENTS, Inputs, NodeView
from workbench.story.names import names_of
from workbench.workflows import staging


@pytest.fixture
def wb(settings: Settings) -> Iterator[Workbench]:
    with Workbench.open(settings, send=lambda ids: None) as opened:
        yield opened


def brief(*names: str, **fields: Any) -> dict[str, Any]:
    characters = [{"name": n, "description": f"who {n} is"} for n in names]
    return {"title": "A Crowd", "summary": "They meet. " * 20, "language": "en", "characters": characters, **fields}


def view(wb: Workbench, project: int) -> NodeView:
    return NodeView.load(wb.database, project, Inputs())


def node(wb: Workbench, project: int, name: str) -> int:
    return next(n.id for n in wb.projects.tree(project, include_archived=True).nodes if n.title == name)


CROWD = [f"Person{n}" for n in range(1, 41)]


def test_of_a_large_cast_the_first_and_the_leads_are_told(wb: Workbench) -> None:
    project = wb.create_project(brief(*CROWD, protagonist="Person38 and Person40, two of forty"))
    told = [c["name"] for c in view(wb, project).characters()]
    assert told == [*CROWD[: MOST_ELEMENTS - 2], "Person38", "Person40"]
    everybody = view(wb, project)
    assert [c["name"] for c in everybody.characters(("name",), most=None)] == CROWD
    assert [c["name"] for c in everybody.characters(names=["Person39", "person2"])] == ["Person2", "Person39"]
    # an edit moves nobody to the front
    head = wb.artifact(node(wb, project, "Person35"), "character")
    assert head is not None
    wb.artifacts.save(head.node_id, "character", {**head.content, "personality": "loud"}, 1)
    assert [c["name"] for c in view(wb, project).characters(("name",))] == told


def test_of_a_large_world_the_first_elements_are_told(wb: Workbench) -> None:
    world = [{"name": f"place {n}"} for n in range(1, 36)]
    project = wb.create_project(brief("Mara", world=world))
    assert [w["name"] for w in view(wb, project).world()] == [w["name"] for w in world[:MOST_ELEMENTS]]
    assert len(view(wb, project).world(("name",), most=None)) == 35


def test_a_protagonist_without_a_sheet_is_in_the_cast(wb: Workbench) -> None:
    project = wb.create_project(brief("Fen", protagonist="Mara, fifty, keeper of the lamp"))
    story = view(wb, project)
    assert [(c["name"], c["description"]) for c in story.characters(("name", "description"))] == [
        ("Fen", "who Fen is"), ("Mara", "Mara, fifty, keeper of the lamp"),
    ]  # fmt: skip
    assert {"fields": ["protagonist"]}.items() <= next(i for i in story.inputs if i["kind"] == "brief").items()
    alone = view(wb, project)
    assert staging.looks(alone, ["Mara"]) == {"Mara": "Mara, fifty, keeper of the lamp"}
    assert [i["kind"] for i in alone.inputs] == ["brief"]
    assert [c["name"] for c in view(wb, project).characters(names=["Fen"])] == ["Fen"]
    # once there is a sheet, it counts
    wb.projects.add_element(project, "character", {"name": "Mara", "description": "the keeper"})
    again = view(wb, project)
    assert [c["description"] for c in again.characters(names=["Mara"])] == ["the keeper"]
    assert [i["kind"] for i in again.inputs] == ["character"]


def test_nobody_takes_the_name_of_another_one(wb: Workbench) -> None:
    project = wb.create_project(brief("Li Ming", "Fen", "Jo", "陳氏"))
    fen, jo = node(wb, project, "Fen"), node(wb, project, "Jo")

    def refusal(node_id: int, version: int, **content: Any) -> list[str]:
        with pytest.raises(InvalidInput) as refused:
            wb.artifacts.save(node_id, "character", content, version)
        return [i.path for i in refused.value.issues]

    for name in ("li ming", "Ｌｉ　Ｍｉｎｇ", "Li·Ming", "陈氏"):
        assert refusal(fen, 1, name=name) == ["name"]
    assert refusal(fen, 1, name="Fen", aliases=["the girl", "LI MING"]) == ["aliases.1"]
    wb.artifacts.save(jo, "character", {"name": "Jo", "aliases": ["the Keeper"]}, 1)
    assert refusal(fen, 1, name="The keeper") == ["name"]
    wb.artifacts.save(fen, "character", {"name": "FEN ", "description": "her own name, written otherwise"}, 1)
    with pytest.raises(InvalidInput, match="alias of Jo"):
        wb.projects.add_element(project, "character", {"name": "the keeper"})
    # a place may have a person's name, and so may somebody of another story
    wb.projects.add_element(project, "world_element", {"name": "Fen"})
    wb.create_project(brief("Fen"))


@pytest.mark.parametrize(
    ("characters", "path"),
    [
        ([{"name": "Li Ming"}, {"name": "Ｌｉ　ｍｉｎｇ"}], "characters.1.name"),
        ([{"name": "Fen", "aliases": ["the girl", "JO"]}, {"name": "Jo"}], "characters.0.aliases.1"),
        ([{"name": "李明"}, {"name": "王五", "aliases": ["李 明"]}], "characters.1.aliases.0"),
        ([{"name": "陳氏"}, {"name": "陈氏"}], "characters.1.name"),
    ],
)
def test_a_brief_gives_nobody_the_name_of_another_one(
    wb: Workbench, characters: list[dict[str, Any]], path: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        wb.create_project({**brief(), "characters": characters})
    assert [i.path for i in refused.value.issues] == [path]
    assert not wb.projects.list()


def test_an_old_name_that_somebody_else_has_by_now_does_not_come_back(wb: Workbench) -> None:
    project = wb.create_project(brief("Fen", "Jo"))
    fen, jo = node(wb, project, "Fen"), node(wb, project, "Jo")
    wb.artifacts.save(fen, "character", {"name": "Mara"}, 1)
    with pytest.raises(InvalidInput, match="Fen is an alias of Mara"):
        wb.artifacts.save(jo, "character", {"name": "Fen"}, 1)
    wb.artifacts.save(fen, "character", {"name": "Mara"}, 2)
    wb.artifacts.save(jo, "character", {"name": "Fen"}, 1)
    with pytest.raises(InvalidInput, match="Fen is there already"):
        wb.artifacts.restore(fen, "character", 1)
    with pytest.raises(InvalidInput, match="Fen is there already"):
        wb.artifacts.pin(fen, "character", 1)
    assert wb.projects.get_node(fen).title == "Mara"
    wb.projects.archive(fen)
    with pytest.raises(InvalidInput, match="archived"):
        wb.artifacts.save(jo, "character", {"name": "mara"}, 2)


def names(wb: Workbench, node_id: int, kind: ElementKind = "character") -> list[str]:
    head = wb.artifact(node_id, kind)
    assert head is not None
    return names_of(head.content)


def rename(wb: Workbench, node_id: int, name: str, kind: ElementKind = "character") -> list[str]:
    head = wb.artifact(node_id, kind)
    assert head is not None
    wb.artifacts.save(node_id, kind, {**head.content, "name": name}, head.version)
    return names(wb, node_id, kind)


@pytest.mark.parametrize(("kind", "was", "now"), [
    ("character", "Della", "Adela"), ("character", "陳氏", "林晓月"), ("world_element", "The pier", "The jetty"),
    ("world_element", "码头", "栈桥"),
])  # fmt: skip
def test_whoever_is_renamed_is_still_known_by_the_name_of_before(
    wb: Workbench, kind: ElementKind, was: str, now: str
) -> None:
    project = wb.create_project(brief("Fen"))
    there = wb.projects.add_element(project, kind, {"name": was})
    assert rename(wb, there, now, kind) == [now, was]
    # back again, by an edit or an older version
    assert rename(wb, there, was, kind) == [was, now]
    assert rename(wb, there, now, kind) == [now, was]
    wb.artifacts.restore(there, kind, 1)
    assert names(wb, there, kind) == [was, now]
    # an alias that is taken away stays away
    wb.artifacts.save(there, kind, {"name": was}, 5)
    assert names(wb, there, kind) == [was]


def test_two_swap_their_names_once_each_gives_up_the_one_of_before(wb: Workbench) -> None:
    project = wb.create_project(brief("Fen", "Jo"))
    fen, jo = node(wb, project, "Fen"), node(wb, project, "Jo")
    rename(wb, fen, "nobody")
    with pytest.raises(InvalidInput, match="Fen is an alias of nobody"):
        rename(wb, jo, "Fen")
    wb.artifacts.save(fen, "character", {"name": "nobody"}, 2)
    assert rename(wb, jo, "Fen") == ["Fen", "Jo"]
    wb.artifacts.save(jo, "character", {"name": "Fen"}, 2)
    assert rename(wb, fen, "Jo") == ["Jo", "nobody"]


def test_a_name_of_before_that_is_somebody_elses_too_is_no_alias(wb: Workbench) -> None:
    project = wb.create_project(brief("Fen", "Jo"))
    fen, jo = node(wb, project, "Fen"), node(wb, project, "Jo")
    rename(wb, fen, "Mara")
    # who is archived gives up what somebody new is called
    wb.projects.archive(fen)
    new = wb.projects.add_element(project, "character", {"name": "Fen"})
    wb.projects.restore(fen)
    assert names(wb, fen) == ["Mara", "Fen"]
    assert rename(wb, new, "Ilse") == ["Ilse"]
    # nor where six are there already
    six = [f"J{n}" for n in range(6)]
    wb.artifacts.save(jo, "character", {"name": "Jo", "aliases": six}, 1)
    assert rename(wb, jo, "Joan") == ["Joan", *six]
    # written otherwise it is the same name
    assert rename(wb, new, "ilse ") == ["ilse"]
    # another place has the name of a person
    pier = wb.projects.add_element(project, "world_element", {"name": "Mara"})
    assert rename(wb, pier, "The pier", "world_element") == ["The pier", "Mara"]


def test_a_language_that_a_brief_does_not_name_stands_as_a_warning_on_it(wb: Workbench) -> None:
    unnamed = wb.create_project({"title": "The Lamp", "summary": "Mara keeps the lamp of the last lighthouse."})
    head = wb.artifact(unnamed, "brief")
    assert head is not None
    assert (head.content["language"], len(head.warnings or [])) == ("en", 1)
    wb.artifacts.save(unnamed, "brief", {**head.content, "language": "zh"}, 1)
    changed = wb.artifact(unnamed, "brief")
    assert changed is not None
    assert (changed.content["language"], changed.warnings) == ("zh", None)
    named = wb.artifact(wb.create_project(samples.load("gift-of-the-magi.en")), "brief")
    assert named is not None
    assert named.warnings is None


def test_a_demo_of_another_cast_is_another_story(wb: Workbench) -> None:
    sample = samples.load("gift-of-the-magi.en")
    begun = wb.create_project(sample, user=DemoRun.USER)
    run = DemoRun(wb)
    assert run._find_unfinished(sample, None) == begun
    assert run._find_unfinished(sample, "sketch") == begun
    told = {"title": "Told", "summary": "", "style": {"preset": "anime"}, "source": "Once Mara kept a lamp. " * 9}
    from_source = wb.create_project(told, user=DemoRun.USER)
    assert run._find_unfinished(told, None) == from_source
    assert run._find_unfinished({**told, "source": told["source"] + "It went out."}, None) is None
    cast = sample["characters"]
    renamed = [{**cast[0], "name": "Delia"}, *cast[1:]]
    described = [*cast[:2], {**cast[2], "description": "small, warm"}]
    for edited in (renamed, described, cast[:2], cast[1:] + cast[:1], [*cast, {"name": "Fen"}]):
        assert run._find_unfinished({**sample, "characters": edited}, None) is None
    assert run._find_unfinished({**sample, "world": sample["world"][:1]}, None) is None
    assert run._find_unfinished({**sample, "genre": "comedy"}, None) is None
    wb.profiles.add("paid", "openai", base_url="http://127.0.0.1:9/v1", text_model="m")
    assert run._find_unfinished(sample, "paid") is None
    # what a person has edited in it meanwhile is still this demo's story; it is planned again
    della = node(wb, begun, "Della")
    head = wb.artifact(della, "character")
    assert head is not None
    wb.artifacts.save(della, "character", {**head.content, "description": "forty, tall"}, 1)
    wb.projects.add_element(begun, "character", {"name": "Fen"})
    assert run._find_unfinished(sample, None) == begun
