"""The line at the bottom of the shell, its prompt, and lines that go on."""

from __future__ import annotations

import pytest

from asadm.cluster import ClusterNode
from asadm.session import CommandSession
from asadm.shell import Shell
from asadm.target.aerospike.cluster import AerospikeCluster
from asadm.toolkit_editor import is_open
from asinfo.exchange import Endpoint


@pytest.fixture
def shell() -> Shell:
    cluster = AerospikeCluster([ClusterNode(Endpoint("127.0.0.1", 1))], name="laptop")
    session = CommandSession(lambda _: cluster, write=lambda _: None, warn=lambda _: None)
    return Shell(session, lambda _session, _calls: 0)


def test_the_prompt_has_the_cluster_and_the_privilege(shell: Shell) -> None:
    assert shell.prompt().text == "Admin> "
    shell.name, shell.session.privileged = "laptop", True
    assert (shell.prompt().text, shell.prompt().colour) == ("laptop Admin+> ", "31")


def test_the_line_at_the_bottom_has_the_state_of_the_nodes(shell: Shell) -> None:
    assert shell.status() == "no node was asked yet"
    shell.session.states = {"a": "ok", "b": "error"}
    assert shell.status() == "2 of 2 nodes answered"
    shell.session.states = {"a": "ok", **{f"n{number}": "refused" for number in range(4)}}
    assert shell.status() == "1 of 5 nodes answered; n0 refused, n1 refused, n2 refused, ..."


def test_a_line_with_an_open_quote_goes_on() -> None:
    assert not is_open("asinfo -v build")
    assert is_open("asinfo -v 'build")
    assert not is_open("asinfo -v 'build'")
    assert is_open("udf plan /* why")
