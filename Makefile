# Everything a contributor does, one command each. Needs python3.11 and make; `make help` lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

CLAIMWORKS_HOME ?= .claimworks
override CLAIMWORKS_HOME := $(abspath $(CLAIMWORKS_HOME))
export CLAIMWORKS_HOME

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.setup-stamp
MANIFEST := dbt_project/target/manifest.json
DBT_SOURCES := $(shell find dbt_project -type f \( -name '*.sql' -o -name '*.yml' -o -name '*.csv' \) \
	-not -path '*/target/*' -not -path '*/logs/*' 2>/dev/null)
CLAIMS ?= 20000
# Two workers, each with the modules that share what takes seconds to make (tests/conftest.py). `make test WORKERS=` runs one.
WORKERS ?= -n 2 --dist loadscope --no-loadscope-reorder
SEED ?= 7

say = @printf '\n\033[1m==> %s\033[0m\n' $(1)
next = @printf '\n%s\n' $(1)

.PHONY: help setup demo test explore lint format dev dashboard bench clean

help: ## List the targets
	@printf 'Claimworks: claims, remittances and denials, every number traceable to its segment.\n\n'
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18
	@printf '\nState lives in %s (set CLAIMWORKS_HOME to move it). Start with: make demo\n' "$(CLAIMWORKS_HOME)"

setup: $(STAMP) $(MANIFEST) ## Create .venv with the pinned packages and prepare the dbt project (once; about 3 minutes)

$(STAMP): pyproject.toml constraints.txt
	$(call say,"Setting up $(VENV) with the packages of constraints.txt (once, about 3 minutes)")
	@python=""; \
	for candidate in python3.11 python3 python; do \
	  if $$candidate -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  printf 'Claimworks needs Python 3.11, and neither python3.11 nor python3 is one.\n' >&2; \
	  printf 'Install it (Debian: apt-get install python3.11 python3.11-venv; macOS: brew install python@3.11) and run make again.\n' >&2; \
	  exit 1; \
	fi; \
	if ! $(BIN)/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then \
	  printf '  creating %s with %s\n' "$(VENV)" "$$($$python --version)"; \
	  $$python -m venv --clear $(VENV) \
	    || { printf 'Could not create it: Debian keeps venv in its own package (apt-get install python3.11-venv).\n' >&2; exit 1; }; \
	fi
	@printf '  installing %s packages\n' "$$(wc -l < constraints.txt | tr -d ' ')"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(STAMP)

# Whole paths: dbt keeps the folder of a seed as it was given here, and later runs start elsewhere.
$(MANIFEST): $(STAMP) $(DBT_SOURCES)
	$(call say,"Preparing the dbt project")
	@CLAIMWORKS_LAKE="$(CLAIMWORKS_HOME)/lake" CLAIMWORKS_WAREHOUSE_PATH="$(CLAIMWORKS_HOME)/warehouse/claimworks.duckdb" \
	  DBT_SEND_ANONYMOUS_USAGE_STATS=false \
	  $(BIN)/dbt --quiet parse --project-dir "$(CURDIR)/dbt_project" --profiles-dir "$(CURDIR)/dbt_project"
	@touch $(MANIFEST)

demo: setup ## Simulate a clinic network and run the main job: files to dashboard (about 2 minutes)
	$(call say,"Running the main job on $(CLAIMS) simulated claims")
	@$(BIN)/claimworks demo --claims $(CLAIMS) --seed $(SEED)
	$(call next,"Next: make dashboard (the numbers) or make dev (the assets in Dagster).")

test: setup lint ## Lint, types and the whole test suite (about 12 minutes on 2 cores)
	$(call say,"Running the tests")
	@$(BIN)/python -m pytest $(WORKERS)
	$(call next,"All green. Next: git commit; or make bench for the speed figures.")

explore: setup ## The property tests with twenty times the examples, drawn anew (about 30 minutes)
	$(call say,"Exploring with random examples")
	@$(BIN)/python -m pytest -q -m hypothesis --hypothesis-profile explore --timeout 3600
	$(call next,"Nothing found. What it finds some day: mend it and keep it as an @example of the test.")

lint: $(STAMP) ## ruff, mypy and sqlfluff, as pre-commit and CI run them
	$(call say,"Checking style (ruff)")
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	$(call say,"Checking types (mypy)")
	@$(BIN)/mypy
	$(call say,"Checking SQL (sqlfluff)")
	@$(BIN)/sqlfluff lint --processes 2 dbt_project/models dbt_project/tests
	$(call next,"Clean. If something was not: make format mends what a machine can. Next: make test.")

format: $(STAMP) ## Let ruff and sqlfluff mend what they can
	$(call say,"Formatting")
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .
	@$(BIN)/sqlfluff fix --quiet --processes 2 dbt_project/models dbt_project/tests || true
	$(call next,"Next: make lint shows what is left for you.")

dev: setup ## Dagster's web server and daemon at http://127.0.0.1:3000 (Ctrl-C ends it)
	$(call say,"Starting Dagster at http://127.0.0.1:3000")
	@$(BIN)/claimworks serve dagster

dashboard: setup ## Streamlit on the published numbers at http://127.0.0.1:8501 (Ctrl-C ends it)
	$(call say,"Starting the dashboard at http://127.0.0.1:8501")
	@$(BIN)/claimworks serve dashboard

bench: setup ## Measure the main job against its goals (about 6 minutes)
	$(call say,"Measuring the main job in a fresh home")
	@$(BIN)/claimworks bench demo
	$(call next,"As JSON: $(BIN)/claimworks bench demo --json")

clean: ## Remove .venv, the caches and the demo's state in ./.claimworks (a home elsewhere is left alone)
	$(call say,"Removing $(VENV), caches and ./.claimworks")
	@rm -rf $(VENV) .claimworks dbt_project/target dbt_project/logs .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
	$(call next,"Next: make demo starts from nothing.")
