"""The answer of one node to HELLO, ROLE and FUNCTION DUMP: its libraries, and what it tells of itself."""

from __future__ import annotations

from asadm.target.results import UNKNOWN, NodeRole
from asadm.target.valkey.replies import Product, Role, bulk, error, status
from asinfo.errors import WireError
from asinfo.host import written
from asinfo.wire.resp_frame import command

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.outcome import NodeAnswer
    from asadm.target.valkey.dump_payload import LibraryTexts
    from asinfo.exchange import Endpoint

LIST = command("HELLO", "2") + command("ROLE") + command("FUNCTION", "DUMP")
"""Version, role and libraries. HELLO is allowed to everybody; ROLE may be forbidden: the topology tells roles, too."""


def listed(answer: NodeAnswer, texts: LibraryTexts) -> dict[bytes, str] | None:
    """Hash by name of the libraries of a node; None where it could not tell: the reason is in ``answer`` then.

    What it tells of its role goes to its endpoint.
    """
    if not answer.answers:
        return None
    product, role, dump = answer.answers
    answer.answers = []  # bytes of no use to a person; what they say is in the list and in the role
    said = error(dump)
    answer.status, answer.error = (status(said), said) if said else ("ok", "")
    problem = learn(answer.node, product, role)
    if said:
        return None
    if problem:
        answer.status, answer.error = "lagging", problem
        return None
    try:
        return texts.listed(bulk(dump))
    except WireError as wrong:
        answer.status, answer.error = "protocol", str(wrong)
        return None


def learn(node: Endpoint, product: bytes, said: bytes) -> str:
    """Take what a node tells of itself; why it cannot be judged now, empty where it can."""
    role: NodeRole = node.role or NodeRole()
    node.role = role
    told = Product(product)
    role.product, role.version, role.clustered = told.name, told.version, told.mode == "cluster"
    try:
        own = Role(said)
    except WireError:
        if role.kind == UNKNOWN and "NOPERM" in error(said):
            role.kind = "primary"  # nobody may know; if it is none, it says so when it is written to
        return ""  # what the others say of it stands
    if own.kind == "sentinel":
        return "it is a Sentinel, which has no functions"
    role.offset = own.offset
    if own.kind == "master":
        role.kind, role.primary = "primary", ""
        return ""
    if role.kind != "replica" or not role.primary:
        role.kind, role.primary = "replica", written(own.host, own.port)
    role.link = own.link
    if own.link != "connected":
        return f"a replica that is not in touch with its primary {role.primary} ({own.link})"
    return ""
