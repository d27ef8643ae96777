"""What other nodes pass on, on a connection without a socket: answered as soon as it can be, within limits."""

import asyncio

import pytest

from asinfo.wire.frame import INTERNAL, pack
from asudfd.network import in_flight
from asudfd.network.connection import Connection
from tests.fakes.connection import BUILD, BUILD_REPLY, Bench, FakeTransport, dialogue, turns


class Passed:
    """Requests of another node whose answers the test gives, by their bodies."""

    def __init__(self, bench: Bench) -> None:
        self.begun: dict[bytes, asyncio.Future[bytes]] = {}
        bench.face.responders[INTERNAL] = lambda body, _session: self.begin(body)
        self.connection, self.transport = bench.connect()

    def begin(self, body: bytes) -> bytes | asyncio.Future[bytes]:
        if body == b"now":
            return b"now "
        return self.begun.setdefault(body, asyncio.get_running_loop().create_future())

    async def come(self, *bodies: bytes) -> tuple[Connection, FakeTransport]:
        self.connection.data_received(b"".join(pack(INTERNAL, body) for body in bodies))
        await turns()  # on a busy machine one turn of the connection may be too short
        return self.connection, self.transport


def test_each_is_answered_as_soon_as_it_can_be() -> None:
    async def test(bench: Bench) -> None:
        passed = Passed(bench)
        _, transport = await passed.come(b"a", b"b", b"now", b"c")
        assert transport.sent == b"now "
        passed.begun[b"c"].set_result(b"c ")
        await turns()
        passed.begun[b"a"].set_result(b"a ")
        await turns()
        passed.connection.data_received(BUILD)
        assert transport.sent == b"now c a " + BUILD_REPLY
        assert transport.reading

    dialogue(test)


@pytest.fixture
def little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_flight, "COUNT_MAX", 2)
    monkeypatch.setattr(in_flight, "SIZE_MAX", 10)


@pytest.mark.usefixtures("little_room")
@pytest.mark.parametrize("bodies", [(b"a", b"b", b"c", b"d"), (b"a", b"b" * 10, b"d")])
def test_one_too_many_holds_up_those_behind_it(bodies: tuple[bytes, ...]) -> None:
    async def test(bench: Bench) -> None:
        passed = Passed(bench)
        _, transport = await passed.come(*bodies)
        assert [*passed.begun] == [*bodies[:-1]]
        assert not transport.reading
        for body in bodies[:-1]:
            passed.begun[body].set_result(body)
        await turns()
        passed.begun[bodies[-1]].set_result(bodies[-1])
        await turns()
        assert transport.sent == b"".join(bodies)
        assert transport.reading

    dialogue(test)


def test_the_end_of_a_node_ends_its_requests() -> None:
    async def test(bench: Bench) -> None:
        passed = Passed(bench)
        connection, _ = await passed.come(b"a", b"b")
        connection.connection_lost(None)
        await turns()
        assert all(future.cancelled() for future in passed.begun.values())
        assert not bench.log

    dialogue(test)


def test_a_node_that_stops_answers_what_is_in_flight() -> None:
    async def test(bench: Bench) -> None:
        passed = Passed(bench)
        connection, transport = await passed.come(b"a", b"b")
        connection.finish()
        passed.begun[b"a"].set_result(b"a ")
        await turns()
        assert transport.sent == b"a "
        passed.begun[b"b"].set_result(b"b ")
        await turns()
        assert transport.sent == b"a b "
        assert (transport.closed, transport.aborted) == (True, False)

    dialogue(test)


def test_an_idle_connection_on_which_something_is_worked_on_stays() -> None:
    async def test(bench: Bench) -> None:
        passed = Passed(bench)
        connection, transport = await passed.come(b"a")
        connection.check_idle(1.0, 10.0)
        connection.check_idle(100.0, 10.0)
        passed.begun[b"a"].set_result(b"a ")
        await turns()
        assert transport.sent == b"a "
        connection.check_idle(200.0, 10.0)
        assert transport.closed

    dialogue(test)


def test_a_fault_ends_the_connection() -> None:
    async def test(bench: Bench) -> None:
        passed = Passed(bench)
        _, transport = await passed.come(b"a", b"b")
        passed.begun[b"a"].set_exception(ZeroDivisionError("x"))
        await turns()
        assert transport.aborted
        assert any("ZeroDivisionError" in text for _, _, text in bench.log)

    dialogue(test)
