"""A prompt in somebody's own words is looked at before it counts: variables, sandbox, size."""

from __future__ import annotations

import hashlib
import itertools
import re

import pytest

from workbench import prompts
from workbench.errors import ProgrammingError
from workbench.prompts import PromptFile
from workbench.prompts.checking import check, find_required, list_unused

SHIPPED = prompts.parse(
    """---
variables: [summary, genre, target, people, notes]
---
[system]
You plan.

[user]
{{ summary | data("summary") }}
{% if genre %}
{{ genre | data("genre") }}
{% endif %}
{% if target %}
Write {{ target }}.
{% else %}
As many as it carries.
{% endif %}
{% for person in people %}
{{ person.name | data("name") }}
{% endfor %}
{% if notes and genre %}
{{ notes | data("notes") }}
{% endif %}
""",
    "trial",
    "en",
)
USER = '{{ summary | data("s") }}{% if target %}{{ target }}{% endif %}{{ people | data("p") }}'


def issues(user: str, system: str = "You plan well.", file: PromptFile = SHIPPED) -> list[str]:
    return [f"{i.path}: {i.message}" for i in check({"system": system, "user": user}, file)]


def test_what_is_only_printed_where_there_is_a_value_may_be_left_out_and_is_told() -> None:
    assert find_required(SHIPPED) == {"summary", "target", "people"}
    assert issues(USER) == []
    assert list_unused({"system": "x", "user": USER}, SHIPPED) == ["genre", "notes"]


@pytest.mark.parametrize("file", prompts.all_files(), ids=lambda f: f.key)
def test_every_shipped_prompt_fits_itself_and_none_prints_more_bare_than_numbers(file: PromptFile) -> None:
    assert check(file.sections, file) == []
    assert list_unused(file.sections, file) == []


@pytest.mark.parametrize(
    ("user", "problem"),
    [
        pytest.param("", "This part is empty.", id="empty"),
        pytest.param("   \n ", "This part is empty.", id="blank"),
        pytest.param('{{ summary | data("s") }}{{ people | data("p") }}', "target is no longer in it", id="lost"),
        pytest.param(USER + "{% if person %}x{% endif %}", "There is no variable person.", id="unknown"),
        pytest.param(USER + '{{ sumary | data("s") }}', "There is no variable sumary.", id="misspelt"),
        pytest.param(USER + "{{ summary }}", "never bare", id="bare"),
        pytest.param(USER + "{{ summary + genre }}", "never bare", id="bare sum"),
        pytest.param(USER + '{{ "words" }}', "never bare", id="bare words"),
        pytest.param(USER + "{{ people[0].name }}", "never bare", id="bare field"),
        pytest.param(USER + "{% for p in people %}{{ p }}{% endfor %}", "never bare", id="bare loop variable"),
        pytest.param(USER + '{{ "a" if genre else target }}', "never bare", id="bare choice"),
        pytest.param(USER + "{{ summary | upper }}", "the filters are", id="filter"),
        pytest.param(USER + "{% if genre is splendid %}x{% endif %}", "there is no test splendid", id="test"),
        pytest.param(USER + "{{ summary | attr('__class__') | data }}", "the filters are", id="attr filter"),
        pytest.param(USER + "{{ summary | data(genre) }}", "the filters are", id="label of the story"),
        pytest.param(USER + "{{ summary | data('x\">') }}", "the filters are", id="label that ends the mark"),
        pytest.param(USER + '{{ summary.__class__ | data("x") }}', "__class__ cannot be reached", id="dunder"),
        pytest.param(USER + '{{ summary["__class__"] | data("x") }}', "__class__ cannot be reached", id="dunder item"),
        pytest.param(USER + '{{ people[target] | data("x") }}', "[ ] takes a number", id="computed item"),
        pytest.param(USER + '{{ summary.upper() | data("x") }}', "nothing else", id="call"),
        pytest.param(USER + "{% for i in range(9) %}{% endfor %}", "nothing else", id="range"),
        pytest.param(USER + "{{ summary * 99 | data }}", "nothing else", id="product"),
        pytest.param(USER + "{{ 9 ** 9 }}", "nothing else", id="power"),
        pytest.param(USER + '{% include "x" %}', "nothing else", id="include"),
        pytest.param(USER + '{% import "x" as y %}', "nothing else", id="import"),
        pytest.param(USER + '{% extends "x" %}', "nothing else", id="extends"),
        pytest.param(USER + "{% macro m() %}{% endmacro %}", "nothing else", id="macro"),
        pytest.param(USER + "{% set x = 1 %}", "nothing else", id="set"),
        pytest.param(USER + "{% set genre %}x{% endset %}", "nothing else", id="block set"),
        pytest.param(USER + "{% filter data %}x{% endfilter %}", "nothing else", id="filter block"),
        pytest.param(USER + "{% call x() %}{% endcall %}", "nothing else", id="call block"),
        pytest.param(USER + "{% raw %}x", "Line 1:", id="raw without end"),
        pytest.param(USER + "\n\n{% if genre %}", "Line 3:", id="if without end"),
        pytest.param(USER + "{{ summary | data(", "Line 1:", id="half an expression"),
        pytest.param(USER + "{% do x %}", "Line 1:", id="unknown tag"),
        pytest.param(USER + "{% for p in people recursive %}{% endfor %}", "for goes through", id="recursive"),
        pytest.param(USER + "{% for p in [1, 2] %}{% endfor %}", "for goes through", id="loop over words"),
        pytest.param(
            USER + "{% for a in people %}{% for b in a.x %}{% for c in b.x %}{% endfor %}{% endfor %}{% endfor %}",
            "more than 2 deep",
            id="deep loops",
        ),
        pytest.param(USER + "x" * 100_001, "at most 100000 characters", id="too long"),
        pytest.param(USER + "\n{{ " + "9" * 5000 + " }}", "Line 2: a number has at most 15 digits", id="long number"),
        pytest.param(USER + "\n{{ 0x" + "f" * 5000 + " }}", "Line 2: a number has at most 15", id="long in hex"),
        pytest.param(USER + "{% if genre %}{% if target > 1e999 %}x{% endif %}{% endif %}", "a number has", id="inf"),
        pytest.param(USER + "\n{% for loop in people %}{% endfor %}", "Line 2: a for counts", id="loop"),
        pytest.param(USER + "\x00", "cannot be kept", id="NUL"),
        pytest.param(USER + "\ud800", "cannot be kept", id="lone surrogate"),
    ],
)
def test_what_breaks_the_variables_or_the_sandbox_is_refused_with_its_reason(user: str, problem: str) -> None:
    assert any(problem in issue for issue in issues(user)), issues(user)


