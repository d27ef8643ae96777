"""Credentials, and the login dialogue that comes before the first request of a connection.

    LOGIN (user, credential)          -> result 0, session token      then the request
    AUTHENTICATE (user, token)        -> result 0                     when an earlier connection got a token
    result 51 or 52                   -> the node has no security: a note for the user, then the request

The credential is the bcrypt text that the protocol fixes; with EXTERNAL modes the clear password goes along, which
only TLS may carry; PKI sends nothing, the certificate speaks. Source: the specification of the wire protocol,
section 5.2.
"""

from __future__ import annotations

from asinfo.dialogue import Dialogue, size_of
from asinfo.errors import Unreachable, UsageError, WireError
from asinfo.wire import frame, security

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asinfo.dialogue import Endpoint


class Login:
    """Name, password and mode (one of MODES) of a login."""

    __slots__ = ("_credential", "mode", "password", "user")

    def __init__(self, user: str, password: str, mode: str = "INTERNAL") -> None:
        self.user = user
        self.password = password
        self.mode = mode
        self._credential: bytes | None = None

    @property
    def credential(self) -> bytes:
        """The bcrypt text of the password; made once, it takes a noticeable part of a second.

        Raises UsageError for a password that bcrypt cannot take.
        """
        if self._credential is None:
            import bcrypt

            data = self.password.encode("utf-8", "surrogateescape")
            if len(data) > 72 or b"\0" in data:
                raise UsageError("the password is longer than 72 bytes or contains NUL")
            self._credential = bcrypt.hashpw(data, security.SALT)
        return self._credential

    def fields(self) -> dict[int, bytes]:
        """Fields of the LOGIN request."""
        if self.mode == "PKI":
            return {}
        found = {
            security.USER: self.user.encode("utf-8", "surrogateescape"),
            security.CREDENTIAL: self.credential,
        }
        if self.mode != "INTERNAL":
            found[security.CLEAR_PASSWORD] = self.password.encode("utf-8", "surrogateescape")
        return found


class LoginDialogue(Dialogue):
    """Login or authentication, then the conversation within."""

    __slots__ = ("_fields", "_inner", "_login", "_node", "_open", "_step")

    def __init__(self, node: Endpoint, inner: Dialogue) -> None:
        assert node.login is not None
        super().__init__(b"")
        self._node = node
        self._login = node.login
        self._inner = inner
        self._fields = self._login.fields()  # made before any deadline runs
        self._open = False
        self._step = security.LOGIN

    def start(self) -> bytes:
        """The login frame, or the authentication when the node gave a token before."""
        token = self._node.session
        return self._ask(security.LOGIN) if token is None else self._ask(security.AUTHENTICATE, token)

    def feed(self, data: bytes) -> bytes:
        """See Dialogue."""
        return self._pass_on(data) if self._open else self._security(data)

    def _security(self, data: bytes) -> bytes:
        buffer = self._buffer
        buffer += data
        if len(buffer) < frame.HEADER_SIZE:
            return b""
        end = frame.HEADER_SIZE + size_of(buffer, frame.SECURITY)
        if len(buffer) < end:
            return b""
        body = bytes(buffer[frame.HEADER_SIZE : end])
        del buffer[:]  # a well-behaved node has sent nothing more: it waits for us
        return self._answered(body)

    def _ask(self, step: int, token: bytes | None = None) -> bytes:
        self._step = step
        fields = self._fields
        if token is not None:
            fields = {number: data for number, data in fields.items() if number == security.USER}
            fields[security.SESSION_TOKEN] = token
        return frame.pack(frame.SECURITY, security.pack(step, fields))

    def _answered(self, body: bytes) -> bytes:
        try:
            message = security.unpack(body)
        except WireError as error:
            raise Unreachable("protocol", str(error)) from None
        result = message.result
        if result in {security.NOT_SUPPORTED, security.NOT_ENABLED}:
            self.note = f"{security.RESULTS[result]}: going on without a login"
        elif result != security.OK:
            return self._again(result)
        elif self._step == security.LOGIN:
            self._node.session = message.fields.get(security.SESSION_TOKEN)
        self._open = True
        return self._inner.start()

    def _again(self, result: int) -> bytes:
        """Another way in after a refusal. Raises Unreachable when there is none."""
        if self._node.session is not None:  # a token of a former connection is no longer good
            self._node.session = None
            return self._ask(security.LOGIN)
        if result == security.INVALID_COMMAND and self._step == security.LOGIN:
            return self._ask(security.AUTHENTICATE)  # servers before sessions
        raise Unreachable("login", f"login of {self._login.user!r} refused: {security.result_text(result)}")

    def _pass_on(self, data: bytes) -> bytes:
        answer = self._inner.feed(data)
        self.body, self.ends = self._inner.body, self._inner.ends
        return answer
