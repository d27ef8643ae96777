"""One request and one reply with each of 1 to many nodes at once: the tools' only I/O engine."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asinfo.errors import Unreachable
    from asinfo.login import Login
    from asinfo.tls import TlsSettings


class Node:
    """Where a node listens and how to speak with it. ``name`` is what the user reads (``host:port`` when "")."""

    __slots__ = ("host", "login", "name", "port", "session", "tls", "tls_name")

    def __init__(
        self,
        host: str,
        port: int = 3000,
        *,
        name: str = "",
        tls_name: str | None = None,
        login: Login | None = None,
        tls: TlsSettings | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self.name = name or (f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
        self.tls_name = tls_name
        self.login = login
        self.tls = tls
        self.session: bytes | None = None
        """Token of an earlier login, which spares the next connection the whole login."""


class Reply:
    """What one node said: ``body`` (bytes of the reply frame) or ``failure``, and how long it took.

    ``note`` is a warning for the user ("" mostly), for instance a login that the node did not want.
    """

    __slots__ = ("body", "failure", "milliseconds", "node", "note")

    def __init__(self, node: Node) -> None:
        self.node = node
        self.body: bytes | None = None
        self.failure: Unreachable | None = None
        self.milliseconds = 0.0
        self.note = ""


def exchange(
    asks: Sequence[tuple[Node, bytes]],
    *,
    timeout: float,
    window: int = 256,
    arrived: Callable[[Reply], None] | None = None,
) -> list[Reply]:
    """Ask every node at once, within a window; the replies in the order of ``asks``.

    The bytes of an ask are the body of one info request. ``timeout`` (seconds) is one deadline for the whole
    operation with a node (look-up, connect, TLS, login, request, reply), counted from the start of its connect. ``arrived`` is called
    with each reply as it is complete. Whatever a peer does becomes a Reply with a failure; Ctrl-C makes the
    unfinished ones ``interrupted`` and returns.
    """
    raise NotImplementedError
