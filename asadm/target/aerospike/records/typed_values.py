"""Values and bins as a user types them."""

from __future__ import annotations

from asinfo.errors import UsageError, WireError
from asinfo.wire.json_value import from_json, from_text
from asinfo.wire.message import BIN_NAME_SIZE_MAX, TTL_DEFAULT, TTL_MAX, TTL_NEVER

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from asinfo.wire.particle import Value


def values(words: Sequence[str]) -> list[Value]:
    """JSON where they parse as such, else strings. Raises UsageError for what cannot be sent."""
    return [value(word) for word in words]


def value(word: str, what: str = "an argument") -> Value:
    """One of them; ``what`` it is stands in the error."""
    try:
        return from_text(word)
    except WireError as error:
        raise UsageError(f"{what} cannot be sent: {error}") from None


def documents(found: Sequence[Any]) -> list[Value]:
    """The values of JSON documents. Raises UsageError for what cannot be sent."""
    try:
        return [from_json(each) for each in found]
    except WireError as error:
        raise UsageError(f"an argument cannot be sent: {error}") from None


def typed_bin(word: str) -> tuple[str, Value]:
    """``BIN=VALUE``. Raises UsageError."""
    name, equals, text = word.partition("=")
    size = len(name.encode("utf-8", "surrogateescape"))
    if not equals or not 0 < size <= BIN_NAME_SIZE_MAX:
        raise UsageError(
            f"{word!r} is no bin: write BIN=VALUE with a name of at most {BIN_NAME_SIZE_MAX} bytes"
        )
    return name, value(text, f"the value of {name}")


def ttl(text: str | None) -> int:
    """Seconds, ``never``, or None for the namespace's default, as a request has it. Raises UsageError."""
    if text is None:
        return TTL_DEFAULT
    if text == "never":
        return TTL_NEVER
    if not text.isdigit() or not 0 < int(text[:12]) <= TTL_MAX:
        raise UsageError(f"--ttl: {text!r} is neither 'never' nor 1 to {TTL_MAX} seconds")
    return int(text)
