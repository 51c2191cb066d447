from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, Field, RootModel

from tests.scripted_provider import example
from workbench.artifacts import models
from workbench.providers.schemas import strict_schema


class Inner(BaseModel):
    """A part."""

    size: int = Field(3, ge=1, le=9)
    note: str | None = None


class Whole(BaseModel):
    name: str = Field("x", min_length=2, max_length=20, description="What it is called", examples=["a"], pattern="^a")
    parts: list[Inner] = Field(default_factory=list, max_length=4)
    first: Inner = Field(default_factory=Inner, description="The first part")


class Tree(BaseModel):
    label: str
    branches: list[Tree]


def objects(schema: Any) -> list[dict[str, Any]]:
    found = [schema] if isinstance(schema, dict) and schema.get("type") == "object" else []
    children = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    return found + [o for child in children for o in objects(child)]


def test_every_object_is_closed_and_every_property_required() -> None:
    strict = strict_schema(Whole.model_json_schema())

    assert strict is not None
    assert len(objects(strict)) == 2
    for one in objects(strict):
        assert one["additionalProperties"] is False
        assert one["required"] == list(one["properties"])


def test_refused_keywords_go_and_lengths_are_told_in_words() -> None:
    strict = strict_schema(Whole.model_json_schema())

    assert strict is not None
    assert strict["properties"]["name"] == {"type": "string", "description": "What it is called. 2 to 20 characters."}
    assert strict["properties"]["first"] == {"$ref": "#/$defs/Inner"}
    assert strict["properties"]["parts"]["maxItems"] == 4


def test_a_model_that_contains_itself_gets_an_object_at_its_root() -> None:
    strict = strict_schema(Tree.model_json_schema())

    assert strict is not None
    assert strict["type"] == "object"
    assert strict["properties"]["branches"]["items"] == {"$ref": "#/$defs/Tree"}


class Free(BaseModel):
    values: dict[str, int]


class Pair(BaseModel):
    both: tuple[int, str]


class Anything(BaseModel):
    it: Any


@pytest.mark.parametrize("model", [Free, Pair, Anything, RootModel[list[int]]])
def test_what_strict_mode_cannot_say_has_no_strict_form(model: type[BaseModel]) -> None:
    assert strict_schema(model.model_json_schema()) is None


@pytest.mark.parametrize("model", [models.EpisodePlan, models.SceneList, models.CoreExpression, models.SceneAnchor])
def test_the_storys_own_schemas_have_a_strict_form(model: type[BaseModel]) -> None:
    assert strict_schema(model.model_json_schema()) is not None


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("model", [models.EpisodePlan, models.SceneList, models.SceneAnchor])
def test_the_scripted_provider_answers_any_schema_validly(model: type[BaseModel], strict: bool) -> None:
    schema = model.model_json_schema()
    schema = (strict_schema(schema) or {}) if strict else schema

    model.model_validate(example(schema))
