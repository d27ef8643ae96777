"""A node and its quick workers have short slices of the processor's time, and workers whose calls last long ones."""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from typing import TYPE_CHECKING

import pytest

from asudfd.lua.worker.time_slice import LONG, SHORT
from tests.processes import running
from tests.udf_client import UdfClient, apply, register
from tests.waiting import wait_for
from tests.worker_processes import children

if TYPE_CHECKING:
    from pathlib import Path

MODULE = b"function quick(r) return 1 end function forever(r) while true do end end"
SCHED_GETATTR = {"x86_64": 315, "aarch64": 275}
TELLS_SINCE = (6, 12)
"""The version of Linux since which slices can be set."""


def can_be_set() -> bool:
    release = os.uname().release.split("-")[0].split(".")
    return tuple(map(int, release[:2])) >= TELLS_SINCE


def slice_of(process: int) -> float:
    """Seconds; 0 where the process has ended."""
    attributes = ctypes.create_string_buffer(48)
    number = SCHED_GETATTR[platform.machine()]
    ctypes.CDLL(None).syscall(number, process, attributes, len(attributes), 0)
    nanoseconds: int = struct.unpack("=IIQiIQQQ", attributes.raw)[5]
    return nanoseconds / 1e9


@pytest.mark.parametrize("isolation", ["inline", "process"])
def test_slices_of_a_node_and_its_workers(tmp_path: Path, isolation: str) -> None:
    own = slice_of(0)
    short, long = (SHORT, LONG) if can_be_set() else (own, own)
    with running(tmp_path / "state", ("--set", f"mod-lua.isolation={isolation}")) as node:
        register(node, "m", MODULE)
        with UdfClient(node) as client:
            client.call("m", "quick")
            [zygote] = children(node.process.pid)
            wait_for(lambda: len(children(zygote)) > 0)
            processes = [node.process.pid, zygote, *children(zygote)]
            assert {slice_of(process) for process in processes} == {short}
            client.begin(apply("m", "forever", limit=60_000))
            wait_for(lambda: long in map(slice_of, children(zygote)))
    assert slice_of(0) == own
