"""Makes the nodes of a server from their parts, and their services.

The only module that names a protocol: to have one more, write its service (`asudfd.service`), and add it in
`Assembly._services`.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import socket
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from asudfd.aerospike.message.beside import end_thread as end_operations
from asudfd.aerospike.message.filter.cache import end_thread as end_filters
from asudfd.aerospike.message.peer.owner_set import OwnerSet
from asudfd.aerospike.service import AerospikeService
from asudfd.config.schema import Level
from asudfd.config.schema.address import is_loopback
from asudfd.config.schema.lua import INLINE, PROCESS
from asudfd.lua.aerospike.host import CROSSING_MODULE, UdfHost
from asudfd.lua.demotion import Demotions
from asudfd.lua.worker.supply import shared_supply
from asudfd.node import Node
from asudfd.record.metadata import accept_indexes, accept_truncations
from asudfd.record.spaces import open_namespaces
from asudfd.served_node import ServedNode
from asudfd.smd.interface import SINDEX, TRUNCATE, UDF
from asudfd.udf.store import ModuleStore

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from asudfd.cluster.cluster import Cluster
    from asudfd.config.schema import Config
    from asudfd.config.schema.network import RespPorts
    from asudfd.lua.worker.supply import WorkerSupply
    from asudfd.manifest import Manifest
    from asudfd.process.log import Log
    from asudfd.process.metrics import Metrics
    from asudfd.server import BindFor
    from asudfd.service import NodeService
    from asudfd.smd.interface import Smd
    from asudfd.valkey.smd_store import SmdLibraryStore

DEMOTED = "demoted-functions"
"""File of the work directory with the functions that may not run on the event loop."""

PART_SECONDS = 2.0
"""How long Lua may take to end: a call that does not end must not keep the records from the disk."""


class Assembly:
    """Makes ``count`` nodes that share what is given here; ``stack`` stops their parts.

    ``bind`` makes a listening socket for a use, an address and a port. ``resp_ports`` are the nodes' ports for Valkey's
    protocol; None: it is not served. ``supply`` makes the processes in which Lua runs; None: that of the process. ``shutdown`` ends the process, for a client that asks for it.
    """

    def __init__(
        self,
        config: Config,
        count: int,
        stack: contextlib.AsyncExitStack,
        *,
        cluster: Cluster,
        smd: Smd,
        manifest: Manifest,
        log: Log,
        metrics: Metrics,
        bind: BindFor,
        resp_ports: Sequence[RespPorts] | None = None,
        shutdown: Callable[[], None] | None = None,
        supply: WorkerSupply | None = None,
    ) -> None:
        self._config = config
        self._several = count > 1
        self._stack = stack
        self._cluster = cluster
        self._smd = smd
        self._manifest = manifest
        self._log = log
        self._metrics = metrics
        self._bind = bind
        demoted = Path(config.service.work_directory) / DEMOTED
        self._demotions = Demotions(demoted, partial(self._warn, "", "udf"))
        self._owners = OwnerSet()
        self._resp_ports = resp_ports
        self._shutdown = shutdown
        self._supply = supply or shared_supply(CROSSING_MODULE)
        self._stores: list[SmdLibraryStore] = []  # of all nodes
        stack.push_async_callback(end_filters)
        stack.push_async_callback(end_operations)

    def nodes(self, ports: Sequence[int]) -> list[ServedNode]:
        """One node for each of ``ports``. Raises StartError."""
        made = [self._served(number, port) for number, port in enumerate(ports)]
        self._stack.callback(
            self._owners.close
        )  # before the nodes end: their queries may wait for other nodes
        return made

    def _served(self, number: int, port: int) -> ServedNode:
        """The node at place ``number`` with its services, the first of them on ``port``."""
        node = self._node(number)
        services: list[NodeService] = []
        for service in self._services(node, number, port):
            self._stack.push_async_callback(_end, service.close)
            services.append(service)
        address = services[0].address
        node.config.network.service.port = address[1]
        node.endpoint = _endpoint(node.config, address)
        return ServedNode(node, services)

    def _services(self, node: Node, number: int, port: int) -> Iterator[NodeService]:
        """What ``node`` serves. A service takes what it needs of the node; it may subscribe to metadata, in `node.smd`."""
        yield AerospikeService(node, port, partial(self._bind, f"node {number}"), self._owners)
        if self._resp_ports is not None:
            from asudfd.valkey.service import ValkeyService  # Lua 5.1 and all that: for those who ask for it

            bind = partial(self._bind, f"node {number} resp")
            bind_tls = partial(self._bind, f"node {number} resp tls")
            yield ValkeyService(
                node,
                self._resp_ports[number],
                bind,
                bind_tls,
                stores=self._stores,
                shutdown=self._shutdown,
                supply=self._supply,
            )

    def _node(self, number: int) -> Node:
        """The node at place ``number``, with its modules, its records and its Lua host."""
        config, stack = self._node_config(number), self._stack
        modules: ModuleStore
        source = lambda module: modules.source(module)  # noqa: E731, PLW0108 - host and store need each other
        prefix = f"node {config.service.node_id}: " if self._several else ""
        log = partial(self._log_lua, prefix)
        host = UdfHost(config.mod_lua, source, log, self._demotions, supply=self._supply)
        stack.push_async_callback(_end, host.stop)
        modules = ModuleStore(Path(config.mod_lua.user_path), host, partial(self._warn, prefix, "udf"))
        modules.open()
        stack.callback(modules.close)
        suffix = f"-{config.service.node_id}" if self._several else ""
        namespaces = open_namespaces(config, partial(self._warn, prefix, "storage"), suffix, self._manifest)
        for namespace in namespaces.values():
            stack.push_async_callback(namespace.stop)
        node = Node(
            config.service.node_id,
            config,
            namespaces=namespaces,
            cluster=self._cluster,
            smd=self._smd,
            modules=modules,
            host=host,
            log=self._log,
            metrics=self._metrics,
        )
        self._smd.subscribe(UDF, modules.accept)
        self._smd.subscribe(
            TRUNCATE,
            partial(accept_truncations, namespaces, warn=partial(self._warn, prefix, "truncate")),
        )
        self._smd.subscribe(
            SINDEX, partial(accept_indexes, namespaces, warn=partial(self._warn, prefix, "sindex"))
        )
        return node

    def _node_config(self, number: int) -> Config:
        """The configuration of the node at place ``number``: ids count on, modules are kept apart, and it is chosen where Lua runs."""
        config = copy.deepcopy(self._config)
        config.service.node_id = node_id(self._config, number)
        if not config.mod_lua.isolation:
            config.mod_lua.isolation = INLINE if is_loopback(config.network.service.address) else PROCESS
        if self._several:
            config.mod_lua.user_path = f"{config.mod_lua.user_path}/{config.service.node_id}"
        return config

    def _warn(self, prefix: str, context: str, text: str) -> None:
        self._log.warning(context, prefix + text)

    def _log_lua(self, prefix: str, level: int, position: str, text: str, context: str) -> None:
        self._log.write(Level(level), context, prefix + text, position)


def node_id(config: Config, number: int) -> str:
    """Id of the node at place ``number`` in the process."""
    return f"{int(config.service.node_id, 16) + number:X}"


async def _end(stop: Callable[[], Awaitable[None]]) -> None:
    """Stop a part that Lua may hold up for ever; then the rest goes on without it."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop(), PART_SECONDS)


def _endpoint(config: Config, bound: tuple[str, int]) -> tuple[str, int]:
    """Address and port that clients are told."""
    service = config.network.service
    host = service.access_address or bound[0]
    if host in {"0.0.0.0", "::", "any"}:
        host = _own_address()
    return host, service.access_port or bound[1]


def _own_address() -> str:
    """The address of this machine that its default route uses, or loopback without one. Nothing is sent."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # an address for documentation: any address out there would do
        address: str = probe.getsockname()[0]
        return address
    return "127.0.0.1"
