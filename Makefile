# The two commands are `make run` and `make test`; each does all its own set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# A hub is a dozen processes: what one has compiled none compiles again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install install-tests install-proofs install-peers services run demo style test bench weights proof lock

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

install: $(VENV)/.installed ## Install the hub into .venv from the locked, hashed list

$(VENV)/.installed: ops/locks/runtime.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement ops/locks/runtime.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

install-tests: $(VENV)/.installed-tests

$(VENV)/.installed-tests: $(VENV)/.installed ops/locks/development.txt
	$(BIN)/python -m pip install --quiet --require-hashes --requirement ops/locks/development.txt
	@touch $@

install-proofs: $(VENV)/.installed-proofs

$(VENV)/.installed-proofs: $(VENV)/.installed ops/locks/proofs.txt
	$(BIN)/python -m pip install --quiet --require-hashes --requirement ops/locks/proofs.txt
	@touch $@

install-peers: $(VENV)/.installed-peers

$(VENV)/.installed-peers: $(VENV)/.installed ops/locks/peers.txt
	$(BIN)/python -m pip install --quiet --require-hashes --requirement ops/locks/peers.txt
	@touch $@

services: install ## Install Chromium, and what private Kafka, RabbitMQ and PostgreSQL instances need (for tests and benchmarks)
	$(BIN)/python -m tests.services install

run: install ## Start the hub, stream the sample agencies through it, stay up with its desks
	$(BIN)/hub demo --stay

demo: install ## The same without staying; the last line is the summary as JSON
	$(BIN)/hub demo --json

STYLE := ops/console/style

style: ## Build the console's stylesheet and take htmx anew (needs npm; both are committed, so that nobody else does)
	cd $(STYLE) && npm ci --ignore-scripts --no-audit --no-fund
	cd $(STYLE) && npx sass --no-source-map --style=compressed --load-path=node_modules console.scss ../static/console.css
	cp $(STYLE)/node_modules/htmx.org/dist/htmx.min.js $(STYLE)/../static/htmx.js
	cp $(STYLE)/node_modules/htmx.org/dist/ext/hx-sse.min.js $(STYLE)/../static/htmx-sse.js
	cp $(STYLE)/node_modules/htmx.org/LICENSE $(STYLE)/../static/htmx-licence.txt

# The disk under the folders of tests is waited for thousands of times; memory, where there is room, is not.
# Tests kill processes and no machines, and what a killed process wrote is there either way.
ROOMY = test -w /dev/shm && test "$$(df --output=avail -k /dev/shm | tail -1)" -gt 4000000

test: install-tests services ## Lint, types, import contracts and every test (FULL=1: what takes long in its larger form)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	if test -z "$$TMPDIR" && $(ROOMY); then export TMPDIR=/dev/shm; fi; \
		$(BIN)/python -m pytest --numprocesses=2 --no-loadscope-reorder --durations=25

bench: install-tests install-peers services ## Measure the hub and its peers; the last line is one JSON object (QUICK=1: a small form)
	$(BIN)/python -m tests.bench

PROOF ?= f1

weights: install-tests install-proofs ## Learn anew what words weigh in a suggestion (WEIGHTS="--version 2026-11 --made 2026-11-27")
	$(BIN)/python -m tests.proofs weights $(WEIGHTS)

proof: install-tests services $(if $(filter k2,$(PROOF)),install-proofs) ## Put what the hub says of itself to the proof; the last line is one JSON object (PROOF="f1 --runtime production"; PROOF=--help lists them)
	$(BIN)/python -m tests.proofs $(PROOF)

lock: ## Renew the locked lists (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet pyproject.toml ops/locks/build.in --output-file ops/locks/runtime.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet --extra development pyproject.toml ops/locks/build.in --constraint ops/locks/runtime.txt --output-file ops/locks/development.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet --extra proofs pyproject.toml ops/locks/build.in --constraint ops/locks/runtime.txt --output-file ops/locks/proofs.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet --extra peers pyproject.toml ops/locks/build.in --constraint ops/locks/runtime.txt --output-file ops/locks/peers.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet ops/locks/edge.in --constraint ops/locks/runtime.txt --output-file ops/locks/edge.txt
