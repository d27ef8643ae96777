"""Changes of many modules as one command: what a target offers whose nodes take them together or not at all.

As `asadm.target.interface`, this is for annotations only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asadm.target.results import Judgement


class Restorer(Protocol):
    """Changes of many modules as one command, for targets that take them together or not at all."""

    def command(self, contents: Sequence[bytes], removed: Sequence[bytes], copies: int = 0) -> bytes:
        """Give a node ``contents`` and take the modules ``removed`` from it; ``copies`` nodes are to have that from it."""

    def result(self, answers: Sequence[bytes], contents: int, removed: int, copies: int) -> RestoreResult:
        """What the answers to `command` say, of so many contents, removals and copies."""

    def placeholder(self, name: bytes) -> bytes:
        """A content that takes the place of a module until it is removed, and has nothing of it."""


class RestoreResult(Protocol):
    """What a node answered: ``put`` for all contents together, ``removed`` one by one, ``copies`` that have it already."""

    put: Judgement
    removed: list[Judgement]
    copies: int | None

    @property
    def clashes(self) -> bool:
        """Whether a part of a content is in another module of the node, too."""
