"""ACL: users and what they may do."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

from asudfd.valkey.acl.check import denial
from asudfd.valkey.acl.rules import CATEGORIES, RuleError
from asudfd.valkey.commands.arguments import integer, wrong_use
from asudfd.valkey.reply import OK, CommandFailed, Set
from asudfd.valkey.table import command_rows

if TYPE_CHECKING:
    from asudfd.valkey.acl.check import AclLogEntry
    from asudfd.valkey.acl.user import AclSelector
    from asudfd.valkey.client import Client
    from asudfd.valkey.request import CommandRequest

BITS, BITS_MAX = 256, 4096
LOG_SHOWN = 10
NO_FILE = (
    "ERR This instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command and "
    "then issue a CONFIG REWRITE (assuming you have a configuration file set) in order to store users in the configuration."
)


def who_am_i(request: CommandRequest) -> object:
    """ACL WHOAMI."""
    return request.client.user.name


def users(request: CommandRequest) -> object:
    """ACL USERS."""
    return [*request.state.users.names()]


def list_(request: CommandRequest) -> object:
    """ACL LIST."""
    return [user.text() for user in request.state.users.all()]


def categories(request: CommandRequest) -> object:
    """ACL CAT [category]."""
    if len(request.arguments) > 3:
        raise wrong_use(request.arguments)
    if len(request.arguments) == 2:
        return [name.encode() for name in CATEGORIES]
    category = request.arguments[2].decode("latin-1").lower()
    if category not in CATEGORIES:
        raise CommandFailed(b"ERR Unknown category '%s'" % request.arguments[2])
    return [name.encode() for name, row in command_rows().items() if category in row.categories]


def set_user(request: CommandRequest) -> object:
    """ACL SETUSER name [rule...]."""
    name, rules = request.arguments[2], request.arguments[3:]
    if any(byte in name for byte in b" \0"):
        raise CommandFailed("ERR Usernames can't contain spaces or null characters")
    known = request.state.users
    if known.get(name) is None and known.is_full():
        raise CommandFailed("ERR there are too many users")
    try:
        user = known.change(name, rules)
    except RuleError as error:
        raise CommandFailed(f"ERR {error}") from None
    for client in request.state.clients.values():
        if client.user is user:
            client.settle()
    return OK


def get_user(request: CommandRequest) -> object:
    """ACL GETUSER name."""
    user = request.state.users.get(request.arguments[2])
    if user is None:
        return None
    flags = [b"on" if user.enabled else b"off", *([b"nopass"] if user.nopass else [])]
    is_old = request.state.settings.is_old
    return {
        b"flags": Set([*flags]),
        b"passwords": [*user.passwords],
        **_described(user.root, is_old=is_old),
        b"selectors": [_described(each, is_old=is_old) for each in user.selectors[1:]],
    }


def _described(selector: AclSelector, *, is_old: bool) -> dict[bytes, object]:
    fields: dict[bytes, object] = {
        b"commands": selector.commands_text(),
        b"keys": selector.keys_text(),
        b"channels": selector.channels_text(),
    }
    if not is_old:
        fields[b"databases"] = selector.databases_text()
    return fields


def delete_user(request: CommandRequest) -> object:
    """ACL DELUSER name..."""
    names = request.arguments[2:]
    if b"default" in names:
        raise CommandFailed("ERR The 'default' user cannot be removed")
    removed = [user for name in names if (user := request.state.users.remove(name))]
    for client in tuple(request.state.clients.values()):
        if client.user in removed:
            _end(request, client)
    return len(removed)


def _end(request: CommandRequest, client: Client) -> None:
    """End a connection whose user is no more; its own one after the reply."""
    if client is request.client:
        client.closing = True
    elif client.connection is not None:
        client.connection.cut()


def generate_password(request: CommandRequest) -> object:
    """ACL GENPASS [bits]."""
    if len(request.arguments) > 3:
        raise wrong_use(request.arguments)
    bits = integer(request.arguments[2]) if len(request.arguments) == 3 else BITS
    if not 0 < bits <= BITS_MAX:
        raise CommandFailed(
            "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096"
        )
    digits = (bits + 3) // 4
    return secrets.token_hex((digits + 1) // 2)[:digits].encode()


def dry_run(request: CommandRequest) -> object:
    """ACL DRYRUN user command [argument...]."""
    user = request.state.users.get(request.arguments[2])
    if user is None:
        raise CommandFailed(b"ERR User '%s' not found" % request.arguments[2])
    arguments = request.arguments[3:]
    name = arguments[0].decode("latin-1").lower()
    row = command_rows().get(name)
    if row is not None and len(arguments) > 1:
        row = command_rows().get(f"{name}|{arguments[1].decode('latin-1').lower()}", row)
    if row is None:
        raise CommandFailed(b"ERR Command '%s' not found" % arguments[0])
    if row.arity != len(arguments) and (row.arity > 0 or len(arguments) < -row.arity):
        raise CommandFailed(f"ERR wrong number of arguments for '{row.name}' command")
    found = denial(request.state.engine, user, row, arguments, request.client.database)
    return found.long_text().encode("latin-1") if found else OK


def log(request: CommandRequest) -> object:
    """ACL LOG [count|RESET]."""
    words = request.arguments[2:]
    if len(words) > 1:
        raise wrong_use(request.arguments)
    entries = request.state.users.log.entries
    if words and words[0].upper() == b"RESET":
        entries.clear()
        return OK
    count = max(0, integer(words[0])) if words else LOG_SHOWN
    return [_entry(entry) for entry in [*entries][:count]]


def _entry(entry: AclLogEntry) -> dict[bytes, object]:
    return {
        b"count": entry.count,
        b"reason": entry.reason.encode(),
        b"context": entry.context.encode(),
        b"object": entry.object,
        b"username": entry.user,
        b"age-seconds": round(time.time() - entry.updated, 3),
        b"client-info": entry.client,
        b"entry-id": entry.number,
        b"timestamp-created": int(entry.created * 1000),
        b"timestamp-last-updated": int(entry.updated * 1000),
    }


def no_file(_request: CommandRequest) -> object:
    """ACL LOAD, ACL SAVE."""
    raise CommandFailed(NO_FILE)


HANDLERS = {
    "acl|whoami": who_am_i,
    "acl|users": users,
    "acl|list": list_,
    "acl|cat": categories,
    "acl|setuser": set_user,
    "acl|getuser": get_user,
    "acl|deluser": delete_user,
    "acl|genpass": generate_password,
    "acl|dryrun": dry_run,
    "acl|log": log,
    "acl|load": no_file,
    "acl|save": no_file,
}
