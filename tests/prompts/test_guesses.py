"""Where no call shows what a variable holds, words do with it what any value bears, or what the shipped ones do."""

from __future__ import annotations

import pytest

from workbench import prompts
from workbench.i18n import translate
from workbench.prompts import PromptFile
from workbench.prompts.guesses import list_guesses

SHIPPED = prompts.parse(
    """---
variables: [title, count, people]
optional: [script]
---
[system]
You plan.

[user]
{{ title | data("title") }}
Write {{ count }}.
{% if people %}{{ people | data("people") }}{% endif %}
{% if script %}{{ script | data("script") }}{% endif %}
""",
    "trial",
    "en",
)
LOOPS = prompts.parse(
    """---
variables: [people]
---
[system]
You plan.

[user]
{% for person in people %}{{ person.name | data("name") }}{% endfor %}
""",
    "loops",
    "en",
)


def told(user: str, file: PromptFile = SHIPPED, language: str = "en") -> list[str]:
    sections = {"system": "You plan.", "user": user}
    return [f"{i.path}: {translate(i.message, language)}" for i in list_guesses(sections, file)]


@pytest.mark.parametrize(
    ("words", "variable"),
    [
        ('{{ title.nothing | data("n") }}', "title"),
        ('{{ title["x"] | data("n") }}', "title"),
        ('{{ people[0] | data("n") }}', "people"),
        ("{{ title[3].x | length }}", "title"),
        ("{% if title > 3 %}a{% endif %}", "title"),
        ("{% if count < title %}a{% endif %}", "count, title"),
        ("{% if 1 in people %}a{% endif %}", "people"),
        ("{% if title - 3 %}a{% endif %}", "title"),
        ("{% if title + people %}a{% endif %}", "title, people"),
        ("{% for a in title %}b{% endfor %}", "title"),
        ("{% for a in title.x.y %}b{% endfor %}", "title"),
        ("{% for a in people if a.lead %}b{% endfor %}", "people"),
        ("{% if title is divisibleby(2) %}a{% endif %}", "title"),
        ("{{ count | length }}", "count"),
        ("{% if script.x %}a{% endif %}", "script"),
    ],
)
def test_what_a_value_may_not_bear_is_refused_with_line_and_variable(words: str, variable: str) -> None:
    user = f"Plan.\n{words}"
    [first, *_] = told(user)
    assert first.startswith(f"user: Line 2: nobody knows yet whether {variable} can be used so.")
    [first, *_] = told(user, language="zh")
    assert first.startswith("user: 第 2 行：")
    assert variable in first


@pytest.mark.parametrize(
    "words",
    [
        '{{ title | data("t") }}{{ people | length }}{{ script | data("s") }}',
        "{% if people and not script %}a{% elif title or count %}b{% endif %}",
        "{% if count > 3 and count + 1 < people | length %}a{% endif %}",
        '{% if title == "x" or title != people or title in ["x", "y"] %}a{% endif %}',
        "{% if title is defined and people is string %}a{% endif %}",
        '{{ (title if people else script) | data("t") }}{{ count + 1 }}',
    ],
)
def test_what_any_value_bears_is_let_through(words: str) -> None:
    assert told(words) == []
    values: list[object] = ["", "words", [], ["a"], {}, {"a": 1}]
    for title in values:
        for people in values:
            sections = {"system": "x", "user": words}
            file = PromptFile("trial", "en", SHIPPED.variables, SHIPPED.optional, sections, "x")
            prompts.fill(file, {"title": title, "people": people, "count": 3})


def test_what_the_shipped_words_do_may_be_done() -> None:
    assert told("{% for person in people %}{{ loop.index }} {{ person.name | data('n') }}{% endfor %}", LOOPS) == []
    assert told("{% for person in people %}{{ person.surname | data('n') }}{% endfor %}", LOOPS) != []


@pytest.mark.parametrize("file", prompts.all_files(), ids=lambda f: f.key)
def test_no_shipped_prompt_is_a_guess(file: PromptFile) -> None:
    assert list_guesses(file.sections, file) == []
