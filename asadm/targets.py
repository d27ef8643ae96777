"""Finds the nodes of a run: command line, inventory, astools.conf.

The first of these that says something decides:

    -h HOST,...                        just these nodes, in this order
    --inventory FILE, --cluster NAME   a cluster of an inventory
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
from asadm.target.types import target_type
from asinfo import settings
from asinfo.errors import UsageError
from asinfo.exchange import Endpoint

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from typing import Any

    from asadm.progress import Progress
    from asadm.target.interface import Rules, Target
    from asinfo.login import Login
    from asinfo.terminal.options import Values
    from asinfo.tls import TlsSettings

OF_A_FILE = ("config-file", "only-config-file", "instance")


class TargetResolver:
    """Finds the cluster that the command line, the inventory and astools.conf name; the inventory is read once.

    Every method raises UsageError and ConfigError.
    """

    def __init__(self, values: Values) -> None:
        self._values = values
        self._of_inventory: tuple[str, str, dict[str, Any]] | None = None

    def rules(self) -> Rules:
        """The rules for modules of its type."""
        path = inventory_path(self._values)
        return target_type(self._chosen(path)[2].get("type") if path else None).rules

    def target(self, progress: Progress | None = None) -> Target:
        """The cluster. Nothing has been sent to a node, but with ``--discover`` the question for peers."""
        path = inventory_path(self._values)
        values = self._values
        found = _from_inventory(values, *self._chosen(path)) if path else _from_settings(values)
        found.progress = progress
        if values.flag("discover"):
            found.add_peers(alternate=values.flag("services-alternate"))
        return found

    def _chosen(self, path: str) -> tuple[str, str, dict[str, Any]]:
        """The inventory's path, and name and contents of the cluster of it that is meant."""
        if self._of_inventory is None or self._of_inventory[0] != path:
            contents = inventory.load(path, os.environ)
            self._of_inventory = (path, *inventory.cluster(contents, path, self._values.text("cluster")))
        return self._of_inventory


def resolve(values: Values, progress: Progress | None = None) -> Target:
    """As `TargetResolver.target`."""
    return TargetResolver(values).target(progress)


def inventory_path(values: Values) -> str | None:
    """Path of the inventory that decides, or None when something else does.

    What was typed wins over the environment; what was typed and would not count is refused with a UsageError.
    """
    typed = [name for name in ("host", "inventory", "cluster") if name in values.given]
    if typed[:1] == ["host"]:
        if len(typed) > 1:
            raise UsageError("-h names the nodes, and --inventory or --cluster too: give one of them")
        return None
    of_a_file = [name for name in OF_A_FILE if name in values.given]
    if of_a_file and typed:
        raise UsageError(
            f"--{of_a_file[0]} is about astools.conf, --{typed[0]} about an inventory: give one of them"
        )
    path = None if of_a_file else _path(values)
    if path is not None and "port" in values.given:
        raise UsageError(f"--port goes with -h; {path} says the ports of its nodes")
    return path


def _path(values: Values) -> str | None:
    """The inventory that is named or found. Raises UsageError when a cluster of one is named and there is none."""
    path = values.text("inventory") or inventory.find(os.environ)
    name = values.text("cluster")
    if name and path is None:
        said = "--cluster " if "cluster" in values.given else "ASADM_CLUSTER="
        raise UsageError(f"{said}{name}: there is no inventory (./asadm.yaml or --inventory FILE)")
    return path


def _from_settings(values: Values) -> Target:
    nodes = settings.load(values, "asadm", FILE_KEYS).nodes
    timeout = values.number("timeout") or settings.TIMEOUT
    return target_type(None).make([ClusterNode(node) for node in nodes], name="", timeout=timeout)


def _from_inventory(values: Values, path: str, name: str, chosen: dict[str, Any]) -> Target:
    """The cluster with its own settings; what the command line says about login and TLS wins."""
    reader = _Credentials(values, path)
    members = [_member(entry, reader, values.text("tls-name")) for entry in chosen["nodes"]]
    timeout = values.number("timeout") or chosen["timeout"] or settings.TIMEOUT
    return target_type(chosen.get("type")).make(members, name=name, timeout=timeout)


def _member(entry: dict[str, Any], credentials: _Credentials, tls_name: str | None) -> ClusterNode:
    node = Endpoint(
        entry["host"],
        entry["port"],
        name=entry["name"],
        tls_name=tls_name or entry["tls_name"],
        login=credentials.login(entry),
        tls=credentials.tls(entry),
    )
    return ClusterNode(node, entry["labels"])


class _Credentials:
    """Logins and TLS settings by what the inventory says, each made and read once for all nodes that share it."""

    def __init__(self, values: Values, path: str) -> None:
        self.path = path
        self.own_login: Login | None = None
        self.own_tls: TlsSettings | None = None
        if {"user", "password", "auth"}.intersection(values.given):
            self.own_login = settings.login_of(values)
        if any(name.startswith("tls-") for name in values.given):
            self.own_tls = settings.tls_of(values)
        self.logins: dict[tuple[str, str, str], Login] = {}
        self.made: dict[str, TlsSettings] = {}

    def login(self, entry: dict[str, Any]) -> Login | None:
        if self.own_login is not None or not (entry["user"] or entry["auth"] == "PKI"):
            return self.own_login
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
