"""Finds text that a page shows as Markdown or HTML though nobody knows what is in it.

Briefs, models, services and the receivers of webhooks write texts; in Markdown, one picture in such a text is a
request to somebody else's server. `workbench.ui.markup.plain` shows a text letter for letter, `safe` does so in HTML,
`in_chart` in Plotly.
This check follows each value that reaches Streamlit's Markdown through assignments, returns and calls of our own
functions back to where it comes from: a literal, `t(…)`, a number, `plain(…)`, or something unknown, which is named.

    python tools/foreign_text.py        exits 1 and lists what it found
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("workbench/ui", "pages")

#: what Streamlit renders as Markdown: the places of arguments, then their names
_LABEL: tuple[tuple[int, ...], tuple[str, ...]] = ((0,), ("label",))
_BODY: tuple[tuple[int, ...], tuple[str, ...]] = ((0,), ("body",))
_OPTIONS: tuple[tuple[int, ...], tuple[str, ...]] = ((0, 1), ("label", "options", "captions"))
MARKDOWN: Mapping[str, tuple[tuple[int, ...], tuple[str, ...]]] = {
    **dict.fromkeys(
        ("markdown", "caption", "title", "header", "subheader", "error", "warning", "info", "success", "toast"), _BODY
    ),
    **dict.fromkeys(
        (
            "button", "badge", "download_button", "form_submit_button", "link_button", "expander", "popover", "status",
            "checkbox", "toggle", "selectbox", "multiselect", "text_input", "text_area", "number_input", "slider",
            "date_input", "time_input", "datetime_input", "color_picker", "file_uploader", "audio_input",
            "camera_input", "chat_message",
        ),
        _LABEL,
    ),
    **dict.fromkeys(("radio", "pills", "segmented_control", "select_slider", "menu_button"), _OPTIONS),
    "write": (tuple(range(8)), ()),
    "write_stream": ((0,), ("stream",)),
    "latex": _BODY,
    "metric": ((0, 1, 2), ("label", "value", "delta")),
    "tabs": ((0,), ("tabs",)),
    "progress": ((1,), ("text",)),
    "spinner": ((0,), ("text",)),
    "dialog": ((0,), ("title",)),
    "page_link": ((1,), ("label",)),
    "image": ((1,), ("caption",)),
    "table": ((0,), ("data",)),
}  # fmt: skip
#: raw HTML
HTML: Mapping[str, tuple[tuple[int, ...], tuple[str, ...]]] = {"html": _BODY}
#: labels of Plotly, which knows bold and links
CHARTS: Mapping[str, tuple[tuple[int, ...], tuple[str, ...]]] = {
    **dict.fromkeys(("add_bar", "add_scatter"), ((), ("name", "text", "customdata", "hovertext", "hovertemplate"))),
    "add_annotation": ((), ("text",)),
    **dict.fromkeys(("update_xaxes", "update_yaxes"), ((), ("ticktext", "title", "tickprefix", "ticksuffix"))),
}
#: Markdown in whatever takes them
EVERYWHERE = ("help",)

#: functions whose answer shows nothing foreign as markup, whatever they are given
ESCAPES = {
    "markdown": {"plain", "paragraphs", "code", "urlencode"},
    "html": {"safe", "b64encode"},
    "chart": {"in_chart"},
}
COUNTS = {"len", "int", "float", "round", "sum", "abs", "bool", "ord", "hash"}
#: the interface's own sentences: the first argument is a key of the catalogue, the others are shown as they are
TRANSLATES = {"t", "translate", "N_", "Text"}
#: methods that only cut, join or case the text they belong to
KEEPS = {
    *("capitalize", "decode", "encode", "lower", "lstrip", "removeprefix", "removesuffix", "rsplit", "rstrip", "strip"),
    *("splitlines", "title", "upper"),
}
#: functions that hand on what they are given, in another order or shortened
PASSES = {
    *(
        "cast",
        "dict",
        "enumerate",
        "filter",
        "hide_keys",
        "iter",
        "list",
        "max",
        "min",
        "next",
        "replace",
        "reversed",
        "set",
    ),
    *("shorten", "sorted", "str", "tuple", "zip"),
}
#: attributes that hold numbers, or words and colours of our own code, in whatever has them
OWN = {
    *("attempt", "attempts", "calls", "changed", "claim", "colno", "count", "episodes", "from_version", "id", "index"),
    *("later", "lineno", "max_attempts", "n", "number", "of", "order", "percent", "position", "priority", "progress"),
    *("replay_of", "replayed", "same", "scenes", "shot", "stale", "to_version", "unpriced", "version"),
    *("__name__", "artifacts", "colour", "episode", "icon", "jobs", "keys", "mark", "scope", "word"),
}
#: … and how the names of numbers end
NUMBERS = ("_at", "_id", "_micros", "_ms", "_tokens")
#: functions that give numbers, our own tables or boxes to draw in
GIVES_OWN = {
    *("columns", "container", "Counter", "expander", "get_option", "index", "model_json_schema", "palette", "range"),
    *("read_text", "scopes", "variable", "whole_number"),
}
#: what a file calls the schema of a model of ours, and the places in it
SCHEMAS = {"workbench/ui/forms.py": {"declared", "inner", "merged", "path", "raw", "root", "schema"}}
#: the theme, and changes that `formats` has written
OWN_OBJECTS = {"colours", "delta"}
_NUMERIC_FORMAT = re.compile(r"[+-]?0?\d*[,_]?(\.\d+)?[dfge%n,]$")

Sinks = dict[str, tuple[tuple[int, ...], tuple[str, ...]]]


@dataclass(frozen=True)
class Finding:
    """A value that reaches Markdown or HTML though nobody knows what is in it."""

    path: str
    line: int
    sink: str
    value: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.sink} shows {self.value}"


@dataclass
class Function:
    """One of our own functions and what its values depend on."""

    module: Module
    node: ast.FunctionDef | ast.Lambda
    outer: Function | None
    #: name of a local → what was assigned to it
    values: dict[str, list[ast.expr]] = field(default_factory=dict)
    returns: list[ast.expr] = field(default_factory=list)

    @property
    def parameters(self) -> list[str]:
        given = self.node.args
        return [a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)]


@dataclass
class Module:
    path: str
    name: str
    #: a name in this file → the module of ours that it is, or the module and function
    imports: dict[str, str]
    functions: dict[str, Function]
    constants: dict[str, list[ast.expr]]
    calls: list[tuple[ast.Call, Function | None]]


class _Reader(ast.NodeVisitor):
    """Collects functions, assignments, returns and calls of one file."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.inside: list[Function] = []

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.module.imports[alias.asname or alias.name] = alias.name

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            self.module.imports[alias.asname or alias.name] = f"{node.module}.{alias.name}"

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for decorator in node.decorator_list:
            self.visit(decorator)
        function = Function(self.module, node, self.inside[-1] if self.inside else None)
        self.module.functions.setdefault(node.name, function)
        self.inside.append(function)
        for statement in node.body:
            self.visit(statement)
        self.inside.pop()

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is not None and self.inside:
            self.inside[-1].returns.append(node.value)
        self.generic_visit(node)

    def visit_Yield(self, node: ast.Yield) -> None:
        if node.value is not None and self.inside:
            self.inside[-1].returns.append(node.value)
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self._bind(target, node.value)
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._bind(node.target, node.value)
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._bind(node.target, node.value)
        self.generic_visit(node)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self._bind(node.target, node.value)
        self.generic_visit(node)

    def visit_For(self, node: ast.For) -> None:
        self._keep(_looped(node.target, node.iter))
        self.generic_visit(node)

    def visit_withitem(self, node: ast.withitem) -> None:
        if node.optional_vars is not None:
            self._bind(node.optional_vars, node.context_expr)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        self.module.calls.append((node, self.inside[-1] if self.inside else None))
        # what is put into a list belongs to what the list shows
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("append", "extend", "insert", "add"):
            for value in node.args:
                self._bind(node.func.value, value)
        self.generic_visit(node)

    def _bind(self, target: ast.expr, value: ast.expr) -> None:
        self._keep(_bound(target, value))

    def _keep(self, held: Iterable[tuple[str, ast.expr]]) -> None:
        names = self.inside[-1].values if self.inside else self.module.constants
        for name, value in held:
            names.setdefault(name, []).append(value)


