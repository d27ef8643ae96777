"""Journal of marker puts under way, so that the next run finds what a killed one left.

One small file each, called by the hash that ``udf-list`` shows of the marker version: whoever has read the lists
knows at once whether a node holds one, without reading any content. The file has the true content, too.
"""

from __future__ import annotations

from asadm import state
from asadm.target.aerospike.marker import marked_hash
from asadm.target.aerospike.marker import unmarked as original
from asinfo.decode import decode_base64, decode_json
from asinfo.text import text
from asinfo.wire.udf import base64

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from asadm.target.results import Listing
    from asinfo.exchange import Endpoint

__all__ = ["begin", "content", "end", "held", "lines", "original"]

KIND = "markers"


def begin(name: bytes, content: bytes, nodes: Iterable[Endpoint]) -> bool:
    """Note that ``nodes`` are about to hold the marker version of ``content``; whether that could be written."""
    import json

    entry = {
        "name": name.hex(),
        "nodes": [node.address for node in nodes],
        "content": base64(content).decode(),
    }
    return state.write(KIND, marked_hash(name, content) or "", json.dumps(entry).encode())


def end(name: bytes, content: bytes) -> None:
    """Note that all of them have the true content again."""
    state.remove(KIND, [marked_hash(name, content) or ""])


def content(hash_: str) -> bytes | None:
    """The true content of the marker version with that hash; None when nothing is known of it."""
    try:
        entry = decode_json(state.read(KIND, hash_) or b"")
        found = decode_base64(entry["content"])
        name = bytes.fromhex(entry["name"])
    except (ValueError, KeyError, TypeError):
        return None
    return found if marked_hash(name, found) == hash_ else None


def held(
    listings: Sequence[Listing], known: Iterable[tuple[bytes, bytes]] = ()
) -> dict[bytes, list[Endpoint]]:
    """The modules of which nodes list a marker version, and these nodes.

    ``known`` are modules with their true contents, such as those of a directory; others are known from the journal.
    """
    hashes = {*state.names(KIND), *(marked_hash(name, source) for name, source in known)}
    found: dict[bytes, list[Endpoint]] = {}
    if hashes:
        for listing in listings:
            for name, digest in (listing.modules or {}).items():
                if digest in hashes:
                    found.setdefault(name, []).append(listing.node)
    return found


def lines(found: Mapping[bytes, Sequence[Endpoint]]) -> Sequence[str]:
    """What to tell of them, a line a module."""
    return [
        f"{', '.join(node.name for node in nodes)} hold{'s' if len(nodes) == 1 else ''} a marker version of {text(name)}"
        f", left by a repair that was cut off: asadm udf repair {text(name)}"
        for name, nodes in found.items()
    ]
