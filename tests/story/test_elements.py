"""Characters and world elements: what is told of them, which scenes have them, portraits and colours."""

from __future__ import annotations

from typing import Any

import pytest

from workbench.sketch import coat_colour, draw_portrait
from workbench.story.elements import Scene, select_scenes
from workbench.workflows import briefing


def scene(number: int, cast: tuple[str, ...], told: str = "") -> Scene:
    return Scene(number, 1, number, "beat", cast, told)


class Clips:
    """Remembers what was cut."""

    def __init__(self) -> None:
        self.cut: list[tuple[str, int, int]] = []

    def report_shortened(self, what: str, kept: int, of: int) -> None:
        self.cut.append((what, kept, of))


class Library:
    def __init__(self, *characters: dict[str, Any]) -> None:
        self._characters = list(characters)

    def characters(self) -> list[dict[str, Any]]:
        return self._characters


def test_a_model_is_told_of_looks_manner_and_past_in_600_characters() -> None:
    clips = Clips()
    library: Any = Library(
        {"name": "Mara", "description": "the keeper", "appearance": "oilskin", "personality": "", "background": "sea"},
        {"name": "Fen", "appearance": "x" * 500, "background": "y" * 500},
        {"name": "Nobody"},
    )
    mara, fen, nobody = briefing.cast_facts(clips, library)
    assert mara["description"] == "the keeper\noilskin\nsea"
    assert len(fen["description"]) == briefing.CHARACTER_CHARS
    assert nobody["description"] == ""
    assert clips.cut == [("Fen", briefing.CHARACTER_CHARS, 1_001)]


def test_a_character_is_in_the_scenes_whose_cast_names_it_under_any_name() -> None:
    scenes = [scene(1, ("the Keeper",)), scene(2, ("Fen",)), scene(3, ("mara ",), "Fen is talked about")]
    mara = {"name": "Mara", "aliases": ["The keeper"]}
    assert [s.node_id for s in select_scenes(scenes, mara, "character")] == [1, 3]
    assert [s.node_id for s in select_scenes(scenes, {"name": "Fen"}, "character")] == [2]


def test_a_world_element_is_where_a_scene_speaks_of_it() -> None:
    scenes = [scene(1, (), "the lamp room at night"), scene(2, ("The lamp",), "a harbour")]
    assert [s.node_id for s in select_scenes(scenes, {"name": "The lamp"}, "world_element")] == [1]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_portrait_is_the_same_each_time_and_another_for_another_place_in_the_cast(language: str) -> None:
    cast = ["Mara", "Fen", "Ilse"]
    style = {"preset": "ink_wash", "prompt": ""}
    first = draw_portrait("Mara", cast, "old woman", style, language)
    assert first == draw_portrait("Mara", cast, "old woman", style, language)
    assert first != draw_portrait("Mara", cast[1:] + cast[:1], "old woman", style, language)
    assert first.startswith("<svg")
    assert coat_colour("Mara", cast) in first
    assert len({coat_colour(name, cast) for name in cast}) == 3
