# What a stranger types. `make` lists it; everything happens inside this folder, most of it in .venv.

PYTHON := .venv/bin/python
STAMP := .venv/.setup
OPENAPI := .venv/.openapi
KILLS ?= 1000
WORKERS ?= 3
CLUSTER_WORKERS ?= 5
COUNT ?= 5000
SEED ?=
CASE ?=
CONTRACT ?=
ACCOUNTS ?=
WINDOWS ?=
CLUSTER ?=
STRIKES ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-page test quick crash fuzz test-node test-openapi setup-cluster test-cluster bench \
    bench-many lint types check sample-data clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) ## make .venv and install bulk-onboard into it (once, and when pyproject.toml changes)

$(STAMP): pyproject.toml scripts/setup
	@sh scripts/setup
	@touch $@

demo: $(STAMP) ## onboard the sample businesses here, with a kill -9 in the middle; CONTRACT=released for the other contract
	@CONTRACT=$(CONTRACT) $(PYTHON) scripts/demo.py

demo-page: $(STAMP) ## watch a run of the sample businesses on the live page, until Ctrl-C
	@CONTRACT=$(CONTRACT) $(PYTHON) scripts/demo.py --page

test: $(STAMP) ## run all tests, WORKERS at a time (3: many of them wait); CONTRACT=released for the long ones in full
	@CONTRACT=$(CONTRACT) $(PYTHON) -m pytest -n $(WORKERS) --dist worksteal -m "not cluster"
	@$(PYTHON) -m pytest -n $(CLUSTER_WORKERS) --dist worksteal -m cluster

quick: $(STAMP) ## run the tests that do not take long, while you work
	@$(PYTHON) -m pytest -n $(WORKERS) --dist worksteal -m "not slow"

crash: $(STAMP) ## kill it KILLS times (1000) and at every step; CONTRACT= one only; SEED= the same dice again, DICE= only these
	@CONTRACT=$(CONTRACT) KILLS=$(KILLS) SEED=$(SEED) DICE=$(DICE) $(PYTHON) -m pytest -q tests/crash

fuzz: $(STAMP) ## read COUNT odd and broken workbooks (5000); SEED= and CASE= make one of them again
	@COUNT=$(COUNT) SEED=$(SEED) CASE=$(CASE) $(PYTHON) -m pytest -q tests/fuzz

test-node: $(STAMP) ## drive the sandbox with the vendor's Node SDK, which npm installs into .venv; needs node and npm
	@sh scripts/node_sdk
	@NODE_SDK=.venv/node $(PYTHON) -m pytest -q tests/conformance/test_story.py

test-openapi: $(OPENAPI) ## hold the sandbox against its OpenAPI documents, with schemathesis and a fixed seed
	@$(PYTHON) -m pytest -q tests/openapi

$(OPENAPI): $(STAMP)
	@sh scripts/setup openapi
	@touch $@

setup-cluster: ## find PostgreSQL, or install it (as root, with apt-get), for test-cluster and bench-many CLUSTER=1
	@sh scripts/setup_cluster

test-cluster: $(STAMP) setup-cluster ## run those tests alone that start a PostgreSQL server, as `make test` does at its end
	@$(PYTHON) -m pytest -n $(CLUSTER_WORKERS) --dist worksteal -m cluster

bench: $(STAMP) ## measure everything beside what does less, about 20 minutes; ONLY="pacing check" for some
	@.venv/bin/python -m bench $(ONLY)

bench-many: $(STAMP) ## measure many accounts, half an hour; CLUSTER=1 with PostgreSQL; ACCOUNTS=100 WINDOWS=1, or ONLY="cpu memory", for less
	@ACCOUNTS="$(ACCOUNTS)" WINDOWS=$(WINDOWS) ONLY="$(ONLY)" STRIKES="$(STRIKES)" $(PYTHON) -m bench $(if $(CLUSTER),cluster,many)

lint: $(STAMP) ## check style, format and who imports whom
	@$(PYTHON) -m ruff check --quiet
	@$(PYTHON) -m ruff format --check --quiet
	@$(PYTHON) .venv/bin/lint-imports --no-logo

types: $(STAMP) ## check types
	@$(PYTHON) -m mypy

check: lint types test ## all that must pass before a change is taken in

sample-data: $(STAMP) ## make the sample workbooks and documents anew, the same bytes each time
	@$(PYTHON) sample_data/generate.py

clean: ## remove everything the other targets made
	@rm -rf .venv .demo .bench .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	@find . -name .git -prune -o \( -name __pycache__ -o -name '*.egg-info' \) -prune -exec rm -rf {} +
