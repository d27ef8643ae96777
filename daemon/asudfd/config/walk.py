"""Lists all contexts of a configuration file in order, for the pages that are generated from the schema."""

from collections.abc import Iterator
from dataclasses import dataclass

from asudfd.config.parameter import Parameter, contexts, parameters
from asudfd.config.schema import (
    ModLua,
    NamespaceConfig,
    NamespaceSet,
    NetworkConfig,
    ServiceConfig,
    SmdConfig,
    TlsConfig,
    ValkeyConfig,
)


@dataclass(frozen=True, slots=True)
class Section:
    """A context as it stands in a file: its opening line without the brace, its parameters, the contexts in it."""

    opening: str
    doc: str
    parameters: tuple[Parameter, ...]
    sections: tuple["Section", ...]

    def all(self, path: str = "") -> Iterator[tuple[str, "Section"]]:
        """This context and those in it, each with the names of the contexts around it."""
        path = f"{path}{self.opening}"
        yield path, self
        for inner in self.sections:
            yield from inner.all(f"{path} / ")


def sections() -> tuple[Section, ...]:
    """The contexts with parameters at the top of a file; `logging` has none."""
    return (
        _section("service", ServiceConfig, "The node as a whole."),
        _section("network", NetworkConfig, "All ports of the node."),
        _section("namespace test", NamespaceConfig, "A namespace, by its name; there may be several."),
        _section("mod-lua", ModLua, "How Lua modules are kept and run."),
        _section(
            "smd",
            SmdConfig,
            "Where the nodes of a cluster keep the metadata they share, such as the modules.",
        ),
        _section("resp", ValkeyConfig, "The keyspace that clients of Valkey see, and its functions."),
    )


def _section(opening: str, kind: type, doc: str) -> Section:
    inner = [_section(_opening(name), one.kind, one.doc) for name, one in contexts(kind).items()]
    if kind is NamespaceConfig:
        inner.append(_section("set demo", NamespaceSet, "A set, by its name; there may be several."))
    if kind is NetworkConfig:
        inner.append(
            _section("tls valkey", TlsConfig, "A certificate, by the name that `tls-name` of `resp` gives.")
        )
    return Section(opening, doc, tuple(parameters(kind).values()), tuple(inner))


def _opening(name: str) -> str:
    return "storage-engine memory" if name == "storage-engine" else name
