"""What becomes of a recorded row."""

from __future__ import annotations

import gzip
import json
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

VECTORS = Path(__file__).parents[1] / "vectors"

Row = dict[str, Any]


class Outcome(StrEnum):
    """How a row was answered."""

    SAME = "as recorded"
    DIFFERENT = "otherwise"
    REFUSED = "refused as not offered"


class Verdict(NamedTuple):
    """A row by its id, and how it was answered; ``found`` is what came instead of what was recorded."""

    row: str
    outcome: Outcome
    found: str = ""


def judged(row: str, found: object, *, same: bool) -> Verdict:
    """The verdict on a row that nothing refused."""
    return Verdict(row, Outcome.SAME) if same else Verdict(row, Outcome.DIFFERENT, repr(found))


def read(name: str) -> list[Any]:
    """The rows of a file of VECTORS."""
    data = (VECTORS / name).read_bytes()
    text = gzip.decompress(data) if name.endswith(".gz") else data
    return [json.loads(line) for line in text.splitlines()]
