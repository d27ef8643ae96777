"""CONFIG: parameters that can be asked for and changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.errors import StartError
from asudfd.valkey.glob import glob
from asudfd.valkey.parameters import parameters
from asudfd.valkey.reply import OK, CommandFailed
from asudfd.valkey.settings import ParameterError
from asudfd.valkey.statistics import ServerStatistics

if TYPE_CHECKING:
    from asudfd.valkey.request import CommandRequest

_WILD = b"*?["


def get(request: CommandRequest) -> object:
    """CONFIG GET pattern..."""
    settings, found = request.state.settings, {}
    for pattern in request.arguments[2:]:
        if not any(char in pattern for char in _WILD):
            name = pattern.decode("latin-1").lower()
            if name in parameters():
                found[pattern] = settings.text(name).encode("latin-1")
            continue
        matches = glob(pattern, ignore_case=True).fullmatch
        for name, row in parameters().items():
            if not row.hidden and matches(name.encode()):
                found[name.encode()] = settings.text(name).encode("latin-1")
    return found


def set_(request: CommandRequest) -> object:
    """CONFIG SET name value..."""
    words = request.arguments[2:]
    if len(words) % 2:
        raise CommandFailed("ERR syntax error")
    values: dict[str, str] = {}
    for written, value in zip(words[::2], words[1::2], strict=True):
        name = written.decode("latin-1").lower()
        row = parameters().get(name)
        if row is None:
            raise CommandFailed(b"ERR Unknown option or number of arguments for CONFIG SET - '%s'" % written)
        if name in values:
            raise _failed(name, "duplicate parameter")
        if row.fixed and request.state.settings.text("enable-protected-configs") == "no":
            raise _failed(name, f"can't set {row.fixed} config")
        values[name] = value.decode("latin-1")
    try:
        request.state.settings.checked(values)  # before anything of it has an effect
        if "bind" in values:
            _rebind(request, values["bind"].split())
        if "appendonly" in values:
            _keep(request, kept=values["appendonly"].lower())
        request.state.settings.change(values)
    except ParameterError as error:
        raise CommandFailed(f"ERR {error}") from None
    if "requirepass" in values:
        request.state.users.require_password(values["requirepass"].encode("latin-1"))
    request.state.apply_settings()
    return OK


def _rebind(request: CommandRequest, hosts: list[str]) -> None:
    """Listen at these addresses from now on. Raises ParameterError."""
    rebind = request.state.rebind
    if rebind is None or not hosts:
        raise ParameterError("bind", "asudfd listens as `network` in its configuration file says")
    try:
        rebind(hosts)
    except (OSError, ValueError) as error:
        raise ParameterError("bind", f"Failed to bind to specified addresses: {error}") from None


def _keep(request: CommandRequest, *, kept: str) -> None:
    """Keep the keys in a journal from now on, or no more. Raises ParameterError."""
    try:
        if kept == "yes":
            request.state.open_journal()
        elif kept == "no":
            request.state.drop_journal()
    except StartError as error:
        raise ParameterError("appendonly", str(error)) from None


def _failed(name: str, reason: str) -> CommandFailed:
    return CommandFailed(f"ERR {ParameterError(name, reason)}")


def reset_statistics(request: CommandRequest) -> object:
    """CONFIG RESETSTAT."""
    request.state.statistics = ServerStatistics()
    request.state.engine.lua[b"reset_calls"]()
    request.state.engine.lua[b"state"][b"expired_fields"] = 0
    return OK


def rewrite(_request: CommandRequest) -> object:
    """CONFIG REWRITE: the file is asudfd's own, and nobody but its owner writes it."""
    raise CommandFailed("ERR The server is running without a config file")


HANDLERS = {
    "config|get": get,
    "config|set": set_,
    "config|resetstat": reset_statistics,
    "config|rewrite": rewrite,
}
