"""The namespaces of every node: which there are, and what each node says of them."""

from __future__ import annotations

from asadm.target.aerospike.views.asking import NAMESPACES, ask

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asadm.target.aerospike.cluster import AerospikeCluster
    from asadm.target.aerospike.views.asking import NodeInfo


def statistics(namespace: str) -> str:
    """The command that asks for the statistics of a namespace, which have its configuration among them."""
    return f"namespace/{namespace}"


def configuration(namespace: str) -> str:
    """The command that asks for the configuration of a namespace."""
    return f"get-config:context=namespace;namespace={namespace}"


def ask_each(
    cluster: AerospikeCluster,
    commands: Sequence[str],
    each: Sequence[Callable[[str], str]],
    wanted: Callable[[str], bool],
) -> list[NodeInfo]:
    """Ask every node ``commands``, and the commands that ``each`` makes for every namespace that is wanted."""

    def follow(info: NodeInfo) -> list[str]:
        return [make(name) for name in info.namespaces if wanted(name) for make in each]

    return ask(cluster, [*commands, NAMESPACES], follow)


def every(_: str) -> bool:
    """Wants every namespace, and whatever else has a name."""
    return True
