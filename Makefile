# Two commands matter: `make demo` and `make test`. Both set up what they need.
BIN := .venv/bin
PYTEST_ARGS ?= -n auto --dist loadfile

export PYTHONUNBUFFERED := 1
# Images often forbid Python to keep what it compiled; then each of the hundreds of processes that
# the tests start would compile Django and all else again (5 s of a core each).
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test lint lock sbom clean bench-start bench-formats bench-payments bench-audit bench-controls bench-screening bench-matching bench-ingest bench-duplicates bench-matching-day fuzz kill-test tryton-test product development

help: ## What can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: product ## The main job on real files, told step by step, on an embedded PostgreSQL
	@$(BIN)/nostro demo

test: development ## All tests; missing Debian packages are installed when root, else skipped and said
	@deploy/install-test-packages
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: development ## Style, types and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

lock: ## Write lock/*.txt again (UPGRADE=1 takes the newest versions)
	@deploy/environment lock
	@deploy/write-locks

sbom: ## The packages of the product with their digests, as CycloneDX 1.6: build/sbom.json
	@mkdir -p build && python3 deploy/sbom > build/sbom.json && echo build/sbom.json

bench-start: product ## How long a cold demo and a warm start take
	@$(BIN)/python bench/start.py

bench-formats: development ## How fast files are read and written, beside other libraries and the limit
	@$(BIN)/python bench/formats.py

bench-payments: development ## How long a run of 100,000 payments takes, beside pgbench
	@$(BIN)/python bench/payments.py

bench-audit: product ## How fast events are recorded, sealed and verified
	@$(BIN)/python bench/audit.py

bench-controls: product ## What checks, limits, lists and rules cost a run of 100,000 payments
	@$(BIN)/python bench/controls.py

bench-screening: product ## How long 100,000 payees take against 10,000 listed names
	@$(BIN)/python bench/screening.py

bench-matching: development ## How fast and how right `nostro match` is up to 1,000,000 open items (SIZES=10000)
	@$(BIN)/python bench/matching.py

bench-matching-day: development ## How long 1,000 lines take against 1,000,000 open items in PostgreSQL
	@$(BIN)/python bench/matching_day.py

bench-ingest: product ## How fast 1,000,000 statement lines come in, beside a staged COPY
	@$(BIN)/python bench/ingest.py

bench-duplicates: product ## How many payments made twice are found in real exports (EXPORTS=folder)
	@$(BIN)/python bench/duplicates.py

fuzz: development ## Look for bytes that break a reader (BUDGET=30 seconds each, ONLY=format)
	@$(BIN)/python bench/fuzz.py

kill-test: development ## Kill workers and the database at every line of sending (SEED=n, SOAK=1 for hours)
	@$(BIN)/python -m pytest -n auto --dist loadfile -rP tests/kill

tryton-test: development ## The whole loop with a real ERP (Tryton, several minutes)
	@SOAK=1 $(BIN)/python -m pytest tests/tryton

clean: ## Remove the environment and the caches (no data)
	@rm -rf .venv .venv.lock .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis \
		build dist *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

product:
	@deploy/environment product

development:
	@deploy/environment development
