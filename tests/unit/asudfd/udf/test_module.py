"""What `udf-put` takes, in which order it refuses, and how a module stands in system metadata."""

import base64
import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from asinfo.wire.udf import is_filename
from asudfd.errors import UdfError
from asudfd.udf.module import UdfModule, UdfPut, from_value, parse_put, to_value
from tests.each import for_each_row

SOURCE = b"function f(rec)\n  return 1\nend\n"
CONTENT = base64.b64encode(SOURCE)


def put(
    filename: bytes | None = b"a.lua",
    content: bytes | None = CONTENT,
    length: bytes | None = None,
    udf_type: bytes | None = b"LUA",
) -> UdfPut:
    fields = {
        b"filename": filename,
        b"content": content,
        b"content-len": b"%d" % len(content or b"") if length is None else length,
        b"udf-type": udf_type,
    }
    return parse_put(b";".join(b"%s=%s" % field for field in fields.items() if field[1] is not None))


def refusal(**changes: bytes | None) -> bytes:
    with pytest.raises(UdfError) as caught:
        put(**changes)
    return caught.value.answer


def test_a_good_put() -> None:
    result = put()
    assert (result.filename, result.content64, result.source) == ("a.lua", CONTENT.decode(), SOURCE)


@for_each_row(
    "name",
    [
        b"a.lua",
        b"a.b.lua",
        b"_.lua",
        b"$x.lua",
        b"-x.lua",
        b"0.lua",
        b"a-b_c$9.lua",
        b"lua.lua",
        b"x" * 123 + b".lua",
    ],
)
def test_names_that_are_taken(name: bytes) -> None:
    assert is_filename(name)
    assert put(filename=name).filename == name.decode()


@for_each_row(
    "name",
    [
        b"", b"a", b".", b"..", b".lua", b"..lua", b"a..lua", b"a..b.lua", b"a.lua.", b"a.txt", b"a.so", b"a.LUA",
        b"a/b.lua", b"/a.lua", b"../a.lua", b"a\\b.lua", b"sp ace.lua", b"a\tb.lua", b"a=b.lua", b"a,b.lua", b"a:b.lua",
        b"*.lua", b"a'b.lua", b'a"b.lua', b"\xc3\xbc.lua", b"\xff.lua", b"a\x00.lua", b"a.lua\r", b".a.lua",
        b"x" * 124 + b".lua", None,
    ],
)  # fmt: skip
def test_names_that_are_refused(name: bytes) -> None:
    assert refusal(filename=name) == b"error=invalid_filename"


def test_a_newline_cannot_hide_behind_the_end_of_a_name() -> None:
    assert not is_filename(b"a.lua\n")


@pytest.mark.parametrize("length", [b"52", b"052", b"0000000052", b"4294967348"])
def test_lengths_that_are_taken(length: bytes) -> None:
    content = base64.b64encode(b"x" * 39)
    assert put(content=content, length=length).source == b"x" * 39


@for_each_row(
    ("length", "answer"),
    [
        (b"00000000052", b"error=invalid_content_len"),  # 11 characters
        (b"abc", b"error=invalid_content_len"),
        (b"-4", b"error=invalid_content_len"),
        (b"+52", b"error=invalid_content_len"),
        (b" 52", b"error=invalid_content_len"),
        (b"52 ", b"error=invalid_content_len"),
        (b"0x34", b"error=invalid_content_len"),
        (b"1e2", b"error=invalid_content_len"),
        (b"5_2", b"error=invalid_content_len"),
        (b"\xd9\xa4", b"error=invalid_content_len"),  # an Arabic digit
        (b"51", b"error=invalid_content_len"),
        (b"9999999999", b"error=invalid_content_len"),  # modulo 2^32 it is odd
        (b"", b"error=invalid_content"),  # counts as 0
        (b"0", b"error=invalid_content"),
        (b"4294967296", b"error=invalid_content"),
        (b"4294967292", b"error=invalid_content"),
        (b"48", b"error=invalid_content"),
        (b"56", b"error=invalid_content"),
    ],
)
def test_lengths_that_are_refused(length: bytes, answer: bytes) -> None:
    assert refusal(content=base64.b64encode(b"x" * 39), length=length) == answer


@for_each_row("udf_type", [b"", b"lua", b"Lua", b"LUAX", b"PYTHON", b"0", b"X" * 40])
def test_types_that_are_refused(udf_type: bytes) -> None:
    assert refusal(udf_type=udf_type) == b"error=invalid_udf_type"


def test_the_type_may_be_left_out() -> None:
    assert put(udf_type=None).source == SOURCE


