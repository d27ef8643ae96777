"""``bundle``: what stands in the archive, and what does not."""

from __future__ import annotations

import json
import os
import signal
import tarfile
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from asadm import commands
from asadm.bundle import support_bundle
from tests.fakes.node import FakeNode, answering, silent
from tests.unit.asadm.commands.test_check_config import hosts, said

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fakes.node import Peer
    from tests.unit.asadm.conftest import Asadm

MODULES = "filename=a.lua,hash=" + "1" * 40 + ",type=LUA;"


def answers(number: int) -> dict[str, str]:
    """What a node says."""
    return {
        **said(number),
        "node": f"A{number}",
        "build": "8.1.2.0",
        "statistics": "cluster_size=2;uptime=5",
        "udf-list": MODULES,
        "sindex-list:": "ns=test:indexname=i:set=users:bin=b:type=numeric:state=RW",
        "sindex-stat:namespace=test;indexname=i": "entries=5",
        "namespace/test": "objects=5",
        "query-show": "trid=1:user=bob:status=done",
    }


@pytest.fixture
def nodes() -> Iterator[list[FakeNode]]:
    """Two of them."""
    with ExitStack() as stack:
        yield [stack.enter_context(FakeNode(answers(number))) for number in (1, 2)]


class Content:
    """The files of an archive, without their common directory."""

    def __init__(self, path: Path) -> None:
        with tarfile.open(path) as tar:
            self.files = {
                member.name.partition("/")[2]: file.read()
                for member in tar
                if (file := tar.extractfile(member)) is not None
            }

    def json(self, name: str) -> Any:
        return json.loads(self.files[name])


def test_what_is_in_it(asadm: Asadm, nodes: list[FakeNode], tmp_path: Path) -> None:
    result = asadm("-h", hosts(nodes), "bundle", "-o", "b.tar.gz")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("b.tar.gz: ")
    assert "left out: passwords" in result.out
    assert (tmp_path / "b.tar.gz").stat().st_mode & 0o777 == 0o600
    content = Content(tmp_path / "b.tar.gz")
    folder = "nodes/" + nodes[0].address.replace(":", "_")
    assert content.files[f"{folder}/namespace_test.txt"] == b"objects=5"
    assert content.files[f"{folder}/sindex-stat_namespace=test_indexname=i.txt"] == b"entries=5"
    assert content.files[f"{folder}/query-show.txt"] == b"trid=1:user=(redacted):status=done"
    assert b"racks:: ERROR:4:unrecognized command\n" in content.files[f"{folder}/errors.txt"]
    assert not [name for name, each in content.files.items() if b"geheim" in each]
    assert content.json("modules.json") == {"nodes": {node.address: {"a.lua": "1" * 40} for node in nodes}}
    about = content.json("bundle.json")
    assert [each["status"] for each in about["nodes"]] == ["ok", "ok"]
    listed = {each["file"] for entry in about["nodes"] for each in entry["answers"]}
    others = {"bundle.json", "modules.json", "README.txt"}
    assert {name for name in content.files if not name.endswith("errors.txt")} == listed | others
    assert "inventory.json" not in content.files


def test_every_command_that_reads_is_asked(asadm: Asadm, tmp_path: Path) -> None:
    """Whatever a command asks a node for its tables is in the bundle."""
    with FakeNode(answers(1)) as node:
        asadm("-h", node.address, "bundle")
        asked = _lines(node)
        node.requests.clear()
        rows = [row for row in commands.TABLE if row.words[0] in {"info", "show", "summary", "features"}]
        for row in rows:
            asadm("-h", node.address, "-e", row.name)
        for line in (
            "show config namespace",
            "show latencies -v",
            "show distribution object_size -b",
            "udf check",
            "check config",
        ):
            asadm("-h", node.address, "-e", line)
        assert len(rows) > 20
        assert _lines(node) - asked == set()
    assert len(list(tmp_path.glob("asudf-bundle-*.tar.gz"))) == 1


def _lines(node: FakeNode) -> set[bytes]:
    return {line for body in node.requests for line in body.split(b"\n") if line}


