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
from workbench.i18n import LANGUAGES, Text
from workbench.json_types import JsonObject

FOLDER = Path(__file__).parent
SECTIONS = ("system", "user")
#: of a section that is filled in
MOST_CHARS = 4_000_000
#: added to any prompt whose artifact a person has written or edited
KEEP_TO = "keep_to"

_FRONT_MATTER = re.compile(r"\A---\n(?P<meta>.*?)\n---\n", re.DOTALL)
_SECTION = re.compile(r"^\[(system|user)\]\s*$", re.MULTILINE)
#: anything that reads like our own delimiter, however it is spaced or cased
_DELIMITER = re.compile(r"<(?=\s*/?\s*data\b)", re.IGNORECASE)


class Delimited(str):
    """Story text already wrapped as data; the only strings a template may print."""


@dataclass(frozen=True)
class Prompt:
    """A rendered prompt. `facts` are the values it was made from; `version` changes when its text does.

    `by_hand`: what a person has written and the model is to keep to. `traditional`: asked for in traditional Chinese.
    """

    name: str
    language: str
    system: str
    user: str
    version: str
    facts: Mapping[str, Any]
    by_hand: Any = None
    traditional: bool = False

    @property
    def key(self) -> str:
        """``planning/plan_episodes.en``"""
        return f"{self.name}.{self.language}"

    @property
    def template(self) -> JsonObject:
        """What `refill` makes this prompt from again, in these words or in others."""
        more = {"by_hand": self.by_hand, "traditional": self.traditional or None}
        return {"variables": dict(self.facts), **{name: value for name, value in more.items() if value is not None}}


@dataclass(frozen=True)
class PromptFile:
    """A prompt before it is filled in: as shipped, or with `override` as somebody has written it anew."""

    name: str
    language: str
    #: every name that it may use
    variables: frozenset[str]
    #: those of them that may be missing: what a story may not have yet
    optional: frozenset[str]
    sections: Mapping[str, str]
    version: str
    #: the row of the text that stands in the place of the shipped one
    override: int | None = None

    @property
    def key(self) -> str:
        return f"{self.name}.{self.language}"


def name_for(module: str, variant: str | None = None) -> str:
    """``workbench.workflows.scene.generate_scene_anchor`` → ``scene/generate_scene_anchor``, plus ``.variant``."""
    path = module.removeprefix("workbench.workflows.").replace(".", "/")
    return f"{path}.{variant}" if variant else path


def render(name: str, language: str, facts: Mapping[str, Any]) -> Prompt:
    """Fill the shipped prompt `name` in `language`; facts must be the declared variables, optional ones
    where there are any."""
    return fill(find(name, language), facts)


def fill(file: PromptFile, facts: Mapping[str, Any]) -> Prompt:
    """The same for any prompt. Raises ProgrammingError when facts and variables differ, or its words fail."""
    name, language = file.name, file.language
    missing, unknown = file.variables - file.optional - facts.keys(), facts.keys() - file.variables
    if missing or unknown:
        raise ProgrammingError(_mismatch(file, missing, unknown))
    values = {**dict.fromkeys(file.optional, ""), **facts}
    try:
        sections = {part: _render(body, values) for part, body in file.sections.items()}
    except ProgrammingError:
        raise
    except Exception as error:
        # whatever words can bring about: they are a person's
        raise ProgrammingError(f"prompt {name}.{language}: {error}") from error
    return Prompt(name, language, sections["system"], sections["user"], file.version, dict(facts))


def refill(file: PromptFile, template: Mapping[str, Any], keep_to_file: PromptFile | None = None) -> Prompt:
    """A prompt of the past in the words of `file`: with the values, and all that was added, of then."""
    prompt = fill(file, template["variables"])
    if template.get("traditional"):
        prompt = ask_for_traditional(prompt)
    by_hand = template.get("by_hand")
    return prompt if by_hand is None else keep_to(prompt, by_hand, keep_to_file)


def keep_to(prompt: Prompt, by_hand: Any, file: PromptFile | None = None) -> Prompt:
    """The prompt with what a person has written by hand, for the model to keep to; in the words of `file`."""
    added = fill(file or find(KEEP_TO, prompt.language), {"edited": by_hand})
    return replace(
        prompt,
        system=f"{prompt.system}\n\n{added.system}",
        user=f"{prompt.user}\n\n{added.user}",
        by_hand=by_hand,
    )


def ask_for_traditional(prompt: Prompt) -> Prompt:
    """The prompt for a story that is written in traditional Chinese."""
    return replace(
        prompt,
        system=f"{prompt.system}\n這個故事用繁體中文寫成：所有中文內容一律使用繁體字，名字照原樣寫。",
        traditional=True,
    )


#: package, as its prompts' names begin (``house/flows``) → where it keeps its prompts
_folders: dict[str, Path] = {}


