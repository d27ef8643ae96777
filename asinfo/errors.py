"""Every error a user may meet, drawn as a tree.

    Error
    ├── UsageError      the command line or a statement is wrong; nothing was sent
    ├── ConfigError     a file is wrong; every problem of the file at once
    ├── WireError       bytes that are not what the protocol says
    └── Unreachable     a node gave no answer; carries the kind of failure

A program maps them to an exit code in one place: UsageError and ConfigError to 2, the others to 1.
"""


class Error(Exception):
    """Anything this project raises on purpose; its text is a whole sentence for the user."""


class UsageError(Error):
    """The command line or a statement is wrong; nothing was sent."""


class Problem:
    """One fault of a configuration file.

    ``line`` is 1-based; 0 when the fault belongs to no line.
    """

    __slots__ = ("line", "message", "path")

    def __init__(self, path: str, line: int, message: str) -> None:
        self.path = path
        self.line = line
        self.message = message

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.message}".replace("\n", "\\n")  # one line, whatever a file is called


class ConfigError(Error):
    """A configuration file is wrong: all its problems, one a line."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class WireError(Error):
    """Bytes that are not what the protocol says."""


class Unreachable(Error):  # noqa: N818 - named for what the user sees
    """A node gave no answer.

    ``kind`` is one word that scripts may rely on: ``resolve``, ``refused``, ``unreachable``, ``timeout-connect``,
    ``timeout-reply``, ``closed``, ``tls``, ``login``, ``protocol`` or ``interrupted``.
    """

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
