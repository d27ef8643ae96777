"""Configuration files that a real server 8.1.2.0 was started with: what it accepts is accepted, and the reverse."""

from __future__ import annotations

import json
from operator import itemgetter
from pathlib import Path
from typing import Any

from asinfo.errors import ConfigError
from asudfd.config.load import check
from tests.each import for_each

ROWS = Path("tests/vectors/conf_cases.jsonl")
CASES = [json.loads(line) for line in ROWS.read_text(encoding="utf-8").splitlines()]

DIFFERENT = {
    "conf-storage-020": "commit-to-device works here, in every edition",
    "conf-storage-068": "the same",
    "conf-logging-025": "a log file without a path has no place to go",
}
"""Cases that asudfd answers the other way round, on purpose."""


@for_each(CASES, itemgetter("id"))
def test_accepted_or_not(case: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "aerospike.conf"
    path.write_text(case["conf"].replace("WORKDIR", str(tmp_path)), encoding="utf-8")
    try:
        check(str(path))
        accepted = True
    except ConfigError:
        accepted = False
    same = accepted == case["accepted"] or case.get("either", False)
    assert same == (case["id"] not in DIFFERENT)
