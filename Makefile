# What CI runs. PYTHON is the interpreter of an environment with the extras installed.
PYTHON ?= .venv/bin/python
export SCIPY_ARRAY_API = 1

lint: types
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

# The signatures of public names, as a user's script sees them.
types:
	$(PYTHON) -m mypy

# What would be uploaded: that it builds, that the index can show it, that it brings its types, that
# it can be installed.
release-check:
	rm -rf dist
	$(PYTHON) -m build --no-isolation
	$(PYTHON) -m twine check --strict dist/*
	$(PYTHON) -m zipfile -l dist/*.whl | grep skmade/py.typed
	for file in dist/*.whl dist/*.tar.gz; do \
		$(PYTHON) -m pip install --quiet --no-deps --no-build-isolation --upgrade --target dist/installed $$file && \
		PYTHONPATH=dist/installed $(PYTHON) -P -c "import skmade.blocks; print(skmade.__file__)" | \
		grep dist/installed && rm -r dist/installed || exit 1; \
	done

test:
	$(PYTHON) -m pytest

test-slow:
	$(PYTHON) -m pytest -m slow

# Interpreted kernels are slow: tests of kernels, masks and networks, not those of tables, estimators,
# or many draws.
INTERPRETED = $(addprefix tests/test_,$(addsuffix .py,agnostic components concurrency density families gather given kernels masks mathematics same_bits shared threads training))

test-nojit:
	NUMBA_DISABLE_JIT=1 $(PYTHON) -m pytest $(INTERPRETED)

# Of branches. Machine code cannot be watched, so kernels count where they are interpreted.
coverage:
	$(PYTHON) -m coverage erase
	$(PYTHON) -m coverage run -m pytest -p benchmarks.watched tests -m "slow or not slow"
	NUMBA_DISABLE_JIT=1 $(PYTHON) -m coverage run -m pytest -p benchmarks.watched $(INTERPRETED)
	$(PYTHON) -m coverage combine
	$(PYTHON) -m coverage report --fail-under=95

docs:
	$(PYTHON) -m sphinx -W --keep-going -b html docs docs/_build/html

quickstart:
	$(PYTHON) examples/quickstart.py
	$(PYTHON) examples/planted_fault.py

benchmark-quick:
	$(PYTHON) -m benchmarks.speed --quick
	$(PYTHON) -m benchmarks.kernels --quick
	$(PYTHON) -m benchmarks.doors --quick
	$(PYTHON) -m benchmarks.zeros --quick
	$(PYTHON) -m benchmarks.served --quick

# Known vulnerabilities of what skmade needs: PyPI's own index says, a mirror of it may not.
audit:
	$(PYTHON) -m pip_audit --strict .

.PHONY: lint types release-check test test-slow benchmark-quick test-nojit coverage docs quickstart audit
