# Each target does its own set-up, in a virtual environment of its own.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
BENCH := .bench
CLAUDE := tests/acceptance/node_modules/.bin/claude
PROGRAMS := tests/test_recovery.py tests/cli/test_orchestrate.py tests/cli/test_team.py \
	tests/acceptance/test_story.py tests/faults/test_workspace.py tests/faults/test_requests.py \
	tests/faults/test_supervisor_dies.py tests/faults/test_events.py tests/faults/test_reload.py

.PHONY: bench demo test test-without-events check unit acceptance soak breakages clean

demo: $(READY)
	$(BIN)/team-supervisor demo

# A test that a loaded machine alone breaks is a test to be mended; RERUNS=2 tries it again.
RERUNS ?= 0

# The second pass: those that run the program itself, where changes are not told by the kernel.
test: $(READY) $(CLAUDE)
	$(BIN)/python -m pytest -n 4 --reruns $(RERUNS) -rfER tests
	TEAM_SUPERVISOR_FILE_EVENTS=off $(BIN)/python -m pytest -n 4 --reruns $(RERUNS) -rfER $(PROGRAMS)

test-without-events: $(READY) $(CLAUDE)
	TEAM_SUPERVISOR_FILE_EVENTS=off $(BIN)/python -m pytest -n 4 tests

unit: $(READY)
	$(BIN)/python -m pytest -n 4 tests --ignore tests/acceptance

acceptance: $(READY) $(CLAUDE)
	$(BIN)/python -m pytest tests/acceptance

# A full run takes about half an hour and writes its table into docs/soak.md.
KILLS ?= 1000
SESSIONS ?= 10000
EXAMPLES ?= 100

soak: $(READY)
	TEAM_STATEFUL_EXAMPLES=$(EXAMPLES) TEAM_STATEFUL_STEPS=25 $(BIN)/python -m pytest --timeout 3600 tests/faults/test_stateful.py
	$(BIN)/python -m tests.faults.soak --kills $(KILLS) --sessions $(SESSIONS) --write

# Breaks each promise of the table in a copy, and sees its tests fail.
breakages: $(READY)
	$(BIN)/python -m tests.breakages

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Side by side with whichever peers can be installed; about 25 minutes, on an idle machine.
bench: $(BENCH)/.ready
	$(BENCH)/venv/bin/python -m benchmarks --write docs --save $(BENCH)/samples.json

$(BENCH)/.ready: pyproject.toml
	$(PYTHON) -m venv $(BENCH)/venv
	$(BENCH)/venv/bin/python -m pip install --quiet --disable-pip-version-check -e '.[bench]'
	-npm install --prefix $(BENCH) --no-audit --no-fund --loglevel=error pm2@7
	-command -v tsp >/dev/null || { test "$$(id -u)" = 0 && apt-get install -y -q task-spooler; }
	touch $@

$(READY): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "team-supervisor needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

$(CLAUDE): tests/acceptance/package.json
	npm install --prefix tests/acceptance --no-audit --no-fund --loglevel=error
	touch -c $@

clean:
	rm -rf $(VENV) $(BENCH) tests/acceptance/node_modules
