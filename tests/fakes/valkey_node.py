"""One scripted Valkey server of a fleet: its libraries, its role, and the answers to what a tool of function libraries asks.

It checks texts only as far as names and a word for what does not compile go; no Lua is run.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from asinfo.errors import WireError
from asinfo.wire import functions
from asinfo.wire.resp_reply import ErrorReply, Map, Status, Verbatim

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeAlias

    Answer: TypeAlias = Any

OK = Status(b"OK")
BROKEN = b"syntax error here"
"""A text with these words does not compile."""

REGISTRATION = re.compile(rb"register_function\s*[({]\s*(?:function_name\s*=\s*)?['\"](\w+)['\"]")
SHEBANG = re.compile(rb"#!lua name=(\w+)\n")

BUSY = ErrorReply(
    b"BUSY Valkey is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE."
)
READONLY = ErrorReply(b"READONLY You can't write against a read only replica.")
NOAUTH = ErrorReply(b"NOAUTH Authentication required.")
WRONGPASS = ErrorReply(b"WRONGPASS invalid username-password pair or user is disabled.")
STANDALONE = ErrorReply(b"ERR This instance has cluster support disabled")
POISONED = ErrorReply(
    b"ERR Attempted to access a non local key in a cluster node script: here, on @user_script:1."
)
WAIT_ON_REPLICA = ErrorReply(
    b"ERR WAIT cannot be used with replica instances. Please also note that if a replica is configured to be writable"
    b" (which is not the default) writes to replicas are just local and are not propagated."
)

REFUSALS = {
    "busy": BUSY,
    "loading": ErrorReply(b"LOADING Valkey is loading the dataset in memory"),
    "masterdown": ErrorReply(
        b"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."
    ),
    "readonly": READONLY,
    "oom": ErrorReply(b"OOM command not allowed when used memory > 'maxmemory'."),
    "noreplicas": ErrorReply(b"NOREPLICAS Not enough good replicas to write."),
    "misconf": ErrorReply(b"MISCONF Errors writing to the AOF file: No space left on device"),
    "noauth": NOAUTH,
    "wrongpass": WRONGPASS,
}
"""Faults that are one error."""

WHILE_BUSY = {b"AUTH", b"HELLO", b"QUIT", b"CLIENT", b"FUNCTION KILL", b"FUNCTION STATS"}
BEFORE_LOGIN = {b"AUTH", b"HELLO", b"QUIT"}
CONTAINERS = {b"FUNCTION", b"CLUSTER", b"CLIENT", b"ACL"}
"""Commands whose second word tells what they do."""


class User(NamedTuple):
    """A password, and the commands that the user may run (`function|dump`); None: all."""

    password: bytes
    allowed: frozenset[bytes] | None = None


class Running(NamedTuple):
    """A function that runs for longer than a server likes."""

    name: bytes
    command: tuple[bytes, ...]
    milliseconds: int


class Session:
    """What a server knows of one connection."""

    __slots__ = ("protocol", "user")

    def __init__(self) -> None:
        self.protocol = 2
        self.user: bytes | None = None


class FakeValkey:
    """A primary, or with ``primary`` set a replica, which gets what its primary gets unless it is ``deaf``."""

    def __init__(self, number: int, name: bytes) -> None:
        self.number = number
        self.id = name
        self.address = ("", 0)
        self.primary: FakeValkey | None = None
        self.replicas: list[FakeValkey] = []
        self.texts: dict[bytes, bytes] = {}
        self.version = b"9.1.2"
        self.slots = b""
        self.flags: bytes | None = None
        """What others say of it in CLUSTER NODES, where that is not just its role."""
        self.link = b"connected"
        self.has_ip = True
        """Whether CLUSTER NODES has its address."""
        self.clustered = True
        self.deaf = False
        self.users: dict[bytes, User] = {}
        """Without users everybody may do everything."""
        self.running: Running | None = None
        self.poisoned = False
        self.dump_version: int | None = None
        self.corrupt = False
        """Whether its payloads have a wrong checksum."""
        self.commands: list[list[bytes]] = []
        self.more: dict[bytes, Answer] = {}
        """Constant answers to other commands."""
        self.view: Callable[[FakeValkey], bytes] = lambda _: b""
        """CLUSTER NODES as a server says it."""

    @property
    def role(self) -> bytes:
        return b"slave" if self.primary else b"master"

    @property
    def is_newest(self) -> bool:
        return self.version.startswith(b"9.1")

    def load(self, *texts: bytes) -> None:
        """Have these libraries, and none besides."""
        self.texts = {name_of(text): text for text in texts}

    # --- roles ---

    def follow(self, primary: FakeValkey | None) -> None:
        """Become a replica with what the primary has; None: become a primary."""
        if self.primary:
            self.primary.replicas.remove(self)
        self.primary = primary
        if primary:
            primary.replicas.append(self)
            self.texts = dict(primary.texts)

    def promote(self) -> None:
        """Change places with the primary, as after CLUSTER FAILOVER."""
        old = self.primary
        assert old is not None
        others = [replica for replica in old.replicas if replica is not self]
        self.follow(None)
        self.slots, old.slots = old.slots, b""
        for replica in (old, *others):
            replica.follow(self)

    # --- answers ---

    def answer(self, words: list[bytes], session: Session) -> Answer:
        """The reply to a command, what it does being done."""
        name = command_name(words)
        refusal = self._refusal(name, session)
        if refusal is not None:
            return refusal
        if name in self.more:
            return self.more[name]
        answer = ANSWERS.get(name)
        if answer is None:
            return unknown(words)
        return answer(self, words[len(name.split()) :], session)

    def _refusal(self, name: bytes, session: Session) -> ErrorReply | None:
        top = name.split()[0]
        if self.users and top not in BEFORE_LOGIN:
            login = session.user or b""
            user = self.users.get(login)
            if user is None:
                return NOAUTH
            shown = name.lower().replace(b" ", b"|")
            if user.allowed is not None and shown not in user.allowed:
                return ErrorReply(
                    b"NOPERM User %b has no permissions to run the '%b' command" % (login, shown)
                )
        return BUSY if self.running and not {top, name} & WHILE_BUSY else None

    def _auth(self, words: list[bytes], session: Session) -> Answer:
        user, password = (b"default", words[0]) if len(words) == 1 else (words[0], words[1])
        known = self.users.get(user)
        if not self.users:
            return OK if user == b"default" and len(words) == 2 else WRONGPASS
        if known is None or known.password != password:
            return WRONGPASS
        session.user = user
        return OK

    def _hello(self, words: list[bytes], session: Session) -> Answer:
        if words[1:2] == [b"AUTH"] and self._auth(words[2:4], session) is not OK:
            return WRONGPASS
        if self.users and session.user is None:
            return ErrorReply(b"NOAUTH HELLO must be called with the client already authenticated")
        session.protocol = int(words[0]) if words else session.protocol
        return Map(
            [
                (b"server", b"valkey"),
                (b"version", self.version),
                (b"proto", session.protocol),
                (b"id", 1),
                (b"mode", b"cluster" if self.clustered else b"standalone"),
                (b"role", self.role),
                (b"modules", []),
            ]
        )

    def _ping(self, words: list[bytes], _session: Session) -> Answer:
        return words[0] if words else Status(b"PONG")

    def _eval(self, _words: list[bytes], _session: Session) -> Answer:
        return POISONED if self.poisoned else 1

    def _role(self, _words: list[bytes], _session: Session) -> Answer:
        if self.primary:
            host, port = self.primary.address
            return [b"slave", host.encode(), port, b"connected", 0]
        rows = [[each.address[0].encode(), b"%d" % each.address[1], b"0"] for each in self.replicas]
        return [b"master", 0, rows]

    def _info(self, words: list[bytes], _session: Session) -> Answer:
        wanted = [word.lower() for word in words]
        parts = [text for name, text in self._sections().items() if not wanted or name in wanted]
        return Verbatim(b"txt", b"\r\n".join(parts))

    def _sections(self) -> dict[bytes, bytes]:
        link = b""
        if self.primary:
            host, port = self.primary.address
            link = b"master_host:%b\r\nmaster_port:%d\r\nmaster_link_status:up\r\n" % (host.encode(), port)
        return {
            b"server": b"# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:%b\r\n"
            b"server_mode:%b\r\ntcp_port:%d\r\n"
            % (self.version, b"cluster" if self.clustered else b"standalone", self.address[1]),
            b"replication": b"# Replication\r\nrole:%b\r\n%bconnected_slaves:%d\r\nmaster_repl_offset:0\r\n"
            % (self.role, link, len(self.replicas)),
            b"cluster": b"# Cluster\r\ncluster_enabled:%d\r\n" % self.clustered,
        }

    def _cluster_nodes(self, _words: list[bytes], _session: Session) -> Answer:
        return Verbatim(b"txt", self.view(self)) if self.clustered else STANDALONE

    def _cluster_myid(self, _words: list[bytes], _session: Session) -> Answer:
        return self.id if self.clustered else STANDALONE

    def _cluster_info(self, _words: list[bytes], _session: Session) -> Answer:
        return Verbatim(b"txt", b"cluster_state:ok\r\n") if self.clustered else STANDALONE

    def _wait(self, words: list[bytes], _session: Session) -> Answer:
        if self.primary:
            return WAIT_ON_REPLICA
        return sum(not replica.deaf for replica in self.replicas)

    def _dump(self, _words: list[bytes], _session: Session) -> Answer:
        version = self.dump_version or (80 if self.is_newest else 11)
        payload = packed(tuple(self.texts.values()), version)
        return payload[:-1] + bytes([payload[-1] ^ 0xFF]) if self.corrupt else payload

    def _list(self, words: list[bytes], _session: Session) -> Answer:
        upper = [word.upper() for word in words]
        only = words[upper.index(b"LIBRARYNAME") + 1] if b"LIBRARYNAME" in upper else None
        found: list[Map] = []
        for name, text in self.texts.items():
            functions_of = [
                Map([(b"name", each), (b"description", None), (b"flags", [])]) for each in registered(text)
            ]
            row = Map([(b"library_name", name), (b"engine", b"LUA"), (b"functions", functions_of)])
            if b"WITHCODE" in upper:
                row.append((b"library_code", text))
            if only in {None, name}:
                found.append(row)
        return found

    def _stats(self, _words: list[bytes], _session: Session) -> Answer:
        running = None
        if self.running:
            name, words, milliseconds = self.running
            running = Map([(b"name", name), (b"command", list(words)), (b"duration_ms", milliseconds)])
        count = sum(len(registered(text)) for text in self.texts.values())
        engine = Map([(b"libraries_count", len(self.texts)), (b"functions_count", count)])
        return Map([(b"running_script", running), (b"engines", Map([(b"LUA", engine)]))])

    def _kill(self, _words: list[bytes], _session: Session) -> Answer:
        if self.running is None:
            return ErrorReply(b"NOTBUSY No scripts in execution right now.")
        self.running = None
        return OK

    # --- changes ---

    def _restore(self, words: list[bytes], _session: Session) -> Answer:
        if self.primary:
            return READONLY
        policy = words[1].upper() if len(words) > 1 else b"APPEND"
        if policy not in {b"APPEND", b"REPLACE", b"FLUSH"}:
            return ErrorReply(
                b"ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE."
            )
        return self._changed(lambda node: node.restored(words[0], policy))

    def restored(self, payload: bytes, policy: bytes) -> ErrorReply | None:
        """Take the libraries of a payload: all, or none and the reason."""
        try:
            versions = frozenset(range(1, 81 if self.is_newest else 12))
            texts = unpacked(payload, versions)
        except WireError as reason:
            return ErrorReply(b"ERR %b" % str(reason).encode())
        present = {} if policy == b"FLUSH" else dict(self.texts)
        for name in texts:
            if name in present and policy == b"APPEND":
                return ErrorReply(b"ERR Library %b already exists" % name)
        return self._take({**present, **texts})

    def _take(self, texts: dict[bytes, bytes]) -> ErrorReply | None:
        seen: set[bytes] = set()
        for text in texts.values():
            if BROKEN in text:
                return ErrorReply(b"ERR Error compiling function: user_function:2: unexpected symbol")
            for name in registered(text):
                if name in seen:
                    return ErrorReply(b"ERR Function %b already exists" % name)
                seen.add(name)
        self.texts = texts
        return None

    def _load(self, words: list[bytes], _session: Session) -> Answer:
        if self.primary:
            return READONLY
        text = words[-1]
        name = name_of(text)
        if name in self.texts and words[0].upper() != b"REPLACE":
            return ErrorReply(b"ERR Library '%b' already exists" % name)
        reply = self._changed(lambda node: node._take({**node.texts, name: text}))
        return name if reply is OK else reply

    def _delete(self, words: list[bytes], _session: Session) -> Answer:
        if self.primary:
            return READONLY
        if words[0] not in self.texts:
            return ErrorReply(b"ERR Library not found")
        return self._changed(lambda node: node._forget(words[0]))

    def _forget(self, name: bytes) -> None:
        self.texts.pop(name, None)

    def _flush(self, _words: list[bytes], _session: Session) -> Answer:
        return READONLY if self.primary else self._changed(lambda node: node.texts.clear())

    def _changed(self, change: Callable[[FakeValkey], ErrorReply | None]) -> Answer:
        """Do it here; the replicas that hear it do the same, and what they say to it is lost."""
        refused = change(self)
        if refused is not None:
            return refused
        for replica in self.replicas:
            if not replica.deaf:
                change(replica)
        return OK

    def _done(self, _words: list[bytes], _session: Session) -> Answer:
        return OK

    def _whoami(self, _words: list[bytes], session: Session) -> Answer:
        return session.user or b"default"

    def _dryrun(self, words: list[bytes], _session: Session) -> Answer:
        user = self.users.get(words[0], User(b""))
        name = command_name(words[1:]).lower().replace(b" ", b"|")
        if user.allowed is None or name in user.allowed:
            return OK
        return b"User %b has no permissions to run the '%b' command" % (words[0], name)


ANSWERS: dict[bytes, Callable[[FakeValkey, list[bytes], Session], Answer]] = {
    b"AUTH": FakeValkey._auth,
    b"HELLO": FakeValkey._hello,
    b"PING": FakeValkey._ping,
    b"QUIT": FakeValkey._done,
    b"CLIENT SETINFO": FakeValkey._done,
    b"CLIENT SETNAME": FakeValkey._done,
    b"CLUSTER NODES": FakeValkey._cluster_nodes,
    b"CLUSTER MYID": FakeValkey._cluster_myid,
    b"CLUSTER INFO": FakeValkey._cluster_info,
    b"ROLE": FakeValkey._role,
    b"INFO": FakeValkey._info,
    b"WAIT": FakeValkey._wait,
    b"EVAL": FakeValkey._eval,
    b"EVAL_RO": FakeValkey._eval,
    b"ACL WHOAMI": FakeValkey._whoami,
    b"ACL DRYRUN": FakeValkey._dryrun,
    b"FUNCTION DUMP": FakeValkey._dump,
    b"FUNCTION LIST": FakeValkey._list,
    b"FUNCTION STATS": FakeValkey._stats,
    b"FUNCTION KILL": FakeValkey._kill,
    b"FUNCTION LOAD": FakeValkey._load,
    b"FUNCTION RESTORE": FakeValkey._restore,
    b"FUNCTION DELETE": FakeValkey._delete,
    b"FUNCTION FLUSH": FakeValkey._flush,
}


def command_name(words: list[bytes]) -> bytes:
    """The word or the two words that tell what a command does, in capitals."""
    first = words[0].upper()
    return b" ".join((first, *(word.upper() for word in words[1:2]))) if first in CONTAINERS else first


def unknown(words: list[bytes]) -> ErrorReply:
    """What a server answers to a command that it does not know."""
    if words[0].upper() in CONTAINERS and len(words) > 1:
        return ErrorReply(b"ERR unknown subcommand '%b'. Try %b HELP." % (words[1], words[0].upper()))
    arguments = b"".join(b"'%b' " % word for word in words[1:])
    return ErrorReply(b"ERR unknown command '%b', with args beginning with: %b" % (words[0], arguments))


def name_of(text: bytes) -> bytes:
    """The name in the first line; raises WireError where a server has its own error."""
    found = SHEBANG.match(text)
    if found is None:
        raise WireError("Missing library metadata")
    return found[1]


@cache
def registered(text: bytes) -> tuple[bytes, ...]:
    """The names of the functions that a text registers."""
    return tuple(REGISTRATION.findall(text))


@cache
def unpacked(payload: bytes, versions: frozenset[int]) -> dict[bytes, bytes]:
    """The texts of a payload by name, read once for all servers: a real one has a processor of its own. Raises WireError."""
    return {name_of(text): text for text in functions.restored(payload, versions)}


@cache
def packed(texts: Iterable[bytes], version: int) -> bytes:
    """A payload as servers make it, made once for all that have the same libraries."""
    return functions.dump(texts, version, compressed=True)
