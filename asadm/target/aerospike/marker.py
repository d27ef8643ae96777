"""Marker versions: a module with a comment line behind it, which a real server takes for a change.

Such a server drops a put of what it has registered; neither a damaged file nor a cache that is left off is mended by
it. So the module is first put with a comment line behind it, which is a change, and then as it should be, which is
one more. The line is always the same, so that a node that was left with it, by a tool that was killed in between, is
known for it: by its hash where the true content is known, by the line itself otherwise.

Source: what was measured on a server 8.1.2.0, specification of the info protocol, section 3.
"""

from __future__ import annotations

from asinfo.wire.udf import SOURCE_SIZE_MAX, base64, digest

LINE = b"\n-- asudf marker: a repair of this module was under way; without this line it is as it should be\n"
"""What a marker version has behind the true content."""


def marked(content: bytes) -> bytes | None:
    """The marker version of ``content``; None when it would be larger than a module may be."""
    return content + LINE if len(content) + len(LINE) <= SOURCE_SIZE_MAX else None


def unmarked(content: bytes) -> bytes | None:
    """The true content, when ``content`` is a marker version; None when it is none."""
    return content.removesuffix(LINE) if content.endswith(LINE) else None


def marked_hash(name: bytes, content: bytes) -> str | None:
    """What ``udf-list`` shows of a node that holds the marker version of ``content``."""
    version = marked(content)
    return None if version is None else digest(name, base64(version))
