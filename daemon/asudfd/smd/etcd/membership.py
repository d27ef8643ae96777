"""The live members of the cluster: each process keeps the addresses of its nodes in etcd under its lease."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING

from asinfo.decode import decode_json
from asinfo.terminal.options import PORT_MAX
from asudfd.cluster.cluster import Member
from asudfd.errors import StartError
from asudfd.smd.etcd.lease import KeyTaken
from asudfd.smd.etcd.wire import AccessDenied, EtcdError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from asudfd.smd.etcd.lease import EtcdLease
    from asudfd.smd.etcd.watch_cache import WatchCache
    from asudfd.smd.etcd.wire import KeyValue

RETRY_SECONDS = 0.25
"""Pause before etcd is told again of our nodes."""

NODE_ID = re.compile(rb"[1-9A-F][0-9A-F]{0,15}")
"""A node's id as we write it: 64 bits in hexadecimal digits, not 0."""

HOST = re.compile(r"[A-Za-z0-9._:%-]{1,255}")
"""A name or an address. Clients are told it between commas and semicolons, so nothing else may stand in it."""


RESP, RESP_TLS = "resp", "resp-tls"
"""Names of a member's ports for Valkey's protocol, plain and over TLS, in its value."""


class EtcdMembership:
    """The members of the cluster: ``joined`` is called on the event loop with all live ones, at every change.

    To be made before ``cache`` starts, to be started after it and stopped before it: ``lease`` keeps the nodes of this
    process alive. A key of a node whose value is no address is left out.
    """

    def __init__(
        self, cache: WatchCache, lease: EtcdLease, joined: Callable[[Sequence[Member]], None]
    ) -> None:
        self._cache = cache
        self._lease = lease
        self._joined = joined
        self._root = cache.root + b"nodes/"
        self._members: dict[bytes, Member] = {}
        self._own: dict[bytes, Member] = {}
        self._started = False
        cache.subscribe(b"nodes", self._accept)
        lease.liveness.changed = self._tell

    async def start(self, members: Sequence[Member]) -> None:
        """Make ``members``, the nodes of this process, known; returns after the first call of ``joined``, with them.

        Waits for an etcd that is away, until it is cancelled. Raises StartError.
        """
        self._own = {self._root + member.id.encode(): member for member in members}
        await self._cache.reached(await self._claim())
        self._started = True
        self._tell()

    async def stop(self) -> None:
        """Let the nodes of this process leave; the others see it at once."""
        self._started = False
        await self._lease.drop(self._own)

    async def _claim(self) -> int:
        values = {key: _value(member) for key, member in self._own.items()}
        while True:
            try:
                return await self._lease.claim(values)
            except (KeyTaken, AccessDenied) as error:
                raise StartError(f"etcd does not take the address of this node: {error}") from error
            except EtcdError:
                await asyncio.sleep(RETRY_SECONDS)  # it was there a moment ago; the cache tells the log

    def _accept(self, changed: Sequence[KeyValue], _position: int) -> None:
        """Take over who came and went."""
        before = list(self._members.values())
        for entry in changed:
            member = self._member(entry) if entry.version else None
            if member:
                self._members[entry.key] = member
            else:
                self._members.pop(entry.key, None)
                if entry.key in self._own and self._started:
                    self._lease.check()
        if before != list(self._members.values()):
            self._tell()

    def _member(self, entry: KeyValue) -> Member | None:
        try:
            return _member(entry.key.removeprefix(self._root), entry)
        except ValueError as error:
            self._cache.skip(entry, error)
            return None

    def _tell(self) -> None:
        """Say who is a member: our own nodes as long as the others count on them, whatever stands under their names."""
        if not self._started:
            return
        if self._lease.liveness.alive:
            # what etcd says of our own nodes comes first: the others know them by the revisions at which they joined
            members = self._own | self._members
        else:
            members = {key: member for key, member in self._members.items() if key not in self._own}
        self._joined([*members.values()])


def _value(member: Member) -> bytes:
    ports = {RESP: member.resp_port, RESP_TLS: member.resp_tls_port}
    given = {name: port for name, port in ports.items() if port}
    return json.dumps({"host": member.host, "port": member.port} | given).encode()


def _member(name: bytes, entry: KeyValue) -> Member | None:
    """The node ``name`` with the address that ``entry`` has; None when nobody keeps it alive.

    Raises ValueError when they are no such thing.
    """
    if not entry.lease:
        return None  # nobody sees to it that it goes when its process does
    if not NODE_ID.fullmatch(name):
        raise ValueError("is not called by the id of a node")
    match decode_json(entry.value):
        case {"host": str(host), "port": int(port), **others} if (
            HOST.fullmatch(host) and 0 < port <= PORT_MAX
        ):
            return Member(
                name.decode(), host, port, entry.create, _port(others, RESP), _port(others, RESP_TLS)
            )
    raise ValueError("has no host and port")


def _port(values: Mapping[object, object], name: str) -> int:
    """A port that a member may have; 0 if it has none. Raises ValueError."""
    port = values.get(name, 0)
    if type(port) is int and 0 <= port <= PORT_MAX:
        return port
    raise ValueError("has a port that is none")
