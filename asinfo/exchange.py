"""One request and one reply with each of 1 to many nodes at once: the tools' only I/O engine.

Each ask is a non-blocking connection whose conversation (``Dialogue``) knows nothing of sockets:

    look-up (names only) -> connect -> [TLS] -> [login] -> request -> reply

The first bytes are sent right after the connect call: on a near network the handshake is done by then, which saves
a turn of the loop. Every node has one deadline from its own start, so that a long list of nodes makes no false
time-outs; an ask may have a shorter time-out of its own, and a heap holds the deadlines in order.
At most ``window`` connections are young (not older than 50 ms) at a time: nodes that hang leave their place to
others after 50 ms, and cost the whole run one deadline, however many they are.

What few runs need stands in modules of its own, loaded on demand: asinfo.resolve (names), asinfo.reasons (texts of
failures), asinfo.login, asinfo.tls, asinfo.poll (systems without epoll).
"""

from __future__ import annotations

import _socket
import select
from _heapq import heappop, heappush  # without heapq, which is Python code around these two
from errno import EAGAIN, EALREADY, EINPROGRESS, EINTR, EMFILE, ENFILE, ENOBUFS, ENOMEM, ENOTCONN
from time import monotonic

from asinfo.dialogue import CHUNK, Dialogue, Endpoint, Reply, dialogue
from asinfo.errors import Unreachable
from asinfo.terminal.interrupt import check, wait

TYPE_CHECKING = False  # on the start-up path: typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    from asinfo.poll import Poll
    from asinfo.resolve import Resolver

    Address = tuple[int, tuple[str, int] | tuple[str, int, int, int]]
    """Family and socket address."""

    Asked = TypeVar("Asked")
else:
    from _collections import deque  # without the rest of collections, which costs more than the exchange

__all__ = ["WINDOW", "Dialogue", "Endpoint", "Reply", "exchange"]

WINDOW = 256
"""Connections that are begun at the same time: far below the 1024 descriptors that a process usually may have."""
YOUNG = 0.05
"""Seconds for which a connection counts against the window."""

_STREAM = _socket.SOCK_STREAM | getattr(_socket, "SOCK_NONBLOCK", 0) | getattr(_socket, "SOCK_CLOEXEC", 0)
_LATER = {EAGAIN, EALREADY, EINPROGRESS, EINTR, ENOTCONN}
_EXHAUSTED = {EMFILE, ENFILE, ENOBUFS, ENOMEM}
_READ = 1  # EPOLLIN and EPOLLOUT, which asinfo.poll takes too
_WRITE = 4


class _NodeConnection:
    """One connection of an exchange: what is to be sent, what has come, and until when."""

    __slots__ = (
        "addresses", "connected", "deadline", "dialogue", "gives_up", "outbox", "reply", "socket", "started", "timeout",
        "wanted", "young",
    )  # fmt: skip

    def __init__(self, node: Endpoint, dialogue: Dialogue, timeout: float) -> None:
        self.reply = Reply(node)
        self.dialogue = dialogue
        self.timeout = timeout
        self.addresses: list[Address] = []
        """Addresses not tried yet."""
        self.socket: _socket.socket | None = None
        self.outbox: bytes | memoryview = b""
        self.connected = False
        self.wanted = 0
        """Events the poller waits for; 0 when the socket is not registered."""
        self.young = False
        self.started = self.deadline = self.gives_up = 0.0
        """Times of the start, of the end, and of the end of the current attempt to connect."""

    @property
    def done(self) -> bool:
        return self.reply.body is not None or self.reply.failure is not None


