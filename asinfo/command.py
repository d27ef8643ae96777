"""Info commands as users type them, and their answers as users read them; the same in every tool."""

from __future__ import annotations

import os

from asinfo.wire.info import split_line, summary

TYPE_CHECKING = False  # on the start-up path: typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Iterable

ALIASES = {b"stats": b"statistics"}
"""Commands that the real tool knows under another name."""

READING = frozenset(
    b"""
    alumni-clear-std best-practices build build_ee_sha build_os build_time cluster-generation cluster-name
    cluster-stable compatibility-id digests edition endpoints feature-key features get-config get-sl get-stats
    health-outliers health-stats histogram index-pressure latencies log logs name namespace namespaces node objects
    partition-generation partition-info partitions peers-clear-alt peers-clear-std peers-generation peers-tls-alt
    peers-tls-std query-show rack-ids racks rebalance-generation release replicas roster service service-clear-alt
    service-clear-std service-tls-alt service-tls-std services sets sindex sindex-exists sindex-list sindex-stat
    smd-info smd-show statistics status udf-cache-stats udf-get udf-list udf-stats unsupported user-agents version
    """.split()
)
"""Commands that only read: one that a node took and did not answer may be asked of another."""

CHANGING = frozenset(
    b"""
    eviction-reset jobs log-set masking mcast quiesce quiesce-undo query-abort query-abort-all recluster revive
    roster-set scan-abort scan-abort-all services-alumni-reset set-config set-log sindex-create sindex-delete tip
    tip-clear truncate truncate-namespace truncate-namespace-undo truncate-undo udf-put udf-remove undun xdr-command
    """.split()
)
"""Info commands that change a cluster for good; in asadm they ask for ``enable``. All others read, or only drop a cache."""


def meant(text: str) -> bytes:
    """The command that ``text`` means: without a pair of quotes around it, and under the name that nodes know."""
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1]
    command = os.fsencode(text)
    return ALIASES.get(command, command)


def only_read(commands: Iterable[bytes]) -> bool:
    """Whether none of ``commands`` changes anything. No command at all asks for the summary, which reads."""
    return all(split_line(command)[0] in READING for command in commands)


def answer_of_summary(body: bytes) -> bytes:
    """The summary as one answer: ``name TAB value`` a line; a refusal has no name. Raises WireError when it is none."""
    return b"\n".join(name + b"\t" + value if name else value for name, value in summary(body))


def parts(answer: bytes) -> list[bytes]:
    """The parts of an answer under ``-l``, as the real tool splits it: at ``;``, else at ``:``, else at ``,``."""
    answer = answer.strip(b";")
    for separator in (b";", b":", b","):
        if separator in answer:
            return answer.removesuffix(separator).split(separator)
    return [answer]
