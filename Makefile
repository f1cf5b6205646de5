# The entrance. `make demo` and `make test` work on a fresh clone: what they need is set up first, once.
#
#   make demo              the server, MovieLens, and a list that changes   (SAMPLE=ml-1m, SAMPLES=folder with the zip)
#   make test              the whole test suite
#   make lint              style, types, the direction of imports, and the Dockerfile
#   make check             lint and test
#   make clients           the clients besides boto3 that `pytest -m clients` walks with
#   make bench             accuracy on MovieLens                            (SAMPLE, SAMPLES as above)
#   make peers             packages of others that `make bench` compares with

PYTHON ?= python3
VENV ?= .venv
SAMPLE ?= ml-100k
SAMPLES ?= $(TASTEMAKER_SAMPLES)
BIN := $(VENV)/bin

.PHONY: demo test lint check clients bench peers clean
.DELETE_ON_ERROR:

demo: $(VENV)/installed
	@$(BIN)/tastemaker demo --sample $(SAMPLE) $(if $(SAMPLES),--samples $(SAMPLES))

test: $(VENV)/installed-dev
	$(BIN)/python -m pytest

lint: $(VENV)/installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile

check: lint test

# What the machine cannot have is left out, and its test says so.
clients: .clients/aws/bin/aws .clients/js/node_modules
	@command -v go >/dev/null && [ -d /usr/share/gocode/src/github.com/aws ] || { \
	  [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	  apt-get install -y -qq --no-install-recommends golang-go golang-github-aws-aws-sdk-go-dev; } || \
	  echo "Go and its AWS SDK are not here: their client is left out"

.clients/aws/bin/aws:
	@$(PYTHON) -m venv .clients/aws && .clients/aws/bin/pip install --quiet --disable-pip-version-check awscli==1.46.3 || \
	  echo "The AWS CLI cannot be installed: it is left out"

.clients/js/node_modules: tests/clients/package.json
	@mkdir -p .clients/js && cp $< .clients/js/
	@command -v npm >/dev/null && cd .clients/js && npm install --silent --no-audit --no-fund --no-package-lock || \
	  echo "npm is not here: the JavaScript client is left out"

bench: $(VENV)/installed-dev
	$(BIN)/python benchmarks/accuracy.py --sample $(SAMPLE) $(if $(SAMPLES),--data $(SAMPLES))

# RecTools asks for NumPy 1, and works with NumPy 2: it is installed without what it asks for, and that named here.
peers: $(VENV)/installed-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[peers]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps RecTools==0.19.0 pytorch-lightning==2.5.2 \
	  torchmetrics==1.9.0 lightning-utilities==0.15.3 typeguard==4.6.0 pandas==2.3.3 pytz tzdata

clean:
	rm -rf $(VENV)

# Stamps: made again when what is installed has changed, so that a second run begins at once.
$(VENV)/installed: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

$(VENV)/installed-dev: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@ $(VENV)/installed

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Tastemaker needs Python 3.11 or newer, as $(PYTHON) or as: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "Python's venv is missing. On Debian and Ubuntu: sudo apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
