"""Refuses contracts that are not deterministic, keep state between invocations, or reach for what is not theirs.

    for finding in lint_package(sources):
        print(finding)             # contract.py:12 float: 0.5 is a float; use integers of the smallest unit

It reads the source and runs nothing. It makes the usual ways to err impossible, and the unusual ones visible to who
reviews a contract before voting for it; a contract is reviewed code, not a stranger's (docs/contracts.md). Nothing
turns a rule off.
"""

import ast
from typing import NamedTuple

from adapters.permissioned.ledger.contracts import interface
from adapters.permissioned.ledger.contracts import lint_rules as rules
from adapters.permissioned.ledger.contracts.errors import NotDeterministic
from adapters.permissioned.ledger.contracts.lint_bindings import find_bindings
from adapters.permissioned.ledger.contracts.lint_endless import find_lengthening, find_recursion
from adapters.permissioned.ledger.contracts.lint_types import Named, find_untyped, named_in
from adapters.permissioned.ledger.contracts.packages import Sources

INTERFACE = "adapters.permissioned.ledger.contracts.interface"
MAX_TOLD = 5
"""Findings that an error lists."""
_NOT_THE_CONTRACTS = ("Exceeded", "Failed", "HubError", "LedgerError")

_RUNTIME = [each for each in map(vars(interface).get, interface.__all__) if isinstance(each, type)]
_RUNTIMES_OWN = frozenset(
    name for kind in _RUNTIME for each in kind.__mro__ for name in (*vars(each), *getattr(each, "__slots__", ()))
)
"""What a contract's own name must not be, or by it the runtime's could be reached."""


class Finding(NamedTuple):
    """A rule that a line breaks."""

    path: str
    line: int
    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.rule}: {self.text}"


def lint_package(sources: Sources) -> tuple[Finding, ...]:
    """All findings in a package, by path and line."""
    named = named_in(tree for tree in map(_read, sources.values()) if tree is not None)
    return tuple(finding for path in sorted(sources) for finding in lint_source(sources[path], path, named))


def refuse_findings(contract: str, findings: tuple[Finding, ...]) -> None:
    """Raises NotDeterministic where there are any."""
    if findings:
        more = f"; and {len(findings) - MAX_TOLD} more" if len(findings) > MAX_TOLD else ""
        raise NotDeterministic(contract, "; ".join(map(str, findings[:MAX_TOLD])) + more)


def lint_source(source: str | bytes, path: str, named: Named | None = None) -> tuple[Finding, ...]:
    """All findings in one file, by line; bytes are read as Python reads them, by their declared encoding.

    ``named``: what names stand for in the whole package; in this file alone where it is not given.
    """
    tree = _read(source)
    if tree is None:
        return (Finding(path, 1, "syntax", "this is no Python source"),)
    linter = _Linter(path, _parents(tree))
    linter.module(tree)
    linter.visit(tree)
    everything = named_in((tree,)) if named is None else named
    others = (*find_bindings(tree), *find_recursion(tree), *find_lengthening(tree), *find_untyped(tree, everything))
    told = (Finding(path, line, rule, text) for rule, text, line in others)
    return tuple(sorted(dict.fromkeys((*linter.findings, *told))))


def _read(source: str | bytes) -> ast.Module | None:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError):
        return None


def _parents(tree: ast.AST) -> dict[ast.AST, ast.AST]:
    return {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}


