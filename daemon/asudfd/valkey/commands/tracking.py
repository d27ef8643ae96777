"""CLIENT TRACKING and its kin. The options are kept and told; invalidation messages are not sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.valkey.commands.arguments import integer, on_or_off
from asudfd.valkey.reply import OK, CommandFailed, Set
from asudfd.valkey.tracking import Tracking

if TYPE_CHECKING:
    from asudfd.valkey.request import CommandRequest

SYNTAX = "ERR syntax error"
PREFIXES_MAX = 128
"""Prefixes that a client may ask for."""

_SWITCH = "ERR You can't switch {} before disabling tracking for this client, and then re-enabling it with a different mode."
_ONLY = "ERR CLIENT CACHING {} is only valid when tracking is enabled in {} mode."


def tracking(request: CommandRequest) -> object:
    """CLIENT TRACKING ON|OFF [REDIRECT id] [PREFIX prefix...] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]."""
    wanted = _options(request)
    if not on_or_off(request.arguments[2]):
        request.client.tracking = None
        return OK
    current = request.client.tracking
    if wanted.prefixes and not wanted.broadcast:
        raise CommandFailed("ERR PREFIX option requires BCAST mode to be enabled")
    if current and current.broadcast != wanted.broadcast:
        raise CommandFailed(_SWITCH.format("BCAST mode on/off"))
    if wanted.broadcast and (wanted.opt_in or wanted.opt_out):
        raise CommandFailed("ERR OPTIN and OPTOUT are not compatible with BCAST")
    if wanted.opt_in and wanted.opt_out:
        raise CommandFailed("ERR You can't use both OPTIN mode and OPTOUT mode at the same time")
    if current and ((wanted.opt_in and current.opt_out) or (wanted.opt_out and current.opt_in)):
        raise CommandFailed(_SWITCH.format("OPTIN/OPTOUT mode"))
    if current:
        wanted.prefixes = list(dict.fromkeys([*current.prefixes, *wanted.prefixes]))[:PREFIXES_MAX]
    request.client.tracking = wanted
    return OK


def _options(request: CommandRequest) -> Tracking:
    words, found = list(request.arguments[3:]), Tracking()
    while words:
        option = words.pop(0).upper()
        if option == b"REDIRECT" and words:
            number = integer(words.pop(0))
            if number not in request.state.clients:
                raise CommandFailed("ERR The client ID you want redirect to does not exist")
            found.redirect = number
        elif option == b"PREFIX" and words and len(found.prefixes) < PREFIXES_MAX:
            found.prefixes.append(words.pop(0))
        elif option == b"BCAST":
            found.broadcast = True
        elif option == b"OPTIN":
            found.opt_in = True
        elif option == b"OPTOUT":
            found.opt_out = True
        elif option == b"NOLOOP":
            found.no_loop = True
        else:
            raise CommandFailed(SYNTAX)
    return found


def caching(request: CommandRequest) -> object:
    """CLIENT CACHING YES|NO."""
    current, word = request.client.tracking, request.arguments[2].upper()
    if current is None:
        raise CommandFailed(
            "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled"
        )
    if word == b"YES":
        if not current.opt_in:
            raise CommandFailed(_ONLY.format("YES", "OPTIN"))
    elif word == b"NO":
        if not current.opt_out:
            raise CommandFailed(_ONLY.format("NO", "OPTOUT"))
    else:
        raise CommandFailed(SYNTAX)
    current.caching = word == b"YES"
    return OK


def tracking_info(request: CommandRequest) -> object:
    """CLIENT TRACKINGINFO."""
    current = request.client.tracking
    return {
        b"flags": Set(list(current.flags()) if current else [b"off"]),
        b"redirect": current.redirect if current else -1,
        b"prefixes": list(current.prefixes) if current else [],
    }


def get_redirection(request: CommandRequest) -> object:
    """CLIENT GETREDIR."""
    return request.client.tracking.redirect if request.client.tracking else -1


HANDLERS = {
    "client|tracking": tracking,
    "client|caching": caching,
    "client|trackinginfo": tracking_info,
    "client|getredir": get_redirection,
}
