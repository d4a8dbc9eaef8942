#!/bin/sh
# Every check that is not a test. All run; the first line of each failure names what to do.
set -u
failed=0
step() {
    what=$1 && shift
    if output=$("$@" 2>&1); then echo "ok      $what"; else
        echo "FAILED  $what" && echo "$output" | tail -n 60 && failed=1
    fi
}
export PYTHONPATH=.:protos
step "format (mend: make format)" .venv/bin/ruff format --check .
step "ruff" .venv/bin/ruff check .
step "mypy --strict" .venv/bin/mypy
step "import-linter" .venv/bin/lint-imports
step "buf lint" node_modules/.bin/buf lint protos
step "buf format (mend: make format)" node_modules/.bin/buf format --diff --exit-code protos
step "buf breaking" .venv/bin/python protos/generate.py --breaking
step "generated protos (mend: make protos)" .venv/bin/python protos/generate.py --check
step "contract artifacts (mend: make contracts)" make --no-print-directory -f adapters/evm/contracts/contracts.mk contracts-check
step "gas figures (mend: make -f adapters/evm/contracts/contracts.mk contracts-gas)" make --no-print-directory -f adapters/evm/contracts/contracts.mk contracts-gas-check
step "locks (mend: make lock; npm install)" sh tools/locks.sh
exit $failed
