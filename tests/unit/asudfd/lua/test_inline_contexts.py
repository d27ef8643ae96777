"""The contexts in the node's own process: made ahead, first in first out, versions, with ones that are only looked at."""

import asyncio
from typing import TYPE_CHECKING, cast

from asudfd.lua.context_counts import ContextCounts
from asudfd.lua.inline_contexts import InlineContexts

if TYPE_CHECKING:
    from asudfd.lua.context import LuaContext


class Context:
    """A context of a test."""

    def __init__(self) -> None:
        self.usable = True
        self._memory = 0

    def memory(self) -> int:
        return self._memory

    def grow_to(self, memory: int) -> None:
        self._memory = memory


def new() -> "LuaContext":
    return cast("LuaContext", Context())


class Contexts(InlineContexts):
    """``count`` are kept; and the figures."""

    __slots__ = ("figures",)

    def __init__(self, count: int) -> None:
        self.figures = ContextCounts()
        super().__init__(count, self.figures)

    def ahead(self) -> "LuaContext | None":
        """Have a context made, if one is to be."""
        if not self.prewarm():
            return None
        context = new()
        self.prewarmed(context)
        return context

    def use(self) -> "LuaContext | None":
        context = self.take()
        if context is not None:
            assert self.give(context)
        return context

    def counted(self) -> tuple[int, int, int, int]:
        figures = self.figures
        return figures.hits, figures.misses, figures.creations, figures.evictions


def test_contexts_prewarmed_are_used_first_and_are_no_more_than_those_in_use() -> None:
    async def scene() -> None:
        contexts = Contexts(4)
        assert contexts.ahead() is None  # no call came yet
        assert contexts.is_to_wait()
        first = contexts.expect()
        one = contexts.ahead()
        assert first.done()
        assert contexts.ahead() is None
        assert contexts.use() is one
        assert contexts.take() is None  # one that nobody has used will be there soon
        two = contexts.ahead()
        assert contexts.ahead() is None
        assert contexts.use() is two
        ahead = [contexts.ahead(), contexts.ahead()]
        assert contexts.ahead() is None
        assert contexts.is_complete()
        assert [contexts.use() for _ in range(6)] == [*ahead, one, two, *ahead]
        assert (contexts.figures.total, len(list(contexts.idle())), contexts.figures.high_water) == (4, 4, 4)
        assert contexts.counted() == (4, 4, 4, 0)

    asyncio.run(scene())


def test_nobody_waits_for_a_context_that_cannot_be_prewarmed() -> None:
    async def scene() -> None:
        contexts = Contexts(4)
        calls = [contexts.expect(), contexts.expect()]
        assert contexts.prewarm()
        assert contexts.is_making()
        contexts.prewarmed(None)
        assert all(call.done() for call in calls)
        assert contexts.fails
        assert not contexts.is_to_wait()
        assert not contexts.prewarm()
        assert contexts.is_empty()
        assert contexts.figures.total == 0

    asyncio.run(scene())


def test_what_is_made_of_an_old_version_is_nobodys() -> None:
    async def scene() -> None:
        contexts = Contexts(4)
        call = contexts.expect()
        assert contexts.prewarm()
        assert contexts.clear() == []
        assert call.done()
        assert contexts.is_empty()
        assert contexts.figures.total == 0

    asyncio.run(scene())


def test_a_new_version_begins_without_contexts() -> None:
    async def scene() -> None:
        contexts = Contexts(1)
        contexts.expect()
        one = contexts.ahead()
        assert contexts.clear() == [one]
        assert contexts.is_empty()
        assert contexts.counted() == (0, 0, 1, 1)
        contexts.fails = True
        contexts.clear()
        assert not contexts.fails

    asyncio.run(scene())


def test_an_unusable_context_is_not_kept() -> None:
    async def scene() -> None:
        contexts = Contexts(1)
        contexts.expect()
        contexts.ahead()
        context = contexts.take()
        assert context is not None
        context.usable = False
        assert not contexts.give(context)
        assert contexts.is_empty()
        assert contexts.figures.evictions == 1

    asyncio.run(scene())


def test_a_context_that_holds_much_is_not_for_the_event_loop() -> None:
    """It would stand at the head of the line, and no call be tried any more."""

    async def scene() -> None:
        contexts = Contexts(1)
        contexts.expect()
        assert contexts.prewarm()
        made = Context()
        contexts.prewarmed(cast("LuaContext", made))
        taken = contexts.take()
        assert taken is not None
        made.grow_to(64 << 20)
        assert not contexts.give(taken)
        assert contexts.is_empty()
        assert contexts.counted() == (0, 1, 1, 1)

    asyncio.run(scene())


def test_a_call_that_waits_no_more_is_told_nothing() -> None:
    async def scene() -> None:
        contexts = Contexts(4)
        gone, waiting = contexts.expect(), contexts.expect()
        assert contexts.prewarm()
        contexts.expected(gone)
        contexts.expected(gone)
        contexts.prewarmed(new())
        assert waiting.done()
        assert not gone.done()

    asyncio.run(scene())
