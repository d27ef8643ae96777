"""Commands about the server as a whole: SAVE and its kin, SHUTDOWN."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.valkey.reply import OK, CommandFailed, EncodedReply, Status

if TYPE_CHECKING:
    from asudfd.valkey.request import CommandRequest

SYNTAX = "ERR syntax error"
NO_SAVE = "ERR asudfd writes no RDB files: `storage file` in its configuration keeps the data"
NO_JOURNAL = "ERR asudfd keeps the data in memory only: `storage file` in its configuration keeps a journal"
SHUTDOWN_WORDS = frozenset({b"NOSAVE", b"SAVE", b"NOW", b"FORCE", b"ABORT", b"FAILOVER", b"SAFE"})


def last_save(request: CommandRequest) -> object:
    """LASTSAVE: the time since which the data is what it is on the disk; that is, of the start."""
    return int(request.state.started)


def save(request: CommandRequest) -> object:
    """SAVE: with a journal, everything is on the disk already."""
    if request.state.journal is not None:
        return OK
    raise CommandFailed(NO_SAVE)


def background_save(request: CommandRequest) -> object:
    """BGSAVE [SCHEDULE|CANCEL]."""
    words = [word.upper() for word in request.arguments[1:]]
    if words == [b"CANCEL"]:
        raise CommandFailed("ERR Background saving is currently not in progress or scheduled")
    if words not in ([], [b"SCHEDULE"]):
        raise CommandFailed(SYNTAX)
    save(request)
    return Status(b"Background saving started")


def rewrite_journal(request: CommandRequest) -> object:
    """BGREWRITEAOF: compact the journal, which also comes by itself."""
    journal = request.state.journal
    if journal is None:
        raise CommandFailed(NO_JOURNAL)
    if journal.is_compacting:
        raise CommandFailed("ERR Background append only file rewriting already in progress")
    if not journal.compact():
        raise CommandFailed("ERR the journal cannot be written anew; the log says why")
    return Status(b"Background append only file rewriting started")


def shutdown(request: CommandRequest) -> object:
    """SHUTDOWN [NOSAVE|SAVE] [NOW] [FORCE] [ABORT]: the process ends, and with it a function that runs; there is no reply."""
    words = {word.upper() for word in request.arguments[1:]}
    if words - SHUTDOWN_WORDS or {b"SAVE", b"NOSAVE"} <= words or (b"ABORT" in words and len(words) > 1):
        raise CommandFailed(SYNTAX)
    if b"ABORT" in words:
        raise CommandFailed("ERR No shutdown in progress.")
    if request.state.busy and b"NOSAVE" not in words:
        raise CommandFailed(request.state.busy_text())
    if request.state.shutdown is None:
        raise CommandFailed("ERR Errors trying to SHUTDOWN. Check logs.")
    request.state.shutdown()
    if request.state.busy:
        request.state.end_script()
    request.client.closing = True
    return EncodedReply(b"")


HANDLERS = {
    "lastsave": last_save,
    "save": save,
    "bgsave": background_save,
    "bgrewriteaof": rewrite_journal,
    "shutdown": shutdown,
}
