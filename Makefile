# Two commands do everything: `make demo` and `make test`. Each makes its own .venv first (with uv if it is there, else venv + pip).
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
STAMP := $(VENV)/.ready
BIN := $(VENV)/bin
SEEDS ?= 100

.PHONY: demo test lint types bench soak fuzz fastpath zoo schema specs traces renew pythons clean

demo: $(STAMP)
	@$(BIN)/refk8s demo --seeds $(SEEDS)

test: $(STAMP)
	@$(BIN)/python -m pytest -n auto --dist worksteal -rs

lint: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(STAMP)
	@$(BIN)/mypy

bench: $(STAMP)
	@$(BIN)/python -m tests.benchmarks

# Long runs for a night: 10,000 seeds of every scenario with faults (what is interrupted goes on from soak/ledger.db; SOAK="--seeds 100" for other
# numbers), a hundred times kill -9 under load, ten minutes of kubectl.
soak: $(STAMP)
	@$(BIN)/python -m tests.tools.soak $(SOAK)
	@$(BIN)/python -m tests.e2e.killing 100
	@$(BIN)/python -m tests.e2e.soak 600

fuzz: $(STAMP)
	@if command -v uv >/dev/null 2>&1; then uv pip install --quiet --python $(BIN)/python -e '.[fuzz]'; \
	else $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[fuzz]'; fi
	@$(BIN)/python -m tests.e2e.schema_fuzz 50

# The scheduler's fast path against the clear one on 20,000 random clusters; a minute or two.
fastpath: $(STAMP)
	@$(BIN)/python -m tests.properties.scheduler_clusters 20000

# What is generated from the code; tests fail when it has drifted.
schema: $(STAMP)
	@$(BIN)/refk8s scenarios schema > refk8s/scenarios/scenario.schema.json

specs: $(STAMP)
	@$(BIN)/python -m tests.tools.build_specs

# All of it, after behaviour has changed on purpose.
renew: schema specs traces

# The pinned traces (CHANGELOG: Trace compatibility) and the sessions in README and specs.
traces: $(STAMP)
	@$(BIN)/python -m tests.tools.pin_traces
	@$(BIN)/python -m tests.tools.pin_zoo
	@$(BIN)/python -m tests.tools.paste_sessions

# Every mutant hunted anew, its trace and figures (specs/TRACK_RECORD.md); some minutes.
zoo: $(STAMP)
	@$(BIN)/python -m tests.tools.pin_zoo --all
	@$(BIN)/python -m tests.tools.build_specs

# Environments with other Pythons, as far as they are installed: the determinism test compares their digests.
pythons:
	@for version in 3.12 3.13; do \
	  for python in "$$(command -v python$$version)" $(HOME)/.pyenv/versions/$$version.*/bin/python3; do \
	    if [ ! -x .venv-$$version/bin/python ] && "$$python" -c pass 2>/dev/null; then \
	      "$$python" -m venv .venv-$$version && .venv-$$version/bin/python -m pip install --quiet --disable-pip-version-check -e . ; \
	    fi; \
	  done; \
	done

$(STAMP): pyproject.toml
	@if command -v uv >/dev/null 2>&1; then \
	  uv venv --quiet --allow-existing --python "$$(command -v $(PYTHON))" $(VENV) && \
	  uv pip install --quiet --python $(BIN)/python -e '.[test]'; \
	else \
	  $(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test]'; \
	fi
	@touch $@

clean:
	rm -rf $(VENV) .venv-* .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
