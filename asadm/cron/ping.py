"""Pings of a dead man's switch, in the manner of healthchecks.io: URL/start, URL, URL/fail.

A ping tells somebody else how the job went. It never decides how the job went: a ping that fails is one warning.
httpx lives here only, and is imported only when a ping is sent.
"""

from __future__ import annotations

import threading
from urllib.parse import SplitResult, urlsplit, urlunsplit

from asinfo.errors import UsageError

PING_SECONDS = 10.0
"""Longest time one ping may take, name look-up and slow replies included."""

BODY_SIZE_MAX = 10_000
"""Bytes of report sent with a ping; healthchecks.io keeps no more than its first 10 kB for free accounts."""


class Ping:
    """The pings of one run.

    Raises UsageError for an address that is not http or https. The address is a secret (whoever knows it can ping),
    so no text of this class holds more of it than the host.
    """

    def __init__(self, url: str, seconds: float = PING_SECONDS) -> None:
        self._url = _checked(url)
        self._seconds = seconds

    def start(self) -> str | None:
        """Say that the job begins. Returns a warning, or None when the ping arrived."""
        return self._send("/start", "")

    def success(self, report: str) -> str | None:
        """Say that every node did it."""
        return self._send("", report)

    def fail(self, report: str) -> str | None:
        """Say that at least one node did not, or that the job could not run."""
        return self._send("/fail", report)

    def _send(self, suffix: str, report: str) -> str | None:
        """Send one ping within the time limit.

        A thread, because httpx limits single reads and connects but neither a name look-up nor a whole exchange.
        A daemon thread, because a ping that hangs must not keep the process alive.
        """
        url = urlunsplit(self._url._replace(path=self._url.path.rstrip("/") + suffix))
        outcome: list[str | None] = []
        body = report.encode("utf-8", "replace")[:BODY_SIZE_MAX]
        thread = threading.Thread(
            target=lambda: outcome.append(_post(url, body, self._seconds)), daemon=True, name="ping"
        )
        thread.start()
        thread.join(self._seconds)
        failure = outcome[0] if outcome else f"no reply within {self._seconds:g} s"
        return failure and f"ping to {self._url.hostname} failed: {failure}"


def _checked(url: str) -> SplitResult:
    """The parts of a usable address."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not url.isascii() or not url.isprintable() or " " in url:
        raise UsageError(
            "--ping-url: not an http:// or https:// address (not shown here: it may hold a password)"
        )
    return parts


def _post(url: str, body: bytes, seconds: float) -> str | None:
    """One POST; the reason it failed, or None. Only the kind of an error is told: its text may hold the address."""
    import httpx  # a tenth of a second that only runs with pings pay for

    try:
        transport = httpx.HTTPTransport(retries=1)
        with (
            httpx.Client(transport=transport, timeout=seconds) as client,
            client.stream("POST", url, content=body) as reply,
        ):
            # The head is enough; the body of a ping's reply has no meaning and no known size.
            return None if reply.is_success else f"HTTP status {reply.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
        return type(error).__name__
