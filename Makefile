# Tanlin. Needs make and Python 3.11 or newer with venv; everything else is installed from the lock.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check
TANLIN_HOME ?= $(CURDIR)/var
WORKERS ?= 2
export TANLIN_HOME

.DEFAULT_GOAL := help
.PHONY: help run test postgres check soak bench pictures messages lock clean

help:
	@echo "make run       build the demonstration and serve it (state in $(TANLIN_HOME))"
	@echo "make test      the tests, on SQLite          make postgres  the database tests on PostgreSQL"
	@echo "make check     lint, types, layers and doors, translations, migrations"
	@echo "make soak      long tests          make bench     benchmarks"
	@echo "make pictures  render the gallery of the demonstration into docs/pictures (needs Chromium)"
	@echo "make messages  refresh catalogues  make lock      renew the lock (needs uv)"
	@echo "make clean     remove caches and build output; var/ and $(VENV) stay"

run: $(VENV)/.installed
	$(PY) -m tanlin demo

test: $(VENV)/.installed
	$(PY) -m pytest -n $(WORKERS)

# Pages ask what the other tests ask, so they are tried on SQLite only.
postgres: $(VENV)/.installed
	$(PY) -m pytest -n $(WORKERS) -m "database and not soak" --database postgres \
		tests/community tests/record tests/readings tests/meter tests/carbon --ignore-glob='*pages.py' --ignore-glob='*privacy.py'

check: $(VENV)/.installed-dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(PY) tools/messages.py --check
	$(PY) tools/api_reference.py --check
	$(PY) -m pytest tests/test_doors.py tests/test_repository.py
	DJANGO_SETTINGS_MODULE=tanlin.web.settings $(PY) -m django makemigrations --check --dry-run

# Spark, which some of them ask, is in the lock of the developers.
soak: $(VENV)/.installed-dev
	$(PY) -m pytest -n $(WORKERS) -m "soak and (browser or database)" --ignore-glob='*spark*.py'
	$(PY) -m pytest -m soak tests/readings/test_spark.py tests/readings/test_spark_clusters.py
	$(PY) -m pytest -m "soak and not (browser or database)"

bench: $(VENV)/.installed
	$(PY) -m bench

# A demonstration of its own in a temporary folder, on a free port: the one in $(TANLIN_HOME) is left alone.
pictures: $(VENV)/.installed
	$(PY) tools/pictures.py

messages: $(VENV)/.installed
	$(PY) tools/messages.py

# The locks hold for Python 3.11 to 3.13 on every platform and name no package index.
LOCK = uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet

lock:
	$(LOCK) --extra test --output-file requirements.lock
	$(LOCK) --extra test --extra dev --extra spark --constraints requirements.lock --output-file requirements-dev.lock

clean:
	rm -rf build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests bench tools -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp younger than the lock says that the environment holds what the lock names.
$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed / 需要 Python 3.11 或更新版本: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "Python's venv is missing / 缺少 venv 模块. On Debian or Ubuntu: sudo apt install python3-venv"; exit 1; }
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@echo "Installing the locked packages / 正在安装锁定的软件包 ..."
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.lock
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@
