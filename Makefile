# Everything a person or CI runs. The environment is made once, from pinned and hashed files, and again when they change.
PYTHON ?= python3
VENV ?= .venv
CONFIG ?= config.toml
VERSIONS ?=
ROWS ?=
SOAK ?=
PY := $(VENV)/bin/python
# Where no bytecode may be written (containers often say so), every worker would compile all tests anew: four seconds each.
PYTEST = PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX=$(CURDIR)/.cache/bytecode $(PY) -m pytest
PIP := $(PY) -m pip --disable-pip-version-check --no-input install --quiet --require-hashes -r

# An environment that is half made, or whose Python the system has upgraded away, is made anew: its pip does not run.
ifeq ($(shell [ -x $(PY) ] && $(PY) -c 'import pip' 2>/dev/null && echo runs),)
.PHONY: $(VENV)/.pip
endif

.DEFAULT_GOAL := help
.PHONY: help run demo connect disconnect doctor screenshot test test-slow titles check typecheck format e2e compat savings trial bench lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]*:.*## / { printf "%-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/.run ## serve, with the settings in config.toml
	$(PY) -m proxy --config $(CONFIG)

demo: $(VENV)/.run ## show every side question answered, and one conversation forwarded: no key, no network
	$(PY) -m proxy demo --config $(CONFIG)

connect: $(VENV)/.run ## have Claude Code come here, by its own settings
	$(PY) -m proxy connect --config $(CONFIG)

disconnect: $(VENV)/.run ## take that out of them again
	$(PY) -m proxy disconnect --config $(CONFIG)

doctor: $(VENV)/.run ## find what is wrong, and what to do
	$(PY) -m proxy doctor --client --config $(CONFIG)

screenshot: $(VENV)/.dev ## docs/page-light.png and docs/page-dark.png: the live page behind an hour of scripted work (needs Chromium)
	$(PY) -m tests.live.screenshot

test: $(VENV)/.dev ## the tests: about two minutes on two cores
	@echo 'The tests take about two minutes on two cores; at the end of each line stands how much of them is done.'
	$(PYTEST) -m "not slow" -n auto --dist worksteal

test-slow: $(VENV)/.dev ## the tests and their long profiles: many times as many made-up examples
	$(PYTEST) --hypothesis-profile=long

titles: $(VENV)/.dev ## the titles of a corpus of first messages, judged, and what they take (CORPUS=FILE: of your own)
	$(PY) -m tests.titles $(CORPUS)

check: typecheck ## style and types
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

typecheck: $(VENV)/.dev ## types alone, of the package, the tests and the bench
	$(PY) -m mypy

format: $(VENV)/.dev ## mend the style
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

e2e: $(VENV)/.dev ## real Claude Code clients through Sidestep; VERSIONS="2.0.64 latest" for some of them
	$(PY) -m tests.e2e $(VERSIONS)

compat: $(VENV)/.dev ## docs/compatibility.md: what real clients of many versions ask, and what becomes of it; VERSIONS="latest" for some
	$(PY) -m tests.compat $(VERSIONS)

savings: $(VENV)/.dev ## what is saved in ten turns, by client version: tables and a picture; VERSIONS="2.1.45" for some, unwritten
	$(PY) -m tests.savings $(VERSIONS)

trial: $(VENV)/.pip ## the README's "As a service", by a new user of a fresh Debian (needs root and debootstrap)
	$(PY) -m tests.trial

bench: $(VENV)/.run ## speed, measured beside nginx (needs nginx and wrk); ROWS="relay answer" for some, SOAK=1 for ten minutes
	$(PY) -m bench $(ROWS) $(if $(SOAK),--soak)

lock: ## pin the newest packages that pyproject.toml allows (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml -o requirements.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml --group dev -o requirements-dev.txt

clean: ## remove the environment, the caches and the clients of e2e
	rm -rf $(VENV) .venv-bench .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis

# The stamp stands behind a pip that runs: behind `bin/python` alone, an environment without one would count as made.
$(VENV)/.pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Sidestep needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo \
	'Sidestep needs the venv of Python, to install into $(VENV). On Debian and Ubuntu: sudo apt install python3-venv' >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	@$(PY) -m pip --version >$@

$(VENV)/.run: requirements.txt $(VENV)/.pip
	@echo 'Installing the packages of requirements.txt into $(VENV): once, for half a minute or so.'
	@$(PIP) requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.pip
	@echo 'Installing the packages of requirements-dev.txt into $(VENV): once, for a minute or so.'
	@$(PIP) requirements-dev.txt
	@touch $@ $(VENV)/.run
