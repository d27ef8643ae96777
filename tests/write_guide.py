"""The world of docs/write-a-udf.md: an empty directory, and a node that the page calls 127.0.0.1:3000."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from tests.guide import World

if TYPE_CHECKING:
    from typing import Self

NODE = "127.0.0.1:3000"


class WriteWorld(World):
    """The inventory of the page names the node of this world."""

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            [self.address] = self._daemon(stack, "node").addresses
            self._prepare()
            (
                self.directory / "pytest.ini"
            ).touch()  # or the settings of this repository would count, which may lie around it
            self._stack = stack.pop_all()
        return self

    def ours(self, text: str) -> str:
        """A command of the page; the node is in the inventory from the first ``apply`` on."""
        inventory = self.home / "shop/asadm.yaml"
        if inventory.exists():
            host, port = self.address
            inventory.write_text(inventory.read_text().replace(NODE, f"{host}:{port}"))
        return super().ours(text)

    def theirs(self, text: str) -> str:
        """What a command printed, with the page's name of the node."""
        host, port = self.address
        return super().theirs(text).replace(f"{host}:{port}", NODE)
