"""Finds the nodes of a run: command line, inventory, astools.conf.

The first of these that says something decides:

    -h HOST,...                        just these nodes, in this order
    --inventory FILE, --cluster CLUSTER  a cluster of an inventory
    --config-file, --only-config-file, --instance      astools.conf
    ASADM_INVENTORY, ASADM_CLUSTER     a cluster of an inventory
    an inventory in the usual places   ./asadm.yaml, $XDG_CONFIG_HOME/asudf/asadm.yaml, /etc/asudf/asadm.yaml
    astools.conf in the usual places
    127.0.0.1:3000

``--discover`` adds the peers that these nodes name, with ``--services-alternate`` by their alternate addresses. Nothing is sent to a node that nobody named.
"""

from __future__ import annotations

import os

from asadm import inventory
from asadm.cluster import ClusterNode
from asadm.flags import FILE_KEYS
from asadm.target.types import DEFAULT, DEFAULTS, FUNCTION, STATIC, TYPES, UDF, default_rules, target_type
from asinfo.errors import UsageError
from asinfo.exchange import Endpoint
from asinfo.settings import PORT, TIMEOUT

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from asadm.progress import Progress
    from asadm.settings import TargetSettings
    from asadm.target.interface import Rules, Target
    from asinfo.login import Login
    from asinfo.settings import ConnectionSettings
    from asinfo.tls import TlsSettings


class NamedTarget:
    """A cluster of the inventory: its ``name`` and ``type``, and how its target is made."""

    __slots__ = ("make", "name", "type")

    def __init__(self, name: str, type_: str, make: Callable[[], Target]) -> None:
        self.name = name
        self.type = type_
        self.make = make


class TargetResolver:
    """Finds the cluster that the command line, the inventory and astools.conf name; the inventory is read once.

    Every method raises UsageError and ConfigError.
    """

    def __init__(self, settings: TargetSettings) -> None:
        self._settings = settings
        self._of_inventory: tuple[str, str, dict[str, Any]] | None = None

    def rules(self, family: str) -> Rules:
        """The rules for modules of its type, which the commands of ``family`` are for."""
        path = inventory_path(self._settings)
        if not path:
            return default_rules(family)
        _, name, chosen = self._chosen(path)
        return target_type(_type(name, chosen, family)).rules()

    def family(self) -> str:
        """Which commands its modules are for; those of `UDF` where no inventory says a type."""
        path = inventory_path(self._settings)
        return TYPES[self._chosen(path)[2].get("type") or DEFAULT].family if path else UDF

    def target(self, family: str, progress: Progress | None = None) -> Target:
        """The cluster, for commands of ``family``. Nothing has been sent to a node, but with ``--discover`` the question for peers."""
        settings = self._settings
        path = inventory_path(settings)
        if path:
            path, name, chosen = self._chosen(path)
            found = _from_inventory(settings, path, name, chosen, _type(name, chosen, family))
        else:
            found = _from_command_line(settings, DEFAULTS[family])
        found.progress = progress
        if settings.discover:
            found.add_peers(alternate=settings.connection.alternate)
        return found

    def every(self) -> list[NamedTarget]:
        """All clusters of the inventory, in its order. Raises UsageError where something else says what the nodes are."""
        path = inventory_path(self._settings)
        if path is None or self._settings.cluster:
            raise UsageError(
                "this is about all clusters of an inventory: give --inventory FILE, without -h and --cluster"
            )

        def named(name: str, chosen: dict[str, Any]) -> NamedTarget:
            type_ = chosen.get("type") or DEFAULT
            return NamedTarget(
                name, type_, lambda: _from_inventory(self._settings, path, name, chosen, type_).afresh()
            )

        return [named(*each) for each in inventory.load(path, os.environ)["clusters"].items()]

    def _chosen(self, path: str) -> tuple[str, str, dict[str, Any]]:
        """The inventory's path, and name and contents of the cluster of it that is meant."""
        if self._of_inventory is None:
            contents = inventory.load(path, os.environ)
            self._of_inventory = (path, *inventory.cluster(contents, path, self._settings.cluster))
        return self._of_inventory


def inventory_path(settings: TargetSettings) -> str | None:
    """Path of the inventory that decides, or None when something else does.

    What was typed wins over the environment. Raises UsageError for what was typed and would not count.
    """
    if settings.hosts or settings.astools:
        return None
    path = settings.inventory or inventory.find(os.environ)
    if settings.cluster and path is None:
        said = f"{settings.cluster_option}{settings.cluster}"
        raise UsageError(f"{said}: there is no inventory (./asadm.yaml or --inventory FILE)")
    if path is not None and settings.port:
        raise UsageError(f"--port goes with -h; {path} says the ports of its nodes")
    return path


