"""manage on a terminal: what is lost is counted, and its name or a whole yes has to be typed."""

import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.managed_cluster import ManagedCluster
from tests.process.asadm.test_asadm_terminal import SECONDS, Start, Terminal, command


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Start]:
    opened: list[Terminal] = []

    def start(*argv: str) -> Terminal:
        opened.append(Terminal(command(*argv), tmp_path))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


TRUNCATE = ("--enable", "manage", "truncate", "ns", "test", "set", "users")


@pytest.mark.parametrize("answer", ["users\n", "yes\n", "YES\n"])
def test_the_name_or_yes(terminal: Start, answer: str) -> None:
    with ManagedCluster(2) as cluster:
        shown = terminal("-h", cluster.hosts, *TRUNCATE)
        shown.wait_for("Type users or yes to go on:")
        assert b"Up to 4 records are lost (8 with their copies, on 2 nodes)" in b" ".join(shown.seen.split())
        assert cluster.changes == [[], []]
        shown.type(answer)
        assert shown.end() == 0
        assert len(cluster[0].changes) == 1


@pytest.mark.parametrize("answer", ["y\n", "user\n", "\n", "\x04"])
def test_anything_else_is_no(terminal: Start, answer: str) -> None:
    with ManagedCluster(1) as cluster:
        shown = terminal("-h", cluster.hosts, *TRUNCATE)
        shown.wait_for("to go on:")
        shown.type(answer)
        assert shown.end() == 1
        assert b"nothing was sent" in shown.seen
        assert cluster.changes == [[]]


def test_stopped_at_the_question(terminal: Start) -> None:
    with ManagedCluster(1) as cluster:
        shown = terminal("-h", cluster.hosts, *TRUNCATE)
        shown.wait_for("to go on:")
        shown.process.send_signal(signal.SIGINT)
        assert shown.end() == 130
        assert b"Traceback" not in shown.seen
        assert cluster.changes == [[]]


def test_stopped_while_a_node_is_told(terminal: Start) -> None:
    """What each node has is told all the same, and is in the history."""
    with ManagedCluster(2) as cluster:
        told = threading.Event()

        def hang(line: bytes) -> bytes | None:
            if line.startswith(b"set-config"):
                told.set()
                cluster[1].fake.closing.wait()
            return None

        cluster[1].before = hang
        change = ("--enable", "manage", "config", "service", "param", "migrate-threads", "to", "3")
        shown = terminal("-h", cluster.hosts, *change)
        assert told.wait(SECONDS)
        shown.wait_for("1 of 2 nodes answered")
        shown.process.send_signal(signal.SIGINT)
        assert shown.end() == 130
        assert b"Traceback" not in shown.seen
        assert cluster[0].configuration["service"]["migrate-threads"] == "3"
        assert b"changed" in shown.seen
        assert b"interrupted" in shown.seen
        history = terminal("udf", "history")
        assert history.end() == 0
        assert b"1 of 2" in history.seen


def test_what_changes_meanwhile_stops_it(terminal: Start) -> None:
    with ManagedCluster(1) as cluster:
        change = ("--enable", "manage", "config", "service", "param", "migrate-threads", "to", "3")
        assert terminal("-h", cluster.hosts, *change).end() == 0
        shown = terminal("-h", cluster.hosts, "--enable", "manage", "config", "rollback")
        shown.wait_for("[y/N]")
        cluster[0].configuration["service"]["migrate-threads"] = "9"
        shown.type("y\n")
        assert shown.end() == 1
        assert b"3 is now 9" in shown.seen
        assert len(cluster[0].changes) == 1


def test_indexes_say_their_keys_and_jobs_how_many(terminal: Start) -> None:
    with ManagedCluster(2) as cluster:
        cluster.indexes["idx"] = "ns=test:indexname=idx:set=users:bin=a:type=numeric:state=RW"
        cluster[0].queries = {"7": "active(ok)"}
        shown = terminal("-h", cluster.hosts, "--enable", "manage", "sindex", "delete", "idx", "ns", "test")
        shown.wait_for("Type idx or yes to go on:")
        assert b"It has 20 keys for 40 records on 2 nodes" in b" ".join(shown.seen.split())
        shown.type("idx\n")
        assert shown.end() == 0
        killed = terminal("-h", cluster.hosts, "--enable", "manage", "jobs", "kill", "all", "queries")
        killed.wait_for("[y/N]")
        assert b"Stop 1 query on 1 node?" in b" ".join(killed.seen.split())
        killed.type("y\n")
        assert killed.end() == 0
