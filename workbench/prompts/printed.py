"""What a prompt prints whichever way its conditions and loops go: followed in its syntax tree, never rendered."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from jinja2 import nodes


@dataclass(frozen=True)
class Case:
    """What is known of a story: `own` has a value – a variable, and what loops take from it –, `empty` has none.
    Everything else may be either."""

    own: frozenset[str]
    empty: frozenset[str] = frozenset()


def list_cases(trees: Collection[nodes.Template], variables: Collection[str], needed: Collection[str]) -> list[Case]:
    """When a prompt prints what is needed: as soon as it has a value, or where another has none, too."""
    cases: list[Case] = []
    for variable in sorted(needed):
        always = Case(frozenset((variable,)))
        others = [replace(always, empty=frozenset((other,))) for other in sorted({*variables} - always.own)]
        cases += [always] if prints_in(trees, always) else [case for case in others if prints_in(trees, case)]
    return cases


def prints_in(trees: Collection[nodes.Template], case: Case) -> bool:
    return any(_prints(tree.body, case) for tree in trees)


def _prints(body: Iterable[nodes.Node], case: Case) -> bool:
    """Whether every way through prints what the case is about."""
    return any(_node_prints(node, case) for node in body)


def _node_prints(node: nodes.Node, case: Case) -> bool:
    match node:
        case nodes.Output():
            return any(_shows(printed, case) for printed in node.nodes)
        case nodes.If():
            return all(_prints(body, case) for body in _ways(node, case))
        case nodes.For():
            return _loop_prints(node, case)
    return False


def _loop_prints(node: nodes.For, case: Case) -> bool:
    taken = frozenset(names_in(node.target))
    inside = Case(case.own - taken, case.empty - taken)
    if node.test is None and _shows(node.iter, case):
        return _prints(node.body, replace(inside, own=inside.own | taken))
    if not _prints(node.else_, case):
        return False
    return _truth(node.iter, case) is False or _prints(node.body, inside)


def _ways(node: nodes.If, case: Case) -> Iterable[list[nodes.Node]]:
    """The bodies of which one is run."""
    for asked in (node, *node.elif_):
        truth = _truth(asked.test, case)
        if truth is not False:
            yield asked.body
        if truth:
            return
    yield node.else_


def _truth(test: nodes.Node, case: Case) -> bool | None:
    """What a condition comes to; None: that depends on what is not known."""
    match test:
        case nodes.Const():
            return bool(test.value)
        case nodes.Name():
            return True if test.name in case.own else False if test.name in case.empty else None
        case nodes.Filter(name="length"):
            return None if test.node is None else _truth(test.node, case)
        case nodes.Not():
            truth = _truth(test.node, case)
            return None if truth is None else not truth
        case nodes.And() | nodes.Or():
            # the value of one side that decides alone
            decisive = isinstance(test, nodes.Or)
            sides = [_truth(side, case) for side in (test.left, test.right)]
            return decisive if decisive in sides else None if None in sides else not decisive
    return None


def _shows(value: nodes.Node, case: Case) -> bool:
    """Whether what is printed, or gone through, is what the case is about, or a field of it."""
    match value:
        case nodes.Name():
            return value.name in case.own
        case nodes.Getattr() | nodes.Filter(name="data"):
            return value.node is not None and _shows(value.node, case)
        case nodes.Getitem():
            # one of many is not all of them
            return isinstance(getattr(value.arg, "value", None), str) and _shows(value.node, case)
        case nodes.Add() | nodes.Sub():
            return _shows(value.left, case) or _shows(value.right, case)
        case nodes.List() | nodes.Tuple():
            return any(_shows(item, case) for item in value.items)
        case nodes.CondExpr() | nodes.And() | nodes.Or():
            return all(_shows(way, case) for way in _values(value, case))
    return False


def _values(value: nodes.CondExpr | nodes.And | nodes.Or, case: Case) -> Iterable[nodes.Node]:
    """The expressions of which one is the value."""
    match value:
        case nodes.CondExpr():
            test, chosen, other = value.test, value.expr1, value.expr2 or nodes.Const("")
        case nodes.And():
            test, chosen, other = value.left, value.right, value.left
        case nodes.Or():
            test, chosen, other = value.left, value.left, value.right
    truth = _truth(test, case)
    if truth is not False:
        yield chosen
    if truth is not True:
        yield other


def names_in(node: nodes.Node) -> Iterable[str]:
    own = [node] if isinstance(node, nodes.Name) else []
    return [name.name for name in (*own, *node.find_all(nodes.Name))]
