# One recipe file; bare `make` lists the recipes.
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
export UV_SYSTEM_CERTS := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export DO_NOT_TRACK := 1

.PHONY: help setup lock messages demo test faults check bench debian clean

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

setup: $(VENV)/.ready ## make .venv from the lock 

$(VENV)/.ready: requirements-dev.lock requirements-uv.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; set PYTHON=/path/to/python3" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-uv.txt
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --require-hashes -r requirements-dev.lock \
	  || $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

lock: ## make both lock files again from pyproject.toml
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 --no-emit-index-url --override lock-overrides.txt pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 --no-emit-index-url --override lock-overrides.txt -c requirements.lock --extra dev --no-emit-package jagadata pyproject.toml build-tools.in -o requirements-dev.lock

messages: setup ## make the command line's catalogue again from its .po
	$(BIN)/python -m tests.lab.catalogue

demo: setup ## a real application loses its data and gets it back by the book (KEEP=1 leaves it running)
	@KEEP=$(KEEP) $(BIN)/python -m jagadata.demo

test: setup debian ## all tests; as root with APT=1 or CI=true on Debian's servers too
	$(BIN)/python -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

faults: setup ## the fault sweep (EVERY=20: every 20th fault of files only)
	$(BIN)/python -m pytest -q -m whole tests
	@EVERY=$(EVERY) $(BIN)/python -m tests.lab.faults

check: setup ## lint, format, types, import contracts
	$(BIN)/ruff check -q .
	$(BIN)/ruff format -q --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup ## backup and restore against the bare tools, side by side (SIZE=1024 in MB); a round of data collection
	$(BIN)/python -m tests.bench $(SIZE)
	$(BIN)/python -m tests.bench_round

debian:
	@if [ "$$(id -u)" = 0 ] && { [ "$(APT)" = 1 ] || [ "$$CI" = true ]; }; then sh tests/lab/debian.sh; fi

clean: ## remove what these recipes made
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
