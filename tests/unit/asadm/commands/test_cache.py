"""`cache clear` against scripted nodes."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from asadm import display
from asadm.cluster import ClusterNode
from asadm.commands import cache
from asadm.cron.lock import LockFile
from asadm.cron.ping import Ping
from asadm.outcome import CommandOutcome
from asadm.session import CommandSession
from asadm.statement import parse
from asadm.target.aerospike.cluster import AerospikeCluster
from asinfo.errors import UsageError
from asinfo.exchange import Endpoint
from tests.fakes.node import Behaviour, FakeNode, Peer, after, answering, closing, refusing, silent

OURS = {"udf-clear-cache:": "ok", "build": "8.1.2.0", "udf-cache-stats:": "module=a:contexts=3"}
REAL = {"udf-clear-cache:": "ok", "build": "8.1.2.0"}
REQUEST = b"udf-clear-cache:\nbuild\nudf-cache-stats:\n"


class Fleet:
    """Fake nodes n1, n2, ... and the command run over them."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.nodes: list[Endpoint] = []
        self.fakes: list[FakeNode] = []

    def add(self, behaviour: Behaviour) -> FakeNode:
        fake = self._stack.enter_context(FakeNode(behaviour=behaviour))
        self.fakes.append(fake)
        self.nodes.append(Endpoint(fake.host, fake.port, name=f"n{len(self.nodes) + 1}"))
        return fake

    def add_down(self) -> None:
        host, port = refusing()
        self.nodes.append(Endpoint(host, port, name=f"n{len(self.nodes) + 1}"))

    def clear(self, flags: str = "", timeout: float = 5.0) -> CommandOutcome:
        (call,) = parse(f"cache clear {flags}")
        cluster = AerospikeCluster([ClusterNode(node) for node in self.nodes], name="prod", timeout=timeout)
        session = session_of(cluster)
        cache.check(call.arguments)
        return cache.run(session, call.arguments)


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    with ExitStack() as stack:
        yield Fleet(stack)


def rows(outcome: CommandOutcome) -> list[list[object]]:
    assert not isinstance(outcome.show, bytes)
    return [[cell.value for cell in row] for row in outcome.show[0].rows]


def said(outcome: CommandOutcome) -> list[str]:
    return display.messages(session_of(AerospikeCluster([])), outcome)


def session_of(cluster: AerospikeCluster) -> CommandSession:
    return CommandSession(lambda _: cluster, write=lambda _: None, warn=lambda _: None)


def test_every_node_is_asked_once(fleet: Fleet) -> None:
    fleet.add(answering(OURS))
    fleet.add(answering(OURS))
    outcome = fleet.clear()
    assert [fake.requests for fake in fleet.fakes] == [[REQUEST], [REQUEST]]
    assert [row[:3] for row in rows(outcome)] == [["n1", "ok", "8.1.2.0"], ["n2", "ok", "8.1.2.0"]]
    assert [answer.answer for answer in outcome.answers] == [b"ok", b"ok"]
    assert outcome.code == 0
    assert said(outcome) == []


def test_quiet_says_nothing_when_all_is_well(fleet: Fleet) -> None:
    fleet.add(answering(OURS))
    fleet.add(answering(OURS))
    outcome = fleet.clear("--quiet")
    assert (outcome.show, said(outcome), outcome.code) == (b"", [], 0)
    assert outcome.extra == {"cache_left_off": []}


def test_quiet_says_once_that_caches_are_left_off(fleet: Fleet) -> None:
    fleet.add(answering(OURS))
    fleet.add(answering(REAL))
    fleet.add(answering(REAL))
    outcome = fleet.clear("--quiet")
    assert (outcome.show, outcome.code) == (b"", 0)
    (line,) = said(outcome)
    assert "n2, n3: the Lua cache is off now" in line
    assert line.endswith("asadm udf rewarm brings it back, cache clear --rewarm does both in one run")
    assert outcome.extra == {"cache_left_off": ["n2", "n3"]}


