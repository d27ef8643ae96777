"""A page that the HTTP server answers with."""

from typing import NamedTuple

TEXT = "text/plain; charset=utf-8"
"""The content type of a plain page."""


class Page(NamedTuple):
    """Status code, content type and content of a reply."""

    status: int
    kind: str
    content: bytes
