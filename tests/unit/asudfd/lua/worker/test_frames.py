"""What crosses between a node and a worker: the node believes nothing that it has not checked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asudfd.lua.worker import frames
from asudfd.lua.worker.frames import BrokenWorkerError, ModuleCheck

TEXT = st.binary(max_size=200)
SIZE = st.integers(0, 2**32 - 1)


@given(st.builds(ModuleCheck, TEXT, TEXT, TEXT, st.integers(0, 2**63), SIZE, st.booleans()))
def test_a_check_comes_back(check: ModuleCheck) -> None:
    assert ModuleCheck.unpack(check.pack()) == check


@given(st.integers(0, 4), st.text(max_size=50), st.text(max_size=50))
def test_a_line_comes_back(level: int, place: str, text: str) -> None:
    line = frames.unpack_line(frames.pack_line(level, place, text))
    assert (line.level, line.place, line.text) == (level, place, text)


@given(TEXT, SIZE, TEXT)
def test_a_verdict_comes_back(file: bytes, line: int, message: bytes) -> None:
    assert tuple(frames.unpack_bad(frames.pack_bad(file, line, message))) == (file, line, message)


@given(st.binary(max_size=64))
def test_a_broken_worker_is_found_out(body: bytes) -> None:
    for unpack in (frames.unpack_line, frames.unpack_bad):
        try:
            found = unpack(body)
        except BrokenWorkerError:
            continue
        assert sum(len(part) for part in found if isinstance(part, (str, bytes))) <= 3 * len(body)


@pytest.mark.parametrize(
    ("kind", "size"), [(frames.GOOD, frames.FROM_WORKER_MAX + 1), (frames.CHECK, 0), (0, 0), (255, 1)]
)
def test_no_worker_sends_such_a_frame(kind: int, size: int) -> None:
    with pytest.raises(BrokenWorkerError):
        frames.size_from_worker(frames.HEADER.pack(size, kind))
