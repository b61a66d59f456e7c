# `make demo` and `make test` set everything up by themselves: Python 3.11 or later, git and make are enough.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTHON ?= $(shell command -v python3.11 || command -v python3)

.PHONY: help demo test lint format bench model evaluate docs warm clean

help:
	@echo "make demo      simulate a small world, scan it, show the verdicts"
	@echo "make test      style, types, order of the rooms, all tests"
	@echo "make lint      style, types and order of the rooms only"
	@echo "make format    put the style right"
	@echo "make bench     throughput, latency and memory of this machine"
	@echo "make model     train the shipped model anew, bit for bit"
	@echo "make evaluate  measure the shipped policy and model"
	@echo "make docs      write the reference pages that follow from the code"

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed; on Debian: apt install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is too old: Python 3.11 or later is needed. Name another: make PYTHON=/path/to/python"; exit 1; }
	@if $(PYTHON) -c 'import ensurepip' 2>/dev/null; then $(PYTHON) -m venv $(VENV); \
	elif $(PYTHON) -m virtualenv --version >/dev/null 2>&1; then $(PYTHON) -m virtualenv --quiet $(VENV); \
	elif command -v virtualenv >/dev/null; then virtualenv --quiet --python $(PYTHON) $(VENV); \
	else echo "$(PYTHON) cannot make a virtual environment; on Debian: apt install python3-venv"; exit 1; fi

$(READY): requirements.lock pyproject.toml | $(BIN)/python
	@echo "installing the pinned packages into $(VENV), once"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

warm: $(READY)
	@$(BIN)/tidegate warm-up

demo: warm
	@$(BIN)/tidegate demo

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint warm
	$(BIN)/pytest -n 2

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: warm
	$(BIN)/tidegate bench

model: warm
	$(BIN)/tidegate train

evaluate: warm
	$(BIN)/tidegate evaluate

docs: $(READY)
	$(BIN)/tidegate docs

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist out
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
