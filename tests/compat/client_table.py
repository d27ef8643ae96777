"""The table in docs/clients.md: which calls of which client library work against this node.

    python -m tests.compat.client_table      runs every program of tests/compat/clients, and writes the table

The test beside it runs the same programs, and compares.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from tests.compat.clients.calls import CALLS, MODULE
from tests.processes import ROOT, Daemon, log_path, spawn

PAGE = ROOT / "docs" / "clients.md"
BEGIN, END = "<!-- calls: made by python -m tests.compat.client_table -->\n", "<!-- /calls -->\n"

PROGRAMS = ROOT / "tests" / "compat" / "clients"

NODE_MODULES = Path(sys.prefix) / "node" / "node_modules"
"""Where `make test` puts the npm client: inside the virtual environment."""

SECONDS_MAX = 120
"""How long all calls of one client may take: udf_put and udf_remove of `aerospike` sleep for three seconds."""


class Client(NamedTuple):
    """A library: its name in the table, the package that it is, and the program that makes the calls with it."""

    title: str
    package: str
    program: str

    @property
    def of_node(self) -> bool:
        return self.program.endswith(".js")

    def version(self) -> str:
        """The installed version; empty when it is not there."""
        if self.of_node:
            manifest = NODE_MODULES / self.package / "package.json"
            there = shutil.which("node") and manifest.exists()
            return json.loads(manifest.read_text(encoding="utf-8"))["version"] if there else ""
        try:
            return importlib.metadata.version(self.package)
        except importlib.metadata.PackageNotFoundError:
            return ""


CLIENTS = (
    Client("Python, `aerospike`", "aerospike", "with_aerospike.py"),
    Client("Python, `aerospike-py`", "aerospike-py", "with_aerospike_py.py"),
    Client("Python, `aerospike-sdk`", "aerospike-sdk", "with_aerospike_sdk.py"),
    Client("Node.js, `aerospike`", "aerospike", "with_aerospike.js"),
)


def play(client: Client, port: int, directory: Path) -> dict[str, str]:
    """What became of each call: `ok`, `-` for one that the library has not, or what went wrong."""
    directory.mkdir(exist_ok=True)
    (directory / "calls.lua").write_text(MODULE, encoding="utf-8")
    command = [shutil.which("node") or "node"] if client.of_node else [sys.executable]
    done = subprocess.run(
        [*command, str(PROGRAMS / client.program), str(port)],
        cwd=directory,
        env={"PATH": os.defpath, "NODE_PATH": str(NODE_MODULES), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    found = dict(line.split("\t", 1) for line in done.stdout.splitlines() if "\t" in line)
    return {name: found.get(name, f"not made: {done.stderr.strip()[-500:]}") for name in CALLS}


def row(client: Client, outcomes: dict[str, str]) -> str:
    """A line of the table. Of a version only what is pinned is shown: patch releases come without us."""
    words = {"ok": "yes", "-": "-"}
    version = ".".join(client.version().split(".")[:2])
    return (
        " | ".join((f"| {client.title}", version, *(words.get(outcomes[name], "no") for name in CALLS)))
        + " |"
    )


def table(rows: list[str]) -> str:
    """The table, with a dash for what a library does not have."""
    head = f"| client | version | {' | '.join(CALLS)} |\n|{'---|' * (len(CALLS) + 2)}\n"
    return head + "".join(f"{each}\n" for each in rows)


def main() -> None:
    """Write the table."""
    rows = []
    for client in CLIENTS:
        with tempfile.TemporaryDirectory() as name:
            work = Path(name) / "work"
            daemon = Daemon(spawn(work, []), work, log_path(work))
            try:
                outcomes = play(client, daemon.port, Path(name) / "user")
            finally:
                daemon.stop()
        rows.append(row(client, outcomes))
        wrong = [f"{name}: {text}\n" for name, text in outcomes.items() if text not in {"ok", "-"}]
        sys.stdout.writelines([f"{rows[-1]}\n", *wrong])
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    PAGE.write_text(before + BEGIN + table(rows) + END + rest.partition(END)[2], encoding="utf-8")


if __name__ == "__main__":
    main()
