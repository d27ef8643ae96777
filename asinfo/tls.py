"""TLS as a conversation without I/O around the plain one: OpenSSL reads and writes memory, the exchange the socket.

The certificate is always checked, against ``cafile``/``capath`` or else the system's authorities, and must carry the
TLS name (the host name where none was given).
"""

from __future__ import annotations

import ssl

from asinfo.dialogue import CHUNK, Dialogue
from asinfo.errors import Unreachable, UsageError
from asinfo.files import TLS_SIZE_MAX, FileError, check_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asinfo.dialogue import Endpoint

VERSIONS = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}
"""Names of ``--tls-protocols``, oldest first; the SSL versions before them are not spoken by anybody any more."""

DEFAULT_PROTOCOLS = "+TLSv1.2 +TLSv1.3"


class TlsSettings:
    """The settings of TLS: files as paths, ``protocols`` in Apache's SSLProtocol syntax."""

    __slots__ = (
        "_context", "cafile", "capath", "certfile", "cipher_suite", "crl_check", "crl_check_all", "keyfile",
        "keyfile_password", "protocols",
    )  # fmt: skip

    def __init__(
        self,
        *,
        cafile: str | None = None,
        capath: str | None = None,
        certfile: str | None = None,
        keyfile: str | None = None,
        keyfile_password: str | None = None,
        protocols: str | None = None,
        cipher_suite: str | None = None,
        crl_check: bool = False,
        crl_check_all: bool = False,
    ) -> None:
        self.cafile = cafile
        self.capath = capath
        self.certfile = certfile
        self.keyfile = keyfile
        self.keyfile_password = keyfile_password
        self.protocols = protocols
        self.cipher_suite = cipher_suite
        self.crl_check = crl_check
        self.crl_check_all = crl_check_all
        self._context: ssl.SSLContext | None = None

    @property
    def context(self) -> ssl.SSLContext:
        """The context, made once. Raises UsageError naming the option that is wrong."""
        if self._context is None:
            self._context = _context(self)
        return self._context


def protocols(text: str) -> list[ssl.TLSVersion]:
    """The versions that ``text`` allows: names, ``+name``, ``-name`` and ``all``, left to right. Raises UsageError.

    Commas may separate them, as in the vendor's examples.
    """
    allowed: set[str] = set()
    for word in text.replace(",", " ").split():
        sign, name = (word[0], word[1:]) if word[0] in "+-" else ("", word)
        names = set(VERSIONS) if name.lower() == "all" else {each for each in VERSIONS if each == name}
        if not names:
            raise UsageError(f"--tls-protocols: {name!r} is not one of all, {', '.join(VERSIONS)}")
        if sign == "-":
            allowed -= names
        else:
            allowed = allowed | names if sign else names
    versions = [version for name, version in VERSIONS.items() if name in allowed]
    if not versions:
        raise UsageError(f"--tls-protocols: {text!r} leaves no protocol")
    return versions


def _context(settings: TlsSettings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    versions = protocols(settings.protocols or DEFAULT_PROTOCOLS)
    context.minimum_version, context.maximum_version = versions[0], versions[-1]
    try:
        if settings.cafile:
            check_file(settings.cafile, TLS_SIZE_MAX)
        if settings.cafile or settings.capath:
            context.load_verify_locations(settings.cafile, settings.capath)
        else:
            context.load_default_certs()
    except FileError as error:
        raise UsageError(f"--tls-cafile: {error}") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"--tls-cafile, --tls-capath: {_reason(error)}") from None
    _check_revocation(context, settings)
    _load_certificate(context, settings)
    if settings.cipher_suite:
        try:
            context.set_ciphers(settings.cipher_suite)
        except (ssl.SSLError, ValueError):
            raise UsageError(f"--tls-cipher-suite: no cipher in {settings.cipher_suite!r}") from None
    return context


def _check_revocation(context: ssl.SSLContext, settings: TlsSettings) -> None:
    if settings.crl_check_all:
        context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_CHAIN
    elif settings.crl_check:
        context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF


def _load_certificate(context: ssl.SSLContext, settings: TlsSettings) -> None:
    if not settings.certfile:
        if settings.keyfile:
            raise UsageError("--tls-keyfile needs --tls-certfile")
        return
    # an empty password, not None: OpenSSL would ask on the terminal in the middle of a run
    password = settings.keyfile_password or ""
    try:
        for path in filter(None, (settings.certfile, settings.keyfile)):
            check_file(path, TLS_SIZE_MAX)
        context.load_cert_chain(settings.certfile, settings.keyfile, password)
    except FileError as error:
        raise UsageError(f"--tls-certfile, --tls-keyfile: {error}") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"--tls-certfile, --tls-keyfile: {_reason(error)}") from None


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).replace("_", " ").lower()
    return str(getattr(error, "strerror", None) or error).lower()


class TlsDialogue(Dialogue):
    """The conversation within, through TLS."""

    __slots__ = ("_incoming", "_inner", "_open", "_outgoing", "_tls")

    def __init__(self, node: Endpoint, inner: Dialogue) -> None:
        assert node.tls is not None
        super().__init__(b"")
        self._inner = inner
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        name = node.tls_name or node.host
        try:
            self._tls = node.tls.context.wrap_bio(self._incoming, self._outgoing, server_hostname=name)
        except (ValueError, TypeError) as error:
            raise UsageError(f"{name!r} cannot be a TLS name: {error}") from None
        self._open = False

    def start(self) -> bytes:
        """The client's first handshake message."""
        self._handshake()
        return self._outgoing.read()

    def feed(self, data: bytes) -> bytes:
        """See Dialogue."""
        self._incoming.write(data)
        try:
            if not self._open and self._handshake():
                self._write(self._inner.start())
            if self._open:
                self._read()
        except ssl.SSLError as error:
            raise Unreachable("tls", _reason(error)) from None
        self.body, self.ends, self.note = self._inner.body, self._inner.ends, self._inner.note
        return self._outgoing.read()

    def overdue(self, within: str) -> str:
        """See Dialogue."""
        if self._open:
            return self._inner.overdue(within)
        return f"no TLS handshake{within}; does it speak TLS there?"

    def ended(self) -> Unreachable:
        """See Dialogue."""
        if self._open:
            return self._inner.ended()
        return Unreachable(
            "tls", "the node closed the connection during the TLS handshake; does it speak TLS there?"
        )

    def _handshake(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        self._open = True
        return True

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self._tls.write(view) :]

    def _read(self) -> None:
        while self._inner.body is None:
            try:
                data = self._tls.read(CHUNK)
            except ssl.SSLWantReadError:
                return
            if not data:
                raise Unreachable("closed", "the node ended TLS before it answered")
            answer = self._inner.feed(data)
            if answer:
                self._write(answer)
