"""What contracts may not use, under which rule, and what they use instead: the tables of the linter."""

import builtins
from typing import NamedTuple, TypeAlias


class Rule(NamedTuple):
    """A rule's name, and what to do."""

    rule: str
    text: str


Found: TypeAlias = tuple[str, str, int]
"""A rule that is broken, what is wrong, and the line."""

MAX_EXPONENT = 1024

IMPORTS: dict[str, frozenset[str]] = {
    "__future__": frozenset({"annotations"}),
    "collections.abc": frozenset({"Callable", "Collection", "Iterable", "Iterator", "Mapping", "Sequence"}),
    "dataclasses": frozenset({"dataclass"}),
    "enum": frozenset({"StrEnum", "unique"}),
    "hashlib": frozenset({"sha256"}),
    "itertools": frozenset({"chain", "groupby", "islice", "pairwise", "product", "zip_longest"}),
    "typing": frozenset(
        {"Annotated", "ClassVar", "Final", "Literal", "NamedTuple", "NewType", "TypeAlias", "TypeVar", "assert_never"}
    ),
}
"""Beside the interface and, by relative imports, the contract's own package, which may so be moved aside for a newer
version. Nothing that reads a clock, a file, a network, a random
number."""

DECORATORS = frozenset({"transaction", "query", "service", "dataclass", "staticmethod", "property", "unique"})
CLASS_KEYWORDS = frozenset({"frozen", "kw_only", "name", "version"})
FROZEN_BASES = frozenset({"Record", "NamedTuple", "StrEnum"})
"""Of classes whose instances cannot be changed."""
FROZEN_CALLS = frozenset(
    {"Collection", "Earlier", "Meta", "NewType", "Page", "PrivateCollection", "Seconds", "TypeVar", "UnixSeconds"}
)
TAKE_MAPPINGS = frozenset({"Collection"})
MEANT = DECORATORS | FROZEN_BASES | FROZEN_CALLS | {"Annotated", "ClassVar", "Literal", "len", "map", "sorted"}
"""Names by which the linter goes: they stand for nothing else."""
CODECS = frozenset({"ascii", "utf-8"})
"""What others make of text depends on the version of Python, or on the node's system."""
OWN_DUNDERS = frozenset({"__post_init__"})
UNORDERED = frozenset({"set", "frozenset"})

BUILTIN_ERRORS = frozenset(
    {"ArithmeticError", "IndexError", "KeyError", "LookupError", "OverflowError", "TypeError", "UnicodeDecodeError"}
    | {"UnicodeEncodeError", "UnicodeError", "ValueError", "ZeroDivisionError"}
)
"""Errors of Python that say exactly what was wrong, and that a contract may await."""

BROAD_ERRORS = frozenset(
    name for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, BaseException)
).difference(BUILTIN_ERRORS)
"""All others of Python's, by each of their names (``IOError`` is ``OSError``): what they tell may be the node's own."""

_DYNAMIC = Rule("dynamic", "write what is meant, so that it can be read")
_OUTSIDE = Rule("input-output", "a contract knows its arguments, its context and its collections")
_IDENTITY = Rule("identity", "it differs from node to node")
_FLOAT = Rule("float", "use integers of the smallest unit")
_BROAD = Rule("broad-except", "name the errors that are meant: others must not be swallowed or raised")

NAMES: dict[str, Rule] = {
    **dict.fromkeys(
        [
            "eval",
            "exec",
            "compile",
            "getattr",
            "setattr",
            "delattr",
            "hasattr",
            "vars",
            "globals",
            "locals",
            "dir",
            "type",
            "super",
            "memoryview",
            "classmethod",
            "format",
        ],
        _DYNAMIC,
    ),
    **dict.fromkeys(("open", "input", "print", "breakpoint", "help", "exit", "quit"), _OUTSIDE),
    **dict.fromkeys(("copyright", "credits", "license"), _OUTSIDE),
    "iter": Rule("unbounded", "it may go on for ever: go over the thing itself"),
    **dict.fromkeys(("hash", "id", "repr", "ascii"), _IDENTITY),
    **dict.fromkeys(("float", "complex", "round", "pow"), _FLOAT),
    **dict.fromkeys(
        [
            "BaseException",
            "Exception",
            "BaseExceptionGroup",
            "ExceptionGroup",
            "SystemExit",
            "KeyboardInterrupt",
            "GeneratorExit",
            "MemoryError",
            "RecursionError",
            "RuntimeError",
            "SystemError",
            "OSError",
            "IOError",
            "EnvironmentError",
        ],
        _BROAD,
    ),
}
"""Built-in names."""

FUNCTIONS: dict[str, Rule] = {
    "int": Rule("unicode-version", "as a function it reads the digits of every script: use read_decimal"),
}
"""Types that are not functions."""

ATTRIBUTES: dict[str, Rule] = {
    **dict.fromkeys(("format", "format_map"), _DYNAMIC),
    **dict.fromkeys(
        [
            "lower",
            "upper",
            "casefold",
            "title",
            "capitalize",
            "swapcase",
            "isalpha",
            "isalnum",
            "isdigit",
            "isdecimal",
            "isnumeric",
            "isprintable",
            "isspace",
            "isidentifier",
            "islower",
            "isupper",
            "istitle",
        ],
        Rule("unicode-version", "use canonical_text, upper_ascii, is_name or read_decimal"),
    ),
}

PRIVATE = frozenset(
    {"ground", "gi_frame", "gi_code", "gi_yieldfrom", "f_back", "f_builtins", "f_code", "f_globals", "f_locals"}
    | {"tb_frame", "tb_next", "with_traceback", "add_note", "mro"}
)
"""What belongs to the runtime or to Python."""
