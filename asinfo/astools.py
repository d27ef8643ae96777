"""astools.conf: TOML with a section for each tool, one ``[cluster]`` (or ``[cluster_NAME]``) for all.

    [cluster]        keys: the long names of the connection options (asinfo.flags) and timeout
    [asinfo]         keys: timeout, and what the program allows
    [include]        file = PATH, directory = PATH (all files below it, sorted), read after this file

Sections of other tools are skipped. Every fault is reported with its line, all of them at once. Keys of the vendor's
tools that do nothing here give a note; those that would mislead, or protect nobody, are faults where they count. An
empty text stands for nothing said, as in the file that the vendor ships; an empty host names no node, and is a fault.
Source: the behaviour of the real tools, section 1.3 of their description.
"""

from __future__ import annotations

import os
import re
import tomllib
from difflib import get_close_matches

from asinfo.decode import DEPTH_MAX, DecodeError, check_depth
from asinfo.errors import ConfigError, Problem, UsageError
from asinfo.files import PIPE_SECONDS, FileError, read_file
from asinfo.flags import ALTERNATE, BLACKLIST, CONNECTION
from asinfo.terminal.options import convert
from asinfo.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from asinfo.terminal.options import Option, Value, Values

SIZE_MAX = 1 << 20
"""Most bytes of a file: a thousand clusters take a tenth of that."""

TOO_DEEP = f"is nested deeper than {DEPTH_MAX} levels"

_TYPES = {
    "flag": "true or false",
    "integer": "a whole number",
    "port": "a whole number",
    "number": "a number",
    "seconds": "a number of seconds",
}


def read(
    values: Values, paths: Sequence[str], program: str, keys: Sequence[Option], instance: str | None
) -> list[str]:
    """Read ``paths``, later ones win, into ``values.configured``; notes on what is ignored.

    ``keys`` are those of the program's own section, beside ``timeout``. Raises ConfigError and UsageError.
    """
    reader = _AstoolsReader(values, program, keys, instance)
    for path in paths:
        reader.file(path, pipe_seconds=PIPE_SECONDS)
    if instance is not None and not reader.found and not reader.problems:
        where = ", ".join(reader.seen) or "any file: there is none"
        raise UsageError(f"--instance {instance}: no [cluster_{instance}] in {where}")
    if reader.problems:
        raise ConfigError(reader.problems)
    return reader.notes


