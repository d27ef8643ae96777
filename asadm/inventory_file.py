"""The parser of the inventory file: YAML to plain values, every fault with its line.

The result is ready for JSON:

    {"default": NAME or None,
     "clusters": {NAME: {"type": one of `asadm.target.types.TYPES`, where the file says so,
                         "mode": one of `asadm.target.types.TOPOLOGIES`, with the name for Sentinels, where the file says so,
                         "servers": {"tls_name", "user", "password", "auth", "tls"}, of those that Sentinels tell, in that mode,
                         "timeout": SECONDS or None,
                         "nodes": [{"name", "host", "port", "tls_name", "user", "password", "auth",
                                    "tls": {...} or None, "labels": {...}}, ...]}}}

with all defaults applied; ``password`` is a reference (``env:VAR`` or ``file:PATH``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from asadm import yaml_file
from asadm.target.types import DEFAULT, FUNCTION, SENTINEL, TOPOLOGIES, TYPES
from asinfo.errors import UsageError
from asinfo.flags import MODES
from asinfo.host import parse as parse_host
from asinfo.host import written
from asinfo.terminal.options import PORT_MAX, SECONDS_MAX

if TYPE_CHECKING:
    from collections.abc import Callable

    from asadm.target.types import TypeRow

DEFAULT_USER = "default"
"""The user of a Valkey server that a password without a user is for."""

SENTINEL_PORT = 26379
"""Where Sentinels listen unless told otherwise."""

OF_SENTINELS = ("port", "user", "password", "tls")
"""What a cluster may say of its Sentinels. They have no login of the servers', but their TLS unless it says otherwise."""

SETTINGS = ("port", "user", "password", "auth", "tls", "labels")
"""What a node may say; a cluster's defaults stand for it, and the file's for both."""

LOGIN = ("user", "password", "auth")

DEFAULTS = (*SETTINGS, "timeout")
"""What defaults may say. There is one time-out for all nodes of a run, so a node has none of its own."""

TLS = ("name", "cafile", "capath", "certfile", "keyfile", "keyfile-password", "protocols", "cipher-suite")


def read(path: str) -> dict[str, Any]:
    """The inventory in the file ``path``; raises ConfigError with all its faults."""
    return parse(yaml_file.content(path), path)


def parse(content: bytes, path: str) -> dict[str, Any]:
    """The inventory in ``content``; ``path`` is for the messages. Raises ConfigError with all its faults."""
    reader = _InventoryParser(path)
    root = reader.compose(content)
    if root is None and not reader.problems:
        reader.fault(None, "the file is empty; it needs clusters")
    found = reader.inventory(root) if root is not None else {}
    reader.finish()
    return found


