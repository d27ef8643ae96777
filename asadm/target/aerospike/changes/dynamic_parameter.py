"""One parameter of the configuration: where it belongs, how a node is asked for it, and how it is told a value."""

from __future__ import annotations

from asadm.configuration.secret_names import secret
from asadm.target.aerospike.views.asking import NAMESPACES, in_bytes
from asadm.target.aerospike.views.namespaces import configuration
from asinfo.errors import UsageError

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from asadm.target.aerospike.views.asking import NodeInfo

SET_PARAMETERS = frozenset({
    "default-read-touch-ttl-pct", "default-ttl", "disable-eviction", "enable-index", "stop-writes-count", "stop-writes-size",
})  # fmt: skip
"""What `sets` tells of a set that is configuration; all else is figures."""

EVERY = "any"
"""All contexts of a log at once; a node tells each by itself."""

_UNSIGNED = (1 << 32, 1 << 64)
"""What a negative number is counted from where a node keeps it without a sign."""


class DynamicParameter:
    """A parameter of one context; ``name`` is as a node is told it.

    ``context``    service, network, security, namespace or logging
    ``sub``        the context within it, perhaps left out: ``heartbeat``, ``storage-engine``
    ``namespace``, ``set``  of a namespace or a set, ``file`` of a log: its path, or empty for every sink
    """

    def __init__(
        self, context: str, name: str, *, sub: str = "", namespace: str = "", set_: str = "", file: str = ""
    ) -> None:
        """Raises UsageError for names that would say something else to a node."""
        self.context = context
        self.sub = sub
        self.namespace = namespace
        self.set = set_
        self.file = file
        self.name = told(context, f"{sub}.{name}" if sub and not name.startswith(f"{sub}.") else name)
        for word in (self.name, namespace, set_):
            sendable(word)
        if "=" in self.name:
            raise UsageError(f"{name!r} is no name of a parameter")

    @classmethod
    def of(cls, what: Mapping[str, Any]) -> DynamicParameter:
        """The parameter that `what` tells of. Raises UsageError for what is none."""
        fields = {name: what.get(name) for name in ("context", "parameter", "namespace", "set", "file")}
        if not all(isinstance(value, str) for value in fields.values()):
            raise UsageError("the entry does not say which parameter it is about")
        return cls(
            str(fields["context"]), str(fields["parameter"]), namespace=str(fields["namespace"]), set_=str(fields["set"]),
            file=str(fields["file"]),
        )  # fmt: skip

    def what(self) -> dict[str, Any]:
        """For the history."""
        return {
            "context": self.context,
            "parameter": self.name,
            "namespace": self.namespace,
            "set": self.set,
            "file": self.file,
        }

    @property
    def place(self) -> str:
        """Where it belongs, in words: ``namespace test set users``."""
        words = [self.context, self.namespace, "set" if self.set else "", self.set, self.file]
        return " ".join(word for word in words if word)

    @property
    def secret(self) -> bool:
        """Whether its value is kept from the history."""
        return secret(self.name)

    # ---- reading

    def commands(self) -> list[str]:
        """What a node is asked first."""
        if self.set:
            return [NAMESPACES, f"sets/{self.namespace}/{self.set}"]
        if self.namespace:
            return [NAMESPACES, configuration(self.namespace)]
        return ["logs"] if self.context == "logging" else [f"get-config:context={self.context}"]

    def follow(self, info: NodeInfo) -> list[str]:
        """What it is asked then."""
        return [f"log/{sink}" for sink in self.sinks(info)]

    def sinks(self, info: NodeInfo) -> list[str]:
        """The numbers of the logs that are meant."""
        if self.context != "logging":
            return []
        sinks = [sink.partition(":") for sink in (info.text("logs") or "").split(";")]
        return [number for number, colon, path in sinks if colon and self.file in {"", path}]

    def known(self, info: NodeInfo) -> dict[str, str]:
        """The parameters of its place that the node tells, by the names that it is told."""
        if self.context == "logging":
            return _levels([info.text(f"log/{sink}") or "" for sink in self.sinks(info)])
        if self.set:
            entries = info.entries(f"sets/{self.namespace}/{self.set}")
            found = entries[0] if entries else {}
            return {name: value for name, value in found.items() if name in SET_PARAMETERS}
        return {told(self.context, name): value for name, value in info.fields(self.commands()[-1]).items()}

    # ---- telling

    def orders(self, info: NodeInfo, value: str) -> list[bytes]:
        """The commands that give a node ``value``. Raises UsageError for one that cannot be sent."""
        sendable(value)
        if self.context == "logging":
            return [
                in_bytes(f"log-set:id={sink};{order}")
                for sink in self.sinks(info)
                for order in _level_orders(self.name, value)
            ]
        where = f"context={self.context}" + (f";namespace={self.namespace}" if self.namespace else "")
        of_set = f";set={self.set}" if self.set else ""
        return [in_bytes(f"set-config:{where};{self.name}={value}{of_set}")]

    def same(self, one: str | None, other: str | None) -> bool:
        """Whether two texts are the same value: ``1K`` and ``1024``, ``yes`` and ``true``."""
        if one is None or other is None or one == other:
            return one == other
        if self.context == "logging":
            return one.lower() == other.lower()
        return bool(_meanings(one) & _meanings(other))

    def section(self, info: NodeInfo, value: str) -> str:
        """Where a file has to say it, so that a restart does not forget it; ``info`` tells what belongs into which context."""
        if self.context == "logging":
            return f"logging {{ file {self.file or 'FILE'} {{ context {self.name} {value} }} }}"
        fields = {} if self.set else info.fields(self.commands()[-1])
        whole = next((name for name in fields if told(self.context, name) == self.name), self.name)
        inner, dot, own = whole.rpartition(".")
        words = [f"namespace {self.namespace}" if self.namespace else self.context]
        words += [f"set {self.set}"] if self.set else []
        if dot:
            words.append(f"{inner} {fields[inner]}" if inner in fields else inner)
        return f"{' { '.join(words)} {{ {own} {value} {'} ' * len(words)}".rstrip()


