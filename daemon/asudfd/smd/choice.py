"""Opens the backend of system metadata (SMD) that the configuration names: local files or etcd."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from asinfo.files import FileError, read_first_line
from asudfd.config.schema.smd import LOCAL
from asudfd.errors import StartError
from asudfd.smd.local import LocalSmd

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asudfd.config.schema import Config
    from asudfd.manifest import Manifest
    from asudfd.smd.etcd.store import EtcdSmd
    from asudfd.smd.interface import Smd


def open_smd(
    config: Config,
    nodes: Sequence[str],
    cluster_key: int,
    warn: Callable[[str], None],
    alarm: Callable[[str], None] | None = None,
    *,
    manifest: Manifest | None = None,
) -> Smd:
    """The store, not yet started, for the ``nodes`` of this process. Raises StartError for a file that cannot be used.

    ``warn`` and ``alarm`` tell the log: of what may mend itself, and of what somebody has to see to. ``manifest`` knows the
    files that there were.
    """
    if config.smd.backend == LOCAL:
        return LocalSmd(directory_of(config), cluster_key=cluster_key, warn=warn, manifest=manifest)
    return _open_etcd(config, nodes, warn, alarm)


def directory_of(config: Config) -> Path:
    """Where the files are, if the metadata is kept in files."""
    return Path(config.service.work_directory) / "smd"


def _open_etcd(
    config: Config, nodes: Sequence[str], warn: Callable[[str], None], alarm: Callable[[str], None] | None
) -> EtcdSmd:
    from asudfd.smd.etcd.gateway import Gateway, Tls  # httpx takes a tenth of a second to import
    from asudfd.smd.etcd.store import EtcdSmd

    smd = config.smd
    gateway = Gateway(
        smd.endpoint,
        user=smd.user,
        password=_password(smd.password_file),
        tls=Tls(smd.tls_ca_file, smd.tls_cert_file, smd.tls_key_file),
    )
    name = config.service.cluster_name
    return EtcdSmd(gateway, smd.prefix, name, nodes, lease_ttl=smd.lease_ttl, warn=warn, alarm=alarm)


def _password(path: str) -> str:
    """The first line of the file. Raises StartError."""
    if not path:
        return ""
    try:
        return read_first_line(path).decode()
    except FileError as error:
        raise StartError(f"cannot read the password-file {error}") from error
    except UnicodeDecodeError as error:
        raise StartError(f"cannot read the password-file {path}: it is not UTF-8 text") from error
