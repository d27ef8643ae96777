"""The JSON file of the first version, and of the real server: what is one is read, all else is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asudfd.smd import first
from asudfd.smd.interface import SmdContent, SmdItem
from tests.each import for_each_row
from tests.smd_files import json_file

items = st.builds(
    SmdItem,
    st.text(max_size=20),
    st.none() | st.text(max_size=40),
    st.integers(1, 2**40),
    st.integers(-(2**40), 2**50),
)


def test_the_text_is_that_of_the_real_server() -> None:
    text = (
        b"[\n"
        b"   [\n"
        b"      207,\n"
        b"      5\n"
        b"   ],\n"
        b"   {\n"
        b'      "key": "\\u00fc.lua",\n'
        b'      "value": "{\\"content64\\": \\"LS0K\\"}",\n'
        b'      "generation": 2,\n'
        b'      "timestamp": 532895238055\n'
        b"   },\n"
        b"   {\n"
        b'      "key": "b",\n'
        b'      "value": null,\n'
        b'      "generation": 1,\n'
        b'      "timestamp": 7\n'
        b"   }\n"
        b"]\n"
    )
    changed = SmdItem("ü.lua", '{"content64": "LS0K"}', 2, 532895238055)
    content = SmdContent(207, 5, [changed, SmdItem("b", None, 1, 7)])
    assert first.parse(text) == content
    assert json_file(content) == text


@given(
    st.integers(0, 2**48), st.integers(0, 2**31), st.lists(items, unique_by=lambda item: item.key, max_size=5)
)
def test_round_trip(cluster_key: int, tid: int, stored: list[SmdItem]) -> None:
    content = SmdContent(cluster_key, tid, stored)
    assert first.parse(json_file(content)) == content


@for_each_row(
    "data",
    [
        b"", b"\xff\xfe", b"{}", b"[]", b"[[1]]", b"[[1,2],3]", b'[[1,2],{"key":"a"}]', b"[[1,2]", b"[" * 100_000,
        b'[["1",2]]', b"[[-1,2]]", b"[[1,%d]]" % 2**70,
        b'[[1,2],{"key":"a","value":"v","generation":1,"timestamp":%d}]' % 2**70,
        b'[[1,2],{"key":"a","value":1,"generation":1,"timestamp":1}]',
        b'[[1,2],{"key":"a","value":"v","generation":0,"timestamp":1}]',
        b'[[1,2],{"key":"a","value":"v","generation":1,"timestamp":1},{"key":"a","value":"v","generation":1,"timestamp":1}]',
    ],
)  # fmt: skip
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        first.parse(data)


@given(st.binary(max_size=200))
def test_garbage_is_refused_with_one_kind_of_error(data: bytes) -> None:
    with pytest.raises(ValueError):
        first.parse(data)


def test_every_cut_of_a_file_is_refused() -> None:
    whole = json_file(SmdContent(1, 2, [SmdItem("a", "v", 1, 3)])).rstrip()
    for end in range(len(whole)):
        with pytest.raises(ValueError):
            first.parse(whole[:end])
