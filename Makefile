# `make help` lists the targets. Needs Python 3.11 or newer, git and make; everything else comes from requirements.lock.

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help install up demo test chaos check bench bench-dashboards lock

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' Makefile

install: $(STAMP) ## set up .venv from requirements.lock; the other targets do it by themselves

# --no-deps: the lock is complete. Resolving it again fails on the day that a newer release of a package with extras appears.
$(STAMP): requirements.lock pyproject.toml
	@sh tools/make_venv.sh $(VENV)
	@echo "Setting up $(VENV) from requirements.lock; this happens once and takes a few minutes"
	@$(PIP) install --quiet --no-deps --require-hashes -r requirements.lock
	@$(PIP) install --quiet --no-build-isolation --no-deps --editable .
	@touch $@

up: $(STAMP) ## start everything and print the address (ARGS="--port 8600" …)
	@exec $(BIN)/reelwright up $(ARGS)

demo: $(STAMP) ## the main job in the terminal: the sample story, planned and its first episode made
	@exec $(BIN)/reelwright demo $(ARGS)

test: $(STAMP) ## every test: units, the engine on real servers, pages, the browser
	@chromium=`sh tools/find_chromium.sh $(BIN)/python` || exit 1; \
	REELWRIGHT_CHROMIUM="$$chromium" $(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder $(ARGS)

chaos: $(STAMP) ## break everything around the engine, 200 kills on each database (ARGS="--kills 20 --jobs 100" …)
	@exec $(BIN)/python -m tests.chaos $(ARGS)

check: $(STAMP) ## style, types, import rules, dead code, text shown as markup, complete translations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vulture
	$(BIN)/python tools/foreign_text.py
	$(BIN)/python -m workbench.locale.check

bench: $(STAMP) ## measure the engine and the pages beside their targets
	@chromium=`sh tools/find_chromium.sh $(BIN)/python` || exit 1; \
	REELWRIGHT_CHROMIUM="$$chromium" exec $(BIN)/python -m benchmarks $(ARGS)

bench-dashboards: $(STAMP) ## time every question of the pages on a million jobs (ARGS="--jobs 50000 --database sqlite" …)
	@exec $(BIN)/python -m benchmarks.dashboards $(ARGS)

lock: $(STAMP) ## choose the newest allowed versions again and write requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --generate-hashes --upgrade \
		--no-emit-index-url --no-header --quiet --output-file requirements.lock
