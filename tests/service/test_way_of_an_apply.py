"""The bytes of a call of a UDF come back at most so often to a module that they have left."""

from __future__ import annotations

import base64
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

import asudfd
from asinfo.wire import request
from asinfo.wire.frame import HEADER_SIZE, INFO, MESSAGE, pack, unpack_header
from asinfo.wire.request import Key, Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

RETURNS_MAX = 6
"""To read and to write a record alone is four: the record, its stored form, its place in memory, and the frame's codec."""

MODULE = (
    b"function add(rec, n) rec.c = (rec.c or 0) + n "
    b"if aerospike:exists(rec) then aerospike:update(rec) else aerospike:create(rec) end return rec.c end"
)
PUT = b"udf-put:filename=m.lua;content=%s;content-len=%d;udf-type=LUA;\n"
ENTRY = "Connection.data_received"
OURS = ("asinfo.", "asudfd.")


class Journey:
    """The modules that one reading of a connection enters, in order, while ``on``."""

    def __init__(self) -> None:
        self.on = False
        self.entered: list[str] = []
        self._depth = 0

    def __call__(self, frame: FrameType, event: str, _argument: Any) -> None:
        module = frame.f_globals.get("__name__", "")
        if event not in {"call", "return"} or not module.startswith(OURS):
            return
        step = 1 if event == "call" else -1
        if self._depth or (self.on and event == "call" and frame.f_code.co_qualname == ENTRY):
            self._depth += step
            caller = frame.f_back.f_globals.get("__name__", "") if frame.f_back else ""
            if event == "call" and module != caller:
                self.entered.append(module)


class Client:
    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address)

    def ask(self, frame: bytes) -> bytes:
        self.socket.sendall(frame)
        with self.socket.makefile("rb") as stream:
            header = stream.read(HEADER_SIZE)
            return stream.read(unpack_header(header)[1])


@pytest.fixture
def journey() -> Iterator[Journey]:
    made = Journey()
    threading.setprofile(made)
    yield made
    threading.setprofile(None)


def apply(record: int, number: int, policy: Policy | None = None) -> bytes:
    key = Key("test", "demo", record)
    body = (
        request.apply(key, "m", "add", [number], policy)
        if policy
        else request.apply(key, "m", "add", [number])
    )
    return pack(MESSAGE, body)


@pytest.mark.parametrize(
    ("frame", "most"),
    [
        (lambda number: apply(number, 1), RETURNS_MAX - 3),
        (lambda number: apply(1, number), RETURNS_MAX),
        (lambda number: apply(number, 1, Policy(send_key=True)), RETURNS_MAX - 1),
    ],
    ids=["bytes that came before", "new bytes", "with the key"],
)
def test_a_call_does_not_go_back_and_forth(
    journey: Journey, frame: Callable[[int], bytes], most: int
) -> None:
    with asudfd.Node() as node:
        client = Client(node.addresses[0])
        content = base64.b64encode(MODULE)
        assert b"ok" in client.ask(pack(INFO, PUT % (content, len(content))))
        for number in range(1000):  # until contexts are made, and a call runs on the event loop
            journey.entered.clear()
            journey.on = True
            assert b"SUCCESS" in client.ask(frame(number))
            journey.on = False
            if "asudfd.lua.context" in journey.entered:
                break
        assert b";objects=0;" not in client.ask(pack(INFO, b"namespace/test\n"))
        client.socket.close()
    assert "asudfd.lua.context" in journey.entered
    again = [module for place, module in enumerate(journey.entered) if module in journey.entered[:place]]
    assert len(again) <= most, again
