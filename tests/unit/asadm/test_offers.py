"""What completion scripts get: from the inventory and the last survey, without any node, and nothing where anything is wrong."""

import os
from pathlib import Path

import pytest

from asadm import flags, offers, placeholders, seen_names, state
from asadm.commands import TABLE
from asadm.target.aerospike.views import configuration, statistics
from asinfo.info_names import NAMES
from asinfo.terminal.completion import INFO_COMMANDS, PLACEHOLDERS
from asudfd.aerospike.info import families
from tests.each import for_each_row
from tests.fakes.fleet import Fleet
from tests.fakes.node import FakeNode
from tests.unit.asadm.conftest import Asadm

INVENTORY = """
default: a
clusters:
  a: {nodes: [{name: n1, host: 10.0.0.1}, {name: n2, host: "::1", port: 3010}]}
  b: {nodes: [10.0.0.1], defaults: {user: ops, password: "env:NOT_SET"}}
  c: {type: valkey, nodes: [10.0.1.1]}
  s: {type: valkey, mode: sentinel main, nodes: [10.0.2.1]}
"""
SECRET = "clusters: {a: {nodes: [10.0.0.1], defaults: {user: ops, password: hunter2}}}"


def offered(kind: str, *words: str) -> list[str]:
    return offers.lines(kind, words).decode().splitlines()


@pytest.fixture
def here(asadm: Asadm, tmp_path: Path) -> Path:
    (tmp_path / "asadm.yaml").write_text(INVENTORY)
    seen_names.note("module", "a", (), [b"x.lua", b"\x1b[2J.lua", b"\xff.lua"])
    seen_names.note("module", "b", (), [b"y.lua"])
    seen_names.note("module", "", ("10.0.0.7:3000", "10.0.0.8:3000"), [b"z.lua"])
    seen_names.note("library", "c", (), [b"lib"])
    return tmp_path


@pytest.mark.usefixtures("here")
@for_each_row(
    ("kind", "line", "expected"),
    [
        ("clusters", "", "a b c s"),
        ("clusters", "--cluster b udf get", "a b c s"),
        ("hosts", "", "10.0.0.1:3000 [::1]:3010 10.0.1.1:6379 10.0.2.1:26379"),
        ("nodes", "", "n1 n2"),
        ("nodes", "--cluster b", "10.0.0.1:3000"),
        ("nodes", "show udfs --cluster=c with", "10.0.1.1:6379"),
        ("nodes", "--cluster s", ""),
        ("nodes", "--cluster nosuch", ""),
        ("nodes", "-h 10.0.0.7,[::1]:3010 --cluster a", "10.0.0.7:3000 [::1]:3010"),
        ("nodes", "-h", "n1 n2"),
        ("nodes", "-h : x", ""),
        ("modules", "", "x.lua"),
        ("modules", "--cluster 'b'", "y.lua"),
        ("modules", "--cluster c", ""),
        ("modules", "-h 10.0.0.8,10.0.0.9", "z.lua"),
        ("functions", "", "x."),
        ("libraries", "", ""),
        ("libraries", "--cluster c", "lib"),
        ("libraries", "-h 10.0.0.8:3000", ""),
    ],
)
def test_what_is_known_of_the_nodes_that_are_meant(kind: str, line: str, expected: str) -> None:
    assert offered(kind, *line.split()) == expected.split()


@pytest.mark.usefixtures("here")
def test_the_environment_says_the_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASADM_CLUSTER", "b")
    assert offered("modules") == ["y.lua"]
    monkeypatch.setenv("DIRECTORY", "nowhere")
    assert offered("clusters", "--inventory", "$DIRECTORY/asadm.yaml") == []
    assert offered("clusters", "--inventory", "~/asadm.yaml") == ["a", "b", "c", "s"]
    assert offered("clusters", "--inventory", "$(touch hurt)") == []
    assert not Path("hurt").exists()


