"""The grammar of aerospike.conf: text to a tree of statements with line numbers.

    FILE      = LINE*
    LINE      = [ TOKEN+ | TOKEN+ "{" | "}" TOKEN* ] [ "#" COMMENT ]
    TOKEN     = bytes other than blank, tab, "#"

A line is a parameter with its values, opens a context, or closes one. Words that nobody reads are ignored with a
warning where the parameter or the context is read. There is no quoting. The form for YAML gives the same tree, so that everything after this file serves both.
Source: the grammar as the real server has it (lua-udf, 2.2). It cuts a line longer than 1023 bytes in several; that
turns a long path into nonsense, so here such a line is an error.
"""

from codecs import BOM_UTF8
from dataclasses import dataclass

from asinfo.errors import Problem

LINE_SIZE_MAX = 1023
"""Bytes of a line; the real server cuts a longer one into several."""
DEPTH_MAX = 8
"""Deepest nesting of contexts; the schema needs three."""

FILE_SIZE_MAX = 1 << 20
"""Largest configuration file, in bytes. Reading one takes memory and, on the event loop's thread, time."""

SIZES = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40, "p": 1 << 50}
"""Suffixes of numbers, powers of 1024. Source: the grammar of aerospike.conf (lua-udf, 2.2)."""

DURATIONS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
"""Suffixes of parameters whose unit is the second."""

PROBLEMS_MAX = 100
"""Most problems that are told of one file: one wrong file type should not scroll the first line away."""


@dataclass(slots=True)
class ConfigStatement:
    """A parameter with its values, or a context with its statements; ``block`` is None for a parameter.

    ``types`` are those of the values (bool, int, str) where the form of the file has types, as YAML has; there a
    repeating parameter is one statement with all its values.
    """

    name: str
    values: tuple[str, ...]
    line: int
    block: "list[ConfigStatement] | None" = None
    types: tuple[type, ...] | None = None


class Problems(list[Problem]):
    """The problems of one file, so far."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path

    @property
    def full(self) -> bool:
        """Whether further problems are only counted as more."""
        return len(self) > PROBLEMS_MAX

    def add(self, line: int, message: str) -> None:
        """Note a problem; after the first PROBLEMS_MAX only that there are more."""
        if len(self) < PROBLEMS_MAX:
            self.append(Problem(self.path, line, message))
        elif len(self) == PROBLEMS_MAX:
            self.append(Problem(self.path, 0, "there are more problems"))


def decode(content: bytes, problems: Problems) -> str:
    """``content`` as text; bytes that are not UTF-8, and NULs, become problems with their lines."""
    if len(content) > FILE_SIZE_MAX:
        problems.add(0, f"is larger than {FILE_SIZE_MAX} bytes")
        return ""
    if (position := content.find(b"\0")) >= 0:
        problems.add(_line_at(content, position), "a NUL byte: this is not a text file")
        return ""
    try:
        # a byte order mark is a habit of some editors, not text
        return content.removeprefix(BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        problems.add(_line_at(content, error.start), f"the byte 0x{content[error.start]:02x} is not UTF-8")
        return ""


def _line_at(content: bytes, position: int) -> int:
    return content.count(b"\n", 0, position) + 1


def parse(text: str, problems: Problems) -> list[ConfigStatement]:
    """The statements of ``text``. Every fault is noted in ``problems`` and its line left out."""
    root: list[ConfigStatement] = []
    open_contexts: list[ConfigStatement] = []
    for number, line in enumerate(text.split("\n"), 1):
        tokens = _tokens(line, number, problems)
        if not tokens:
            continue
        if tokens[0] == "}":
            _close(open_contexts, number, problems)
            continue
        statement = _statement(tokens, number)
        if tokens[0] == "{":
            problems.add(number, "'{' belongs on the line that names its context")
            continue
        _block(open_contexts[-1] if open_contexts else None, root).append(statement)
        if statement.block is not None:
            open_contexts.append(statement)
        if len(open_contexts) > DEPTH_MAX:
            problems.add(number, f"contexts are nested more than {DEPTH_MAX} deep")
            return root
    for statement in reversed(open_contexts):
        problems.add(statement.line, f"the context '{statement.name}' is never closed: its '}}' is missing")
    return root


def _block(context: ConfigStatement | None, root: list[ConfigStatement]) -> list[ConfigStatement]:
    if context is None or context.block is None:
        return root
    return context.block


def _tokens(line: str, number: int, problems: Problems) -> list[str]:
    if len(line.encode()) > LINE_SIZE_MAX:
        problems.add(number, f"the line is longer than {LINE_SIZE_MAX} bytes")
        return []
    tokens = line.partition("#")[0].replace("\r", " ").replace("\t", " ").split(" ")
    tokens = [token for token in tokens if token]
    if not all(token.isprintable() for token in tokens):
        problems.add(number, "there is a control character in the line")
        return []
    return tokens


def _statement(tokens: list[str], number: int) -> ConfigStatement:
    if tokens[-1] == "{":
        return ConfigStatement(tokens[0], tuple(tokens[1:-1]), number, [])
    return ConfigStatement(tokens[0], tuple(tokens[1:]), number)


def _close(open_contexts: list[ConfigStatement], number: int, problems: Problems) -> None:
    """Close a context; the real server does not look at what follows the brace."""
    if open_contexts:
        open_contexts.pop()
    else:
        problems.add(number, "'}' closes nothing")


def number(text: str, suffixes: dict[str, int]) -> int:
    """The whole number that ``text`` spells: digits and at most one suffix. Raises ValueError."""
    digits, factor = text, 1
    if text[-1:].lower() in suffixes:
        digits, factor = text[:-1], suffixes[text[-1].lower()]
    sign, digits = (-1, digits[1:]) if digits.startswith("-") else (1, digits)
    # isdigit alone would let other alphabets' digits through; 20 digits hold every 64-bit number
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 20):
        suffix = f", with {' '.join(suffixes)} as suffix if any" if suffixes else ""
        raise ValueError(f"must be a whole number{suffix}, not {text!r}")
    return sign * int(digits) * factor