def told(context: str, name: str) -> str:
    """The name that a node is told, of the one that it tells: a namespace leaves the storage engine out, and a dash joins the other."""
    if context != "namespace":
        return name
    inner, dot, own = name.partition(".")
    if inner == "storage-engine" and dot:
        return own
    return f"{inner}-{own}" if inner == "geo2dsphere-within" and dot else name


def sendable(word: str) -> None:
    """Raises UsageError for a word that would end its command, or its field."""
    if any(letter in word for letter in ";\n\t\0\r"):
        raise UsageError(f"{word!r} cannot be sent: it has a semicolon, or a control character, in it")


def _levels(sinks: Sequence[str]) -> dict[str, str]:
    """The level of each context: of several sinks the level if they agree, else all of them joined by a slash."""
    found: dict[str, list[str]] = {}
    for said in sinks:
        for entry in said.split(";"):
            context, colon, level = entry.partition(":")
            if colon:
                found.setdefault(context, []).append(level)
    levels = {context: "/".join(dict.fromkeys(each)) for context, each in found.items()}
    if levels:
        each = ",".join(f"{context}:{level}" for context, level in levels.items())
        levels[EVERY] = next(iter(levels.values())) if len(set(levels.values())) == 1 else each
    return levels


def _level_orders(context: str, value: str) -> list[str]:
    """``context=level``; where every context has a level of its own, one for each."""
    if context == EVERY and ":" in value:
        return ["=".join(each.split(":", 1)) for each in value.split(",")]
    return [f"{context}={value}"]


def _meanings(value: str) -> set[str]:
    """What a node may take ``value`` for."""
    word = value.strip().lower()
    if word in {"true", "yes"}:
        return {"true"}
    if word in {"false", "no"}:
        return {"false"}
    from asadm.configuration.wording import numbers  # most values are compared as they are

    found = numbers(word)
    unsigned = {str(int(each) + whole) for each in found if each.startswith("-") for whole in _UNSIGNED}
    return found | unsigned or {word}