def _bound(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """Each name that an assignment sets, and what it may then hold."""
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, (ast.Tuple, ast.List)):
        parts = value.elts if isinstance(value, (ast.Tuple, ast.List)) else []
        alike = len(parts) == len(target.elts)
        for place, each in enumerate(target.elts):
            yield from _bound(each, parts[place] if alike else value)
    elif isinstance(target, (ast.Starred, ast.Subscript)):
        yield from _bound(target.value, value)


def _looped(target: ast.expr, values: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """Each name that a loop sets, and what it may hold in any round."""
    if isinstance(values, (ast.Tuple, ast.List)):
        for value in values.elts:
            yield from _bound(target, value)
    elif _root(values) == "enumerate" and isinstance(target, ast.Tuple) and isinstance(values, ast.Call):
        yield from _bound(target.elts[0], ast.Constant(0))
        yield from _looped(target.elts[1], values.args[0])
    else:
        yield from _bound(target, values)


class Check:
    """Follows values through the files that it is given."""

    def __init__(self, files: Mapping[str, str]) -> None:
        """`files`: path → source."""
        self.modules: dict[str, Module] = {}
        for path, source in files.items():
            name = path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
            module = Module(path, name, {}, {}, {}, [])
            _Reader(module).visit(ast.parse(source))
            self.modules[name] = module

    def find(self) -> list[Finding]:
        return [*self._find("markdown", MARKDOWN), *self._find("html", HTML), *self._find("chart", CHARTS)]

    def _find(self, language: str, sinks: Mapping[str, tuple[tuple[int, ...], tuple[str, ...]]]) -> list[Finding]:
        """A function of ours that shows a parameter is a place like Streamlit's own: its callers are looked at."""
        shown: dict[int, set[str]] = {}
        known = -1
        findings: dict[Finding, None] = {}
        while known != sum(map(len, shown.values())):
            known = sum(map(len, shown.values()))
            findings = {}
            for module in self.modules.values():
                for call, function in module.calls:
                    for value in self._shown_by(call, module, function, language, sinks, shown):
                        for leaf in _Trace(self, language).leaves(value, module, function):
                            if leaf.parameter is not None:
                                shown.setdefault(id(leaf.parameter[0]), set()).add(leaf.parameter[1])
                            else:
                                sink = ast.unparse(call.func)
                                findings[Finding(leaf.path, leaf.line, sink, leaf.text)] = None
        return sorted(findings, key=lambda f: (f.path, f.line))

    def _shown_by(
        self,
        call: ast.Call,
        module: Module,
        function: Function | None,
        language: str,
        sinks: Mapping[str, tuple[tuple[int, ...], tuple[str, ...]]],
        shown: dict[int, set[str]],
    ) -> Iterator[ast.expr]:
        """The arguments of a call that end in Markdown or HTML."""
        ours = self.called(call.func, module, function)
        if ours is not None:
            yield from (v for name, v in arguments(call, ours) if name in shown.get(id(ours), ()))
        elif isinstance(call.func, ast.Attribute) and call.func.attr in sinks:
            if module.imports.get(_root(call.func), "").startswith(("workbench", "plotly", "re", "pandas")):
                return
            if isinstance(call.func.value, ast.Constant):
                return
            places, names = sinks[call.func.attr]
            yield from (a for place, a in enumerate(call.args) if place in places)
            yield from (k.value for k in call.keywords if k.arg in names)
            if "options" in names and (how := next((k.value for k in call.keywords if k.arg == "format_func"), None)):
                yield how
        if ours is None and language == "markdown":
            yield from (k.value for k in call.keywords if k.arg in EVERYWHERE)

    def called(self, func: ast.expr, module: Module, inside: Function | None) -> Function | None:
        """The function of ours that is called; None: somebody else's."""
        if isinstance(func, ast.Name):
            target = module.imports.get(func.id)
            if target is None:
                return module.functions.get(func.id)
        elif isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name):
            target = module.imports.get(func.value.id)
            if target is None:
                return None
            target = f"{target}.{func.attr}"
        else:
            return None
        where, _, name = target.rpartition(".")
        return self.modules[where].functions.get(name) if where in self.modules else None