def test_a_node_that_hangs_and_one_that_hangs_in_the_middle(
    asadm: Asadm, nodes: list[FakeNode], tmp_path: Path
) -> None:
    def once(peer: Peer) -> None:
        if len(peer.node.requests) or peer.node.closing.is_set():
            silent(peer)
        answering(answers(3))(peer)

    with FakeNode(behaviour=silent) as hung, FakeNode(behaviour=once) as half:
        result = asadm(
            "-h", f"{hosts(nodes)},{hung.address},{half.address}", "--timeout", "0.5", "bundle", "-o", "b.tgz"
        )
        assert hung.connections == 1
    assert result.code == 1
    content = Content(tmp_path / "b.tgz")
    about = {each["node"]: each for each in content.json("bundle.json")["nodes"]}
    assert about[hung.address]["answers"] == []
    assert "timeout" in about[hung.address]["status"]
    assert about[half.address]["answers"]
    assert "timeout" in about[half.address]["error"]
    assert half.address in result.err


def test_an_inventory_without_logins(
    asadm: Asadm, nodes: list[FakeNode], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_PLACE", "x")
    (tmp_path / "asadm.yaml").write_text(
        "clusters:\n  prod:\n    nodes:\n"
        + "".join(f"      - {{host: 127.0.0.1, port: {node.port}, labels: {{rack: a}}}}\n" for node in nodes)
        + "  other:\n    nodes: [{host: h, user: ops, password: env:SECRET_PLACE}]\n"
    )
    assert asadm("--cluster", "prod", "bundle", "-o", "b.tgz").code == 0
    content = Content(tmp_path / "b.tgz")
    inventory = content.json("inventory.json")
    assert (inventory["cluster"], [each["port"] for each in inventory["nodes"]]) == (
        "prod",
        [node.port for node in nodes],
    )
    assert not [name for name, each in content.files.items() if b"SECRET_PLACE" in each]


def test_a_node_has_room_for_so_much(
    asadm: Asadm, nodes: list[FakeNode], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(support_bundle, "NODE_SIZE_MAX", 30)
    asadm("-h", hosts(nodes), "bundle", "-o", "b.tgz")
    content = Content(tmp_path / "b.tgz")
    for entry in content.json("bundle.json")["nodes"]:
        assert sum(len(content.files[each["file"]]) for each in entry["answers"]) == 30
        assert any("cut" in each for each in entry["answers"])


def test_a_plan(asadm: Asadm, nodes: list[FakeNode], tmp_path: Path) -> None:
    (tmp_path / "udf").mkdir()
    (tmp_path / "udf" / "a.lua").write_text("function f(rec) return 1 end\n")
    assert asadm("-h", hosts(nodes), "bundle", "-o", "b.tgz", "--dir", "udf").code == 0
    plan = Content(tmp_path / "b.tgz").json("modules.json")["plan"]
    assert (plan["pending"], [step["module"] for step in plan["steps"]]) == (True, ["a.lua"])


def test_standard_output_and_what_cannot_be(asadm: Asadm, nodes: list[FakeNode], tmp_path: Path) -> None:
    result = asadm("-h", hosts(nodes), "bundle", "-o", "-")
    (tmp_path / "out.tgz").write_bytes(result.raw)
    assert "README.txt" in Content(tmp_path / "out.tgz").files
    asked = sum(len(node.requests) for node in nodes)
    for words in (["-o", "none/b.tgz"], ["-o", "."], ["--dir", "none"], ["x"]):
        assert asadm("-h", hosts(nodes), "bundle", *words).code == 2
    assert asadm("-h", hosts(nodes), "--json", "bundle", "-o", "-").code == 2
    assert sum(len(node.requests) for node in nodes) == asked
    document = asadm("-h", hosts(nodes), "--json", "bundle", "-o", "c.tgz").document
    assert document["bytes"] == (tmp_path / "c.tgz").stat().st_size


def test_ctrl_c_ends_the_asking_and_packs_what_was_said(
    asadm: Asadm, nodes: list[FakeNode], tmp_path: Path
) -> None:
    def stopping(peer: Peer) -> None:
        peer.request()
        os.kill(os.getpid(), signal.SIGINT)
        silent(peer)

    with FakeNode(behaviour=stopping) as last:
        result = asadm("--timeout", "60", "-h", f"{last.address},{hosts(nodes)}", "bundle", "-o", "b.tgz")
    assert result.code == 130
    about = Content(tmp_path / "b.tgz").json("bundle.json")
    assert about["nodes"][0]["status"] == "interrupted"
    assert all(len(node.requests) <= 1 for node in nodes)
