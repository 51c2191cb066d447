"""What callers of the client hand over, looked at before anything is done with it.

A value of another type, a number that is none, JSON without end: refused with InvalidInput, which names the argument.
What is typed is cleaned of what no database takes; a name with it is refused, since without it it would be another's,
and so is a story's content with a zero character. So nothing that a program, a page's address or a command line says
comes further in than here as an exception of somebody else's.
"""

from __future__ import annotations

import ast
import functools
import inspect
import math
import typing
from collections.abc import Callable
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar

from workbench.errors import InvalidInput, Issue
from workbench.i18n import N_, Text
from workbench.json_types import Json
from workbench.plain_text import storable

#: how many of something: in a list, in a diagram
Count: TypeAlias = int
#: of an artifact, or of several: a text in it is taken as it is, or refused
StoryContent: TypeAlias = Json
MOST = 100_000
#: as deep as nobody's brief is, and no library's limit
DEEPEST = 100
MOST_CHARS = 4_000_000
LARGEST = 2**63 - 1
#: bytes of one name in a path, on every file system
LONGEST_NAME = 255

C = TypeVar("C")
Check = Callable[[str, Any], Any]

_LISTS = ("list", "Iterable", "Sequence", "Collection", "builtins.list")


def check_arguments(resource: type[C]) -> type[C]:
    """Class decorator: the arguments of every public method are checked against its annotations.

    What an annotation does not tell (`Any`, a class) is checked for what JSON-like values in it hold.
    """
    for name, method in list(vars(resource).items()):
        if inspect.isfunction(method) and not name.startswith("_"):
            setattr(resource, name, _checked(method))
    return resource


