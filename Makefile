# Two commands do everything on a fresh machine: `make demo` and `make test`. Both set up .venv by themselves.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
NODE_READY := node_modules/.ready
NODE_TESTS_READY := node_modules/.ready-tests
SECURITY := .venv-security
SECURITY_READY := $(SECURITY)/.ready
KEEP ?= 0

.DEFAULT_GOAL := help
.PHONY: help demo test check check-security bicep stack stack-down bench fault-table package contracts lock kill-table fuzz soak clean setup

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: $(READY) $(NODE_READY) ## Install everything into the clone (.venv, node_modules)

demo: setup ## Press Create: pack and push a release, run Day-0 on the local stack, find a fault (KEEP=1 keeps the state)
	@$(PY) -m demo $(if $(filter 1,$(KEEP)),--keep,)

test: setup $(NODE_TESTS_READY) ## Run every test, on as many cores as there are (four at most)
	@$(PY) -m pytest -n auto --maxprocesses 4 --dist loadfile

check: $(READY) ## Format, lint, types and unit tests, in under a minute
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy
	@$(PY) -m pytest -q -n auto --maxprocesses 4 -m "not thorough" tests/unit tests/flows tests/house

stack: setup ## Keep the local stack up, seeded, for the command line
	@$(PY) -m demo --stack-only

stack-down: $(READY) ## Stop the local stack
	@$(PY) -m local_stack down

bench: setup ## Measure against peers and floors; rewrites the figures in docs/performance.md
	@$(PY) -m bench --record

kill-table: setup ## Kill Day-0 with -9 at every boundary, run it again, compare everything (ONLY=PATTERN: some cells)
	@$(PY) -m tests.kill $(if $(ONLY),--only '$(ONLY)',)

fuzz: $(READY) ## Throw changed alerts at the parser (SECONDS=60)
	@$(PY) -m tests.fuzz $(or $(SECONDS),60)

soak: setup ## Fire alerts at the action group under kills and faults, and account for every row (ALERTS=5000)
	@$(PY) -m tests.soak $(or $(ALERTS),5000) $(if $(filter 1,$(RECORD)),--record,)

fault-table: setup ## Run Day-0 under every fault and write docs/fault-table.md (ONLY=pattern runs some)
	@$(PY) -m tests.faults $(if $(ONLY),--only '$(ONLY)',)

package: setup ## Pack this commit's release into dist/release
	@$(VENV)/bin/vibedata release pack dist/release

bicep: $(READY) ## Compile the template and every environment's parameters; with Microsoft's CLI too where it is
	@$(PY) -m tools.bicep

check-security: $(READY) $(SECURITY_READY) ## Hold the deployed template against checkov's rules (its own .venv-security)
	@$(PY) -m tests.bicep.security

contracts: $(READY) ## Copy the contract files to where the layout wants them, and regenerate what is made from them
	@cp vibedata/contracts/manifest.schema.json manifest.schema.json
	@cp $(addprefix vibedata/contracts/,sequence.json rbac.json operations_columns.json alert_rules.json) bicep/
	@$(PY) -m tools.bicep
	@$(PY) -m tools.docs
	@$(PY) -m vibedata.operations_table > docs/operations-table.md
	@$(VENV)/bin/vibedata deploy plan --svg docs/phases.svg > /dev/null
	@$(PY) -m tests.bicep.phases_page

lock: $(READY) ## Lock the requirements again
	@$(PY) -m tools.lock

clean: ## Remove what setup, the demo and tests left in the clone
	@rm -rf $(VENV) $(SECURITY) node_modules .local .cache dist build *.egg-info .mypy_cache .ruff_cache .pytest_cache

$(READY): requirements-dev.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) is missing: install Python 3.10 or newer, or say 'make PYTHON=...'"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "make: $(PYTHON) is older than 3.10: say 'make PYTHON=/path/to/python3.10-or-newer'"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "make: $(PYTHON) has no venv module: install it (Debian: apt-get install python3-venv)"; exit 1; }
	@echo "setup: Python packages into $(VENV) (a minute or two the first time)"
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@$(PY) -m tools.install
	@touch $@

$(NODE_READY): package-lock.json $(READY)
	@$(PY) -m tools.node
	@touch $@

# Only tests ask Kusto's parser: without it they skip, but CI must have it.
$(NODE_TESTS_READY): $(NODE_READY)
	@if $(PY) -m tools.node --tests; then touch $@; else test "$$CI" != true; fi

$(SECURITY_READY): requirements-security.txt | $(READY)
	@echo "setup: checkov into $(SECURITY)"
	@test -x $(SECURITY)/bin/python || $(PY) -m venv $(SECURITY)
	@$(SECURITY)/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-security.txt
	@touch $@
