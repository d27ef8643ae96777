"""Pings of a dead man's switch, in the manner of healthchecks.io: URL/start, URL, URL/fail.

A ping tells somebody else how the job went. It never decides how the job went: a ping that fails is one warning.
httpx lives here only, and is imported only when a ping is sent.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from urllib.parse import SplitResult, urlsplit, urlunsplit

from asinfo.errors import UsageError
from asinfo.terminal import interrupt

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

        self._begun: _PingRequest | None = None

    def start(self) -> None:
        """Say that the job begins. Does not wait: a receiver that hangs must not take the nodes' time."""
        self._begun = self._send("/start", "")

    def started(self) -> str | None:
        """A warning when that did not arrive, or None. Waits as long as it may still take; to be called before the end."""
        return self._begun.warning() if self._begun else None

    def success(self, report: str) -> str | None:
        """Say that every node did it. Returns a warning, or None when the ping arrived."""
        return self._send("", report).warning()

    def fail(self, report: str) -> str | None:
        """Say that at least one node did not, or that the job could not run."""
        return self._send("/fail", report).warning()

    def _send(self, suffix: str, report: str) -> _PingRequest:
        url = urlunsplit(self._url._replace(path=self._url.path.rstrip("/") + suffix))
        return _PingRequest(url, report.encode("utf-8", "replace")[:BODY_SIZE_MAX], self._seconds)


class _PingRequest:
    """One ping on its way, with a time limit of ``seconds`` for the whole.

    A thread, because httpx limits single reads and connects but neither a name look-up nor a whole exchange.
    A daemon thread, because a ping that hangs must not keep the process alive.
    """

    def __init__(self, url: str, body: bytes, seconds: float) -> None:
        self._host = urlsplit(url).hostname
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        self._outcome: list[str | None] = []
        self._thread = threading.Thread(
            target=lambda: self._outcome.append(_post(url, body, seconds)), daemon=True, name="ping"
        )
        self._thread.start()

    def warning(self) -> str | None:
        """Why it failed, once that is known; None when it arrived."""
        interrupt.wait(self._thread.join, max(0.0, self._end - time.monotonic()))
        failure = self._outcome[0] if self._outcome else f"no reply within {self._seconds:g} s"
        return failure and f"ping to {self._host} failed: {failure}"


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
    """One POST; the reason it failed, or None."""
    import httpx  # a tenth of a second that only runs with pings pay for

    try:
        transport = httpx.HTTPTransport(retries=1)
        with (
            httpx.Client(transport=transport, timeout=seconds) as client,
            client.stream("POST", url, content=body) as reply,
        ):
            # The head is enough; the body of a ping's reply has no meaning and no known size.
            return None if reply.is_success else f"HTTP status {reply.status_code}"
    except httpx.TimeoutException:
        return f"no reply within {seconds:g} s"
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
        return _reason(error)


def _reason(error: BaseException) -> str:
    """What the system said, from below the layers of httpx. Their own texts are not told: they may hold the address."""
    below: BaseException | None = error
    while below is not None and not isinstance(below, OSError):
        below = below.__cause__ or below.__context__
    if below is None:
        return type(error).__name__
    if isinstance(below, ConnectionRefusedError):
        return "refused"
    if isinstance(below, socket.gaierror) and below.errno == socket.EAI_NONAME:
        return "unknown host"
    if isinstance(below, ssl.SSLError):
        return f"TLS: {getattr(below, 'verify_message', None) or below.reason or type(below).__name__}"
    return (below.strerror or type(below).__name__).lower()
