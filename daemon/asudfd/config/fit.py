"""Checks across parameters: finds combinations of valid values that a start would refuse."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from asinfo.wire.message import TTL_NEVER
from asudfd.config.parameter import parameters
from asudfd.config.schema import SmdConfig
from asudfd.config.schema.address import can_listen, can_resolve, is_loopback
from asudfd.config.schema.namespace import FILE_SIZE_MAX, FILE_SIZE_MIN
from asudfd.config.schema.network import NO_PORT
from asudfd.config.schema.smd import LOCAL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from asinfo.conf_grammar import Problems
    from asudfd.config.schema import Config, NamespaceConfig


def check(config: Config, lines: Mapping[str, int], problems: Problems, warnings: Problems) -> None:
    """Note what does not fit. ``lines`` tells where each given parameter stands, by its dotted path."""
    _ConfigCheck(lines, problems, warnings).whole(config)


class _ConfigCheck:
    """Looks for parameters that do not fit each other, and notes them."""

    def __init__(self, lines: Mapping[str, int], problems: Problems, warnings: Problems) -> None:
        self.lines = lines
        self.problems = problems
        self.warnings = warnings

    def whole(self, config: Config) -> None:
        """Look at all of it."""
        self.pool(config)
        self.ports(config)
        self.between_nodes(config)
        self.resp(config)
        self.smd(config)
        self.names(config)
        self.paths(config)
        for namespace in config.namespaces:
            self.ttl(namespace)
            self.storage(namespace)
        self.files(config)
        if not config.namespaces and not self.problems:
            self.warnings.add(0, "no namespace is declared: clients will find nowhere to keep records")

    def names(self, config: Config) -> None:
        """Names of hosts that clients are told, or that are listened on, can be resolved, as a start needs it."""
        for listener in ("service", "http", "resp"):
            place = getattr(config.network, listener)
            for name in ("address", "access-address", "alternate-access-address"):
                host = getattr(place, name.replace("-", "_"), "")
                if host and not can_resolve(host):
                    line = self.lines.get(f"network.{listener}.{name}", 0)
                    self.problems.add(line, f"'{name}' is not the name of a host that is known here: {host}")
                elif name == "address" and not can_listen(host):
                    line = self.lines.get(f"network.{listener}.{name}", 0)
                    self.problems.add(line, f"'{name}' is no address of this machine: {host}")

    def paths(self, config: Config) -> None:
        """What a start opens can be opened: log files in directories that are there, a directory for modules.

        Log files are no mistake of the file: the directory may be on the machine that it was written for.
        """
        for sink in config.logging:
            if sink.path and (misplaced := _misplaced(sink.path)):
                line = self.lines.get(f"logging.file {sink.path}", 0)
                self.warnings.add(line, f"{misplaced}: no start here")
        modules = config.mod_lua.user_path
        if PurePath(modules).is_absolute() and _is(Path.is_file, modules):
            line = self.lines.get("mod-lua.user-path", 0)
            self.problems.add(line, f"'user-path' is no directory: {modules}")

    def files(self, config: Config) -> None:
        """No two namespaces keep their records in one file, nor does one name a file twice."""
        taken: dict[PurePath, str] = {}
        for namespace in config.namespaces:
            line = self.lines.get(f"namespace {namespace.name}.storage-engine.file", 0)
            for path in map(PurePath, namespace.storage_engine.file):
                if path in taken:
                    self.problems.add(
                        line, f"'file' {path} stands twice: it is one of '{taken[path]}' already"
                    )
                    break
                taken[path] = namespace.name

    def ttl(self, namespace: NamespaceConfig) -> None:
        """Records that expire are removed, or it is said that nothing removes them."""
        if namespace.nsup_period or namespace.allow_ttl_without_nsup:
            return
        path = f"namespace {namespace.name}"
        times = {path: namespace.default_ttl}
        times |= {f"{path}.set {one.name}": one.default_ttl for one in namespace.sets.values()}
        for place, default_ttl in times.items():
            if default_ttl not in {0, TTL_NEVER}:
                self.problems.add(
                    self.lines.get(f"{place}.default-ttl", 0),
                    "'default-ttl' needs an 'nsup-period' that is not 0, or 'allow-ttl-without-nsup true'",
                )

    def storage(self, namespace: NamespaceConfig) -> None:
        """A device has files, no block devices, and a size; memory has a size of its own or files, not both."""
        engine, path = namespace.storage_engine, f"namespace {namespace.name}.storage-engine"

        def line(name: str = "") -> int:
            return self.lines.get(f"{path}.{name}", self.lines.get(path, 0))

        if engine.device:
            self.problems.add(line("device"), "block devices are not served: name a 'file' with a 'filesize'")
        elif not engine.in_memory and not engine.file:
            self.problems.add(line(), f"the namespace '{namespace.name}' has a device without a 'file'")
        elif not engine.in_memory and not engine.filesize:
            self.problems.add(line("file"), "a 'file' needs a 'filesize'")
        elif engine.filesize and not FILE_SIZE_MIN <= engine.filesize <= FILE_SIZE_MAX:
            self.problems.add(
                line("filesize"), f"'filesize' must be from 128M to 2T bytes, not {engine.filesize}"
            )
        elif engine.in_memory and engine.file and engine.data_size:
            self.problems.add(line("data-size"), "'data-size' cannot stand beside a 'file'")
        elif engine.in_memory and not engine.file and f"{path}.flush-size" in self.lines:
            self.problems.add(line("flush-size"), "'flush-size' needs a 'file'")
        if len(engine.file) > 1:
            self.warnings.add(line("file"), f"all records go to the first file, {engine.file[0]}")

    def pool(self, config: Config) -> None:
        lua = config.mod_lua
        if lua.context_max < lua.context_count:
            line = self.lines.get("mod-lua.context-max", self.lines.get("mod-lua.context-count", 0))
            self.problems.add(
                line, f"'context-max' {lua.context_max} must not be below 'context-count' {lua.context_count}"
            )

    def smd(self, config: Config) -> None:
        """What etcd needs is there; what only etcd needs does not stand beside the files of one machine."""
        smd, backend = config.smd, self.lines.get("smd.backend", 0)
        if smd.backend == LOCAL:
            for name, declared in parameters(SmdConfig).items():
                if getattr(smd, declared.attribute) != declared.default:
                    self.warnings.add(self.lines[f"smd.{name}"], f"'{name}' counts only with 'backend etcd'")
            return
        if not smd.endpoint:
            self.problems.add(backend, "'backend etcd' needs an 'endpoint', such as http://127.0.0.1:2379")
        if config.service.cluster_name in {"", "null"}:
            self.problems.add(
                backend, "'backend etcd' needs a 'cluster-name' in 'service': its keys carry it"
            )
        self.reach(config)
        for one, other in (("user", "password_file"), ("tls_cert_file", "tls_key_file")):
            for here, missing in ((one, other), (other, one)):
                if getattr(smd, here) and not getattr(smd, missing):
                    names = [name.replace("_", "-") for name in (here, missing)]
                    self.problems.add(
                        self.lines.get(f"smd.{names[0]}", 0), f"'{names[0]}' needs '{names[1]}'"
                    )

    def reach(self, config: Config) -> None:
        """Whoever meets nodes of other machines should not tell them an address of its own machine."""
        service = config.network.service
        told = service.access_address or service.address
        if not all(map(_is_loopback, config.smd.endpoint)) and _is_loopback(f"//{told}"):
            line = self.lines.get("network.service.address", self.lines.get("smd.endpoint", 0))
            self.warnings.add(
                line,
                f"nodes of other machines will be told '{told}': set 'address' or 'access-address' of 'network / service'",
            )

    def between_nodes(self, config: Config) -> None:
        """What counts between the nodes of a real cluster."""
        for name in ("heartbeat", "fabric"):
            values = getattr(config.network, name)
            if misfit := values.misfit():
                given = [self.lines.get(f"network.{name}.{each}", 0) for each in parameters(type(values))]
                self.problems.add(max(given), misfit)

    def resp(self, config: Config) -> None:
        """TLS of Valkey's port has a certificate, and authorities for those of clients; limits of memory fit."""
        resp, tls = config.network.resp, config.network.tls
        if config.resp.maxmemory > config.resp.lua_memory_max:
            line = self.lines.get("resp.maxmemory", 0)
            self.warnings.add(line, "'maxmemory' is more than 'lua-memory-max', which counts then")
        line = self.lines.get("network.resp.tls-port", self.lines.get("network.resp.tls-name", 0))
        if not resp.tls_name:
            if resp.tls_port != NO_PORT:
                self.problems.add(
                    line, "'tls-port' needs a 'tls-name', and in 'network' a context 'tls' of that name"
                )
            return
        if resp.tls_port == NO_PORT:
            self.warnings.add(line, "'tls-name' counts only with a 'tls-port'")
        if "network.tls" not in self.lines:
            self.problems.add(line, f"there is no context 'tls {resp.tls_name}' in 'network'")
            return
        line = self.lines["network.tls"]
        for name in ("cert-file", "key-file"):
            if not getattr(tls, name.replace("-", "_")):
                self.problems.add(line, f"'tls {resp.tls_name}' needs a '{name}'")
        if resp.tls_auth_clients != "no" and not tls.ca_file:
            self.problems.add(
                line, f"'tls {resp.tls_name}' needs a 'ca-file', unless 'resp' says 'tls-auth-clients no'"
            )

    def ports(self, config: Config) -> None:
        """No two listeners on one port of one address."""
        taken: dict[int, tuple[str, str, str]] = {}
        network = config.network
        places = [(name, "port") for name in ("service", "admin", "heartbeat", "fabric", "http", "resp")]
        for name, parameter in (*places, ("resp", "tls-port")):
            listener = getattr(network, name)
            port = getattr(listener, parameter.replace("-", "_"))
            other, other_parameter, address = taken.setdefault(port, (name, parameter, listener.address))
            same = (other, other_parameter) == (name, parameter)
            if port <= 0 or same or not overlap(address, listener.address):
                continue
            line = self.lines.get(
                f"network.{name}.{parameter}", self.lines.get(f"network.{other}.{other_parameter}", 0)
            )
            both = (f"'{name}'", f"'{other}'")
            if name == other:
                both = (f"'{other_parameter}'", f"'{parameter}' of '{name}'")
            self.problems.add(line, f"{' and '.join(both)} both use port {port}")


def _misplaced(path: str) -> str:
    """Why there can be no log file at ``path``; empty if nothing is seen."""
    if _is(Path.is_dir, path):
        return f"the log file {path} is a directory"
    if not _is(Path.is_dir, str(PurePath(path).parent)):
        return f"the log file {path} is in a directory that is not there"
    return ""


def _is(kind: Callable[[Path], bool], path: str) -> bool:
    """Whether there is what ``kind`` asks for at ``path``: not if the path is too long, or not for us to see."""
    try:
        return kind(Path(path))
    except (OSError, ValueError):
        return False


def _is_loopback(url: str) -> bool:
    """Whether the host of ``url`` is this machine, by how it is written."""
    return is_loopback(url.partition("//")[2])


def overlap(one: str, other: str) -> bool:
    """Whether no two listeners can have one port of these addresses."""
    return one == other or "any" in {one, other}
