"""Compile Solidity with npm's compiler; imports of ours, OpenZeppelin's and solady's are found by themselves."""

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

from console.amounts import read_text
from console.exits import Misused, Refused
from console.home import ROOT

CONTRACTS = ROOT / "adapters" / "evm" / "contracts"
_COMPILER = CONTRACTS / "solc.mjs"
_ALIAS = ("@interchain/", "interchain/")
"""Both are written; one name must stand for a file, or its contracts would clash with themselves."""
_PREFIXES = {
    "interchain/": CONTRACTS / "src",
    "@openzeppelin/": ROOT / "node_modules" / "@openzeppelin",
    "solady/": ROOT / "node_modules" / "solady" / "src",
    "examples/": ROOT / "examples",
}
_IMPORT = re.compile(r"""^\s*import\s+(?:[^"';]*?\s+from\s+)?["']([^"']+)["']""", re.MULTILINE)
_TIMEOUT_SECONDS = 300
_CACHE = ROOT / "build" / "solidity"
_TOO_DEEP = "Stack too deep"
"""What the old code generator says of a function with many variables; the new one, slower, takes it."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A contract that can be deployed."""

    name: str
    abi: list[dict[str, Any]]
    bytecode: bytes

    @property
    def constructor(self) -> list[dict[str, str]]:
        """The constructor's parameters."""
        return next((entry["inputs"] for entry in self.abi if entry["type"] == "constructor"), [])


def compile_file(path: Path, contract: str = "") -> Compiled:
    """Compile a file and take a contract from it, the last one that can be deployed unless one is named.

    Raises Misused for a file or import that is not there, Refused with the compiler's words.
    """
    sources = _collect(path)
    output = _compile(path.name, sources, through_yul=False)
    if any(_TOO_DEEP in error for error in _errors(output)):
        output = _compile(path.name, sources, through_yul=True)
    if errors := _errors(output):
        raise Refused(f"{path} does not compile: {errors[0]}", "COMPILER_ERROR")
    return _choose(path, output.get("contracts", {}).get(path.name, {}), contract)


def _compile(name: str, sources: dict[str, str], *, through_yul: bool) -> dict[str, Any]:
    """The compiler's output, remembered by its input."""
    request = json.dumps(
        {
            "language": "Solidity",
            "sources": {unit: {"content": content} for unit, content in sorted(sources.items())},
            "settings": {
                "remappings": ["=".join(_ALIAS)],
                "viaIR": through_yul,
                "optimizer": {"enabled": True, "runs": 1000},
                "evmVersion": "prague",
                "outputSelection": {name: {"*": ["abi", "evm.bytecode.object"]}},
            },
        }
    )
    kept = _CACHE / f"{sha256(request.encode()).hexdigest()}.json"
    if not kept.exists():
        output = _run_compiler(request)
        _CACHE.mkdir(parents=True, exist_ok=True)
        partial = kept.with_suffix(f".{os.getpid()}")
        partial.write_text(output)
        partial.replace(kept)
    compiled: dict[str, Any] = json.loads(kept.read_text())
    return compiled


def _errors(output: dict[str, Any]) -> list[str]:
    return [error["formattedMessage"].strip() for error in output.get("errors", ()) if error["severity"] == "error"]


def _choose(path: Path, contracts: dict[str, Any], wanted: str) -> Compiled:
    found = {
        name: Compiled(name, value["abi"], bytes.fromhex(value["evm"]["bytecode"]["object"]))
        for name, value in contracts.items()
        if value["evm"]["bytecode"]["object"]
    }
    if not found:
        raise Misused(
            f"{path} has no contract that can be deployed: it holds interfaces and abstract contracts at most"
        )
    if wanted and wanted not in found:
        raise Misused(f"{path} has no contract {wanted!r} that can be deployed; it has {', '.join(found)}")
    if wanted:
        return found[wanted]
    order = re.findall(r"^\s*contract\s+(\w+)", path.read_text(), re.MULTILINE)
    return max(found.values(), key=lambda one: order.index(one.name) if one.name in order else -1)


def _collect(path: Path) -> dict[str, str]:
    """The file and all that it imports, by the names under which the compiler looks for them."""
    sources: dict[str, str] = {}
    waiting = [(path.name, path)]
    while waiting:
        unit, place = waiting.pop()
        if unit in sources:
            continue
        try:
            content = read_text(place)
        except OSError as error:
            raise Misused(
                f"{place} cannot be read ({error.strerror}): check the path, or the import that names it"
            ) from error
        sources[unit] = content
        waiting += [_resolve(target, unit, place) for target in _IMPORT.findall(content)]
    return sources


def _resolve(target: str, unit: str, place: Path) -> tuple[str, Path]:
    if target.startswith("."):
        name = _normal(PurePosixPath(unit).parent / target)
        return name, (place.parent / target).resolve()
    if target.startswith(_ALIAS[0]):
        target = _ALIAS[1] + target.removeprefix(_ALIAS[0])
    for prefix, folder in _PREFIXES.items():
        if target.startswith(prefix):
            return target, folder / target.removeprefix(prefix)
    return target, place.parent / target


def _normal(path: PurePosixPath) -> str:
    """The name that the compiler gives a relative import: without `.` and `..`."""
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and parts:
            parts.pop()
        elif part not in {".", ".."}:
            parts.append(part)
    return "/".join(parts)


def _run_compiler(request: str) -> str:
    node = shutil.which("node")
    if node is None:
        raise Misused("node is missing, and npm's Solidity compiler runs on it: install Node 20 or later")
    run = subprocess.run(
        [node, str(_COMPILER), "--standard-json"],
        input=request,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_SECONDS,
        check=False,
    )
    if run.returncode != 0:
        raise Misused(f"the Solidity compiler does not run ({run.stderr.strip()[-200:]}): `make setup` installs it")
    return run.stdout
