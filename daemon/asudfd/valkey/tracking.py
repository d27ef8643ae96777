"""CLIENT TRACKING: what a client has asked for. Invalidation messages are not sent."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Tracking:
    """The options of a client that has turned tracking on. ``caching`` is what CLIENT CACHING has said for the next command."""

    broadcast: bool = False
    opt_in: bool = False
    opt_out: bool = False
    no_loop: bool = False
    redirect: int = 0
    prefixes: list[bytes] = field(default_factory=list)
    caching: bool | None = None

    def flags(self) -> list[bytes]:
        """The words of CLIENT TRACKINGINFO."""
        words = [b"on"]
        words += [b"bcast"] if self.broadcast else []
        words += [b"optin"] if self.opt_in else []
        words += [b"caching-yes"] if self.opt_in and self.caching else []
        words += [b"optout"] if self.opt_out else []
        words += [b"caching-no"] if self.opt_out and self.caching is False else []
        words += [b"noloop"] if self.no_loop else []
        return words
