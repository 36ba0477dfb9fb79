# Needs Python 3.11 or later, make and a package registry; the rest is set up on the way.

PYTHON_IN_VENV = .venv/bin/python
# Checks need neither the servers nor anybody's settings: only addresses that nothing is asked for.
CHECK = DATABASE_URL= BROKER_URL= EMAIL_URL= CLINIC_LOCAL=1 CLINIC_HOME=.lint_cache/home $(PYTHON_IN_VENV)
COMPILE = UV_CUSTOM_COMPILE_COMMAND="make lock" .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links

.PHONY: help run test faults lint bench clean lock schema migrations catalogues setup

help:
	@echo 'make run         the clinic on this machine; Ctrl-C stops it'
	@echo 'make test        every test, on real servers     (make test ARGS="-k booking")'
	@echo 'make faults      mail under faults: some ten minutes of kills, restarts and wrong clocks'
	@echo 'make lint        style, types, import direction, translations, migration drift, schema drift'
	@echo 'make bench       benchmarks'
	@echo 'make clean       remove what these made, data included'
	@echo 'make migrations  write migrations for changed models'
	@echo 'make catalogues  collect the words for patients, and compile their translations'
	@echo 'make schema      write docs/openapi.yaml from the code'
	@echo 'make lock        pin the requirements anew'

run: setup
	@exec $(PYTHON_IN_VENV) manage.py up $(ARGS)

test: setup
	@exec $(PYTHON_IN_VENV) -m pytest $(ARGS)

# Two minutes of it are among the tests.
faults: setup
	@exec $(PYTHON_IN_VENV) -m tests.faults $(ARGS)

lint: setup
	$(PYTHON_IN_VENV) -m ruff check .
	$(PYTHON_IN_VENV) -m ruff format --check .
	$(CHECK) -m mypy
	$(PYTHON_IN_VENV) .venv/bin/lint-imports --no-logo --cache-dir .lint_cache/imports
	$(CHECK) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	$(CHECK) manage.py catalogues --check
	$(CHECK) manage.py spectacular --validate --fail-on-warn --file .lint_cache/openapi.yaml
	@diff -u docs/openapi.yaml .lint_cache/openapi.yaml \
		|| { echo 'docs/openapi.yaml is not what the code says: `make schema` writes it anew.'; exit 1; }

bench: setup
	@exec $(PYTHON_IN_VENV) -m benchmarks $(ARGS)

migrations: setup
	$(CHECK) -W ignore::RuntimeWarning manage.py makemigrations

catalogues: setup
	$(CHECK) manage.py catalogues

schema: setup
	$(CHECK) manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml

# Production's pins first: development's keep to them.
lock: setup
	$(COMPILE) requirements.in --output-file requirements.txt
	$(COMPILE) requirements-dev.in --constraint requirements.txt --output-file requirements-dev.txt

clean:
	@if [ -x $(PYTHON_IN_VENV) ]; then $(PYTHON_IN_VENV) -m clinic.local.clean; fi
	rm -rf .venv .lint_cache .hypothesis .mypy_cache .pytest_cache .ruff_cache static
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup:
	@clinic/local/setup.sh
