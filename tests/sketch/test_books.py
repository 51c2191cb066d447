"""The books are plain files that a writer edits: what is wrong in one is named by file and key."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import get_args

import pytest

from workbench.artifacts.storyboard import Expression, Stance
from workbench.sketch import books
from workbench.sketch.books.loading import FOLDER, read_book
from workbench.sketch.books.models import Book, Motions, Phrases, Places

ROOT = Path(__file__).parents[2]
LANGUAGES = ("zh", "en")


def changed(tmp_path: Path, name: str, before: str, after: str) -> Path:
    """A copy of a book with one text changed."""
    text = (FOLDER / name).read_text("utf-8")
    assert before in text
    path = tmp_path / Path(name).name
    path.write_text(text.replace(before, after, 1), "utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "model", "before", "after", "key", "problem"),
    [
        ("en/phrases.toml", Phrases, "{a} arrives early", "{who} arrives early", "openings.0", "nothing fills {who}"),
        ("en/phrases.toml", Phrases, "{a} arrives early", "{a arrives early", "openings.0", "expected '}'"),
        ("zh/phrases.toml", Phrases, "somebody = ", "somebodi = ", "somebody", "Field required"),
        ("zh/phrases.toml", Phrases, "somebody = ", "somebodi = ", "somebodi", "Extra inputs"),
        ("en/phrases.toml", Phrases, "turn = [", "tern = [", "arc.tern", "'opening', 'development', 'turn'"),
        ("motions.toml", Motions, "kneeling = {", "# kneeling = {", "to_stance", "has nothing for kneeling"),
        ("motions.toml", Motions, 'zh = "{a}', 'cn = "{a}', "stays.0.0.zh", "Field required"),
        ("en/places.toml", Places, "word = ", "words = ", "words.0.word", "Field required"),
    ],
)
def test_a_mistake_is_named_by_file_and_key(
    tmp_path: Path, name: str, model: type[Book], before: str, after: str, key: str, problem: str
) -> None:
    path = changed(tmp_path, name, before, after)

    with pytest.raises(books.BookError) as caught:
        read_book(path, model)

    assert str(path) in str(caught.value)
    assert key in str(caught.value)
    assert problem in str(caught.value)


def test_what_is_no_toml_is_named_with_its_line(tmp_path: Path) -> None:
    path = changed(tmp_path, "en/phrases.toml", 'stop = "."', "stop = .")

    with pytest.raises(books.BookError, match=r"phrases\.toml: .*line \d+"):
        read_book(path, Phrases)


def test_a_pattern_that_cannot_be_compiled_is_named(tmp_path: Path) -> None:
    path = changed(tmp_path, "en/lines.toml", "words = 'ghost|", "words = '(ghost|")

    with pytest.raises(books.BookError, match=r"topics\.0\.words.*no valid pattern"):
        read_book(path, books.Lines)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_place_is_a_kind_of_set(language: str) -> None:
    book = books.places(language)
    kinds = {p.kind for p in (*book.words, *book.defaults, *book.near.inside, *book.near.outside)}

    assert kinds <= set(books.sets().kinds)


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_languages_have_words_for_every_stance_and_face(language: str) -> None:
    book = books.poses(language)

    assert set(book.actions) == set(get_args(Stance))
    assert set(book.faces) == set(get_args(Expression))
    assert all(book.actions.values())
    assert all(book.faces.values())


def test_the_books_are_package_data() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["package-data"]["*"]

    assert "*.toml" in declared
    assert (ROOT / "workbench" / "sketch" / "books" / "__init__.py").exists()
    assert len(list(FOLDER.rglob("*.toml"))) == 17
