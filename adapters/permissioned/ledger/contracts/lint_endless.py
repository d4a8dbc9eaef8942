"""Finds what may have no end: functions that call themselves, by whatever way round, as far as names in one file tell;
loops that lengthen what they go over.

How deep Python's stack may go, and how much memory there is, differ from node to node.
"""

import ast
from collections.abc import Iterator, Sequence

from adapters.permissioned.ledger.contracts.lint_rules import Found

_LENGTHENING = frozenset({"append", "extend", "insert"})


def find_lengthening(tree: ast.Module) -> Iterator[Found]:
    """Loops that make longer what they go over; of a dict Python itself says so."""
    for node in ast.walk(tree):
        if isinstance(node, ast.For):
            yield from _lengthened(node.iter, node.body)
        elif isinstance(node, ast.ListComp | ast.DictComp | ast.GeneratorExp):
            for each in node.generators:
                yield from _lengthened(each.iter, [node])


def _lengthened(over: ast.expr, within: Sequence[ast.AST]) -> Iterator[Found]:
    if not isinstance(over, ast.Name):
        return
    for node in (each for part in within for each in ast.walk(part)):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attribute)) if attribute in _LENGTHENING:
                is_longer = name == over.id
            case ast.AugAssign(target=ast.Name(id=name)):
                is_longer = name == over.id
            case _:
                is_longer = False
        if is_longer:
            text = f"a loop makes {over.id} longer while it goes over it: go over tuple({over.id})"
            yield "unbounded", text, over.lineno


def find_recursion(tree: ast.Module) -> Iterator[Found]:
    """Functions that reach themselves; a method's name has ``self.`` before it."""
    methods = {each for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for each in node.body}
    names: dict[ast.expr | ast.stmt, str] = {}
    for found in ast.walk(tree):
        match found:
            case ast.FunctionDef(name=name):
                names[found] = ("self." if found in methods else "") + name
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda() as function):
                names[function] = ("self." if found in methods else "") + name
            case ast.NamedExpr(target=ast.Name(id=name), value=ast.Lambda() as function):
                names[function] = name
            case _:
                pass
    calls: dict[str, list[str]] = {}
    for node, name in names.items():
        calls.setdefault(name, []).extend(_used(node))
    for node, name in names.items():
        if name in _reached(calls, name):
            yield "recursion", f"{name} calls itself, if not at once: how deep it may go differs", node.lineno


def _reached(calls: dict[str, list[str]], start: str) -> set[str]:
    """All names that a function uses, and what is used by these."""
    reached: set[str] = set()
    ahead = list(calls[start])
    while ahead:
        name = ahead.pop()
        if name not in reached:
            reached.add(name)
            ahead += calls.get(name, ())
    return reached


def _used(function: ast.AST) -> Iterator[str]:
    """The names that stand in a function; to name another function is to call it."""
    for node in ast.walk(function):
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                yield name
            case ast.Attribute(value=ast.Name(id="self"), attr=name):
                yield "self." + name
