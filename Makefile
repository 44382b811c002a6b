# Each target sets the environment up if need be, then calls `lab`.
# The first of these that really runs (a pyenv shim may not) and is recent enough; else bootstrap.py says what is wrong.
PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11 python,$(shell \
	$(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $(name))) $(shell command -v python3))
LAB := .venv/bin/lab
ARGS ?=

.PHONY: help setup lab demo test notebooks pictures bench startup faults soak room airflow workers container api mutants mutants-runs reset doctor bundle offline lock
help:
	@echo "make lab     set up and open the lab (Ctrl-C stops it)"
	@echo "make demo    run the day's pipeline headless, with a summary"
	@echo "make test    run the whole test suite (ARGS=\"-m 'not n8n'\" leaves n8n out)"
	@echo "make notebooks  execute the notebooks and store their outputs"
	@echo "make pictures   take the README's screenshots anew (needs chromium)"
	@echo "make bench      measure against other tools and publish docs/bench.md (twenty minutes)"
	@echo "make startup    measure what a trainee waits for, the last section of docs/bench.md (six minutes)"
	@echo "make faults     1,000 runs killed at random, and publish docs/faults.md (an hour)"
	@echo "make soak       an hour of increments in trouble, and publish docs/soak.md (ARGS=\"--minutes 5\")"
	@echo "make room    measure rooms of 5 and 15 on a real JupyterHub, into deploy/jupyterhub/README.md (five minutes)"
	@echo "make airflow    run Day 3's DAGs in a real Airflow, on two workers where redis-server and PostgreSQL are (six minutes)"
	@echo "make workers    n8n with two workers, one of which is killed (three minutes, needs redis-server)"
	@echo "make container  the lab's images, built and run by podman as Docker would (ten minutes, as root)"
	@echo "make api        the engine's pages for who imports it (build/api)"
	@echo "make mutants    change the engine's core, and what a run leaves, in 4,800 ways, and name the changes that no test sees (forty minutes)"
	@echo "make mutants-runs  the same for what starts and ends a run's processes, in a copy of the lab (an hour)"
	@echo "make reset   remove what the runs produced"
	@echo "make doctor  find what keeps the lab from running, even half installed"
	@echo "make bundle  prepare an archive that installs the lab without a network (build/)"
	@echo "make offline prove that this archive installs and starts the whole lab without a network (five minutes)"
	@echo "make lock    pin the dependencies of pyproject.toml anew in requirements.txt, and the hub's beside it"

setup:
	@test -n "$(PYTHON)" || { echo "✗ Python est introuvable : installez Python 3.11 ou plus récent." >&2; exit 1; }
	@"$(PYTHON)" labkit/bootstrap.py

lab: setup
	@$(LAB) start $(ARGS)

demo: setup
	@$(LAB) demo $(ARGS)

test: setup
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/basedpyright
	@.venv/bin/python -m pytest $(ARGS)

notebooks: setup
	@.venv/bin/python -m tests.notebooks.workspace

pictures: setup
	@.venv/bin/python -m tests.browser.take_screenshots
	@.venv/bin/python -m tests.browser.first_run
	@LAB_PICTURE=docs/pictures/hub.png .venv/bin/python -m pytest -q -n 0 tests/hub -k in_a_browser

bench: setup
	@.venv/bin/python -m tests.bench.run $(ARGS)

startup: setup
	@.venv/bin/python -m tests.bench.startup

faults: setup
	@.venv/bin/python -m tests.faults.publish $(ARGS)

soak: setup
	@.venv/bin/python -m tests.faults.soak $(ARGS)

room: setup
	@.venv/bin/python -m tests.hub.measure

airflow: setup
	@LAB_AIRFLOW=1 .venv/bin/python -m pytest -n 0 tests/airflow $(ARGS)

workers: setup
	@LAB_WORKERS=1 .venv/bin/python -m pytest -n 0 tests/n8n/test_workers.py

container: setup
	@LAB_CONTAINER=1 .venv/bin/python -m pytest -n 0 tests/containers $(ARGS)

api: setup
	@.venv/bin/python -m pdoc -d google -o build/api ingestion '!ingestion.__main__' && echo "build/api/ingestion.html"

mutants: setup
	@.venv/bin/uv pip install -q --target build/mutmut "mutmut>=3.8,<4"
	@PYTHONPATH=build/mutmut .venv/bin/python -m mutmut run $(ARGS)
	@PYTHONPATH=build/mutmut .venv/bin/python -m mutmut results

# In a copy of the lab, whose files it changes; mutmut sees nothing of what the processes of a test run.
RAY := ../../.venv/bin/uvx --from "cosmic-ray>=8.7,<9"

mutants-runs: setup
	@rm -rf build/mutants && git clone -q . build/mutants && $(MAKE) -s -C build/mutants setup
	@cd build/mutants && $(RAY) cosmic-ray init tests/mutants.toml runs.sqlite
	@cd build/mutants && $(RAY) cr-filter-operators runs.sqlite tests/mutants.toml
	@cd build/mutants && $(RAY) cosmic-ray exec tests/mutants.toml runs.sqlite
	@cd build/mutants && $(RAY) cr-report --show-diff --surviving-only runs.sqlite

reset: setup
	@$(LAB) reset $(ARGS)

# With the lab's Python if there is one: `lab` itself may not start.
doctor:
	@"$(firstword $(wildcard .venv/bin/python) $(PYTHON))" -m labkit.commands.doctor

bundle: setup
	@$(LAB) bundle $(ARGS)

offline: setup
	@LAB_OFFLINE=1 .venv/bin/python -m pytest -n 0 tests/unit/test_bundle.py

PIN := .venv/bin/uv pip compile -q --universal --python-version 3.11 --no-emit-index-url \
	--custom-compile-command "make lock" pyproject.toml

# Without setting up where it can be helped: pyproject.toml may just have ruled out what is pinned.
lock: $(if $(wildcard .venv/bin/uv),,setup)
	@$(PIN) --extra s3 --extra lab --extra test -o requirements.txt $(ARGS)
	@$(PIN) --extra lab --extra hub -c requirements.txt -o deploy/jupyterhub/requirements.txt $(ARGS)
