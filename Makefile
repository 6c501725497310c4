# make help lists the commands. Each builds what it needs; nothing but Python 3.11 or newer is assumed.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
SBOM := build/munshi.cdx.json
BIN := $(VENV)/bin
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$python; break; fi; done)

# Installs the lock file $(1), showing a dot for each package and the whole log if it fails.
define install
	@printf '$(2) '
	@$(BIN)/python -m pip install --disable-pip-version-check --no-input --require-hashes --no-deps -r $(1) 2>&1 \
		| tee $(VENV)/install.log | awk '/^Collecting/ { printf "."; fflush() } END { print "" }' \
		|| { cat $(VENV)/install.log; exit 1; }
endef

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Munshi needs Python 3.11 or newer on the PATH"; exit 1; }
	@echo "Making the environment in $(VENV) with $$($(PYTHON) --version) (once)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.run: requirements.lock pyproject.toml | $(BIN)/python
	$(call install,requirements.lock,Installing what Munshi runs with)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# The tests of pages take a Chromium. Where it can't be installed they are skipped, and say so.
$(VENV)/.browser: | $(BIN)/python
	@for name in chromium chromium-browser google-chrome; do command -v $$name > /dev/null && { touch $@; exit 0; }; done; \
		echo "Installing Chromium, for the tests of pages"; \
		{ test "$$(id -u)" = 0 && apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium; } \
			> $(VENV)/browser.log 2>&1 && touch $@ \
		|| echo "NO CHROMIUM: the tests of pages will be skipped. Install it (Debian: apt install chromium)."

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	$(call install,requirements-dev.lock,Installing what its tests need)
	@touch $@

$(VENV)/.console: requirements-console.lock $(VENV)/.run
	$(call install,requirements-console.lock,Installing what its pages in a browser need)
	@touch $@

.PHONY: install
install: $(VENV)/.run ## the environment that shops run in, also after an upgrade; says how to call munshi
	@echo "munshi is $(CURDIR)/$(BIN)/munshi. To have it on the PATH:"
	@echo "  mkdir -p ~/.local/bin && ln -sf $(CURDIR)/$(BIN)/munshi ~/.local/bin/munshi"
	@echo "A shop lives in a folder of its own: munshi init my-shop"

.PHONY: console
console: $(VENV)/.console ## what the shop's pages in a browser need; then: munshi console

.PHONY: demo
demo: $(VENV)/.console ## play the shop in this terminal and in a browser, in a sandbox: no account, no key
	@$(BIN)/munshi demo $(if $(WITH),--with $(WITH))

.PHONY: test
test: $(VENV)/.dev $(VENV)/.browser ## everything, on SQLite and on a real PostgreSQL
	@$(BIN)/python -m pytest -n 2 --dist worksteal

.PHONY: simulate
simulate: $(VENV)/.dev ## hostile histories of the whole shop: make simulate N=1000000 [MUNSHI_SEED=…]
	@MUNSHI_HISTORIES=$(or $(N),100000) $(BIN)/python -m pytest -n 2 --dist worksteal tests/simulation/test_histories.py \
		tests/simulation/test_day.py -k 'hostile or seed'

.PHONY: crashes
crashes: $(VENV)/.dev ## a kill at every crash point of every script: make test plays a sixteenth of the futures
	@MUNSHI_CRASHES=1 $(BIN)/python -m pytest -n 2 --dist worksteal tests/simulation/test_crash_points.py

.PHONY: soak
soak: $(VENV)/.dev ## load and troubles on real processes: make soak [MINUTES=30] [DATABASE=postgres] [RATE=…] [SEED=…]
	@$(BIN)/python -m tests.soak --minutes $(or $(MINUTES),30) --database $(or $(DATABASE),sqlite) \
		$(if $(RATE),--rate $(RATE)) $(if $(SEED),--seed $(SEED))

.PHONY: prove
prove: $(VENV)/.run ## search all that may happen to flows.yaml: make prove [SECONDS=1200]
	@$(BIN)/munshi prove --deep --seconds $(or $(SECONDS),1200)

.PHONY: check
check: $(VENV)/.dev ## style, types and which room imports which
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

.PHONY: docs
docs: $(VENV)/.run ## write flows.schema.json and docs/flow-language.md anew, from the language itself
	@$(BIN)/python -m bot.flow_docs

.PHONY: bench
bench: $(VENV)/.dev ## speed, as ratios to limits measured in the same run
	@$(BIN)/python -m bench

.PHONY: image-steps
image-steps: $(VENV)/.dev ## carry out the steps of deploy/Dockerfile in an empty folder, every package from the lock
	@MUNSHI_IMAGE_STEPS=1 $(BIN)/python -m pytest tests/deploy/test_image_steps.py

.PHONY: sbom
sbom: $(VENV)/.dev ## write build/munshi.cdx.json: every locked package with its hashes (CycloneDX)
	@mkdir -p $(dir $(SBOM))
	@PYTHONWARNINGS=ignore $(BIN)/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible -o $(SBOM) requirements.lock
	@echo "$(SBOM)"

.PHONY: audit
audit: $(VENV)/.dev ## ask for known faults in what is locked; to be run every week
	@$(BIN)/pip-audit --strict --require-hashes --disable-pip -r requirements-console.lock \
		|| { echo "If a known fault is named above: docs/dependencies.md says what to do."; \
			echo "If a package was 'not found' or nobody answered: nothing was audited."; exit 1; }

.PHONY: lock
lock: $(VENV)/.dev ## pin the newest versions that pyproject.toml allows, with hashes
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --upgrade pyproject.toml --extra build -o requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --upgrade pyproject.toml --extra build --extra console -c requirements.lock \
		-o requirements-console.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --upgrade pyproject.toml --extra build --extra console --extra dev \
		-c requirements-console.lock -o requirements-dev.lock

.PHONY: clean
clean: ## remove the environment and everything built
	@rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
