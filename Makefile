# `make demo` and `make test` set up everything they need, each in its own virtual
# environment, from the hashed locks in locks/.
PYTHON ?= python3
PIP_INSTALL = -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps

.PRECIOUS: .venv-%/ready
.PHONY: help demo test lint format generate package bench docs clean
help:
	@echo 'make demo   import a real qcow2 through the real handler; no account needed'
	@echo 'make test   lint, type-check and test everything'
	@echo 'make test-3.12 the tests alone, on another Python'
	@echo 'make package the zips that Function Compute runs, in build/'
	@echo 'make bench  how fast the zip is, beside a handler of the official SDKs'
	@echo 'make docs   the manual as a site with a search, in build/site'
	@echo 'make lint   ruff and mypy alone'
	@echo 'make format rewrite the sources as ruff likes them'
	@echo 'make generate rewrite what follows from tables: docs/reference, templates, s.yaml'
	@echo 'make clean  remove the virtual environments and caches'

demo: .venv-demo/ready
	@.venv-demo/bin/image-import demo

# Clients that cannot live in one environment have one each, and so does the example for
# somebody else's project, which needs the extra `fakes` alone.
OTHERS = .venv-clients/ready .venv-ossfs/ready .venv-fakes/ready .venv-lowest/ready

# What pyproject.toml promises of the lowest versions, in the lowest Python that is here:
# exchanges over real sockets, and all commands.
ON_LOWEST = -q tests/image_import/aliyun/oss tests/image_import/aliyun/ecs/test_transport_errors.py \
  tests/image_import_cli/test_main.py

test: lint tests/validators/node_modules $(OTHERS)
	.venv-test/bin/python -m pytest -n auto --dist worksteal
	.venv-lowest/bin/python -m pytest $(ON_LOWEST)

# The same tests on another Python: `make test-3.12`. PYTEST=... picks some of them.
test-%: .venv-test-%/ready tests/validators/node_modules $(OTHERS)
	.venv-test-$*/bin/python -m pytest -n auto --dist worksteal $(PYTEST)

lint: .venv-test/ready
	.venv-test/bin/ruff check .
	.venv-test/bin/ruff format --check .
	.venv-test/bin/mypy

package: .venv-demo/ready
	@.venv-demo/bin/image-import package --python 3.10
	@.venv-demo/bin/image-import package --python 3.12

# In the Python of the runtime where there is one. BENCH=--quick takes a few minutes.
.venv-bench/ready .venv-lowest/ready: PYTHON := $(firstword $(wildcard $(HOME)/.pyenv/versions/3.10.*/bin/python3.10) $(PYTHON))
bench: .venv-bench/ready
	@.venv-bench/bin/python bench/fast.py $(BENCH)

docs: .venv-docs/ready
	@.venv-docs/bin/mkdocs build --quiet --strict

format: .venv-test/ready
	.venv-test/bin/ruff format .
	.venv-test/bin/ruff check --fix .

# Tests fail while a table says something else than what was made from it.
generate: .venv-test/ready
	.venv-test/bin/python tools/make_reference.py
	.venv-test/bin/python tools/make_deployment.py

# An environment is ready once the last step has run; a changed lock makes it anew.
# Source distributions (oss2, crcmod) are built with the pinned setuptools, never
# with one that pip fetches by itself.
define set-up
	@echo 'Setting up $(@D) (pinned, hashed; about a minute the first time) ...'
	@rm -rf $(@D)
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 10) else "image-import needs Python 3.10 or newer; set PYTHON=/path/to/python3")'
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/python $(PIP_INSTALL) -r locks/build.txt
	@$(@D)/bin/python $(PIP_INSTALL) --no-build-isolation -r $(LOCK)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
endef

.venv-%/ready: LOCK = locks/$*.txt
.venv-%/ready: locks/build.txt locks/%.txt pyproject.toml
	$(set-up)

# The same for tests on another Python, such as .venv-test-3.12.
.venv-test-%/ready: LOCK = locks/test.txt
.venv-test-%/ready: PYTHON = $(firstword $(wildcard $(HOME)/.pyenv/versions/$*.*/bin/python$*) python$*)
.venv-test-%/ready: locks/build.txt locks/test.txt pyproject.toml
	$(set-up)

# Other people's validators of the templates and s.yaml (see tests/validators).
tests/validators/node_modules: tests/validators/package-lock.json
	@if command -v npm >/dev/null; then \
	  echo 'Setting up the validators of the templates and s.yaml ...'; \
	  npm ci --prefix tests/validators --ignore-scripts --no-audit --no-fund \
	    --loglevel error >/dev/null && touch $@; \
	else echo 'No npm here: the validators of the templates and s.yaml are left out.'; fi

clean:
	rm -rf .venv-* .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
	rm -rf tests/validators/node_modules
	find functions tests bench -name __pycache__ -prune -exec rm -rf {} +
