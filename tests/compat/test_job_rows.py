"""Background queries, batches of UDF calls and aggregations that a real server 8.1.2.0 was asked for."""

import contextlib
from pathlib import Path

import pytest

from tests.recorded.node import fresh
from tests.recorded.verdict import Outcome

pytest.importorskip("aerospike", reason="the client library is not installed: make test installs it")

from tests.recorded.jobs import Jobs

DIFFERENT: dict[str, str] = {}
"""Rows that asudfd answers otherwise, with the reason."""


@pytest.mark.filterwarnings("ignore:.*append is deprecated:DeprecationWarning")
def test_every_row(tmp_path: Path, client_modules: Path) -> None:
    with fresh(tmp_path) as node, contextlib.closing(Jobs(node, client_modules)) as jobs:
        wrong = {each.row: each.found for each in jobs.verdicts() if each.outcome is not Outcome.SAME}
    assert wrong.keys() == DIFFERENT.keys(), wrong
