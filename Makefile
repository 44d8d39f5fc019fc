# make demo   make the environment, get real data, train, write a report
# make test   lint, types, layers, all tests
# make test-all  the same, and tests on the real downloads of every data set (about 0.5 GB)
# make lint   the first three of these alone
# make bench  measure speed, other frameworks beside ours (about 25 minutes); writes docs/performance.md
# make results  run the standing comparisons in benchmarks/comparisons (hours); writes docs/results.md
# make clean  remove the environment and caches; runs/ and downloaded data stay

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --constraint constraints.txt

# One thread a process: the models are small, and threads of several processes get in each other's way.
export OMP_NUM_THREADS := 1
export OMP_WAIT_POLICY := PASSIVE

.PHONY: demo test test-all lint bench results clean

demo: $(VENV)/.demo
	$(BIN)/counterpoint data get watch
	$(BIN)/counterpoint run fedavg --data watch

test: lint
	$(BIN)/python -m pytest --quiet --durations=10 --numprocesses 2 --dist loadfile --no-loadscope-reorder

test-all: lint
	$(BIN)/python -m pytest --quiet --durations=10 --numprocesses 2 --dist loadfile --no-loadscope-reorder -m ""

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.bench
	$(BIN)/python -m benchmarks.speed

results: $(VENV)/.dev
	$(BIN)/python -m benchmarks.results

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed; name it with: make PYTHON=/path/to/python3.11 ..." >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { \
		echo "cannot make a virtual environment; on Debian and Ubuntu install the package python3-venv" >&2; exit 2; }
	@touch $@

$(VENV)/.demo: $(VENV)/.made pyproject.toml constraints.txt
	@echo "installing (PyTorch is about 200 MB) ..."
	@$(PIP) torch==2.13.0
	@$(PIP) --editable '.[tune,peer]'
	@touch $@

$(VENV)/.dev: $(VENV)/.demo
	@$(PIP) --editable '.[dev]'
	@touch $@

$(VENV)/.bench: $(VENV)/.dev benchmarks/requirements.txt
	@$(PIP) --requirement benchmarks/requirements.txt
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis src/*.egg-info
	find src tests examples benchmarks -name __pycache__ -prune -exec rm -rf {} +
