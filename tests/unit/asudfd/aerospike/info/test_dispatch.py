"""The line grammar of info requests, against a plain model of it, and the uniform errors about parameters."""

import asyncio

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from asinfo.wire.frame import HEADER_SIZE
from asudfd.aerospike.info.dispatch import InfoService
from asudfd.aerospike.info.request import Request
from asudfd.aerospike.info.table import InfoCommand, InfoTable
from asudfd.aerospike.node import AerospikeNode
from asudfd.errors import CommandError
from asudfd.network.session import ClientSession
from tests.fakes.reply import whole
from tests.fakes.state import make_node


def echo(_node: AerospikeNode, request: Request) -> bytes:
    return b"<%b|%b>" % (request.name, request.parameters)


async def later(node: AerospikeNode, request: Request) -> bytes:
    await asyncio.sleep(0)
    return echo(node, request)


TABLE = InfoTable(
    [[InfoCommand(b"build", echo, constant=True), InfoCommand(b"later", later), InfoCommand(b"n" * 31, echo)]]
)


def ask(body: bytes) -> bytes:
    async def run() -> bytes:
        reply = InfoService(make_node(TABLE)).respond(body, ClientSession())
        return await whole(reply)

    return asyncio.run(run())[HEADER_SIZE:]


def model(body: bytes) -> bytes:
    """The specification, as slowly and plainly as possible."""
    reply = b""
    for each in body.split(b"\n")[:-1]:
        line = each.split(b"\0")[0]
        name, parameters = line, b""
        for position, byte in enumerate(line):
            if byte in b"/:;":
                name, parameters = line[:position], line[position + 1 :]
                break
        known = name in {b"build", b"later", b"n" * 31}
        reply += (
            line
            + b"\t"
            + (b"<%b|%b>" % (name, parameters) if known else b"ERROR:4:unrecognized command")
            + b"\n"
        )
    return reply


WORDS = [
    b"build",
    b"later",
    b"n" * 31,
    b"n" * 32,
    b"/",
    b":",
    b";",
    b"\n",
    b"\0",
    b"\t",
    b"=",
    b"x",
    b"\r",
    b"\xff",
]


@given(st.lists(st.sampled_from(WORDS), max_size=20).map(b"".join))
@example(b"\n")
@example(b"build")
@example(b"build\nlater")
@example(b"build\0x\n")
@example(b"\0\n")
def test_any_body_is_answered_as_the_model_does(body: bytes) -> None:
    if body:
        assert ask(body) == model(body)


@given(st.binary(min_size=1, max_size=200))
def test_any_bytes_are_answered_as_the_model_does(body: bytes) -> None:
    assert ask(body) == model(body)


@pytest.mark.parametrize(
    ("body", "constant"),
    [
        (b"build\n", True),
        (b"build:x\n", True),
        (b"build", False),
        (b"build\nbuild\n", False),
        (b"build\n\n", False),
        (b"build\0x\n", False),
        (b"later\n", False),
        (b"nope\n", False),
        (b"\n", False),
        (b"", False),
    ],
)
def test_which_replies_may_be_kept(body: bytes, *, constant: bool) -> None:
    assert InfoService(make_node(TABLE)).is_constant(body) is constant


@pytest.mark.parametrize(
    ("parameters", "answer"),
    [
        (b"", b"ERROR:4:missing 'size'"),
        (b"size", b"ERROR:4:missing 'size'"),
        (b"x=1", b"ERROR:4:missing 'size'"),
        (b"size=", b"ERROR:4:missing 'size' value"),
        (b"size=12345", b"ERROR:4:'size' value too long"),
    ],
)
def test_uniform_errors(parameters: bytes, answer: bytes) -> None:
    with pytest.raises(CommandError) as raised:
        Request(b"c", parameters, ClientSession()).required(b"size", size_max=4)
    assert raised.value.answer == answer


def test_the_namespace_has_its_own_code() -> None:
    with pytest.raises(CommandError) as raised:
        Request(b"c", b"id=", ClientSession()).required(b"namespace", b"id")
    assert raised.value.answer == b"ERROR:20:missing 'namespace' value"


def test_values() -> None:
    request = Request(b"c", b"a=1=2;b;;a=3;ns=t", ClientSession())
    assert request.required(b"a") == b"1=2"
    assert request.optional(b"b") is None
    assert request.required(b"namespace", b"ns") == b"t"
