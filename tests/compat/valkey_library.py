"""A library of functions that every client of Valkey's tests loads, and the waiting for its endless function."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = "shelf"

CODE = """#!lua name=shelf
server.register_function('put', function(keys, args)
    server.call('HSET', keys[1], unpack(args))
    return server.call('HLEN', keys[1])
end)
server.register_function{
    function_name = 'fields',
    callback = function(keys) return server.call('HGETALL', keys[1]) end,
    flags = {'no-writes'},
}
server.register_function('endless', function() while true do end end)
server.register_function('endless_writer', function(keys)
    server.call('SET', keys[1], 'half')
    while true do end
end)
"""

FUNCTIONS = {"put", "fields", "endless", "endless_writer"}
KILLED = "killed by user"


class EndlessCall(threading.Thread):
    """A call that ends when it is killed; ``call`` raises then, and ``told`` is what it raised."""

    def __init__(self, call: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self._call = call
        self.told = ""
        self.start()

    def run(self) -> None:
        try:
            self._call()
        except Exception as error:  # noqa: BLE001 - each client has its own kind
            self.told = str(error)


def await_running(stats: Callable[[], Any]) -> str:
    """Ask for FUNCTION STATS until a function runs; the text of what it tells. A node that is not yet busy answers later."""
    while "endless" not in (told := repr(stats())):
        continue
    return told
