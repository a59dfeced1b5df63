# The README's commands. Needs Python 3.11 or newer and pip; everything else goes into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EXTRAS ?= engine,demo,dev
TESTERS ?= 2
STAMP := $(VENV)/.installed-$(EXTRAS)
SOURCES := workspace engine daemon tui tests benchmarks docs

.PHONY: help setup demo test check lint format types contracts settings clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(STAMP)  ## make .venv with everything that demo and test need

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "$(PYTHON) is older than 3.11: name a newer one, as in make setup PYTHON=python3.12"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[$(EXTRAS)]'
	touch $@

demo: setup  ## drop recordings, train a voice, hear it: no GPU, no network, about 4 minutes
	$(BIN)/yinfang demo

test: setup  ## the tests
	$(BIN)/python -m pytest -n $(TESTERS) --dist loadfile --no-loadscope-reorder

check: lint types contracts test  ## everything that must hold before a commit is shared

lint: setup  ## style
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)

format: setup  ## rewrite to the style
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

types: setup  ## strict types
	$(BIN)/mypy

contracts: setup  ## who may import whom
	$(BIN)/lint-imports

settings: setup  ## write config.toml and docs/configuration.md from the code
	$(BIN)/python -m docs.write_settings

clean:  ## remove what can be made again: .venv, caches, the demo's workspace
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist demo
