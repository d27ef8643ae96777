"""The measured dialogues of a real node: lines, module lists and hashes read as the node meant them."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from asinfo.errors import WireError
from asinfo.wire import frame, info, udf
from tests.each import for_each

VECTORS = Path(__file__).parent / "vectors"


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (VECTORS / name).read_text().splitlines()]


def data(value: str | dict[str, str]) -> bytes:
    return (
        b64decode(value["b64"])
        if isinstance(value, dict)
        else value.encode("latin-1" if "\x02" in value else "utf-8")
    )


ANSWERED = [
    row
    for row in rows("info_wire.jsonl") + rows("info_udf.jsonl")
    if row.get("reply") is not None and not row.get("raw")
]


@for_each(ANSWERED, lambda row: row.get("note") or str(row["request"])[:40])
def test_the_reply_answers_the_request(row: dict[str, Any]) -> None:
    """Each line of a measured request is found in the measured reply (a NUL cuts the echo; clients send none)."""
    lines = [line.split(b"\0")[0] for line in data(row["request"]).split(b"\n")[:-1]]
    answers = info.answers(data(row["reply"]), lines)
    assert len(answers) == len(lines)
    for line, answer in zip(lines, answers, strict=True):
        good = answer in {b"ok", b""} or answer.startswith(
            (b"filename=", b"type=LUA;", b"8.1.2.0", b"A1", b"UDF", b"smd:")
        )
        assert info.is_error(answer) != good or not line


@pytest.mark.parametrize(
    "row", [row for row in rows("info_wire.jsonl") if row.get("raw")], ids=lambda row: row["note"]
)
def test_headers(row: dict[str, Any]) -> None:
    """The header rule closes exactly where the real node does."""
    request = data(row["request"])
    if row.get("outcome") == "waits":
        assert len(request) < frame.HEADER_SIZE
    elif row.get("outcome") == "closed":
        with pytest.raises(WireError):
            frame.unpack_header(request)
    else:
        frame.unpack_header(request)


def test_module_hashes() -> None:
    """Every listed hash of a module whose put is among the vectors is the hash that we compute."""
    stored: dict[bytes, bytes] = {}
    compared = 0
    for row in rows("info_udf.jsonl"):
        if row.get("reply") is None:
            continue
        lines = [line.split(b"\0")[0] for line in data(row["request"]).split(b"\n")[:-1]]
        for line, answer in zip(lines, info.answers(data(row["reply"]), lines), strict=True):
            name, parameters = info.split_line(line)
            if name == b"udf-put" and answer == b"ok":
                filename = info.parameter(parameters, b"filename") or b""
                stored[filename] = info.parameter(parameters, b"content") or b""
            elif name == b"udf-list":
                for module in udf.modules(answer):
                    if module.filename in stored:
                        assert module.hash == udf.digest(module.filename, stored[module.filename])
                        compared += 1
    assert compared >= 3
