"""udf apply on a fake fleet: who is sent what, what is waited for, and what is told when it goes wrong."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asadm.fleet.change.rollout import POLL_SECONDS_MAX
from asinfo.wire.udf import base64, digest, put
from tests.fakes.fleet import Fleet, Server
from tests.unit.asadm.conftest import Asadm, Waited

Write = Callable[..., str]

ONE, TWO, OTHER = b"return 1\n", b"return 2\n", b"return 3\n"
NEEDS = b'local one = require("one")\nreturn 2\n'


@pytest.fixture
def modules(tmp_path: Path) -> Write:
    """``modules(one=b"...", two=b"...")``: a directory of modules."""

    def write(**sources: bytes) -> str:
        directory = tmp_path / "udf"
        directory.mkdir(exist_ok=True)
        for name, source in sources.items():
            (directory / f"{name}.lua").write_bytes(source)
        return str(directory)

    return write


def expected(name: bytes, source: bytes) -> str:
    return digest(name, base64(source))


def statuses(document: dict[str, Any]) -> list[str]:
    return [node["status"] for node in document["nodes"]]


def test_one_node_of_each_cluster_is_sent_to_and_all_are_watched(asadm: Asadm, modules: Write) -> None:
    with Fleet(6, clusters=2, delay=0.02) as fleet:
        done = asadm("-h", fleet.hosts, "--json", "udf", "apply", modules(one=ONE, two=NEEDS), "--yes")
        assert done.code == 0, done.err
        assert fleet.sources(b"one.lua") == [ONE] * 6
        assert fleet.count(b"udf-put") == 4
        hows = {
            module["module"]: [node["how"] for node in module["nodes"]] for module in done.document["modules"]
        }
        assert hows["one.lua"] == ["sent", "replicated", "replicated"] * 2
        assert all(node["ms"] > 0 for module in done.document["modules"] for node in module["nodes"])


def test_what_is_required_goes_first(asadm: Asadm, modules: Write) -> None:
    with Fleet(3, clusters=1) as fleet:
        done = asadm("-h", fleet.hosts, "udf", "apply", modules(a=NEEDS, one=ONE), "--yes")
        assert done.code == 0, done.err
        puts = [command for command in fleet[0].commands if command.startswith(b"udf-put")]
        assert puts == [put(b"one.lua", ONE), put(b"a.lua", NEEDS)]


def test_a_second_run_has_nothing_to_do(asadm: Asadm, modules: Write) -> None:
    with Fleet(2) as fleet:
        directory = modules(one=ONE)
        assert asadm("-h", fleet.hosts, "udf", "apply", directory, "--yes").code == 0
        fleet.clear()
        again = asadm("-h", fleet.hosts, "udf", "apply", directory, "--yes")
        assert again.code == 0
        assert "no change" in again.out
        assert fleet.count(b"udf-put") == 0


def test_without_a_terminal_and_without_yes_nothing_is_sent(asadm: Asadm, modules: Write) -> None:
    with Fleet(1) as fleet:
        refused = asadm("-h", fleet.hosts, "udf", "apply", modules(one=ONE))
        assert refused.code == 2
        assert "--yes" in refused.err
        assert fleet[0].commands == []


def test_dry_run_shows_and_changes_nothing(asadm: Asadm, modules: Write, tmp_path: Path) -> None:
    with Fleet(2) as fleet:
        shown = asadm("-h", fleet.hosts, "udf", "apply", modules(one=ONE), "--dry-run")
        assert shown.code == 3
        assert "create" in shown.out
        assert fleet.count(b"udf-put") == 0
        kept = tmp_path / ".local" / "state" / "asudf"
        assert [each.name for each in kept.iterdir()] == ["seen-module"], "no history and no lock"


def test_a_deaf_node_of_a_cluster_gets_its_own_put(asadm: Asadm, modules: Write) -> None:
    with Fleet(3, clusters=1) as fleet:
        fleet[1].deaf = True

        def takes(node: Server, command: bytes) -> bytes | None:
            if command.startswith(b"udf-put"):
                node.hold(b"one.lua", ONE)
                return b"ok"
            return None

        fleet[1].before = takes
        done = asadm("-h", fleet.hosts, "--json", "udf", "apply", modules(one=ONE), "--yes")
        assert done.code == 0, done.err
        [module] = done.document["modules"]
        assert [node["how"] for node in module["nodes"]] == ["sent", "sent by itself", "replicated"]


def test_a_node_that_never_shows_it_is_told_within_the_deadline(
    asadm: Asadm, waited: Waited, modules: Write
) -> None:
    with Fleet(3, clusters=1) as fleet:
        fleet[1].deaf = True
        done = asadm("-h", fleet.hosts, "--json", "udf", "apply", modules(one=ONE), "--yes", "--wait", "2")
        assert waited.seconds < 2 + POLL_SECONDS_MAX
        assert done.code == 1
        assert statuses(done.document) == ["ok", "late", "ok"]
        assert done.document["modules"][0]["nodes"][1]["hash"] is None


@pytest.mark.parametrize(
    "fault", ["refuses", "closes", "closes at once", "garbage", "nonsense", "oversize", "echoes nothing"]
)
def test_a_broken_node_holds_up_nobody_and_is_repaired_by_the_next_run(
    asadm: Asadm, modules: Write, fault: str
) -> None:
    with Fleet(4, clusters=2) as fleet:
        fleet[0].fault = fault
        directory = modules(one=ONE, two=NEEDS)
        done = asadm("-h", fleet.hosts, "--timeout", "2", "--json", "udf", "apply", directory, "--yes")
        assert done.code == 1
        assert statuses(done.document)[1:] == ["ok"] * 3
        assert done.document["nodes"][0]["error"]
        assert fleet.hashes(b"two.lua")[1:] == [expected(b"two.lua", NEEDS)] * 3
        fleet[0].fault = ""
        again = asadm("-h", fleet.hosts, "udf", "apply", directory, "--yes")
        assert again.code == 0, again.err
        assert fleet.sources(b"two.lua") == [NEEDS] * 4


def test_hung_nodes_cost_one_time_out_each_look_not_more(
    asadm: Asadm, waited: Waited, modules: Write
) -> None:
    with Fleet(6) as fleet:
        fleet[2].fault = fleet[4].fault = "hangs"
        done = asadm(
            "-h",
            fleet.hosts,
            "--timeout",
            "0.5",
            "--json",
            "udf",
            "apply",
            modules(one=ONE, two=NEEDS),
            "--yes",
        )
        assert all(len(waited.missed(fleet[number].address)) <= 2 for number in (2, 4))
        assert waited.seconds < 2 * 0.5
        assert statuses(done.document) == ["ok", "ok", "timeout-reply", "ok", "timeout-reply", "ok"]


def test_a_leader_that_hangs_in_the_middle_is_replaced(asadm: Asadm, modules: Write) -> None:
    with Fleet(3, clusters=1) as fleet:

        def hang(node: Server, command: bytes) -> bytes | None:
            if command.startswith(b"udf-put"):
                node._fault = "hangs"
            return None

        fleet[0].before = hang
        done = asadm(
            "-h",
            fleet.hosts,
            "--timeout",
            "0.3",
            "--json",
            "udf",
            "apply",
            modules(one=ONE),
            "--yes",
            "--wait",
            "4",
        )
        assert done.code == 1
        assert statuses(done.document)[1:] == ["ok", "ok"]
        assert done.document["nodes"][0]["status"] == "timeout-reply"
        assert done.document["modules"][0]["nodes"][0]["known"] is False


def test_nodes_that_fail_in_the_middle_are_told_within_one_deadline(
    asadm: Asadm, waited: Waited, modules: Write
) -> None:
    with Fleet(30) as fleet:

        def failing(fault: str) -> Callable[[Server, bytes], bytes | None]:
            def switch(node: Server, command: bytes) -> bytes | None:
                if command.startswith(b"udf-put"):
                    node._switch(fault) if fault == "refuses" else setattr(node, "_fault", fault)
                return None

            return switch

        fleet[3].before, fleet[11].before = failing("hangs"), failing("closes at once")
        fleet[20].before = failing("refuses")
        directory = modules(one=ONE, two=NEEDS, three=b'require "two"\n')
        done = asadm(
            "-h",
            fleet.hosts,
            "--timeout",
            "1",
            "--json",
            "udf",
            "apply",
            directory,
            "--yes",
            "--wait",
            "4",
            "--verify",
        )
        assert waited.seconds < 4 + POLL_SECONDS_MAX
        assert done.code == 1
        told = {number: status for number, status in enumerate(statuses(done.document)) if status != "ok"}
        assert set(told) == {3, 11, 20}
        assert told[20] == "refused"
        assert fleet.sources(b"three.lua").count(b'require "two"\n') == 27


def test_a_node_that_restarts_in_the_middle_is_waited_for(asadm: Asadm, modules: Write) -> None:
    with Fleet(3) as fleet:

        def restart(node: Server, command: bytes) -> bytes | None:
            if command.startswith(b"udf-put"):
                node.before = None
                node.fleet.loop.call_soon(lambda: node._stop(keep=False, seconds=0.3))
                node._fault = "closes"
            return None

        fleet[1].before = restart
        done = asadm(
            "-h",
            fleet.hosts,
            "--timeout",
            "1",
            "--json",
            "udf",
            "apply",
            modules(one=ONE, two=NEEDS),
            "--yes",
        )
        assert done.code == 0, done.err
        assert fleet.sources(b"two.lua") == [NEEDS] * 3


def test_a_time_out_is_no_refusal(asadm: Asadm, modules: Write) -> None:
    with Fleet(3, clusters=1) as fleet:
        fleet[0].fault = "timeout"
        done = asadm("-h", fleet.hosts, "udf", "apply", modules(one=ONE), "--yes")
        assert done.code == 0, done.err


def test_a_change_that_timed_out_and_was_lost_is_sent_once_more(asadm: Asadm, modules: Write) -> None:
    with Fleet(2) as fleet:
        lost: list[bytes] = []

        def lose(_: Server, command: bytes) -> bytes | None:
            if command.startswith(b"udf-put") and not lost:
                lost.append(command)
                return b"error=timeout"
            return None

        fleet[1].before = lose
        done = asadm("-h", fleet.hosts, "udf", "apply", modules(one=ONE), "--yes")
        assert done.code == 0, done.err
        assert fleet[1].count(b"udf-put") == 2


def test_changes_that_are_lost_for_good_are_told_within_the_deadline(asadm: Asadm, modules: Write) -> None:
    with Fleet(2) as fleet:
        fleet[1].fault = "timeout, lost"
        done = asadm("-h", fleet.hosts, "--json", "udf", "apply", modules(one=ONE), "--yes", "--wait", "1.5")
        assert done.code == 1
        assert statuses(done.document) == ["ok", "late"]
        assert fleet[1].count(b"udf-put") == 2


def test_a_refusal_is_told_and_what_depends_on_it_is_not_sent(asadm: Asadm, modules: Write) -> None:
    with Fleet(2) as fleet:

        def refuse(_: Server, command: bytes) -> bytes | None:
            return b"ERROR:81:role violation" if command.startswith(b"udf-put") else None

        fleet[1].before = refuse
        done = asadm("-h", fleet.hosts, "--json", "udf", "apply", modules(one=ONE, two=NEEDS), "--yes")
        assert done.code == 1
        assert statuses(done.document) == ["ok", "error"]
        assert fleet[1].count(b"udf-put") == 1
        nodes = {module["module"]: module["nodes"][1]["status"] for module in done.document["modules"]}
        assert nodes == {"one.lua": "error", "two.lua": "skipped"}


def test_a_module_that_does_not_compile_stops_what_comes_later(asadm: Asadm, modules: Write) -> None:
    with Fleet(4, clusters=2) as fleet:
        directory = modules(one=b"x = 1 syntax error\nreturn 1\n", two=NEEDS)
        done = asadm("-h", fleet.hosts, "--json", "udf", "apply", directory, "--yes", "--no-lint")
        assert done.code == 1
        assert fleet.count(b"udf-put") == 1
        assert f"{directory}/one.lua:1: unexpected symbol near 'error'" in done.err
        assert "    x = 1 syntax error" in done.err
        assert "not sent, because one.lua does not compile" in str(done.document["modules"])


def test_what_went_out_beside_a_broken_module_is_told(asadm: Asadm, modules: Write) -> None:
    with Fleet(2, clusters=1, delay=0.05) as fleet:
        directory = modules(a=ONE, b=b"syntax error", c=TWO)
        done = asadm("-h", fleet.hosts, "--json", "udf", "apply", directory, "--yes", "--no-lint")
        assert done.code == 1
        told = {
            module["module"]: [node["status"] for node in module["nodes"]]
            for module in done.document["modules"]
        }
        assert told["a.lua"] == told["c.lua"] == ["ok", "ok"]
        assert told["b.lua"] == ["error", "skipped"]


def test_verify_compares_bytes_on_every_node(asadm: Asadm, modules: Write) -> None:
    with Fleet(3) as fleet:
        directory = modules(one=ONE, two=TWO)
        good = asadm("-h", fleet.hosts, "udf", "apply", directory, "--yes", "--verify")
        assert good.code == 0, good.err
        assert "bytes compared" in good.out
        fleet[2].files[b"two.lua"] = OTHER
        bad = asadm("-h", fleet.hosts, "--json", "udf", "apply", directory, "--yes", "--verify")
        assert bad.code == 1
        assert statuses(bad.document) == ["ok", "ok", "unverified"]
        del fleet[1].files[b"one.lua"]
        gone = asadm("-h", fleet.hosts, "--json", "udf", "apply", directory, "--yes", "--verify")
        assert statuses(gone.document) == ["ok", "unverified", "unverified"]


def test_prune_removes_what_the_directory_has_not_after_all_else(asadm: Asadm, modules: Write) -> None:
    with Fleet(2) as fleet:
        fleet.load(b"old.lua", OTHER)
        done = asadm("-h", fleet.hosts, "udf", "apply", modules(one=ONE), "--yes", "--prune")
        assert done.code == 0, done.err
        assert fleet.hashes(b"old.lua") == [None, None]
        changes = [line for line in fleet[0].commands if line.startswith((b"udf-put", b"udf-remove"))]
        assert [line[:10] for line in changes] == [b"udf-put:fi", b"udf-remove"]


def test_a_plan_file_applies_only_while_the_nodes_are_what_it_saw(
    asadm: Asadm, modules: Write, tmp_path: Path
) -> None:
    with Fleet(2) as fleet:
        directory = modules(one=ONE)
        assert asadm("-h", fleet.hosts, "udf", "plan", directory, "--out", "plan.json").code == 3
        (Path(directory) / "one.lua").write_bytes(TWO)  # what counts is in the plan
        fleet.load(b"one.lua", OTHER)
        fleet.clear()
        refused = asadm("-h", fleet.hosts, "udf", "apply", "plan.json", "--yes")
        assert refused.code == 1
        assert "nothing was sent" in refused.err
        assert fleet.count(b"udf-put") == 0
        for node in fleet.nodes:
            node.hold(b"one.lua", None)
            node.agreed.clear()
        done = asadm("-h", fleet.hosts, "udf", "apply", "plan.json", "--yes")
        assert done.code == 0, done.err
        assert fleet.sources(b"one.lua") == [ONE, ONE]


def test_ctrl_c_leaves_a_true_report(asadm: Asadm, modules: Write) -> None:
    with Fleet(3) as fleet:

        def interrupt(_: Server, command: bytes) -> bytes | None:
            if command.startswith(b"udf-put"):
                os.kill(os.getpid(), 2)
            return None

        fleet[0].after = interrupt
        done = asadm("-h", fleet.hosts, "--json", "udf", "apply", modules(one=ONE), "--yes")
        assert done.code == 130
        has = [node["hash"] for node in done.document["modules"][0]["nodes"]]
        assert has == fleet.hashes(b"one.lua")
        assert has[0] == expected(b"one.lua", ONE)
        assert "interrupted" in statuses(done.document)


def test_another_run_holds_the_lock(asadm: Asadm, modules: Write, tmp_path: Path) -> None:
    import fcntl

    with Fleet(1) as fleet, (tmp_path / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        refused = asadm(
            "-h", fleet.hosts, "udf", "apply", modules(one=ONE), "--yes", "--lock", str(tmp_path / "lock")
        )
        assert refused.code == 1
        assert "holds the lock" in refused.err
        assert fleet.count(b"udf-put") == 0


def test_many_modules_go_out_in_few_requests(asadm: Asadm, modules: Write) -> None:
    with Fleet(4, clusters=1) as fleet:
        directory = modules(**{f"m{number}": b"return %d\n" % number for number in range(100)})
        done = asadm("-h", fleet.hosts, "udf", "apply", directory, "--yes")
        assert done.code == 0, done.err
        assert fleet[0].count(b"udf-put") == 100
        assert fleet.count(b"udf-list") < 12


def test_the_udf_yaml_may_refuse_this_cluster(asadm: Asadm, modules: Write) -> None:
    with Fleet(1) as fleet:
        directory = modules(one=ONE)
        (Path(directory) / "udf.yaml").write_text("clusters: [production]\n")
        refused = asadm("-h", fleet.hosts, "udf", "apply", directory, "--yes")
        assert refused.code == 2
        assert fleet.count(b"udf-put") == 0


@pytest.mark.parametrize("flags", [[], ["--yes", "--dry-run"]], ids=["asks", "changes nothing"])
def test_to_watch_needs_yes(asadm: Asadm, modules: Write, flags: list[str]) -> None:
    done = asadm("-h", "127.0.0.1", "udf", "apply", modules(one=ONE), "--watch", *flags)
    assert done.code == 2
    assert "give --yes" in done.err
