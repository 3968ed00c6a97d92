# Everything a person or CI does with a checkout. `make demo` and `make test` set up what they need.
PYTHON ?= python3
VENV := .venv
STAMP := $(VENV)/.installed
BIN := $(VENV)/bin

.PHONY: setup demo test test-long coverage lint bench lock servers wheel clean

setup: $(STAMP)

$(STAMP): requirements/lock.txt pyproject.toml scripts/venv.sh
	PYTHON=$(PYTHON) sh scripts/venv.sh $(VENV)
	touch $@

demo: setup
	$(BIN)/ldap2scim demo

servers:
	sh scripts/servers.sh

test: setup servers
	sh scripts/test.sh

test-long: setup servers
	LDAP2SCIM_LONG=1 sh scripts/test.sh

# Of the unit tests alone: whole runs reach nearly every line, and what they reach by the way says little about what is
# tested. Nothing depends on the count, and counting takes time.
coverage: setup
	PYTHONHASHSEED=0 $(BIN)/python -m pytest -n 2 --cov --ignore=tests/integration --ignore=tests/contract \
	  --ignore=tests/flows --ignore=tests/worlds

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup servers
	$(BIN)/python -m benchmarks

# Needs `uv` (pip install uv); the lock holds no address of any index.
lock:
	uv pip compile pyproject.toml --extra demo --group dev --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-annotate --no-header -o requirements/lock.txt

wheel: setup
	$(BIN)/python -m build --no-isolation --wheel --outdir dist .

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache
