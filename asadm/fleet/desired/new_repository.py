"""The files of a repository of modules to start from: a module with its test, an inventory, checks before a commit and in CI."""

from __future__ import annotations

from asadm.lint import definitions

_README = """\
# Modules

Lua modules (UDFs) of Aerospike, their tests, and the nodes that they are for.

    python3 -m venv .venv && . .venv/bin/activate
    pip install -r requirements.txt

    asadm udf lint udf                  # what a node would refuse, and what is likely a mistake
    pytest                              # each run has a node of its own

    asudfd --port 3000                  # a node on this machine, in another terminal
    asadm udf plan udf                  # what would change on it
    asadm udf apply udf

`asadm.yaml` has the clusters; `--cluster NAME` means another one than `laptop`.
"""

_REQUIREMENTS = """\
asudf
aerospike
pytest
"""

_GITIGNORE = """\
.venv/
__pycache__/
.pytest_cache/
"""

_INVENTORY = """\
# The clusters that the modules in udf/ are for. A password never stands here, only where it is: env:VARIABLE or file:PATH.

default: laptop

clusters:
  laptop: # asudfd --port 3000
    type: asudf
    nodes:
      - 127.0.0.1:3000

# production:
#   type: aerospike
#   nodes:
#     - {name: db1, host: 10.0.1.1, port: 3000}
#     - {name: db2, host: 10.0.1.2, port: 3000}
"""

_UDF_YAML = """\
# What asadm has to know of this directory; every other *.lua file here is a module of its own name.

exclude: ["*_test.lua"] # never registered, and never removed
keep: ["legacy_*.lua"] # on the nodes, not here, and still in use: --prune leaves them
"""

_MODULE = """\
-- increment(rec, bin, amount): adds to the number in a bin, also of a record that is not there yet. Gives the new number.

local function is_number(value)
    return math.type(value) ~= nil
end

function increment(rec, bin, amount)
    local before = rec[bin] or 0
    if not is_number(before) or not is_number(amount) then
        error("not a number")
    end
    rec[bin] = before + amount
    if aerospike:exists(rec) then
        aerospike:update(rec)
    else
        aerospike:create(rec)
    end
    return rec[bin]
end
"""

_TEST = '''\
"""Tests of the modules in udf/, on a node of their own."""

import subprocess
from pathlib import Path

import aerospike
import asudfd
import pytest
from aerospike.exception import UDFError

MODULES = Path(__file__).parents[1] / "udf"


@pytest.fixture(scope="session")
def client():
    """A client of a node that has the modules."""
    with asudfd.Node() as node:
        apply = ["asadm", "-h", f"{node.host}:{node.port}", "udf", "apply", str(MODULES), "--yes", "--no-history"]
        subprocess.run(apply, check=True)
        client = aerospike.client({"hosts": node.addresses}).connect()
        yield client
        client.close()


@pytest.fixture
def key(request):
    """A record of its own for each test."""
    return ("test", "demo", request.node.name)


def test_a_counter_begins_with_the_amount(client, key):
    assert client.apply(key, "counter", "increment", ["visits", 2]) == 2
    assert client.get(key)[2] == {"visits": 2}


def test_a_counter_goes_on(client, key):
    client.put(key, {"visits": 5, "name": "Ann"})
    assert client.apply(key, "counter", "increment", ["visits", 1]) == 6
    assert client.get(key)[2] == {"visits": 6, "name": "Ann"}


def test_what_is_no_number_stays_as_it_is(client, key):
    client.put(key, {"visits": "many"})
    with pytest.raises(UDFError, match="not a number"):
        client.apply(key, "counter", "increment", ["visits", 1])
    assert client.get(key)[2] == {"visits": "many"}
'''

_PRE_COMMIT = """\
# Before each commit: pip install pre-commit && pre-commit install
repos:
  - repo: local
    hooks:
      - id: asadm-udf-lint
        name: asadm udf lint
        entry: asadm udf lint udf
        language: system
        files: ^udf/
        pass_filenames: false
"""

_WORKFLOW = """\
name: Lua modules

on:
  pull_request:
  push:
    branches: [main]

permissions:
  contents: read

jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.13"
      - run: pip install -r requirements.txt
      - run: asadm udf lint udf --format github
      - run: pytest
"""


def files() -> dict[str, str]:
    """Text by path."""
    return {
        "README.md": _README,
        "requirements.txt": _REQUIREMENTS,
        ".gitignore": _GITIGNORE,
        "asadm.yaml": _INVENTORY,
        "udf/udf.yaml": _UDF_YAML,
        "udf/counter.lua": _MODULE,
        "tests/test_counter.py": _TEST,
        ".pre-commit-config.yaml": _PRE_COMMIT,
        ".github/workflows/udf.yml": _WORKFLOW,
        ".luarc.json": definitions.luarc("editor"),
        ".luacheckrc": definitions.luacheckrc(),
        "editor/aerospike.d.lua": definitions.definitions(),
    }
