"""The advisory lock for clients that change many modules: one key in etcd, under a lease of the time that the client asked for."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from asudfd.smd.etcd import wire
from asudfd.smd.etcd.wire import EtcdError, EtcdUnreachable, KeyValue
from asudfd.smd.interface import CONFIRM_SECONDS, LockHolder

if TYPE_CHECKING:
    from asudfd.smd.etcd.gateway import Gateway

LOCK_CALL_SECONDS = 1.0
"""Time limit of one request: asadm waits for the answer, and asks again."""


class EtcdLock:
    """The lock at ``key``. Every method raises EtcdError, after CONFIRM_SECONDS at the latest."""

    def __init__(self, gateway: Gateway, key: bytes) -> None:
        self._gateway = gateway
        self._key = key

    async def take(self, owner: str, seconds: int) -> LockHolder | None:
        """Hold it for ``seconds`` from now on, or say who else does."""
        try:
            async with asyncio.timeout(CONFIRM_SECONDS):
                return await self._take(owner.encode(), seconds)
        except TimeoutError as error:
            raise EtcdUnreachable("etcd does not answer in time", maybe=True) from error

    async def give(self, owner: str) -> LockHolder | None:
        """Hold it no more, or say who else does."""
        try:
            async with asyncio.timeout(CONFIRM_SECONDS):
                return await self._give(owner.encode())
        except TimeoutError as error:
            raise EtcdUnreachable("etcd does not answer in time", maybe=True) from error

    async def _take(self, owner: bytes, seconds: int) -> LockHolder | None:
        lease = await self._gateway.grant(seconds, seconds=LOCK_CALL_SECONDS)
        held: KeyValue | None = None
        try:
            while True:
                outcome = await self._gateway.transact(
                    [wire.is_revision(self._key, held.mod if held else 0)],
                    [wire.put(self._key, owner, lease)],
                    [wire.fetch(self._key)],
                    seconds=LOCK_CALL_SECONDS,
                )
                if outcome.succeeded:
                    lease = held.lease if held else 0  # the one to end: what it held is under the new one
                    return None
                keys = outcome.ranges[0].keys
                held = keys[0] if keys else None
                if held and held.value != owner:
                    return await self._holder(held)
        finally:
            await self._end(lease)

    async def _give(self, owner: bytes) -> LockHolder | None:
        while True:
            look = await self._gateway.transact((), [wire.fetch(self._key)], seconds=LOCK_CALL_SECONDS)
            if not look.ranges[0].keys:
                return None
            held = look.ranges[0].keys[0]
            if held.value != owner:
                return await self._holder(held)
            outcome = await self._gateway.transact(
                [wire.is_revision(self._key, held.mod)], [wire.delete(self._key)], seconds=LOCK_CALL_SECONDS
            )
            if outcome.succeeded:
                await self._end(held.lease)
                return None

    async def _holder(self, held: KeyValue) -> LockHolder:
        left = await self._gateway.time_left(held.lease, seconds=LOCK_CALL_SECONDS) if held.lease else 0
        return LockHolder(held.value.decode("utf-8", "replace"), max(0, left))

    async def _end(self, lease: int) -> None:
        """End a lease that holds nothing any more; it would end by itself."""
        if lease:
            with contextlib.suppress(EtcdError):
                await self._gateway.revoke(lease, seconds=LOCK_CALL_SECONDS)
