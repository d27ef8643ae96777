"""Registers the modules of files and directories on a node, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from asinfo.errors import Error

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    from asudfd.node_process import NodeProcess


class UdfRegistration:
    """Registers modules on ``node``; relative paths are looked for in ``directories``, ``registered`` is told of each file."""

    def __init__(
        self,
        node: NodeProcess,
        directories: Sequence[Path],
        registered: Callable[[Path], None] = lambda _: None,
    ) -> None:
        self._node = node
        self._directories = directories
        self._registered = registered

    def __call__(self, *paths: str | os.PathLike[str]) -> list[str]:
        """Register files, and all `.lua` files of directories; the names of the modules, as a call names them.

        Raises Error, which says what is missing or does not compile.
        """
        __tracebackhide__ = True  # pytest shows the test
        files: list[Path] = []
        for path in paths:
            files += self._files(Path(path))
        self._put({file.name: file.read_bytes() for file in files})
        for file in files:
            self._registered(file)
        return [file.stem for file in files]

    def text(self, name: str, source: str | bytes) -> str:
        """Register a text as the file ``name``; the name of the module."""
        __tracebackhide__ = True
        self._put({name: source if isinstance(source, bytes) else source.encode()})
        return name.removesuffix(".lua")

    def _files(self, path: Path) -> list[Path]:
        __tracebackhide__ = True
        found = next((each for each in (place / path for place in self._directories) if each.exists()), None)
        if found is None:
            raise Error(f"{path}: neither in {' nor in '.join(map(str, self._directories))}")
        return sorted(found.glob("*.lua")) if found.is_dir() else [found]

    def _put(self, modules: dict[str, bytes]) -> None:
        """Register modules; those that require others come behind these, in whatever order they are given."""
        __tracebackhide__ = True
        waiting = modules
        while waiting:
            errors: dict[str, Error] = {}
            for name, source in waiting.items():
                try:
                    self._node.put_udf(name, source)
                except Error as error:
                    errors[name] = error
            if len(errors) == len(waiting):
                raise next(iter(errors.values()))
            waiting = {name: waiting[name] for name in errors}
