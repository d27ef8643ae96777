"""Puts together a bundle: the answers of nodes, the inventory, the modules, and what is in it."""

from __future__ import annotations

import json
import platform
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from asadm.bundle import redaction
from asadm.bundle.archive import Archive, file_name
from asinfo import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from asadm.outcome import NodeAnswer

NODE_SIZE_MAX = 32 << 20
"""Bytes of the answers of one node that are kept: a node with many namespaces has some five megabytes, most of them its partitions."""

README = """\
A bundle of asadm {version} for support: what the nodes{cluster} told on {time}.

bundle.json        versions, nodes with their states and times, every command with its file, and what was cut
inventory.json     the inventory, where there is one
modules.json       every module with its hash on every node; with --dir also what a plan would change
nodes/NODE/        the answers of a node as it gave them, a file for each info command; errors.txt has those that it refused

Left out: {left_out}
{nodes}"""


class SupportBundle:
    """A bundle that is being made. ``cluster`` is its name in the inventory, empty without one."""

    def __init__(self, cluster: str) -> None:
        self.time = datetime.now(UTC)
        stamp = self.time.strftime("%Y%m%dT%H%M%SZ")
        self.name = "-".join(filter(None, ("asudf-bundle", file_name(cluster) if cluster else "", stamp)))
        self.cluster = cluster
        self.nodes: list[dict[str, Any]] = []
        self._archive = Archive(self.name, self.time.timestamp())

    @property
    def files(self) -> int:
        """How many files it has."""
        return self._archive.files

    def add_json(self, path: str, value: object) -> None:
        """A document, a member a line."""
        text = json.dumps(value, indent=1, ensure_ascii=True, sort_keys=False)
        self._archive.add(path, text.encode() + b"\n")

    def add_node(
        self,
        answer: NodeAnswer,
        said: Mapping[str, bytes],
        refused: Mapping[str, str],
        *,
        milliseconds: float,
        gap: str = "",
    ) -> None:
        """What one node ``said`` by command, and what it ``refused``; ``gap`` is why there is no more of it."""
        folder = self._folder(answer.node.name)
        entry: dict[str, Any] = {
            "node": answer.node.name,
            "address": answer.node.address,
            "status": answer.status,
            "error": answer.error or gap or None,
            "ms": round(milliseconds, 3),
            "folder": folder,
            "answers": list(self._answers(folder, said)),
        }
        self.nodes.append(entry)
        errors = [
            *([f"{answer.status}: {answer.error}"] if answer.error else []),
            *([f"what follows from its first answers: {gap}"] if gap else []),
            *(f"{command}: {reason}" for command, reason in refused.items()),
        ]
        if errors:
            text = "\n".join([*errors, ""])
            self._archive.add(f"{folder}/errors.txt", text.encode("utf-8", "backslashreplace"))

    def _folder(self, name: str) -> str:
        """A folder of its own for the node ``name``."""
        plain = f"nodes/{file_name(name)}"
        taken = {each["folder"] for each in self.nodes}
        return plain if plain not in taken else f"{plain}-{len(taken)}"

    def _answers(self, folder: str, said: Mapping[str, bytes]) -> Iterator[dict[str, Any]]:
        """Put the answers into the archive as far as there is room, and tell of each where it is."""
        left = NODE_SIZE_MAX
        for command, content in said.items():
            whole = redaction.answer(command, content)
            kept = whole[:left]
            left -= len(kept)
            path = self._archive.add(f"{folder}/{file_name(command)}.txt", kept)
            yield {
                "command": command,
                "file": path,
                "bytes": len(content),
                **({"cut": True} if len(kept) < len(whole) else {}),
            }

    def finish(self) -> bytes:
        """The archive, with what is in it."""
        self.add_json(
            "bundle.json",
            {
                "asudf": __version__,
                "python": platform.python_version(),
                "platform": platform.platform(),
                "implementation": sys.implementation.name,
                "time": self.time.isoformat(timespec="seconds"),
                "cluster": self.cluster or None,
                "node_size_max": NODE_SIZE_MAX,
                "nodes": self.nodes,
            },
        )
        lines = [f"{each['node']}: {each['status']}{_reason(each)}\n" for each in self.nodes]
        readme = README.format(
            version=__version__,
            cluster=f" of {self.cluster}" if self.cluster else "",
            time=self.time.isoformat(timespec="seconds"),
            left_out=redaction.TOLD,
            nodes="".join(lines),
        )
        self._archive.add("README.txt", readme.encode("utf-8", "backslashreplace"))
        return self._archive.finish()


def _reason(entry: Mapping[str, Any]) -> str:
    return (
        f", {entry['error']}"
        if entry["error"]
        else f", {len(entry['answers'])} answers in {entry['ms']:.0f} ms"
    )
