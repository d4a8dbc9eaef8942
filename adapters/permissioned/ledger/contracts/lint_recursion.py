"""Finds functions that call themselves, by whatever way round, as far as names in one file tell.

How deep Python's stack may go differs from node to node.
"""

import ast
from collections.abc import Iterator


def find_recursion(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Name and line of each function that reaches itself; a method's name has ``self.`` before it."""
    methods = {each for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for each in node.body}
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    names = {node: ("self." if node in methods else "") + node.name for node in functions}
    calls: dict[str, list[str]] = {}
    for node in functions:
        calls.setdefault(names[node], []).extend(_used(node))
    for node in functions:
        if names[node] in _reached(calls, names[node]):
            yield names[node], node.lineno


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


def _used(function: ast.FunctionDef) -> Iterator[str]:
    """The names that stand in a function; to name another function is to call it."""
    for node in ast.walk(function):
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                yield name
            case ast.Attribute(value=ast.Name(id="self"), attr=name):
                yield "self." + name