def test_quiet_says_one_line_for_each_failed_node(fleet: Fleet) -> None:
    fleet.add(answering(OURS))
    fleet.add_down()
    fleet.add(answering({**OURS, "udf-clear-cache:": "ERROR:81:role violation"}))
    outcome = fleet.clear("--quiet")
    assert outcome.show == b""
    assert outcome.code == 1
    first, second = said(outcome)
    assert first.startswith("n2 (127.0.0.1:")
    assert "refused" in first
    assert second.startswith("n3 (127.0.0.1:")
    assert second.endswith("ERROR:81:role violation")


def test_a_real_server_is_warned_about_and_changes_no_exit_code(fleet: Fleet) -> None:
    fleet.add(answering(REAL))
    fleet.add(answering(OURS))
    outcome = fleet.clear()
    assert outcome.code == 0
    (warning,) = said(outcome)
    assert "n1: the Lua cache is off now" in warning
    assert "n2" not in warning


def test_retries_ask_only_failed_nodes(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asadm.target.aerospike.cache_clear.BACK_OFF_SECONDS_MAX", 0.01)
    good = fleet.add(answering(OURS))
    late = fleet.add(after(2, closing, answering(OURS)))
    outcome = fleet.clear("--retries 3")
    assert outcome.code == 0
    assert len(good.requests) == 1
    assert len(late.requests) == 3


def test_used_up_retries_are_told(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asadm.target.aerospike.cache_clear.BACK_OFF_SECONDS_MAX", 0.01)
    fleet.add_down()
    (line,) = said(fleet.clear("--retries 2"))
    assert "(asked 3 times)" in line


def test_the_deadline_bounds_hanging_nodes(fleet: Fleet) -> None:
    fleet.add(answering(OURS))
    fleet.add(silent)
    outcome = fleet.clear("--deadline 0.3 --retries 5", timeout=60)
    assert outcome.code == 1
    assert rows(outcome)[0][1] == "ok"
    assert said(outcome)[0].startswith("n2")
    assert "the deadline of 0.3 s was over" in said(outcome)[0]


def test_the_deadline_bounds_pauses_and_names_nodes_never_asked(fleet: Fleet) -> None:
    fleet.add(answering(OURS))
    never = fleet.add(answering(OURS))
    outcome = fleet.clear("--pause 60 --deadline 0.3")
    assert outcome.code == 1
    assert never.requests == []
    assert "not asked: the deadline of 0.3 s was over" in said(outcome)[0]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_a_report(fleet: Fleet, number: signal.Signals, code: int) -> None:
    def interrupting(peer: Peer) -> None:
        peer.request()
        os.kill(os.getpid(), number)
        peer.wait()

    fleet.add(answering(OURS))
    fleet.add(interrupting)
    never = fleet.add(answering(OURS))
    outcome = fleet.clear("--serial --quiet")
    assert outcome.code == code
    assert [answer.status for answer in outcome.answers] == ["ok", "interrupted", "interrupted"]
    assert never.requests == []
    assert [line.partition(" ")[0] for line in said(outcome)] == ["n2", "n3"]


def test_a_second_run_does_nothing_and_that_is_well(fleet: Fleet, tmp_path: Path) -> None:
    fake = fleet.add(answering(OURS))
    with LockFile(str(tmp_path / "lock")):
        outcome = fleet.clear(f"--lock {tmp_path}/lock")
        quiet = fleet.clear(f"--lock {tmp_path}/lock --quiet")
    assert (outcome.code, quiet.code) == (0, 0)
    assert f"process {os.getpid()}) holds the lock" in said(outcome)[0]
    assert said(quiet) == []
    assert fake.requests == []


def test_waiting_in_vain_for_the_other_run_is_a_failure(fleet: Fleet, tmp_path: Path) -> None:
    fake = fleet.add(answering(OURS))
    with LockFile(str(tmp_path / "lock")):
        outcome = fleet.clear(f"--lock {tmp_path}/lock --lock-wait 0.05 --quiet")
    assert outcome.code == 1
    assert "still after 0.05 s" in said(outcome)[0]
    assert fake.requests == []


def test_waiting_for_the_other_run(fleet: Fleet, tmp_path: Path) -> None:
    fleet.add(answering(OURS))
    lock = LockFile(str(tmp_path / "lock")).__enter__()
    timer = threading.Timer(0.05, lock.__exit__, (None, None, None))
    timer.start()
    outcome = fleet.clear(f"--lock {tmp_path}/lock --lock-wait 20")
    timer.join()
    assert outcome.code == 0
    assert rows(outcome)


def test_the_splay_waits_and_is_bounded(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("asinfo.terminal.interrupt.sleep", waits.append)
    fleet.add(answering(OURS))
    assert fleet.clear("--splay 30").code == 0
    assert len(waits) == 1
    assert 0 <= waits[0] <= 30


def test_a_dry_run_clears_nothing(fleet: Fleet, tmp_path: Path) -> None:
    fleet.add(answering(REAL))
    fleet.add(answering(OURS))
    fleet.add_down()
    outcome = fleet.clear(f"--dry-run --metrics-file {tmp_path}/x.prom --lock {tmp_path}/lock")
    assert [fake.requests for fake in fleet.fakes] == [[b"build\nudf-cache-stats:\n"]] * 2
    assert [row[1] for row in rows(outcome)] == ["ok", "ok", "refused"]
    assert "n1: the Lua cache would be off afterwards" in said(outcome)[0]
    assert outcome.code == 1
    assert list(tmp_path.iterdir()) == []


def test_metrics(fleet: Fleet, tmp_path: Path) -> None:
    path = tmp_path / "asudf.prom"
    fleet.add(after(1, answering(OURS), closing))
    fleet.add(answering(REAL))
    assert fleet.clear(f"--metrics-file {path}").code == 0
    first = path.read_text()
    assert fleet.clear(f"--metrics-file {path}").code == 1
    second = path.read_text()
    assert 'asudf_cache_clear_success{cluster="prod",node="n1"} 1\n' in first
    assert 'asudf_cache_clear_success{cluster="prod",node="n1"} 0\n' in second
    assert 'asudf_cache_clear_nodes_failed{cluster="prod"} 1\n' in second
    assert 'asudf_cache_clear_cache_left_off{cluster="prod",node="n2"} 1\n' in second
    kept = 'asudf_cache_clear_last_success_timestamp_seconds{cluster="prod",node="n1"}'
    assert line(first, kept) == line(second, kept)


def line(text: str, start: str) -> str:
    (found,) = [each for each in text.splitlines() if each.startswith(start)]
    return found


def test_metrics_that_cannot_be_written_are_a_warning(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    fleet.add(answering(OURS))
    outcome = fleet.clear(f"--quiet --metrics-file {tmp_path}/asudf.prom")
    assert outcome.code == 0
    assert said(outcome) == [f"metrics file {tmp_path}/asudf.prom was not written: No space left on device"]


class Pings:
    """In place of the real pings: remembers what was told."""

    told: list[tuple[str, str]]
    warning: str | None = None

    def __init__(self, url: str) -> None:
        Pings.told.append(("url", url))

    def start(self) -> None:
        Pings.told.append(("start", ""))

    def started(self) -> str | None:
        return Pings.warning

    def success(self, report: str) -> str | None:
        Pings.told.append(("success", report))
        return Pings.warning

    def fail(self, report: str) -> str | None:
        Pings.told.append(("fail", report))
        return Pings.warning


@pytest.fixture
def pings(monkeypatch: pytest.MonkeyPatch) -> type[Pings]:
    monkeypatch.setattr("asadm.cron.ping.Ping", Pings)
    Pings.told = []
    Pings.warning = None
    return Pings


def test_pings_of_a_good_run(fleet: Fleet, pings: type[Pings]) -> None:
    fleet.add(answering(REAL))
    assert fleet.clear("--ping-url https://hc.example/uuid").code == 0
    told = [each for each in pings.told if each[0] != "url"]
    assert [name for name, _ in told] == ["start", "success"]
    assert told[1][1].startswith("cache clear: 1 of 1 nodes ok\nn1: ok (")
    assert "real Aerospike server" in told[1][1]


def test_pings_of_a_bad_run(fleet: Fleet, pings: type[Pings]) -> None:
    fleet.add(answering(OURS))
    fleet.add_down()
    assert fleet.clear("--ping-url https://hc.example/uuid").code == 1
    name, report = pings.told[-1]
    assert name == "fail"
    assert report.splitlines()[:2] == ["cache clear: 1 of 2 nodes ok", next(
        each for each in report.splitlines() if each.startswith("n2: failed: refused: "))]  # fmt: skip


def test_a_receiver_that_hangs_takes_no_time_of_the_nodes(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ping.__init__, "__defaults__", (0.4,))
    fleet.add(answering(OURS))
    with FakeNode(behaviour=silent) as receiver:
        outcome = fleet.clear(f"--deadline 0.2 --ping-url http://{receiver.address}/x")
    assert (outcome.code, rows(outcome)[0][:2]) == (0, ["n1", "ok"])
    assert said(outcome) == ["ping to 127.0.0.1 failed: no reply within 0.4 s"] * 2


def test_failed_pings_are_warnings(fleet: Fleet, pings: type[Pings]) -> None:
    pings.warning = "ping to hc.example failed: HTTP status 404"
    fleet.add(answering(OURS))
    outcome = fleet.clear("--quiet --ping-url https://hc.example/uuid")
    assert outcome.code == 0
    assert said(outcome) == [pings.warning, pings.warning]


def test_no_ping_when_another_run_has_the_lock(fleet: Fleet, pings: type[Pings], tmp_path: Path) -> None:
    fleet.add(answering(OURS))
    with LockFile(str(tmp_path / "lock")):
        fleet.clear(f"--lock {tmp_path}/lock --ping-url https://hc.example/uuid")
    assert {name for name, _ in pings.told} == {"url"}


def test_the_address_of_pings_may_come_from_the_environment(
    fleet: Fleet, pings: type[Pings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASADM_PING_URL", "https://hc.example/uuid")
    fleet.add(answering(OURS))
    fleet.clear()
    assert ("url", "https://hc.example/uuid") in pings.told
    assert [name for name, _ in pings.told if name != "url"] == ["start", "success"]


@pytest.mark.parametrize(
    "flags",
    ["--lock ''", "--lock-wait 3", "--splay 10 --deadline 5", "--splay 5 --deadline 5", "--retries 101",
     "--deadline 999999999", "--pause 999999999", "--ping-url ftp://h/x", "--ping-url ''", "--metrics-file ''",
     "--metrics-file /nonexistent/x.prom", "--metrics-file /tmp", "--retries -1", "--retries x", "--deadline 0",
     "--splay x", "--nonsense", "--quiet=yes", "more words", "with"],
)  # fmt: skip
def test_nonsense_is_refused_and_nothing_is_sent(fleet: Fleet, flags: str) -> None:
    fake = fleet.add(answering(OURS))
    with pytest.raises(UsageError):
        fleet.clear(flags)
    assert fake.requests == []


def test_a_lock_in_no_folder_is_refused_and_nothing_is_sent(fleet: Fleet) -> None:
    fake = fleet.add(answering(OURS))
    with pytest.raises(UsageError, match="--lock"):
        fleet.clear("--lock /nonexistent/lock")
    assert fake.requests == []


def test_json_tells_about_every_node(fleet: Fleet) -> None:
    fleet.add(answering(REAL))
    fleet.add_down()
    (call,) = parse("cache clear")
    document = json.loads(display.document(call, fleet.clear()))
    assert [node["status"] for node in document["nodes"]] == ["ok", "refused"]
    members = ["node", "address", "status", "answer", "error", "ms"]
    assert [list(node) for node in document["nodes"]] == [members, members]
    assert document["nodes"][0]["answer"] == "ok"
    assert document["cache_left_off"] == ["n1"]
