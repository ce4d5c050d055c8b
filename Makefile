# The environment is made on first use and made anew when what it is made from changes.
VENV ?= .venv
PYTHON ?= python3
ARGS ?=
RUNS ?= runs/benchmark

bin := $(VENV)/bin
stamp := $(VENV)/.installed-
# Neighbours stay together, for they share what was trained or searched for; whoever is done takes over from the others.
pytest := $(bin)/python -m pytest -n auto --dist worksteal

.NOTPARALLEL: # two of them that need an environment would make it twice at once
.PHONY: help train test slow fuzz libraries test-nojit check bench results pages pictures docs clean

help:
	@echo 'make train       teach a car            (ARGS="--scenario Crossing")'
	@echo 'make test        the tests              (ARGS="-k twins")'
	@echo 'make slow        the tests that take long, and more examples of others (ARGS="-k naive": in pieces)'
	@echo 'make fuzz        ten thousand lines, and damaged snapshots, checkpoints, replays and runs, every index checked'
	@echo 'make libraries   what docs/other-libraries.md says, in environments that have the libraries'
	@echo 'make test-nojit  the tests on the plain Python of the kernels'
	@echo 'make check       ruff and pyright'
	@echo 'make bench       how fast it is'
	@echo 'make results     the agents of the tables, trained one after the other: stop it when you like, it goes on'
	@echo 'make pages       what the pages take from the code and from benchmarks/results'
	@echo 'make pictures    the pictures of driving in README and docs, and the cards, from RUNS=DIR of benchmarks.agents (ARGS="web.png": some)'
	@echo 'make docs        the documentation, into site/'
	@echo 'make clean       remove what was built; environments and runs stay'

train: $(stamp)agents
	$(bin)/python train.py $(ARGS)

test: $(stamp)test
	$(pytest) $(ARGS)

slow: $(stamp)test
	KINDERGARTEN_EXAMPLES=7 $(pytest) -m 'slow or drawn' $(ARGS)

fuzz: $(stamp)test
	NUMBA_BOUNDSCHECK=1 KINDERGARTEN_EXAMPLES=100 $(pytest) tests/test_fuzz.py tests/test_checkpoint.py tests/test_lines.py $(ARGS)

# Libraries of others pin what we do not: those that agree share an environment.
libraries:
	$(MAKE) VENV=$(VENV)-libraries \
		LIBRARIES='torchrl==0.14.1 skrl==2.1.1 tianshou==2.0.1 minari[hdf5]==0.5.4 minGRU-pytorch==0.2.1 lru-pytorch==0.1.3 xlstm==2.0.6' libraries-in
	$(MAKE) VENV=$(VENV)-zoo LIBRARIES='rl_zoo3==2.9.2 requests' libraries-in # enjoy forgets to ask for requests
	$(MAKE) VENV=$(VENV)-rllib LIBRARIES='ray[rllib]==2.60.0' libraries-in

libraries := $(addprefix tests/test_,$(addsuffix .py,libraries layers data zoo rllib cluster))

libraries-in: $(stamp)test
	$(bin)/python -m pip install $(LIBRARIES)
	$(bin)/python -m pytest -m libraries $(libraries) $(ARGS)

test-nojit: $(stamp)test
	NUMBA_DISABLE_JIT=1 $(pytest) -m 'kernels and not jit and not slow' $(ARGS)

check: $(stamp)test
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/pyright --pythonpath $(bin)/python

bench: $(stamp)test
	$(bin)/python -m benchmarks.simulator $(ARGS)

results: $(stamp)agents
	$(bin)/python -m benchmarks.agents --out benchmarks/results/agents.json $(ARGS)

pages: $(stamp)agents
	$(bin)/python -m docs.pages

pictures: $(stamp)test
	$(bin)/python -m docs.pictures $(RUNS) $(ARGS)

docs: $(stamp)docs
	NO_MKDOCS_2_WARNING=1 $(bin)/mkdocs build --strict

$(stamp)agents: extras := agents
$(stamp)test: extras := agents,test
$(stamp)docs: extras := docs
$(stamp)%: pyproject.toml constraints.txt
	test -x $(bin)/python || $(PYTHON) -m venv $(VENV)
	$(bin)/python -m pip install --constraint constraints.txt --editable '.[$(extras)]'
	touch $@

clean:
	rm -rf build dist site *.egg-info .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