@pytest.mark.parametrize("words", ["{{ 123456789012345 }}", "{{ 1.5 }}", "{{ 10_000 - 0xff }}", "{{ 0b1 }}"])
def test_an_ordinary_number_may_be_printed(words: str) -> None:
    assert issues(USER + words) == []


def test_words_that_python_cannot_run_fail_like_any_other_prompt() -> None:
    words = "{% if n > 1e308 + 1e308 %}x{% endif %}"
    file = prompts.parse(f"---\nvariables: [n]\n---\n[system]\n{words}\n[user]\nx\n", "trial", "en")
    with pytest.raises(ProgrammingError, match=r"trial\.en"):
        prompts.fill(file, {"n": 2})


PRINTED = '{{ summary | data("s") }}{{ target }}{{ people | data("p") }}'


@pytest.mark.parametrize(
    "user",
    [
        "{% if false %}" + PRINTED + "{% endif %}Write what you like.",
        "{% if summary and target and people %}{% endif %}Write something.",
        "{% for p in people %}" + PRINTED.replace("people", "p") + "{% endfor %}",
        "{% if genre %}" + PRINTED + "{% endif %}",
        "{% if not summary %}" + PRINTED + "{% endif %}",
        "{% if summary and genre %}" + PRINTED + "{% endif %}",
        '{% if summary == "x" %}' + PRINTED + "{% endif %}",
        "{% if genre %}" + PRINTED + "{% elif notes %}" + PRINTED + "{% endif %}",
        "{% for n in notes %}{% else %}" + PRINTED + "{% endfor %}",
        "{% for summary in notes %}" + PRINTED + "{% endfor %}{{ target }}",
        '{% for p in people if p.lead %}{{ p | data("p") }}{% endfor %}{{ target }}{{ summary[0] | data("s") }}',
        '{% for p in people %}{{ loop.index }}{% if p.lead %}{{ p.name | data("p") }}{% endif %}{% endfor %}',
        '{{ people | length }}{% if people %}{{ people[0].name | data("p") }}{% endif %}'
        '{{ (summary if genre else notes) | data("s") }}',
        '{{ target if genre else 3 }}{{ (genre and summary) | data("s") }}{{ (genre or people) | data("s") }}',
        "{% for p in people %}{{ summary | data('s') }}{{ target }}{{ p.name | data('p') }}{% endfor %}",
        "{% if summary is defined and people is defined and target is defined %}{% endif %}",
    ],
)
def test_what_the_answer_needs_is_printed_whatever_a_story_has(user: str) -> None:
    told = issues(user)
    assert any("not always printed" in issue for issue in told), told
    left_out = set()
    for people, genre, notes in itertools.product(([], [{"name": "marked-2", "lead": ""}]), ("", "g"), ([], ["n"])):
        facts = {"summary": "marked-1", "target": 27182, "people": people, "genre": genre, "notes": notes}
        rendered = prompts.fill(_file(user), facts).user
        marks = ("marked-1", "27182", *(["marked-2"] if people else []))
        left_out |= {mark for mark in marks if mark not in rendered}
    assert left_out