@dataclass(frozen=True)
class Leaf:
    """Where a value comes from that nothing is known of: somewhere in a file, or a parameter."""

    path: str
    line: int
    text: str
    parameter: tuple[Function, str] | None = field(default=None, hash=False, compare=False)


class _Trace:
    def __init__(self, check: Check, language: str) -> None:
        self.check = check
        self.escapes = ESCAPES[language]
        self.seen: set[tuple[int, int]] = set()
        #: the names of the comprehensions and lambdas around a value
        self.inner: list[dict[str, list[ast.expr]]] = []

    def leaves(self, value: ast.expr, module: Module, function: Function | None) -> Iterator[Leaf]:
        """What a value may consist of that is neither our own text, a number, nor escaped."""
        if (id(value), id(function)) in self.seen:
            return
        self.seen.add((id(value), id(function)))
        match value:
            case ast.Constant() | ast.Compare() | ast.UnaryOp():
                return
            case ast.JoinedStr(values=parts):
                yield from self.all(parts, module, function)
            case ast.FormattedValue(value=inner, format_spec=spec):
                if not (isinstance(spec, ast.JoinedStr) and _NUMERIC_FORMAT.match(_literal(spec))):
                    yield from self.leaves(inner, module, function)
            case ast.BoolOp(values=parts) | ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
                yield from self.all(parts, module, function)
            case ast.IfExp(body=one, orelse=other):
                yield from self.all([one, other], module, function)
            case ast.BinOp(op=ast.Add() | ast.Mod(), left=one, right=other):
                yield from self.all([one, other], module, function)
            case ast.BinOp(left=one, op=ast.Mult()):
                yield from self.leaves(one, module, function)
            case ast.BinOp():
                return
            case ast.Starred(value=inner) | ast.NamedExpr(value=inner) | ast.Subscript(value=inner):
                yield from self.leaves(inner, module, function)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                inner = value.value if isinstance(value, ast.DictComp) else value.elt
                bound: dict[str, list[ast.expr]] = {}
                for loop in value.generators:
                    for name, each in _looped(loop.target, loop.iter):
                        bound.setdefault(name, []).append(each)
                yield from self.within(bound, inner, module, function)
            case ast.Dict(values=parts):
                yield from self.all(parts, module, function)
            case ast.Lambda(args=given, body=inner):
                # what a widget hands to its lambda is looked at where the widget gets it
                yield from self.within({a.arg: [] for a in given.args}, inner, module, function)
            case ast.Name(id=name):
                yield from self.name(value, name, module, function)
            case ast.Attribute(attr=name, value=owner):
                yield from self.attribute(value, name, owner, module, function)
            case ast.Call():
                yield from self.call(value, module, function)
            case _:
                yield self.leaf(value, module)

    def within(
        self, bound: dict[str, list[ast.expr]], value: ast.expr, module: Module, function: Function | None
    ) -> Iterator[Leaf]:
        self.inner.append(bound)
        yield from self.leaves(value, module, function)
        self.inner.pop()

    def all(self, values: Iterable[ast.expr], module: Module, function: Function | None) -> Iterator[Leaf]:
        for value in values:
            yield from self.leaves(value, module, function)

    def leaf(self, value: ast.expr, module: Module) -> Leaf:
        return Leaf(module.path, value.lineno, ast.unparse(value))

    def name(self, value: ast.expr, name: str, module: Module, function: Function | None) -> Iterator[Leaf]:
        if name in SCHEMAS.get(module.path, ()):
            return
        for depth, bound in reversed(list(enumerate(self.inner))):
            if name in bound:
                # what a loop goes over was said outside of it
                kept, self.inner = self.inner, self.inner[:depth]
                yield from self.all(bound[name], module, function)
                self.inner = kept
                return
        inside = function
        while inside is not None:
            if name in inside.values:
                yield from self.all(inside.values[name], module, inside)
                if name not in inside.parameters:
                    return
            if name in inside.parameters:
                yield Leaf(module.path, value.lineno, name, (inside, name))
                return
            inside = inside.outer
        if name in module.constants:
            yield from self.all(module.constants[name], module, None)
        elif (target := module.imports.get(name)) is not None:
            yield from self.imported(value, target, module)
        elif (ours := module.functions.get(name)) is not None:
            yield from self.answers(ours)
        else:
            yield self.leaf(value, module)

    def imported(self, value: ast.expr, target: str, module: Module) -> Iterator[Leaf]:
        where, _, name = target.rpartition(".")
        other = self.check.modules.get(where)
        if other is not None and name in other.constants:
            yield from self.all(other.constants[name], other, None)
        elif other is not None and name in other.functions:
            yield from self.answers(other.functions[name])
        elif not name.isupper():
            # a table of the engine, such as KINDS, is our own text
            yield self.leaf(value, module)

    def attribute(
        self, value: ast.expr, name: str, owner: ast.expr, module: Module, function: Function | None
    ) -> Iterator[Leaf]:
        if (
            name in OWN
            or name.endswith(NUMBERS)
            or name.isupper()
            or name == "__getitem__"
            or _root(value) in OWN_OBJECTS
        ):
            return
        if isinstance(owner, ast.Name) and (target := module.imports.get(owner.id)) in self.check.modules:
            yield from self.imported(value, f"{target}.{name}", module)
            return
        yield self.leaf(value, module)

    def call(self, call: ast.Call, module: Module, function: Function | None) -> Iterator[Leaf]:
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        given = [*call.args, *(k.value for k in call.keywords)]
        ours = self.check.called(call.func, module, function)
        if name in self.escapes or name in COUNTS or name in GIVES_OWN:
            return
        if name in TRANSLATES:
            yield from self.sentence(call, module, function)
        elif isinstance(call.func, ast.Attribute) and name == "join":
            yield from self.all([call.func.value, *call.args], module, function)
        elif isinstance(call.func, ast.Attribute) and name == "format":
            yield from self.all([call.func.value, *given], module, function)
        elif isinstance(call.func, ast.Attribute) and name in KEEPS and ours is None:
            yield from self.leaves(call.func.value, module, function)
        elif isinstance(call.func, ast.Attribute) and name in ("replace", "split", "get", "items", "values", "keys"):
            yield from self.all([call.func.value, *given[1:]], module, function)
        elif name in PASSES:
            yield from self.all(given, module, function)
        elif module.imports.get(_root(call.func), "") == "workbench.ui.formats" or _root(call.func) in OWN_OBJECTS:
            return
        elif ours is not None:
            for leaf in list(self.answers(ours)):
                if leaf.parameter is not None and leaf.parameter[0] is ours:
                    for parameter, argument in arguments(call, ours):
                        if parameter == leaf.parameter[1]:
                            yield from self.leaves(argument, module, function)
                else:
                    yield leaf
        else:
            yield self.leaf(call, module)

    def sentence(self, call: ast.Call, module: Module, function: Function | None) -> Iterator[Leaf]:
        """A sentence of the interface: its key is ours, its values are looked at."""
        key, *_ = call.args or [ast.Constant("")]
        # titles, remedies and hints are declared in code, and a key that comes from a table is in the catalogue
        declared = isinstance(key, ast.Attribute) and key.attr in ("title", "remedy", "hint", "label", "form")
        if not declared:
            yield from self.leaves(key, module, function)
        yield from self.all([k.value for k in call.keywords], module, function)

    def answers(self, function: Function) -> Iterator[Leaf]:
        yield from self.all(function.returns, function.module, function)


