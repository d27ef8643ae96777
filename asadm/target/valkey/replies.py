"""Replies of Valkey servers as asadm reads them: errors with their codes, ROLE, HELLO, FUNCTION STATS, integers and lists.

Replies are the bytes of RESP2. They come from servers that may be anything, so every reader gives None, or raises WireError,
for what has another form.
"""

from __future__ import annotations

from asinfo.errors import WireError
from asinfo.terminal.options import PORT_MAX
from asinfo.text import number, text

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from typing import Any

ERROR = b"-"

STATUS = {
    "BUSY": "busy",
    "LOADING": "loading",
    "READONLY": "readonly",
    "NOAUTH": "login",
    "WRONGPASS": "login",
    "NOPERM": "forbidden",
    "MASTERDOWN": "lagging",
}
"""The status of a node that answers an error of this code; any other error is ``error``."""


def error(reply: bytes) -> str:
    """The text of an error with its code; empty when ``reply`` is none."""
    return text(reply[1:].rstrip(b"\r\n")) if reply.startswith(ERROR) else ""


def status(said: str) -> str:
    """The status for the error ``said``: one word that scripts may rely on."""
    return STATUS.get(said.partition(" ")[0], "error")


def bulk(reply: bytes) -> bytes:
    """The bytes of a bulk string. Raises WireError for another reply."""
    head, end, rest = reply.partition(b"\r\n")
    if head.startswith(b"$") and end and head[1:].isdigit() and len(rest) == int(head[1:]) + 2:
        return rest[:-2]
    raise WireError(error(reply) or "the answer is no string")


def integer(reply: bytes) -> int | None:
    """An integer reply; None for another."""
    digits = reply[1:-2]
    return int(digits) if reply.startswith(b":") and digits.isdigit() and len(digits) < 20 else None


def port_of(said: str | bytes) -> int:
    """The port that a server told. Raises WireError for what cannot be one."""
    found = number(said, PORT_MAX)
    if found is None:
        raise WireError("the port of a node is no number from 0 to 65535")
    return found


def words(reply: bytes) -> list[bytes]:
    """The strings and numbers of a list of any depth, one after the other; only where no string has a line end in it.

    Raises WireError for another reply.
    """
    if not reply.startswith(b"*"):
        raise WireError(error(reply) or "the answer is no list")
    found = []
    lines = iter(reply.split(b"\r\n"))
    for line in lines:
        kind = line[:1]
        if kind == b"$" and line != b"$-1":
            found.append(next(lines, b""))
        elif kind in {b":", b"+"}:
            found.append(line[1:])
        elif kind == b"$":
            found.append(b"")
    return found


def value(reply: bytes) -> Any:
    """The value of any reply, decoded. Raises WireError."""
    from asinfo.wire.resp_reply import decode

    return decode(reply)


def values(reply: bytes) -> list[Any]:
    """The values of a list, decoded. Raises WireError for another reply."""
    from asinfo.wire.resp_reply import decode

    found = decode(reply)
    if not isinstance(found, list):
        raise WireError(error(reply) or "the answer is no list")
    return found


class Role:
    """The answer to ROLE: ``kind`` (``master``, ``slave`` or ``sentinel``), of a replica its primary, and the offset.

    ``link``      the state of the link to the primary: ``connected`` when all is well
    ``replicas``  host and port of the replicas that are online, as the primary knows them
    """

    __slots__ = ("host", "kind", "link", "offset", "port", "replicas")

    def __init__(self, reply: bytes) -> None:
        """Raises WireError for an answer of another form."""
        said = words(reply)
        self.kind = text(said[0]) if said else ""
        self.host, self.port, self.link, self.offset = "", 0, "", 0
        self.replicas: list[tuple[str, int]] = []
        try:
            if self.kind == "slave":
                self.host, self.port, self.link = text(said[1]), port_of(said[2]), text(said[3])
                self.offset = int(said[4])
            elif self.kind == "master":
                self.offset = int(said[1])
                rest = said[2:]
                self.replicas = [
                    (text(host), port_of(port)) for host, port in zip(rest[::3], rest[1::3], strict=False)
                ]
            elif self.kind != "sentinel":
                raise WireError("ROLE: the answer has another form")
        except (IndexError, ValueError):
            raise WireError("ROLE: the answer has another form") from None


class Product:
    """What HELLO tells of the server: ``name`` (``valkey``, ``redis``), ``version`` and ``mode`` (``cluster``, ``standalone``).

    What it did not tell is empty.
    """

    __slots__ = ("mode", "name", "version")

    def __init__(self, reply: bytes) -> None:
        self.name, self.version = _after(reply, b"server"), _after(reply, b"version")
        self.mode = _after(reply, b"mode")


def _after(reply: bytes, name: bytes) -> str:
    """The string that follows ``name`` in a list; empty without one. Quicker than to read all of it: every node is asked."""
    _, found, rest = reply.partition(b"\r\n" + name + b"\r\n$")
    return text(rest.split(b"\r\n", 2)[1]) if found and rest.count(b"\r\n", 0, 100) > 1 else ""


class RunningFunction:
    """What FUNCTION STATS tells of a function or script that runs: ``name``, ``command`` (its words) and ``milliseconds``."""

    __slots__ = ("command", "milliseconds", "name")

    def __init__(self, name: str, command: str, milliseconds: int) -> None:
        self.name = name
        self.command = command
        self.milliseconds = milliseconds

    def __str__(self) -> str:
        what = f"function {self.name}" if self.name else "script"
        return f"{what} runs for {self.milliseconds / 1000:.1f} s: {self.command}"


def running(reply: bytes) -> RunningFunction | None:
    """What runs, by the answer to FUNCTION STATS; None when nothing does, or the answer has another form."""
    if not reply.startswith(b"*"):
        return None
    try:
        stats = values(reply)
        said = dict(zip(stats[::2], stats[1::2], strict=True))[b"running_script"]
        if said is None:
            return None
        facts = dict(zip(said[::2], said[1::2], strict=True))
        command = " ".join(text(word) for word in facts[b"command"])
        return RunningFunction(text(facts[b"name"]), command, int(facts[b"duration_ms"]))
    except (WireError, KeyError, TypeError, ValueError):
        return None
