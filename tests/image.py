"""Dockerfiles as Docker reads them, and what of a directory it gets to see: for tests without a Docker engine."""

import json
import re
import shlex
import shutil
from pathlib import Path
from typing import NamedTuple

SHELL = ["/bin/sh", "-c"]
"""What runs a command that is no list in the form of JSON."""


class Instruction(NamedTuple):
    name: str
    options: list[str]
    """Those in front, such as `--interval=5s`."""

    text: str

    def __str__(self) -> str:
        return f"{self.name} {self.text}"

    @property
    def words(self) -> list[str]:
        """The arguments of an instruction that is no command."""
        return shlex.split(self.text)

    @property
    def command(self) -> list[str]:
        """The arguments of the process that an instruction with a command starts."""
        if not self.text.startswith("["):
            return [*SHELL, self.text]
        words = json.loads(self.text)
        assert all(isinstance(word, str) for word in words), self
        return [str(word) for word in words]


def instructions(dockerfile: str) -> list[Instruction]:
    """What a Dockerfile has, in its order."""
    lines = [line for line in dockerfile.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    whole = re.sub(r"\\\n[ \t]*", "", "\n".join(lines))
    return [_instruction(*line.split(maxsplit=1)) for line in whole.splitlines()]


def _instruction(name: str, rest: str) -> Instruction:
    options = []
    while rest.startswith("--"):
        option, rest = rest.split(maxsplit=1)
        options.append(option)
    return Instruction(name.upper(), options, rest)


class Ignored:
    """What a `.dockerignore` leaves out; without exceptions (`!`), which ours has none of."""

    def __init__(self, text: str) -> None:
        lines = [line.strip().strip("/") for line in text.splitlines()]
        patterns = [line for line in lines if line and not line.startswith("#")]
        assert not [pattern for pattern in patterns if pattern.startswith("!")]
        self._pattern = re.compile("|".join(f"(?:{_expression(pattern)})(?:/.*)?" for pattern in patterns))

    def __contains__(self, path: Path) -> bool:
        """Whether ``path``, which begins at the directory that Docker is given, is left out, or a directory above it."""
        return self._pattern.fullmatch(path.as_posix()) is not None


def _expression(pattern: str) -> str:
    """The regular expression of one pattern: Go's, and `**` for any number of directories."""
    signs = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    return "".join(signs.get(part) or re.escape(part) for part in parts)


def copy(context: Path, source: str, target: Path, ignored: Ignored) -> None:
    """COPY a directory of the ``context``."""

    def left_out(directory: str, names: list[str]) -> list[str]:
        place = Path(directory).relative_to(context)
        return [name for name in names if place / name in ignored]

    shutil.copytree(context / source, target, ignore=left_out, symlinks=True, dirs_exist_ok=True)
