"""Pings: they tell, they never decide, they keep the address secret."""

import http.server
import socket
import threading
from collections.abc import Iterator

import pytest

from asadm.cron.ping import BODY_SIZE_MAX, Ping
from asinfo.errors import UsageError
from tests.each import for_each_row


class Receiver:
    """A real HTTP server that remembers what came and answers one status."""

    def __init__(self) -> None:
        self.came: list[tuple[str, bytes]] = []
        self.status = 200
        receiver = self

        class Answer(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers["Content-Length"] or 0)
                receiver.came.append((self.path, self.rfile.read(size)))
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.HTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def test_start_success_and_fail(receiver: Receiver) -> None:
    ping = Ping(receiver.url + "/secret")
    ping.start()
    assert [ping.started(), ping.success("3 nodes"), ping.fail("n1: refused")] == [None, None, None]
    assert receiver.came == [
        ("/secret/start", b""),
        ("/secret", b"3 nodes"),
        ("/secret/fail", b"n1: refused"),
    ]


def test_the_query_stays_behind_the_suffix(receiver: Receiver) -> None:
    Ping(receiver.url + "/secret/?create=1").fail("")
    assert receiver.came == [("/secret/fail?create=1", b"")]


def test_an_error_status_is_a_warning_without_the_secret(receiver: Receiver) -> None:
    receiver.status = 404
    assert Ping(receiver.url + "/secret").success("") == "ping to 127.0.0.1 failed: HTTP status 404"


def test_a_long_report_is_cut(receiver: Receiver) -> None:
    Ping(receiver.url).fail("ä" * BODY_SIZE_MAX)
    assert len(receiver.came[0][1]) == BODY_SIZE_MAX


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        warning = Ping(f"http://127.0.0.1:{taken.getsockname()[1]}/secret").success("")
    assert warning == "ping to 127.0.0.1 failed: refused"
    assert (
        Ping("http://nosuch.invalid/secret").success("")
        in {
            "ping to nosuch.invalid failed: unknown host",
            "ping to nosuch.invalid failed: temporary failure in name resolution",  # of a machine without name servers
        }
    )


def test_a_silent_receiver_costs_only_the_limit() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        warning = Ping(f"http://127.0.0.1:{port}/secret", seconds=0.2).success("")
    assert warning == "ping to 127.0.0.1 failed: no reply within 0.2 s"


def test_tls_that_is_none_is_told_without_the_secret(receiver: Receiver) -> None:
    warning = Ping(receiver.url.replace("http:", "https:") + "/secret").success("")
    assert warning is not None
    assert warning.startswith("ping to 127.0.0.1 failed: TLS: ")
    assert "secret" not in warning


@for_each_row(
    "url",
    ["", "secret", "ftp://h/secret", "http://", "http:///secret", "http://h:0/secret", "http://h:99999/secret",
     "http://h/sec ret", "http://[h/secret", "http://h/\x00secret", "http://h/sécret", "file:///secret"],
)  # fmt: skip
def test_senseless_addresses_are_refused_without_showing_them(url: str) -> None:
    with pytest.raises(UsageError, match="--ping-url") as caught:
        Ping(url)
    assert "secret" not in str(caught.value)
