"""A creator's brief as a file or a form has it: the brief itself, characters and world elements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from workbench.artifacts.models import Brief, Character, Style, WorldElement
from workbench.errors import InvalidInput, Issue, all_of
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.story import languages
from workbench.story.names import fold
from workbench.validation import issues_of, message_of

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


class BriefFile(Brief):
    """Everything a new project needs. Unknown fields are refused by name."""

    model_config = ConfigDict(extra="forbid")

    characters: list[Character] = Field(default_factory=list, max_length=200, title=N_("Characters"))
    world: list[WorldElement] = Field(default_factory=list, max_length=200, title=N_("World"))

    #: what its creator should know of how it was read
    _remarks: list[Text] = PrivateAttr(default_factory=list)

    @property
    def remarks(self) -> list[Text]:
        return self._remarks

    def brief(self) -> JsonObject:
        """The content of the `brief` artifact."""
        return self.model_dump(mode="json", exclude={"characters", "world"})


def parse(raw: Any) -> BriefFile:
    """Validate a brief; raises InvalidInput with one issue per field, unknown ones included."""
    if not isinstance(raw, dict):
        raise InvalidInput(Text(N_("A brief is a mapping of fields; this is a {type}."), type=type(raw).__name__))
    if "style" in raw and isinstance(raw["style"], str):
        raw = {**raw, "style": {"preset": "custom", "prompt": raw["style"]}}
    raw, language_remark = languages.complete(raw)
    try:
        brief = BriefFile.model_validate(raw)
    except ValidationError as error:
        issues = issues_of(error, _message)
        raise InvalidInput(all_of(issues), issues) from None
    issues = _find_repeats(brief.characters, "characters") + _find_repeats(brief.world, "world")
    if issues:
        raise InvalidInput(all_of(issues), issues)
    brief._remarks += [language_remark] if language_remark else []
    return brief


def _find_repeats(elements: Sequence[Character | WorldElement], where: str) -> list[Issue]:
    seen: set[str] = set()
    issues = []
    for number, element in enumerate(elements):
        folded = fold(element.name)
        if folded in seen:
            issues.append(Issue(f"{where}.{number}.name", Text(N_("{name} is there twice"), name=element.name)))
        seen.add(folded)
    return issues


def _message(detail: ErrorDetails) -> Text:
    if detail["type"] == "extra_forbidden":
        known = ", ".join(_fields_at(detail["loc"][:-1]))
        return Text(N_("is not a field of a brief; known: {known}"), known=known)
    return message_of(detail)


def _fields_at(path: tuple[Any, ...]) -> list[str]:
    inside: dict[str, type[BaseModel]] = {"characters": Character, "world": WorldElement, "style": Style}
    return list(inside.get(str(path[0]), BriefFile).model_fields if path else BriefFile.model_fields)
