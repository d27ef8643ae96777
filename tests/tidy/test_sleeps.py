"""A test waits for a condition and not for a time: a sleep stands in a loop that asks again, or has its reason here."""

import ast
from pathlib import Path

from tests.tidy.facts import ROOT

TESTS = ROOT / "tests"
NO_TESTS = {"bench", "recorded"}
"""Folders of what measures time, and of what plays a dialogue with the pauses that it was recorded with."""

ALLOWED = {
    "fakes/fleet.py": "a server that sends one byte after the other is a fault that a test may want",
    "process/asudfd/test_etcd_failover.py": "that a node never follows an etcd which was set back shows after a while only",
    "process/asudfd/test_etcd_lease.py": "a frozen process, and a lease that ends: the time is what is tested",
    "process/asudfd/test_etcd_watch.py": "the pace of a loop that asks again, in the function that asks",
    "unit/asadm/cron/test_stop.py": "the sleep is what a deadline interrupts",
    "unit/asudfd/aerospike/message/many/test_batch.py": "calls that take long: the time limit of a batch is tested",
    "unit/asudfd/aerospike/message/peer/test_proxy.py": "that nothing more is asked for shows after a while only",
    "unit/asudfd/record/test_device.py": "lets a commit begin at some moments of a random sequence, at others not",
    "unit/asudfd/record/test_disk_full.py": "that nothing is attempted any more shows after a while only",
}
"""Files with sleeps outside of a loop, and why."""


def sleeps(path: Path) -> int:
    """How many sleeps of a file take time and stand in no `while`, but for those in programs that it starts."""
    text = path.read_text(encoding="utf-8")
    return bare(ast.parse(text), in_loop=False) if "sleep(" in text else 0


def bare(node: ast.AST, *, in_loop: bool) -> int:
    match node:
        case ast.Call(func=ast.Attribute(attr="sleep"), args=[length, *_]) if not in_loop:
            return ast.unparse(length) != "0"
        case ast.While():
            in_loop = True
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
            in_loop = False
    return sum(bare(child, in_loop=in_loop) for child in ast.iter_child_nodes(node))


def test_a_sleep_waits_for_a_condition_or_has_a_reason() -> None:
    paths = [path for path in TESTS.rglob("*.py") if not NO_TESTS & set(path.relative_to(TESTS).parts)]
    assert {path.relative_to(TESTS).as_posix() for path in paths if sleeps(path)} == ALLOWED.keys()


def test_sleeps_are_found() -> None:
    program = "def f():\n    while g():\n        sleep(1)\n        time.sleep(1)\n    time.sleep(0)\n    time.sleep(2)\n"
    assert bare(ast.parse(program), in_loop=False) == 1