def exchange(
    asks: Sequence[tuple[Endpoint, Asked]],
    *,
    timeout: float | Sequence[float],
    window: int = WINDOW,
    patience: float | None = None,
    arrived: Callable[[Reply], None] | None = None,
    converse: Callable[[Endpoint, Asked], Dialogue] = dialogue,  # type: ignore[assignment]  # bytes, by default
) -> list[Reply]:
    """Ask every node at once, within a window; the replies in the order of ``asks``.

    ``converse`` makes the conversation with a node of its request, the body of one info request where it is not given.
    ``timeout`` (seconds, for all or one an ask) is one deadline
    for the whole operation with a node (look-up, connect, TLS, login, request, reply), counted from its start;
    ``patience`` (seconds) is the most that the connect may take of it. ``arrived`` is called with each reply as it is
    complete. Whatever a peer does becomes a Reply with a failure; Ctrl-C makes the unfinished ones ``interrupted`` and
    returns.
    """
    timeouts = [timeout] * len(asks) if isinstance(timeout, (int, float)) else timeout
    connections = [
        _NodeConnection(node, converse(node, request), seconds)
        for (node, request), seconds in zip(asks, timeouts, strict=True)
    ]
    engine = _Engine(connections, window, patience, arrived)
    try:
        engine.run()
    except KeyboardInterrupt:
        engine.interrupt()
    finally:
        engine.close()
    return [connection.reply for connection in connections]


