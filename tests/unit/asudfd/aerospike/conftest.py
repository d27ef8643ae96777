"""A node as a client of its records sees it."""

from collections.abc import Callable

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
def turns_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is too much for a turn of the event loop is too much for a thread, too, and is refused with 16."""
    monkeypatch.setattr(cost, "BESIDE_STEPS", 0)
