"""The build family: which program a client talks to."""

from __future__ import annotations

import platform
from functools import cache
from typing import TYPE_CHECKING

from asudfd.aerospike.info.table import InfoCommand
from asudfd.figures.node import COMPATIBILITY_ID

if TYPE_CHECKING:
    from asudfd.aerospike.info.request import Request
    from asudfd.aerospike.node import AerospikeNode

EDITION = b"Aerospike Community Edition"
"""Clients and tools choose their behaviour by it; ours is that edition's."""

FEATURES = (
    b"batch-any",
    b"batch-index",
    b"blob-bits",
    b"cdt-index",
    b"cdt-list",
    b"cdt-map",
    b"cluster-stable",
    b"float",
    b"geo",
    b"sindex-exists",
    b"peers",
    b"pipelining",
    b"pquery",
    b"pscans",
    b"query-show",
    b"replicas",
    b"replicas-all",
    b"replicas-master",
    b"replicas-max",
    b"truncate-namespace",
    b"udf",
)
"""What of the real server's list is true here.

`geo` is values that can be stored and queries by index. Left out: relaxed-sc.
"""


def build(node: AerospikeNode, _request: Request) -> bytes:
    """build

    The release, as four numbers.
    """
    return node.service.build.encode()


def version(node: AerospikeNode, _request: Request) -> bytes:
    """version

    Edition and release in words.
    """
    return b"%b build %b" % (EDITION, node.service.build.encode())


def edition(_node: AerospikeNode, _request: Request) -> bytes:
    """edition

    The edition whose commands this node answers.
    """
    return EDITION


def release(node: AerospikeNode, _request: Request) -> bytes:
    """release

    Everything about the build at once.
    """
    return b"edition=%b;version=%b;os=%b;arch=%b;sha=" % (
        EDITION,
        node.service.build.encode(),
        _system(),
        platform.machine().encode(),
    )


def build_os(_node: AerospikeNode, _request: Request) -> bytes:
    """build_os

    The operating system that the node runs on.
    """
    return _system()


def build_arch(_node: AerospikeNode, _request: Request) -> bytes:
    """build_arch

    The processor architecture that the node runs on.
    """
    return platform.machine().encode()


def unknown(_node: AerospikeNode, _request: Request) -> bytes:
    """build_sha | build_ee_sha | build_time

    Empty: nothing was compiled.
    """
    return b""


def compatibility_id(_node: AerospikeNode, _request: Request) -> bytes:
    """compatibility-id

    Version of the protocol between nodes.
    """
    return b"%d" % COMPATIBILITY_ID


def features(_node: AerospikeNode, _request: Request) -> bytes:
    """features

    What clients may use.
    """
    return b";".join(FEATURES)


def digests(_node: AerospikeNode, _request: Request) -> bytes:
    """digests

    The hash function that makes a record's digest.
    """
    return b"RIPEMD160"


@cache
def _system() -> bytes:
    try:
        system = platform.freedesktop_os_release()
    except OSError:
        return platform.system().lower().encode()
    return f"{system['ID']}{system.get('VERSION_ID', '')}".encode()


ROWS = (
    InfoCommand(b"build", build, constant=True),
    InfoCommand(b"version", version, constant=True),
    InfoCommand(b"edition", edition, constant=True),
    InfoCommand(b"release", release, constant=True, hidden=True),
    InfoCommand(b"build_os", build_os, constant=True),
    InfoCommand(b"build_arch", build_arch, constant=True),
    InfoCommand(b"build_sha", unknown, constant=True),
    InfoCommand(b"build_ee_sha", unknown, constant=True),
    InfoCommand(b"build_time", unknown, constant=True),
    InfoCommand(b"compatibility-id", compatibility_id, constant=True),
    InfoCommand(b"features", features, constant=True),
    InfoCommand(b"digests", digests, constant=True, hidden=True),
)
