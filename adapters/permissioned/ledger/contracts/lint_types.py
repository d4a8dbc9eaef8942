"""Finds types that are not written as types. What stands in an annotation is evaluated when a contract is loaded, and
text in it as code: as a literal, by way of a name that stands for text, or worked out.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping

from adapters.permissioned.ledger.contracts.lint_rules import Found

Named = Mapping[str, list[ast.expr]]
"""What the names of a package are given outside functions."""

_MAKE_TYPES = frozenset({"TypeVar", "NewType"})


def named_in(trees: Iterable[ast.Module]) -> Named:
    """All that stands for something else in the files of a package."""
    named: dict[str, list[ast.expr]] = {}
    for tree in trees:
        for node in ast.walk(tree):
            for name, value in _given(node):
                named.setdefault(name, []).append(value)
    return named


def find_untyped(tree: ast.Module, named: Named) -> Iterator[Found]:
    """Annotations that are more than names of types, ``[ ]``, ``|``, ``Literal`` and ``Annotated``."""
    for node in ast.walk(tree):
        match node:
            case ast.arg(annotation=ast.expr() as annotation) | ast.AnnAssign(annotation=annotation):
                pass
            case ast.FunctionDef(returns=ast.expr() as annotation):
                pass
            case _:
                continue
        if not _is_type(annotation, named, frozenset()):
            yield "dynamic", "a type is written as a type: neither as text nor worked out", annotation.lineno


def _given(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    match node:
        case ast.Assign(targets=targets, value=value):
            yield from ((target.id, value) for target in targets if isinstance(target, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield name, value
        case ast.ImportFrom(names=aliases):
            yield from ((each.asname, ast.Name(each.name)) for each in aliases if each.asname)
        case _:
            pass


def _is_type(value: ast.expr, named: Named, within: frozenset[str]) -> bool:
    is_type = False
    match value:
        case ast.Constant(value=constant):
            is_type = constant is None or constant is ...
        case ast.Name(id=name):
            is_type = name in within or all(_is_type(each, named, within | {name}) for each in named.get(name, ()))
        case ast.Subscript(value=ast.Name(id="Literal")):
            is_type = "Literal" not in named
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[first, *rest])):
            is_type = "Annotated" not in named and _is_type(first, named, within) and all(map(_is_meta, rest))
        case ast.Subscript(value=outer, slice=inner):
            is_type = _is_type(outer, named, within) and _is_type(inner, named, within)
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            is_type = all(_is_type(each, named, within) for each in parts)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            is_type = _is_type(left, named, within) and _is_type(right, named, within)
        case ast.Call(func=ast.Name(id=made), args=[_, *types], keywords=keywords) if made in _MAKE_TYPES:
            is_type = all(_is_type(each, named, within) for each in (*types, *(each.value for each in keywords)))
        case _:
            pass
    return is_type


def _is_meta(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "Meta"
