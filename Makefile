# What a developer runs; `make test ARGS="tests/songs -k radio"` passes arguments on.

.PHONY: help setup test faults slow lint format ci hooks lock wheel

help:
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10

setup: ## install what is missing on this machine
	./pgmuse setup

test: ## the fast tests, on a throw-away server
	./pgmuse test $(ARGS)

faults: ## kill servers and loaders, fill disks: ten minutes
	./pgmuse test -m faults $(ARGS)

slow: ## the benchmarks at a small size: seven minutes
	./pgmuse test -m slow $(ARGS)

lint: ## all linters, or make lint ARGS="types sql"
	tools/lint $(ARGS)

format: ## sort imports and format the Python code
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

ci: ## what must pass: linters, then tests
	.ci/run $(ARGS)

hooks: ## run the linters before each commit
	.venv/bin/pre-commit install --hook-type pre-commit --hook-type commit-msg

lock: ## pin new dependencies of pyproject.toml; to upgrade: ARGS="--upgrade-package ruff"
	uv pip compile --universal --python-version 3.11 --generate-hashes --all-extras \
		--custom-compile-command "make lock" $(ARGS) pyproject.toml -o requirements.lock

wheel: ## build dist/pgmuse-*.whl
	.venv/bin/python -m pip wheel --no-deps --no-index --no-build-isolation --wheel-dir dist .
