# Everything a developer runs. `make` alone lists the targets.

PYTHON ?= python3
VENV := .venv
WORKERS ?= 2
DEMO := $(VENV)/.ready-demo
TEST := $(VENV)/.ready-test

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench clean
.DELETE_ON_ERROR:

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

demo: $(DEMO) ## Start the whole system with a synthetic school; Ctrl-C ends it
	$(VENV)/bin/homeroom up --demo

test: lint ## Check the code, then run the suite on PostgreSQL 18 (embedded) and 15 (Debian)
	$(VENV)/bin/pytest -n $(WORKERS)

lint: $(TEST) ## Check style and types of Python, style of SQL
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/sqlfluff lint db tests/sql

bench: $(VENV)/.ready-bench ## Measure, each figure a ratio against a baseline of the same run
	$(VENV)/bin/python -m bench

clean: ## Remove what make made (never a database's data)
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache

# Each stamp says that .venv holds what pyproject.toml asked for when the stamp was made. The code itself is installed
# in place: editing it needs no new installation.
$(VENV)/bin/pip:
	.ci/system-packages demo
	$(PYTHON) -m venv $(VENV)

$(DEMO): pyproject.toml | $(VENV)/bin/pip
	$(VENV)/bin/pip install --quiet --editable .
	@touch $@

$(TEST): pyproject.toml .ci/system-packages | $(VENV)/bin/pip
	.ci/system-packages test
	$(VENV)/bin/pip install --quiet --editable '.[test]'
	@touch $@

$(VENV)/.ready-bench: pyproject.toml | $(VENV)/bin/pip
	$(VENV)/bin/pip install --quiet --editable '.[bench]'
	@touch $@
