"""Finds what makes the linter's own words mean something else: names that it goes by, given to other things; and values
that are made, and named, while a contract is loaded.
"""

import ast
from collections.abc import Iterator

from adapters.permissioned.ledger.contracts import lint_rules as rules
from adapters.permissioned.ledger.contracts.lint_rules import Found


def find_bindings(tree: ast.Module) -> Iterator[Found]:
    """Names of ``lint_rules.MEANT`` for something of the contract's own, and ``:=`` outside the bodies of functions."""
    bodies: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            bodies.update(each for statement in node.body for each in ast.walk(statement))
        elif isinstance(node, ast.NamedExpr) and node not in bodies:
            yield "mutable-state", "what is named while a contract is loaded outlives an invocation", node.lineno
        for name in _bound(node):
            if name in rules.MEANT:
                yield "dynamic", f"{name} keeps its meaning: choose another name", getattr(node, "lineno", 1)


def _bound(node: ast.AST) -> Iterator[str]:
    """The names that a node gives a meaning, but for what is taken as it is from elsewhere."""
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.arg(arg=name):
            yield name
        case ast.Assign(targets=targets):
            yield from (name for target in targets for name in _stored(target))
        case ast.AnnAssign(target=target, value=ast.expr()) | ast.For(target=target) | ast.comprehension(target=target):
            yield from _stored(target)  # a field without a value binds nothing
        case ast.AugAssign(target=target) | ast.NamedExpr(target=target):
            yield from _stored(target)
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name
        case ast.MatchMapping(rest=str(name)):
            yield name
        case ast.ImportFrom(names=aliases, level=level):
            yield from (each.asname or each.name for each in aliases if each.asname or level)
        case _:
            pass


def _stored(target: ast.expr) -> Iterator[str]:
    return (node.id for node in ast.walk(target) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