@functools.cache
def find(name: str, language: str) -> PromptFile:
    """Read one prompt file; raises NotFound when there is none and ProgrammingError when it is malformed."""
    path = next((path for path in _list_paths(name, language) if path.is_file()), None)
    if ".." in name or path is None:
        raise NotFound(Text("There is no prompt {name} in language {language}.", name=name, language=language))
    return parse(path.read_text(encoding="utf-8"), name, language)


def _list_paths(name: str, language: str) -> list[Path]:
    """Where a prompt may stand: Reelwright's own comes first, and a package within another before that."""
    packages = sorted((package for package in _folders if name.startswith(f"{package}/")), key=len, reverse=True)
    inside = [_folders[package] / f"{name.removeprefix(f'{package}/')}.{language}.md" for package in packages]
    return [FOLDER / f"{name}.{language}.md", *inside]


def all_files() -> list[PromptFile]:
    """Every prompt that exists, by name and language."""
    folders = (("", FOLDER), *_folders.items())
    keys = [(name, language) for folder in folders for name, language, _ in _list_places(*folder)]
    return [find(*key) for key in dict.fromkeys(keys)]


def _list_places(package: str, folder: Path) -> list[tuple[str, str, Path]]:
    """(name, language, path) of each prompt in a folder; what else is there, such as a README, is none."""
    places = []
    for path in sorted(folder.rglob("*.md")):
        name, _, language = path.relative_to(folder).as_posix().removesuffix(".md").rpartition(".")
        if name and language in LANGUAGES and path.is_file():
            places.append((f"{package}/{name}" if package else name, language, path))
    return places


def read_folder(package: str, folder: Path) -> list[PromptFile]:
    """The prompts of another package, which need not be added. Raises ProgrammingError for one that cannot be used."""
    files = []
    for name, language, path in _list_places(package, folder):
        try:
            file = parse(path.read_text(encoding="utf-8"), name, language)
            for text in file.sections.values():
                _template(text)
        except (TemplateError, ValueError, SyntaxError) as error:
            raise ProgrammingError(f"prompt {name}.{language}: {error}") from error
        files.append(file)
    return files


def add_folder(package: str, folder: Path) -> None:
    """Where another package keeps its prompts: what it calls ``house_workflows/write_tagline`` is
    ``write_tagline.en.md`` there."""
    _folders[package] = folder


def parse(text: str, name: str, language: str) -> PromptFile:
    """Split a prompt file into its declared variables and its two sections."""
    head = _FRONT_MATTER.match(text)
    if head is None:
        raise ProgrammingError(f"prompt {name}.{language} has no front matter")
    declared = _read_names(head["meta"], f"{name}.{language}")
    optional = frozenset(declared["optional"])
    variables = frozenset(declared["variables"]) | optional
    # Sections are cut before rendering: a line "[user]" inside story text opens nothing.
    pieces = _SECTION.split(text[head.end() :])
    sections = dict(zip(pieces[1::2], pieces[2::2], strict=True))
    if pieces[0].strip() or set(sections) != set(SECTIONS):
        raise ProgrammingError(f"prompt {name}.{language} must hold exactly the sections [system] and [user]")
    version = hashlib.sha256(text.encode()).hexdigest()[:12]
    return PromptFile(name, language, variables, optional, sections, version)


def _read_names(meta: str, key: str) -> dict[str, list[str]]:
    """The lists of names in a front matter."""
    try:
        declared = yaml.safe_load(meta) or {}
    except yaml.YAMLError as error:
        raise ProgrammingError(f"the front matter of prompt {key} cannot be read: {error}") from error
    if not isinstance(declared, dict):
        raise ProgrammingError(f"the front matter of prompt {key} must read as variables: [first, second]")
    lists = {field: declared.get(field) or [] for field in ("variables", "optional")}
    for field, names in lists.items():
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ProgrammingError(f"{field} of prompt {key} must be a list of names, such as [title, summary]")
    return lists


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


class _Words(str):
    """Story text in a template: whole, never letter by letter."""

    def __iter__(self) -> Any:
        raise ProgrammingError("a prompt cannot go through a text letter by letter")


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return _Words(value)
    if isinstance(value, dict):
        return {name: _whole(part) for name, part in value.items()}
    return [_whole(part) for part in value] if isinstance(value, list | tuple) else value


def _render(body: str, facts: dict[str, Any]) -> str:
    pieces, length = [], 0
    for piece in _template(body).generate(_whole(facts)):
        pieces.append(piece)
        length += len(piece)
        if length > MOST_CHARS:
            raise ProgrammingError(f"a prompt is longer than {MOST_CHARS} characters")
    return "".join(pieces).strip()


@functools.lru_cache(maxsize=256)
def _template(body: str) -> Template:
    return environment().from_string(body)


@functools.cache
def environment() -> SandboxedEnvironment:
    """What templates run in: no globals, two filters, nothing printed but data and numbers."""
    environment = SandboxedEnvironment(
        undefined=StrictUndefined, finalize=_printable, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters = {"data": as_data, "length": len}
    environment.globals = {}
    return environment
