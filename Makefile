# Two commands matter: `make run` and `make test`. Nothing needs to be installed but Python 3.11 and make.

PYTHON ?= python3
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run test check fix bench fuzz chaos schema
SHELL := /bin/sh

# A stamp names the requirements it stands for: when they change, its name does.
PINS := $(shell cat requirements/*.txt | cksum | tr ' ' '-')
LOCAL := .venv/.local-$(PINS)
DEV := .venv/.dev-$(PINS)
IN := .venv/bin

# Django under safe production settings; nothing here connects to a server.
PRODUCTION := env -i PATH="$(PATH)" PUBLIC_URL=https://loyalty.example.com ALLOWED_HOSTS=loyalty.example.com \
  DATABASE_URL=postgres://nobody@localhost:1/nothing REDIS_URL=redis://localhost:1/0 \
  SECRET_KEY=no-secret-at-all-but-long-enough-for-the-check-of-Django \
  ENCRYPTION_KEYS=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
MANAGE := $(PRODUCTION) $(IN)/python -W ignore::RuntimeWarning manage.py
SCHEMA := $(MANAGE) spectacular --validate --fail-on-warn --file

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

run: $(LOCAL) ## Run everything on this machine (PORT, SHOP_PORT, LAUREL_DATA_DIR)
	@$(IN)/python -m config.local

test: $(DEV) ## Run all tests on real servers (ARGS="tests/config -k run" for some)
	@$(IN)/python -m pytest -n 2 $(ARGS)
ifeq ($(ARGS)$(shell id -u)$(wildcard /etc/debian_version),0/etc/debian_version)
	@echo 'Once more, on the PostgreSQL and Redis of Debian'
	@TEST_SERVERS=debian $(IN)/python -m pytest -n 2 -m 'not browser and not slow_clone'
endif

check: $(DEV) ## Lint, types, layers, migrations, production settings, schema
	@$(IN)/ruff check --quiet
	@$(IN)/ruff format --check --quiet
	@$(PRODUCTION) $(IN)/mypy .
	@$(IN)/lint-imports
	@$(IN)/djlint templates --lint --quiet
	@$(MANAGE) makemigrations --check --dry-run
	@$(MANAGE) check --deploy --fail-level WARNING
	@$(SCHEMA) .venv/openapi.yaml
	@diff -u docs/openapi.yaml .venv/openapi.yaml || { echo 'docs/openapi.yaml is not up to date: make schema' >&2; exit 1; }

fix: $(DEV) ## Repair what a machine can repair
	@$(IN)/ruff check --fix
	@$(IN)/ruff format

bench: $(DEV) ## Measure speed against peers
	@$(IN)/python -m bench $(ARGS)

fuzz: $(DEV) ## Try the APIs against their schema, the books against their model, at length (FUZZ_EXAMPLES, FUZZ_SEED)
	@FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-50} FUZZ_SEED=$${FUZZ_SEED:-$$(date +%s)} $(IN)/python -m pytest -m fuzz tests/test_fuzz.py tests/books $(ARGS)

chaos: $(DEV) ## Break Redis, workers and consumers under load; nothing may be lost (ARGS="--full --only F06")
	@$(IN)/python -m tests.chaos $(ARGS)

schema: $(DEV) ## Write docs/openapi.yaml anew
	@$(SCHEMA) docs/openapi.yaml

.venv/.%-$(PINS):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Laurel needs Python 3.11 or newer: install it, or name it, as in: make run PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make virtual environments: install its venv package (Debian, Ubuntu: apt install python3-venv)" >&2; exit 1; }
	@$(IN)/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || $(PYTHON) -m venv --clear .venv
	@echo 'Installing requirements/$*.txt …'
	@$(IN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/$*.txt || { \
	  echo "The requirements cannot be installed; the reason stands above." >&2; exit 1; }
	@touch $@
