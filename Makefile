.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DOCS_STAMP := $(VENV)/.installed-docs

PYTHONS ?= 3.11 3.12 3.13

.PHONY: help setup demo check test verify-mutants wheel soak crash bench fuzz docs docs-reference screenshots bench-page lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 24

setup: $(STAMP) ## install everything into .venv

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version)"; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.maxsize < 2**32)' || { echo "a 64-bit system is needed: no wheels of PyAV and OpenCV are made for 32 bits"; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "python3-venv is missing: sudo apt install python3-venv"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	PYTHONWARNINGS=ignore $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(STAMP) ## start cameras, recorder, HDMI monitor and licence service, and print their addresses
	@$(BIN)/edge-recorder demo

check: $(STAMP) ## ruff, mypy and the architecture test: before every commit
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest tests/architecture

test: $(STAMP) ## all tests, as CI runs them
	$(BIN)/pytest -n 2 --dist loadfile

wheel: $(STAMP) ## dist/*.whl: the program, its configurations and its manual page
	rm -rf build/lib build/bdist.* dist
	@mkdir -p build/man
	$(BIN)/python -m recorder.command_line.manual > build/man/edge-recorder.1
	$(BIN)/pip wheel --quiet --disable-pip-version-check --no-build-isolation --no-deps --wheel-dir dist .
	@ls -l dist/*.whl

soak: $(STAMP) ## the demo plays its story for SOAK_HOURS=8; fails where a process, the disk or a count of files grows
	$(BIN)/python -m tests.soak --hours $(or $(SOAK_HOURS),8)

verify-mutants: $(STAMP) ## disable each enforcement point in turn, and show the cell of the verifier that turns red
	$(BIN)/python -m tests.mutants

crash: $(STAMP) ## kill a recorder 200 times at random moments, and look at what is left
	$(BIN)/python -m tests.crash

bench: $(STAMP) ## performance beside ffmpeg and the floor, in one run (needs ffmpeg and gst-rtsp-server)
	$(BIN)/python -m tests.benchmarks

fuzz: $(STAMP) ## hostile bytes against every parser a camera reaches, FUZZ_SECONDS=60 a target
	@$(BIN)/pip install --quiet --disable-pip-version-check --target .fuzz --upgrade --no-deps --only-binary=:all: atheris==3.0.0 \
	  || echo "atheris is not to be had for this machine: hypothesis takes its place"
	PYTHONPATH=.fuzz $(BIN)/python -m tests.fuzz --seconds $(or $(FUZZ_SECONDS),60)

$(DOCS_STAMP): $(STAMP) pyproject.toml constraints.txt
	PYTHONWARNINGS=ignore $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	@touch $@

docs: $(DOCS_STAMP) ## the documentation as a site in build/site, strictly; docs/index.md is its beginning
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "build/site/index.html"

docs-reference: $(STAMP) ## write anew what of docs/reference is made from the code
	@$(BIN)/python -m tests.docs

screenshots: $(STAMP) ## take the pictures of docs/ anew, from a site that runs for them (needs Chromium)
	$(BIN)/python -m tests.docs.screenshots

bench-page: $(STAMP) ## write docs/benchmarks.md and its charts from what make bench measured
	@$(BIN)/python -m tests.docs.bench_page

lock: $(DOCS_STAMP) ## write constraints.txt anew, and prove that every pin has wheels for x86-64 and aarch64, and every Python
	$(BIN)/pip freeze --all --exclude-editable | grep -vE '^(pip|wheel)==' > constraints.txt
	for arch in x86_64 aarch64; do for python in $(PYTHONS); do \
	  $(BIN)/pip download --quiet --dest "$$(mktemp -d)" --only-binary=:all: --no-deps --python-version $$python \
	    --platform manylinux_2_28_$$arch --platform manylinux2014_$$arch --platform manylinux_2_17_$$arch -r constraints.txt \
	    || { echo "not every pin has a wheel for Python $$python on $$arch"; exit 1; }; done; done

clean: ## remove what was built and measured; footage and licences in data/ stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .fuzz artifacts bench-results *.egg-info
