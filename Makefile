# make run: from a fresh clone to a released model. make test, make check: what CI does. make help lists all.
# Needs Python 3.11 to 3.13 and make alone; everything goes into .venv.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

export DO_NOT_TRACK := 1
export DVC_NO_ANALYTICS := 1

.DEFAULT_GOAL := help

.PHONY: help
help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: $(VENV)/installed  ## install, then run the product `cancer` from raw data to a release
	$(BIN)/slipway run cancer

.PHONY: test
test: $(VENV)/installed-dev  ## install, then run the fast tests
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

.PHONY: test-all
test-all: $(VENV)/installed-dev  ## all tests: also those that start a Prefect server or use a GPU
	$(BIN)/python -m pytest -m ""

.PHONY: check
check: $(VENV)/installed-dev  ## format, lint, types, and the import rule of the floors
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_floors.py

.PHONY: format
format: $(VENV)/installed-dev  ## format the code, and mend what lint can
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format .

$(VENV)/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
	  echo "slipway needs Python 3.11 to 3.13, but $(PYTHON) is $$($(PYTHON) --version 2>&1)."; \
	  echo "Name another one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) --editable '.[serve]'
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(PIP_INSTALL) --editable '.[dev]'
	touch $@
