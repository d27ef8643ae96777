"""The poller of systems without epoll: select.poll behind epoll's methods."""

from __future__ import annotations

import select


class Poll:
    """As much of ``select.epoll`` as the exchange uses; the event bits are the same."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self.register = self._poll.register
        self.modify = self._poll.modify
        self.unregister = self._poll.unregister

    def poll(self, timeout: float, _most: int) -> list[tuple[int, int]]:
        """Descriptors with events, waiting ``timeout`` seconds at most."""
        return self._poll.poll(-(-timeout * 1000 // 1))  # rounded up: a deadline is never early

    def close(self) -> None:
        """Nothing is held."""
