"""The files of a repository of modules to start from: a module with its test, an inventory, checks before a commit and in CI."""

from __future__ import annotations

from asinfo.lint import definitions

_README = """\
# Modules

Lua modules (UDFs) of Aerospike, their tests, and the nodes that they are for.

    python3 -m venv .venv && . .venv/bin/activate
    pip install -r requirements.txt

    asadm udf lint udf                  # what a node would refuse, and what is likely a mistake
    pytest                              # calls functions without a node, and on one of its own

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
"""Tests of udf/counter.lua: as a function without a node, and on a node that the plugin of asudf starts."""

from pathlib import Path

import asudfd
import pytest

MODULES = Path(__file__).parents[1] / "udf"
COUNTER = MODULES / "counter.lua"


def test_a_counter_begins_with_the_amount():
    result, record = asudfd.call(COUNTER, "increment", None, "visits", 2)
    assert (result, record) == (2, {"visits": 2})


def test_a_counter_goes_on():
    result, record = asudfd.call(COUNTER, "increment", {"visits": 5, "name": "Ann"}, "visits", 1)
    assert (result, record) == (6, {"visits": 6, "name": "Ann"})


def test_what_is_no_number_is_an_error():
    with pytest.raises(asudfd.CallError, match="not a number"):
        asudfd.call(COUNTER, "increment", {"visits": "many"}, "visits", 1)


def test_clients_call_it(udf, asudf_client):
    udf(MODULES)
    key = ("test", "demo", "ann")
    assert asudf_client.apply(key, "counter", "increment", ["visits", 2]) == 2
    assert asudf_client.get(key)[2] == {"visits": 2}
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
