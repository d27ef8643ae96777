"""Reading a YAML file of our own by a grammar: plain values out, every fault with its line.

Nodes of the YAML tree are looked at, not loaded objects: they know their lines, and nothing is built from tags.
"""

from __future__ import annotations

from typing import Any

import yaml

from asinfo.errors import ConfigError, Problem
from asinfo.files import PIPE_SECONDS, FileError, read_file

DEPTH_MAX = 32
"""Deepest nesting that is looked at; our grammars need six levels, and the C parser crashes at some ten thousand."""

SIZE_MAX = 16 * 1024 * 1024
"""Bytes of a file; a larger one is none of ours, and would fill the memory."""

VALUES_MAX = 250_000
"""Values of a file, those behind an alias counted each time it stands there: ten thousand nodes that say all they can
are half of that. More would fill the memory: a value takes half a kilobyte, and a small file can name a large one often.
"""

SHOWN_MAX = 200
"""Characters of a fault: some repeat what stands in the file, which may be anything."""

Node = yaml.Node
"""A piece of the file, with its line."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def content(path: str) -> bytes:
    """The bytes of the file ``path``, which may be a pipe. Raises ConfigError."""
    try:
        return read_file(path, SIZE_MAX, pipe_seconds=PIPE_SECONDS)
    except FileError as error:
        raise ConfigError([Problem(path, 0, error.reason)]) from None


class YamlReader:
    """Walks the YAML nodes of the file ``path`` and collects the faults in ``problems``."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.problems: list[Problem] = []

    def finish(self) -> None:
        """Raises ConfigError with all faults, in the order of the file, if there are any."""
        if self.problems:
            raise ConfigError(sorted(self.problems, key=lambda problem: problem.line))

    def fault(self, node: yaml.Node | None, message: str) -> None:
        """Note a fault at ``node``; of the whole file when there is none."""
        line = node.start_mark.line + 1 if node is not None else 0
        short = message if len(message) <= SHOWN_MAX else message[:SHOWN_MAX] + "..."
        self.problems.append(Problem(self.path, line, short))

    def compose(self, content: bytes) -> yaml.Node | None:
        """The root of the tree; None for an empty file, and for one that is not YAML, which is a fault."""
        try:
            text = content.decode("utf-8")
            if self.too_much(text):
                return None
            return yaml.compose(text, Loader=_Loader)
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            self.problems.append(Problem(self.path, line, "the file is not UTF-8 text"))
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 0
            self.problems.append(Problem(self.path, line, f"not YAML: {error.problem}"))
        except yaml.YAMLError as error:
            self.problems.append(Problem(self.path, 0, f"not YAML: {str(error).splitlines()[0]}"))
        return None

    def too_much(self, text: str) -> bool:
        """Whether ``text`` is nested too deep or has too many values, which is a fault. Events come without recursion."""
        sizes: dict[str, int] = {}  # how many values each anchor stands for
        outer: list[
            tuple[str | None, int]
        ] = []  # of the collections that are open: anchor, and values before it
        values = 0
        for event in yaml.parse(text, Loader=_Loader):
            values += 1
            if isinstance(event, yaml.CollectionStartEvent):
                outer.append((event.anchor, values))
            elif isinstance(event, yaml.CollectionEndEvent):
                anchor, before = outer.pop()
                if anchor:
                    sizes[anchor] = values - before
            elif isinstance(event, yaml.AliasEvent):
                values += sizes.get(event.anchor or "", 0)
            if len(outer) > DEPTH_MAX:
                return self._refused(f"nested deeper than {DEPTH_MAX} levels")
            if values > VALUES_MAX:
                return self._refused(f"more than {VALUES_MAX} values, an alias counted as what it stands for")
        return False

    def _refused(self, message: str) -> bool:
        self.problems.append(Problem(self.path, 0, message))
        return True

    def mapping(self, node: yaml.Node | None, what: str, known: tuple[str, ...] = ()) -> dict[str, yaml.Node]:
        """The entries of a mapping; doubled keys, and unknown ones where ``known`` is given, are faults."""
        if not isinstance(node, yaml.MappingNode):
            self.fault(node, f"{what} must be a mapping (key: value)")
            return {}
        entries: dict[str, yaml.Node] = {}
        for key_node, value in node.value:
            key = self.text(key_node, f"a key of {what}")
            if key is None:
                continue
            if key in entries:
                self.fault(key_node, f"{key} stands twice in {what}")
            elif known and key not in known:
                self.fault(key_node, f"{what} has no setting {key!r}; it has {', '.join(known)}")
            else:
                entries[key] = value
        return entries

    def text(self, node: yaml.Node | None, what: str) -> str | None:
        """A text of one line; anything else is a fault."""
        value = node.value if isinstance(node, yaml.ScalarNode) else None
        if not isinstance(value, str) or not value or not value.isprintable():
            self.fault(node, f"{what} must be a text")
            return None
        return value

    def texts(self, node: yaml.Node, what: str) -> list[str]:
        """A list of such texts."""
        if not isinstance(node, yaml.SequenceNode):
            self.fault(node, f"{what} must be a list")
            return []
        found = [self.text(each, f"an entry of {what}") for each in node.value]
        return [each for each in found if each is not None]
