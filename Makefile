# `make course` and `make test` do all the set-up. `make help` lists the rest.
PYTHON ?= python3
UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Much of the tests' time is waiting, for kernels, limits and a browser.
WORKERS ?= 3
STEMS := $(notdir $(wildcard solutions/*))

export PATH := $(abspath $(BIN)):$(PATH)
export TF_CPP_MIN_LOG_LEVEL ?= 3
# With it, every process would compile the course's modules again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help course test book assignments hand-in grade audit serve bench sweep lint format lock clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

course: assignments book  ## set up, build the book, make the assignments, grade the sample class
	@test -d submitted || $(MAKE) --no-print-directory hand-in
	@$(MAKE) --no-print-directory grade
	@printf '\nThe course stands. Where to look:\n'
	@printf '  %-30s %s\n' \
	  '_build/html/index.html' 'the book; open it in a browser, or run: make serve' \
	  'assignments/' 'what students get; open one with: $(BIN)/jupyter lab assignments' \
	  'solutions/' 'its source, with model answers and hidden tests' \
	  'submitted/' 'the sample class, as it handed in' \
	  'reports/' 'marks, parts and mistakes; also: $(BIN)/course report STEM' \
	  'gradebook.db' 'the marks, for nbgrader and its formgrader'

test: $(READY) $(VENV)/.browser $(VENV)/.database  ## all tests, from lint to the built book in a browser
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

book: $(READY)  ## build the book into _build/html
	$(BIN)/jupyter-book build . --warningiserror --keep-going --quiet

assignments: $(READY)  ## generate assignments/ from solutions/, and the sample students
	@for stem in $(STEMS); do \
	  $(BIN)/nbgrader generate_assignment $$stem --force --log-level=ERROR || exit 1; \
	  echo "assignments/$$stem/$$stem.ipynb"; \
	done
	@$(BIN)/python -m tests.submissions.build

hand-in: $(READY)  ## hand the sample class in, below submitted/
	$(BIN)/python -m tests.submissions.build --into submitted

grade: $(READY) $(VENV)/.sandbox  ## grade every assignment that was handed in
	@$(BIN)/course grade $(STEMS)

audit: $(READY)  ## put the checks on trial
	$(BIN)/course audit

serve: $(READY)  ## serve the book on this computer
	@echo "the book: http://localhost:8000 (Ctrl-C ends)"
	@$(BIN)/python -m http.server 8000 --bind localhost --directory _build/html

bench: $(READY)  ## run the benchmarks
	@for file in benchmarks/[a-z]*.py; do \
	  name=$$(basename $$file .py); \
	  [ $$name = timing ] || $(BIN)/python -m benchmarks.$$name || exit 1; \
	done

sweep: $(READY) $(VENV)/.browser $(VENV)/.database  ## the slow tests that `make test` leaves out
	$(BIN)/python -m pytest -m slow

lint: $(READY)  ## check style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(READY)  ## mend style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(READY)  ## resolve requirements.lock anew: names, versions and hashes only
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
	  --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links \
	  --output-file requirements.lock

clean:  ## remove what was built; submissions, gradebook and environment stay
	rm -rf _build .pytest_cache .ruff_cache .hypothesis

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "course: Python 3.11 or later is needed; name one with: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || tools/need python3-venv
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode \
	  --requirement requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.sandbox: $(READY)
	@command -v bwrap >/dev/null || tools/need bubblewrap
	@command -v openssl >/dev/null || tools/need openssl
	@$(BIN)/python -c 'import pyseccomp' 2>/dev/null || tools/need libseccomp2
	$(BIN)/python -m course_lib.grading.sandbox install
	@touch $@

$(VENV)/.database: $(READY)
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || \
	  tools/need postgresql
	@touch $@

$(VENV)/.browser: $(READY) $(VENV)/.sandbox
	@command -v chromium-headless-shell >/dev/null || tools/need chromium-headless-shell || \
	  command -v chromium >/dev/null
	@touch $@
