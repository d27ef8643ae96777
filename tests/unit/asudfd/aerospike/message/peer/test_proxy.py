"""Requests that a node passes on to a node of another process: two nodes with a wire between them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from asinfo.wire import batch, frame, message, request
from asinfo.wire.digest import partition
from asinfo.wire.request import Key, Policy
from asinfo.wire.result import Result
from asudfd.aerospike.face import AerospikeFace
from asudfd.aerospike.message.peer import proxied
from asudfd.aerospike.message.peer.peer import NodeUnreached, Peer, ReplyLost
from asudfd.aerospike.message.peer.remote_rows import AT_A_TIME
from asudfd.cluster.cluster import Cluster, Member
from asudfd.network.listener import Listener
from tests.fakes.connection import connections_of
from tests.fakes.world import World, gather

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

CALL = Policy(limit=20_000)


class Pair:
    """The nodes A1 and A2, each with a port, records and a view of the cluster of its own."""

    def __init__(self) -> None:
        self.worlds = {"A1": World(), "A2": World()}
        self.services = {}
        for identity, world in self.worlds.items():
            world.become(identity)
            self.services[identity] = Listener(
                connections_of(world.node, AerospikeFace(world.node, world.records)), "127.0.0.1", 0
            )
        members = [Member(identity, *service.address) for identity, service in self.services.items()]
        self.peers = {member.id: Peer(member) for member in members}
        for world in self.worlds.values():
            self.view(world, members)

    def view(self, world: World, members: list[Member]) -> None:
        """Let ``world`` believe that ``members`` are the cluster."""
        world.node.cluster = world.records.context.cluster = Cluster()
        world.node.cluster.join(members)
        others = {member.id: self.peers[member.id] for member in members if member.id != world.node.id}
        world.records.join({**others, world.node.id: world.records.executor} if members else {})

    def key(self, owner: str, start: int = 0) -> Key:
        """A key of a record that belongs to the node ``owner``."""
        owners = self.worlds["A1"].node.cluster.owners
        keys = (Key("test", "demo", number) for number in range(start, start + 200))
        return next(key for key in keys if owners[partition(key.digest)] == owner)

    async def ask(self, body: bytes, node: str = "A1") -> request.RecordReply:
        return request.reply((await gather(self.worlds[node].records.respond(body)))[0])

    async def batch(self, rows: Any) -> list[request.RecordReply]:
        body = request.batch(rows, flags=batch.RESPOND_ALL)
        bodies = await gather(self.worlds["A1"].records.respond(body))
        *answers, last = [reply for body in bodies for reply in request.replies(body)]
        assert last.last
        return [*sorted(answers, key=lambda answer: answer.row), last]

    def count(self, node: str, name: str) -> int:
        return self.worlds[node].count(name)


def dialogue(test: Callable[[Pair], Awaitable[None]]) -> None:
    async def run() -> None:
        pair = Pair()
        for service in pair.services.values():
            await service.start()
        try:
            await test(pair)
        finally:
            for peer in pair.peers.values():
                peer.close()
            for service in pair.services.values():
                await service.stop(0)

    asyncio.run(run())


def test_the_owner_answers() -> None:
    async def test(pair: Pair) -> None:
        key = pair.key("A2")
        assert (await pair.ask(request.put(key, {"n": 1}, CALL))).generation == 1
        assert (await pair.ask(request.get(key, policy=CALL))).bins == {"n": 1}
        assert (await pair.ask(request.get(pair.key("A2", 500), policy=CALL))).result == Result.NOT_FOUND
        assert pair.worlds["A1"].namespace.sets.objects == 0
        assert pair.worlds["A2"].namespace.sets.objects == 1
        assert pair.count("A1", "client_proxy_complete") == 3
        assert pair.count("A2", "from_proxy_write_success") == 1
        assert pair.count("A2", "from_proxy_read_success") == 1
        assert pair.count("A2", "client_write_success") == 0

    dialogue(test)


def test_rows_of_a_batch_reach_their_owners() -> None:
    async def test(pair: Pair) -> None:
        keys = [Key("test", "demo", number) for number in range(50)]
        answers = await pair.batch([(key, request.put_row(key, {"n": key.data})) for key in keys])
        assert [answer.result for answer in answers] == [0] * 51
        answers = await pair.batch([(key, request.get_row(key)) for key in keys])
        assert [answer.bins for answer in answers[:-1]] == [{"n": key.data} for key in keys]
        assert [answer.row for answer in answers[:-1]] == [*range(50)]
        held = [world.namespace.sets.objects for world in pair.worlds.values()]
        assert sum(held) == 50
        assert all(held)
        assert pair.count("A1", "batch_sub_proxy_complete") == 2 * held[1]
        assert pair.count("A2", "from_proxy_batch_sub_read_success") == held[1]

    dialogue(test)


def test_rows_that_read_lists_have_the_code_of_a_read_whoever_owns_the_record() -> None:
    """Requests that come alone have the code that they asked with."""
    size = message.op(message.OP_CDT_READ, 4, b"l", b"\x91\x10")

    async def test(pair: Pair) -> None:
        for owner in ("A1", "A2"):
            key = pair.key(owner)
            await pair.ask(request.put(key, {"l": [1, 2]}, CALL))
            alone = await pair.ask(request.operate(key, [size], reads=True, writes=False, policy=CALL))
            fields = [(message.FIELD_NAMESPACE, b"test"), (message.FIELD_SET, b"demo")]
            row = batch.attributes(message.INFO1_READ, fields=fields, ops=[size])
            answer, _ = await pair.batch([(key, row)])
            assert [answer.bins, alone.bins] == [{"l": 2}] * 2
            assert [answer.ops[0][0], alone.ops[0][0]] == [message.OP_READ, message.OP_CDT_READ]

    dialogue(test)


def test_a_node_that_is_not_there() -> None:
    async def test(pair: Pair) -> None:
        key = pair.key("A2")
        await pair.services["A2"].stop(0)
        assert (await pair.ask(request.put(key, {"n": 1}, CALL))).result == Result.PARTITION_UNAVAILABLE
        assert (await pair.batch([(key, request.get_row(key))]))[0].result == Result.PARTITION_UNAVAILABLE
        assert pair.count("A1", "client_proxy_error") == 1
        assert pair.count("A1", "batch_sub_proxy_error") == 1

    dialogue(test)


def test_nodes_that_disagree_do_not_send_a_request_round_in_circles() -> None:
    async def test(pair: Pair) -> None:
        key = pair.key("A2")
        first = pair.worlds["A1"].node.cluster.members[0]
        pair.view(pair.worlds["A2"], [first])  # who believes that A1 is alone
        assert (await pair.ask(request.put(key, {"n": 1}, CALL))).result == Result.PARTITION_UNAVAILABLE
        assert (await pair.ask(request.put(key, {"n": 1}, CALL), "A2")).result == Result.PARTITION_UNAVAILABLE
        assert not any(world.namespace.sets.objects for world in pair.worlds.values())

    dialogue(test)


def test_a_node_without_any_members_serves_nothing() -> None:
    async def test(pair: Pair) -> None:
        pair.view(pair.worlds["A1"], [])
        key = pair.key("")
        assert (await pair.ask(request.get(key, policy=CALL))).result == Result.PARTITION_UNAVAILABLE
        assert (await pair.batch([(key, request.get_row(key))]))[0].result == Result.PARTITION_UNAVAILABLE

    dialogue(test)


def test_another_node_at_the_address_refuses() -> None:
    async def test(pair: Pair) -> None:
        key = pair.key("A2")
        pair.worlds["A2"].become("A3")
        assert (await pair.ask(request.put(key, {"n": 1}, CALL))).result == Result.PARTITION_UNAVAILABLE
        pair.worlds["A2"].become("A2")
        pair.worlds["A2"].node.cluster.name = "other"
        assert (await pair.ask(request.put(key, {"n": 1}, CALL))).result == Result.PARTITION_UNAVAILABLE
        assert pair.worlds["A2"].namespace.sets.objects == 0

    dialogue(test)


@pytest.mark.parametrize(
    ("failure", "read", "write"),
    [
        (NodeUnreached("x"), Result.PARTITION_UNAVAILABLE, Result.PARTITION_UNAVAILABLE),
        (ReplyLost("x"), Result.PARTITION_UNAVAILABLE, Result.TIMEOUT),
        (TimeoutError(), Result.TIMEOUT, Result.TIMEOUT),
    ],
)
def test_what_a_client_is_told(
    monkeypatch: pytest.MonkeyPatch, failure: Exception, read: int, write: int
) -> None:
    async def ask(_peer: Peer, _frame: bytes, _seconds: float) -> bytes:
        raise failure

    async def test(pair: Pair) -> None:
        monkeypatch.setattr(Peer, "ask", ask)
        key = pair.key("A2")
        assert (await pair.ask(request.get(key, policy=CALL))).result == read
        assert (await pair.ask(request.put(key, {"n": 1}, CALL))).result == write
        counted = "timeout" if isinstance(failure, TimeoutError) else "error"
        assert pair.count("A1", f"client_proxy_{counted}") == 2

    dialogue(test)


def test_an_unknown_namespace_is_not_passed_on() -> None:
    async def test(pair: Pair) -> None:
        for number in range(8):
            reply = await pair.ask(request.get(Key("nope", "demo", number), policy=CALL))
            assert reply.result == Result.NAMESPACE

    dialogue(test)


def test_frames_that_are_none_of_ours() -> None:
    world = World()
    number = (7).to_bytes(8, "big")
    head = b"asu2" + number + b"\0" + (0xA1).to_bytes(8, "big") + bytes(8)
    assert proxied.respond(world.records.executor, b"") == b""
    assert proxied.respond(world.records.executor, b"asu2") == b""
    assert proxied.respond(world.records.executor, b"asu2" + number) == b""
    assert proxied.respond(world.records.executor, b"\0" * 100) == b""
    for body in (b"", b"x" * 22, message.request(fields=[(message.FIELD_NAMESPACE, b"test")])):
        answer = proxied.respond(world.records.executor, head + body)
        assert isinstance(answer, bytes)
        assert answer[frame.HEADER_SIZE :].startswith(b"asu2" + number)
        assert request.reply(answer[frame.HEADER_SIZE + 12 :]).result == Result.PARAMETER


def slow_down(world: World) -> asyncio.Event:
    """Calls of UDFs in ``world`` take until the event is set."""
    world.host.slow = True
    world.host.release = asyncio.Event()
    return world.host.release


def test_slow_calls_hold_up_nobody_else() -> None:
    async def test(pair: Pair) -> None:
        release = slow_down(pair.worlds["A2"])
        keys = [pair.key("A2", start * 50) for start in range(40)]
        slow = [
            asyncio.ensure_future(pair.ask(request.apply(key, "mod", "fun", [], CALL))) for key in keys[:-1]
        ]
        while pair.worlds["A2"].host.threads < 39:  # noqa: ASYNC110 - nothing tells that a call has begun
            await asyncio.sleep(0)
        assert (await pair.ask(request.get(keys[-1], policy=Policy(limit=5000)))).result == Result.NOT_FOUND
        assert not any(call.done() for call in slow)
        release.set()
        assert {(await call).result for call in slow} == {0}

    dialogue(test)


def test_a_node_that_does_not_answer_costs_the_rows_of_others_nothing() -> None:
    async def test(pair: Pair) -> None:
        slow_down(pair.worlds["A2"])
        theirs = [pair.key("A2", start * 50) for start in range(20)]
        ours = [pair.key("A1", start * 50) for start in range(20)]
        rows = [(key, request.apply_row(key, "mod", "fun")) for key in theirs]
        rows += [(key, request.apply_row(key, "mod", "fun")) for key in ours]
        body = request.batch(rows, flags=batch.RESPOND_ALL, limit=200)
        bodies = await gather(pair.worlds["A1"].records.respond(body))
        replies = [reply for body in bodies for reply in request.replies(body)]
        answers = {reply.row: reply.result for reply in replies if not reply.last}
        assert [answers[row] for row in range(20)] == [Result.TIMEOUT] * 20
        assert [answers[row] for row in range(20, 40)] == [0] * 20

    dialogue(test)


def test_rows_for_another_node_are_in_flight_together() -> None:
    async def test(pair: Pair) -> None:
        host = pair.worlds["A2"].host
        release = slow_down(pair.worlds["A2"])
        keys = [pair.key("A2", start * 50) for start in range(40)]
        rows = [(key, request.apply_row(key, "mod", "fun")) for key in keys]
        body = request.batch(rows, flags=batch.RESPOND_ALL, limit=20_000)
        replies = asyncio.ensure_future(gather(pair.worlds["A1"].records.respond(body)))
        while host.threads < AT_A_TIME:  # noqa: ASYNC110 - nothing tells that a call has begun
            await asyncio.sleep(0)
        assert host.threads == AT_A_TIME
        release.set()
        assert [reply.result for body in await replies for reply in request.replies(body)] == [0] * 41
        assert host.threads == 40

    dialogue(test)


def test_after_an_error_elsewhere_the_other_rows_are_done_all_the_same() -> None:
    async def test(pair: Pair) -> None:
        pair.worlds["A2"].host.applied = (100, 3, b"no", 0, b"", None, False, None, False)
        keys = [pair.key("A2", start * 50) for start in range(3)]
        rows = [(key, request.apply_row(key, "mod", "fun")) for key in keys]
        body = request.batch(rows, flags=batch.RESPOND_FAILED, limit=20_000)
        bodies = await gather(pair.worlds["A1"].records.respond(body))
        assert [reply.result for body in bodies for reply in request.replies(body)] == [100] * 4
        assert len(pair.worlds["A2"].host.calls) == 3

    dialogue(test)


def test_what_nobody_takes_stops_further_rows() -> None:
    async def test(pair: Pair) -> None:
        keys = [pair.key("A2", start * 50) for start in range(60)]
        for key in keys:
            await pair.ask(request.put(key, {"data": b"x" * 200_000}, CALL))
        before = pair.count("A1", "batch_sub_proxy_complete")
        rows = [(key, request.get_row(key)) for key in keys]
        pieces: Any = pair.worlds["A1"].records.respond(
            request.batch(rows, flags=batch.RESPOND_ALL, limit=20_000)
        )
        await anext(pieces)
        for _ in range(500):
            await asyncio.sleep(0.001)
        assert pair.count("A1", "batch_sub_proxy_complete") - before < 30
        rest = [each async for piece in pieces for each in request.replies(piece[frame.HEADER_SIZE :])]
        assert rest[-1].result == 0
        assert pair.count("A1", "batch_sub_proxy_complete") - before == 60

    dialogue(test)
