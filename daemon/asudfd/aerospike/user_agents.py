"""Which client libraries are connected."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asudfd.network.session import ClientSession


class UserAgents:
    """``counts`` has the number of open connections by the user agent that they set."""

    __slots__ = ("counts",)

    def __init__(self) -> None:
        self.counts: dict[bytes, int] = {}

    def greet(self, session: ClientSession, user_agent: bytes) -> None:
        """Remember, once, which client library ``session`` belongs to."""
        session.user_agent = user_agent
        self.counts[user_agent] = self.counts.get(user_agent, 0) + 1

    def leave(self, session: ClientSession) -> None:
        """Forget what ``session`` brought: its connection is gone."""
        if session.user_agent is not None:
            left = self.counts[session.user_agent] - 1
            if left:
                self.counts[session.user_agent] = left
            else:
                del self.counts[session.user_agent]
