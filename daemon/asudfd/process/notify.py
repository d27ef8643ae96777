"""Messages to systemd (`Type=notify`): datagrams to the socket that it names in NOTIFY_SOCKET."""

import contextlib
import os
import socket


def notify(message: str) -> None:
    """Tell systemd ``message``, such as `READY=1`; does nothing where nobody listens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    if address.startswith("@"):
        address = "\0" + address[1:]  # an abstract socket
    with (
        contextlib.suppress(OSError),  # a supervisor that went away is no reason to stop serving
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender,
    ):
        sender.connect(address)
        sender.send(message.encode())


def beat_seconds() -> float:
    """How often systemd wants to hear that this process works (`WatchdogSec=`): half of its limit; 0 for never."""
    limit, process = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not limit.isascii() or not limit.isdigit() or process not in {"", str(os.getpid())}:
        return 0.0
    return int(limit) / 2_000_000
