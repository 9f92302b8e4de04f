# Needs nothing but Python >= 3.11, make and the package index.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT := out/sample
STEPS := 60
ROOMS := pipeline filters dedup sequencing model
LOCK := requirements-dev.lock
# What make installs has the versions of the lock, so that all see the same lint and tests.
INSTALL := PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --constraint $(LOCK) --editable

.PHONY: run test test-all test-shared test-runners test-trainers test-tpu test-tpu-small fuzz lint docs
.PHONY: release-check lock clean
.PHONY: bench-content bench-encoders bench-filters bench-extraction bench-dedup bench-dedup-million bench-local-run
.PHONY: bench-growth

run: $(VENV)/installed  ## The sample through the whole pipeline, then a tiny model trained on it.
	$(BIN)/massivetext run sample/config.toml --output $(OUT)
	$(BIN)/massivetext train $(OUT)/sequences --preset tiny --steps $(STEPS) --output $(OUT)/model
	@echo
	@echo "corpus $(OUT)/corpus, shards $(OUT)/sequences, report $(OUT)/report/index.html, loss curve $(OUT)/model/loss.svg"
	@echo "next:  $(BIN)/massivetext explain $(OUT) handmade/dedup/near-web-books"
	@echo "       $(BIN)/massivetext run your.toml --output out/yours      (README.md: your own files in ten lines)"

test: $(VENV)/installed  ## The tests.
	$(BIN)/python -m pytest -n 2

test-all: $(VENV)/installed-gcp  ## The tests and the slow suites.
	$(BIN)/python -m pytest -n 2 -m "not shared_data and not runners and not trainers and not tpu" --timeout 1800

test-shared: $(VENV)/installed  ## What needs the development data: MASSIVETEXT_SHARED=folder.
	@test -d "$(MASSIVETEXT_SHARED)" || \
	  { echo "set MASSIVETEXT_SHARED to the folder of the development data, which is not part of this repository"; exit 2; }
	$(BIN)/python -m pytest -n 2 -m shared_data --timeout 1800

test-runners: $(VENV)/clusters  ## The same job on Spark, Flink and Prism: needs Java, Maven, Go.
	$(BIN)/python tests/clusters/prepare.py
	$(BIN)/python -m pytest -v -m runners tests/clusters

test-trainers: $(VENV)/installed .venv-trainers/installed  ## Real trainers read the shards by what docs/shards.md shows: 7 GB of packages.
	$(BIN)/python -m pytest -v -m trainers tests/trainers

test-tpu: $(VENV)/installed-tpu  ## The trainer's step compiled for TPU slices, up to 280B on 1,024 chips: an hour, 8 GB of memory.
	$(BIN)/python -m pytest -v -m tpu tests/model

test-tpu-small: $(VENV)/installed-tpu  ## The smallest of them.
	$(BIN)/python -m pytest -v -m "tpu and not slow" tests/model

$(VENV)/installed-tpu: $(VENV)/installed tests/model/tpu_packages.txt
	$(BIN)/python -m pip install --quiet --no-deps --requirement tests/model/tpu_packages.txt
	@touch $@

.venv-trainers/installed: tests/trainers/packages.txt
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --no-deps --ignore-requires-python --requirement $<
	@touch $@

$(VENV)/clusters: $(VENV)/installed
	$(INSTALL) ".[clusters]"
	@touch $@

FUZZ_SECONDS := 60
fuzz: $(VENV)/installed  ## Damaged and hostile bytes into readers, decoder, SafeSearch and extraction.
	$(BIN)/python tests/fuzz/fuzz.py --seconds $(FUZZ_SECONDS)

lint: $(VENV)/installed  ## Format, lint, types.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy -p massivetext
	$(BIN)/pyright --pythonpath $(BIN)/python massivetext $(ROOMS:%=massivetext/%)

docs: $(VENV)/installed-docs  ## The documentation as a site, out/docs/site; a warning is an error.
	$(BIN)/python -m docs.site.build

release-check: $(VENV)/installed-docs  ## What must hold before a release: version, changes, wheel, sdist, licence files, site.
	$(BIN)/python tests/release/check.py

$(VENV)/installed-docs: $(VENV)/installed
	$(INSTALL) ".[docs]"
	@touch $@

