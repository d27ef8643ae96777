"""Which node owns a record: the nodes' own word, ``replicas``.

replicas  ->  *( NS ":" REGIME "," COUNT *( "," BITMAP ) ";" )     base64; bit P of the first bitmap: the node is master of partition P
"""

from __future__ import annotations

from binascii import Error, a2b_base64

from asinfo.errors import Error as AsudfError
from asinfo.text import text
from asinfo.wire.digest import PARTITIONS, partition

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.outcome import NodeAnswer
    from asadm.target.interface import Target
    from asinfo.exchange import Endpoint


def owner(cluster: Target, namespace: bytes, digest: bytes) -> Endpoint:
    """The node that is master of the record's partition; where none says so, the first that answers, which passes the request on.

    Raises Error where no node answers, or none has the namespace.
    """
    nodes = cluster.nodes
    if len(nodes) == 1:
        return nodes[0]
    answers = cluster.each([b"replicas"])
    good = [answer for answer in answers if answer.good]
    if not good:
        reasons = dict.fromkeys(f"{answer.node.name}: {answer.error}" for answer in answers)
        raise AsudfError("no node tells which records it owns: " + "; ".join(reasons))
    bitmaps = [_bitmaps(answer) for answer in good]
    if not any(namespace in found for found in bitmaps):
        names = sorted({text(name) for found in bitmaps for name in found})
        raise AsudfError(
            f"no node has the namespace {text(namespace)!r}: there is {', '.join(names) or 'none'}"
        )
    number = partition(digest)
    for answer, found in zip(good, bitmaps, strict=True):
        if _has(found.get(namespace, b""), number):
            return answer.node
    return good[0].node


def _bitmaps(answer: NodeAnswer) -> dict[bytes, bytes]:
    """By namespace what ``replicas`` says of masters, still in base64."""
    found = {}
    for entry in answer.answer.split(b";"):
        name, colon, rest = entry.rpartition(b":")
        parts = rest.split(b",")
        if colon and len(parts) > 2:
            found[name] = parts[2]
    return found


def _has(bitmap: bytes, number: int) -> bool:
    try:
        bits = a2b_base64(bitmap)
    except Error:
        return False
    return len(bits) == PARTITIONS // 8 and bool(bits[number >> 3] & 0x80 >> (number & 7))