@pytest.mark.parametrize(
    "user",
    [
        PRINTED,
        "{% if summary %}" + PRINTED + "{% endif %}{{ people | data('p') }}{% if target %}{{ target }}{% endif %}",
        "{% if genre %}" + PRINTED + "{% else %}" + PRINTED + "{% endif %}",
        "{% if genre %}" + PRINTED + "{% elif notes %}" + PRINTED + "{% else %}" + PRINTED + "{% endif %}",
        "{% if not (summary and genre and false) %}" + PRINTED + "{% endif %}",
        "{% if true %}" + PRINTED + "{% endif %}",
        '{% for p in people %}{{ p.name | data("p") }}{% if p.lead %} leads{% endif %}{% endfor %}{{ target + 1 - 1 }}'
        '{% if summary or genre %}{{ (summary or genre) | data("s") }}{% endif %}',
        '{% for p in people %}{{ p["name"] | data("p") }}{% else %}Nobody.{% endfor %}{{ target if target else 3 }}'
        '{{ [genre, summary] | data("s") }}',
        '{% if people | length %}{{ people | data("p") }}{% endif %}{{ target }}{{ (3 and summary) | data("s") }}',
    ],
)
def test_words_that_always_print_what_is_needed_may_be_put_in_any_way(user: str) -> None:
    file = _file(user)
    assert issues(user) == []
    for genre, notes in (("", ""), ("g", ""), ("", "n"), ("g", "n")):
        facts = {"summary": "marked-1", "target": 27182, "people": [{"name": "marked-2", "lead": ""}]}
        rendered = prompts.fill(file, {**facts, "genre": genre, "notes": notes}).user
        assert all(mark in rendered for mark in ("marked-1", "27182", "marked-2"))


def _file(user: str) -> PromptFile:
    """SHIPPED in other words."""
    return PromptFile("trial", "en", SHIPPED.variables, SHIPPED.optional, {"system": "x", "user": user}, "")


def _mark(value: str, number: bool) -> object:
    return int(hashlib.sha256(value.encode()).hexdigest()[:8], 16) if number else f"marked-{value}-"


@pytest.mark.parametrize("file", prompts.all_files(), ids=lambda f: f.key)
def test_every_shipped_prompt_prints_what_it_asks_others_to_print(file: PromptFile) -> None:
    needed = find_required(file) - STEERING.get(file.name, set())
    text = "".join(file.sections.values())
    numbers = {v for v in file.variables if re.search(r"\{\{ " + v + r" [}+-]", text)}
    for rest in (file.variables, frozenset[str]()):
        facts = {v: _mark(v, v in numbers) if v in needed | rest else "" for v in file.variables}
        if file.name == "planning/summarize_source":
            # the text itself, or notes that were made of it
            facts["notes"] = ""
        rendered = prompts.fill(file, facts)
        assert not [v for v in needed if str(facts[v]) not in rendered.system + rendered.user]


#: what a shipped prompt asks about and never prints
STEERING = {"storyboard/generate_storyboard_group": {"camera_mode"}}


def test_a_text_that_stands_in_for_another_is_printed_where_there_is_no_other() -> None:
    shipped = prompts.find("planning/summarize_source", "en")
    words = shipped.sections["user"]
    assert issues(words, file=shipped) == []
    assert issues(words.replace("{% else %}", "{% elif genre %}"), file=shipped) == [
        "user: text is not always printed: an if or a for can leave it out, and the answer needs it."
    ]
    assert issues(words.replace("{% if notes %}", "{% if genre %}"), file=shipped) != []
    assert issues(words + '{{ text | data("text") }}', file=shipped) == []


def test_nesting_without_end_is_refused_and_not_run() -> None:
    for deep in (60, 90, 150, 300, 900, 3000):
        for opening, middle, closing in (("{% if genre %}", "", "{% endif %}"), ("{{ ", "(" * deep + "1", ")" * deep)):
            times = deep if "if" in opening else 1
            words = USER + opening * times + middle + (closing * times + ("" if "if" in opening else " }}"))
            told = issues(words)
            assert "nested too deeply" in told[0] if told else prompts.environment().from_string(words)
    assert told


def test_every_issue_is_told_at_once_with_the_section_that_it_is_in() -> None:
    assert [line.split(":")[0] for line in issues("{{ what }} {% set x = 1 %}", "{{ that }}")] == [
        "system", "system", "user", "user", "user", "user", "user", "user",
    ]  # fmt: skip


def test_numbers_may_be_printed_as_they_are() -> None:
    assert issues(USER + "{{ target + 1 }}{{ people | length }}{{ 3 }}") == []
    assert issues(USER + "{% for p in people %}{{ loop.index }}{{ p.name | data('n') }}{% endfor %}") == []


def test_a_text_is_never_gone_through_letter_by_letter_and_a_prompt_has_an_end() -> None:
    facts = {"summary": "s" * 2000, "genre": "", "target": 1, "people": "many letters", "notes": ""}
    looping = prompts.parse(
        '---\nvariables: [people]\n---\n[system]\nx\n[user]\n{% for p in people %}{{ p | data("p") }}{% endfor %}',
        "t",
        "en",
    )
    with pytest.raises(ProgrammingError, match="letter by letter"):
        prompts.fill(looping, {"people": facts["people"]})
    with pytest.raises(ProgrammingError, match="longer than"):
        prompts.fill(looping, {"people": ["x" * 100_000] * 100})
