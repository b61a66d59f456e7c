# `make demo` and `make test` set everything up by themselves: Python 3.11 or later, git and make are enough.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTHON ?= $(shell command -v python3.11 || command -v python3)
# Synapse lives apart: it is AGPL or commercial, and Tidegate imports nothing of it.
SYNAPSE := .venv-synapse
SYNAPSE_OLDER := .venv-synapse-older
MODULE := packages/tidegate-synapse

# A fresh checkout is compiled once, not by each of the processes that the tests start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo synapse synapse-older test lint format bench model evaluate docs warm clean

help:
	@echo "make demo      simulate a small world, scan it, show the verdicts; then guard a real Matrix homeserver"
	@echo "make test      style, types, order of the rooms, all tests"
	@echo "make lint      style, types and order of the rooms only"
	@echo "make format    put the style right"
	@echo "make bench     throughput, latency and memory of this machine"
	@echo "make model     train the shipped model anew, bit for bit"
	@echo "make evaluate  measure the shipped policy and model"
	@echo "make synapse   the homeserver that demo and test use; synapse-older: an older release of it"
	@echo "make docs      write the reference pages that follow from the code"

# A new virtual environment in the folder $(1), by whatever this Python has to make one.
define new-venv
if $(PYTHON) -c 'import ensurepip' 2>/dev/null; then $(PYTHON) -m venv $(1); \
elif $(PYTHON) -m virtualenv --version >/dev/null 2>&1; then $(PYTHON) -m virtualenv --quiet $(1); \
elif command -v virtualenv >/dev/null; then virtualenv --quiet --python $(PYTHON) $(1); \
else echo "$(PYTHON) cannot make a virtual environment; on Debian: apt install python3-venv"; exit 1; fi
endef

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed; on Debian: apt install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is too old: Python 3.11 or later is needed. Name another: make PYTHON=/path/to/python"; exit 1; }
	@$(call new-venv,$(VENV))

$(READY): requirements.lock pyproject.toml | $(BIN)/python
	@echo "installing the pinned packages into $(VENV), once"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

warm: $(READY)
	@$(BIN)/tidegate warm-up

$(SYNAPSE)/.ready: requirements-synapse.lock
$(SYNAPSE_OLDER)/.ready: requirements-synapse-older.lock
$(SYNAPSE)/.ready $(SYNAPSE_OLDER)/.ready: $(MODULE)/pyproject.toml | $(BIN)/python
	@echo "installing a pinned Synapse into $(@D), once; about half a minute"
	@test -x $(@D)/bin/python || { $(call new-venv,$(@D)); }
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $(filter %.lock,$^)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable $(MODULE)
	@touch $@

synapse: $(SYNAPSE)/.ready

synapse-older: $(SYNAPSE_OLDER)/.ready

# Without Synapse the demonstration shows the rest, and says so.
demo: warm
	@test -f $(SYNAPSE)/.ready || echo "installing Synapse for the live part, once; about half a minute"
	@$(MAKE) --no-print-directory synapse >/dev/null 2>&1 || echo "Synapse could not be installed: make synapse says why"
	@$(BIN)/tidegate demo

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Two at a time: while packages come in, style and types are looked at. Many tests wait for servers in real time, so
# four at once keep two cores busy. A file stays together: its tests share one homeserver.
test: | $(BIN)/python
	@$(MAKE) --no-print-directory -j2 lint warm synapse synapse-older
	$(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder

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
	rm -rf $(VENV) $(SYNAPSE) $(SYNAPSE_OLDER) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist out
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
