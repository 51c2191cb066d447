"""Does a prompt in somebody's own words still fit the code that fills it in? Looked at, never run.

Only what a prompt needs is let through: printing data and numbers, `if`, `for`. What the shipped prompt always says of
the story may not get lost, and what it never had cannot be filled in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import TemplateSyntaxError, nodes
from jinja2.meta import find_undeclared_variables

from workbench import prompts
from workbench.errors import GuardUnmet, Issue
from workbench.i18n import N_, Text
from workbench.plain_text import storable
from workbench.prompts import SECTIONS, PromptFile
from workbench.prompts.printed import list_cases, names_in, prints_in

#: of both sections together, in characters
LONGEST = 100_000
#: in characters: Python reads and prints no number of thousands of digits
LONGEST_NUMBER = 15
#: a loop in a loop in a loop is a program, not a prompt
DEEPEST_LOOP = 2
_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Filter, nodes.Name, nodes.Const,
    nodes.Getattr, nodes.Getitem, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.CondExpr,
    nodes.Test, nodes.List, nodes.Tuple, nodes.Add, nodes.Sub,
)  # fmt: skip
_LABEL = re.compile(r'[^"<>\n]{1,80}')


@dataclass(frozen=True)
class Shape:
    """What a template does with its variables."""

    used: frozenset[str]
    #: used whatever the values are, not just printed where there is a value
    required: frozenset[str]
    #: printed as they are: numbers
    bare: frozenset[str]


def check(sections: Mapping[str, str], shipped: PromptFile) -> list[Issue]:
    """Everything that is wrong with a prompt's sections in the place of the shipped ones; `path` names the section."""
    issues = [Issue(name, Text(N_("This part is empty."))) for name in SECTIONS if not sections.get(name, "").strip()]
    if sum(map(len, sections.values())) > LONGEST:
        issues.append(Issue("user", Text(N_("A prompt has at most {n} characters."), n=LONGEST)))
    issues += [
        Issue(name, Text(N_("It holds characters that cannot be kept.")))
        for name in SECTIONS
        if storable(sections.get(name, "")) != sections.get(name, "")
    ]
    if issues:
        return issues
    try:
        found = _check_trees(sections, shipped)
        for text in () if found else sections.values():
            prompts.environment().from_string(text)
        return found
    except (RecursionError, SyntaxError, MemoryError):
        # Python takes no hundred levels of indentation, and no two hundred brackets
        return [Issue("user", Text(N_("It is nested too deeply.")))]
    except TemplateSyntaxError as error:
        return [Issue("user", _locate(error))]
    except Exception as error:
        return [Issue("user", Text(N_("It cannot be filled in: {problem}"), problem=str(error)[:300]))]


def _check_trees(sections: Mapping[str, str], shipped: PromptFile) -> list[Issue]:
    issues = []
    own = _shape(shipped.sections)
    trees = {}
    for name in SECTIONS:
        tree = _parse(sections[name])
        if isinstance(tree, Issue):
            issues.append(Issue(name, tree.message))
        else:
            trees[name] = tree
    if issues:
        return issues
    for name, tree in trees.items():
        issues += [Issue(name, sentence) for sentence in _refusals(tree, shipped.variables, own.bare)]
    used = frozenset().union(*(_walk(tree).used for tree in trees.values()))
    lost = own.required - shipped.optional - used
    issues += [
        Issue("user", Text(N_("{variable} is no longer in it: the answer needs it."), variable=variable))
        for variable in sorted(lost)
    ]
    needed = own.required - shipped.optional - lost
    cases = list_cases(_parse_all(shipped.sections), shipped.variables, needed)
    unsaid = {name for case in cases if not prints_in(trees.values(), case) for name in case.own}
    always = N_("{variable} is not always printed: an if or a for can leave it out, and the answer needs it.")
    issues += [Issue("user", Text(always, variable=variable)) for variable in sorted(unsaid)]
    return issues