# uv resolves for every Python and platform at once, which pip cannot. Its environment is its own, so
# that a lock that contradicts setup.py can be made anew.
lock:  ## Follow setup.py in the lock; with UPGRADE=--upgrade, take the newest versions of everything.
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet uv
	.venv-lock/bin/uv pip compile setup.py --quiet $(UPGRADE) --output-file $(LOCK) \
	  --extra train --extra dev --extra docs --extra gcp --extra clusters --universal --python-version 3.11 \
	  --no-annotate --no-emit-index-url --no-emit-find-links \
	  --custom-compile-command "make lock"

bench-filters: $(VENV)/installed .venv-bench-filters/installed  ## All 21 measures beside datatrove and dolma.
	$(BIN)/python tests/benchmarks/filters.py --peers .venv-bench-filters/bin/python

# PAGES: a folder with gold.json and html/ (pipeline/extraction/training says what stands in them).
# With it, quality is measured on domains that the weights have not seen: five folds are trained.
bench-extraction: $(VENV)/installed .venv-bench-extraction/installed  ## HTML to text beside trafilatura, resiliparse, readability-lxml, justext.
ifdef PAGES
	OMP_NUM_THREADS=1 $(BIN)/python -m massivetext.pipeline.extraction.training.train $(PAGES) \
	  --weights out/extraction/weights.npz --fold-weights out/extraction/folds
	PYTHONPATH=. .venv-bench-extraction/bin/python tests/benchmarks/extraction.py $(PAGES) \
	  --fold-weights out/extraction/folds
else
	PYTHONPATH=. .venv-bench-extraction/bin/python tests/benchmarks/extraction.py
endif

# TEXTS: JSON lines with `text` and `lang`, re-encoded and told again; PAGES: a folder of HTML files.
bench-content: $(VENV)/installed .venv-bench-content/installed  ## Reading, encodings, SafeSearch and languages beside fastwarc, warcio, chardet, resiliparse.
	$(BIN)/python tests/benchmarks/content_reading.py
ifdef TEXTS
	PYTHONPATH=. .venv-bench-content/bin/python tests/benchmarks/content_encodings.py $(TEXTS) $(PAGES:%=--pages %)
endif
	$(BIN)/python tests/benchmarks/content_safesearch.py
	$(BIN)/python tests/benchmarks/content_language.py

# MODELS: tokenizer files; KINDS: NAME=FILE of JSON lines with `text`, one a kind of text.
bench-encoders: .venv-bench-encoders/installed  ## Encoding beside sentencepiece, tokenizers, tiktoken, gigatoken, kitoken.
	PYTHONPATH=. .venv-bench-encoders/bin/python tests/benchmarks/encoders.py $(MODELS) $(KINDS:%=--texts %)

DEDUP_CORPUS := out/dedup-corpus
bench-dedup: $(VENV)/installed .venv-bench-dedup/installed  ## Near-duplicates beside datasketch, rensa, gaoya, datatrove.
	@test "$(DEDUP_CORPUS)" != out/dedup-corpus || $(BIN)/python tests/benchmarks/dedup_corpus.py out/dedup-corpus
	$(BIN)/python tests/benchmarks/dedup.py $(DEDUP_CORPUS) --peers .venv-bench-dedup/bin/python

bench-dedup-million: $(VENV)/installed  ## A million generated documents through the phase.
	$(BIN)/python tests/benchmarks/dedup_million.py out/dedup-million

bench-local-run: $(VENV)/installed  ## Peak memory of a run over 1 GB of text, and what a second worker gives.
	$(BIN)/python tests/benchmarks/local_run.py memory out/local-run 1 --memory 2GB
	$(BIN)/python tests/benchmarks/local_run.py workers out/local-run 1 --memory 4GB
	$(BIN)/python tests/benchmarks/local_run.py workers out/local-run 0.5 --memory 4GB --kind pages

# PAGES: a folder of HTML files.
bench-growth: $(VENV)/installed  ## Adding 1 % of pages to a corpus, beside a run from scratch.
	$(BIN)/python tests/benchmarks/growth.py $(PAGES) out/growth

.venv-bench-%/installed: tests/benchmarks/%_peers.txt
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --no-deps --requirement $<
	@touch $@

$(VENV)/installed: setup.py $(LOCK)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python >= 3.11 is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(INSTALL) ".[train,dev]"
	@touch $@

$(VENV)/installed-gcp: $(VENV)/installed  # Beam's translation for Dataflow, which slow tests ask
	$(INSTALL) ".[gcp]"
	@touch $@

clean:  ## Removes what the targets above made.
	rm -rf $(VENV) .venv-bench-* .venv-lock .venv-trainers .runners out build dist *.egg-info
