PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# One more than two cores: tests wait for browsers, servers and disks.
PYTEST := $(BIN)/python -m pytest -n 3 --dist worksteal
ON_SQLITE := env -u TEST_DATABASE_URL
LONG := env NOMAYBE_FAULTS=long $(BIN)/python -m pytest -v --timeout=7200 tests/faults
# The tools hold all that a demo needs, so where they are installed they are what is kept up to date.
INSTALLED := $(if $(wildcard $(VENV)/.dev),$(VENV)/.dev,$(VENV)/.runtime)

.DEFAULT_GOAL := help
# Tests start hundreds of processes: each would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help demo dev check lint test faults fix bench migration requirements docs screenshots clean browser

help:  ## Say what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20

demo: $(INSTALLED)  ## Serve a working Nomaybe with demo data on 127.0.0.1:8000
	$(BIN)/nomaybe demo

dev: $(VENV)/.dev  ## Install Nomaybe and the tools to work on it into .venv

check: lint  ## The quick loop, under a minute: lint, types, contracts, fast tests on SQLite
	$(ON_SQLITE) $(PYTEST) -q -m "not slow and not browser"

test: $(VENV)/.dev  ## Everything: lint, types, contracts, all tests on SQLite and PostgreSQL
	@$(MAKE) --no-print-directory --output-sync --jobs=2 lint browser
	@echo "== All tests on SQLite"
	$(ON_SQLITE) $(PYTEST) --cov --cov-report=
	@echo "== All tests that reach a database on PostgreSQL"
	$(BIN)/python -m tests.postgres -- $(PYTEST) -m "not once"
	@echo "== What the tests reached"
	$(BIN)/coverage report

faults: $(VENV)/.dev  ## The long proofs that nothing is lost, an hour: kills, outages, full disks
	@echo "== Faults on SQLite"
	$(ON_SQLITE) $(LONG) tests/services/crm
	@echo "== Faults on PostgreSQL"
	$(BIN)/python -m tests.postgres -- $(LONG) -m "not once"

lint: $(VENV)/.dev
	@echo "== Lint, types and import contracts"
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: $(VENV)/.dev  ## Format, and mend what the linter can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev  ## Measure against a floor of raw driver and raw Starlette in the same run
	$(BIN)/python -m benchmarks

migration: $(VENV)/.dev  ## Write a migration from the models: make migration m="what it does"
	$(BIN)/python -m tests.write_migration "$(m)"

docs: $(VENV)/.dev  ## Write the pages under docs/ that are made from the code
	$(BIN)/python -m tests.write_docs

screenshots: $(VENV)/.dev browser  ## Take the pictures of the README anew, from the demo
	$(BIN)/python -m tests.write_screenshots

requirements: $(VENV)/.dev  ## Pin anew what pyproject.toml asks for
	$(BIN)/uv pip compile -q -U --no-strip-extras --universal --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml -o requirements/runtime.txt
	$(BIN)/uv pip compile -q -U --no-strip-extras --universal --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml --group dev -c requirements/runtime.txt -o requirements/dev.txt
	$(BIN)/uv pip compile -q -U --no-strip-extras --universal --python-version 3.11 --generate-hashes --no-header --no-annotate requirements/build.in -c requirements/dev.txt -o requirements/build.txt

browser:
	@echo "== A Chromium for the browser tests"
	@sh tests/browser.sh

clean:  ## Remove what was made, but for data/
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage*

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
	  echo "There is no $(PYTHON). Install Python 3.11 or newer, or say which: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$$($(PYTHON) --version) is too old: Python 3.11 or newer is needed. Say which: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "Python's venv module is missing. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.runtime: requirements/runtime.txt requirements/build.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing what Nomaybe needs into $(VENV) ..."
	$(PIP) install --require-hashes -r requirements/runtime.txt
	$(PIP) install --require-hashes -r requirements/build.txt
	$(PIP) install --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing Nomaybe and its tools into $(VENV) ..."
	$(PIP) install --require-hashes -r requirements/dev.txt
	$(PIP) install --no-build-isolation --no-deps --editable .
	@touch $@
