"""Which nodes to ask, and how: the union of astools.conf and the command line.

Order, later wins: /etc/aerospike/astools.conf, ~/.aerospike/astools.conf, ``--config-file``, the command line.
Any fault of a file stops the run: a typo must never change which cluster is asked. Reading a file is the work of
asinfo.astools, which is loaded only when there is one.
"""

from __future__ import annotations

import os

from asinfo import host
from asinfo.dialogue import Endpoint
from asinfo.errors import UsageError
from asinfo.flags import CONNECTION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asinfo.login import Login
    from asinfo.terminal.options import Option, Values
    from asinfo.tls import TlsSettings

SYSTEM_FILE = "/etc/aerospike/astools.conf"
USER_FILE = ".aerospike/astools.conf"

HOST = "127.0.0.1"
PORT = 3000

TIMEOUT = 5.0
"""Seconds a node has when nobody says otherwise."""


class Settings:
    """``nodes`` in the order given, and the ``files`` that were read.

    ``stated`` tells whether anything named a node; otherwise the default 127.0.0.1:3000 stands in ``nodes``.
    """

    __slots__ = ("files", "nodes", "stated")

    def __init__(self, nodes: list[Endpoint], *, stated: bool, files: list[str]) -> None:
        self.nodes = nodes
        self.stated = stated
        self.files = files


class ConnectionSettings:
    """The nodes and the connection options of the command line and of astools.conf; the files count once `load` has read them."""

    __slots__ = ("_values",)

    def __init__(self, values: Values) -> None:
        self._values = values

    @property
    def has_login(self) -> bool:
        """Whether the command line says anything about the login."""
        return not self._values.given.keys().isdisjoint(("user", "password", "auth"))

    @property
    def has_tls(self) -> bool:
        """Whether the command line says anything about TLS."""
        return any(name.startswith("tls-") for name in self._values.given)

    @property
    def timeout(self) -> float | None:
        """Seconds for each node; None where nothing is said."""
        return self._values.number("timeout")

    @property
    def alternate(self) -> bool:
        """Reach the peers of a node by the addresses that they have for other networks."""
        return self._values.flag("services-alternate")

    def nodes(self, port: int) -> list[Endpoint]:
        """See `nodes`."""
        return nodes(self._values, port)

    def load(self, program: str, keys: Sequence[Option] = ()) -> Settings:
        """See `load`."""
        return load(self._values, program, keys)

    def login(self) -> Login | None:
        """See `login_of`."""
        return login_of(self._values)

    def tls(self) -> TlsSettings | None:
        """See `tls_of`."""
        return tls_of(self._values)


def load(values: Values, program: str, keys: Sequence[Option] = ()) -> Settings:
    """Settings for ``program`` (``asinfo`` or ``asadm``), whose own section of the files may hold ``keys``.

    What the files say is put into ``values.configured``. Passwords are asked for here where needed. Raises
    ConfigError (a file is wrong) and UsageError (the command line is).
    """
    files = read_files(values, program, keys)
    return Settings(nodes(values), stated=bool(values.texts("host")), files=files)


def read_files(values: Values, program: str, keys: Sequence[Option] = ()) -> list[str]:
    """Read what files there are into ``values.configured``; their paths.

    A key that does nothing here is told on standard error. Raises ConfigError and UsageError.
    """
    paths = _paths(values)
    instance = values.text("instance")
    if paths or instance is not None:
        from asinfo import astools

        notes = astools.read(values, paths, program, keys, instance)
        if notes:
            from asinfo.terminal.streams import tell

            for note in notes:
                tell(program, note)
    return paths


def _paths(values: Values) -> list[str]:
    given, only = values.text("config-file"), values.text("only-config-file")
    if values.flag("no-config-file"):
        for name in ("config-file", "only-config-file", "instance"):
            if name in values.given:
                raise UsageError(f"--no-config-file and --{name} exclude each other")
        return []
    if only is not None:
        if given is not None:
            raise UsageError("--only-config-file and --config-file exclude each other")
        return [only]
    found = [path for path in default_files() if _exists(path)]
    if given is None or ("\0" not in given and os.path.realpath(given) in map(os.path.realpath, found)):
        return found
    return [*found, given]


def default_files() -> list[str]:
    """The files that are read when nothing else is said, whether they exist or not."""
    home = os.environ.get("HOME")
    return [SYSTEM_FILE, f"{home}/{USER_FILE}"] if home else [SYSTEM_FILE]


def _exists(path: str) -> bool:
    try:
        os.stat(path)  # noqa: PTH116 - pathlib would double the start-up time
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True  # it is there and cannot be read: that will be an error, never a silent default
    return True


def nodes(values: Values, default_port: int = PORT) -> list[Endpoint]:
    """The nodes that ``-h`` or the files name, else the default one. Raises UsageError."""
    login, tls = login_of(values), tls_of(values)
    port, tls_name = values.integer("port") or default_port, values.text("tls-name")
    found: dict[tuple[str, int], Endpoint] = {}
    for each in host.parse_all(values.texts("host") or [HOST]):
        where = each.host, each.port or port
        if where in found:
            raise UsageError(f"{host.written(*where)} is named twice")
        found[where] = Endpoint(*where, tls_name=each.tls_name or tls_name, login=login, tls=tls)
    return list(found.values())


def login_of(values: Values) -> Login | None:
    """The login that the options describe, its password read or asked for. Raises UsageError."""
    user, mode = values.text("user"), values.text("auth") or "INTERNAL"
    if mode in {"EXTERNAL", "PKI"} and not values.flag("tls-enable"):
        raise UsageError(
            f"--auth {mode} needs --tls-enable: the password or the certificate goes over TLS only"
        )
    if user is None and mode != "PKI":
        if "password" in values.given:
            raise UsageError("--password needs --user")
        return None
    from asinfo import secret
    from asinfo.login import Login

    password = (
        ""
        if mode == "PKI"
        else secret.read(values.text("password") or "", f"Password of {user}: ", _limit(values))
    )
    return Login(user or "", password, mode)


def tls_of(values: Values) -> TlsSettings | None:
    """The TLS settings that the options describe; None without --tls-enable. Raises UsageError."""
    if not values.flag("tls-enable"):
        for option in CONNECTION:
            if option.name.startswith("tls-") and option.name in values.given:
                raise UsageError(f"--{option.name} needs --tls-enable")
        return None
    from asinfo import secret
    from asinfo.tls import TlsSettings

    word = values.text("tls-keyfile-password")
    return TlsSettings(
        cafile=values.text("tls-cafile"),
        capath=values.text("tls-capath"),
        certfile=values.text("tls-certfile"),
        keyfile=values.text("tls-keyfile"),
        keyfile_password=None
        if word is None
        else secret.read(word, "Password of the private key: ", _limit(values)),
        protocols=values.text("tls-protocols"),
        cipher_suite=values.text("tls-cipher-suite"),
        crl_check=values.flag("tls-crl-check"),
        crl_check_all=values.flag("tls-crl-check-all"),
    )


def _limit(values: Values) -> float:
    """The time limit of the run, in seconds."""
    return values.number("timeout") or TIMEOUT
