"""The format of `UDF.smd`, and that it is replaced whole or not at all."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.smd import file
from daemon.smd.interface import Item

items = st.builds(
    Item,
    st.text(max_size=20),
    st.none() | st.text(max_size=40),
    st.integers(1, 2**40),
    st.integers(0, 2**50),
)


def test_the_text_is_that_of_the_real_server() -> None:
    item = Item("ü.lua", '{"content64": "LS0K"}', 2, 532895238055)
    text = (
        b"[\n"
        + b",\n".join([file.head(207, 5), file.entry(item), file.entry(Item("b", None, 1, 7))])
        + b"\n]\n"
    )
    assert text.decode() == (
        "[\n"
        "   [\n"
        "      207,\n"
        "      5\n"
        "   ],\n"
        "   {\n"
        '      "key": "\\u00fc.lua",\n'
        '      "value": "{\\"content64\\": \\"LS0K\\"}",\n'
        '      "generation": 2,\n'
        '      "timestamp": 532895238055\n'
        "   },\n"
        "   {\n"
        '      "key": "b",\n'
        '      "value": null,\n'
        '      "generation": 1,\n'
        '      "timestamp": 7\n'
        "   }\n"
        "]\n"
    )
    assert text.decode() == json.dumps(json.loads(text), indent=3) + "\n"


@given(
    st.integers(0, 2**48), st.integers(0, 2**31), st.lists(items, unique_by=lambda item: item.key, max_size=5)
)
def test_round_trip(
    tmp_path_factory: pytest.TempPathFactory, cluster_key: int, tid: int, stored: list[Item]
) -> None:
    path = tmp_path_factory.mktemp("smd") / "UDF.smd"
    file.write(path, [file.head(cluster_key, tid), *map(file.entry, stored)])
    data = path.read_bytes()
    assert data.isascii()
    assert file.parse(data) == file.Content(cluster_key, tid, stored)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\xff\xfe", b"{}", b"[]", b"[[1]]", b"[[1,2],3]", b'[[1,2],{"key":"a"}]', b"[[1,2]", b"[" * 100_000,
        b'[["1",2]]',
        b'[[1,2],{"key":"a","value":1,"generation":1,"timestamp":1}]',
        b'[[1,2],{"key":"a","value":"v","generation":0,"timestamp":1}]',
        b'[[1,2],{"key":"a","value":"v","generation":1,"timestamp":1},{"key":"a","value":"v","generation":1,"timestamp":1}]',
    ],
)  # fmt: skip
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        file.parse(data)


@given(st.binary(max_size=200))
def test_garbage_is_refused_with_one_kind_of_error(data: bytes) -> None:
    with pytest.raises(ValueError):
        file.parse(data)


def test_every_cut_of_a_file_is_refused() -> None:
    whole = b"[\n" + b",\n".join([file.head(1, 2), file.entry(Item("a", "v", 1, 3))]) + b"\n]"
    for end in range(len(whole)):
        with pytest.raises(ValueError):
            file.parse(whole[:end])


def test_the_file_is_private_and_the_temporary_one_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "UDF.smd"
    file.write(path, [b"1"])
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "UDF.smd"
    file.write(path, [b"1"])

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        file.write(path, [b"2"])
    assert path.read_bytes() == b"[\n1\n]\n"
    assert list(tmp_path.iterdir()) == [path]


class Crash(BaseException):
    """The process ends here: nothing after it runs, no clean-up either."""


@pytest.mark.parametrize("step", range(4))
def test_a_crash_at_any_step_leaves_a_whole_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    path = tmp_path / "UDF.smd"
    old, new = [file.head(1, 1)], [file.head(1, 2), file.entry(Item("a", "v", 1, 3))]
    file.write(path, old)
    steps: list[str] = []

    def counted(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            if len(steps) == step:
                raise Crash
            steps.append(name)
            return real(*arguments)

        return call

    monkeypatch.setattr(os, "fdopen", counted("open", os.fdopen))
    monkeypatch.setattr(os, "fsync", counted("fsync", os.fsync))
    monkeypatch.setattr(Path, "rename", counted("rename", Path.rename))
    with pytest.raises(Crash):
        file.write(path, new)
    assert steps == ["open", "fsync", "rename", "fsync"][:step]
    assert file.parse(path.read_bytes()).tid == (2 if "rename" in steps else 1)
    monkeypatch.undo()
    file.write(path, new)
    assert file.parse(path.read_bytes()).tid == 2
