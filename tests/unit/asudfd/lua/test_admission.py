"""Admission of calls to the workers: no function takes all places."""

import asyncio

from asudfd.lua.admission import Admission, FunctionKey


def test_no_function_takes_all_places() -> None:
    async def scene() -> None:
        admission = Admission(8)
        many = [asyncio.ensure_future(admission.enter(FunctionKey("m", b"many"))) for _ in range(20)]
        await asyncio.sleep(0)
        assert sum(each.done() for each in many) == 4
        other = [asyncio.ensure_future(admission.enter(FunctionKey("m", b"other"))) for _ in range(20)]
        await asyncio.sleep(0)
        assert sum(each.done() for each in other) == 2
        await asyncio.wait_for(admission.enter(FunctionKey("m", b"new")), 1)
        admission.leave(FunctionKey("m", b"many"))
        await asyncio.sleep(0)
        assert sum(each.done() for each in (*many, *other)) == 6  # one has left
        for each in (*many, *other):
            each.cancel()
        await asyncio.wait((*many, *other))

    asyncio.run(scene())


def test_a_place_that_comes_when_nobody_wants_it_goes_on() -> None:
    async def scene() -> None:
        admission = Admission(1)
        await admission.enter(FunctionKey("m", b"f"))
        given_up, waiting = (asyncio.ensure_future(admission.enter(FunctionKey("m", b"f"))) for _ in range(2))
        await asyncio.sleep(0)
        admission.leave(FunctionKey("m", b"f"))
        given_up.cancel()
        await asyncio.wait_for(waiting, 1)
        assert given_up.cancelled()

    asyncio.run(scene())
