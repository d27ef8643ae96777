"""Verdicts about libraries: from the sandbox, or from the cache of those that were good before."""

from __future__ import annotations

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from typing import Self

    from asadm.target.valkey.sandbox import Sandbox
    from asadm.target.valkey.verdict import Verdict


class Verdicts:
    """Verdicts of one run."""

    def __init__(self) -> None:
        self._sandbox: Sandbox | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def of(self, name: bytes, text: bytes) -> Verdict:
        """The verdict about one library, whose first line is right."""
        if self._sandbox is None:
            from asadm.target.valkey.sandbox import Sandbox

            self._sandbox = Sandbox()
        return self._sandbox.verdict(name, text)
