# Everything a developer or a first-time user runs. Needs Python 3.11+ and make; all it makes stays in this directory.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
NODE_CLIENTS := aerospike@6.7.1 iovalkey@0.4.0 ioredis@6.0.0
FUZZER := atheris==3.0.0
SECONDS ?= 30
# Many tests wait most of the time: five processes, each with whole files, in the order of the tree, where the longest come first.
TOGETHER := -n 5 --dist loadfile --no-loadscope-reorder

# Bytecode must be cached: without it every start of a tool compiles its modules anew, and start-up is a feature here.
unexport PYTHONDONTWRITEBYTECODE PYTHONPATH PYTHONHOME PYTHONSTARTUP
# Nothing outside this directory: no cache of pip, no temporary directory of pytest.
export PIP_NO_CACHE_DIR := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Of most packages for the tests, few modules are ever imported: Python compiles those when they are.
export PIP_NO_COMPILE := 1
export TMPDIR := $(CURDIR)/.tmp
# What is fetched waits for the network, and mypy keeps one core busy for half a minute: what can is made at once.
MAKEFLAGS += --jobs=3

.PHONY: help demo demo-cluster demo-functions test bytecode check lint types contracts lua coverage versions bench rates storm fuzz docs release clean
.DEFAULT_GOAL := help

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/installed ## three nodes, modules on all of them, every cache cleared by one asadm call
	@sh docs/demo.sh

demo-cluster: $(VENV)/installed $(VENV)/etcd ## an etcd and three processes: a node is killed and comes back
	@sh docs/demo_cluster.sh

demo-functions: $(VENV)/clients ## Valkey functions: a library grows, outlives kill -9, an endless one is killed, three nodes share one
	@sh docs/demo_functions.sh

# The tests find etcd in $(BIN) where it was fetched to.
test storm bench: export PATH := $(CURDIR)/$(BIN):$(PATH)
test: check $(if $(TESTS),,bytecode) $(VENV)/clients $(VENV)/npm_clients $(VENV)/etcd $(VENV)/faketime $(VENV)/redis ## lint, types, import contracts and every test
	$(BIN)/python -m pytest $(or $(TESTS),$(TOGETHER))

# pytest compiles the tests, and hypothesis reads the constants of the source, when tests are collected: once here, and not
# in each of the processes at the same time.
bytecode: $(VENV)/clients
	@$(BIN)/python -m pytest --collect-only -qq >$(TMPDIR)/collected 2>&1 || { tail -n 50 $(TMPDIR)/collected >&2; exit 1; }

check: lint types contracts lua ## format, lint (Python and Lua), types and import contracts

lint: $(VENV)/tools
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

# mypy reads the installed packages: not while more are installed.
types: $(VENV)/tools | $(if $(filter test,$(MAKECMDGOALS)),$(VENV)/clients)
	$(BIN)/mypy

contracts: $(VENV)/tools
	$(BIN)/lint-imports

lua: $(VENV)/luacheck
	@PATH="$(CURDIR)/$(BIN):$$PATH"; \
	if command -v luacheck >/dev/null; then \
		echo luacheck daemon/asudfd/lua config && luacheck --quiet --no-color daemon/asudfd/lua config; \
	else \
		echo "WARNING: no luacheck on the PATH, and none could be fetched: our Lua was NOT checked" >&2; \
	fi

