# What CI runs. PYTHON is the interpreter of an environment with the extras installed.
PYTHON ?= .venv/bin/python
export SCIPY_ARRAY_API = 1

lint:
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

test:
	$(PYTHON) -m pytest

test-slow:
	$(PYTHON) -m pytest -m slow

# Interpreted kernels are slow: only what concerns kernels, and what is computed by them.
test-nojit:
	NUMBA_DISABLE_JIT=1 $(PYTHON) -m pytest $(addprefix tests/test_,$(addsuffix .py,atoms density families \
	kernels masks mathematics missing shared training))

docs:
	$(PYTHON) -m sphinx -W --keep-going -b html docs docs/_build/html

quickstart:
	$(PYTHON) examples/quickstart.py
	$(PYTHON) examples/planted_fault.py

benchmark-quick:
	$(PYTHON) -m benchmarks.speed --quick
	$(PYTHON) -m benchmarks.kernels --quick
	$(PYTHON) -m benchmarks.doors --quick

.PHONY: lint test test-slow benchmark-quick test-nojit docs quickstart
