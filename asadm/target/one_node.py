"""An option that names a node: just that one of a target."""

from __future__ import annotations

from asinfo.errors import UsageError

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from typing import TypeVar

    from asadm.target.interface import Target

    Whole = TypeVar("Whole", bound=Target)


def one_node(target: Whole, option: str, word: str) -> Whole:
    """``target`` with just the node that ``word``, given by ``option``, names. Raises UsageError where it names none, or several."""
    found = target.only([word])
    if len(found.nodes) > 1:
        raise UsageError(f"{option} {word} means {len(found.nodes)} nodes: name one")
    return found
