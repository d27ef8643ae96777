"""The unsupported family: why requests were refused. A command of asudfd's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.wire.info import without
from asudfd.aerospike.info.table import InfoCommand
from asudfd.aerospike.refusals import CODES
from asudfd.errors import Code, CommandError

if TYPE_CHECKING:
    from asudfd.aerospike.info.request import Request
    from asudfd.aerospike.node import AerospikeNode


def unsupported(node: AerospikeNode, request: Request) -> bytes:
    """unsupported:[code=4|12|16]

    Why requests were answered with the result codes 4 (parameter), 12 (bin type) and 16 (unsupported feature) since the
    start of this node, and how often, the most frequent first (asudfd's own command). The log has a line for each
    reason and client. Of more than 256 reasons the rarest of a code are counted together.
    """
    wanted = request.optional(b"code")
    if wanted is not None and wanted not in {b"%d" % code for code in CODES}:
        raise CommandError(Code.PARAMETER, "bad 'code'")
    found = node.refusals.listed(None if wanted is None else int(wanted))
    return "".join(
        f"code={reason.code}:count={count}:reason={without(':;', reason.text)};" for reason, count in found
    ).encode()


ROWS = (InfoCommand(b"unsupported", unsupported),)
