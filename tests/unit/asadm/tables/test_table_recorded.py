"""Every table beside the vendor's, of the same replies of three real nodes."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.each import for_each
from tests.fakes.node import GARBAGE, Behaviour, closing, silent
from tests.fakes.recorded_nodes import RecordedNodes, all_answers
from tests.recorded.asadm_differences import DIFFERENT, REFUSED, UNRECORDED
from tests.recorded.asadm_tables import Comparison, cases
from tests.unit.asadm.conftest import Asadm, Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.recorded.verdict import Row

PAGE = Path(__file__).parents[4] / "docs" / "compatibility.md"

OURS = ("info", "i ", "show", "summary", "features")
"""First words of the commands that are compared; what changes nodes reads them before and after, which recorded ones cannot show."""

ALL = cases()
CASES = [number for number, row in enumerate(ALL) if row["cmd"].startswith(OURS)]
ELSEWHERE = all_answers(ALL)


def test_values_are_those_of_the_vendor(asadm: Asadm, record_property: Callable[[str, object], None]) -> None:
    """How many are compared is in the report, and the page says no more; each reason for a difference is needed."""
    compared: Counter[str] = Counter()
    explained: Counter[str] = Counter()

    def check(case: int) -> None:
        found = _compared(ALL[case], asadm)
        compared.update(found.compared)
        explained.update(found.explained)
        assert found.differences == []
        assert found.unmapped == set()

    for_each(CASES, lambda case: f"{case} {ALL[case]['cmd']}")(check)()
    for table, count in compared.items():
        record_property(table, count)
    said = re.search(r"more than ([\d,]+) values of (\d+) recorded runs", PAGE.read_text(encoding="utf-8"))
    assert said
    assert compared.total() > int(said[1].replace(",", ""))
    assert len(CASES) == int(said[2])
    assert explained.keys() == {reason.text for reason in DIFFERENT}


def _compared(row: Row, asadm: Asadm) -> Comparison:
    """Run it; what is asked, the exit code and the texts in its JSON are looked at, too."""
    refused = any(re.fullmatch(pattern, row["cmd"]) for pattern in REFUSED)
    with RecordedNodes(row, ELSEWHERE) as nodes:
        flags = [flag for flag in row["flags"] if flag != "--single-node"]
        result = asadm("--json", "-h", ",".join(nodes.addresses.values()), *flags, "-e", row["cmd"])
        found = Comparison(row["cmd"], nodes.addresses)
        found.compare([] if refused else row["json"] or [], tables(result))
        _only_needed_is_asked(row, nodes)
        _exit_code_is_right(row, nodes, result, refused=refused)
        assert not {*_values([table["rows"] for table in tables(result)])} & {"null", "error", "--", "~~"}
    return found


def _only_needed_is_asked(row: Row, nodes: RecordedNodes) -> None:
    """In two requests at most, and one more where somebody has to tell which node has an id."""
    known = re.compile("|".join(UNRECORDED))
    if row["json_rc"] != 2:  # else the vendor did not ask
        assert [line for line in nodes.missed if not known.fullmatch(line)] == []
    ids = 1 if re.search(r"with A\d", row["cmd"]) else 0
    assert all(count <= 2 + ids for count in nodes.requests.values()), nodes.requests


def _exit_code_is_right(row: Row, nodes: RecordedNodes, result: Result, *, refused: bool) -> None:
    """2 for what is refused, 1 where a node failed or there is nothing to show, else 0; standard error says why."""
    shown = [each for table in tables(result) for each in table["rows"] if each.get("state", "ok") == "ok"]
    failed = row["fault"] or len(nodes.fakes) < len(nodes.names)
    assert result.code == (2 if refused else 1 if failed or not shown else 0), result.err
    assert bool(result.err) == bool(result.code)
    if not row["json"] and row["cmd"] != "info with A2" and not row["fault"]:
        assert not shown


def test_reasons_are_in_the_docs() -> None:
    page = " ".join(PAGE.read_text(encoding="utf-8").split())
    for text in [*(reason.text for reason in DIFFERENT), *UNRECORDED.values(), *REFUSED.values()]:
        assert len(text.split()) <= 25
        assert text.rstrip(".") in page, text


# ---- nodes that do not answer


class Fault(NamedTuple):
    """What a node does, and what is said of it; ``behaviour`` None: nobody listens there."""

    status: str
    behaviour: Behaviour | None
    kind: str = "data"


FAULTS = (
    Fault("refused", None, "close"),
    Fault("closed", closing),
    Fault("protocol", GARBAGE),
)
HUNG = Fault("timeout-reply", silent)
HANGING = ("info", "summary", "features", "show latencies", "show config service")
"""What the vendor's leaves out, gives as data, or ends with a traceback at, where a node hangs. Each costs the test a deadline."""

PLAIN = {
    row["cmd"]: row
    for row in (ALL[case] for case in CASES)
    if row["json"] and not (row["fault"] or row["flags"] or " with " in row["cmd"])
}
"""A run of each command that shows tables."""

FAILING = [
    (cmd, fault)
    for cmd in PLAIN
    if not any(re.fullmatch(pattern, cmd) for pattern in REFUSED)
    for fault in FAULTS
] + [(cmd, HUNG) for cmd in HANGING]


@for_each(FAILING)
def test_a_node_that_does_not_answer_is_a_row_of_every_table(case: tuple[str, Fault], asadm: Asadm) -> None:
    cmd, fault = case
    row = {**PLAIN[cmd], "fault": {"38520": fault.kind}}
    with RecordedNodes(row, ELSEWHERE, fault=fault.behaviour or closing) as nodes:
        hosts = ",".join(nodes.addresses.values())
        timeout = ["--timeout", "1"] if fault is HUNG else []
        result = asadm("--json", "-h", hosts, *timeout, "-e", cmd)
        assert result.code == 1, result.err
        failed = nodes.addresses["127.0.0.1:38520"]
        for document in _documents(result):
            assert (document["nodes_read"], document["nodes_asked"]) == (2, 3)
            for table in document.get("tables", []):
                told = [each for each in table["rows"] if each.get("node") == failed]
                assert [each["state"] for each in told] == [fault.status], table["name"]
                assert told[0]["reason"], table["name"]
                sums = table.get("totals", [])
                for total in sums if isinstance(sums, list) else [sums]:
                    assert total["nodes_read"] <= 2
                    assert total["nodes_asked"] == 3
        if timeout:
            return
        shown = asadm("-h", hosts, "-e", cmd).out
        assert failed in shown
        assert "2 of 3" in shown or "of the 2 nodes" in shown


# ---- documents


def tables(result: Result) -> list[dict[str, Any]]:
    """The tables of all documents; modules, which have a form of their own, as one."""
    documents = _documents(result)
    found = [table for document in documents for table in document.get("tables", [])]
    modules = [each for document in documents for each in document.get("modules", [])]
    return [*found, {"name": "modules", "rows": list(_modules(modules))}] if modules else found


def _documents(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.out.splitlines() if line.startswith("{")]


def _modules(modules: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for each in modules:
        for digest in {*each["hashes"].values()} - {None}:
            yield {"name": each["name"], "hash": digest, "type": "LUA"}


def _values(found: object) -> Iterator[object]:
    """Every value in a document."""
    if isinstance(found, dict | list):
        for each in found.values() if isinstance(found, dict) else found:
            yield from _values(each)
    else:
        yield found
