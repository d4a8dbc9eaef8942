# Every target sets up what it needs by itself: Python packages into .venv, npm packages into node_modules.
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
SHELL := /bin/sh

PYTHON_FOUND := $(shell sh tools/find-python.sh)
VENV := .venv/.complete
NODE := node_modules/.complete
RUN := PYTHONPATH=.:protos .venv/bin/python

.PHONY: help setup run test check format bench clean protos contracts lock

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

setup: $(VENV) $(NODE) ## install everything the project needs, into the checkout alone

$(VENV): requirements.txt
	@sh tools/prerequisites.sh
	@echo "setting up Python packages in .venv (about a minute, once)"
	@test -x .venv/bin/python || "$(PYTHON_FOUND)" -m venv .venv
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(NODE): package.json package-lock.json .npmrc
	@sh tools/prerequisites.sh
	@echo "setting up npm packages in node_modules (about 20 seconds, once)"
	@npm install --no-fund --no-audit --loglevel=error
	@touch $@

run: setup ## two EVM chains, a ledger, a hub, a relayer, and a tour of what they do; ONCE=1 ends after the tour
	@./ichub devnet up $(if $(ONCE),--once) $(if $(PORT_BASE),--port-base $(PORT_BASE))

test: setup ## all tests
	@sh tools/test.sh

check: setup ## format, lint, types, imports, protos, drift of generated code and artifacts, locks
	@sh tools/check.sh

format: setup ## rewrite the Python and proto files in the one format
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix --quiet .
	@node_modules/.bin/buf format -w protos

bench: setup ## measure, print tables, write build/bench.json
	@$(RUN) -m tests.bench $(BENCH)

protos: setup ## generate the Python of protos/
	@$(RUN) protos/generate.py

contracts: setup ## compile the Solidity contracts into adapters/evm/contracts/artifacts
	@$(MAKE) --no-print-directory -f adapters/evm/contracts/contracts.mk contracts

lock: ## resolve pyproject.toml anew into requirements.txt (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet --upgrade pyproject.toml --extra dev -o requirements.txt

clean: ## remove all that the targets made
	rm -rf .venv node_modules build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
