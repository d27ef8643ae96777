"""Texts that modules had before they changed or went, for contexts of the modules that require them.

The real server makes the contexts of a module when it is put, and they go on with what they had when a module that they
required changes. Here they are made anew, so that they have the change; where that fails (the change closed a cycle, or
the module is gone), they are made with what they had.
"""

from dataclasses import dataclass

TEXTS_MAX = 64
"""Former texts that are kept: some 100 KB of modules of common size, 64 MB of the largest."""


@dataclass(frozen=True, slots=True)
class _Text:
    """A text that its module no longer has, and the modules that have changed since, itself among them."""

    text: bytes
    changed: set[str]


class FormerTexts:
    """The last text of each module that changed and that others had asked for. Threads may look; one thread adds."""

    __slots__ = ("_texts",)

    def __init__(self) -> None:
        self._texts: dict[str, _Text] = {}

    def add(self, module: str, text: bytes | None) -> None:
        """Note that ``module`` has changed. ``text`` is what it was, None if nobody is to get it."""
        for former in self._texts.values():
            former.changed.add(module)
        if text is not None:
            self._texts.pop(module, None)
            self._texts[module] = _Text(text, {module})
        while len(self._texts) > TEXTS_MAX:
            del self._texts[next(iter(self._texts))]

    def clear(self) -> None:
        """Forget them all."""
        self._texts.clear()

    def known_to(self, module: str) -> dict[str, bytes]:
        """Texts that other modules had when ``module`` became what it is."""
        return {
            name: former.text for name, former in list(self._texts.items()) if module not in former.changed
        }
