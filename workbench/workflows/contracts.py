"""What each prompt of a workflow asks an answer to look like, read from the workflow's own code.

The model that is handed to `ctx.generate` beside `ctx.prompt("variant")` is the contract; it is said once, there.
"""

from __future__ import annotations

import ast
import inspect
import sys
from functools import cache
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
    try:
        tree = ast.parse(inspect.getsource(module))
    except OSError:
        return {}  # without its source
    answers: dict[str | None, type[BaseModel]] = {}
    for function in ast.walk(tree):
        if not isinstance(function, ast.AsyncFunctionDef | ast.FunctionDef):
            continue
        calls = sorted(
            (c for c in ast.walk(function) if isinstance(c, ast.Call) and isinstance(c.func, ast.Attribute)),
            key=lambda c: (c.lineno, c.col_offset),
        )
        variants = [_variant(c) for c in calls if c.func.attr == "prompt"]  # type: ignore[attr-defined]
        models = [_schema(c, vars(module)) for c in calls if c.func.attr == "generate"]  # type: ignore[attr-defined]
        if len(variants) == len(models):
            answers |= {v: m for v, m in zip(variants, models, strict=True) if m is not None and v not in answers}
    return answers


def _variant(call: ast.Call) -> str | None:
    first = call.args[0] if call.args else None
    return str(first.value) if isinstance(first, ast.Constant) and first.value is not None else None


def _schema(call: ast.Call, names: dict[str, object]) -> type[BaseModel] | None:
    for keyword in call.keywords:
        if keyword.arg == "schema" and isinstance(keyword.value, ast.Name):
            model = names.get(keyword.value.id)
            return model if isinstance(model, type) and issubclass(model, BaseModel) else None
    return None