class _Engine:
    """The loop over all connections of one exchange."""

    __slots__ = (
        "_active", "_arrived", "_by_descriptor", "_connections", "_impatient", "_patience", "_poll", "_resolver",
        "_timeline", "_waiting", "_window", "_young",
    )  # fmt: skip

    def __init__(
        self,
        connections: list[_NodeConnection],
        window: int,
        patience: float | None,
        arrived: Callable[[Reply], None] | None,
    ) -> None:
        self._connections = connections
        self._window = window
        self._patience = patience
        self._arrived = arrived
        self._waiting = deque(connections)
        self._timeline: list[tuple[float, int, _NodeConnection]] = []
        """Heap of the started ones by their deadlines, with a number each, for connections have no order; the done
        ones leave it when they come to the front."""
        self._impatient: list[_NodeConnection] = []
        """The few whose attempt to connect ends before their deadline."""
        self._young: deque[_NodeConnection] = deque()
        self._active = 0
        """How many unfinished ones are in ``_young``: those that count against the window."""
        self._by_descriptor: dict[int, _NodeConnection] = {}
        self._resolver: Resolver | None = None
        self._poll: Poll | select.epoll = _poller()

    def run(self) -> None:
        """Until every connection is done. Raises KeyboardInterrupt, before the first one begins or while it waits."""
        check()
        while self._waiting or self._timeline:
            now = monotonic()
            self._start(now)
            # what had arrived when ``now`` was read is seen before anything expires: no false time-outs
            for descriptor, _ in wait(self._poll.poll, self._pause(now), len(self._by_descriptor) + 1):
                connection = self._by_descriptor.get(descriptor)
                if connection is not None:
                    self._turn(connection)
                elif self._resolver is not None:
                    self._take_addresses(self._resolver)
            self._expire(now)

    def interrupt(self) -> None:
        """Give every unfinished connection its failure."""
        from asinfo import reasons

        for connection in self._connections:
            if not connection.done:
                self._fail(connection, reasons.interrupted(started=connection.started > 0))

    def close(self) -> None:
        """Give everything back to the system."""
        for connection in self._by_descriptor.values():
            if connection.socket is not None:
                connection.socket.close()
        if self._resolver is not None:
            self._resolver.close()
        self._poll.close()

    # ---- time

    def _start(self, now: float) -> None:
        young = self._young
        while young and (young[0].done or young[0].started + YOUNG <= now):
            self._grow_up(young.popleft())
        while self._waiting and self._active < self._window:
            connection = self._waiting.popleft()
            try:
                self._begin(connection)
            except OSError as error:
                if error.errno in _EXHAUSTED and self._by_descriptor:
                    self._waiting.appendleft(connection)  # until one of the others gives its descriptor back
                    return
                self._broken(connection, error)

    def _grow_up(self, connection: _NodeConnection) -> None:
        if connection.young:
            connection.young = False
            self._active -= 1

    def _pause(self, now: float) -> float:
        """Seconds until time itself is an event."""
        timeline = self._timeline
        wake = now
        while timeline:
            deadline, _, connection = timeline[0]
            if not connection.done:
                wake = deadline
                break
            heappop(timeline)
        if self._waiting and self._young:
            wake = min(wake, self._young[0].started + YOUNG)
        for connection in self._impatient:
            wake = min(wake, connection.gives_up)
        return max(0.0, wake - now)

    def _expire(self, now: float) -> None:
        for connection in list(self._impatient):
            if connection.done or connection.connected:
                self._impatient.remove(connection)
            elif connection.gives_up <= now < connection.deadline:
                self._impatient.remove(connection)
                self._give_up(connection)
        timeline = self._timeline
        while timeline:
            deadline, _, connection = timeline[0]
            if not connection.done and deadline > now:
                break
            heappop(timeline)
            if not connection.done:
                self._give_up(connection, last=True)

    def _give_up(self, connection: _NodeConnection, *, last: bool = False) -> None:
        from asinfo import reasons

        looking_up = connection.socket is None
        conversation = connection.dialogue if connection.connected else None
        failure = reasons.timed_out(looking_up, conversation, monotonic() - connection.started)
        if last:
            self._fail(connection, failure)
        else:
            self._next_address(connection, failure)

    # ---- look-up and connect

    def _begin(self, connection: _NodeConnection) -> None:
        """Start the clock and connect, or look the name up first. Raises OSError when no socket can be had."""
        node = connection.reply.node
        address = numeric(node.host, node.port)
        opened = None if address is None else _open(address)
        connection.started = monotonic()
        connection.deadline = connection.started + connection.timeout
        connection.outbox = connection.dialogue.start()
        connection.young = True
        self._active += 1
        self._young.append(connection)
        heappush(self._timeline, (connection.deadline, id(connection), connection))
        self._limit_attempt(connection)
        if opened is None or address is None:
            self._look_up(node, connection)
        else:
            self._connect(connection, opened, address)

    def _look_up(self, node: Endpoint, connection: _NodeConnection) -> None:
        if self._resolver is None:
            from asinfo.resolve import Resolver

            self._resolver = Resolver()
            self._poll.register(self._resolver.descriptor, _READ)
        self._resolver.look_up(node.host, node.port, connection)

    def _take_addresses(self, resolver: Resolver) -> None:
        for connection, found in resolver.results():
            if connection.done:
                continue
            if isinstance(found, Unreachable):
                self._fail(connection, found)
            else:
                connection.addresses = list(found)
                self._next_address(connection, Unreachable("resolve", "the name has no address"))

    def _next_address(self, connection: _NodeConnection, failure: Unreachable) -> None:
        """Try the next address; without one, ``failure`` is the end."""
        self._drop_socket(connection)
        if not connection.addresses:
            self._fail(connection, failure)
            return
        self._limit_attempt(connection)
        address = connection.addresses.pop(0)
        try:
            opened = _open(address)
        except OSError as error:
            self._broken(connection, error)
        else:
            self._connect(connection, opened, address)

    def _limit_attempt(self, connection: _NodeConnection) -> None:
        """Share the time that is left between the addresses that are left."""
        if self._patience is None and len(connection.addresses) < 2:
            return
        now = monotonic()
        connection.gives_up = now + (connection.deadline - now) / max(1, len(connection.addresses))
        if self._patience is not None:
            connection.gives_up = min(connection.gives_up, connection.started + self._patience)
        self._impatient.append(connection)

    def _connect(self, connection: _NodeConnection, opened: _socket.socket, address: Address) -> None:
        """Connect and send at once."""
        connection.socket = opened
        self._by_descriptor[opened.fileno()] = connection
        code = opened.connect_ex(address[1])
        if code and code not in _LATER:
            self._broken(connection, OSError(code, ""))
            return
        try:
            self._send(connection)
        except OSError as error:
            self._broken(connection, error)
        else:
            self._want(connection)

    # ---- bytes

    def _turn(self, connection: _NodeConnection) -> None:
        """Send and receive what can be; finish or fail."""
        try:
            if connection.outbox:
                self._send(connection)
            if connection.connected:
                self._receive(connection)
        except Unreachable as failure:
            self._fail(connection, failure)
        except OSError as error:
            if error.errno not in _LATER:
                self._broken(connection, error)
                return
        if not connection.done:
            self._want(connection)

    def _send(self, connection: _NodeConnection) -> None:
        assert connection.socket is not None
        try:
            sent = connection.socket.send(connection.outbox)
        except OSError as error:
            if error.errno not in _LATER:
                raise
            return
        connection.connected = True
        whole = sent == len(connection.outbox)
        connection.outbox = b"" if whole else memoryview(connection.outbox)[sent:]

    def _receive(self, connection: _NodeConnection) -> None:
        assert connection.socket is not None
        data = connection.socket.recv(CHUNK)
        talk = connection.dialogue
        if not data:
            raise talk.ended()
        answer = talk.feed(data)
        if talk.body is not None:
            reply = connection.reply
            reply.body, reply.ends, reply.note = talk.body, talk.ends, talk.note
            self._finish(connection)
        elif answer:
            connection.outbox = bytes(connection.outbox) + answer
            self._send(connection)

    def _want(self, connection: _NodeConnection) -> None:
        """Tell the poller what the connection waits for."""
        wanted = _READ
        if connection.outbox:
            wanted = _READ | _WRITE if connection.connected else _WRITE
        if connection.wanted == wanted:
            return
        assert connection.socket is not None
        (self._poll.modify if connection.wanted else self._poll.register)(connection.socket.fileno(), wanted)
        connection.wanted = wanted

    # ---- ends

    def _broken(self, connection: _NodeConnection, error: OSError) -> None:
        from asinfo import reasons

        failure = reasons.broken(error, connection.dialogue, connected=connection.connected)
        if connection.connected:
            self._fail(connection, failure)
        else:
            self._next_address(connection, failure)

    def _fail(self, connection: _NodeConnection, failure: Unreachable) -> None:
        connection.reply.failure = failure
        connection.reply.note = connection.dialogue.note
        self._finish(connection)

    def _finish(self, connection: _NodeConnection) -> None:
        if connection.started:
            connection.reply.milliseconds = (monotonic() - connection.started) * 1000
        self._drop_socket(connection)
        self._grow_up(connection)
        if self._arrived is not None:
            self._arrived(connection.reply)

    def _drop_socket(self, connection: _NodeConnection) -> None:
        if connection.socket is None:
            return
        self._by_descriptor.pop(connection.socket.fileno(), None)
        if connection.wanted and type(self._poll) is not _EPOLL:  # epoll forgets closed sockets by itself
            self._poll.unregister(connection.socket.fileno())
        connection.socket.close()
        connection.socket = None
        connection.wanted = 0


_EPOLL: type | None = getattr(select, "epoll", None)


def _poller() -> Poll | select.epoll:
    if _EPOLL is not None:
        return select.epoll()
    from asinfo.poll import Poll

    return Poll()


def numeric(host: str, port: int) -> Address | None:
    """Family and socket address of a numeric host; None for a name."""
    for family in (_socket.AF_INET, _socket.AF_INET6) if ":" in host else (_socket.AF_INET,):
        try:
            _socket.inet_pton(family, host)
        except (OSError, ValueError):
            continue
        return (family, (host, port)) if family == _socket.AF_INET else (family, (host, port, 0, 0))
    return None


def _open(address: Address) -> _socket.socket:
    opened = _socket.socket(address[0], _STREAM)
    opened.setblocking(False)
    return opened
