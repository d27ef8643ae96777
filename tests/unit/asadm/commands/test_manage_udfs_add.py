"""``manage udfs add`` on several nodes: those that replicate, stand alone or are down."""

import base64
import os
import threading
from pathlib import Path

import pytest

from asadm.commands import manage_udfs_add
from asadm.fleet.change import rollout
from asadm.fleet.change.rollout import POLL_SECONDS_MAX
from tests.fakes.modules import Store
from tests.fakes.node import FakeNode, refusing, silent
from tests.unit.asadm.conftest import Asadm, Waited

SOURCE = b"-- caf\xc3\xa9, and no UTF-8: \xff\r\nfunction f(r)\n  return 1\nend\n"


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollout, "PROPAGATION_SECONDS", 0.05)
    monkeypatch.setattr(rollout, "POLL_SECONDS", 0.01)
    (tmp_path / "a.lua").write_bytes(SOURCE)
    (tmp_path / "bad.lua").write_bytes(b"function f(r)\r\n  x = = 1\r\nend\n")


ADD = "enable; manage udfs add a.lua path a.lua"
REMOVE = "enable; manage udfs remove a.lua"


def test_one_node_of_a_cluster_gets_the_module(asadm: Asadm) -> None:
    store = Store()
    with store.node() as one, store.node() as two, store.node() as three:
        hosts = f"{one.address},{two.address},{three.address}"
        result = asadm("-j", "-h", hosts, "--enable", "manage", "udfs", "add", "a.lua", "path", "a.lua")
        assert (result.code, result.err) == (0, "")
        assert [status for _, status, _ in result.nodes] == ["ok", "ok", "ok"]
        assert list(result.document["how"].values()) == ["sent", "replicated", "replicated"]
        assert store.puts == 1
        assert base64.b64decode(store.modules[b"a.lua"]) == SOURCE


def test_nodes_that_stand_alone_get_their_own(asadm: Asadm) -> None:
    cluster, alone = Store(), Store()
    with cluster.node() as one, alone.node() as two:
        result = asadm("-h", f"{one.address},{two.address}", "-e", ADD)
        assert (result.code, result.err) == (0, "")
        rows = result.out.splitlines()
        assert rows[-3].split()[:3] == [one.address, "ok", "sent"]
        assert rows[-2].split()[:3] == [two.address, "ok", "sent"]
        assert (cluster.puts, alone.puts) == (1, 1)
        assert asadm("-h", f"{one.address},{two.address}", "-e", REMOVE).code == 0
        assert (cluster.modules, alone.modules) == ({}, {})


def test_a_node_that_is_down_is_passed_by_and_told(asadm: Asadm) -> None:
    store = Store()
    dead = "{}:{}".format(*refusing())
    with store.node() as one, store.node() as two:
        result = asadm("-j", "-h", f"{dead},{one.address},{two.address}", "-e", ADD)
        document = result.out.splitlines()[-1]
        assert result.code == 1
        assert '"status": "refused"' in document
        assert list(store.modules) == [b"a.lua"]
        assert dead in result.err
        shown = asadm("-h", f"{dead},{one.address},{two.address}", "-e", ADD)
        assert [line.split()[1] for line in shown.out.splitlines()[-4:-1]] == ["refused", "ok", "ok"]
        assert [line.split()[1] for line in shown.err.splitlines()] == [f"{dead}:"]


def test_a_hung_node_costs_its_deadline_and_no_more(asadm: Asadm) -> None:
    store = Store()
    with store.node() as one, FakeNode(behaviour=silent) as hung:
        result = asadm("-j", "--timeout", "0.3", "-h", f"{one.address},{hung.address}", "--enable",
                       "manage", "udfs", "add", "a.lua", "path", "a.lua")  # fmt: skip
        assert [status for _, status, _ in result.nodes] == ["ok", "timeout-reply"]


def test_a_node_that_takes_it_and_never_lists_it_is_late(asadm: Asadm) -> None:
    store = Store()
    with store.node() as one, store.node(follows=False) as liar:
        result = asadm("-j", "-h", f"{one.address},{liar.address}", "-e", ADD + " --wait 4")
        assert result.code == 1
        assert "does not show the change after " in result.err
        assert store.puts == 2