class _InventoryParser(yaml_file.YamlReader):
    """The grammar of the inventory."""

    def inventory(self, root: yaml.Node) -> dict[str, Any]:
        entries = self.mapping(root, "the file", ("default", "defaults", "clusters"))
        defaults = self.settings(entries.get("defaults"))
        clusters: dict[str, Any] = {}
        if "clusters" not in entries:
            self.fault(root, "clusters is missing")
        else:
            for name, node in self.mapping(entries["clusters"], "clusters").items():
                clusters[name] = self.cluster(name, node, defaults)
            if not clusters:
                self.fault(entries["clusters"], "clusters has no cluster")
        default = self.text(entries["default"], "default") if "default" in entries else None
        if default is not None and default not in clusters:
            self.fault(
                entries["default"], f"default names no cluster: {default!r}; there are {', '.join(clusters)}"
            )
        return {"default": default, "clusters": clusters}

    def cluster(self, name: str, node: yaml.Node, defaults: dict[str, Any]) -> dict[str, Any]:
        entries = self.mapping(
            node, f"cluster {name}", ("type", "mode", "defaults", "sentinel", "nodes", "labels")
        )
        kind = self.type(entries["type"]) if "type" in entries else None
        row = TYPES[kind or DEFAULT]
        mode = self.mode(entries["mode"], row) if "mode" in entries else None
        own = self.settings(entries.get("defaults"))
        if "labels" in entries:
            own["labels"] = {**own.get("labels", {}), **self.labels(entries["labels"])}
        merged = _merge({"port": row.port}, _merge(defaults, own))
        of_nodes, servers = merged, None
        if (mode or "").startswith(SENTINEL):
            servers = _reached(merged)
            of_nodes = self.of_sentinels(entries.get("sentinel"), _merge(defaults, own))
        elif "sentinel" in entries:
            self.fault(entries["sentinel"], "sentinel goes with mode: sentinel NAME")
        nodes: list[dict[str, Any]] = []
        if "nodes" not in entries:
            self.fault(node, f"cluster {name} has no nodes")
        elif not isinstance(entries["nodes"], yaml.SequenceNode) or not entries["nodes"].value:
            self.fault(entries["nodes"], "nodes must be a list of at least one node")
        else:
            self.nodes(entries["nodes"].value, of_nodes, nodes)
        found = {"timeout": merged.get("timeout"), "nodes": nodes}
        if row.family == FUNCTION:
            for each in [*nodes, *([servers] if servers else [])]:
                each["user"] = each["user"] or (DEFAULT_USER if each["password"] else None)
        if servers is not None:
            found = {"servers": servers, **found}
        if mode is not None:
            found = {"mode": mode, **found}
        return found if kind is None else {"type": kind, **found}

    def of_sentinels(self, node: yaml.Node | None, servers: dict[str, Any]) -> dict[str, Any]:
        """The defaults of nodes that are Sentinels, where ``servers`` are those of what they tell."""
        said = self.settings_of(self.mapping(node, "sentinel", OF_SENTINELS)) if node is not None else {}
        without_login = {key: value for key, value in servers.items() if key not in LOGIN}
        return _merge({"port": SENTINEL_PORT}, _merge(without_login, said))

    def nodes(self, entries: list[yaml.Node], defaults: dict[str, Any], nodes: list[dict[str, Any]]) -> None:
        names: set[str] = set()
        addresses: set[tuple[str, int]] = set()
        for entry in entries:
            found = self.node(entry, defaults)
            if found is None:
                continue
            where = (found["host"], found["port"])
            if found["name"] in names:
                self.fault(entry, f"there are two nodes called {found['name']}")
            elif where in addresses:
                self.fault(entry, f"there are two nodes at {found['host']} port {found['port']}")
            names.add(found["name"])
            addresses.add(where)
            nodes.append(found)

    def node(self, entry: yaml.Node, defaults: dict[str, Any]) -> dict[str, Any] | None:
        entries: dict[str, yaml.Node] = {}
        host_node: yaml.Node | None = entry
        if isinstance(entry, yaml.MappingNode):
            entries = self.mapping(entry, "a node", ("name", "host", *SETTINGS))
            host_node = entries.get("host")
            if host_node is None:
                self.fault(entry, "the node has no host")
                return None
        own = self.settings_of(entries)
        text = self.text(host_node, "a node")
        if text is None:
            return None
        settings = _merge(defaults, own)
        try:
            address = parse_host(text)
        except UsageError as error:
            self.fault(host_node, str(error))
            return None
        host, port = address.host, address.port or settings["port"]
        name = self.text(entries["name"], "name") if "name" in entries else None
        reached = _reached(settings)
        return {
            "name": name or written(host, port),
            "host": host,
            "port": port,
            **reached,
            "tls_name": address.tls_name or reached["tls_name"],
            "labels": settings.get("labels", {}),
        }

    def settings(self, node: yaml.Node | None) -> dict[str, Any]:
        return self.settings_of(self.mapping(node, "defaults", DEFAULTS)) if node is not None else {}

    def settings_of(self, entries: dict[str, yaml.Node]) -> dict[str, Any]:
        readers: dict[str, Callable[[yaml.Node], Any]] = {
            "port": self.port,
            "timeout": self.timeout,
            "user": lambda node: self.text(node, "user"),
            "password": lambda node: self.reference(node, "password"),
            "auth": self.auth,
            "tls": self.tls,
            "labels": self.labels,
        }
        found = {key: readers[key](node) for key, node in entries.items() if key in readers}
        return {key: value for key, value in found.items() if value is not None}

    def number(self, node: yaml.Node, what: str) -> float | None:
        try:
            return float(node.value)
        except (TypeError, ValueError):
            self.fault(node, f"{what} must be a number")
            return None

    def port(self, node: yaml.Node) -> int | None:
        value = node.value if isinstance(node, yaml.ScalarNode) else ""
        if value.isascii() and value.isdigit() and len(value) < 6 and 1 <= int(value) <= PORT_MAX:
            return int(value)
        self.fault(node, f"port must be a number from 1 to {PORT_MAX}")
        return None

    def timeout(self, node: yaml.Node) -> float | None:
        value = self.number(node, "timeout")
        if value is not None and not 0 < value <= SECONDS_MAX:
            self.fault(node, f"timeout must be above 0 and at most {SECONDS_MAX} seconds")
            return None
        return value

    def type(self, node: yaml.Node) -> str | None:
        value = str(node.value) if isinstance(node, yaml.ScalarNode) else ""
        if value not in TYPES:
            self.fault(
                node, f"type must be one of {', '.join(TYPES)}" + (f", not {value!r}" if value else "")
            )
            return None
        return value

    def mode(self, node: yaml.Node, row: TypeRow) -> str | None:
        value = self.text(node, "mode")
        if value is None:
            return None
        if row.family != FUNCTION:
            self.fault(node, "mode goes with type: valkey")
        mode, _, name = value.partition(" ")
        if mode not in TOPOLOGIES or bool(name.strip()) != (mode == SENTINEL):
            known = ", ".join(f"{each} NAME" if each == SENTINEL else each for each in TOPOLOGIES)
            self.fault(node, f"mode must be one of {known}, not {value!r}")
            return None
        return value

    def auth(self, node: yaml.Node) -> str | None:
        value = self.text(node, "auth")
        if value is not None and value.upper() not in MODES:
            self.fault(node, f"auth must be one of {', '.join(MODES)}")
            return None
        return value and value.upper()

    def reference(self, node: yaml.Node, what: str) -> str | None:
        """``env:VAR`` or ``file:PATH``. The value is never repeated: it may be a password by mistake."""
        value = self.text(node, what)
        if value is None:
            return None
        kind, _, where = value.partition(":")
        if kind not in {"env", "file"} or not where:
            self.fault(node, f"{what} must be env:VARIABLE or file:PATH; a literal one is not accepted")
            return None
        return value

    def tls(self, node: yaml.Node) -> dict[str, str] | bool:
        """The settings; ``true`` is TLS as OpenSSL does it, ``false`` none, whatever the defaults say."""
        if isinstance(node, yaml.ScalarNode) and node.value in {"true", "false"}:
            return {} if node.value == "true" else False
        found: dict[str, str] = {}
        for key, value in self.mapping(node, "tls", TLS).items():
            text = self.reference(value, key) if key == "keyfile-password" else self.text(value, key)
            if text is not None:
                found[key] = text
        return found

    def labels(self, node: yaml.Node) -> dict[str, str]:
        entries = {
            key: self.text(value, f"label {key}") for key, value in self.mapping(node, "labels").items()
        }
        return {key: value for key, value in entries.items() if value is not None}


def _reached(settings: dict[str, Any]) -> dict[str, Any]:
    """How a node with these settings is reached: login and TLS."""
    tls = None if settings.get("tls") is False else settings.get("tls")
    login = {key: settings.get(key) for key in LOGIN}
    return {"tls_name": (tls or {}).get("name"), **login, "tls": tls}


def _merge(defaults: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """``own`` over ``defaults``; labels add up."""
    merged = {**defaults, **own}
    if "labels" in merged:
        merged["labels"] = {**defaults.get("labels", {}), **own.get("labels", {})}
    return merged
