#!/bin/sh
# All tests: Python's (end to end, faults, interop, properties, units; a file's tests run in one process, in their order, and
# the slow ones begin first), then forge's. Arguments go to pytest.
set -eu
PYTHONPATH=.:protos .venv/bin/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder "$@"
make --no-print-directory -f adapters/evm/contracts/contracts.mk contracts-test
