"""Info lines, module lists, error answers, security frames and frame headers for any input."""

from __future__ import annotations

import json
from base64 import b64encode
from contextlib import suppress
from hashlib import sha1

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asinfo.dialogue import Dialogue
from asinfo.errors import Unreachable, UsageError, WireError
from asinfo.text import text
from asinfo.wire import failure, frame, info, security, udf
from tests.each import for_each_row

LINE = st.binary(max_size=40).filter(lambda line: b"\n" not in line and b"\0" not in line)
ANSWER = st.binary(max_size=40).filter(lambda line: b"\n" not in line and b"\t" not in line)


# ---- frames


@given(st.integers(1, 5), st.binary(max_size=200))
def test_frame_round_trip(kind: int, body: bytes) -> None:
    data = frame.pack(kind, body)
    assert frame.unpack_header(data) == (kind, len(body))
    assert data[frame.HEADER_SIZE :] == body


@given(st.binary(min_size=8, max_size=8))
def test_any_header_is_a_frame_or_a_wire_error(data: bytes) -> None:
    try:
        kind, size = frame.unpack_header(data)
    except WireError:
        return
    assert kind in range(1, 6)
    assert 0 <= size <= frame.BODY_SIZE_MAX


@given(st.binary(max_size=60), st.binary(max_size=60), st.data())
def test_a_reply_in_any_pieces(body: bytes, tail: bytes, data: st.DataObject) -> None:
    """Whole, byte by byte, in pieces, and with bytes after it: the same reply."""
    stream = frame.pack(frame.INFO, body) + tail
    dialogue = Dialogue(b"build\n")
    while dialogue.body is None:
        size = data.draw(st.integers(1, max(1, len(stream))))
        dialogue.feed(stream[:size])
        stream = stream[size:]
    assert dialogue.body == body


@given(st.binary(max_size=60))
def test_garbage_is_a_failure_or_an_unfinished_reply(data: bytes) -> None:
    dialogue = Dialogue(b"build\n")
    with suppress(Unreachable):
        for byte in data:
            dialogue.feed(bytes([byte]))
        assert dialogue.body is None or data.startswith(frame.pack(frame.INFO, dialogue.body))


# ---- request and reply lines


@given(st.lists(st.tuples(LINE, ANSWER), min_size=1, max_size=6))
def test_answers_are_found_again(pairs: list[tuple[bytes, bytes]]) -> None:
    commands = [command for command, _ in pairs]
    assert info.request(commands) == b"".join(command + b"\n" for command in commands)
    body = b"".join(command + b"\t" + answer + b"\n" for command, answer in pairs)
    assert info.answers(body, commands) == [answer for _, answer in pairs]
    with pytest.raises(WireError):
        info.answers(body + b"more\t\n", commands)
    with pytest.raises(WireError):
        info.answers(body[:-1], commands)


@given(st.binary(max_size=80), st.lists(LINE, min_size=1, max_size=4))
def test_any_body_is_answers_or_a_wire_error(body: bytes, commands: list[bytes]) -> None:
    with suppress(WireError):
        assert len(info.answers(body, commands)) == len(commands)


@given(st.binary(max_size=80))
def test_any_body_is_a_summary_or_a_wire_error(body: bytes) -> None:
    try:
        pairs = info.summary(body)
    except WireError:
        return
    assert b"".join(name + b"\t" + value + b"\n" for name, value in pairs if name or b"\t" in body) in {
        body,
        b"",
    }


@pytest.mark.parametrize("answer", [b"ERROR:9:timeout", b"ERROR:80:not authenticated"])
def test_refusal_of_the_whole_request(answer: bytes) -> None:
    assert info.answers(answer + b"\n", [b"a", b"b"]) == [answer, answer]
    assert info.summary(answer + b"\n") == [(b"", answer)]


@pytest.mark.parametrize("command", [b"a\nb", b"a\0b"])
def test_a_command_is_one_line(command: bytes) -> None:
    with pytest.raises(UsageError):
        info.request([command])


@given(LINE)
def test_a_line_splits_at_the_first_separator(line: bytes) -> None:
    name, rest = info.split_line(line)
    assert not set(name) & set(b"/:;")
    assert line.startswith(name)
    assert line[len(name) + 1 :] == rest


@given(st.dictionaries(st.text("abc-", min_size=1), st.text("xyz=:/ \t"), max_size=5))
def test_parameters(values: dict[str, str]) -> None:
    line = ";".join(f"{key}={value}" for key, value in values.items()).encode()
    for key, value in values.items():
        assert info.parameter(line, key.encode()) == value.encode()
        assert info.parameter(line + b";" + key.encode() + b"=second", key.encode()) == value.encode()
    assert info.parameter(line, b"other") is None


@for_each_row(
    "answer",
    [
        b"ERROR:4:unrecognized command", b"ERROR::text", b"error:4:x", b"ERROR", b"FAIL", b"fail:4:x", b"FAIL=4",
        b"FAIL:", b"error=not_found", b"error=compile_error;file=a;line=1;message=", b"Error=x",
    ],
)  # fmt: skip
def test_errors(answer: bytes) -> None:
    assert info.is_error(answer)


