"""What each prompt of a workflow asks an answer to look like, read from the workflow's own code.

The model that is handed to `ctx.generate` beside `ctx.prompt("variant")` is the contract; it is said once, there.
"""

from __future__ import annotations

import ast
import inspect
import sys
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING

from pydantic import BaseModel

if TYPE_CHECKING:
    from workbench.workflows.registry import Workflow


def find_answer(declared: Workflow, variant: str | None) -> type[BaseModel] | None:
    """The model of the answers to a prompt; None where the code does not say it in one place."""
    return _answers(declared.run.__module__).get(variant)


@cache
def _answers(module_name: str) -> dict[str | None, type[BaseModel]]:
    module = sys.modules[module_name]
    # a long workflow has parts of it in modules beside it
    beside = [m for m in vars(module).values() if inspect.ismodule(m) and m.__package__ == module.__package__]
    answers: dict[str | None, type[BaseModel]] = {}
    for one in (module, *beside):
        answers = {**_answers_in(one), **answers}
    return answers


def _answers_in(module: ModuleType) -> dict[str | None, type[BaseModel]]:
    try:
        tree = ast.parse(inspect.getsource(module))
    except OSError:
        return {}  # without its source
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.AsyncFunctionDef | ast.FunctionDef)]
    answers: dict[str | None, type[BaseModel]] = {}
    # what one function asks for and reads, then what is only asked for in one and read in another
    for node in (*functions, tree):
        answers = {**_pair_up(node, vars(module)), **answers}
    return answers


def _pair_up(node: ast.AST, names: dict[str, object]) -> dict[str | None, type[BaseModel]]:
    """Variant → model where a function asks and reads as often, or reads everything with the same model."""
    calls = sorted(
        (c for c in ast.walk(node) if isinstance(c, ast.Call) and isinstance(c.func, ast.Attribute)),
        key=lambda c: (c.lineno, c.col_offset),
    )
    variants = [_variant(c) for c in calls if c.func.attr == "prompt"]  # type: ignore[attr-defined]
    read = [_schema(c, names) for c in calls if c.func.attr == "generate"]  # type: ignore[attr-defined]
    models = [model for model in read if model is not None]
    if len(models) == len(variants):
        return dict(zip(variants, models, strict=True))
    return dict.fromkeys(variants, models[0]) if len(set(models)) == 1 else {}


def _variant(call: ast.Call) -> str | None:
    first = call.args[0] if call.args else None
    return str(first.value) if isinstance(first, ast.Constant) and first.value is not None else None


def _schema(call: ast.Call, names: dict[str, object]) -> type[BaseModel] | None:
    for keyword in call.keywords:
        if keyword.arg == "schema" and isinstance(keyword.value, ast.Name):
            model = names.get(keyword.value.id)
            return model if isinstance(model, type) and issubclass(model, BaseModel) else None
    return None
