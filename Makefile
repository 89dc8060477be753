PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

SPLITS ?= 1,2,3
METHODS ?= balanced,simclr,sdclr,bcl,random,kcenter,mak,colt,sdclr-colt,bcl-colt,guide,guided
PROTOCOL ?= linear
SETTINGS ?=
REV ?=
COMMA := ,

.PHONY: repro test table ablations study experiments compare plots times faults soak bench publish ui docs-check lint setup \
	help

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

repro: setup ## Run the stages that are stale and print the comparison table
	@python scripts/mend.py
	@python stages/check.py
	dvc repro
	@cat results/table.md

test: setup ## Check the style and run all tests
	ruff check .
	pytest

table: setup ## Mean and deviation over splits: make table SPLITS=1,2,3 METHODS=simclr,mak-both PROTOCOL=fewshot
	@python scripts/splits.py $(SPLITS) $(METHODS) $(PROTOCOL) $(SETTINGS)

ablations: setup ## The same for every variant of params.yaml and the methods that they vary
	@python scripts/splits.py $(SPLITS) variants $(PROTOCOL) $(SETTINGS)

study: setup ## docs/results.md anew: every row on splits of real images (two cores: a night; goes on where it stopped)
	@python -m scripts.study $(SPLITS)

experiments: setup ## DVC experiments side by side, some rows: make experiments METHODS=mak,colt
	@dvc exp show --no-pager --md --drop '.*' --keep 'Experiment|metrics/($(subst $(COMMA),|,$(METHODS))).json:(Few|All)'

faults: setup ## Break it on purpose some seventy times and print what was lost (half an hour)
	BALLAST_FAULTS=all pytest tests/faults

soak: setup ## The default under random changes and interruptions for half an hour, then against dvc.lock
	python -m tests.faults.soak 30

bench: setup ## Measure everything, part by part and the whole pipeline (half an hour)
	@for part in step augmentation evaluation selection decoding scale pipeline; do python -m benchmarks.$$part 2>/dev/null || exit 1; done

compare: setup ## Rows here beside those of a branch, commit or experiment: make compare REV=main METHODS=mak,colt
	@dvc metrics diff --md $(REV) --targets $(patsubst %,metrics/%.json,$(subst $(COMMA), ,$(METHODS)))

plots: setup ## DVC's plots in dvc_plots/index.html, without a network; REV=main: beside those of a branch
	@python scripts/plots.py $(REV)

times: setup ## Seconds and images per second of every stage that ran here
	@python scripts/times.py

publish: setup ## Mirror the results into MLflow (MLFLOW_TRACKING_URI, else mlflow.db): make publish REV=a-branch
	@python scripts/publish.py $(REV)

ui: setup ## Look at what was published, on this machine alone
	mlflow ui --host 127.0.0.1 --backend-store-uri $${MLFLOW_TRACKING_URI:-sqlite:///mlflow.db}

docs-check: setup ## Run every command of README and docs on a small scale (half an hour)
	BALLAST_DOCS=all pytest tests/docs

lint: setup ## Check the style alone
	ruff check .

setup: .venv/ready ## Make .venv with the pinned packages

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@
