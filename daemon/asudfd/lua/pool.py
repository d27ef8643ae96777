"""The cached Lua contexts of one module, first in first out, and their figures.

Sequential calls walk through the contexts in turn, as on the real server: a counter in a global gives 1 ten times, then
2 ten times. So prewarmed contexts, which served no call yet, go before those that have.

A context belongs to the version of the module it was made for; one that comes back after the version has changed is
dropped. Only the event loop touches a pool; ``required`` alone is also added to by worker threads.
"""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain

from asudfd.lua.call_figures import ModuleFigures
from asudfd.lua.context import REQUIRED_MAX, TRIAL_MEMORY, LuaContext
from asudfd.lua.profile_guard import ProfileGuard


@dataclass(frozen=True, slots=True)
class ContextStatistics:
    """Figures of one module's contexts since the daemon started.

    ``contexts`` exist now, ``idle`` of them are not in a call; ``high_water`` existed at once at most. The first call
    in a context is a miss, the others are hits. ``evictions`` were dropped before the daemon stopped. ``demoted``
    functions run in threads only.
    """

    module: str
    contexts: int
    idle: int
    high_water: int
    hits: int
    misses: int
    creations: int
    evictions: int
    demoted: tuple[bytes, ...] = ()


PATIENCE = 0.005
"""Seconds between contexts that are made while calls wait.

A short call is better served by a context that comes back, which it does within a millisecond or two, than by a new one, which
takes as long to make and whose memory is not in the processor's cache.
"""

PREWARM_MAX = 2
"""Contexts of one module that are prewarmed at the same time; more would take the processor from calls."""


class RequiredNames(set[bytes]):
    """Names that the contexts of one version have asked for; ``asked`` gets those of all modules, up to REQUIRED_MAX.

    So most changes of a module need not look through the others: nobody ever asked for it.
    """

    __slots__ = ("_asked",)

    def __init__(self, asked: set[bytes]) -> None:
        super().__init__()
        self._asked = asked

    def add(self, name: bytes) -> None:
        """Add ``name``; from any thread."""
        if len(self._asked) < REQUIRED_MAX:
            self._asked.add(name)
        super().add(name)


@dataclass(slots=True, eq=False)
class ModuleVersion:
    """One version of a module's code.

    ``required`` are the names that its contexts have required, found or not. ``guard`` knows which of its functions are
    too slow for the event loop. ``fails`` tells that a context could not be prewarmed: calls try, and learn why.
    """

    fails: bool = False
    required: set[bytes] = field(default_factory=set)
    guard: ProfileGuard = field(default_factory=ProfileGuard)


@dataclass(slots=True, eq=False)
class ContextLease:
    """The lease of one call: a context, or the right to make a fresh one (``context`` is None until it is made)."""

    version: ModuleVersion
    context: LuaContext | None
    fresh: bool


