#!/bin/sh
# The locks hold what the projects' files ask for, and no address of a registry.
set -eu
if grep -nE '"resolved"|--(extra-)?index-url|registry *=' package-lock.json requirements.txt .npmrc; then
    echo "a lock names a registry: remove the lines above" && exit 1
fi
if command -v git >/dev/null && git rev-parse --git-dir >/dev/null 2>&1; then
    git diff --exit-code --stat -- package-lock.json requirements.txt || { echo "a lock was changed and is not committed" && exit 1; }
fi
.venv/bin/python - <<'PYTHON'
import re, sys, tomllib
from importlib.metadata import version
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name as name
project = tomllib.load(open("pyproject.toml", "rb"))["project"]
locked = {name(n): v for n, v in re.findall(r"^([A-Za-z0-9._-]+)(?:\[.*?\])?==([^ \\]+)", open("requirements.txt").read(), re.M)}
for line in project["dependencies"] + project["optional-dependencies"]["dev"]:
    want = Requirement(line)
    if name(want.name) not in locked or not want.specifier.contains(locked[name(want.name)]):
        sys.exit(f"requirements.txt does not lock {line}: run make lock")
    if version(want.name) != locked[name(want.name)]:
        sys.exit(f"{want.name} is installed at another version than is locked: run make setup")
PYTHON