# The parts where a line that no test runs is a risk, and the least percentage of their lines and branches that tests run.
FLOORS := asinfo/wire:98 daemon/asudfd/lua:95 daemon/asudfd/aerospike/message:95 daemon/asudfd/record:92
# What a node makes of its workers is tested with workers that the tests play, among the tests of processes.
COVERING := tests/wire tests/unit/asinfo tests/unit/asudfd tests/process/test_broken_worker.py tests/process/test_worker_supply.py
coverage: $(VENV)/tools | $(TMPDIR) ## lines and branches that the tests run, with a floor for what reads bytes, runs Lua and keeps records
	$(BIN)/python -m pytest -n 2 --dist loadfile --cov=asinfo --cov=asudfd --cov-branch --cov-report= $(COVERING)
	@for floor in $(FLOORS); do \
		echo "$${floor%:*}: at least $${floor#*:} %" && \
		$(BIN)/python -m coverage report --precision=1 --skip-covered --include="$${floor%:*}/*" --fail-under=$${floor#*:} || exit 1; \
	done

versions: | $(TMPDIR) ## the tests of wire and tools, and the demo, under each Python of 3.11 to 3.13 that is here
	@sh .ci/versions

bench: $(VENV)/tools $(VENV)/clients | $(TMPDIR) ## the figures of docs/benchmarks.md; BENCH=name runs one of them, JSON=docs/benchmarks.json keeps them for the page
	$(BIN)/python -m tests.bench $(if $(JSON),--json $(JSON)) $(BENCH)

rates: $(VENV)/tools $(VENV)/clients | $(TMPDIR) ## how many rows recorded on a real server are answered as recorded, for docs/compatibility.md
	$(BIN)/python -m tests.recorded

storm: SECONDS = 300
storm: $(VENV)/tools $(VENV)/etcd $(VENV)/faketime | $(TMPDIR) ## changes of modules while nodes and etcd die, freeze, join and leave; SECONDS=300
	STORM_SECONDS=$(SECONDS) $(BIN)/python -m pytest -m storm tests/cluster tests/process

fuzz: $(VENV)/tools | $(TMPDIR) ## bytes of any kind for everything that reads the wire; SECONDS=30 for each reader
	@if $(BIN)/python -m pip install --quiet '$(FUZZER)'; then \
		for target in $$($(BIN)/python -m tests.wire.fuzz_targets); do \
			echo "== $$target"; \
			$(BIN)/python -m tests.wire.fuzz_run $$target $(SECONDS) $(TMPDIR)/fuzz >$(TMPDIR)/fuzz.log 2>&1 || \
				{ cat $(TMPDIR)/fuzz.log; echo "$$target failed; the input is in $(TMPDIR)/fuzz" >&2; exit 1; }; \
			grep -E 'number_of_executed|slowest_unit|peak_rss' $(TMPDIR)/fuzz.log; \
		done; \
	else \
		echo "$(FUZZER) does not install here: make test runs the same readers with hypothesis" >&2; \
	fi

docs: $(VENV)/tools ## generate the command and parameter pages, man pages and completions anew
	$(BIN)/python -m docs.generate

release: $(VENV)/tools | $(TMPDIR) ## dist/: sdist and wheel; the demo with the wheel, in a fresh environment
	@sh .ci/release

clean: ## remove all that make made
	rm -rf $(VENV) .tmp .demo .demo-cluster .demo-functions build dist *.egg-info .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The lists of Debian's packages, of this hour; one process at a time may fetch them.
APT_LISTS := [ "$$(id -u)" != 0 ] || flock $(TMPDIR)/apt.lock sh -c \
	'[ -n "$$(find $(TMPDIR)/apt-lists -mmin -60 2>/dev/null)" ] || { apt-get update -qq && touch $(TMPDIR)/apt-lists; }'

# The metadata store of a cluster and its command line: those of this system, else Debian's packages, unpacked and not
# installed, so that no service starts.
$(VENV)/etcd: | $(BIN)/python $(TMPDIR)
	@if ! command -v etcd >/dev/null || ! command -v etcdctl >/dev/null; then \
		cd $(TMPDIR) && { $(APT_LISTS); } && \
		apt-get download -qq -o APT::Sandbox::User=root etcd-server etcd-client && \
		for package in etcd-*.deb; do dpkg-deb -x $$package etcd || exit 1; done && \
		cp etcd/usr/bin/etcd etcd/usr/bin/etcdctl $(CURDIR)/$(BIN)/ && rm -rf etcd etcd-*.deb; \
	fi || echo "no etcd on the PATH, and none could be fetched: the tests that need it will be skipped" >&2
	@touch $@

# A Redis for tests with real servers: that of this system, else Debian's packages, unpacked and not installed, so that no service starts.
REDIS_PACKAGES := redis-tools libjemalloc2 liblzf1 libatomic1 libsystemd0
define REDIS_SERVER
#!/bin/sh
root='$(CURDIR)/$(VENV)/lib/redis'
for libraries in "$$root"/usr/lib/*-linux-gnu*; do LD_LIBRARY_PATH="$$libraries"; done
export LD_LIBRARY_PATH
exec "$$root/usr/bin/redis-server" "$$@"
endef
export REDIS_SERVER
$(VENV)/redis: | $(BIN)/python $(TMPDIR)
	@command -v redis-server >/dev/null || ( cd $(TMPDIR) && { $(APT_LISTS); } && \
		apt-get download -qq -o APT::Sandbox::User=root $(REDIS_PACKAGES) && \
		for name in $(REDIS_PACKAGES); do dpkg-deb -x $${name}_*.deb $(CURDIR)/$(VENV)/lib/redis && rm -f $${name}_*.deb || exit 1; done && \
		ln -sf redis-check-rdb $(CURDIR)/$(VENV)/lib/redis/usr/bin/redis-server && \
		echo "$$REDIS_SERVER" >$(CURDIR)/$(BIN)/redis-server && chmod +x $(CURDIR)/$(BIN)/redis-server ) || \
		echo "no redis-server on the PATH, and none could be fetched: the tests that need it will be skipped" >&2
	@touch $@

# The linter of our Lua: that of this system, else Debian's packages, unpacked.
LUA_PACKAGES := lua-check lua-argparse lua-filesystem lua5.1
define LUACHECK
#!/bin/sh
root='$(CURDIR)/$(VENV)/lib/lua'
for modules in "$$root"/usr/lib/*/lua/5.1; do LUA_CPATH="$$modules/?.so"; done
LUA_PATH="$$root/usr/share/lua/5.1/?.lua;$$root/usr/share/lua/5.1/?/init.lua"
export LUA_PATH LUA_CPATH
exec "$$root/usr/bin/lua5.1" "$$root/usr/bin/luacheck" "$$@"
endef
export LUACHECK
$(VENV)/luacheck: | $(BIN)/python $(TMPDIR)
	@command -v luacheck >/dev/null || ( cd $(TMPDIR) && { $(APT_LISTS); } && \
		apt-get download -qq -o APT::Sandbox::User=root $(LUA_PACKAGES) && \
		for name in $(LUA_PACKAGES); do dpkg-deb -x $${name}_*.deb $(CURDIR)/$(VENV)/lib/lua && rm -f $${name}_*.deb || exit 1; done && \
		echo "$$LUACHECK" >$(CURDIR)/$(BIN)/luacheck && chmod +x $(CURDIR)/$(BIN)/luacheck ) || \
		echo "no luacheck on the PATH, and none could be fetched: our Lua will not be checked" >&2
	@touch $@

# A wrong clock for one process: the library of this system, else Debian's package, unpacked.
$(VENV)/faketime: | $(BIN)/python $(TMPDIR)
	@if ! ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1; then \
		cd $(TMPDIR) && { $(APT_LISTS); } && \
		apt-get download -qq -o APT::Sandbox::User=root libfaketime && dpkg-deb -x libfaketime_*.deb faketime && \
		mkdir -p $(CURDIR)/$(VENV)/lib/faketime && \
		cp faketime/usr/lib/*/faketime/libfaketimeMT.so.1 $(CURDIR)/$(VENV)/lib/faketime/ && rm -rf faketime libfaketime_*.deb; \
	fi || echo "no libfaketime, and none could be fetched: the test that needs it will be skipped" >&2
	@touch $@

$(TMPDIR):
	@mkdir -p $@

# The wrapper scripts that an old pip writes import `re`, which costs a third of a start: pip comes first. A pip that is here
# fetches the new one; without one, that which Python brings along is installed only to do so, which takes twice as long.
NEW_PIP = $(PYTHON) -m pip --python $(BIN)/python install --quiet 'pip>=25.1'
BUNDLED_PIP = $(BIN)/python -m ensurepip && $(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
$(BIN)/python: | $(TMPDIR)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "asudf needs Python 3.11 or newer; name one with make PYTHON=..." >&2; exit 1; }
	@{ $(PYTHON) -m venv --without-pip $(VENV) && { $(NEW_PIP) 2>/dev/null || $(BUNDLED_PIP); }; } || \
		{ rm -rf $(VENV); echo "no venv could be made; Debian has it in the package python3-venv" >&2; exit 1; }

$(VENV)/installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --compile --editable .
	@touch $@

$(VENV)/tools: pyproject.toml $(VENV)/installed
	$(BIN)/python -m pip install --quiet --group dev
	@touch $@

# Real client libraries for tests/compat.
$(VENV)/clients: pyproject.toml $(VENV)/tools
	$(BIN)/python -m pip install --quiet --group compat
	@touch $@

# The one of npm only where there is npm: 140 MB, and a test that says what it misses.
$(VENV)/npm_clients: | $(BIN)/python $(TMPDIR)
	@if command -v npm >/dev/null; then \
		npm install --silent --prefix $(VENV)/node --cache $(TMPDIR)/npm --ignore-scripts --no-package-lock --no-save \
			$(NODE_CLIENTS) || echo "npm could not install $(NODE_CLIENTS): their tests will be skipped" >&2; \
		rm -rf $(TMPDIR)/npm; \
	fi
	@touch $@
