# SPDX-License-Identifier: Apache-2.0
# Everything starts here and needs Python 3.11 or newer and make, nothing else.

# The newest Python that answers with a version we support and can make an environment. Each candidate is run, because
# a name on the PATH may be a shim without an interpreter behind it.
PYTHON ?= $(shell for candidate in python3.13 python3.12 python3.11 python3; do \
	$$candidate -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$candidate; break; }; done)
ARGS ?=
BIN := .venv/bin
# Only what the lock names may be installed, and every file must have the hash that stands there.
INSTALL := -m pip install --quiet --disable-pip-version-check
LOCKED := $(INSTALL) --require-hashes
# The build backend is in the lock too, so building the package fetches nothing.
PACKAGE := $(INSTALL) --no-deps --no-build-isolation --editable .

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint format bench screenshots lock clean

help: ## List what make can do.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.ready ## Make .venv with the locked dependencies and polyvet itself.

demo: setup ## Serve a practice with demo data; pass options in ARGS="--port 8080".
	$(BIN)/polyvet serve --demo $(ARGS)

test: lint ## Check the sources and run the tests; narrow them with ARGS="tests/core -k weight".
	$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

lint: .venv/.ready-dev ## Check style, types and the layers.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: .venv/.ready-dev ## Put the sources in their form and mend what ruff can mend.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv-bench/.ready ## Measure polyvet beside its peers; pass options in ARGS.
	.venv-bench/bin/python -m bench $(ARGS)

screenshots: .venv/.ready-dev ## Make the pictures of docs/console.md anew, and print what its pages weigh.
	$(BIN)/python -m docs.screenshots $(ARGS)

lock: .venv-lock/.ready ## Resolve the dependencies anew and write both lock files; ARGS=--upgrade takes new versions.
	$(LOCK) --build-deps-for=editable --output-file=requirements.lock $(ARGS) pyproject.toml
	$(LOCK) --build-deps-for=editable --extra=dev --constraint=requirements.lock \
		--output-file=requirements-dev.lock $(ARGS) pyproject.toml

clean: ## Remove the environments, the caches and the builds; data stays.
	rm -rf .venv .venv-bench .venv-lock build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

# Hashes of every file on the public index, whatever indices and folders the machine's own pip settings name; no trace
# of those settings in the output. Resolve with the oldest Python supported: its set holds what newer ones need.
LOCK = PIP_CONFIG_FILE=/dev/null PIP_FIND_LINKS= PIP_EXTRA_INDEX_URL= \
	CUSTOM_COMPILE_COMMAND="make lock" .venv-lock/bin/pip-compile --quiet --no-config --generate-hashes --allow-unsafe \
	--strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options

.venv/bin/python:
	$(call need_python,$(PYTHON))
	$(PYTHON) -m venv .venv

.venv/.ready: requirements.lock pyproject.toml | .venv/bin/python
	$(BIN)/python $(LOCKED) --requirement requirements.lock
	$(BIN)/python $(PACKAGE)
	@touch $@

.venv/.ready-dev: requirements-dev.lock .venv/.ready
	$(BIN)/python $(LOCKED) --requirement requirements-dev.lock
	@touch $@

.venv-bench/.ready: bench/requirements.txt requirements.lock pyproject.toml
	$(call need_python,$(PYTHON))
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python $(LOCKED) --requirement requirements.lock
	.venv-bench/bin/python $(INSTALL) --requirement bench/requirements.txt
	.venv-bench/bin/python $(PACKAGE)
	@touch $@

.venv-lock/.ready:
	$(call need_python,python3.11)
	python3.11 -m venv .venv-lock
	.venv-lock/bin/python $(INSTALL) pip-tools
	@touch $@

define need_python
@$(if $(1),$(1),false) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	echo "polyvet needs Python 3.11 or newer with its venv module, and found none$(if $(1), behind '$(1)')." >&2; \
	echo "Install it (Debian: apt install python3 python3-venv; macOS: brew install python)," >&2; \
	echo "or name one: make PYTHON=/path/to/python3.12 $(or $(MAKECMDGOALS),setup)" >&2; exit 1; }
endef
