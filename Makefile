# Everything a person or CI does with a checkout. `make demo` and `make test` set up what they need.
PYTHON ?= python3
VENV := .venv
STAMP := $(VENV)/.installed
BIN := $(VENV)/bin

.PHONY: setup demo test test-long lint bench lock servers wheel clean

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
