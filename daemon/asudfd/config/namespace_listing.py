"""The parameters of a namespace in the order of the real server, for `get-config` and `namespace/NS`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.config.parameter import ListedParameter, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asudfd.config.schema import NamespaceConfig

STRIPES = 8
"""Stripes of a memory namespace that names no files. Source: info-protocol, Appendix B."""


def namespace_listing(namespace: NamespaceConfig) -> Iterator[ListedParameter]:
    """The namespace's parameters; before those of its storage the kind, and its files or stripes."""
    engine = namespace.storage_engine
    told = False
    for each in listed(namespace):
        if each.name.startswith("storage-engine.") and not told:
            told = True
            yield ListedParameter("storage-engine", engine.kind, "Where records are kept.")
            for number, path in enumerate(engine.device):
                yield ListedParameter(
                    f"storage-engine.device[{number}]", path, "Device of the storage engine."
                )
            for number, path in enumerate(engine.file):
                yield ListedParameter(f"storage-engine.file[{number}]", path, "File of the storage engine.")
            if engine.in_memory and not (engine.file or engine.device):
                for number in range(STRIPES):
                    yield ListedParameter(
                        f"storage-engine.stripe[{number}]", f"stripe-{number}", "Part of the memory."
                    )
        yield each
