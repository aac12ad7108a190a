# make run: set up, poll, show.  make test: set up, all tests.  make: format check, lint, types, tests.
# make floors: the quality floors, where the shared evaluation sets are (EVAL=../shared/eval).
# make bench: the floors, and the short form of all that is measured beside the recorded ratios (LAB=../shared/lab/load).
# make browser: what the tests in a browser need besides a Chromium; without it make test skips them.
PYTHON ?= python3
BIN := .venv/bin
SETUP := .venv/.done
EVAL ?= ../shared/eval
LAB ?= ../shared/lab/load

.DEFAULT_GOAL := all
.PHONY: all run test floors bench browser lint types format clean

all: lint types test

$(SETUP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("aggregator needs Python 3.11 or newer; try: make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $(SETUP)

run: $(SETUP)
	@$(BIN)/aggregator poll; status=$$?; \
	if [ $$status -eq 0 ]; then $(BIN)/aggregator query --stories; \
	elif [ $$status -eq 1 ]; then echo "No feed was polled; here is the demo wire instead, which needs no internet."; \
		$(BIN)/aggregator demo; \
	else exit $$status; fi

test: $(SETUP)
	$(BIN)/python -m pytest

floors: $(SETUP)
	$(BIN)/python -m bench.floors $(EVAL)

bench: floors
	$(BIN)/python -m bench.ratios $(EVAL) $(LAB)

browser: $(SETUP)
	$(BIN)/python -m pip install --quiet --group browser

lint: $(SETUP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(SETUP)
	$(BIN)/mypy

format: $(SETUP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf .venv build *.egg-info