class ContextPool:
    """The contexts of one module: ``count`` are kept, up to ``most`` while calls overlap (0 and 0: none is kept).

    ``functions`` are the figures of its functions, of all its versions.
    """

    __slots__ = (
        "_asked",
        "_count",
        "_creations",
        "_evictions",
        "_expecting",
        "_fresh",
        "_high_water",
        "_hits",
        "_idle",
        "_making",
        "_misses",
        "_most",
        "_quiet",
        "_timer",
        "_total",
        "_waiting",
        "functions",
        "module",
        "version",
    )

    def __init__(self, module: str, count: int, most: int, asked: set[bytes] | None = None) -> None:
        self.module = module
        self.functions = ModuleFigures()
        self._asked = set() if asked is None else asked
        self.version = ModuleVersion(required=RequiredNames(self._asked))
        self._count = count
        self._most = max(count, most)
        self._idle: deque[LuaContext] = deque()
        self._fresh: deque[LuaContext] = deque()  # prewarmed, and never used
        self._making = 0  # prewarmed, just now
        self._expecting: deque[asyncio.Future[None]] = deque()  # calls that wait for one of those
        self._waiting: deque[asyncio.Future[ContextLease]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._total = 0
        self._quiet = 0
        self._high_water = self._hits = self._misses = self._creations = self._evictions = 0

    def take(self) -> ContextLease:
        """A context for one call: an unused one, the longest idle one, or a new one while too few exist."""
        if self._fresh:
            self._misses += 1
            return ContextLease(self.version, self._fresh.popleft(), fresh=False)
        if self._idle and self._total >= self._count:
            self._hits += 1
            context = self._idle.popleft()
            self._quiet = min(self._quiet, len(self._idle))
            return ContextLease(self.version, context, fresh=False)
        self._misses += 1
        return self._new_lease()

    def _new_lease(self) -> ContextLease:
        self._total += 1
        self._quiet = 0
        self._high_water = max(self._high_water, self._total)
        return ContextLease(self.version, None, fresh=True)

    async def wait(self) -> ContextLease:
        """The same for a call that can wait: while all contexts are busy, a new one every PATIENCE seconds."""
        if self._can_take() or not self._most:
            return self.take()
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[ContextLease] = loop.create_future()
        self._waiting.append(waiter)
        if self._timer is None:
            self._timer = loop.call_later(PATIENCE, self._grow)
        try:
            return await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled():  # it came just then
                self.give(waiter.result())
            raise

    def _can_take(self) -> bool:
        """Whether a call need not wait. For an unused context it does, though a used one is idle."""
        return bool(self._fresh or self._total < self._count or (self._idle and not self._making))

    def _grow(self) -> None:
        self._timer = None
        self._serve(1)
        if self._waiting:
            self._timer = asyncio.get_running_loop().call_later(PATIENCE, self._grow)

    def _serve(self, new: int = 0) -> None:
        """Let who waits have the idle contexts, those that are missing, and ``new`` ones beyond."""
        waiting = self._waiting
        while waiting and (new or self._can_take()):
            waiter = waiting.popleft()
            if waiter.done():
                continue
            if not self._idle and not self._fresh and self._total >= self._count:
                new -= 1
            waiter.set_result(self.take())

    def give(self, lease: ContextLease) -> LuaContext | None:
        """End a lease; answers the context that is to be closed, if it is not kept."""
        closed = self._take_back(lease)
        if self._waiting:
            self._serve()
        return closed

    def _take_back(self, lease: ContextLease) -> LuaContext | None:
        context, lease.context = lease.context, None
        self._creations += lease.fresh and context is not None
        if lease.version is not self.version:
            self._evictions += context is not None
            return context
        if context is not None and context.usable and self._total <= self._most:
            self._idle.append(context)
            return None
        self._total -= 1
        self._evictions += context is not None
        return context

    def take_idle(self) -> LuaContext | None:
        """A context for a call that ends before the event loop goes on; None if it holds much, or has to be waited for."""
        line = self._fresh or self._idle
        if not line or line[0].memory() > TRIAL_MEMORY or self.is_to_wait():
            return None
        if line is self._fresh:
            self._misses += 1
            return line.popleft()
        self._hits += 1
        if len(line) <= self._quiet:
            self._quiet = len(line) - 1
        return line.popleft()

    def give_idle(self, context: LuaContext) -> bool:
        """Take back what `take_idle` gave; False when it is not kept, and is to be closed."""
        if context.usable:
            self._idle.append(context)
            return True
        self._total -= 1
        self._evictions += 1
        return False

    # Prewarming

    def is_to_wait(self) -> bool:
        """Whether a call that can wait is best served by a prewarmed context."""
        return not self._fresh and (self._total < self._count or self._making > 0) and not self.version.fails

    def expect(self) -> asyncio.Future[None]:
        """Done when a context has been prewarmed, or when no more will be; `expected` ends the wait."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._expecting.append(future)
        return future

    def expected(self, future: asyncio.Future[None]) -> None:
        """Nobody waits for ``future`` any more."""
        with suppress(ValueError):
            self._expecting.remove(future)

    def is_making(self) -> bool:
        """Whether a context is being prewarmed."""
        return self._making > 0

    def is_complete(self) -> bool:
        """Whether as many as are kept exist, or are being made."""
        return self._total >= self._count

    def prewarm(self) -> ContextLease | None:
        """The right to make a context for a later call, which `prewarmed` ends; None when enough are there, or are made.

        Those are as many as have served calls, up to the kept count: a module that is called once need not have all.
        """
        fresh = len(self._fresh) + self._making
        wanted = max(self._total - fresh, len(self._expecting))
        if self._total >= self._count or self._making >= PREWARM_MAX or fresh >= wanted or self.version.fails:
            return None
        self._making += 1
        return self._new_lease()

    def prewarmed(self, lease: ContextLease) -> LuaContext | None:
        """End a lease of `prewarm`; answers the context that is to be closed, if it is not kept."""
        context, lease.context = lease.context, None
        self._creations += context is not None
        if lease.version is not self.version:
            self._evictions += context is not None
            return context
        self._making -= 1
        if context is None:
            self._total -= 1
            self.version.fails = True
            self._tell(len(self._expecting))
            self._serve()
            return None
        self._fresh.append(context)
        self._tell(1 if self._making or self._total < self._count else len(self._expecting))
        self._serve()
        return None

    def _tell(self, calls: int) -> None:
        while self._expecting and calls:
            future = self._expecting.popleft()
            if not future.done():
                future.set_result(None)
                calls -= 1

    def idle(self) -> Iterator[LuaContext]:
        """The contexts that no call has now."""
        return chain(self._idle, self._fresh)

    def drop(self, context: LuaContext) -> None:
        """Take out an idle context, which is to be closed."""
        (self._fresh if context in self._fresh else self._idle).remove(context)
        self._total -= 1
        self._evictions += 1
        self._quiet = min(self._quiet, len(self._idle))

    def renew(self) -> list[LuaContext]:
        """Begin a new version; answers the idle contexts of the old one, which are to be closed."""
        dropped = list(self.idle())
        self._idle.clear()
        self._fresh.clear()
        self._evictions += len(dropped)
        self._total = self._quiet = self._making = 0
        self.version = ModuleVersion(required=RequiredNames(self._asked))
        self._tell(len(self._expecting))
        return dropped

    def trim(self) -> list[LuaContext]:
        """Drop what no call has used since the last trim, down to the kept count; answers what is to be closed."""
        surplus = max(0, min(self._quiet, self._total - self._count))
        dropped = [self._idle.popleft() for _ in range(surplus)]
        self._total -= surplus
        self._evictions += surplus
        self._quiet = len(self._idle)
        return dropped

    def is_empty(self) -> bool:
        """Whether this version has no context, nor one in the making."""
        return not self._total

    def statistics(self) -> ContextStatistics:
        """The figures now."""
        return ContextStatistics(
            self.module,
            self._total,
            len(self._idle) + len(self._fresh),
            self._high_water,
            self._hits,
            self._misses,
            self._creations,
            self._evictions,
            tuple(self.version.guard.demoted()),
        )
