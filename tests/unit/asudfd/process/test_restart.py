"""What a start takes over from the one before it."""

import json
import os
import socket
import sys
from typing import Any

import pytest

from asudfd.network.listener import new_socket
from asudfd.process.restart import VARIABLE, KeptSockets


class StartedError(Exception):
    """In place of another program."""


def restarted(listeners: KeptSockets, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Environment of the program that ``listeners`` start; its arguments are those of this one."""
    found: list[dict[str, str]] = []

    def execve(path: str, argv: list[str], environment: dict[str, str]) -> None:
        assert (path, argv) == (sys.executable, sys.orig_argv)
        found.append(environment)
        raise StartedError

    monkeypatch.setattr(os, "execve", execve)
    with pytest.raises(StartedError):
        listeners.restart()
    return found[0]


def test_a_listening_socket_is_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    before = KeptSockets(new_socket)
    assert not before.restarts
    with before.bind("node 0", "127.0.0.1", 0) as listener:
        listener.listen()
        environment = restarted(before, monkeypatch)
        assert listener.get_inheritable()
        with socket.create_connection(listener.getsockname()) as client:  # it waits in the backlog
            monkeypatch.setenv(VARIABLE, environment[VARIABLE])
            after = KeptSockets(unexpected)
            kept = after.bind("node 0", "127.0.0.1", 0)
            assert VARIABLE not in os.environ
            assert not kept.get_inheritable()
            connection, address = kept.accept()
            connection.close()
            assert address == client.getsockname()
        assert len(after.restarts) == 1
        kept.detach()  # the same descriptor as that of `listener`, in this process


def unexpected(address: str, port: int) -> socket.socket:
    raise AssertionError((address, port))


def test_another_place_in_the_configuration_is_another_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    before = KeptSockets(new_socket)
    with before.bind("http", "127.0.0.1", 0) as listener:
        monkeypatch.setenv(VARIABLE, restarted(before, monkeypatch)[VARIABLE])
        after = KeptSockets(new_socket)
        with after.bind("http", "127.0.0.1", listener.getsockname()[1]) as other:
            assert other.fileno() != listener.fileno()
            after.close_unused()
        listener.detach()


def test_closed_sockets_are_not_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    before = KeptSockets(new_socket)
    before.bind("http", "127.0.0.1", 0).close()
    assert json.loads(restarted(before, monkeypatch)[VARIABLE])["sockets"] == {}


@pytest.mark.parametrize(
    "said",
    ["", "{", "[]", "{}", '{"pid": 1, "restarts": [1], "sockets": {}}', "[" * 100_000, "null", '{"pid": PID}',
     '{"pid": PID, "restarts": ["x"], "sockets": {}}', '{"pid": PID, "restarts": [], "sockets": {"http": 99999}}',
     '{"pid": PID, "restarts": [], "sockets": {"http": "x"}}'],
    ids=range(11),
)  # fmt: skip
def test_a_variable_of_somebody_else_is_no_restart(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, said.replace("PID", str(os.getpid())))
    listeners = KeptSockets(new_socket)
    assert not listeners.restarts
    assert VARIABLE not in os.environ
    listeners.bind("http", "127.0.0.1", 0).close()


@pytest.mark.parametrize(
    ("restarts", "often"),
    [([], False), ([1.0] * 4, False), ([0.0, 15.0, 30.0, 45.0, 59.0], True), ([0.0, 20.0, 40.0, 60.0, 61.0], False)],
    ids=str,
)  # fmt: skip
def test_five_restarts_within_a_minute_are_often(
    restarts: list[float], often: bool, monkeypatch: Any
) -> None:
    listeners = KeptSockets(new_socket)
    listeners.restarts = restarts
    assert listeners.happen_often() is often
    before = json.loads(restarted(listeners, monkeypatch)[VARIABLE])["restarts"]
    assert len(before) == min(len(restarts), 4) + 1
