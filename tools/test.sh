#!/bin/sh
# All tests: Python's (units, properties, faults, interop, end to end), then forge's.
set -eu
PYTHONPATH=.:protos .venv/bin/python -m pytest "$@"
make --no-print-directory -f adapters/evm/contracts/contracts.mk contracts-test
