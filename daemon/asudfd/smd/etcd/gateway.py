"""The client of etcd's HTTP/JSON gateway: choice of an endpoint, timeouts and log-in.

A request goes to one endpoint until it fails, then to the next, until each has been tried. The timeout of a call is divided
among the endpoints that are left, so that a frozen one cannot use it up. A request without a reply may have been carried
out: callers make their requests idempotent.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from asinfo.files import TLS_SIZE_MAX, FileError, check_file
from asudfd.errors import StartError
from asudfd.smd.etcd import wire
from asudfd.smd.etcd.endpoint_reply import (
    EndpointFailed,
    TokenExpired,
    body_of,
    is_of_token,
    json_of,
    lines,
    raise_error,
    words_of,
)
from asudfd.smd.etcd.wire import (
    AccessDenied,
    EtcdError,
    EtcdRefused,
    EtcdUnreachable,
    LeaseExpired,
    RevisionCompacted,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping, Sequence

WATCH_SECONDS = 1.0
"""How long a watch may take to begin."""

CLOSE_SECONDS = 1.0
"""How long the connections may take to close; the process ends then without that."""

PREFIXES = (((3, 4), "/v3"), ((3, 3), "/v3beta"), ((0, 0), "/v3alpha"))
"""Where the gateway is, by the version from which on. Source: etcd's documentation, "Why gRPC gateway"."""

_OPEN = "authentication is not enabled"
_NO_TOKEN = "none"  # noqa: S105 - no secret
"""Sent to an etcd that asks for no log-in. When it does some day, it says that this token is invalid."""

_TRANSPORT = (httpx.HTTPError, httpx.InvalidURL, OSError)
"""What a connection that fails raises; a refusal of our certificate comes late, as the ssl module's own OSError."""

_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True)
class Tls:
    """Files for connections with TLS, in PEM; empty: the system's authorities, and no certificate of our own."""

    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""