def list_unused(sections: Mapping[str, str], shipped: PromptFile) -> list[str]:
    """Variables that the shipped prompt prints where there is a value, and these sections never."""
    own, new = _shape(shipped.sections), _shape(sections)
    return sorted(own.used - (own.required - shipped.optional) - new.used)


def find_required(shipped: PromptFile) -> frozenset[str]:
    """The variables that a prompt in other words has to print, too."""
    return _shape(shipped.sections).required - shipped.optional


def check_fit(file: PromptFile) -> None:
    """Raises GuardUnmet for an override that does not fit the shipped prompt of today any more."""
    if file.override is None:
        return
    issues = _issues_of(file.name, file.language, file.sections["system"], file.sections["user"])
    if issues:
        raise GuardUnmet(list(issues))


@lru_cache(maxsize=64)
def _issues_of(name: str, language: str, system: str, user: str) -> tuple[Issue, ...]:
    found = check({"system": system, "user": user}, prompts.find(name, language))
    return tuple(
        Issue(
            "prompt",
            Text(
                N_("The prompt {prompt} in your own words does not fit any more: {issue} Edit or reset it on Prompts."),
                prompt=f"{name}.{language}",
                issue=issue.message,
            ),
        )
        for issue in found
    )


def _parse(text: str) -> nodes.Template | Issue:
    try:
        line = _find_long_number(text)
        if line is not None:
            sentence = N_("Line {line}: a number has at most {n} digits.")
            return Issue("", Text(sentence, line=line, n=LONGEST_NUMBER))
        return prompts.environment().parse(text)
    except TemplateSyntaxError as error:
        return Issue("", _locate(error))


def _locate(error: TemplateSyntaxError) -> Text:
    return Text(N_("Line {line}: {problem}"), line=error.lineno, problem=str(error.message))


def _find_long_number(text: str) -> int | None:
    """The line of the first number that is too long or too large. Raises TemplateSyntaxError."""
    for line, kind, value in prompts.environment().lex(text):
        too_long = kind in ("integer", "float") and len(value) > LONGEST_NUMBER
        # 1e999
        if too_long or (kind == "float" and float(value) >= 10**LONGEST_NUMBER):
            return line
    return None


def _parse_all(sections: Mapping[str, str]) -> list[nodes.Template]:
    return [tree for text in sections.values() if isinstance(tree := _parse(text), nodes.Template)]


def _shape(sections: Mapping[str, str]) -> Shape:
    shapes = [_walk(tree) for tree in _parse_all(sections)]
    return Shape(*(frozenset().union(*(getattr(s, name) for s in shapes)) for name in ("used", "required", "bare")))


def _walk(tree: nodes.Template) -> Shape:
    used = _undeclared(tree)
    bare = frozenset(name for printed in _printed(tree) if not _is_data(printed) for name in names_in(printed))
    return Shape(used, frozenset(_required(tree.body, frozenset())) & used, bare & used)


def _undeclared(tree: nodes.Template) -> frozenset[str]:
    """The variables that a template takes from outside."""
    try:
        return frozenset(find_undeclared_variables(tree))
    except TemplateSyntaxError:
        return frozenset()  # of a filter or a test that there is not, which is refused by itself


def _required(body: Iterable[nodes.Node], guarded: frozenset[str]) -> Iterable[str]:
    """Names that are read other than inside an `if` about themselves."""
    for node in body:
        if isinstance(node, nodes.If):
            asked = frozenset(names_in(node.test))
            optional = not node.else_ and not node.elif_
            yield from () if optional else asked - guarded
            yield from _required(node.body, guarded | asked if optional else guarded)
            yield from _required([*node.elif_, *node.else_], guarded)
        elif isinstance(node, nodes.For):
            yield from frozenset(names_in(node.iter)) - guarded
            yield from _required([*node.body, *node.else_], guarded)
        else:
            yield from frozenset(names_in(node)) - guarded


def _printed(tree: nodes.Template) -> Iterable[nodes.Expr]:
    for output in tree.find_all(nodes.Output):
        yield from (child for child in output.nodes if not isinstance(child, nodes.TemplateData))