class _Linter(ast.NodeVisitor):
    """One pass over a file."""

    def __init__(self, path: str, parents: dict[ast.AST, ast.AST]) -> None:
        self.findings: list[Finding] = []
        self._path = path
        self._parents = parents
        self._frozen = set(rules.FROZEN_CALLS)
        self._own: set[str] = set()

    def _find(self, node: ast.AST, rule: str, text: str) -> None:
        self.findings.append(Finding(self._path, getattr(node, "lineno", 1), rule, text))

    # --- what stands at the top of the file, and in classes ---

    def module(self, tree: ast.Module) -> None:
        """Nothing may be made there that an invocation could change."""
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and any(_name(base) in rules.FROZEN_BASES for base in node.bases):
                self._frozen.add(node.name)
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                self._note_own(node.name)
        for statement in tree.body:
            self._top(statement)

    def _note_own(self, name: str) -> None:
        if name.startswith("_") and not name.endswith("_") and name not in _RUNTIMES_OWN:
            self._own.add(name)

    def _top(self, statement: ast.stmt) -> None:
        match statement:
            case ast.Import() | ast.ImportFrom() | ast.FunctionDef() | ast.ClassDef() | ast.Pass():
                pass
            case ast.Expr(value=ast.Constant()):
                pass
            case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
                for target in statement.targets if isinstance(statement, ast.Assign) else [statement.target]:
                    if isinstance(target, ast.Name):
                        self._note_own(target.id)
                if not self._is_frozen(value):
                    self._find(
                        statement, "mutable-state", "this outlives an invocation: use a constant, a tuple, a record"
                    )
            case ast.AnnAssign():
                pass
            case _:
                self._find(statement, "mutable-state", "only definitions and constants stand outside functions")

    def _is_frozen(self, value: ast.expr) -> bool:
        is_frozen = False
        match value:
            case ast.Constant() | ast.Name() | ast.Lambda():
                is_frozen = True
            case ast.Attribute(value=part) | ast.Subscript(value=part):
                is_frozen = self._is_frozen(part)
            case ast.Tuple(elts=parts):
                is_frozen = all(map(self._is_frozen, parts))
            case ast.UnaryOp(operand=part) | ast.Starred(value=ast.Tuple() as part):
                is_frozen = self._is_frozen(part)
            case ast.BinOp(left=left, right=right):
                is_frozen = self._is_frozen(left) and self._is_frozen(right)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if name in self._frozen:
                is_taken = name in rules.TAKE_MAPPINGS
                named = (
                    self._is_frozen(each.value) or (is_taken and self._is_mapping(each.value)) for each in keywords
                )
                is_frozen = all(map(self._is_frozen, args)) and all(named)
            case _:
                pass
        return is_frozen

    def _is_mapping(self, value: ast.expr) -> bool:
        """A dict that is written out and kept by nobody: what takes it copies it."""
        return isinstance(value, ast.Dict) and all(map(self._is_frozen, value.values))

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for statement in node.body:
            self._top(statement)
        for keyword in node.keywords:
            is_false = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
            if keyword.arg not in rules.CLASS_KEYWORDS or (keyword.arg == "frozen" and is_false):
                self._find(node, "dynamic", f"{keyword.arg} is no keyword of a contract's classes")
        if _is_dunder(node.name):
            self._find(node, "dunder", f"{node.name} is Python's own")
        self._decorators(node)
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        if _is_dunder(node.name) and node.name not in rules.OWN_DUNDERS:
            self._find(node, "dunder", f"{node.name} changes what Python itself does")
        self._decorators(node)
        self._arguments(node.args)
        self.generic_visit(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._arguments(node.args)
        self.generic_visit(node)

    def _arguments(self, arguments: ast.arguments) -> None:
        for default in (*arguments.defaults, *arguments.kw_defaults):
            if default is not None and not self._is_frozen(default):
                self._find(default, "mutable-state", "a default outlives an invocation: use a constant or a tuple")

    def _decorators(self, node: ast.FunctionDef | ast.ClassDef) -> None:
        for decorator in node.decorator_list:
            name = _name(decorator.func if isinstance(decorator, ast.Call) else decorator)
            if name not in rules.DECORATORS:
                self._find(decorator, "dynamic", f"the decorators are {', '.join(sorted(rules.DECORATORS))}")

    # --- imports ---

    def visit_Import(self, node: ast.Import) -> None:
        self._find(node, "import", "write `from module import name`, so that it shows what is used")

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        self.generic_visit(node)
        if node.level:
            is_beyond = node.level > 1 + self._path.count("/")
            if is_beyond or any(alias.name == "*" for alias in node.names):
                self._find(node, "import", "a relative import names things of the contract's own package")
            return
        known = frozenset(interface.__all__) if module == INTERFACE else rules.IMPORTS.get(module)
        if known is None:
            self._find(node, "import", f"{module} is not for contracts: use {INTERFACE}, or from .module import …")
            return
        for alias in node.names:
            if alias.name not in known:
                self._find(node, "import", f"{alias.name} of {module} is not for contracts")

    def visit_alias(self, node: ast.alias) -> None:
        for name in (node.name, node.asname or ""):
            if _is_dunder(name):
                self._find(node, "dunder", f"{name} is Python's own")

    # --- names and attributes ---

    def visit_Name(self, node: ast.Name) -> None:
        if _is_dunder(node.id):
            self._find(node, "dunder", f"{node.id} is Python's own")
        elif isinstance(node.ctx, ast.Load):
            if node.id in rules.UNORDERED:
                self._unordered(node)
            elif (refused := rules.NAMES.get(node.id)) is not None:
                self._find(node, refused.rule, f"{node.id}: {refused.text}")
            elif node.id in rules.FUNCTIONS and self._is_applied(node):
                refused = rules.FUNCTIONS[node.id]
                self._find(node, refused.rule, f"{node.id}: {refused.text}")

    def _is_applied(self, node: ast.Name) -> bool:
        """Whether a type is used as a function: called, given to one, or given another name."""
        parent = self._parents[node]
        is_given = isinstance(parent, ast.keyword | ast.NamedExpr | ast.Assign)
        return is_given or (isinstance(parent, ast.Call) and _name(parent.func) not in {"isinstance", "NewType"})

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._find(node, "mutable-state", "attributes are not assigned: make a new value, or put a record")
        self._attribute(node, node.attr)
        self.generic_visit(node)

    def visit_MatchClass(self, node: ast.MatchClass) -> None:
        for name in node.kwd_attrs:
            self._attribute(node, name)
        self.generic_visit(node)

    def _attribute(self, node: ast.AST, name: str) -> None:
        if _is_dunder(name):
            self._find(node, "dunder", f"{name} is Python's own")
        elif name in rules.PRIVATE or (name.startswith("_") and name not in self._own):
            known = (
                "the runtime has one as well: choose another name" if name in _RUNTIMES_OWN else "not this contract's"
            )
            self._find(node, "private-access", f"{name} is {known}")
        elif (refused := rules.ATTRIBUTES.get(name)) is not None:
            self._find(node, refused.rule, f".{name}: {refused.text}")

    # --- values ---

    def visit_Call(self, node: ast.Call) -> None:
        if _is_view(node) and isinstance(self._parents[node], ast.Assign | ast.NamedExpr):
            self._find(node, "unordered", "& and | make a set of what is kept here: keep tuple(…) of it")
        given = [*node.args, *(each.value for each in node.keywords)]
        is_coded = isinstance(node.func, ast.Attribute) and node.func.attr in {"encode", "decode"}
        codecs = given if is_coded else given[1:] if _name(node.func) in {"str", "bytes"} else []
        if any(not (isinstance(each, ast.Constant) and each.value in rules.CODECS) for each in codecs):
            self._find(node, "unicode-version", f"text is encoded as one of {', '.join(sorted(rules.CODECS))}")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, float | complex):
            self._find(node, "float", f"{node.value} is a float: use integers of the smallest unit")

    def visit_BinOp(self, node: ast.BinOp) -> None:
        self._operator(node, node.op, node.right)
        is_set = isinstance(node.op, ast.BitAnd | ast.BitOr | ast.BitXor | ast.Sub)
        if is_set and any(_is_view(side) for side in (node.left, node.right)):
            self._find(node, "unordered", "this makes a set, whose order differs from node to node")
        if isinstance(node.op, ast.Mod) and _is_text(node.left):
            self._find(node, "dynamic", "% on text may show what differs from node to node: use f'…'")
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._operator(node, node.op, node.value)
        self.generic_visit(node)

    def _operator(self, node: ast.AST, operator: ast.operator, right: ast.expr) -> None:
        match operator:
            case ast.Div():
                self._find(node, "float", "/ makes a float: use //")
            case ast.Pow() | ast.LShift() if not (
                isinstance(right, ast.Constant)
                and isinstance(right.value, int)
                and 0 <= right.value <= rules.MAX_EXPONENT
            ):
                self._find(node, "unbounded", f"the exponent is written out, 0 to {rules.MAX_EXPONENT}")
            case ast.MatMult():
                self._find(node, "dunder", "@ is not for contracts")
            case _:
                pass

    def visit_FormattedValue(self, node: ast.FormattedValue) -> None:
        if node.conversion in {ord("r"), ord("a")}:
            self._find(node, "identity", "the representation of a value is Python's own business")
        if node.format_spec is not None:
            for part in ast.walk(node.format_spec):
                if isinstance(part, ast.Constant) and str(part.value)[-1:] in set("eEfFgGn%"):
                    self._find(node, "float", "this format makes a float")
                if isinstance(part, ast.FormattedValue):
                    self._find(node, "dynamic", "a format is written out")
        self.generic_visit(node)

    def visit_Set(self, node: ast.Set) -> None:
        self._unordered(node)
        self.generic_visit(node)

    def visit_SetComp(self, node: ast.SetComp) -> None:
        self._unordered(node)
        self.generic_visit(node)

    def _unordered(self, node: ast.expr) -> None:
        """A set may be sorted, counted and asked, at once; it is not kept, and not gone over."""
        made: ast.AST = node
        parent = self._parents[made]
        if isinstance(parent, ast.Call) and parent.func is made:
            made, parent = parent, self._parents[parent]
        match parent:
            case ast.Call(func=ast.Name(id="sorted"), args=[only], keywords=[]) if only is made:
                return
            case ast.Call(func=ast.Name(id="len"), args=[only]) if only is made:
                return
            case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[only]) if only is made:
                return
        self._find(
            node, "unordered", "a set's order differs from node to node: use sorted(…), a tuple or dict.fromkeys"
        )

    # --- statements ---

    def visit_Global(self, node: ast.Global) -> None:
        self._find(node, "mutable-state", "globals outlive an invocation")

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        self._find(node, "mutable-state", "nonlocal variables can outlive an invocation")

    def visit_While(self, node: ast.While) -> None:
        self._find(node, "unbounded", "a loop is bounded by what it goes over: use for")
        self.generic_visit(node)

    def visit_Assert(self, node: ast.Assert) -> None:
        self._find(node, "assert", "whether it is checked depends on how Python was started: raise Refused")
        self.generic_visit(node)

    def visit_Try(self, node: ast.Try) -> None:
        for statement in node.finalbody:
            for inner in ast.walk(statement):
                if isinstance(inner, ast.Return | ast.Break | ast.Continue):
                    self._find(inner, "broad-except", "leaving from finally swallows every error")
        self.generic_visit(node)

    def visit_TryStar(self, node: ast.AST) -> None:
        self._find(node, "broad-except", "except* is not for contracts")
        self.generic_visit(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        for each in caught:
            name = None if each is None else _name(each)
            if name in rules.BUILTIN_ERRORS:
                if node.name is not None:
                    self._find(node, "identity", f"what {name} says differs between versions of Python")
            elif name is None or name in rules.BROAD_ERRORS or name.endswith(_NOT_THE_CONTRACTS):
                self._find(node, "broad-except", "name the errors that are meant: others must not be swallowed")
        self.generic_visit(node)

    def _asynchronous(self, node: ast.AST) -> None:
        self._find(node, "async", "a contract runs alone, from its first line to its last")
        self.generic_visit(node)

    visit_AsyncFunctionDef = visit_AsyncFor = visit_AsyncWith = visit_Await = _asynchronous  # noqa: N815 - ast's names

    def visit_With(self, node: ast.With) -> None:
        self._find(node, "dynamic", "what with does at its end does not stand where it is read")
        self.generic_visit(node)


def _name(node: ast.AST) -> str | None:
    return node.id if isinstance(node, ast.Name) else None


def _is_dunder(name: str) -> bool:
    return name.startswith("__")


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))


def _is_view(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"keys", "items"}