class Gateway:
    """A client of the etcd at ``endpoints`` (URLs, http or https). Raises StartError when a file cannot be used.

    Every call ends within ``seconds``. Calls raise EtcdError in one of its forms. ``silent`` is called when the endpoint
    of the watch lets another request time out.
    """

    def __init__(
        self, endpoints: Sequence[str], *, user: str = "", password: str = "", tls: Tls | None = None
    ) -> None:
        self._endpoints = [endpoint.rstrip("/") for endpoint in endpoints]
        for endpoint in self._endpoints:
            if not endpoint.lower().startswith(("http://", "https://")):
                raise StartError(f"the endpoint {endpoint!r} of etcd does not begin with http:// or https://")
        self._first = 0  # place of the endpoint that is asked first
        self._prefixes: dict[str, str] = {}  # of the endpoints that have been looked at
        self._watched = ""  # the endpoint that was asked last for a watch
        self.cluster_id = 0
        self.heard = 0  # bytes of watches
        self.silent: Callable[[], None] = lambda: None
        self._user, self._password = user, password
        self._token = ""
        self._login = asyncio.Lock()
        self._client = httpx.AsyncClient(
            verify=_context(tls or Tls()) if any(map(_is_https, endpoints)) else False,
            headers={"Accept-Encoding": "identity"},  # a small reply must not become a large one here
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=16, keepalive_expiry=60),
            trust_env=False,  # a proxy for the web is none for the cluster's store
        )

    @property
    def size(self) -> int:
        """How many endpoints there are."""
        return len(self._endpoints)

    async def close(self) -> None:
        """Close all connections."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._client.aclose()

    async def range(
        self, key: bytes, end: bytes, *, revision: int = 0, limit: int = 0, seconds: float
    ) -> wire.KeyRange:
        """Keys from ``key`` up to ``end``, in their order, as of now or of ``revision``."""
        body = {
            "key": wire.text(key),
            "range_end": wire.text(end),
            "revision": str(revision),
            "limit": str(limit),
        }
        return await self._call("/kv/range", body, seconds, wire.read_range)

    async def transact(
        self,
        comparisons: Sequence[dict[str, Any]],
        success: Sequence[dict[str, Any]],
        failure: Sequence[dict[str, Any]] = (),
        *,
        seconds: float,
    ) -> wire.TransactionResult:
        """Do ``success`` if all ``comparisons`` hold, else ``failure``; all of it or nothing."""
        body = {"compare": list(comparisons), "success": list(success), "failure": list(failure)}
        return await self._call("/kv/txn", body, seconds, wire.read_outcome)

    async def grant(self, ttl: int, *, seconds: float) -> int:
        """A new lease of ``ttl`` seconds."""
        return await self._call("/lease/grant", {"TTL": str(ttl)}, seconds, wire.read_lease)

    async def keep_alive(self, lease: int, *, seconds: float) -> None:
        """Let the lease begin anew. Raises LeaseExpired when it has ended."""
        if await self._call("/lease/keepalive", {"ID": str(lease)}, seconds, wire.read_kept) <= 0:
            raise LeaseExpired("the lease has ended")

    async def revoke(self, lease: int, *, seconds: float) -> None:
        """End the lease, and what is kept by it, if it has not ended yet."""
        with contextlib.suppress(LeaseExpired):
            await self._call("/kv/lease/revoke", {"ID": str(lease)}, seconds, wire.revision)

    async def time_left(self, lease: int, *, seconds: float) -> int:
        """Seconds that the lease still has; below 0 when it has ended."""
        return await self._call("/kv/lease/timetolive", {"ID": str(lease)}, seconds, wire.read_left)

    async def alarms(self, *, seconds: float) -> Sequence[str]:
        """What etcd's members are short of, as `NOSPACE`."""
        return await self._call("/maintenance/alarm", {"action": "GET"}, seconds, wire.read_alarms)

    async def watch(self, key: bytes, end: bytes, start: int) -> AsyncGenerator[wire.WatchMessage, None]:
        """Whatever happens to keys from ``key`` up to ``end``, from the revision ``start`` on.

        The first message tells that the watch has begun. It ends by an EtcdError only; close it with `aclosing`.
        """
        endpoint = self._watched = self._endpoints[self._first]
        try:
            async with asyncio.timeout(WATCH_SECONDS):
                response = await self._open_watch(endpoint, key, end, start)
            try:
                async for line in lines(self._heard_of(response)):
                    yield wire.read_watched(json_of(line))
            finally:
                await response.aclose()
            raise EtcdUnreachable(f"{endpoint} has ended the watch", maybe=False)
        except TimeoutError as error:
            self._turn_from(endpoint)
            raise EtcdUnreachable(f"{endpoint} does not answer", maybe=False) from error
        except (EndpointFailed, TokenExpired, ValueError, *_TRANSPORT) as error:
            self._turn_from(endpoint)
            raise EtcdUnreachable(f"{endpoint}: {words_of(error)}", maybe=False) from error
        except EtcdError as error:
            if is_of_token(str(error)):
                self._token = ""  # a watch is told so only when it begins; the next one logs in anew
            elif not isinstance(error, RevisionCompacted):
                self._turn_from(endpoint)
            raise

    async def _heard_of(self, response: httpx.Response) -> AsyncGenerator[bytes, None]:
        async for chunk in response.aiter_bytes():
            self.heard += len(chunk)
            yield chunk

    def turn(self) -> None:
        """Ask another endpoint first from now on: somebody has found this one wanting."""
        self._turn_from(self._endpoints[self._first])

    async def _call(
        self, path: str, body: Mapping[str, Any], seconds: float, read: Callable[[Mapping[str, Any]], _Read]
    ) -> _Read:
        """What ``read`` makes of the reply of the first endpoint that is of use."""
        deadline = asyncio.get_running_loop().time() + seconds
        maybe, reason = False, "there is no time left to ask"
        order = self._endpoints[self._first :] + self._endpoints[: self._first]
        for turn, endpoint in enumerate(order):
            share = (deadline - asyncio.get_running_loop().time()) / (len(order) - turn)
            if share <= 0:
                break
            try:
                async with asyncio.timeout(share):
                    return read(await self._ask(endpoint, path, body, share))
            except TimeoutError:
                maybe, reason = True, f"{endpoint} does not answer"
                if endpoint == self._watched:
                    self.silent()
            except EndpointFailed as error:
                maybe, reason = maybe or error.maybe, f"{endpoint}: {error}"
            except ValueError as error:
                maybe, reason = True, f"{endpoint}: {error}"
            except EtcdError as error:
                error.maybe = error.maybe or maybe
                raise
            self._turn_from(endpoint)
        raise EtcdUnreachable(reason, maybe=maybe)

    async def _ask(
        self, endpoint: str, path: str, body: Mapping[str, Any], seconds: float
    ) -> Mapping[str, Any]:
        base = endpoint + await self._prefix(endpoint, seconds)
        url = base + path
        token = await self._log_in(base, "")
        try:
            return await self._post(url, body, seconds, token)
        except TokenExpired as error:
            if not self._user:
                raise AccessDenied("etcd asks for a user, and none is configured") from error
        token = await self._log_in(base, token)
        try:
            return await self._post(url, body, seconds, token)
        except TokenExpired as error:
            raise EndpointFailed("does not take its own token", maybe=False) from error

    async def _open_watch(self, endpoint: str, key: bytes, end: bytes, start: int) -> httpx.Response:
        prefix = await self._prefix(endpoint, WATCH_SECONDS)
        token = await self._log_in(endpoint + prefix, "")
        create: dict[str, Any] = {
            "key": wire.text(key),
            "range_end": wire.text(end),
            "start_revision": str(start),
            "progress_notify": True,
        }
        if prefix == "/v3":
            create["fragment"] = True  # large messages come in parts; older versions do not know the word
        request = self._client.build_request(
            "POST",
            f"{endpoint}{prefix}/watch",
            json={"create_request": create},
            # A member that has lost the others must say so instead of keeping silent.
            headers={**_authorization(token), "Grpc-Metadata-hasleader": "true"},
            timeout=httpx.Timeout(None, connect=WATCH_SECONDS),
        )
        response = await self._client.send(request, stream=True)
        if response.status_code != httpx.codes.OK:
            try:
                raise_error(response.status_code, await body_of(response.aiter_bytes()))
            finally:
                await response.aclose()
        return response

    async def _prefix(self, endpoint: str, seconds: float) -> str:
        """Where the gateway of ``endpoint`` is; an endpoint that has failed is looked at anew."""
        if endpoint not in self._prefixes:
            version = json_of(await self._send("GET", f"{endpoint}/version", None, seconds))
            match = re.match(r"(\d{1,4})\.(\d{1,4})\.", str(version.get("etcdserver")))
            if match is None:
                raise EndpointFailed("is no etcd", maybe=False)
            number = (int(match[1]), int(match[2]))
            prefix = next(prefix for first, prefix in PREFIXES if number >= first)
            await self._identify(f"{endpoint}{prefix}/maintenance/status", seconds)
            self._prefixes[endpoint] = prefix
        return self._prefixes[endpoint]

    async def _identify(self, url: str, seconds: float) -> None:
        """Refuse an endpoint of another cluster before anything is written there."""
        try:
            status = await self._post(url, {}, seconds)
            identity = wire.number(wire.members(status, "header"), "cluster_id")
        except (EtcdRefused, TokenExpired):
            return  # it tells that only to those who have logged in
        except ValueError as error:
            raise EndpointFailed(str(error), maybe=False) from error
        if self.cluster_id not in {0, identity}:
            raise EndpointFailed(
                f"belongs to another etcd cluster ({identity:x}) than so far ({self.cluster_id:x})",
                maybe=False,
            )
        self.cluster_id = identity

    async def _log_in(self, base: str, stale: str) -> str:
        """A token other than ``stale``, when there is a user; one call gets it for all.

        ``base`` is the address of the gateway with its prefix: the one that is kept may be dropped while this waits.
        """
        if self._user and self._token == stale:
            async with self._login:
                if self._token == stale:
                    self._token = await self._authenticate(f"{base}/auth/authenticate")
        return self._token

    async def _authenticate(self, url: str) -> str:
        """A token for our user."""
        try:
            reply = await self._post(url, {"name": self._user, "password": self._password}, WATCH_SECONDS)
        except EtcdRefused as error:
            if _OPEN in str(error):
                return _NO_TOKEN
            raise AccessDenied(str(error)) from error
        except TokenExpired as error:
            raise EndpointFailed("does not let us log in", maybe=False) from error
        return str(reply.get("token", ""))

    async def _post(
        self, url: str, body: Mapping[str, Any], seconds: float, token: str = ""
    ) -> Mapping[str, Any]:
        return json_of(await self._send("POST", url, body, seconds, token))

    async def _send(
        self, method: str, url: str, body: Mapping[str, Any] | None, seconds: float, token: str = ""
    ) -> bytes:
        """Body of the reply. Raises EndpointFailed when there is none of use, and what an error in it means."""
        timeout = httpx.Timeout(seconds, connect=0.9 * seconds)  # what was not even sent is known as such
        try:
            async with self._client.stream(
                method, url, json=body, headers=_authorization(token), timeout=timeout
            ) as response:
                data = await body_of(response.aiter_bytes())
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise EndpointFailed(words_of(error), maybe=False) from error
        except _TRANSPORT as error:
            raise EndpointFailed(words_of(error)) from error
        if response.status_code != httpx.codes.OK:
            raise_error(response.status_code, data)
        return data

    def _turn_from(self, endpoint: str) -> None:
        self._prefixes.pop(endpoint, None)
        if self._endpoints[self._first] == endpoint:
            self._first = (self._first + 1) % len(self._endpoints)


def _authorization(token: str) -> dict[str, str]:
    return {"Authorization": token} if token else {}


def _is_https(endpoint: str) -> bool:
    return endpoint.lower().startswith("https:")


def _context(tls: Tls) -> ssl.SSLContext:
    try:
        for path in filter(None, (tls.ca_file, tls.cert_file, tls.key_file)):
            check_file(path, TLS_SIZE_MAX)
        context = ssl.create_default_context(cafile=tls.ca_file or None)
        if tls.cert_file:
            context.load_cert_chain(tls.cert_file, tls.key_file or None, password=_no_password)
    except FileError as error:
        raise StartError(f"cannot use the certificates for etcd: {error}") from error
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        files = ", ".join(filter(None, (tls.ca_file, tls.cert_file, tls.key_file)))
        raise StartError(f"cannot use the certificates for etcd ({files}): {words_of(error)}") from error
    return context


def _no_password() -> str:
    """Instead of a question on the terminal."""
    raise ValueError("the key is encrypted")
