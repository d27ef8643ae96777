"""Info commands of the log, answer by answer."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from asudfd.aerospike.failures import FailureLog
from asudfd.aerospike.info.log import ROWS
from asudfd.aerospike.info.request import Request
from asudfd.aerospike.info.table import InfoTable
from asudfd.config.schema import Sink
from asudfd.errors import CommandError
from asudfd.network.session import ClientSession
from asudfd.process.log import Log
from tests.fakes.state import FakeModules

MEASURED = dict(
    line.split("\t") for line in (Path(__file__).parent / "get_config_8_1_2.txt").read_text().splitlines()
)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Any]:
    log = Log([Sink(str(tmp_path / "asd.log")), Sink(str(tmp_path / "other.log"))])
    yield SimpleNamespace(log=log, failures=FailureLog(log, cast("Any", FakeModules())))
    log.close()


def ask(node: Any, command: bytes) -> bytes:
    rows = InfoTable([ROWS]).rows
    name = command.replace(b"/", b":").partition(b":")[0]
    try:
        answer = rows[name].handler(node, Request(name, command[len(name) + 1 :], ClientSession()))
        assert isinstance(answer, bytes)
    except CommandError as error:
        return error.answer
    return answer


def test_the_sinks(node: Any, tmp_path: Path) -> None:
    assert (
        ask(node, b"logs") == ask(node, b"logs:") == f"0:{tmp_path}/asd.log;1:{tmp_path}/other.log".encode()
    )


def test_the_console_has_a_name() -> None:
    assert ask(SimpleNamespace(log=Log([Sink()])), b"logs") == b"0:stderr"


def test_all_levels_in_the_order_of_the_real_server(node: Any) -> None:
    for command in (b"log/0", b"log", b"log:", b"log/"):
        assert ask(node, command).decode() == MEASURED["log/0"]


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (b"log/2", b"ERROR::bad-id"),
        (b"log/9999", b"ERROR::bad-id"),
        (b"log/99999", b"ERROR:4:bad sink-id"),
        (b"log/-1", b"ERROR:4:bad sink-id"),
        (b"log/0/udf", b"udf:INFO"),
        (b"log/0/nope", b"ERROR::bad-context"),
        (b"log/x", b"ERROR:4:bad sink-id"),
        (b"log:id=0", b"ERROR:4:bad sink-id"),
        (b"log-set", b"ERROR:4:missing id"),
        (b"log-set:", b"ERROR:4:missing id"),
        (b"log-set:id=0", b"ERROR:4:missing context"),
        (b"log-set:id=0;udf=info", b"ok"),
        (b"log-set:id=0;udf=nope", b"ERROR:4:bad parameter"),
        (b"log-set:id=0;nope=info", b"ERROR:4:bad parameter"),
        (b"log-set:id=0;\xff=info", b"ERROR:4:bad parameter"),
        (b"log-set:id=9;udf=info", b"ERROR:4:bad parameter"),
        (b"log-set:id=-1;udf=info", b"ERROR:4:bad id"),
        (b"log-set:id=;udf=info", b"ERROR:4:bad id"),
        (b"set-log:id=0;udf=info", b"ok"),
        (b"log-message", b"ERROR:4:missing 'message'"),
        (b"log-message:message=hello", b""),
        (b"log-message:message=hello;who=me", b""),
    ],
)
def test_an_answer(node: Any, command: bytes, answer: bytes) -> None:
    assert ask(node, command) == answer


def test_a_level_changes_for_one_sink_and_context(node: Any, tmp_path: Path) -> None:
    node.log.debug("udf", "before")
    assert ask(node, b"log-set:id=1;udf=DEBUG") == b"ok"
    node.log.debug("udf", "after")
    assert ask(node, b"log/1/udf") == b"udf:DEBUG"
    assert ask(node, b"log/0/udf") == b"udf:INFO"
    assert (tmp_path / "other.log").read_text().endswith(" after\n")
    assert "before" not in (tmp_path / "other.log").read_text()
    assert (tmp_path / "asd.log").read_text() == ""


def test_all_contexts_at_once(node: Any) -> None:
    assert ask(node, b"log-set:id=0;any=detail") == b"ok"
    assert b"INFO" not in ask(node, b"log/0")


def test_of_several_changes_the_first(node: Any) -> None:
    assert ask(node, b"log-set:id=0;udf=debug;smd=debug;nope=debug") == b"ok"
    assert ask(node, b"log/0/udf") == b"udf:DEBUG"
    assert ask(node, b"log/0/smd") == b"smd:INFO"


def test_behind_a_message_warnings_are_told_anew(node: Any, tmp_path: Path) -> None:
    for _ in range(2):
        node.log.warning("udf", "again", "here")
        node.log.warning("udf", "again", "here")
        ask(node, b"log-message:message=mark")
    assert (tmp_path / "asd.log").read_text().count("again") == 2


def test_a_message_is_logged(node: Any, tmp_path: Path) -> None:
    ask(node, b"log-message:message=a\xff\x1b[0m;who=me")
    assert (
        (tmp_path / "asd.log")
        .read_text()
        .endswith(": log-message from me: a\\xff\\x1b[0m\n".partition(": ")[2])
    )
