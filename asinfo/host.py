"""The grammar of ``-h``: ``host[:tlsname][:port],...`` and ``[v6][:tlsname][:port]``."""

from __future__ import annotations

from asinfo.errors import UsageError
from asinfo.terminal.options import PORT_MAX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class Host:
    """One address as written: ``tls_name`` and ``port`` are None when the text does not say them."""

    __slots__ = ("host", "port", "tls_name")

    def __init__(self, host: str, tls_name: str | None, port: int | None) -> None:
        self.host = host
        self.tls_name = tls_name
        self.port = port


def written(host: str, port: int) -> str:
    """``host:port`` as the user may type it again; IPv6 in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parse(text: str) -> Host:
    """One ``host[:tlsname][:port]``. Raises UsageError.

    The part after the last colon is a port when it is all digits; a bare address with more than two colons is IPv6.
    """
    host, rest = _host(text)
    parts = rest.split(":") if rest else []
    port = None
    if parts and parts[-1].isascii() and parts[-1].isdigit():
        port = _port(parts.pop(), text)
    if len(parts) > 1 or not host or any(not part or part.isdigit() for part in parts):
        raise UsageError(f"{text!r} is not an address; write host[:tlsname][:port] or [v6][:tlsname][:port]")
    return Host(host, parts[0] if parts else None, port)


def parse_list(text: str) -> list[Host]:
    """Comma-separated addresses; at least one. Raises UsageError."""
    return [parse(part.strip()) for part in text.split(",")]


def parse_all(texts: Sequence[str]) -> list[Host]:
    """The addresses of a repeated ``-h``, in order. Raises UsageError."""
    return [host for text in texts for host in parse_list(text)]


def _host(text: str) -> tuple[str, str]:
    """Host part, and what follows it without the first colon."""
    if not text.isprintable() or " " in text:  # neither can bytes that are not UTF-8 be a host
        return "", ""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or ":" not in host or (rest and not rest.startswith(":")) or rest == ":":
            return "", ""
        return host, rest[1:]
    if text.count(":") > 2 or "::" in text:
        return text, ""  # an IPv6 address without brackets, hence without a port
    host, colon, rest = text.partition(":")
    return ("", "") if colon and not rest else (host, rest)


def _port(digits: str, text: str) -> int:
    port = int(digits) if len(digits) <= 5 else 0
    if not 1 <= port <= PORT_MAX:
        raise UsageError(f"{text!r}: the port is not between 1 and {PORT_MAX}")
    return port