def _is_data(node: nodes.Expr) -> bool:
    return isinstance(node, nodes.Filter) and node.name == "data"


def _refusals(tree: nodes.Template, variables: frozenset[str], numbers: frozenset[str]) -> Iterable[Text]:
    """What a template must not do, each with its line."""
    environment = prompts.environment()
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, (*_ALLOWED, nodes.Keyword)):
            sentence = N_("Line {line}: a prompt can print data and numbers, and use if and for; nothing else.")
            yield Text(sentence, line=node.lineno)
        elif isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
            yield Text(N_("Line {line}: {name} cannot be reached."), line=node.lineno, name=node.attr)
        elif isinstance(node, nodes.Getitem) and not isinstance(node.arg, nodes.Const):
            yield Text(N_("Line {line}: [ ] takes a number or a name in quotes."), line=node.lineno)
        elif isinstance(node, nodes.Getitem) and str(node.arg.value).startswith("_"):  # type: ignore[attr-defined]
            name = str(node.arg.value)  # type: ignore[attr-defined]
            yield Text(N_("Line {line}: {name} cannot be reached."), line=node.lineno, name=name)
        elif isinstance(node, nodes.Filter) and not _is_known_filter(node):
            yield Text(N_('Line {line}: the filters are data("name") and length.'), line=node.lineno)
        elif isinstance(node, nodes.Test) and node.name not in environment.tests:
            yield Text(N_("Line {line}: there is no test {name}."), line=node.lineno, name=node.name)
        elif isinstance(node, nodes.For) and (node.recursive or not _is_path(node.iter)):
            yield Text(N_("Line {line}: for goes through a variable."), line=node.lineno)
        elif isinstance(node, nodes.For) and "loop" in names_in(node.target):
            yield Text(N_("Line {line}: a for counts in loop; it cannot take this name."), line=node.lineno)
    if _loop_depth(tree) > DEEPEST_LOOP:
        yield Text(N_("Loops stand in each other more than {n} deep."), n=DEEPEST_LOOP)
    for name in sorted(_undeclared(tree) - variables):
        known = ", ".join(sorted(variables))
        yield Text(N_("There is no variable {name}. This prompt has: {known}."), name=name, known=known)
    for printed in _printed(tree):
        if not _is_number(printed, numbers):
            line = printed.lineno
            yield Text(
                N_("Line {line}: story text is printed with {example}, never bare."), line=line, example=_EXAMPLE
            )


_EXAMPLE = '{{ name | data("name") }}'


def _is_known_filter(node: nodes.Filter) -> bool:
    if node.name == "length":
        return not node.args and not node.kwargs
    labels = [*node.args, *(k.value for k in node.kwargs)]
    named = all(isinstance(a, nodes.Const) and isinstance(a.value, str) and _LABEL.fullmatch(a.value) for a in labels)
    return node.name == "data" and len(labels) <= 1 and named and node.dyn_args is None and node.dyn_kwargs is None


def _is_path(node: nodes.Node) -> bool:
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        node = node.node
    return isinstance(node, nodes.Name)


def _is_number(node: nodes.Expr, numbers: frozenset[str]) -> bool:
    """Whether it may be printed as it is: data too, since that is delimited."""
    match node:
        case nodes.Filter():
            return True  # of an unknown one something has been said already
        case nodes.Const():
            return isinstance(node.value, int | float) and not isinstance(node.value, bool)
        case nodes.Name():
            return node.name in numbers
        case nodes.Getattr():
            own_count = ("index", "index0", "revindex", "revindex0", "length")
            return isinstance(node.node, nodes.Name) and node.node.name == "loop" and node.attr in own_count
        case nodes.Add() | nodes.Sub():
            return _is_number(node.left, numbers) and _is_number(node.right, numbers)
        case nodes.CondExpr():
            return _is_number(node.expr1, numbers) and node.expr2 is not None and _is_number(node.expr2, numbers)
    return False


def _loop_depth(node: nodes.Node) -> int:
    below = max((_loop_depth(child) for child in node.iter_child_nodes()), default=0)
    return below + isinstance(node, nodes.For)
