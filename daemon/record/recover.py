"""Saves the records that are whole in damaged files of namespaces; see `daemon.recover`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemon.config.schema import Config
    from daemon.recover import Report


def recover(config: Config, report: Report) -> None:
    """Save the records of every namespace of ``config`` that is kept in a file."""
    for namespace in config.namespaces:
        if namespace.storage_engine.kind != "memory":
            report.say(f"namespace {namespace.name}: nothing is done yet")
