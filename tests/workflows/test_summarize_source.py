"""A long text becomes the brief of a story, part by part; what was cut is told, and the text stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.conftest import Engine
from tests.workflows.conftest import events, nodes, run
from workbench import samples
from workbench.errors import GuardUnmet
from workbench.i18n import Text, translate
from workbench.sketch.writing import summary
from workbench.workflows.planning import summarize_source

Start = Callable[..., Engine]
LOOK = {"preset": "cinematic"}


def chapter(characters: int, language: str = "zh") -> str:
    """A text of some length whose sentences all differ."""
    name = "painted-skin.zh" if language == "zh" else "gift-of-the-magi.en"
    sentences = summary.split_sentences(str(samples.load(name)["summary"]))
    text, number = "", 0
    while len(text) < characters:
        number += 1
        lead = f"第{number}日，" if language == "zh" else f"On day {number}, "
        text += lead + sentences[number % len(sentences)] + ("\n" if number % 7 == 0 else "")
    return text[:characters].strip()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_chapter_of_50000_characters_becomes_a_brief_that_can_be_planned(start: Start, language: str) -> None:
    engine = start()
    text = chapter(50_000, language)
    brief = {"title": "Salt", "language": language, "style": LOOK, "audience": "all", "source": text}
    project = engine.wb.create_project(brief)
    with pytest.raises(GuardUnmet, match="Brief from the source"):
        engine.wb.submit("plan_episodes", project)

    job = run(engine, "summarize_source", project)

    assert job.state == "succeeded", job.error
    head = engine.wb.artifact(project, "brief")
    assert head is not None
    assert (head.version, head.source) == (2, "ai")
    assert 100 <= len(head.content["summary"]) <= 2_000
    assert (head.content["title"], head.content["audience"]) == ("Salt", "all")
    source = engine.wb.artifact(project, "source")
    assert source is not None
    assert (source.version, source.content["text"]) == (1, text)
    assert not any(a.stale for n in engine.wb.projects.tree(project).nodes for a in n.artifacts)
    told = [translate(Text.from_json(w), "en") for w in head.warnings or []]
    assert told[0].startswith(
        f"Of {len(text)} characters of the source the summary keeps {len(head.content['summary'])}"
    )
    parts = len(summarize_source.split(text))
    shortened = [e for e in events(engine, job) if "of the source shortened to" in e]  # type: ignore[arg-type]
    assert len(shortened) == parts
    assert len(engine.provider.requests) == parts + 1  # type: ignore[attr-defined]
    assert run(engine, "plan_episodes", project).state == "succeeded"
    assert nodes(engine, project, "episode")


def test_every_part_is_read_whole_and_nothing_twice() -> None:
    for text in (chapter(50_000), chapter(50_000, "en"), "字" * 20_000, "word " * 5_000):
        parts = summarize_source.split(text)
        assert all(0 < len(part) <= summarize_source.PART_CHARS for part in parts)
        assert "".join("".join(parts).split()) == "".join(text.split())


def test_a_short_text_is_read_in_one_call(start: Start) -> None:
    engine = start()
    project = engine.wb.create_project({"title": "盐", "language": "zh", "style": LOOK, "source": chapter(1_500)})
    assert run(engine, "summarize_source", project).state == "succeeded"
    assert len(engine.provider.requests) == 1  # type: ignore[attr-defined]


def test_what_a_creator_gave_is_kept_and_only_what_is_missing_is_filled(start: Start) -> None:
    def answer(made: dict[str, Any]) -> dict[str, Any]:
        return {**made, "genre": "noir", "protagonist": "Tom", "people": ["Mara", "Tom"]}

    engine = start(answer)
    given = {"title": "Salt", "language": "en", "style": LOOK, "genre": "fable", "source": chapter(900, "en")}
    project = engine.wb.create_project({**given, "characters": [{"name": "Mara"}]})
    assert run(engine, "summarize_source", project).state == "succeeded"
    head = engine.wb.artifact(project, "brief")
    assert head is not None
    assert (head.content["genre"], head.content["protagonist"]) == ("fable", "Tom")
    told = [translate(Text.from_json(w), "en") for w in head.warnings or []]
    assert told[-1] == "Named in the source, and not in the cast: Tom"


def test_another_source_makes_the_brief_stale(start: Start) -> None:
    engine = start()
    project = engine.wb.create_project({"title": "盐", "language": "zh", "style": LOOK, "source": chapter(900)})
    assert run(engine, "summarize_source", project).state == "succeeded"
    engine.wb.artifacts.save(project, "source", {"text": chapter(1_200)}, 1)
    (root,) = nodes(engine, project, "project")
    assert [a.kind for a in root.artifacts if a.stale] == ["brief"]


@pytest.mark.parametrize(
    ("source", "told"), [(None, "has no source text"), ("Too short.", "has 10 of at least 100 characters")]
)
def test_what_is_missing_first_is_named(start: Start, source: str | None, told: str) -> None:
    engine = start()
    brief = {"title": "Salt", "language": "en", "style": LOOK}
    project = engine.wb.create_project(brief if source is None else {**brief, "source": source})
    with pytest.raises(GuardUnmet, match=told):
        engine.wb.submit("summarize_source", project)


def test_no_plan_begins_it_by_itself(start: Start) -> None:
    engine = start()
    project = engine.wb.create_project(samples.load("gift-of-the-magi.en"))
    assert "summarize_source" not in {job.workflow for job in engine.wb.plans.build(project).jobs}


@pytest.mark.parametrize("most", [120, 300, 2_000])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_summary_without_a_model_is_made_of_the_texts_own_sentences(language: str, most: int) -> None:
    text = chapter(9_000, language)
    told = summary.summarize(text, most)
    assert most // 3 < len(told) <= most
    own = set(summary.split_sentences(text))
    assert all(s in own or s.endswith("…") for s in summary.split_sentences(told))
    assert summary.summarize(text, most) == told


@pytest.mark.parametrize("text", ["a" * 9_000, "字" * 9_000, "“Go!” " * 900, "……" * 900 + "走", "x. " * 2_000])
def test_a_text_without_sentences_is_no_trouble(text: str) -> None:
    assert 0 < len(summary.summarize(text, 300)) <= 300