def _type(name: str, chosen: dict[str, Any], family: str) -> str:
    """The type of the cluster ``name``. Raises UsageError when the commands of ``family`` are not for it."""
    type_ = chosen.get("type") or DEFAULT
    own = TYPES[type_].family
    if own != family:
        there = "its libraries" if own == FUNCTION else "its modules"
        raise UsageError(
            f"the cluster {name} is of the type {type_}: {there} are managed by 'asadm {own} ...', and not by this command"
        )
    return type_


def _from_command_line(settings: TargetSettings, type_: str) -> Target:
    """The nodes of ``-h`` or of astools.conf. Files of the vendor are about Aerospike, and name no other servers."""
    port = TYPES[type_].port
    connection = settings.connection
    nodes = connection.load("asadm", FILE_KEYS).nodes if port == PORT else connection.nodes(port)
    timeout = connection.timeout or TIMEOUT  # a file may say it, too
    return target_type(type_).make(
        [ClusterNode(node) for node in nodes], name="", timeout=timeout, mode=STATIC
    )


def _from_inventory(
    settings: TargetSettings, path: str, name: str, chosen: dict[str, Any], type_: str
) -> Target:
    """The cluster with its own settings; what the command line says about login and TLS wins."""
    credentials = _Credentials(settings.connection, path)
    servers = chosen.get("servers")
    model = None if servers is None else _model(servers, credentials, settings.tls_name)
    members = [_member(entry, credentials, settings.tls_name, model) for entry in chosen["nodes"]]
    timeout = settings.connection.timeout or chosen["timeout"] or TIMEOUT
    return target_type(type_).make(members, name=name, timeout=timeout, mode=chosen.get("mode", ""))


def _member(
    entry: dict[str, Any], credentials: _Credentials, tls_name: str | None, model: Endpoint | None
) -> ClusterNode:
    """The node of ``entry``. Those that it tells of are reached as ``model``; then the login of the command line is theirs, not its own."""
    login = credentials.of_file if model is not None else credentials.login
    node = Endpoint(
        entry["host"],
        entry["port"],
        name=entry["name"],
        tls_name=tls_name or entry["tls_name"],
        login=login(entry),
        tls=credentials.tls(entry),
    )
    return ClusterNode(node, entry["labels"], model)


def _model(servers: dict[str, Any], credentials: _Credentials, tls_name: str | None) -> Endpoint:
    """A node without an address: how servers are reached that others tell of."""
    return Endpoint(
        "",
        0,
        tls_name=tls_name or servers["tls_name"],
        login=credentials.login(servers),
        tls=credentials.tls(servers),
    )


class _Credentials:
    """Logins and TLS settings by what the inventory says, each made and read once for all nodes that share it."""

    def __init__(self, connection: ConnectionSettings, path: str) -> None:
        self.path = path
        self.own_login: Login | None = None
        self.own_tls: TlsSettings | None = None
        if connection.has_login:
            self.own_login = connection.login()
        if connection.has_tls:
            self.own_tls = connection.tls()
        self.logins: dict[tuple[str, str, str], Login] = {}
        self.made: dict[str, TlsSettings] = {}

    def login(self, entry: dict[str, Any]) -> Login | None:
        return self.own_login or self.of_file(entry)

    def of_file(self, entry: dict[str, Any]) -> Login | None:
        """What the inventory says, whatever the command line does."""
        if not (entry["user"] or entry["auth"] == "PKI"):
            return None
        key = (entry["user"] or "", entry["password"] or "", entry["auth"] or "INTERNAL")
        if key not in self.logins:
            from asinfo.login import Login

            user, reference, mode = key
            password = inventory.secret(reference, self.path, os.environ) if reference else ""
            self.logins[key] = Login(user, password, mode)
        return self.logins[key]

    def tls(self, entry: dict[str, Any]) -> TlsSettings | None:
        if self.own_tls is not None or entry["tls"] is None:
            return self.own_tls
        key = repr(sorted(entry["tls"].items()))
        if key not in self.made:
            from asinfo.tls import TlsSettings

            said = {name.replace("-", "_"): text for name, text in entry["tls"].items() if name != "name"}
            if "keyfile_password" in said:
                said["keyfile_password"] = inventory.secret(said["keyfile_password"], self.path, os.environ)
            for name in ("cafile", "capath", "certfile", "keyfile"):
                if name in said:
                    said[name] = os.path.join(os.path.dirname(self.path), said[name])  # noqa: PTH118, PTH120 - start-up time
            self.made[key] = TlsSettings(**said)
        return self.made[key]