@for_each_row(
    "answer",
    [b"", b"ok", b"8.1.2.0", b"error_count=0;x=1", b"errors=0", b"a=1;error=2", b"failed=0", b"fail_count=1",
     b"ERRORS:1", b"type=LUA;content=ZXJyb3I6;"],
)  # fmt: skip
def test_not_errors(answer: bytes) -> None:
    assert not info.is_error(answer)


@given(st.binary(max_size=60))
def test_any_bytes_have_a_text(data: bytes) -> None:
    assert text(data).encode("utf-8", "strict") is not None


# ---- error answers


@for_each_row(
    ("answer", "phrase"),
    [
        (b"ERROR:4:unrecognized command", "unrecognized command (code 4)"),
        (b"ERROR::bad", "bad (code 1)"),
        (b"ERROR:20:a:b", "a:b (code 20)"),
        (b"ERROR:x:y", "ERROR:x:y"),
        (b"FAIL", "FAIL"),
        (b"error=not_found", "there is no such module (not_found)"),
        (b"error=strange", "error=strange"),
        (
            b"error=compile_error;file=bad.lua;line=3;message=" + b64encode(b"oops near '='"),
            "bad.lua:3: oops near '='",
        ),
        (b"error=compile_error;file=;line=0;message=" + b64encode(b"m"), "m"),
        (b"error=compile_error;file=a.lua;line=x;message=%%%", "%%%"),
        (b"error=compile_error", ""),
    ],
)
def test_explanations(answer: bytes, phrase: str) -> None:
    assert failure.explain(answer) == phrase


@given(st.binary(max_size=60))
def test_any_answer_has_an_explanation(answer: bytes) -> None:
    assert isinstance(failure.explain(answer), str)
    assert isinstance(failure.explain(b"error=compile_error" + answer), str)
    assert isinstance(failure.explain(b"ERROR:" + answer), str)


# ---- modules


@given(st.lists(st.binary(min_size=1, max_size=20).filter(lambda name: b";" not in name), max_size=5))
def test_module_lists(names: list[bytes]) -> None:
    entries = [(name, sha1(name).hexdigest()) for name in names]
    found = udf.modules(udf.module_list(entries))
    assert [(module.filename, module.hash) for module in found] == entries
    assert all(module.type == "LUA" for module in found)


@given(st.binary(max_size=80))
def test_any_bytes_are_a_module_list_or_a_wire_error(answer: bytes) -> None:
    with suppress(WireError):
        udf.modules(answer)


@given(st.text(max_size=20), st.binary(max_size=30))
def test_metadata_is_the_json_that_python_would_read(name: str, source: bytes) -> None:
    text = udf.metadata(name.encode("utf-8", "surrogatepass"), udf.base64(source))
    document = json.loads(text.decode("utf-8", "surrogatepass"))
    assert document == {"content64": b64encode(source).decode(), "type": "LUA", "name": name}
    assert list(document) == ["content64", "type", "name"]


def test_hash_of_the_specification() -> None:
    content = b"ZnVuY3Rpb24gaGVsbG8ocmVjLCBhKQogIHJldHVybiBhCmVuZAo="
    assert udf.digest(b"hello.lua", content) == "626f2e01ec0646c29481f2745f51df6def11fff3"
    assert udf.metadata('a"\\\t\x01/é'.encode(), b"") == (
        '{"content64": "", "type": "LUA", "name": "a\\"\\\\\\t\\u0001/é"}'.encode()
    )


@given(st.binary(max_size=50))
def test_put_and_get_carry_the_source(source: bytes) -> None:
    _, parameters = info.split_line(udf.put(b"a.lua", source))
    content = info.parameter(parameters, b"content") or b""
    assert info.parameter(parameters, b"content-len") == b"%d" % len(content)
    assert udf.content(b"type=LUA;content=" + content + b";") == source


@given(st.binary(max_size=50))
def test_any_get_answer_is_content_or_a_wire_error(answer: bytes) -> None:
    with suppress(WireError):
        udf.content(answer)


# ---- security


@given(
    st.integers(0, 255),
    st.integers(0, 255),
    st.dictionaries(st.integers(0, 255), st.binary(max_size=20), max_size=6),
)
def test_security_round_trip(command: int, result: int, fields: dict[int, bytes]) -> None:
    message = security.unpack(security.pack(command, fields, result))
    assert (message.command, message.result, message.fields) == (command, result, fields)


@given(
    st.one_of(
        st.binary(max_size=60), st.binary(max_size=60).map(lambda rest: bytes(3) + b"\3" + bytes(12) + rest)
    )
)
def test_any_bytes_are_a_security_message_or_a_wire_error(body: bytes) -> None:
    try:
        message = security.unpack(body)
    except WireError:
        return
    assert sum(map(len, message.fields.values())) <= len(body)


@given(st.integers(0, 255))
def test_every_result_has_a_text(result: int) -> None:
    assert str(result) in security.result_text(result)
