"""Every table beside the vendor's, of the same replies of three real nodes."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.fakes.recorded_nodes import RecordedNodes
from tests.recorded.asadm_tables import REFUSED, UNRECORDED, Comparison, cases
from tests.recorded.show_tables import SHOW_DIFFERENT, SHOW_MAPS, SHOW_UNRECORDED
from tests.recorded.verdict import Row
from tests.unit.asadm.conftest import Asadm

CASES = cases()
OURS = ("info", "i ", "show", "summary", "features")
"""First words of the commands that are compared; what changes nodes reads them before and after, which recorded ones cannot show."""


def _compared(row: Row) -> bool:
    return row["cmd"].startswith(OURS) and KINDS.fullmatch(row["kind"]) is not None


KINDS = re.compile(
    "info.*|summary|features|show (latencies|distribution.*|sindex|jobs.*|stop-writes|best-practices|pmap|racks|roster|user-agents|mapping|masking|"
    "users)"
)


@pytest.mark.parametrize("case", [number for number, row in enumerate(CASES) if _compared(row)])
def test_values_are_those_of_the_vendor(asadm: Asadm, case: int) -> None:
    row = CASES[case]
    with RecordedNodes(row) as nodes:
        flags = [flag for flag in row["flags"] if flag != "--single-node"]
        hosts = ",".join(nodes.addresses.values())
        result = asadm("--json", "-h", hosts, *flags, "-e", row["cmd"])
        compared = Comparison(case, nodes.addresses, SHOW_MAPS, SHOW_DIFFERENT)
        refused = any(re.fullmatch(pattern, row["cmd"]) for pattern in REFUSED)
        assert refused == (result.code == 2), (row["cmd"], result.err)
        compared.compare([] if refused else row["json"] or [], tables(result.out))
        assert compared.differences == [], row["cmd"]
        assert compared.unmapped == set()
        if row["json_rc"] != 2:  # else the vendor did not ask
            assert set(nodes.missed) <= UNRECORDED.keys() | SHOW_UNRECORDED.keys()
        ids = 1 if re.search(r"with A\d", row["cmd"]) else 0  # which node has an id, they have to be asked
        assert all(count <= 2 + ids for count in nodes.requests.values()), nodes.requests


def tables(output: str) -> list[dict[str, Any]]:
    """The tables of all documents."""
    documents = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return [table for document in documents for table in document.get("tables", [])]
