"""Every parameter, declared once, and the Config they make up."""

from dataclasses import dataclass, field

from asinfo.errors import Problem
from asudfd.config.schema.lua import ModLua
from asudfd.config.schema.namespace import NamespaceConfig, NamespaceSet, StorageEngine
from asudfd.config.schema.network import NetworkConfig, NetworkServiceConfig, TlsConfig
from asudfd.config.schema.service import ServiceConfig
from asudfd.config.schema.sinks import CONTEXTS, Level, Sink
from asudfd.config.schema.smd import SmdConfig
from asudfd.config.schema.valkey import ValkeyConfig

__all__ = [
    "CONTEXTS",
    "Config",
    "Level",
    "ModLua",
    "NamespaceConfig",
    "NamespaceSet",
    "NetworkConfig",
    "NetworkServiceConfig",
    "ServiceConfig",
    "Sink",
    "SmdConfig",
    "StorageEngine",
    "TlsConfig",
    "ValkeyConfig",
]


@dataclass(slots=True)
class Config:
    """A whole configuration.

    Without a file it is the embedded default. ``ticker``: the log tells the state of the nodes at intervals. ``udf_directory`` is where modules are edited. ``warnings`` are the remarks about a file that loads none the less.
    """

    service: ServiceConfig = field(default_factory=ServiceConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    logging: list[Sink] = field(default_factory=lambda: [Sink()])
    namespaces: list[NamespaceConfig] = field(default_factory=list)
    mod_lua: ModLua = field(default_factory=ModLua)
    smd: SmdConfig = field(default_factory=SmdConfig)
    resp: ValkeyConfig = field(default_factory=ValkeyConfig)
    ticker: bool = True
    udf_directory: str = ""
    warnings: list[Problem] = field(default_factory=list)
