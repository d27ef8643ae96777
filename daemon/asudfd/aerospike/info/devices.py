"""The devices family: what lies below the records."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

from asudfd.aerospike.info.namespaces import find
from asudfd.aerospike.info.table import InfoCommand
from asudfd.errors import Code, CommandError

if TYPE_CHECKING:
    from asudfd.aerospike.info.request import Request
    from asudfd.aerospike.node import AerospikeNode

DIGEST_DIGITS = 40

BLOCK_DEVICES = Path("/sys/dev/block")
"""Where the kernel tells of the device with the number MAJOR:MINOR."""


async def physical_devices(_node: AerospikeNode, request: Request) -> bytes:
    """physical-devices:path=PATH

    The device that a file is on.
    """
    path = request.required(b"path")
    # a network file system that does not answer would stop the node
    device = await asyncio.to_thread(_device, path)
    if device is None:
        raise CommandError(Code.NOT_FOUND, "no device info")
    return b"physical-device=/dev/%b:age=-1" % os.fsencode(device)


def debug_record(node: AerospikeNode, request: Request) -> bytes:
    """debug-record:namespace=NS;keyd=DIGEST | debug-record-meta:namespace=NS;keyd=DIGEST

    Refused once its parameters are right: what the real server writes of a record is not known here.
    """
    if find(node, request.required(b"namespace")) is None:
        raise CommandError(Code.NAMESPACE, "namespace not found on node")
    digest = request.required(b"keyd", size_max=DIGEST_DIGITS)
    if len(digest) != DIGEST_DIGITS:
        raise CommandError(Code.PARAMETER, "keyd")
    if digest.lower().strip(b"0123456789abcdef"):
        raise CommandError(Code.PARAMETER, "bad keyd")
    raise CommandError(Code.UNSUPPORTED, "records are not written out")


def _device(path: bytes) -> str | None:
    """The name of the device below ``path``, of the whole disk where that is a part of one."""
    try:
        number = os.stat(path).st_dev  # noqa: PTH116 - a path from the wire need not be text
        device = (BLOCK_DEVICES / f"{os.major(number)}:{os.minor(number)}").resolve(strict=True)
    except (OSError, ValueError):  # ValueError: a NUL in the path
        return None
    return device.parent.name if (device / "partition").exists() else device.name


ROWS = (
    InfoCommand(b"physical-devices", physical_devices),
    InfoCommand(b"debug-record", debug_record),
    InfoCommand(b"debug-record-meta", debug_record),
)
