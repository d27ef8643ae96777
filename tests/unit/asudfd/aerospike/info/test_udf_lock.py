"""The lock of those who change many modules, on the embedded store."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from asinfo.wire.info import split_line
from asudfd.aerospike.info import udf_lock
from asudfd.aerospike.info.request import Request
from asudfd.aerospike.info.table import InfoTable
from asudfd.aerospike.node import AerospikeNode
from asudfd.errors import CommandError, UdfError
from asudfd.network.session import ClientSession
from asudfd.smd.interface import SmdFailed, SmdTimeout
from asudfd.smd.local import LocalSmd

TABLE = InfoTable([udf_lock.ROWS])


def ask(smd: Any, line: str) -> str:
    name, parameters = split_line(line.encode())
    node = cast("AerospikeNode", SimpleNamespace(smd=smd))

    async def answer() -> bytes:
        found = TABLE.rows[name].handler(node, Request(name, parameters, ClientSession()))
        return found if isinstance(found, bytes) else await found

    try:
        return asyncio.run(answer()).decode()
    except (CommandError, UdfError) as error:
        return error.answer.decode()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    now = [1000.0]
    monkeypatch.setattr("asudfd.smd.local.time.monotonic", lambda: now[0])
    return lambda seconds: now.__setitem__(0, now[0] + seconds)


def test_one_has_the_lock_until_he_gives_it_back(tmp_path: Path) -> None:
    smd = LocalSmd(tmp_path)
    assert ask(smd, "udf-unlock:owner=alice") == "ok"
    assert ask(smd, "udf-lock:owner=alice;ttl=60") == "ok"
    assert ask(smd, "udf-lock:owner=bob;ttl=60") == "error=locked;owner=alice;left=60"
    assert ask(smd, "udf-unlock:owner=bob") == "error=locked;owner=alice;left=60"
    assert ask(smd, "udf-unlock:owner=alice") == "ok"
    assert ask(smd, "udf-lock:owner=bob;ttl=60") == "ok"


def test_it_ends_by_itself_and_can_be_taken_again(tmp_path: Path, clock: Callable[[float], None]) -> None:
    smd = LocalSmd(tmp_path)
    assert ask(smd, "udf-lock:owner=alice;ttl=60") == "ok"
    clock(59.5)
    assert ask(smd, "udf-lock:owner=bob;ttl=60") == "error=locked;owner=alice;left=1"
    assert ask(smd, "udf-lock:owner=alice;ttl=60") == "ok"
    clock(59.5)
    assert ask(smd, "udf-lock:owner=bob;ttl=1") == "error=locked;owner=alice;left=1"
    clock(0.5)
    assert ask(smd, "udf-lock:owner=bob;ttl=1") == "ok"


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("udf-lock", "ERROR:4:missing 'owner'"),
        ("udf-lock:owner=;ttl=1", "ERROR:4:missing 'owner' value"),
        ("udf-lock:owner=a", "ERROR:4:missing 'ttl'"),
        ("udf-lock:owner=a;ttl=x", "ERROR:4:bad 'ttl'"),
        ("udf-lock:owner=a;ttl=0", "ERROR:4:bad 'ttl'"),
        ("udf-lock:owner=a;ttl=86401", "ERROR:4:bad 'ttl'"),
        (f"udf-lock:owner={'a' * 256};ttl=1", "ERROR:4:'owner' value too long"),
        ("udf-unlock:", "ERROR:4:missing 'owner'"),
    ],
)
def test_what_is_no_request_is_refused(tmp_path: Path, line: str, answer: str) -> None:
    assert ask(LocalSmd(tmp_path), line) == answer


@pytest.mark.parametrize(
    ("failure", "answer"),
    [
        (SmdTimeout("late"), "error=timeout"),
        (SmdFailed("metadata store etcd is away"), "error=storage_error,metadata store etcd is away"),
    ],
)
def test_a_store_that_fails_is_told(failure: Exception, answer: str) -> None:
    async def fail(*_: object) -> None:
        raise failure

    smd = SimpleNamespace(lock=fail, unlock=fail)
    assert ask(smd, "udf-lock:owner=a;ttl=1") == answer
    assert ask(smd, "udf-unlock:owner=a") == answer
