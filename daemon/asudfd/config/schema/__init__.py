"""Every parameter, declared once, and the Config they make up."""

from dataclasses import dataclass, field

from asinfo.errors import Problem
from asudfd.config.schema.lua import ModLua
from asudfd.config.schema.namespace import Namespace, NamespaceSet, StorageEngine
from asudfd.config.schema.network import Network, NetworkService
from asudfd.config.schema.service import Service
from asudfd.config.schema.sinks import CONTEXTS, Level, Sink
from asudfd.config.schema.smd import Smd

__all__ = [
    "CONTEXTS",
    "Config",
    "Level",
    "ModLua",
    "Namespace",
    "NamespaceSet",
    "Network",
    "NetworkService",
    "Service",
    "Sink",
    "Smd",
    "StorageEngine",
]


@dataclass(slots=True)
class Config:
    """A whole configuration.

    Without a file it is the embedded default. ``warnings`` are the remarks about a file that loads none the less.
    """

    service: Service = field(default_factory=Service)
    network: Network = field(default_factory=Network)
    logging: list[Sink] = field(default_factory=lambda: [Sink()])
    namespaces: list[Namespace] = field(default_factory=list)
    mod_lua: ModLua = field(default_factory=ModLua)
    smd: Smd = field(default_factory=Smd)
    warnings: list[Problem] = field(default_factory=list)
