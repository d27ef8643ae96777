"""What `asudfd run` is asked to call: a module, a function, its arguments, and a record."""

from __future__ import annotations

from asinfo.decode import DecodeError, decode_json
from asinfo.errors import UsageError, WireError
from asinfo.files import PIPE_SECONDS, FileError, read_file
from asinfo.wire.json_value import from_json, from_text
from asudfd.offline.record import UdfRecord

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from typing import Any

    from asinfo.terminal.options import Values

SIZE_MAX = 8 << 20
"""Bytes of a file of arguments or bins: a record is not larger, and nobody types more."""


class Invocation:
    """A call: ``function`` of the module in the file ``path``, on ``record``, which None says is not there."""

    __slots__ = ("arguments", "function", "key", "path", "record", "set_name")

    def __init__(self, path: str, function: str) -> None:
        self.path = path
        self.function = function
        self.arguments: list[Any] = []
        self.record: UdfRecord | None = None
        self.key: str | int | bytes | None = None
        self.set_name = ""


def invocation(values: Values) -> Invocation:
    """What the command line asks for. Raises UsageError."""
    if len(values.words) < 2:
        raise UsageError("name a file and a function: run FILE.lua FUNCTION")
    path, function, *words = values.words
    if not path.endswith(".lua"):
        raise UsageError(f"{path}: the name of a module is NAME.lua")
    found = Invocation(path, function)
    found.arguments = _arguments(values, words)
    found.record = _record(values)
    found.key = _key(values.text("key"), values.text("key-type") or "auto")
    found.set_name = values.text("set-name") or ""
    return found


def _arguments(values: Values, words: list[str]) -> list[Any]:
    file = values.text("args-file")
    if file is not None and words:
        raise UsageError("--args-file: takes the place of the arguments: leave those away")
    if file == "-" and values.flag("stdin"):
        raise UsageError("--args-file and --stdin: only one can read standard input")
    try:
        found = _array(file) if file is not None else [from_text(word) for word in words]
    except WireError as error:
        raise UsageError(f"an argument cannot be sent: {error}") from None
    return [*found, *values.texts("arg-string")]


def _array(file: str) -> list[Any]:
    document = _document("--args-file", file)
    if not isinstance(document, list):
        raise UsageError(f"--args-file: {file}: is no JSON array of arguments")
    return [from_json(each) for each in document]


def _document(option: str, file: str) -> Any:
    """The JSON document in a file; - is standard input. Raises UsageError."""
    path = "/dev/stdin" if file == "-" else file
    try:
        return decode_json(read_file(path, SIZE_MAX, pipe_seconds=PIPE_SECONDS))
    except FileError as error:
        raise UsageError(f"{option}: {error}") from None
    except DecodeError as error:
        raise UsageError(f"{option}: {'standard input' if file == '-' else file} {error}") from None


def _record(values: Values) -> UdfRecord | None:
    """The record, from --bins or from standard input. Raises UsageError."""
    text = values.text("bins")
    if text is not None and values.flag("stdin"):
        raise UsageError("--bins and --stdin: give one of them")
    if values.flag("stdin"):
        option, document = "--stdin", _document("--stdin", "-")
    elif text is None:
        return None
    else:
        try:
            option, document = "--bins", decode_json(text)
        except DecodeError as error:
            raise UsageError(f"--bins {error}") from None
    if not isinstance(document, dict):
        raise UsageError(f'{option}: bins are a JSON object: {{"count": 1}}')
    try:
        return UdfRecord({name: from_json(each) for name, each in document.items()})
    except WireError as error:
        raise UsageError(f"{option}: {error}") from None


def _key(text: str | None, kind: str) -> str | int | bytes | None:
    """The key as its type has it. Raises UsageError."""
    if text is None or kind == "string":
        return text
    digits = text.removeprefix("-")
    number = int(text) if digits.isascii() and digits.isdigit() and len(digits) < 20 else None
    if number is not None and not -1 << 63 <= number < 1 << 63:
        number = None
    if kind == "auto":
        return text if number is None else number
    if kind == "integer":
        if number is None:
            raise UsageError(f"--key: {text!r} is no integer of 64 bits")
        return number
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise UsageError(f"--key: {text!r} is not hexadecimal") from None