def arguments(call: ast.Call, function: Function) -> Iterator[tuple[str, ast.expr]]:
    """The arguments of a call by the names of the parameters."""
    given = function.node.args
    places = [a.arg for a in (*given.posonlyargs, *given.args)]
    for place, value in enumerate(call.args):
        if place < len(places):
            yield places[place], value
    yield from ((k.arg, k.value) for k in call.keywords if k.arg is not None)
    named = {k.arg for k in call.keywords} | set(places[: len(call.args)])
    defaults = [*zip(reversed(places), reversed(given.defaults), strict=False)]
    yield from ((name, value) for name, value in defaults if name not in named)


def _root(func: ast.expr) -> str:
    while isinstance(func, (ast.Attribute, ast.Call, ast.Subscript)):
        func = func.func if isinstance(func, ast.Call) else func.value
    return func.id if isinstance(func, ast.Name) else ""


def _literal(spec: ast.JoinedStr) -> str:
    return "".join(str(p.value) for p in spec.values if isinstance(p, ast.Constant))


def sources(root: Path = ROOT) -> dict[str, str]:
    return {
        str(path.relative_to(root)): path.read_text(encoding="utf-8")
        for folder in SOURCES
        for path in sorted((root / folder).rglob("*.py"))
    }


def main() -> int:
    findings = Check(sources()).find()
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
