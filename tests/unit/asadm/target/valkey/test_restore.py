"""Changes of libraries as one command, and what the answer says."""

from __future__ import annotations

from asadm.target.results import DONE, REFUSED
from asadm.target.valkey import restore
from asadm.target.valkey.function_error import function_failed
from asinfo.wire.functions import restored
from asinfo.wire.resp import RequestParser

TEXT = b"#!lua name=a\nredis.register_function('f', function() end)"


def commands(frames: bytes) -> list[list[bytes]]:
    return RequestParser().feed(frames)


def test_all_that_is_put_is_one_restore_and_what_is_removed_comes_after_it() -> None:
    put, *rest = commands(restore.command([TEXT, TEXT], [b"x", b"y"], 2))
    assert (put[:2], put[3]) == ([b"FUNCTION", b"RESTORE"], b"REPLACE")
    assert put[2][-10:-8] == b"\x0a\x00"
    assert list(restored(put[2])) == [TEXT, TEXT]
    assert rest == [[b"FUNCTION", b"DELETE", b"x"], [b"FUNCTION", b"DELETE", b"y"], [b"WAIT", b"2", b"200"]]


def test_nothing_is_sent_for_what_there_is_not() -> None:
    assert commands(restore.command([], [b"x"])) == [[b"FUNCTION", b"DELETE", b"x"]]
    assert len(commands(restore.command([TEXT], []))) == 1


def test_a_good_answer() -> None:
    said = restore.result([b"+OK\r\n", b"+OK\r\n", b"-ERR Library not found\r\n", b":1\r\n"], 2, 2, 2)
    assert (said.put.kind, [each.kind for each in said.removed], said.copies) == (DONE, [DONE, DONE], 1)
    assert not said.clashes


def test_a_refused_one() -> None:
    said = restore.result([b"-ERR Function f already exists\r\n", b"+OK\r\n"], 1, 1, 0)
    assert said.clashes
    assert (said.put.kind, said.put.reason) == (REFUSED, "ERR Function f already exists")


def test_where_a_text_does_not_compile() -> None:
    said = restore.result(
        [b"-ERR Error compiling function: user_function:3: '=' expected near 'x'\r\n"], 1, 0, 0
    )
    assert said.put.error is not None
    assert (said.put.error.line, said.put.error.message) == (3, "'=' expected near 'x'")


def test_a_line_that_is_no_number_is_no_place() -> None:
    for line in ("\u00b2", "9" * 5000, "-1", ""):
        reply = f"-ERR Error compiling function: user_function:{line}: odd\r\n".encode()
        assert restore.result([reply], 1, 0, 0).put.error is None
        assert function_failed(f"ERR odd script: on @user_function:{line}.".encode()).line == 0


def test_a_placeholder_has_the_name_and_another_function() -> None:
    assert restore.placeholder(b"old").startswith(b"#!lua name=old\n")
    assert b"'asudf_removed_old'" in restore.placeholder(b"old")
