"""Nodes of the configuration that the rows were recorded with."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.processes import Daemon, log_path, spawn
from tests.recorded.verdict import VECTORS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIG = VECTORS / "info_node.conf"

UNSAFE = "mod-lua {\n    allow-unsafe-lua true\n}\n"
"""The rows about Lua were recorded with all of its library, as every real server has it."""


@contextmanager
def fresh(directory: Path, *arguments: str, more: str = "") -> Iterator[Daemon]:
    """A node, or several, with the configuration of the rows and ``more`` of it; ended afterwards."""
    work = directory / "work"
    directory.mkdir(parents=True, exist_ok=True)
    config = directory / "node.conf"
    config.write_text(CONFIG.read_text(encoding="utf-8") + more, encoding="utf-8")
    daemon = Daemon(spawn(work, ["--config-file", str(config), *arguments]), work, log_path(work))
    try:
        yield daemon
        assert daemon.stop() == 0
    finally:
        daemon.kill()
