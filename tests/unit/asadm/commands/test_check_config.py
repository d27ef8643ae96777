"""``check config``: what it prints and how it ends, against nodes that answer as real servers do."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.fakes.fleet import FAULTS, Fleet
from tests.fakes.node import FakeNode, closing_at_once, silent
from tests.fakes.recorded_nodes import RecordedNodes
from tests.recorded.asadm_tables import cases

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.asadm.conftest import Asadm

SERVICE = "get-config:context=service"
TEST = "get-config:context=namespace;namespace=test"


def said(number: int, **others: str) -> dict[str, str]:
    """What a node of a cluster that is well says."""
    return {
        SERVICE: f"node-id=A{number};pidfile=/srv/{number}/pid;work-directory=/srv/{number};proto-fd-max=15000;"
        f"vault-token-file=/srv/{number}/token",
        "get-config:context=network": f"service.port=300{number};heartbeat.interval=150;tls[0].key-file-password=geheim",
        "get-config:context=security": "",
        "get-config:context=xdr": "",
        "namespaces": "test",
        TEST: "default-ttl=0;rack-id=1;storage-engine=memory;storage-engine.data-size=4294967296",
        "sets": "ns=test:set=users:objects=5:stop-writes-count=5",
        "logs": f"0:/srv/{number}/a.log",
        "log/0": "misc:INFO;udf:INFO",
        **others,
    }


@pytest.fixture
def nodes() -> Iterator[list[FakeNode]]:
    """Three of them."""
    with ExitStack() as stack:
        yield [stack.enter_context(FakeNode(said(number))) for number in (1, 2, 3)]


def hosts(nodes: list[FakeNode]) -> str:
    return ",".join(node.address for node in nodes)


@pytest.fixture
def differing() -> Iterator[list[FakeNode]]:
    """Three nodes of which the second has another value."""
    with ExitStack() as stack:
        of = [said(1), said(2, **{TEST: said(2)[TEST].replace("default-ttl=0", "default-ttl=60")}), said(3)]
        yield [stack.enter_context(FakeNode(each)) for each in of]


def test_all_is_well(asadm: Asadm, nodes: list[FakeNode]) -> None:
    result = asadm("-h", hosts(nodes), "check", "config")
    assert (result.code, result.out, result.err) == (0, "3 nodes, 9 parameters, all the same\n", "")
    assert asadm("-h", hosts(nodes), "check", "config", "--quiet").out == ""
    assert all(len(node.requests) == 4 for node in nodes)  # two each time, on one connection
    assert all(node.connections == 2 for node in nodes)


def test_one_differs(asadm: Asadm, differing: list[FakeNode]) -> None:
    result = asadm("-h", hosts(differing), "check", "config")
    assert result.code == 3
    assert "config-drift  namespace test default-ttl" in result.out.replace("\t", "  ")
    assert result.out.endswith("1 parameter differs between nodes\n")
    assert asadm("-h", hosts(differing), "check", "config", "--ignore", "default-*").code == 0
    assert asadm("-h", hosts(differing), "check", "config", "with", differing[0].address).code == 0


def test_json(asadm: Asadm, differing: list[FakeNode]) -> None:
    document = asadm("-h", hosts(differing), "--json", "check", "config").document
    assert (document["code"], document["status"], document["compared"]) == (3, "warning", 9)
    [parameter] = document["parameters"]
    values = dict(zip((node.address for node in differing), ("0", "60", "0"), strict=True))
    assert parameter == {"context": "namespace test", "name": "default-ttl", "wanted": None, "values": values}
    [finding] = document["findings"]
    assert (finding["kind"], finding["parameter"]) == ("config-drift", "namespace test default-ttl")


def test_nagios_and_prometheus(asadm: Asadm, differing: list[FakeNode], tmp_path: Path) -> None:
    result = asadm("-h", hosts(differing), "check", "config", "--format", "nagios")
    assert result.code == 1
    assert result.out.startswith(
        "CONFIG WARNING - 1 parameter differs between nodes | unreachable=0;;0;0;3 config_drift=1;0;;0 "
    )
    result = asadm("-h", hosts(differing), "check", "config", "--format", "nagios", "--baseline", "none.yaml")
    assert (result.code, result.out) == (
        3,
        "CONFIG UNKNOWN - none.yaml: cannot be read: No such file or directory\n",
    )
    asadm("-h", hosts(differing), "check", "config", "--metrics-file", "a.prom")
    text = (tmp_path / "a.prom").read_text()
    shown = asadm("-h", hosts(differing), "check", "config", "--format", "prometheus").out
    assert _names(text) == _names(shown)
    assert 'asudf_config_drift{cluster=""} 1\n' in text
    assert (
        'asudf_config_nodes_differing{cluster="",context="namespace test",parameter="default-ttl"} 1\n'
        in text
    )
    assert (
        text in asadm("-h", hosts(differing), "check", "config", "--format", "prometheus").out
        or "asudf_config_node_read" in text
    )


def _names(text: str) -> list[str]:
    return [line.split("{")[0] for line in text.splitlines()]


def test_a_baseline(asadm: Asadm, nodes: list[FakeNode], tmp_path: Path) -> None:
    conf = tmp_path / "aerospike.conf"
    conf.write_text(
        "service {\nproto-fd-max 15000\n}\nnamespace test {\nstorage-engine memory {\ndata-size 4G\n}\n}\n"
    )
    assert asadm("-h", hosts(nodes), "check", "config", "--baseline", str(conf)).code == 0
    conf.write_text(conf.read_text().replace("4G", "8G"))
    result = asadm("-h", hosts(nodes), "check", "config", "--baseline", str(conf))
    assert result.code == 3
    assert "has 4294967296; the file says 8G" in result.out
    conf.write_text("what is this\n")
    result = asadm("-h", hosts(nodes), "check", "config", "--baseline", str(conf))
    assert result.code == 2
    assert "is this an aerospike.conf?" in result.err
    assert sum(len(node.requests) for node in nodes) == 12


def test_names_that_are_no_text_are_shown_all_the_same(
    asadm: Asadm, nodes: list[FakeNode], tmp_path: Path
) -> None:
    (tmp_path / "b.yaml").write_text('service:\n  "x\\ud800": "\\ud801"\n  proto-fd-max: "\\ud802"\n')
    for form in ("text", "json", "prometheus"):
        result = asadm("-h", hosts(nodes), "check", "config", "--baseline", "b.yaml", "--format", form)
        assert (result.code, result.err) == (3, "")
        assert "proto-fd-max" in result.out
    shown = asadm("-h", hosts(nodes), "check", "config", "--baseline", "b.yaml", "--format", "nagios")
    assert shown.code == 1
    assert "not-told: service x\\ud800: " in shown.out
    whole = asadm("-h", hosts(nodes), "--json", "check", "config", "--baseline", "b.yaml")
    assert whole.document["findings"][0]["parameter"].startswith("service ")


def test_what_is_written_is_what_is_read(asadm: Asadm, differing: list[FakeNode], tmp_path: Path) -> None:
    first = asadm("-h", hosts(differing[:1]), "check", "config", "--write-baseline", "b.yaml")
    assert (first.code, first.out) == (0, "")
    assert "wrote 10 parameters to b.yaml" in first.err
    text = (tmp_path / "b.yaml").read_text()
    assert "geheim" not in text
    assert "node-id" not in text
    assert '"{work-directory}/token"' in text
    assert asadm("-h", hosts(differing[1:2]), "check", "config", "--baseline", "b.yaml").code == 3
    assert asadm("-h", hosts(differing[2:]), "check", "config", "--baseline", "b.yaml").code == 0
    most = asadm("-h", hosts(differing), "check", "config", "--write-baseline", "-")
    assert "namespace test default-ttl: the nodes differ" in most.err
    assert most.out == text


def test_what_most_nodes_do_not_have_is_left_out(asadm: Asadm, tmp_path: Path) -> None:
    more = said(2, **{TEST: f"{said(2)[TEST]};strict=true"})
    with FakeNode(said(1)) as one, FakeNode(more) as two, FakeNode(said(3)) as three:
        made = asadm("-h", hosts([one, two, three]), "check", "config", "--write-baseline", "b.yaml")
    assert (
        "namespace test strict: the nodes differ, and it was left out: the most of them have no such"
        in made.err
    )
    assert "strict" not in (tmp_path / "b.yaml").read_text()


def test_a_baseline_that_cannot_be_written_is_told_before_a_node_is_asked(
    asadm: Asadm, nodes: list[FakeNode]
) -> None:
    for form in ("text", "nagios"):
        result = asadm(
            "-h", hosts(nodes), "check", "config", "--format", form, "--write-baseline", "none/b.yaml"
        )
        assert (result.code, result.out) == (2, "")
        assert "none/b.yaml: " in result.err
    assert not any(node.requests for node in nodes)


def test_a_set_that_few_nodes_have_is_written_and_no_difference(asadm: Asadm) -> None:
    with FakeNode(said(1)) as one, FakeNode(said(2, sets="")) as two, FakeNode(said(3, sets="")) as three:
        where = hosts([one, two, three])
        made = asadm("-h", where, "check", "config", "--write-baseline", "b.yaml")
        assert (made.code, made.err) == (0, "asadm: wrote 10 parameters to b.yaml\n")
        assert asadm("-h", where, "check", "config", "--baseline", "b.yaml").code == 0


def test_nothing_is_written_of_a_part(asadm: Asadm, nodes: list[FakeNode], tmp_path: Path) -> None:
    with FakeNode(behaviour=closing_at_once) as closed:
        result = asadm(
            "-h", f"{hosts(nodes)},{closed.address}", "check", "config", "--write-baseline", "b.yaml"
        )
    assert result.code == 1
    assert "nothing was written" in result.err
    assert not (tmp_path / "b.yaml").exists()


def test_nodes_that_cannot_be_read(asadm: Asadm, nodes: list[FakeNode]) -> None:
    refusing = {**said(4), SERVICE: "ERROR:81:role violation"}
    with FakeNode(behaviour=silent) as hung, FakeNode(refusing) as locked:
        result = asadm(
            "-h", f"{hosts(nodes)},{hung.address},{locked.address}", "--timeout", "0.5", "check", "config"
        )
    assert result.code == 1
    assert "role violation" in result.out
    assert "2 of 5 nodes not read" in result.out
    assert "timeout" in result.out


def test_wrong_words(asadm: Asadm) -> None:
    for words in (["--baseline", "a", "--write-baseline", "b"], ["--format", "xml"], ["nodes"], ["--ignore"]):
        assert asadm("-h", "127.0.0.1:1", "check", "config", *words).code == 2


def test_a_cluster_that_was_recorded(asadm: Asadm) -> None:
    """Three real nodes on one machine, of which one had been changed."""
    row = next(each for each in cases() if each["cmd"] == "show config")
    with RecordedNodes(row) as recorded:
        addresses = list(recorded.addresses.values())
        document = asadm("-h", ",".join(addresses), "--json", "check", "config").document
        assert {each["parameter"] for each in document["findings"]} == {
            "service migrate-max-num-incoming",
            "service migrate-threads",
            "network heartbeat.interval",
            "namespace test stop-writes-sys-memory-pct",
        }
        [changed] = {node for each in document["findings"] for node in each["nodes"]}
        first, second = (address for address in addresses if address != changed)
        asadm("-h", first, "check", "config", "--write-baseline", "b.yaml")
        assert asadm("-h", second, "check", "config", "--baseline", "b.yaml").code == 0
        assert asadm("-h", changed, "check", "config", "--baseline", "b.yaml").code == 3


@pytest.mark.parametrize("words", [["check", "config"], ["bundle", "-o", "b.tgz"]], ids=["check", "bundle"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_node_with_any_fault_is_told_beside_the_others(
    asadm: Asadm, nodes: list[FakeNode], fault: str, words: list[str]
) -> None:
    with Fleet(1) as fleet:
        fleet[0].fault = fault
        result = asadm("-h", f"{hosts(nodes)},{fleet.hosts}", "--timeout", "0.4", "--json", *words)
    states = [each["status"] for each in result.document["nodes"]]
    assert states[:3] == ["ok"] * 3
    # a bundle has whatever a node said, refusals too
    assert states[3] != "ok" or (
        words[0] == "bundle" and fault in {"nonsense", "denied", "timeout", "timeout, lost"}
    )
    assert result.code == (0 if states[3] == "ok" else 1)
