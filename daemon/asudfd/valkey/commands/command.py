"""COMMAND: the table of commands, as clients ask for it."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from asinfo.wire.resp_frame import array, bulk, null
from asudfd.valkey.glob import glob
from asudfd.valkey.key_specs import KeyPlace, flags_of_place
from asudfd.valkey.reply import CommandFailed, EncodedReply, Set, Status, encode
from asudfd.valkey.summaries import summary
from asudfd.valkey.table import command_rows
from asudfd.valkey.usage import arguments_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asudfd.valkey.request import CommandRequest
    from asudfd.valkey.table import CommandSpec

NO_KEYS = "ERR The command has no key arguments"

NAMES_MAX = 1024
"""Names in one request, some of which have 4 KB to tell: more than twice as many as there are commands."""


@cache
def _top() -> list[CommandSpec]:
    return [row for row in command_rows().values() if "|" not in row.name]


@cache
def _inner() -> dict[str, list[CommandSpec]]:
    """The subcommands of each command that has some."""
    found: dict[str, list[CommandSpec]] = {}
    for row in command_rows().values():
        container, bar, _ = row.name.partition("|")
        if bar:
            found.setdefault(container, []).append(row)
    return found


def _subcommands(row: CommandSpec) -> list[CommandSpec]:
    return _inner().get(row.name, [])


def command(request: CommandRequest) -> object:
    """COMMAND."""
    return EncodedReply(_all_described(request.client.resp, is_old=request.state.settings.is_old))


@cache
def _all_described(resp: int, *, is_old: bool) -> bytes:
    """The reply to COMMAND, made once: clients of a cluster ask for it at each start."""
    return array(_description(row.name, resp, is_old=is_old) for row in _top())


@cache
def _description(name: str, resp: int, *, is_old: bool) -> bytes:
    """What COMMAND INFO tells of a command, as bytes that are made once: it may be asked for a thousand times in a request."""
    return encode(_described(command_rows()[name], is_old=is_old), resp)


def _named(request: CommandRequest) -> list[CommandSpec | None]:
    """The rows of the commands in the arguments; None for names that are none. Raises CommandFailed."""
    names = request.arguments[2:]
    if len(names) > NAMES_MAX:
        subcommand = request.arguments[1].decode("latin-1").upper()
        raise CommandFailed(f"ERR COMMAND {subcommand} of asudfd takes up to {NAMES_MAX} names")
    return [command_rows().get(name.decode("latin-1").lower()) for name in names]


def count(_request: CommandRequest) -> object:
    """COMMAND COUNT."""
    return len(_top())


def info(request: CommandRequest) -> object:
    """COMMAND INFO [name...]."""
    if len(request.arguments) == 2:
        return command(request)
    resp, is_old = request.client.resp, request.state.settings.is_old
    rows = _named(request)
    return EncodedReply(
        array(_description(row.name, resp, is_old=is_old) if row else null(resp) for row in rows)
    )


def _described(row: CommandSpec, *, is_old: bool) -> list[object]:
    inner: list[object] = [_described(each, is_old=is_old) for each in _subcommands(row)]
    return [
        row.name.encode(),
        row.arity,
        _words(row.flags),
        *row.keys,
        _words(f"@{category}" for category in row.categories),
        Set([tip.encode() for tip in row.tips]),
        Set([_specification(spec) for spec in row.specs]),
        Set(inner) if is_old and not inner else inner,
    ]


def _words(words: Iterable[str]) -> Set:
    return Set([Status(word.encode()) for word in words])


def _specification(spec: dict[str, Any]) -> dict[bytes, object]:
    fields: dict[bytes, object] = {}
    if "notes" in spec:
        fields[b"notes"] = spec["notes"].encode()
    fields[b"flags"] = _words(spec["flags"])
    for part in ("begin_search", "find_keys"):
        kind, values = spec[part]
        inner = {
            name.encode(): value.encode() if isinstance(value, str) else value
            for name, value in values.items()
        }
        fields[part.encode()] = {b"type": kind.encode(), b"spec": inner}
    return fields


def docs(request: CommandRequest) -> object:
    """COMMAND DOCS [name...]."""
    if len(request.arguments) == 2:
        return EncodedReply(_all_documented(request.client.resp))
    resp = request.client.resp
    return EncodedReply(_map({row.name: None for row in _named(request) if row}, resp))


@cache
def _all_documented(resp: int) -> bytes:
    """The reply to COMMAND DOCS, made once: it is the first that valkey-cli asks for."""
    return _map([row.name for row in _top()], resp)


def _map(names: Iterable[str], resp: int) -> bytes:
    pieces = [_documentation(name, resp) for name in names]
    if resp == 3:
        return b"%%%d\r\n%b" % (len(pieces), b"".join(pieces))
    return b"*%d\r\n%b" % (2 * len(pieces), b"".join(pieces))


@cache
def _documentation(name: str, resp: int) -> bytes:
    """The name of a command and what COMMAND DOCS tells of it, made once."""
    return bulk(name.encode()) + encode(_documented(command_rows()[name]), resp)


def _documented(row: CommandSpec) -> dict[bytes, object]:
    fields: dict[bytes, object] = {
        b"summary": summary(row.name).encode(),
        b"since": row.since.encode(),
        b"group": row.group.encode(),
    }
    inner = _subcommands(row)
    if not inner:
        fields[b"arguments"] = arguments_of(row)
    else:
        fields[b"subcommands"] = {each.name.encode(): _documented(each) for each in inner}
    return fields


def list_(request: CommandRequest) -> object:
    """COMMAND LIST [FILTERBY MODULE name|ACLCAT category|PATTERN pattern]."""
    words = request.arguments[2:]
    rows = command_rows()
    if not words:
        return [row.name.encode() for row in _top()]
    if len(words) != 3 or words[0].upper() != b"FILTERBY":
        raise CommandFailed("ERR syntax error")
    how, value = words[1].upper(), words[2]
    if how == b"MODULE":
        return []
    if how == b"ACLCAT":
        category = value.decode("latin-1").lower()
        return [name.encode() for name, row in rows.items() if category in row.categories]
    if how == b"PATTERN":
        matches = glob(value, ignore_case=True).fullmatch
        return [name.encode() for name in rows if matches(name.encode())]
    raise CommandFailed("ERR syntax error")


class _Keys(NamedTuple):
    """A command and the places of its keys."""

    row: CommandSpec
    arguments: list[bytes]
    places: list[KeyPlace]


def _keys_of(request: CommandRequest) -> _Keys:
    """The command in the arguments, and its keys. Raises CommandFailed."""
    arguments = request.arguments[2:]
    name = arguments[0].decode("latin-1").lower()
    row = command_rows().get(name)
    if row and len(arguments) > 1 and _subcommands(row):
        row = command_rows().get(f"{name}|{arguments[1].decode('latin-1').lower()}")
    if row is None:
        raise CommandFailed("ERR Invalid command specified")
    if not any("not_key" not in spec["flags"] for spec in row.specs):
        raise CommandFailed(NO_KEYS)
    if row.arity != len(arguments) and (row.arity > 0 or len(arguments) < -row.arity):
        raise CommandFailed("ERR Invalid number of arguments specified for command")
    places = request.state.engine.key_places(row, arguments)
    if not places and "no_mandatory_keys" not in row.flags:
        raise CommandFailed("ERR Invalid arguments specified for command")
    return _Keys(row, arguments, places or [])


def get_keys(request: CommandRequest) -> object:
    """COMMAND GETKEYS command [argument...]."""
    found = _keys_of(request)
    return EncodedReply(array(bulk(found.arguments[place.position]) for place in found.places))


def get_keys_and_flags(request: CommandRequest) -> object:
    """COMMAND GETKEYSANDFLAGS command [argument...]."""
    row, arguments, places = _keys_of(request)
    flags = cache(partial(_flags_of_spec, request.client.resp, row, arguments))
    return EncodedReply(
        array(
            array((bulk(arguments[place.position]), flags(row.specs.index(place.spec)))) for place in places
        )
    )


def _flags_of_spec(resp: int, row: CommandSpec, arguments: list[bytes], spec: int) -> bytes:
    """What the command does to the keys of one of its specifications."""
    return encode(_words(flags_of_place(row, KeyPlace(0, row.specs[spec]), arguments)), resp)


def help_(_request: CommandRequest) -> object:
    """COMMAND HELP."""
    lines = ["COMMAND [<subcommand> [<arg> ...]]. Without a subcommand: all commands. Subcommands are:"]
    for row in _subcommands(command_rows()["command"]):
        lines += [row.name.partition("|")[2].upper(), f"    {summary(row.name)}"]
    return [Status(line.encode()) for line in lines]


HANDLERS = {
    "command": command,
    "command|count": count,
    "command|info": info,
    "command|docs": docs,
    "command|list": list_,
    "command|getkeys": get_keys,
    "command|getkeysandflags": get_keys_and_flags,
    "command|help": help_,
}
