# Everything a person or CI runs. Each target installs what it needs and is missing, after saying what.

SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# What is compiled once need not be at each start of a worker or a command.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
INSTALLED := .venv/.installed
# Another version may write the same lock differently.
UV := 0.13.9
COMPILE := $(BIN)/uv pip compile pyproject.toml --quiet --generate-hashes --no-header --no-annotate --python-version 3.11
PYTEST := $(BIN)/pytest -q --dist loadfile --no-loadscope-reorder --durations 12 --durations-min 30
# In more processes than there are cores, as they wait.
RUN := $(PYTEST) -n 4
# Each has a whole stack of its own from the first case to the last, and two cores have no room for a third.
RUN_STACKS := $(PYTEST) -n 2
# Those that wait the most begin.
QUICK := tests/starter tests/workflows tests/worker tests/setup tests/replay tests/activities tests/domain
STACKS := tests/e2e
SERVERS := $(filter-out $(addsuffix /,$(QUICK) $(STACKS)),$(sort $(wildcard tests/*/)))

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: setup ## the whole story on the example application; leaves the stack running
	@$(BIN)/onward demo

test: check tools ## everything, on real servers (minutes)
	@code=0; $(RUN) $(SERVERS) || code=$$?; $(RUN_STACKS) $(STACKS) && exit $$code

check: $(INSTALLED) ## format, lint, types, imports, tests that need no engine (minutes)
	@$(BIN)/python -m stack checks
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo >.venv/imports.log || { cat .venv/imports.log; exit 1; }
	@$(BIN)/pytest -qq --collect-only $(SERVERS) $(STACKS) >.venv/collected.log || { cat .venv/collected.log; exit 1; }
	@$(RUN) $(QUICK)

history: $(INSTALLED) ## record the workflows' histories anew, after a change of a workflow
	@$(BIN)/python -m tests.replay.record

format: $(INSTALLED) ## format and repair what can be repaired
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --fix --quiet .

lock: $(INSTALLED) ## write the lock files anew, after a change of pyproject.toml
	@$(BIN)/pip install --quiet uv==$(UV)
	@$(COMPILE) --all-extras --output-file requirements.lock
	@$(COMPILE) --constraint requirements.lock --output-file deploy/requirements.lock

bench: tools ## what Onward costs, measured (minutes)
	@$(BIN)/python -m benchmarks.gate
	@$(BIN)/python -m benchmarks.throughput
	@$(BIN)/python -m benchmarks.roll_forwards
	@$(BIN)/python -m benchmarks.together
	@$(BIN)/python -m benchmarks.regression
	@$(BIN)/python -m benchmarks.release
	@$(BIN)/python -m benchmarks.recovery
	@$(BIN)/python -m benchmarks.demo

screenshots: tools ## take the pictures of docs/ anew, after make demo
	@$(BIN)/python -m tests.e2e.screenshots

setup: $(INSTALLED) ## install what is missing, start a Docker Engine if none answers
	@$(BIN)/python -m stack setup

tools: $(INSTALLED) # setup, and what only the tests need
	@$(BIN)/python -m stack setup --tests

up: setup ## start the local stack
	@$(BIN)/onward up

down: $(INSTALLED) ## stop the local stack; its data stays
	@$(BIN)/onward down

clean: ## delete the environment and caches; not the stack's data
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED): requirements.lock pyproject.toml
	@sh stack/environment.sh .venv
	@touch $@

.PHONY: help screenshots demo test check bench history format lock setup tools up down clean
