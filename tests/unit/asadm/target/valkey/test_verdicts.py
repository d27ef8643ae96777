"""The cache of verdicts: good ones are kept, others are found anew, and no cache is ever needed."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING, Any

import pytest

from asadm.target.valkey import sandbox, verdicts
from asadm.target.valkey.verdicts import Verdicts

if TYPE_CHECKING:
    from pathlib import Path

    from asadm.target.valkey.verdict import Verdict

TEXT = b"#!lua name=a\nserver.log(1, 'x')\nserver.register_function('f', function() return getfenv end)"


def of(text: bytes = TEXT) -> Verdict:
    with Verdicts() as found:
        return found.of(b"a", text)


def facts(verdict: Verdict) -> tuple[Any, ...]:
    return list(verdict.functions), dict(verdict.globals), verdict.logged, verdict.failure


def test_a_good_verdict_is_kept(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = facts(of())
    assert first == ([b"f"], {b"server": 2, b"getfenv": 3}, 2, "")
    assert stat.S_IMODE(cache.stat().st_mode) == 0o600
    monkeypatch.setattr(sandbox, "Sandbox", None)
    assert facts(of()) == first


def test_a_bad_verdict_is_not(cache: Path) -> None:
    assert of(b"#!lua name=a\nx = = 1").failure == "unexpected symbol near '='"
    assert not cache.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        b'{"of": 1, "verdicts": {}}',
        b'{"of": OF, "verdicts": []}',
        b'{"of": OF, "verdicts": {"KEY": 1}}',
        b'{"of": OF, "verdicts": {"KEY": [1, {}, null]}}',
        b'{"of": OF, "verdicts": {"KEY": [["f"], {"server": "x"}, null]}}',
        b'{"of": OF, "verdicts": {"KEY": [["f"], {}, []]}}',
    ],
)
def test_a_cache_that_is_none(cache: Path, content: bytes) -> None:
    of()
    document = json.loads(cache.read_bytes())
    key = next(iter(document["verdicts"])).encode()
    of_now = json.dumps(document["of"]).encode()
    cache.write_bytes(content.replace(b"OF", of_now).replace(b"KEY", key))
    assert facts(of())[0] == [b"f"]
    assert json.loads(cache.read_bytes()) == document


def test_a_cache_of_another_release(monkeypatch: pytest.MonkeyPatch) -> None:
    of()
    monkeypatch.setattr(verdicts, "__version__", "0.0.0")
    monkeypatch.setattr(sandbox, "Sandbox", None)
    with pytest.raises(TypeError):
        of()


def test_a_place_where_nothing_can_be_kept(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.mkdir(parents=True)
    assert facts(of())[0] == [b"f"]
    monkeypatch.setenv("HOME", "/dev/null")
    for place in ("/dev/null", ""):
        monkeypatch.setenv("XDG_CACHE_HOME", place)
        assert facts(of())[0] == [b"f"]


def test_only_the_latest_are_kept(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdicts, "ENTRIES_MAX", 2)
    for number in range(4):
        of(TEXT + b" " * number)
    assert len(json.loads(cache.read_bytes())["verdicts"]) == 2