def _checked(method: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(method)

    # read when it is first called: most commands call one method of hundreds
    @functools.cache
    def checks() -> dict[str, Check]:
        return {p.name: _check_of(p, method.__globals__) for p in list(signature.parameters.values())[1:]}

    @functools.wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        for name, check in checks().items():
            if name in bound.arguments:
                bound.arguments[name] = check(name, bound.arguments[name])
        return method(*bound.args, **bound.kwargs)

    return call


def _check_of(parameter: inspect.Parameter, names: dict[str, Any]) -> Check:
    annotation = str(parameter.annotation)
    if parameter.kind is not inspect.Parameter.VAR_KEYWORD:
        check = _read(annotation, names)
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            return lambda name, value: tuple(check(name, item) for item in value)
        return check
    fields: dict[str, Check] = {}
    if annotation.startswith("Unpack["):
        declared = names.get(annotation[7:-1])
        told = getattr(declared, "__annotations__", {})
        fields = {n: _read(getattr(a, "__forward_arg__", str(a)), names) for n, a in told.items()}
    return lambda _, value: {n: fields.get(n, _clean)(n, v) for n, v in value.items()}


def _read(annotation: str, names: dict[str, Any]) -> Check:
    """The check that an annotation asks for."""
    checks = [_read_one(node, names) for node in _alternatives(ast.parse(annotation, mode="eval").body)]
    known = [c for c in checks if c is not None]
    if len(known) < len(checks):
        return _clean

    def check(name: str, value: Any) -> Any:
        first: InvalidInput | None = None
        for one in known:
            try:
                return one(name, value)
            except InvalidInput as error:
                first = first or error
        assert first is not None
        raise first

    return check


def _alternatives(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [*_alternatives(node.left), *_alternatives(node.right)]
    return [node]


def _read_one(node: ast.expr, names: dict[str, Any]) -> Check | None:
    """None: nothing is known of such values."""
    word = ast.unparse(node)
    if word in _ATOMS:
        return _ATOMS[word]
    if isinstance(node, ast.Subscript):
        kind = ast.unparse(node.value)
        if kind == "Literal":
            return _one_of(ast.literal_eval(f"({ast.unparse(node.slice).strip('()')},)"))
        if kind in _LISTS:
            return _list_of(_read(ast.unparse(node.slice), names))
    declared = names.get(word)
    return _one_of(typing.get_args(declared)) if typing.get_origin(declared) is Literal else None


# -- the checks --------------------------------------------------------------------------------------------------------


def _whole(name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong(name, N_("a whole number is needed"))
    # larger ones are told to be no row's, or out of range, by whoever asks for them
    return int(value)


def _count(name: str, value: Any) -> int:
    number = _whole(name, value)
    if not 0 <= number <= MOST:
        raise _wrong(name, N_("a whole number from {low} to {high} is needed"), low=0, high=MOST)
    return number


def _number(name: str, value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not _is_finite(value):
        raise _wrong(name, N_("a number is needed"))
    return value


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _yes_or_no(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong(name, N_("true or false is needed"))
    return value


def _bytes(name: str, value: Any) -> bytes:
    if not isinstance(value, bytes | bytearray | memoryview):
        raise _wrong(name, N_("the bytes of a file are needed"))
    return bytes(value)


def _path(name: str, value: Any) -> Path:
    """Of a file on this machine."""
    if not isinstance(value, str | PathLike) or not isinstance(fspath(value), str):
        raise _wrong(name, N_("the path of a file is needed"))
    text = _text(name, fspath(value))
    if not text.strip() or any(len(part.encode()) > LONGEST_NAME for part in Path(text).parts):
        raise _wrong(name, N_("the path of a file is needed"))
    return Path(text)


def _callable(name: str, value: Any) -> Any:
    if not callable(value):
        raise _wrong(name, N_("a function is needed"))
    return value


def _nothing(name: str, value: Any) -> None:
    if value is not None:
        raise _wrong(name, N_("nothing is needed here"))


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong(name, N_("a text is needed"))
    if len(value) > MOST_CHARS:
        raise _wrong(name, N_("it has more than {most} characters"), most=MOST_CHARS)
    if storable(value) != value:
        raise _wrong(name, N_("it has a character that no text has"))
    return value


def _object(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(name, N_("an object with fields is needed"))
    cleaned: dict[str, Any] = _json(name, value)
    return cleaned


def _job_of_plan(name: str, value: Any) -> tuple[str, int]:
    """A workflow and a node id."""
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise _wrong(name, N_("a workflow and a node id are needed"))
    return _text(f"{name}.0", value[0]), _whole(f"{name}.1", value[1])


def _content(name: str, value: Any) -> Any:
    refuse_nul(name, value)
    return _json(name, value)


def refuse_nul(name: str, value: Any, depth: int = 0) -> None:
    """One database takes a zero character and the other does not; nobody means one. Raises InvalidInput."""
    if isinstance(value, str) and "\x00" in value:
        raise _wrong(name, N_("it has a zero character (NUL), which no text has; take it out"))
    if depth <= DEEPEST and isinstance(value, list | tuple | dict):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            refuse_nul(name, key, depth)
            refuse_nul(storable(f"{name}.{key}"), item, depth + 1)


def _one_of(options: tuple[Any, ...]) -> Check:
    def check(name: str, value: Any) -> Any:
        if not isinstance(value, str) or value not in options:
            raise _wrong(name, N_("it is one of {options}"), options=", ".join(map(str, options)))
        return value

    return check


def _list_of(check_item: Check) -> Check:
    def check(name: str, value: Any) -> list[Any]:
        if isinstance(value, str | bytes | dict):
            raise _wrong(name, N_("a list is needed"))
        try:
            items = iter(value)
        except TypeError:
            raise _wrong(name, N_("a list is needed")) from None
        return [check_item(f"{name}.{number}", item) for number, item in enumerate(items)]

    return check


def _json(name: str, value: Json, depth: int = 0) -> Json:
    """A value that JSON can hold, cleaned."""
    if depth > DEEPEST:
        raise _wrong(name, N_("it is nested more than {most} levels deep"), most=DEEPEST)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, int):
        if abs(value) > LARGEST:
            raise _wrong(name, N_("the number is too large"))
        return value
    if isinstance(value, float):
        return _number(name, value)
    if isinstance(value, list | tuple):
        return [_json(name, item, depth + 1) for item in value]
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise _wrong(name, N_("the names of its fields are texts"))
        return {storable(key): _json(name, item, depth + 1) for key, item in value.items()}
    raise _wrong(name, N_("it holds something that is neither text, number, list nor object"))


def _clean(name: str, value: Any) -> Any:
    """Of a type that is not known here: JSON-like values as above, objects of ours as they are."""
    return _json(name, value) if isinstance(value, str | int | float | list | tuple | dict) else value


_ATOMS: dict[str, Check] = {
    "int": _whole,
    "Count": _count,
    "float": _number,
    "bool": _yes_or_no,
    "bytes": _bytes,
    "str": _text,
    "None": _nothing,
    "Path": _path,
    "Progress": _callable,
    "JsonObject": _object,
    "Json": _json,
    # of story.plan
    "Key": _job_of_plan,
    "StoryContent": _content,
}


def _wrong(name: str, problem: str, **values: object) -> InvalidInput:
    text = Text(problem, **values)
    return InvalidInput(Text(N_("{argument}: {problem}"), argument=name, problem=text), [Issue(name, text)])