class _AstoolsReader:
    """The files read so far, and what was found in them."""

    def __init__(self, values: Values, program: str, keys: Sequence[Option], instance: str | None) -> None:
        self.values = values
        self.program = program
        self.instance = instance
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.seen: list[str] = []
        self.found = False
        timeout = values.option("timeout")
        cluster = {option.name: option for option in (*CONNECTION, ALTERNATE, BLACKLIST, timeout)}
        own = {option.name: option for option in (*keys, timeout)}
        self.sections: dict[str, dict[str, Option]] = {"cluster": cluster, program: own}

    def file(self, path: str, *, pipe_seconds: float = 0.0) -> None:
        """Read ``path`` and what it includes; a pipe may be one that the command line names."""
        if "\0" in path:
            self.problems.append(Problem(visible(path), 0, "a path cannot contain NUL"))
            return
        if os.path.realpath(path) in map(os.path.realpath, self.seen):
            self.problems.append(Problem(path, 0, "included twice"))
            return
        self.seen.append(path)
        text = self._text(path, pipe_seconds)
        if text is None:
            return
        try:
            document = _parsed(text)
        except ValueError as error:  # also numbers of thousands of digits
            message, line = _place(str(error), text)
            self.problems.append(Problem(path, line, message))
            return
        for name, section in document.items():
            self._section(path, text, name, section)
        self._include(path, text, document.get("include", {}))

    def _text(self, path: str, pipe_seconds: float) -> str | None:
        try:
            data = read_file(path, SIZE_MAX, pipe_seconds=pipe_seconds)
        except FileError as error:
            self.problems.append(Problem(visible(path), 0, error.reason[:1].lower() + error.reason[1:]))
            return None
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            self.problems.append(Problem(path, line, "not UTF-8"))
            return None

    def _section(self, path: str, text: str, name: str, section: object) -> None:
        if not isinstance(section, dict):
            self.problems.append(
                Problem(path, _line(text, "", name), f"{name!r} stands outside of a section")
            )
            return
        tool, underscore, instance = name.partition("_")
        known = self.sections.get(tool)
        if known is None:
            near = get_close_matches(tool, [*self.sections, "include"], cutoff=0.8)
            if near and tool not in {*near, "asadm", "asinfo"}:
                message = f"unknown section [{name}]; is it [{near[0]}]?"
                self.problems.append(Problem(path, _line(text, name, None), message))
            return
        wanted = (instance if underscore else None) == self.instance
        self.found = self.found or (wanted and tool == "cluster")
        for key, value in section.items():
            option = known.get(key)
            checked, fault = _checked(option, value)
            if wanted and option is not None and value:
                fault = fault or option.refused
            if fault:
                self.problems.append(Problem(path, _line(text, name, key), f"[{name}] {key}: {fault}"))
            elif wanted and option is not None:
                self._take(option, checked, f"{path}:{_line(text, name, key)}: [{name}] {key}")

    def _take(self, option: Option, value: Value | None, place: str) -> None:
        """Heed a key that counts; the empty value takes back what an earlier file says."""
        if option.ignored and value:
            self.notes.append(f"{place} is ignored: {option.ignored}")
        elif value is None:
            self.values.configured.pop(option.name, None)
        else:
            self.values.configured[option.name] = value

    def _include(self, path: str, text: str, section: object) -> None:
        if not isinstance(section, dict):
            return
        for key, value in section.items():
            if key not in {"file", "directory"} or not isinstance(value, str):
                message = f"[include] {key}: only file and directory, both texts, are known"
                self.problems.append(Problem(path, _line(text, "include", key), message))
                continue
            target = os.path.join(os.path.dirname(path), os.path.expanduser(value))  # noqa: PTH111, PTH118, PTH120 - pathlib costs start-up
            for each in [target] if key == "file" else self._below(path, _line(text, "include", key), target):
                self.file(each)

    def _below(self, path: str, line: int, directory: str) -> list[str]:
        if not os.path.isdir(directory):  # noqa: PTH112 - pathlib costs start-up
            self.problems.append(
                Problem(path, line, f"[include] directory: {visible(directory)} is no directory")
            )
            return []
        return sorted(
            os.path.join(folder, name)  # noqa: PTH118 - the same
            for folder, _, names in os.walk(directory)
            for name in names
            if not name.startswith(".")
        )


def _parsed(text: str) -> dict[str, Any]:
    """The document. Raises ValueError."""
    try:
        document = tomllib.loads(text)
    except RecursionError:
        raise DecodeError(TOO_DEEP) from None
    check_depth(document)  # dotted keys nest without brackets
    return document


def _checked(option: Option | None, value: object) -> tuple[Value | None, str]:
    """The value in the form the option has, None for an empty one; and what is wrong."""
    if option is None:
        return None, "unknown key"
    if not _fits(option.kind, value):
        return None, f"must be {_TYPES.get(option.kind, 'a text')}, not {value!r}"
    if isinstance(value, bool):
        return value, ""
    if not value and option.kind in {"text", "optional"} and option.name != "password":  # one may be empty
        return None, ""
    try:
        converted = convert(option, str(value))
    except ValueError as error:
        return None, str(error)
    return [str(value)] if option.kind == "list" else converted, ""


def _fits(kind: str, value: object) -> bool:
    if kind == "flag":
        return isinstance(value, bool)
    if kind in {"integer", "port"}:
        return isinstance(value, int) and not isinstance(value, bool)
    if kind in {"number", "seconds"}:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, str)


def _place(message: str, text: str) -> tuple[str, int]:
    """The parser's message without its place, and the line of the place."""
    match = re.fullmatch(r"(.*) \(at line (\d+), column \d+\)", message, re.DOTALL)
    if match:
        return match[1][:1].lower() + match[1][1:], int(match[2])
    return message.lower(), text.count("\n") + 1


def _line(text: str, section: str, key: str | None) -> int:
    """The line of ``key`` in ``[section]`` (of the header itself for None); 0 when it is not written plainly."""
    current = ""
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[\s*[\"']?([^\"'\]]+?)[\"']?\s*\]", line)
        if header:
            current = header[1]
            if current == section and key is None:
                return number
        elif (
            key is not None
            and current == section
            and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[.=]", line)
        ):
            return number
    return 0