@for_each_row(
    "content",
    [
        b"",
        b"!!!!",
        b"cmV0dXJu====",
        b"cmV0=XJuIDEg",
        b"cmV0 dXJuIDE",
        b"cmV0-_JuIDE=",
        b"A===",
        b"====",
        b"AA=A",
        b"\xff" * 4,
    ],
)
def test_content_that_is_no_base64(content: bytes) -> None:
    assert refusal(content=content) == b"error=invalid_base64_content"


def test_trailing_bits_may_be_anything_and_the_spelling_is_kept() -> None:
    result = put(content=b"cmV0dXJuIDF=")
    assert (result.source, result.content64) == (b"return 1", "cmV0dXJuIDF=")


@given(st.text(alphabet="Aa9+/=-_ \n", max_size=16).filter(lambda text: len(text) % 4 == 0))
@example("AB==")
def test_base64_is_taken_by_its_grammar(content: str) -> None:
    good = re.fullmatch(
        r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})", content
    )
    if good:
        assert put(content=content.encode()).source == base64.b64decode(content)
    else:
        assert refusal(content=content.encode()) == b"error=invalid_base64_content"


def test_the_largest_module_and_one_byte_more() -> None:
    assert len(put(content=base64.b64encode(b"x" * 1_048_575)).source) == 1_048_575
    too_large = base64.b64encode(b"x" * 1_048_576)
    assert refusal(content=too_large) == b"error=invalid_udf_content_len,>1M"
    assert refusal(content=b"!" * len(too_large)) == b"error=invalid_udf_content_len,>1M"


def test_the_order_of_the_checks() -> None:
    bad: dict[str, bytes | None] = {"filename": b"noext", "length": b"", "udf_type": b"BAD", "content": None}
    expected = [b"invalid_filename", b"invalid_udf_type", b"invalid_content", b"invalid_base64_content"]
    repaired: list[dict[str, bytes]] = [{}, {"filename": b"a.lua"}, {"udf_type": b"LUA"}, {"content": b""}]
    for answer, repair in zip(expected, repaired, strict=True):
        bad |= repair
        assert refusal(**bad) == b"error=" + answer
    with pytest.raises(UdfError) as caught:
        parse_put(b"udf-type=BAD;filename=a.lua;content=!!!")
    assert caught.value.answer == b"error=invalid_content_len"  # missing comes before the type


KNOWN = {
    b"error=invalid_filename",
    b"error=invalid_content_len",
    b"error=invalid_udf_type",
    b"error=invalid_content",
    b"error=invalid_udf_content_len,>1M",
    b"error=invalid_base64_content",
}
fields = st.builds(
    lambda key, value: key + b"=" + value,
    st.sampled_from([b"filename", b"content", b"content-len", b"udf-type", b"", b"x"]),
    st.sampled_from([b"a.lua", b"LUA", b"4", b"LS0K", b"=", b""]) | st.binary(max_size=12),
)


@given(st.lists(fields, max_size=8).map(b";".join) | st.binary(max_size=60))
def test_any_parameters_give_a_module_or_a_known_answer(parameters: bytes) -> None:
    answer = None
    try:
        result = parse_put(parameters)
    except UdfError as error:
        answer = error.answer
    else:
        value = to_value(result.filename, result.content64)
        assert from_value(result.filename, value).source == result.source
    assert answer is None or answer in KNOWN


def test_the_hash_is_that_of_the_recorded_server() -> None:
    content = "ZnVuY3Rpb24gaGVsbG8ocmVjLCBhKQogIHJldHVybiBhCmVuZAo="
    value = to_value("hello.lua", content)
    assert value == f'{{"content64": "{content}", "type": "LUA", "name": "hello.lua"}}'
    module = from_value("hello.lua", value)
    assert module == UdfModule("hello.lua", value, "626f2e01ec0646c29481f2745f51df6def11fff3")
    assert (module.content64, module.source) == (content, b"function hello(rec, a)\n  return a\nend\n")


def test_a_name_in_json_is_raw_and_escaped_where_it_must_be() -> None:
    assert to_value('ü"\\/\n', "LS0K") == '{"content64": "LS0K", "type": "LUA", "name": "ü\\"\\\\/\\n"}'


@for_each_row(
    ("name", "value"),
    [
        ("a/b.lua", to_value("a/b.lua", "LS0K")),
        ("\ud800.lua", to_value("a.lua", "LS0K")),
        ("a.lua", "{"),
        ("a.lua", "[]"),
        ("a.lua", json.dumps({"content64": "LS0K", "type": "PYTHON"})),
        ("a.lua", json.dumps({"content64": 1, "type": "LUA"})),
        ("a.lua", json.dumps({"content64": "", "type": "LUA"})),
        ("a.lua", json.dumps({"content64": "ü===", "type": "LUA"}, ensure_ascii=False)),
    ],
)
def test_metadata_that_is_no_module(name: str, value: str) -> None:
    with pytest.raises(ValueError):
        from_value(name, value)
