"""A node as a client of its records sees it."""

from collections.abc import Callable
from functools import partial

import pytest

from asudfd.aerospike.message import cost
from tests.fakes.world import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def make_world() -> Callable[..., World]:
    return World


@pytest.fixture
def turns_only(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From the call on, what is too much for a turn of the event loop is too much for a thread, too, and refused with 16."""
    return partial(monkeypatch.setattr, cost, "BESIDE_STEPS", cost.TURN_STEPS)


@pytest.fixture(params=["turn", "thread"])
def beside(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once as it is, and once with nearly nothing left to turns of the event loop, so that the thread does it all."""
    if request.param == "thread":
        monkeypatch.setattr(cost, "TURN_STEPS", 0)
