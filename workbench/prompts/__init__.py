"""Prompt files: one readable file per prompt and language, rendered with declared variables alone.

A file begins with ``---\\nvariables: [title, summary]\\noptional: [script]\\n---`` and holds a ``[system]`` and a
``[user]`` section, each opened by its name alone on a line. What is optional is false where a story has none of it.
Story text enters only through ``{{ title | data("title") }}``: a bare ``{{ title }}`` is refused, so a brief can
never speak as the prompt. The output contract is not in the file.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from jinja2 import StrictUndefined, Template, TemplateError, Undefined
from jinja2.sandbox import SandboxedEnvironment

from workbench.errors import NotFound, ProgrammingError
from workbench.i18n import Text

FOLDER = Path(__file__).parent
SECTIONS = ("system", "user")

_FRONT_MATTER = re.compile(r"\A---\n(?P<meta>.*?)\n---\n", re.DOTALL)
_SECTION = re.compile(r"^\[(system|user)\]\s*$", re.MULTILINE)
#: anything that reads like our own delimiter, however it is spaced or cased
_DELIMITER = re.compile(r"<(?=\s*/?\s*data\b)", re.IGNORECASE)


class Delimited(str):
    """Story text already wrapped as data; the only strings a template may print."""


@dataclass(frozen=True)
class Prompt:
    """A rendered prompt. `facts` are the values it was made from; `version` changes when the file does."""

    name: str
    language: str
    system: str
    user: str
    version: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class PromptFile:
    name: str
    language: str
    #: every name that it may use
    variables: frozenset[str]
    #: those of them that may be missing: what a story may not have yet
    optional: frozenset[str]
    sections: Mapping[str, str]
    version: str


def name_for(module: str, variant: str | None = None) -> str:
    """``workbench.workflows.scene.generate_scene_anchor`` → ``scene/generate_scene_anchor``, plus ``.variant``."""
    path = module.removeprefix("workbench.workflows.").replace(".", "/")
    return f"{path}.{variant}" if variant else path


def render(name: str, language: str, facts: Mapping[str, Any]) -> Prompt:
    """Fill the prompt `name` in `language`; facts must be the declared variables, optional ones where there are any."""
    file = find(name, language)
    missing, unknown = file.variables - file.optional - facts.keys(), facts.keys() - file.variables
    if missing or unknown:
        raise ProgrammingError(_mismatch(file, missing, unknown))
    values = {**dict.fromkeys(file.optional, ""), **facts}
    try:
        sections = {part: _template(body).render(values).strip() for part, body in file.sections.items()}
    except TemplateError as error:
        raise ProgrammingError(f"prompt {name}.{language}: {error}") from error
    return Prompt(name, language, sections["system"], sections["user"], file.version, dict(facts))


def keep_to(prompt: Prompt, by_hand: Any) -> Prompt:
    """The prompt with what a person has written by hand, for the model to keep to."""
    added = render("keep_to", prompt.language, {"edited": by_hand})
    return replace(prompt, system=f"{prompt.system}\n\n{added.system}", user=f"{prompt.user}\n\n{added.user}")


def ask_for_traditional(prompt: Prompt) -> Prompt:
    """The prompt for a story that is written in traditional Chinese."""
    return replace(
        prompt, system=f"{prompt.system}\n這個故事用繁體中文寫成：所有中文內容一律使用繁體字，名字照原樣寫。"
    )


@functools.cache
def find(name: str, language: str) -> PromptFile:
    """Read one prompt file; raises NotFound when there is none and ProgrammingError when it is malformed."""
    path = FOLDER / f"{name}.{language}.md"
    if not path.is_file():
        raise NotFound(Text("There is no prompt {name} in language {language}.", name=name, language=language))
    return parse(path.read_text(encoding="utf-8"), name, language)


def all_files() -> list[PromptFile]:
    """Every prompt that exists, by name and language."""
    files = []
    for path in sorted(FOLDER.rglob("*.md")):
        name, _, language = path.relative_to(FOLDER).as_posix().removesuffix(".md").rpartition(".")
        files.append(find(name, language))
    return files


def parse(text: str, name: str, language: str) -> PromptFile:
    """Split a prompt file into its declared variables and its two sections."""
    head = _FRONT_MATTER.match(text)
    if head is None:
        raise ProgrammingError(f"prompt {name}.{language} has no front matter")
    declared = yaml.safe_load(head["meta"]) or {}
    optional = frozenset(declared.get("optional") or ())
    variables = frozenset(declared.get("variables") or ()) | optional
    # Sections are cut before rendering: a line "[user]" inside story text opens nothing.
    pieces = _SECTION.split(text[head.end() :])
    sections = dict(zip(pieces[1::2], pieces[2::2], strict=True))
    if pieces[0].strip() or set(sections) != set(SECTIONS):
        raise ProgrammingError(f"prompt {name}.{language} must hold exactly the sections [system] and [user]")
    version = hashlib.sha256(text.encode()).hexdigest()[:12]
    return PromptFile(name, language, variables, optional, sections, version)


def as_data(value: Any, name: str = "data") -> Delimited:
    """Wrap story text (or JSON, for lists and dicts) so that nothing inside it can end the block."""
    if isinstance(value, Undefined):
        str(value)  # raises with the variable's name
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
    return Delimited(f'<data name="{name}">\n{_DELIMITER.sub("‹", text)}\n</data>')


def _mismatch(file: PromptFile, missing: set[str] | frozenset[str], unknown: set[str] | frozenset[str]) -> str:
    parts = [f"missing {', '.join(sorted(missing))}"] if missing else []
    parts += [f"not declared {', '.join(sorted(unknown))}"] if unknown else []
    return f"prompt {file.name}.{file.language}: {'; '.join(parts)}"


def _printable(value: Any) -> Any:
    # Called for every {{ … }}: only delimited data and numbers may be printed.
    if isinstance(value, Undefined):
        return value  # StrictUndefined raises with the variable's name when printed
    if isinstance(value, Delimited | int | float):
        return value
    raise ProgrammingError(f'print story text with | data("name"), not bare: {str(value)[:60]!r}')


@functools.lru_cache(maxsize=256)
def _template(body: str) -> Template:
    return _environment().from_string(body)


@functools.cache
def _environment() -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        undefined=StrictUndefined, finalize=_printable, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters = {"data": as_data, "length": len}
    environment.globals = {}
    return environment