def test_a_wrong_inventory_offers_nothing(here: Path) -> None:
    os.mkfifo(here / "pipe")
    (here / "secret.yaml").write_text(SECRET)
    (here / "broken.yaml").write_text("clusters: [")
    for kind in flags.KINDS:
        for name in ("pipe", "secret.yaml", "broken.yaml", "nowhere.yaml", "."):
            wanted = list(offers.CONTEXTS.get(kind, ()))  # the same everywhere
            assert offered(kind, "--inventory", name) == wanted, (kind, name)


def test_every_kind_is_offered_or_the_same_everywhere() -> None:
    of_figures = {placeholders.kind_of(row, word) for row in TABLE for word in ("CONTEXT", "NAME", "PATTERN")}
    assert {*flags.KINDS, INFO_COMMANDS} == {*PLACEHOLDERS.values(), *of_figures} - {""}


def test_the_contexts_are_those_of_the_commands() -> None:
    for kind, contexts in (("config", configuration.CONTEXTS), ("statistics", statistics.CONTEXTS)):
        assert offers.CONTEXTS[f"{kind}-contexts"] == tuple(context.name for context in contexts)


def test_the_commands_leave_the_names_that_they_saw(asadm: Asadm) -> None:
    said = {"namespaces": "test", "get-config:context=service": "a=1;b=2", "statistics": "c=3"}
    with FakeNode(said) as node:
        asadm("-h", node.address, "show", "config", "service")
        asadm("-h", node.address, "show", "config", "namespace")
        asadm("-h", node.address, "show", "statistics", "service")
        assert offered("parameters", "-h", node.address) == ["a", "b"]
        assert offered("namespaces", "-h", node.address) == ["test"]
        assert offered("statistics", "-h", node.address) == ["c"]
    assert offered("parameters", "-h", "127.0.0.1:1") == []


def test_the_command_prints_nothing_of_what_is_wrong(asadm: Asadm, here: Path) -> None:
    shown = asadm("--offer", "clusters", "--", "--cluster", "b", "udf", "get")
    assert (shown.code, shown.out, shown.err) == (0, "a\nb\nc\ns\n", "")
    (here / "asadm.yaml").write_text("clusters: [")
    shown = asadm("--offer", "clusters", "--", "-e", "x", "udf", "get", "--nosuch")
    assert (shown.code, shown.out, shown.err) == (0, "", "")


def test_a_survey_leaves_the_names_of_modules(asadm: Asadm, tmp_path: Path) -> None:
    with Fleet(2) as fleet:
        fleet.load(b"counter.lua", b"return 1\n")
        (tmp_path / "asadm.yaml").write_text(f"clusters: {{a: {{nodes: [{fleet.hosts}]}}}}")
        assert offered("modules") == []
        assert asadm("udf", "status").code == 0
        assert offered("modules") == ["counter.lua"]
        assert offered("modules", "-h", fleet.hosts) == []
        assert asadm("-h", fleet.hosts, "show", "udfs").code == 0
        assert offered("modules", "-h", fleet.hosts.split(",")[1]) == ["counter.lua"]
        for node in fleet.nodes:
            node.fault = "refuses"
        asadm("udf", "status")
        assert offered("modules") == ["counter.lua"], "nothing is known, so nothing is forgotten"
    [kept] = tmp_path.rglob("seen-module/a")
    assert kept.stat().st_mode & 0o777 == 0o600


def test_the_oldest_are_forgotten(asadm: Asadm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen_names, "FILES_MAX", 4)
    for number in range(5):
        seen_names.note("module", f"c{number}", (), [b"x.lua"])
    assert state.names("seen-module") == ["c2", "c3", "c4"]


def test_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asadm.state.state_directory", lambda: "")
    seen_names.note("module", "a", (), [b"x.lua"])
    assert seen_names.names("module", ["a"]) == []


def test_every_info_command_of_a_node_is_offered() -> None:
    assert {name.decode() for name in families.table().shown()} | {"udf-clear-cache"} <= set(NAMES)
