"""Scripted nodes with as many statistics and parameters as a real one has. `python -m tests.bench.mirror_fleet N HUNG`."""

from __future__ import annotations

from functools import cache
from itertools import product

from tests.bench.fleet import Fleet, main

SERVICE = 100
NAMESPACE = 300
"""Statistics of each node, of one namespace in it: 400 together, as 8.1 has some 540."""

_OPERATIONS = ("client", "from_proxy", "batch_sub", "udf_sub", "xdr_client", "retransmit_all")
_KINDS = ("read", "write", "delete", "udf", "proxy", "lang_read", "lang_write", "tsvc", "ops", "scan")
_ENDS = ("success", "error", "timeout", "not_found", "filtered_out")
NAMES = ["_".join(words) for words in product(_OPERATIONS, _KINDS, _ENDS)]
PARAMETERS = 200
"""Of service, network and namespace together."""


@cache
def counters(count: int, node: int) -> bytes:
    """Statistics: some are zero on all nodes, most differ."""
    values = ((name, 0 if at % 4 == 0 else at * 7919 + node * 31) for at, name in enumerate(NAMES[:count]))
    return ";".join(f"{name}={value}" for name, value in values).encode()


@cache
def parameters(context: str, count: int, node: int) -> bytes:
    """Configuration: one parameter is the node's own, one differs on a few, the others are the same."""
    said = [f"{context}.parameter-{number}-of-some-name={number * 10}" for number in range(count - 2)]
    return ";".join(
        [*said, f"{context}.node-id=A{node}", f"{context}.threads={8 if node % 100 else 4}"]
    ).encode()


class MirrorFleet(Fleet):
    """Answers what the commands that show figures ask."""

    def answer(self, line: bytes, node: int) -> bytes:
        """One namespace, no sets."""
        command = line.decode()
        if command.startswith("get-config:context="):
            context = command.partition("=")[2].partition(";")[0]
            return b"" if context in {"security", "xdr"} else parameters(context, PARAMETERS // 3, node)
        known = {
            "node": f"A{node}".encode(),
            "namespaces": b"test",
            "namespace/test": counters(NAMESPACE, node),
            "statistics": counters(SERVICE, node) + b";cluster_size=300;uptime=86400",
            "sets": b"",
            "rack-ids": b"test:0",
        }
        return known.get(command, b"8.1.2.0")


if __name__ == "__main__":
    main(MirrorFleet)
