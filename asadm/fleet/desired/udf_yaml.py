"""``udf.yaml`` or, for libraries of functions, ``functions.yaml``: what an operator says about a directory of modules beyond its files.

modules:            # these names come from these files, which may lie in subdirectories
  counter.lua: v2/counter.lua
exclude:            # neither registered nor removed, wherever they are
  - "test_*.lua"
keep:               # on the nodes for another reason: never pruned
  - "legacy_*.lua"
clusters:           # refuse any other cluster; without it, any is allowed
  - production
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm import yaml_file

SETTINGS = ("modules", "exclude", "keep", "clusters")


class UdfYaml:
    """The contents of the file; all empty when there is none.

    ``modules``  file, relative to the directory, by module name
    ``lines``    the line of each of them in the file, from 1
    ``exclude``, ``keep``  globs of names; ``clusters`` names
    """

    __slots__ = ("clusters", "exclude", "keep", "lines", "modules")

    def __init__(self) -> None:
        self.modules: dict[bytes, str] = {}
        self.lines: dict[bytes, int] = {}
        self.exclude: list[str] = []
        self.keep: list[str] = []
        self.clusters: list[str] = []


def read(path: str, content: bytes) -> UdfYaml:
    """What the file ``path`` says, of which ``content`` was read; an empty one says nothing.

    Raises ConfigError with all its faults.
    """
    from asadm import yaml_file  # most directories have no such file

    reader = yaml_file.YamlReader(path)
    root = reader.compose(content)
    pins = UdfYaml()
    if root is not None:
        _settings(reader, reader.mapping(root, "the file", SETTINGS), pins)
    reader.finish()
    return pins


def _settings(reader: yaml_file.YamlReader, entries: dict[str, yaml_file.Node], pins: UdfYaml) -> None:
    for key, node in entries.items():
        if key == "modules":
            _modules(reader, node, pins)
        else:
            setattr(pins, key, reader.texts(node, key))
            if key == "clusters" and isinstance(node.value, list) and not node.value:
                reader.fault(node, "clusters names none: leave it out to allow any")


def _modules(reader: yaml_file.YamlReader, node: yaml_file.Node, pins: UdfYaml) -> None:
    for name, value in reader.mapping(node, "modules").items():
        file = reader.text(value, f"modules: {name}")
        if file is None:
            continue
        # What is applied is what the directory holds: its review is worth nothing if it can point anywhere.
        if os.path.isabs(file) or ".." in file.split("/"):  # noqa: PTH117 - a text, not yet a path
            reader.fault(value, f"modules: {name}: {file} is not inside of the directory")
            continue
        pins.modules[os.fsencode(name)] = file
        pins.lines[os.fsencode(name)] = value.start_mark.line + 1
