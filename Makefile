# make run: set up, poll, show.  make test: set up, all tests.  make: everything CI does.
PYTHON ?= python3
BIN := .venv/bin
SETUP := .venv/.done

.DEFAULT_GOAL := all
.PHONY: all run test lint types bench clean

all: lint types test

$(SETUP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "aggregator needs Python 3.11 or newer; try: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable . --group dev
	touch $(SETUP)

run: $(SETUP)
	$(BIN)/aggregator start

test: $(SETUP)
	$(BIN)/python -m pytest

lint: $(SETUP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(SETUP)
	$(BIN)/mypy

clean:
	rm -rf .venv build *.egg-info
