"""Keeps the previous source of modules that changed or were removed, for contexts of the modules that require them.

The real server makes the contexts of a module when it is put; they keep the old code of the modules that they require
when one of those changes. Here they are made anew, with the changed code. Where that fails (the change closed a cycle, or
the module was removed), they are made with the previous source.
"""

from dataclasses import dataclass

TEXTS_MAX = 64
"""Sources that are kept: some 100 KB for modules of common size, 64 MB for the largest that can be put."""


@dataclass(frozen=True, slots=True)
class _FormerSource:
    """A source that its module no longer has, and the modules that have changed since then, itself among them."""

    text: bytes
    changed: set[str]


class PreviousSources:
    """The previous source of each module that changed and that others had required. Any thread may read; one thread adds."""

    __slots__ = ("_texts",)

    def __init__(self) -> None:
        self._texts: dict[str, _FormerSource] = {}

    def add(self, module: str, text: bytes | None) -> None:
        """Note that ``module`` has changed. ``text`` was its source; None if no other module requires it."""
        for previous in self._texts.values():
            previous.changed.add(module)
        if text is not None:
            self._texts.pop(module, None)
            self._texts[module] = _FormerSource(text, {module})
        while len(self._texts) > TEXTS_MAX:
            del self._texts[next(iter(self._texts))]

    def clear(self) -> None:
        """Forget them all."""
        self._texts.clear()

    def known_to(self, module: str) -> dict[str, bytes]:
        """Sources that other modules had when the present version of ``module`` was put."""
        return {
            name: previous.text
            for name, previous in list(self._texts.items())
            if module not in previous.changed
        }
