# Everything runs in .venv, which is made on first use. Stamps in it make a second call cost nothing.
PYTHON ?= python3
PORT ?= 8000
CORPUS ?= ../shared/corpus
VENV := .venv
BIN := $(VENV)/bin
# The locks name every package that is needed, so pip has nothing to resolve (--no-deps).
# Without --no-compile a third of the time goes into compiling modules that nobody imports.
INSTALL := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-deps --no-compile
LOCKED := $(INSTALL) --require-hashes
# A module's tests stay together: they share what it prepares, a database or an application that is served.
SPREAD := -n auto --dist loadscope
# Where bytecode may not be kept, each process that tests start compiles anew all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup setup-pdf setup-test demo test test-full lint format bench fidelity grammar lock clean
.DEFAULT_GOAL := help

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

setup: $(VENV)/core.stamp ## make .venv with the command ecrf in it

setup-pdf: $(VENV)/pdf.stamp ## the same, with what printing forms as PDF needs

setup-test: $(VENV)/test.stamp ## the same, with the tools that the tests need

demo: setup-pdf ## start a demonstration with made-up patients (on another port: make demo PORT=8080)
	@$(BIN)/ecrf demo --port $(PORT)

test: lint ## check style and types, then run the tests
	@tools/chromium.sh --install >/dev/null || true
	@tools/pango.sh --install || true
	@$(BIN)/python -m pytest $(SPREAD) -m "not slow"

test-full: lint ## the same, with the slow tests; writes docs/test-report.md
	@tools/chromium.sh --install >/dev/null || true
	@tools/pango.sh --install || true
	@$(BIN)/python -m pytest $(SPREAD) --report=docs/test-report.md

lint: setup-test ## check style and types
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet || { echo "Some files are not formatted: run 'make format'"; exit 1; }
	@$(BIN)/mypy --no-error-summary

format: setup-test ## format the code
	@$(BIN)/ruff check --quiet --fix-only
	@$(BIN)/ruff format --quiet

bench: $(VENV)/bench.stamp ## run the benchmarks
	@$(BIN)/python -m benchmarks

fidelity: setup-test ## send definitions of other systems there and back, and count what arrives (make fidelity CORPUS=folder)
	@$(BIN)/python -m benchmarks.fidelity $(CORPUS) --write docs/fidelity.md

grammar: setup-test ## make the tables of the rule language's grammar anew
	@$(BIN)/python -m engine.expressions.tables

lock: ## renew the locked requirements from pyproject.toml
	@tools/lock.sh $(PYTHON)

clean: ## remove all that can be made again
	@rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/venv.stamp:
	@echo "Creating $(VENV)"
	@tools/venv.sh $(PYTHON) $(VENV)
	@touch $@

$(VENV)/core.stamp: $(VENV)/venv.stamp requirements/build.txt requirements/core.txt pyproject.toml
	@echo "Installing the requirements"
	@$(LOCKED) -r requirements/build.txt -r requirements/core.txt
	@$(INSTALL) --no-build-isolation --editable .
	@touch $@

$(VENV)/pdf.stamp: $(VENV)/core.stamp requirements/pdf.txt
	@echo "Installing the requirements of printing"
	@$(LOCKED) -r requirements/pdf.txt
	@tools/pango.sh --install || true
	@touch $@

$(VENV)/test.stamp: $(VENV)/core.stamp requirements/test.txt
	@echo "Installing the test requirements"
	@$(LOCKED) -r requirements/test.txt
	@touch $@

$(VENV)/bench.stamp: $(VENV)/test.stamp requirements/bench.txt
	@echo "Installing the benchmark requirements"
	@$(LOCKED) -r requirements/bench.txt
	@touch $@
