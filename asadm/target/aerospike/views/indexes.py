"""The secondary indexes of every node: the commands that list them, and that ask for the figures of each."""

from __future__ import annotations

LIST = "sindex-list:"

NO_INDEX = "no secondary index was found"


def figures(namespace: str, index: str) -> str:
    """The command that asks for the figures of an index."""
    return f"sindex-stat:namespace={namespace};indexname={index}"
