"""Which of all that may name nodes decides: what was typed wins, and what would not count is refused."""

from pathlib import Path

import pytest

from tests.fakes.node import FakeNode
from tests.unit.asadm.conftest import Asadm

ASK = ["-j", "-e", "asinfo -v node"]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "inv.yaml").write_text("clusters: {a: {nodes: [127.0.0.1]}}")
    (tmp_path / "x.conf").write_text('[cluster]\nhost = "127.0.0.1:1"\n[cluster_b]\nhost = "127.0.0.1:2"\n')
    return tmp_path


def test_what_was_typed_wins_over_the_environment(
    asadm: Asadm, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASADM_INVENTORY", "inv.yaml")
    monkeypatch.setenv("ASADM_CLUSTER", "a")
    assert files.is_dir()
    for flags, name in (
        (["--only-config-file", "x.conf"], "127.0.0.1:1"),
        (["--config-file", "x.conf"], "127.0.0.1:1"),
        (["--only-config-file", "x.conf", "--instance", "b"], "127.0.0.1:2"),
        (["-h", "127.0.0.1:3"], "127.0.0.1:3"),
    ):
        assert [node for node, _, _ in asadm(*flags, *ASK).nodes] == [name]


def test_a_cluster_of_the_environment_is_named_as_such(asadm: Asadm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASADM_CLUSTER", "a")
    assert asadm(*ASK).err.startswith("asadm: ASADM_CLUSTER=a: there is no inventory")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (
            "--inventory inv.yaml --config-file x.conf",
            "--config-file is about astools.conf, --inventory about",
        ),
        ("--inventory inv.yaml --only-config-file x.conf", "--only-config-file is about astools.conf"),
        ("--inventory inv.yaml --instance b", "--instance is about astools.conf"),
        ("--cluster a --instance b", "--instance is about astools.conf, --cluster about an inventory"),
        ("--inventory inv.yaml -p 3002", "--port goes with -h; inv.yaml says the ports of its nodes"),
        ("-h a --inventory inv.yaml", "-h names the nodes, and --inventory"),
    ],
)
def test_what_would_not_count_is_refused(asadm: Asadm, files: Path, flags: str, message: str) -> None:
    assert files.is_dir()
    result = asadm(*flags.split(), *ASK)
    assert (result.code, result.out) == (2, "")
    assert message in result.err


def test_a_port_beside_an_inventory_that_is_found_is_refused(asadm: Asadm, files: Path) -> None:
    (files / "inv.yaml").rename(files / "asadm.yaml")
    assert asadm("-p", "3002", *ASK).code == 2


def test_a_node_is_named_once(asadm: Asadm) -> None:
    with FakeNode({"node": "A"}) as node:
        result = asadm("-h", f"{node.address},{node.address}", *ASK)
        assert (result.code, result.err) == (2, f"asadm: {node.address} is named twice\n")
        assert node.connections == 0
