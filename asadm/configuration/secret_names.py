"""Which parameters hold a secret themselves: their values are not written into any file."""

from __future__ import annotations

import re

_SECRET = re.compile(r"password|passphrase|secret[-_]key|access[-_]key|token|credential", re.IGNORECASE)

_PLACES = ("-file", "_file", "-path", "_path", "-uds-path")
"""Ends of names of parameters that say where a secret is."""


def secret(name: str) -> bool:
    """Whether the value of the parameter ``name`` is a secret, as that of ``tls[0].key-file-password`` is."""
    last = name.rpartition(".")[2]
    return _SECRET.search(last) is not None and not last.endswith(_PLACES)
