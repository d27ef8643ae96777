"""How much the operator's files may be: more is a mistake, and would fill the memory."""

from __future__ import annotations

from asinfo.errors import UsageError
from asinfo.text import plural

FILES_MAX = 10_000
"""Most modules of a directory: more is the wrong directory."""

SIZE_MAX = 128 << 20
"""Bytes of all modules together: a payload of FUNCTION RESTORE has no more (`asinfo.wire.functions`)."""


def check_count(path: str, count: int, noun: str) -> None:
    """Raise UsageError for so many files in the directory ``path``."""
    if count > FILES_MAX:
        raise UsageError(
            f"{path}: {count} {plural(noun)} are more than {FILES_MAX}: is it the right directory?"
        )


def check_size(path: str, size: int, noun: str) -> None:
    """Raise UsageError for ``size`` bytes, those of all files up to ``path``."""
    if size > SIZE_MAX:
        raise UsageError(
            f"{path}: the {plural(noun)} up to this one are larger than {SIZE_MAX} bytes together"
        )
