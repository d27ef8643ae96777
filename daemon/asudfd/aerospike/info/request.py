"""One info command as a handler sees it, and the uniform errors about its parameters.

    missing '<p>'             the parameter does not stand in the request
    missing '<p>' value       it stands there empty
    '<p>' value too long      it is longer than the command takes

Source of the texts and of the code 20 for `namespace`: the specification of the info protocol, section 2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.wire.info import parameter
from asudfd.errors import Code, CommandError

if TYPE_CHECKING:
    from asudfd.network.session import ClientSession

VALUE_SIZE_MAX = 1023
"""Longest value, in bytes, of a parameter whose command names no limit of its own."""


class Request:
    """A command: its name, the text after the first separator, and the session it came from."""

    __slots__ = ("name", "parameters", "session")

    def __init__(self, name: bytes, parameters: bytes, session: ClientSession) -> None:
        self.name = name
        self.parameters = parameters
        self.session = session

    def parameter(self, *keys: bytes) -> bytes | None:
        """Value of the first of ``keys`` that stands in the request, unchecked; None when none does."""
        for key in keys:
            value = parameter(self.parameters, key)
            if value is not None:
                return value
        return None

    def optional(self, key: bytes, *aliases: bytes, size_max: int = VALUE_SIZE_MAX) -> bytes | None:
        """Value of ``key`` (or of an older spelling), or None when it does not stand in the request.

        Raises CommandError when the value is empty or longer than ``size_max`` bytes; the text names ``key``.
        """
        value = self.parameter(key, *aliases)
        if value is None:
            return None
        if not value:
            raise _wrong(key, f"missing '{key.decode()}' value")
        if len(value) > size_max:
            raise _wrong(key, f"'{key.decode()}' value too long")
        return value

    def required(self, key: bytes, *aliases: bytes, size_max: int = VALUE_SIZE_MAX) -> bytes:
        """Value of ``key``; raises CommandError when it is missing, empty or too long."""
        value = self.optional(key, *aliases, size_max=size_max)
        if value is None:
            raise _wrong(key, f"missing '{key.decode()}'")
        return value


def _wrong(key: bytes, text: str) -> CommandError:
    return CommandError(Code.NAMESPACE if key == b"namespace" else Code.PARAMETER, text)
