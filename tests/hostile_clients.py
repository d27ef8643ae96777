"""Hostile clients, in a process of their own: each calls functions that do not end, one after the other.

`python -m tests.hostile_clients HOST PORT MODULE FUNCTIONS CLIENTS LIMIT SECONDS` prints, as JSON, what each call came to and how many
milliseconds it took.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from itertools import count

from asinfo.wire import frame, request
from asinfo.wire.request import Key, Policy

numbers = count()


def attack(
    address: tuple[str, int], module: str, functions: int, limit: int, end: float
) -> list[list[object]]:
    """Call functions until ``end``."""
    found: list[list[object]] = []
    with socket.create_connection(address) as sock, sock.makefile("rb") as answers:
        while time.monotonic() < end:
            number = next(numbers)
            key = Key("test", "hostile", number)
            body = request.apply(key, module, f"f{number % functions}", [], Policy(limit=limit))
            began = time.monotonic()
            sock.sendall(frame.pack(frame.MESSAGE, body))
            _, size = frame.unpack_header(answers.read(frame.HEADER_SIZE))
            reply = request.reply(answers.read(size))
            found.append([str(reply.bins.get("FAILURE", reply.bins)), (time.monotonic() - began) * 1000])
    return found


def main() -> None:
    """Run the clients."""
    host, port, module, functions, clients, limit, seconds = sys.argv[1:]
    end = time.monotonic() + float(seconds)
    found: list[list[object]] = []

    def work() -> None:
        found.extend(attack((host, int(port)), module, int(functions), int(limit), end))

    threads = [threading.Thread(target=work) for _ in range(int(clients))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
