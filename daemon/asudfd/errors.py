"""Errors that a handler may raise, and the text that each becomes on the wire.

    CommandError    ERROR:<code>:<text>     (code 1 is written as ERROR::<text>)
    UdfError        error=<word>[;...]      the udf family's own form
    StartError      the daemon cannot start; one sentence for the user, exit 1

Source of the forms: the specification of the info protocol, sections 2 and 3.
"""

from enum import IntEnum

from asinfo.errors import Error


class Code(IntEnum):
    """Result codes of the real server that the info protocol uses."""

    UNKNOWN = 1
    NOT_FOUND = 2
    PARAMETER = 4
    UNAVAILABLE = 7
    TIMEOUT = 9
    UNSUPPORTED = 16
    NAMESPACE = 20
    ENTERPRISE_ONLY = 25
    INDEX_EXISTS = 200
    INDEX_NOT_FOUND = 201


class CommandError(Error):
    """An info command failed; ``answer`` is what the client reads."""

    def __init__(self, code: Code, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.answer = f"ERROR:{'' if code is Code.UNKNOWN else int(code)}:{text}".encode()


class UdfError(Error):
    """A udf command failed; ``answer`` is what the client reads."""

    def __init__(self, answer: bytes) -> None:
        super().__init__(answer.decode("utf-8", "backslashreplace"))
        self.answer = b"error=" + answer


class StartError(Error):
    """The daemon cannot start; the text says what to do."""


class StopError(Error):
    """An embedded node has not ended in time."""


RECOVER = "`asudfd --recover`, with the same --config-file and --work-directory, saves what is whole and says what is not"
"""How to go on without what is damaged: the end of a StartError about a damaged file."""
