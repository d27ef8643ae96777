"""Commands of the vendor's asadm that are not here: who types one is told what to use instead, and not how another command goes on."""

from __future__ import annotations

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

_BINS = "servers from 7.0 on have no limit of bin names; 'show statistics bins' asks older ones"
_XDR = "'show config xdr' and 'show statistics xdr' show the data centers of Enterprise servers"

_COMMANDS = {
    "collectinfo": "'bundle' packs the answers of all nodes for support, without secrets; what the vendor's support reads, its own tool makes",
    "collectlogs": "'show config logging' names the log of each node, which is on its machine",
    "generate config": "'check config --write-baseline FILE' writes the configuration of the nodes as YAML",
    "health": "'check all --config', 'show stop-writes', 'show best-practices' and 'summary' tell what it looked for",
    "info bin": _BINS,
    "info dc": _XDR,
    "pager": "the environment variable PAGER names one, and PAGER=cat is for none",
    "show bins": _BINS,
    "show dcs": _XDR,
}
"""As its 5.0 and older ones have them, and what is here instead; words may be shortened, as there."""

MODIFIERS = ("diff", "for", "like", "with")
"""Words that go on with a command. In the vendor's files they may stand on a line of their own."""

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
    """Why ``command`` of the vendor's is not here, and what is instead, behind "that"."""
    if command not in _ENTERPRISE:
        return f"is not here: {_COMMANDS[command]}"
    return "is for Enterprise servers only, and not here: 'asinfo -v COMMAND' sends a server of yours any info command"


def _begins(command: Sequence[str], words: Sequence[str]) -> bool:
    """Whether each word of ``command`` is, or begins with, the word that stands in its place."""
    return len(words) >= len(command) and all(
        whole == word or (len(word) > 2 and whole.startswith(word))
        for whole, word in zip(command, words, strict=False)
    )
