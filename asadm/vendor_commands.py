"""Commands of the vendor's asadm that are not here: who types one is told so, and not how another command goes on."""

from __future__ import annotations

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

_COMMANDS = (
    "collectinfo", "generate config", "health", "pager",
)  # fmt: skip
"""As its 5.0 has them; words may be shortened, as there."""

_ENTERPRISE = (
    "manage acl", "manage config xdr", "manage masking", "manage quiesce", "manage revive", "manage roster",
)  # fmt: skip
"""Those of which a Community server refuses every command."""


def named(words: Sequence[str]) -> str:
    """The command of the vendor's that ``words`` begin with; empty where they begin none, or several that differ in their first word."""
    found = [each.split() for each in (*_COMMANDS, *_ENTERPRISE) if _begins(each.split(), words)]
    if len({each[0] for each in found}) != 1:
        return ""
    longest = max(found, key=len)
    return " ".join(longest)


def why(command: str) -> str:
    """Why ``command`` of the vendor's is not here, behind "that"."""
    if command not in _ENTERPRISE:
        return "is not here"
    return "is for Enterprise servers only, and not here: 'asinfo -v COMMAND' sends a server of yours any info command"


def _begins(command: Sequence[str], words: Sequence[str]) -> bool:
    """Whether each word of ``command`` is, or begins with, the word that stands in its place."""
    return len(words) >= len(command) and all(
        whole == word or (len(word) > 2 and whole.startswith(word))
        for whole, word in zip(command, words, strict=False)
    )
