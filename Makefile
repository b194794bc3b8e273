# Segue. `make demo` is all that is needed to see it; the other targets are for those who change it.
# The Python that makes .venv; everything else then runs in there.
PYTHON ?= python3
PY = .venv/bin/python
# What a production site sets, for `check --deploy`.
PRODUCTION = env -u DEBUG -u SEGUE_DEMO SECRET_KEY=$$($(PY) -c "import secrets; print(secrets.token_urlsafe(64))") \
	ALLOWED_HOSTS=segue.example.com DATABASE_URL=postgres://segue@127.0.0.1/segue REDIS_URL=redis://127.0.0.1:6379/0

# As many tests at once as there are processors, each file in one process.
AT_ONCE = -n auto --dist loadfile

.PHONY: help bundle demo demo-reset test proofs run worker ticker valkey lint format ci bench chaos test-services lock install install-dev

help:
	@echo "make demo          the whole demo: one address, and people to sign in as (PORT=8010 chooses the port)"
	@echo "make demo-reset    the same, beginning afresh"
	@echo "make test          the tests; says what it skips where there is no browser (ARGS='-k inbox' chooses)"
	@echo "make proofs        the long ones that 'make test' leaves out: killed processes, axe on every page"
	@echo "make run           Django's development server; beside it: make valkey, make worker, make ticker"
	@echo "make lint          style, types, migrations, production settings"
	@echo "make format        put the code into the style"
	@echo "make bench         what the engine costs beside the floor of the database (ARGS='--full'; docs/performance.md)"
	@echo "make chaos         500 instances under workers that are killed 200 times; minutes (ARGS='--places sqlite'; docs/reliability.md)"
	@echo "make ci            lint, then all tests on SQLite, then all on PostgreSQL and Redis"
	@echo "make bundle        join the styles and scripts of the pages that build, after one of them was changed"
	@echo "make lock          compile requirements*.txt from requirements*.in (needs uv)"

install:
	@$(PYTHON) bootstrap.py

install-dev:
	@$(PYTHON) bootstrap.py --dev

demo: install
	@exec $(PY) manage.py demo

demo-reset: install
	@exec $(PY) manage.py demo --reset

run: install
	@DEBUG=1 $(PY) manage.py migrate --verbosity 0
	@DEBUG=1 exec $(PY) manage.py runserver $(PORT)

worker ticker valkey: install
	@DEBUG=1 exec $(PY) manage.py $@

# The everyday tests, and the long proofs besides: real processes mistreated, axe on every page. CI runs both.
test: install-dev
	@$(PY) -m pytest $(AT_ONCE) -m "not proof" $(ARGS)

proofs: install-dev
	@$(PY) -m pytest $(AT_ONCE) -m proof $(ARGS)

lint: install-dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	SEGUE_DATA_DIR=var $(PY) -m mypy
	@DEBUG=1 $(PY) manage.py makemigrations --check --dry-run
	@$(PRODUCTION) $(PY) manage.py check --deploy --fail-level WARNING

format: install-dev
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

# Everything that the database makes a difference to, once more on servers: on those of this machine, or on those that the two variables name.
test-services: export DATABASE_URL ?= postgres://postgres@127.0.0.1:5432/postgres
test-services: export REDIS_URL ?= redis://127.0.0.1:6379/15
test-services: install-dev
	@$(PY) -m pytest $(AT_ONCE) -m "not proof" $(ARGS)
	@$(PY) -m pytest $(AT_ONCE) -m "proof and not once" $(ARGS)

bench: install
	@$(PY) -m bench $(ARGS)

chaos: install
	@$(PY) -m chaos $(ARGS)

ci:
	bash .ci/run

lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes requirements.in --output-file requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes requirements-dev.in --output-file requirements-dev.txt

# The pages that build load one style and one script, each made of several; a test says when they are stale.
bundle: install-dev
	@$(PY) bundle.py