def test_no_node_reached(asadm: Asadm) -> None:
    dead = "{}:{}".format(*refusing())
    result = asadm("-j", "-h", dead, "--enable", "manage", "udfs", "add", "a.lua", "path", "a.lua")
    assert result.code == 1
    assert result.nodes == [(dead, "refused", None)]


def test_a_compile_error_names_the_users_file_and_line(asadm: Asadm) -> None:
    store = Store()
    with store.node() as one, store.node() as two:
        result = asadm(
            "-h", f"{one.address},{two.address}", "-e", "enable; manage udfs add a.lua path bad.lua"
        )
        assert result.code == 1
        assert result.err == "asadm: bad.lua:2: unexpected symbol near '='\nasadm:     x = = 1\n"
        assert "error" in result.out
        assert "skipped" in result.out
        assert store.modules == {}
        assert store.puts == 1


def test_a_refusal_of_the_node_is_explained(asadm: Asadm) -> None:
    with FakeNode({}) as node:
        result = asadm("-h", node.address, "-e", ADD)
        assert result.code == 1
        assert "unrecognized command (code 4)" in result.err


def test_an_answer_that_is_no_list_is_a_failure(asadm: Asadm) -> None:
    store = Store()
    store.modules[b"a.lua"] = b"LQ=="
    with store.node() as one, FakeNode({"udf-list": "nonsense", "udf-remove:filename=a.lua": "ok"}) as other:
        hosts = f"{one.address},{other.address}"
        shown = asadm("-j", "-h", hosts, "show", "udfs")
        assert shown.code == 1
        assert [status for _, status, _ in shown.nodes] == ["ok", "protocol"]
        assert shown.document["modules"][0]["state"] == "same"
        removed = asadm("-j", "-h", hosts, "--enable", "manage", "udfs", "remove", "a.lua")
        assert removed.code == 1
        assert [status for _, status, _ in removed.nodes] == ["ok", "protocol"]


def test_nodes_that_hang_leave_time_for_the_others(asadm: Asadm, waited: Waited) -> None:
    """``--wait`` bounds the whole, whatever the time-out of a node is."""
    store = Store()
    with FakeNode(behaviour=silent) as one, FakeNode(behaviour=silent) as two, store.node() as three:
        hosts = ",".join(node.address for node in (one, two, three))
        result = asadm("-j", "--timeout", "60", "-h", hosts, "--enable",
                       "manage", "udfs", "add", "a.lua", "path", "a.lua", "--wait", "2")  # fmt: skip
        assert [status for _, status, _ in result.nodes] == ["timeout-reply", "timeout-reply", "ok"]
        assert asadm("--timeout", "60", "-h", f"{one.address},{two.address}", "--enable",
                     "manage", "udfs", "remove", "a.lua", "--wait", "0.2").code == 1  # fmt: skip
        assert waited.seconds < 2.2 + 2 * POLL_SECONDS_MAX


def test_a_pipe_is_read_once(asadm: Asadm, tmp_path: Path) -> None:
    store = Store()
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(SOURCE,))
    writer.start()
    with store.node() as one:
        result = asadm("-h", one.address, "--enable", "manage", "udfs", "add", "a.lua", "path", "pipe")
        writer.join()
        assert (result.code, result.err) == (0, "")
        assert base64.b64decode(store.modules[b"a.lua"]) == SOURCE


def test_a_pipe_that_nobody_writes_to_is_refused(
    asadm: Asadm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manage_udfs_add, "PIPE_SECONDS", 0.05)
    os.mkfifo(tmp_path / "pipe")
    result = asadm("-h", "127.0.0.1:1", "--enable", "manage", "udfs", "add", "a.lua", "path", "pipe")
    assert (result.code, result.err) == (2, "asadm: pipe: nothing came through this pipe within 0.05 s\n")


def test_identical_content_is_no_fault(asadm: Asadm) -> None:
    store = Store()
    with store.node() as one:
        assert asadm("-h", one.address, "-e", ADD).code == 0
        assert asadm("-h", one.address, "-e", ADD).code == 0
