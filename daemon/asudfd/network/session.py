"""The state of a client between requests."""

from __future__ import annotations


class ClientSession:
    """One client connection as handlers of requests see it; ``gone`` when it has ended.

    ``address`` is the client's, as job listings write it: ADDRESS+PORT; empty where there is none. ``user_agent`` is
    what the client says that it is, in the bytes of its protocol; None until it says so.
    """

    __slots__ = ("address", "gone", "user_agent")

    def __init__(self) -> None:
        self.address = ""
        self.gone = False
        self.user_agent: bytes | None = None

    def meet(self, peer: object) -> None:
        """Take over the client's address as a socket tells it, if it does."""
        if isinstance(peer, tuple):
            self.address = f"{peer[0]}+{peer[1]}"
