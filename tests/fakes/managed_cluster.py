"""Scripted servers that keep what `manage` changes: configuration, sets, indexes, truncations, queries.

    with ManagedCluster(3) as cluster:                    # one cluster of three, the last one its principal
        cluster[0].configuration["service"]["migrate-threads"] = "2"
        cluster[1].before = lambda line: b"ok" if line.startswith(b"set-config") else None     # says ok, and does nothing
        run("-h", cluster.hosts, ...)
        cluster[0].changes                                # the commands that change something, in order

Indexes and truncations are the cluster's; each node has its own configuration and queries. As a real server does, it says ok to
the removal of an index that it does not have, and to what is to be done in a namespace that it does not have.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Self

from tests.fakes.node import FakeNode

CHANGES = (
    b"set-config",
    b"log-set",
    b"sindex-create",
    b"sindex-delete",
    b"truncate",
    b"query-abort",
    b"recluster",
)

SET_DEFAULTS = {"default-ttl": "0", "disable-eviction": "false", "stop-writes-count": "0"}


class ManagedNode:
    """One node; ``before`` sees every command, and bytes of it are the answer instead of the usual one."""

    def __init__(self, cluster: ManagedCluster, number: int) -> None:
        self.cluster = cluster
        self.number = number
        self.before: Callable[[bytes], bytes | None] = lambda _line: None
        self.configuration = {
            "service": {"migrate-threads": "1", "info-max-ms": "10000", "ldap-password": "null"},
            "network": {"heartbeat.interval": "150", "service.port": "3000"},
            "security": {},
            "namespace": {
                "nsup-period": "0", "max-record-size": "1048576", "geo2dsphere-within.strict": "true", "storage-engine": "memory",
                "storage-engine.defrag-lwm-pct": "50",
            },
        }  # fmt: skip
        self.levels = {"misc": "INFO", "udf": "INFO"}
        self.sets: dict[str, dict[str, str]] = {"users": {"objects": "4", **SET_DEFAULTS}}
        self.queries: dict[str, str] = {}
        self.changes: list[bytes] = []
        self.fake = FakeNode(self._answer)

    @property
    def address(self) -> str:
        return self.fake.address

    def _answer(self, line: bytes) -> bytes | str | None:
        if line.startswith(CHANGES):
            self.changes.append(line)
        answer = self.before(line)
        return self._usual(line.decode("utf-8", "surrogateescape")) if answer is None else answer

    def _usual(self, line: str) -> str | None:
        name, _, rest = line.partition(":")
        fields = dict(each.partition("=")[::2] for each in rest.split(";"))
        constant = {
            "namespaces": "test;bar", "node": f"A{self.number + 1}", "logs": "0:/var/log/a.log;1:stderr",
            "cluster-stable": "KEY", "statistics": f"cluster_key=KEY;paxos_principal=A{len(self.cluster.nodes)}",
        }  # fmt: skip
        if name in constant:
            return constant[name]
        if name in {"log/0", "log/1"}:
            return ";".join(f"{context}:{level}" for context, level in self.levels.items())
        if name == "namespace/test":
            mark = self.cluster.marks.get("", 0)
            return f"objects=4;master_objects=2;effective_replication_factor=2;truncate_lut={mark}"
        if name.startswith("sets/test/"):
            return self._set(name.removeprefix("sets/test/"))
        handler = getattr(self, "_" + name.replace("-", "_").partition("/")[0], None)
        return None if handler is None else str(handler(fields))

    def _set(self, name: str) -> str:
        if name not in self.sets:
            return ""
        figures = {**self.sets[name], "truncate_lut": str(self.cluster.marks.get(name, 0))}
        return ":".join(f"{key}={value}" for key, value in figures.items()) + ";"

    def _get_config(self, fields: dict[str, str]) -> str:
        if fields.get("namespace", "test") != "test":
            return "ERROR:20:namespace not found on node"
        return ";".join(f"{name}={value}" for name, value in self.configuration[fields["context"]].items())

    def _set_config(self, fields: dict[str, str]) -> str:
        context, namespace, set_ = (
            fields.pop("context"),
            fields.pop("namespace", "test"),
            fields.pop("set", None),
        )
        if context == "security":
            return "ERROR:25:enterprise only"
        if namespace != "test":
            return "ERROR:20:namespace not found on node"
        known = self.configuration[context]
        if set_ is not None:
            known = self.sets.setdefault(set_, {"objects": "0", **SET_DEFAULTS})
        for name, value in fields.items():
            whole = next((each for each in known if _told(each) == name), None)
            if whole is None or not value:
                return "ERROR:4:invalid set-config parameter"
            known[whole] = str(int(value[:-1]) << 10) if value.endswith("K") else value
        return "ok"

    def _log_set(self, fields: dict[str, str]) -> str:
        fields.pop("id")
        for context, level in fields.items():
            changed = self.levels if context == "any" else {context: ""}
            self.levels.update(dict.fromkeys(changed, level.upper()))
        return "ok"

    def _sindex_list(self, _fields: dict[str, str]) -> str:
        return ";".join(self.cluster.indexes.values())

    def _sindex_stat(self, _fields: dict[str, str]) -> str:
        return "entries=20;used_bytes=1;entries_per_bval=2;entries_per_rec=1"

    def _sindex_create(self, fields: dict[str, str]) -> str:
        if fields["type"] == "integer":
            return "ERROR:4:bad 'type'"
        self.cluster.indexes[fields["indexname"]] = (
            f"ns={fields['namespace']}:indexname={fields['indexname']}:set={fields.get('set', 'null')}:bin={fields['bin']}"
            f":type={fields['type']}:indextype={fields.get('indextype', 'default')}:context=null:exp=null:state=WO"
        )
        return "ok"

    def _sindex_delete(self, fields: dict[str, str]) -> str:
        self.cluster.indexes.pop(fields["indexname"], None)
        return "ok"

    def _truncate(self, fields: dict[str, str]) -> str:
        mark = int(fields["lut"]) // 1_000_000 - 1_262_304_000_000 if "lut" in fields else self.cluster.now
        self.cluster.marks[fields.get("set", "")] = mark
        return "ok"

    _truncate_namespace = _truncate

    def _truncate_undo(self, fields: dict[str, str]) -> str:
        self.cluster.marks.pop(fields.get("set", ""), None)
        return "ok"

    _truncate_namespace_undo = _truncate_undo

    def _query_show(self, _fields: dict[str, str]) -> str:
        return ";".join(
            f"trid={trid}:ns=test:set=users:job-type=background-udf:job-progress=12.50:status={status}"
            for trid, status in self.queries.items()
        )

    def _query_abort(self, fields: dict[str, str]) -> str:
        if self.queries.get(fields["trid"]) != "active(ok)":
            return "ERROR:2:id not active"
        self.queries[fields["trid"]] = "active(user-aborted)"
        return "ok"

    def _query_abort_all(self, _fields: dict[str, str]) -> str:
        running = [trid for trid, status in self.queries.items() if status == "active(ok)"]
        self.queries.update(dict.fromkeys(running, "done(user-aborted)"))
        return f"number-of-queries-killed:{len(running)}"

    def _recluster(self, _fields: dict[str, str]) -> str:
        return "ok" if self.number == len(self.cluster.nodes) - 1 else "ignored-by-non-principal"


def _told(name: str) -> str:
    return name.removeprefix("storage-engine.").replace("geo2dsphere-within.", "geo2dsphere-within-")


class ManagedCluster:
    """``count`` nodes; ``now`` is the mark of a truncation without a moment."""

    def __init__(self, count: int) -> None:
        self.indexes: dict[str, str] = {}
        self.marks: dict[str, int] = {}
        self.now = 533_000_000_000
        self.nodes = [ManagedNode(self, number) for number in range(count)]
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        for node in self.nodes:
            self._stack.enter_context(node.fake)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def __getitem__(self, number: int) -> ManagedNode:
        return self.nodes[number]

    @property
    def hosts(self) -> str:
        return ",".join(node.address for node in self.nodes)

    @property
    def changes(self) -> list[list[bytes]]:
        """What each node was told."""
        return [node.changes for node in self.nodes]


def manage(asadm: Callable[..., Any], cluster: ManagedCluster, words: str) -> Any:
    """What `manage WORDS` does, as JSON; ``asadm`` is the fixture."""
    return asadm("-h", cluster.hosts, "--json", "--enable", "manage", *words.split())


def column(result: Any, name: str) -> list[object]:
    """One column of the only table."""
    [table] = result.document["tables"]
    return [row[name] for row in table["rows"]]
