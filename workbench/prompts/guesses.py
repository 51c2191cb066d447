"""What a prompt in somebody's own words asks of its values that nobody has seen: what a variable holds is known from
calls of the past alone, and where there is none, words that take one apart may fail every job."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from jinja2 import nodes

from workbench.errors import Issue
from workbench.i18n import N_, Text
from workbench.prompts import SECTIONS, PromptFile, environment
from workbench.prompts.printed import names_in

#: tests that take any value
_ANY_VALUE = frozenset((
    "defined", "undefined", "none", "string", "number", "integer", "float", "boolean", "true", "false", "mapping",
    "sequence", "iterable",
))  # fmt: skip
#: what a loop counts by itself
COUNTS = frozenset(("index", "index0", "revindex", "revindex0", "length"))
_LOOP = COUNTS | {"first", "last"}


def list_guesses(sections: Mapping[str, str], shipped: PromptFile) -> list[Issue]:
    """Each place that takes a value apart, counts or compares it otherwise than the shipped words do; `sections` have
    passed the other checks."""
    trees = [environment().parse(text) for text in shipped.sections.values()]
    known = [_asked_of(node) for tree in trees for node in tree.find_all((nodes.Expr, nodes.For))]
    numbers = {node.name for tree in trees for node in _printed_always(tree) if isinstance(node, nodes.Name)}
    sentence = N_(
        "Line {line}: nobody knows yet whether {variable} can be used so. Print it whole, {example}, until this"
        " prompt has been used once."
    )
    issues = []
    for section in SECTIONS:
        for node in environment().parse(sections[section]).find_all(nodes.Node):
            asked = _asked_of(node)
            if asked in known or not _is_guess(node, numbers - shipped.optional):
                continue
            names = ", ".join(name for name in dict.fromkeys(names_in(asked)) if name) or "?"
            example = f'{{{{ {names.partition(", ")[0]} | data("name") }}}}'
            issue = Issue(section, Text(sentence, line=node.lineno, variable=names, example=example))
            if issue not in issues:
                issues.append(issue)
    return issues


def _printed_always(tree: nodes.Template) -> Iterable[nodes.Node]:
    return (node for output in tree.body if isinstance(output, nodes.Output) for node in output.nodes)


def _asked_of(node: nodes.Node) -> nodes.Node:
    """What is asked of values, whatever follows from it: of a loop, that there is something to go through."""
    return nodes.For(nodes.Name("", "store"), node.iter, [], [], None, False) if isinstance(node, nodes.For) else node


def _is_guess(node: nodes.Node, numbers: Iterable[str]) -> bool:
    match node:
        case nodes.Getattr():
            return not _is_of_loop(node, _LOOP)
        case nodes.Getitem() | nodes.For():
            return True
        case nodes.Compare():
            return not _can_be_compared(node, numbers)
        case nodes.Add() | nodes.Sub():
            return not (_is_number(node.left, numbers) and _is_number(node.right, numbers))
        case nodes.Test():
            return node.name not in _ANY_VALUE
        case nodes.Filter(name="length"):
            return node.node is not None and _is_number(node.node, numbers)
    return False


def _can_be_compared(node: nodes.Compare, numbers: Iterable[str]) -> bool:
    left = node.expr
    for operand in node.ops:
        if operand.op in ("in", "notin"):
            fits = isinstance(operand.expr, nodes.List | nodes.Tuple)
        else:
            fits = operand.op in ("eq", "ne") or (_is_number(left, numbers) and _is_number(operand.expr, numbers))
        if not fits:
            return False
        left = operand.expr
    return True


def _is_number(node: nodes.Node, numbers: Iterable[str]) -> bool:
    match node:
        case nodes.Const():
            return isinstance(node.value, int | float)
        case nodes.Name():
            return node.name in numbers
        case nodes.Filter():
            return node.name == "length"
        case nodes.Getattr():
            return _is_of_loop(node, COUNTS)
        case nodes.Add() | nodes.Sub():
            return _is_number(node.left, numbers) and _is_number(node.right, numbers)
    return False


def _is_of_loop(node: nodes.Getattr, attributes: Iterable[str]) -> bool:
    return isinstance(node.node, nodes.Name) and node.node.name == "loop" and node.attr in attributes
