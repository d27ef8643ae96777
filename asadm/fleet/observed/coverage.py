"""The number of nodes that a summary covers: no line may claim something about nodes that were not read."""

from __future__ import annotations


def coverage(read: int, asked: int) -> str:
    """Of how many nodes something is known, to stand behind ``on``: ``3 nodes``, ``the 2 of 3 nodes that were read``."""
    whole = f"{asked} node{'' if asked == 1 else 's'}"
    return whole if read == asked else f"the {read} of {whole} that {'was' if read == 1 else 'were'} read"


def unknown(asked: int) -> str:
    """What is said instead of any summary where no node was read."""
    return f"nothing is known: none of {asked} node{'' if asked == 1 else 's'} could be read"
