PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export PATH := $(if $(filter /%,$(BIN)),,$(CURDIR)/)$(BIN):$(PATH)

REPEATS ?= 3
METHODS ?= show
PROTOCOL ?= linear
SETTINGS ?=
REV ?=
OUT ?=
MINUTES ?= 10
DATA ?=
QUICK ?=
COMMA := ,
SPACE := $(subst ,, )
MEASURED := $(filter-out diagnostics closeness suitability,$(basename $(notdir $(wildcard metrics/*.json))))
ROWS := $(if $(filter show,$(METHODS)),$(MEASURED),$(subst $(COMMA), ,$(METHODS)))
KNOWN_ROWS = $(foreach row,$(ROWS),$(if $(filter $(row),$(MEASURED)),,$(error METHODS: expected rows with a file in \
	metrics/ ($(MEASURED)), got $(row))))

# Tests: two processes side by side, which tests/conftest.py gives their work. Folders whose results depend on the order
# of floating-point sums are tested again with the instructions of an older processor.
PYTEST := pytest -n 2
NUMERICAL := $(addprefix tests/,augment embeddings encoders evaluation frameworks ideas losses selection tailness training)
OLDER_PROCESSOR := ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 MKL_CBWR=COMPATIBLE

.PHONY: repro check test test-long table ablations study portable experiments compare plots watch times docs docs-check faults fuzz campaign soak bench gpu publish \
	ui setup help

help: ## Show this list; times are those of two cores
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

repro: setup ## Run the stages that are stale and print the comparison table (the first time 16 to 29 minutes)
	@python -m scripts.mend
	@python -m stages.check
	BALLAST_AHEAD=1 dvc repro
	@cat results/table.md
	@python -m scripts.after

check: setup ## Check the style and run the unit tests (2 minutes)
	ruff check .
	$(PYTEST) -m unit

test: setup ## Run what must hold before a change lands: all units, and the default pipeline (15 minutes)
	ruff check .
	$(PYTEST) -m "not long"

test-long: setup ## Run what CI adds: all other pipelines, faults, servers, an older processor (half an hour)
	$(PYTEST) -m long
	$(OLDER_PROCESSOR) $(PYTEST) -m unit $(wildcard $(NUMERICAL))

table: setup ## Mean and error over repeats: make table METHODS=mak,mak-both PROTOCOL=fewshot SETTINGS=repeats=3
	@python -m scripts.table $(METHODS) $(PROTOCOL) $(SETTINGS) $(if $(OUT),--out $(OUT))

ablations: setup ## The same for every variant of configs/variants.yaml and the rows that they vary (half an hour)
	@python -m scripts.table variants $(PROTOCOL) $(SETTINGS)

study: setup ## Fill docs/results.md: every row on repeats of real images (a night; it goes on where it stopped)
	@python -m scripts.study $(REPEATS)

portable: setup ## Run the default as three kinds of processor would, and count contradicting verdicts (an hour)
	@python -m scripts.portable $(SETTINGS)

experiments: setup ## List DVC experiments side by side, some rows: make experiments METHODS=mak,colt
	@: $(KNOWN_ROWS)
	@dvc exp show --no-pager --md --only-changed --drop '.*' \
		--keep 'Experiment|params|configs|metrics/($(subst $(SPACE),|,$(ROWS))).json:(se\.)?(Few|All)'

compare: setup ## Compare rows with your last commit, or another: make compare REV=main METHODS=mak,colt
	@: $(KNOWN_ROWS)
	@python -m scripts.compare "$(REV)" $(if $(filter show,$(METHODS)),,$(METHODS))

plots: setup ## Draw DVC's plots into dvc_plots/index.html, without a network; REV=main: beside those of a branch
	@python -m scripts.plots $(REV)

watch: setup ## Show the trainings that run here: epoch, loss, health, time left
	@python -m scripts.watch

times: setup ## Print seconds and images per second of every stage that ran here
	@python -m scripts.times

docs: setup ## Fill the tables between marks in README and docs, and the schemas of configs
	@python -m scripts.docs
	@python -m scripts.schema

docs-check: setup ## Run every command of README and docs on a small scale (half an hour)
	BALLAST_DOCS=all pytest tests/docs

faults: setup ## Break it on purpose some seventy times and print what was lost (half an hour)
	BALLAST_FAULTS=all pytest tests/faults

fuzz: setup ## Draw input without end, for each of some twenty tests as long as you say: make fuzz [MINUTES=10]
	BALLAST_FUZZ=$(MINUTES) $(PYTEST) tests/fuzz

campaign: setup ## Break it by drawn faults, and count them in docs/results/faults.csv: make campaign [MINUTES=10]
	python -m tests.faults.campaign $(MINUTES)

soak: setup ## Run the default under random changes and interruptions, then compare with dvc.lock (half an hour)
	python -m tests.faults.soak 30

gpu: ## Check and measure all on a GPU, and write docs/gpu.md: make gpu [MINUTES=10] [DATA=folder] [QUICK=quick]
	PYTHONPATH=src python3 -m scripts.gpu $(MINUTES) $(QUICK) $(DATA)

bench: setup ## Measure everything, part by part and the whole pipeline (half an hour)
	@for part in step loop augmentation evaluation selection rules decoding manifest scale live pipeline; do python -m benchmarks.$$part 2>/dev/null || exit 1; done

publish: setup ## Mirror the results into MLflow (MLFLOW_TRACKING_URI, else mlflow.db): make publish REV=a-branch
	@python -m scripts.publish $(REV)

ui: setup ## Show what was published, on this machine alone
	mlflow ui --host 127.0.0.1 --backend-store-uri $${MLFLOW_TRACKING_URI:-sqlite:///mlflow.db}

setup: $(VENV)/ready ## Make .venv with the pinned packages (3 minutes, 5.8 GB; 1.5 GB where it has torch's CPU build already)

$(VENV)/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[pipeline,dev]'
	@touch $@
