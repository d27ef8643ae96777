"""The smd family: a look at system metadata."""

from __future__ import annotations

from hashlib import sha1
from typing import TYPE_CHECKING

from asudfd.aerospike.info.table import InfoCommand
from asudfd.errors import Code, CommandError
from asudfd.record import indexes
from asudfd.smd.interface import FUNCTION, SINDEX, UDF, SmdItem, SmdState

if TYPE_CHECKING:
    from asudfd.aerospike.info.request import Request
    from asudfd.aerospike.node import AerospikeNode

_MODULES = {b"evict": "evict", b"sindex": "sindex", b"truncate": "truncate", b"udf": UDF}
"""The modules that a community node has, by lower-case name, in the order in which it shows them."""

_OURS = {b"function": FUNCTION}
"""Modules that a real node has not: shown when they are asked for, or have something."""

_ENTERPRISE = frozenset({b"masking", b"roster", b"security"})

MODULE_SIZE_MAX = 31
"""Longest `module`, in bytes."""


def smd_show(node: AerospikeNode, request: Request) -> bytes:
    """smd-show:module=MODULE

    The items of a module of system metadata; removed ones are left out. Of FUNCTION, the libraries of Valkey functions: SHA-1 of each text.
    """
    module = request.required(b"module", size_max=MODULE_SIZE_MAX).lower()
    if module in _ENTERPRISE:
        raise CommandError(Code.ENTERPRISE_ONLY, "enterprise only")
    name = (_MODULES | _OURS).get(module)
    if name is None:
        raise CommandError(Code.PARAMETER, "unknown 'module'")
    shown = [_shown(name, item) for item in node.smd.items(name) if item.value is not None]
    if name == SINDEX:
        shown.sort()  # by what they are on; items are kept by their names
    return ";".join(shown).encode("utf-8", "replace") or b"<empty>"


def _shown(module: str, item: SmdItem) -> str:
    if module == SINDEX:
        return indexes.shown(item.key, item.value or "")
    if module == FUNCTION:
        return f"{item.key}={sha1((item.value or '').encode('latin-1'), usedforsecurity=False).hexdigest()}"
    return f"{item.key}={item.value}"


def smd_info(node: AerospikeNode, request: Request) -> bytes:
    """smd-info

    How far each module of system metadata is, and who decides on changes.
    """
    states = {module: node.smd.state(module) for module in _MODULES.values()}
    states |= {module: state for module in _OURS.values() if (state := node.smd.state(module)).tid}
    pending = sum(state.pending for state in states.values())
    cluster = node.cluster
    head = (
        f"smd:n_pending_sets={pending},n_events=0,n_nodes={len(cluster.members)},"
        f"principal={cluster.principal},cluster_key={cluster.key:X};"
    )
    return (head + "".join(_state(module, state) for module, state in states.items())).encode()


def _state(module: str, state: SmdState) -> str:
    return f"{module}:committed_key={state.cluster_key:X},committed_tid={state.tid},n_keys={state.keys},state=pr;"


ROWS = (
    InfoCommand(b"smd-show", smd_show, hidden=True),
    InfoCommand(b"smd-info", smd_info, hidden=True),
)
