"""Why requests are refused: every answer 4, 12 or 16 is counted with its reason, and told once for each client."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from typing import TYPE_CHECKING, Any, cast

import pytest

from asinfo.wire import batch, message, msgpack, request
from asinfo.wire.frame import HEADER_SIZE
from asinfo.wire.message import op
from asinfo.wire.request import Key
from asinfo.wire.result import Result
from asudfd.aerospike import refusals
from asudfd.aerospike.info.dispatch import InfoService
from asudfd.aerospike.info.families import table
from asudfd.aerospike.message.peer import proxied
from asudfd.aerospike.refusals import COUNTED_MAX, OTHERS, TOLD_MAX, Refusal, RefusalLog
from asudfd.network.session import ClientSession
from tests.fakes.reply import whole
from tests.fakes.state import Lines, make_node
from tests.fakes.world import World, gather

if TYPE_CHECKING:
    from collections.abc import Callable

    from asudfd.aerospike.node import AerospikeNode

KEY = Key("test", "demo", "k1")
PLACE = [(0, b"test"), (1, b"demo"), (4, KEY.digest)]
INTEGER, BLOB, LIST = 1, 4, 20


def client(address: str = "127.0.0.1+4711", agent: bytes | None = None) -> ClientSession:
    session = ClientSession()
    session.address, session.user_agent = address, agent
    return session


def ask(world: World, body: bytes, session: ClientSession | None = None) -> int:
    """The result code of the whole."""

    async def run() -> list[bytes]:
        bodies = await gather(world.records.respond(body, session or client()))
        for job in tuple(world.node.jobs.values()):
            await job.wait()
        return bodies

    return request.replies(asyncio.run(run())[-1])[-1].result


def write(*ops: bytes, info1: int = 0) -> bytes:
    return message.request(info1, 1, 0, fields=PLACE, ops=ops)


def lines(node: AerospikeNode) -> list[str]:
    return [text for _, context, text in cast("Lines", node.log).lines if context == "rw"]


@pytest.fixture
def stored(world: World) -> World:
    world.ask(request.put(KEY, {"n": 5, "s": "ab", "l": [1, [2]]}))
    return world


QUERY = [(0, b"test"), (1, b"demo")]

REFUSED: dict[str, tuple[Callable[[], bytes], Refusal]] = {
    "an operation": (
        lambda: write(op(8, BLOB, b"b", b"\x90")),
        Refusal(4, "an operation that is not an expression and flags"),
    ),
    "a read": (
        lambda: message.request(1, 0, 0, fields=PLACE, ops=[op(7, BLOB, b"b", packed([[8, 1, 2], 0]))]),
        Refusal(4, "only geo JSON is compared so"),
    ),
    "an empty key": (
        lambda: message.request(0, 1, 0, fields=[*PLACE, (2, b"")], ops=[op(2, INTEGER, b"n", bytes(8))]),
        Refusal(16, "an empty key"),
    ),
    "a filter": (
        lambda: message.request(3, 0, 0, fields=[*PLACE, (43, msgpack.pack([2, 3]))]),
        Refusal(4, "a call with too many or too few arguments"),
    ),
    "another type": (
        lambda: write(op(5, 3, b"n", b"text")),
        Refusal(12, "only integers can be added to integers, and floats to floats"),
    ),
    "neither a read nor a write": (
        lambda: message.request(0, 0, 0, fields=PLACE),
        Refusal(4, "a request that neither reads nor writes"),
    ),
    "an old scan": (
        lambda: message.request(1, 0, 0, fields=QUERY),
        Refusal(16, "a scan of the time before partition queries"),
    ),
    "an aggregation with a filter": (
        lambda: message.request(
            1, 0, 0, fields=[*QUERY, (33, b"\1"), (30, b"m"), (31, b"f"), (32, b"\x90"), (43, b"\xc3")]
        ),
        Refusal(16, "an aggregation with a filter expression"),
    ),
    "a background query that does nothing": (
        lambda: message.request(0, 1, 0, fields=[*QUERY, (33, b"\2")]),
        Refusal(4, "a background query that does nothing"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_is_counted_and_told_with_its_reason(name: str, stored: World) -> None:
    make, reason = REFUSED[name]
    assert ask(stored, make()) == reason.code
    assert stored.node.refusals.counts == {reason: 1}
    name = refusals.CODES[reason.code]
    assert lines(stored.node) == [
        f"refused a request of 127.0.0.1: code {reason.code}, {name}: {reason.text}"
    ]


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ([8, [81, 8, "g"], [81, 3, "h"]], "only geo JSON is compared so"),
        ([82], "a call with too many or too few arguments"),
        ([1, [81, 9, "h"], [81, 9, "h"]], "HyperLogLogs cannot be compared"),
        (
            [1, [127, 4, 0, [2, 1], [81, 4, "l"]], [126, [1]]],
            "an operation that modifies as one that reads, or the reverse",
        ),
        ([1, [127, 2, 0, [16], [81, 6, "b"]], 1], "an operation on a value of another type"),
    ],
)
def test_a_filter_says_what_in_it_is_not_offered(expression: Any, reason: str, stored: World) -> None:
    body = message.request(3, 0, 0, fields=[*PLACE, (43, packed(expression))])
    assert ask(stored, body) in {4, 16}
    assert [why.text for why in stored.node.refusals.counts] == [reason]


def packed(expression: Any) -> bytes:
    """An expression as clients write it: its names have no byte before them that says what they are."""
    return msgpack.pack(expression).replace(b"\xa2\x03", b"\xa1")


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ([255, [16], [16]], "a context without steps, or with a step without value, or too deep"),
        ([254, [4, 1], 0], "an expression of a path that is neither true nor false"),
        ([63], "there is no operation 63 on lists or maps"),
        ([17], "an operation with too few or too many arguments"),
    ],
)
def test_a_list_says_what_is_not_offered(command: Any, reason: str, stored: World) -> None:
    body = message.request(1, 0, 0, fields=PLACE, ops=[op(3, BLOB, b"l", msgpack.pack(command))])
    ask(stored, body)
    assert [why.text for why in stored.node.refusals.counts] == [reason]


def test_a_malformed_message_is_told_with_what_is_wrong(world: World) -> None:
    assert ask(world, write(op(2, INTEGER, b"n", bytes(8)))[:-3]) == Result.PARAMETER
    ((code, text),) = world.node.refusals.counts
    assert code == 4
    assert text.startswith("a malformed message: ")


def test_rows_of_a_batch_and_a_batch_as_a_whole(stored: World) -> None:
    row = (KEY, request.put_row(KEY, {"n": 1}))
    elsewhere = Key("nowhere", "demo", 1)
    assert ask(stored, request.batch([row, (elsewhere, request.get_row(elsewhere))])) == Result.PARAMETER
    assert [*stored.node.refusals.counts] == [Refusal(4, "a row of a batch in a namespace that is not there")]
    assert ask(stored, request.batch([row], flags=batch.RESPOND_ALL)[:-1]) == Result.PARAMETER
    assert len(stored.node.refusals.counts) == 2


def test_a_background_query_tells_why_its_records_fail(stored: World) -> None:
    add = op(5, 3, b"n", b"text")
    body = message.request(0, 1, 0, fields=[*QUERY, (33, b"\2")], ops=[add])
    assert ask(stored, body, client("10.0.0.7+1")) == 0
    assert lines(stored.node) == [
        "refused a request of 10.0.0.7: code 12, bin type: only integers can be added to integers, and floats to floats"
    ]


def test_what_another_node_passes_on(world: World) -> None:
    number = bytes(8)
    reply = proxied.respond(world.records.executor, b"asu2" + number + bytes(17) + b"x", client("10.0.0.9+1"))
    assert isinstance(reply, bytes)
    assert all("10.0.0.9" in line for line in lines(world.node))


def test_other_results_are_nothing_to_tell(stored: World) -> None:
    assert ask(stored, request.get(Key("test", "demo", "none"))) == Result.NOT_FOUND
    assert ask(stored, request.get(Key("nowhere", "demo", "none"))) == Result.NAMESPACE
    assert not stored.node.refusals.counts
    assert not lines(stored.node)


def test_one_line_for_each_reason_and_client_and_a_count_for_each_request(stored: World) -> None:
    none, add = write(op(8, BLOB, b"b", b"\x90")), write(op(5, 3, b"n", b"text"))
    agent = b64encode(b"1,python-19.3.0,app")
    for session in (client(), client("127.0.0.1+4712"), client(agent=agent), client("10.0.0.1+1")):
        for body in (none, add, none):
            ask(stored, body, session)
    assert [*stored.node.refusals.counts.values()] == [8, 4]
    assert len(lines(stored.node)) == 6  # a new connection of a client is no new client
    assert "refused a request of 127.0.0.1 (1,python-19.3.0,app): code 4" in lines(stored.node)[2]


# ---- clients that mean harm


def hostile(count: int, clients: int = 1) -> tuple[RefusalLog, list[Any]]:
    log = Lines()
    found = RefusalLog(cast("Any", log))
    for number in range(clients):
        for each in range(count):
            found.note(4, f"reason {each} " + "x" * 10_000, client(f"10.0.{number >> 8}.{number & 255}+1"))
    return found, log.lines


def test_a_client_with_many_reasons_fills_neither_log_nor_memory() -> None:
    found, log = hostile(10_000)
    assert COUNTED_MAX // 2 < len(found.counts) <= COUNTED_MAX + 1
    assert sum(found.counts.values()) == 10_000
    assert max(len(reason.text) for reason in found.counts) <= refusals.REASON_SIZE_MAX
    assert len(log) == TOLD_MAX + 1
    assert "further reasons" in log[-1][2]


def test_what_many_reasons_leave_is_what_counts() -> None:
    found = RefusalLog(cast("Any", Lines()))
    for number in range(10_000):
        found.note(12, "often", None)
        found.note(4, f"there is no info command {number}", None)
    found.note(16, "new", None)
    assert found.counts[Refusal(12, "often")] == 10_000
    assert found.counts[Refusal(16, "new")] == 1
    assert len(found.counts) <= COUNTED_MAX + 1
    others, count = next(found.listed(4))
    assert others == Refusal(4, OTHERS)
    assert 10_000 - COUNTED_MAX < count < 10_000 - COUNTED_MAX // 2


def test_many_clients_with_many_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    found, log = hostile(200, clients=100)
    assert len(log) == refusals.CLIENTS_MAX * (TOLD_MAX + 1)
    before = len(log)
    found.note(16, "one more", client("10.1.0.0+1"))
    assert len(log) == before
    monkeypatch.setattr(refusals, "FORGET_SECONDS", 0)
    found.note(16, "one more", client("10.1.0.0+1"))
    assert len(log) == before + 1  # later there is room again


def test_a_user_agent_that_is_none_is_shown_as_it_is() -> None:
    log = Lines()
    RefusalLog(cast("Any", log)).note(16, "why", client(agent=b"no base64\n"))
    assert "127.0.0.1 (no base64\\n)" in log.lines[0][2]


# ---- the info command


def info(node: AerospikeNode, command: str) -> str:
    async def run() -> bytes:
        return await whole(InfoService(node).respond(command.encode() + b"\n", client()))

    return asyncio.run(run())[HEADER_SIZE + len(command) + 1 : -1].decode()


def test_the_command_lists_reasons_by_how_often_they_were_one() -> None:
    node = make_node(table())
    assert info(node, "unsupported:") == ""
    for code, text in ((4, "a;b:c\nd"), (16, "e = f"), (16, "e = f")):
        node.refusals.note(code, text, None)
    both = "code=16:count=2:reason=e = f;", "code=4:count=1:reason=a?b?c?d;"
    assert info(node, "unsupported") == "".join(both)
    assert (info(node, "unsupported:code=16"), info(node, "unsupported/code=4")) == both
    assert info(node, "unsupported:code=12") == ""
    assert info(node, "unsupported:code=2") == "ERROR:4:bad 'code'"
    assert info(node, "unsupported:code=") == "ERROR:4:missing 'code' value"


def test_info_commands_that_are_refused_are_among_them() -> None:
    node = make_node(table())
    assert info(node, "nonsense:a=b") == "ERROR:4:unrecognized command"
    assert info(node, "tip:host=127.0.0.1;port=3002").startswith("ERROR:16:")
    assert [*node.refusals.counts] == [
        Refusal(4, "there is no info command nonsense"),
        Refusal(16, "info command tip: nodes meet in the metadata store"),
    ]
