"""Modules that tests lint."""

from typing import NamedTuple

from asinfo.lint.findings import LintFinding
from asinfo.lint.linter import lint


class Source(NamedTuple):
    """A module of a test: its path is its name."""

    name: bytes
    content: bytes

    @property
    def path(self) -> str:
        return self.name.decode("latin-1")


def sources(modules: dict[str, str]) -> list[Source]:
    return [Source(name.encode(), text.encode("utf-8", "surrogateescape")) for name, text in modules.items()]


def found(text: str, **others: str) -> list[LintFinding]:
    """What is found in the module ``m.lua``, beside other modules of these names."""
    known = {f"{name}.lua".encode(): content.encode() for name, content in others.items()}
    return lint(sources({"m.lua": text}), known)
