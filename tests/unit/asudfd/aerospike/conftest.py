"""A node as a client of its records sees it."""

from collections.abc import Callable

import pytest

from tests.fakes.world import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def make_world() -> Callable[..., World]:
    return World
