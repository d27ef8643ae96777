"""The address of a record as a user types it: ``NS[.SET]/KEY``.

The key is an integer where it looks like one, as in JSON, else a string; ``"5"`` in double quotes is the string 5. A type that is
given decides: ``string`` takes the text as it is, ``integer`` a number, ``bytes`` hexadecimal digits, ``digest`` the 40 of a digest.
"""

from __future__ import annotations

from asinfo.errors import UsageError, WireError
from asinfo.wire.json_value import from_text
from asinfo.wire.message import DIGEST_SIZE, NAMESPACE_NAME_SIZE_MAX, SET_NAME_SIZE_MAX
from asinfo.wire.request import Key

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asinfo.wire.particle import Value

KEY_TYPES = ("auto", "string", "integer", "bytes", "digest")


class SetAddress:
    """A namespace and a set of it; an empty set stands for records that are in none."""

    __slots__ = ("namespace", "set_name")

    def __init__(self, namespace: str, set_name: str) -> None:
        self.namespace = namespace
        self.set_name = set_name

    def __str__(self) -> str:
        return f"{self.namespace}.{self.set_name}" if self.set_name else self.namespace


class RecordAddress:
    """One record: ``place`` is its set, ``value`` the user's key (None: only the digest is known), ``key`` what is sent."""

    __slots__ = ("key", "place", "value")

    def __init__(self, place: SetAddress, value: int | str | bytes | None, digest: bytes = b"") -> None:
        self.place = place
        self.value = value
        self.key = (
            Key.of_digest(place.namespace, place.set_name, digest)
            if value is None
            else Key(place.namespace, place.set_name, value)
        )

    def __str__(self) -> str:
        return f"{self.place}/{self.shown}"

    @property
    def shown(self) -> str:
        """The key for a person: bytes and digests in hexadecimal."""
        if self.value is None:
            return self.key.digest.hex()
        return self.value.hex() if isinstance(self.value, bytes) else str(self.value)

    @property
    def kind(self) -> str:
        """One of `KEY_TYPES` but ``auto``."""
        return {int: "integer", str: "string", bytes: "bytes"}.get(type(self.value), "digest")


def set_address(text: str) -> SetAddress:
    """``NS`` or ``NS.SET``. Raises UsageError."""
    if "/" in text:
        raise UsageError(f"{text!r} is no set: write NS or NS.SET")
    namespace, _, set_name = text.partition(".")
    sizes = (
        ("namespace", namespace, 1, NAMESPACE_NAME_SIZE_MAX),
        ("set", set_name, 0, SET_NAME_SIZE_MAX),
    )
    for what, name, least, most in sizes:
        if not least <= len(name.encode("utf-8", "surrogateescape")) <= most:
            raise UsageError(
                f"{text!r}: the name of a {what} has {least} to {most} bytes: write NS or NS.SET"
            )
    return SetAddress(namespace, set_name)


def record_address(text: str, key_type: str = "auto") -> RecordAddress:
    """``NS[.SET]/KEY``; ``key_type`` is one of `KEY_TYPES`. Raises UsageError."""
    place, slash, key = text.partition("/")
    if not slash or not key:
        raise UsageError(f"{text!r} is no record: write NS.SET/KEY, or NS/KEY for a record without a set")
    where = set_address(place)
    try:
        if key_type == "digest":
            return RecordAddress(where, None, _hexadecimal(key, DIGEST_SIZE))
        return RecordAddress(where, _key(key, key_type))
    except (WireError, ValueError) as error:
        raise UsageError(f"{text!r}: {error}") from None


def _key(text: str, key_type: str) -> int | str | bytes:
    """Raises WireError and ValueError."""
    if key_type == "string":
        return text
    if key_type == "bytes":
        return _hexadecimal(text)
    if key_type == "integer":
        return _integer(text)
    value: Value = from_text(text)
    is_key = isinstance(value, int | str) and not isinstance(value, bool)
    return value if is_key else text  # type: ignore[return-value]  # mypy does not see through the name


def _integer(text: str) -> int:
    value: Value = from_text(text)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"the key {text!r} is no integer")  # noqa: TRY004 - of a text, not of a type
    return value


def _hexadecimal(text: str, size: int = 0) -> bytes:
    try:
        data = bytes.fromhex(text)
    except ValueError:
        raise ValueError("the key has something else than hexadecimal digits") from None
    if size and len(data) != size:
        raise ValueError(f"a digest has {2 * size} hexadecimal digits")
    return data
