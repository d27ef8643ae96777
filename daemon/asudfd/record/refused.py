"""The error of a namespace that refuses a request."""

from asinfo.errors import Error
from asinfo.wire.result import Result


class RequestRefused(Error):  # noqa: N818 - named for what happened
    """The namespace refuses a request; nothing was changed. ``code`` is the result code for the client."""

    def __init__(self, code: Result, text: str) -> None:
        super().__init__(text)
        self.code = code
