# Everything a developer runs. `make` alone lists the targets.

PYTHON ?= python3
export PIP_DISABLE_PIP_VERSION_CHECK := 1
VENV := .venv
# More processes than cores: many tests wait for others, for a clock or for a process that starts.
WORKERS ?= 4
# The Open University Learning Analytics Dataset, which measurements of the import read.
OULAD ?= ../shared/data/oulad
DEMO := $(VENV)/.ready-demo
TEST := $(VENV)/.ready-test
BENCH := $(VENV)/.ready-bench

.DEFAULT_GOAL := help
.PHONY: help demo test matrix lint bench reference clean
.DELETE_ON_ERROR:

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' Makefile

demo: $(DEMO) ## Start the whole system with two synthetic schools; Ctrl-C ends it
	$(VENV)/bin/homeroom up --demo

test: lint ## Check the code, then run the suite on PostgreSQL 18 (embedded) and 15 (Debian)
	$(VENV)/bin/pytest -n $(WORKERS) --dist worksteal

matrix: lint ## The same with each test on both versions, as root and not: twice as long
	$(VENV)/bin/pytest -n $(WORKERS) --dist worksteal --every

lint: $(TEST) ## Check style and types of Python, style of SQL
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/sqlfluff lint --processes 0 db tests/sql

bench: $(BENCH) ## Measure, each figure a ratio against a baseline of the same run
	$(VENV)/bin/python -m bench.request
	$(VENV)/bin/python -m bench.aggregates
	$(VENV)/bin/python -m bench.dashboard
	$(VENV)/bin/python -m bench.director
	$(VENV)/bin/python -m bench.feed
	$(VENV)/bin/python -m bench.streams
	$(VENV)/bin/python -m bench.ticks
	$(VENV)/bin/python -m bench.cache
	$(VENV)/bin/python -m bench.edge
	$(VENV)/bin/python -m bench.upgrade
	$(VENV)/bin/python -m bench.import $(OULAD)

reference: $(DEMO) ## Write docs/reference.md from the comments in the database
	$(VENV)/bin/python -m db.reference docs/reference.md

clean: ## Remove what make made (never a database's data)
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache

# A stamp says that .venv holds what pyproject.toml asked for at that time. The code itself is installed in place: editing
# it needs no new installation.
define set-up # what .ci/system-packages provides, what pip installs
	@echo 'Installing what `make $(@:$(VENV)/.ready-%=%)` needs: about a minute, then not again.'
	.ci/system-packages $1
	test -x $(VENV)/bin/pip || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --editable '$2'
	@touch $@
endef

$(DEMO): pyproject.toml
	$(call set-up,demo,.)

$(TEST): pyproject.toml .ci/system-packages
	$(call set-up,test,.[test])

$(BENCH): pyproject.toml .ci/system-packages
	$(call set-up,bench,.[bench])
