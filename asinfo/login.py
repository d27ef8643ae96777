"""Who logs in, and the login dialogue that stands before the first request of a connection."""

from __future__ import annotations

MODES = ("INTERNAL", "EXTERNAL", "EXTERNAL_INSECURE", "PKI")


class Login:
    """Name, password and mode (one of MODES) of a login."""

    __slots__ = ("_credential", "mode", "password", "user")

    def __init__(self, user: str, password: str, mode: str = "INTERNAL") -> None:
        self.user = user
        self.password = password
        self.mode = mode
        self._credential: bytes | None = None
