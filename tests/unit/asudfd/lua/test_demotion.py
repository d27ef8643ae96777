"""Functions that held the event loop: how long they are remembered, and that they stay off it."""

import asyncio
import os
from pathlib import Path

import pytest

from asudfd.config.schema.lua import ModLua
from asudfd.lua import demotion
from asudfd.lua.aerospike.host import UdfHost
from asudfd.lua.aerospike.record_view import RecordView, record_call
from asudfd.lua.demotion import Demotions
from asudfd.lua.module_version import ModuleVersion
from asudfd.lua.profile_guard import QUICK_RUNS

SUBJECT = RecordView(False, 0, 0, 0, b"", b"", bytes(20), b"", True)
NO_ARGUMENTS = b"\x90"
ONE, TWO = b"function f() return 1 end", b"function f() return 2 end"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "demoted"


def read(path: Path) -> tuple[Demotions, list[str]]:
    said: list[str] = []
    return Demotions(path, said.append), said


def test_they_are_known_again_after_a_restart(path: Path) -> None:
    Demotions(path).add("m", ONE, b"f\xff;\n")
    demotions, said = read(path)
    assert demotions.of("m", ONE) == [b"f\xff;\n"]
    assert demotions.of("m", TWO) == demotions.of("m", None) == demotions.of("n", ONE) == []
    assert demotions.modules() == {"m"}
    assert not said
    assert path.stat().st_mode & 0o777 == 0o600


def test_another_version_and_a_clear_forget_them(path: Path) -> None:
    demotions = Demotions(path)
    demotions.add("m", ONE, b"f")
    demotions.add("n", ONE, b"g")
    demotions.prune("m", ONE)
    assert read(path)[0].of("m", ONE) == [b"f"]
    demotions.prune("m", TWO)
    assert read(path)[0].of("m", ONE) == []
    assert read(path)[0].of("n", ONE) == [b"g"]
    demotions.clear()
    assert not read(path)[0].modules()


def test_no_more_than_a_number_is_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demotion, "COUNT_MAX", 3)
    demotions = Demotions(path)
    for number in range(5):
        demotions.add("m", ONE, b"%d" % number)
    assert demotions.of("m", ONE) == read(path)[0].of("m", ONE) == [b"2", b"3", b"4"]


def test_the_longest_names_fit_in_a_file_that_is_read(path: Path) -> None:
    demotions = Demotions(path)
    for number in range(demotion.COUNT_MAX - 1):
        demotions._demotions[demotion.Demotion("\udcff" * 127, "0" * 64, "\xff" * 120 + f"{number:07}")] = (
            None
        )
    demotions.add("m", ONE, b"f")
    assert path.stat().st_size < demotion.SIZE_MAX
    assert read(path)[0].of("m", ONE) == [b"f"]


WRONG = {name: demotion._head(text) + b"\n" + text for name, text in {
    "short row": b"[[1]]", "number": b"1", "wide": b'[["m", "c", "\\u0100"]]', "deep": b"[" * 100_000, "text": b"{",
}.items()}  # fmt: skip
"""With a checksum that is right."""


@pytest.mark.parametrize("damage", ["cut", "flip", "garbage", "large", *WRONG])
def test_a_damaged_file_is_told_and_kept(path: Path, damage: str) -> None:
    Demotions(path).add("m", ONE, b"f")
    data = path.read_bytes()
    path.write_bytes(
        {
            "cut": data[:-1],
            "flip": data[:-3] + bytes([data[-3] ^ 1]) + data[-2:],
            "garbage": os.urandom(100),
            "large": data + bytes(demotion.SIZE_MAX),
            **WRONG,
        }[damage]
    )
    damaged = path.read_bytes()
    demotions, (said,) = read(path)
    assert not demotions.modules()
    assert "is damaged" in said
    assert path.with_name("demoted.damaged").read_bytes() == damaged
    demotions.add("m", ONE, b"f")
    assert read(path)[0].of("m", ONE) == [b"f"]


def test_what_is_no_file_is_told(path: Path) -> None:
    os.mkfifo(path)
    assert "it is a FIFO, not a file; no function is demoted" in read(path)[1][0]
    path.unlink()
    path.symlink_to("/dev/zero")
    assert "it is a symbolic link, which is not followed" in read(path)[1][0]


def test_a_disk_that_refuses_is_told(tmp_path: Path) -> None:
    demotions, said = read(tmp_path / "gone" / "demoted")
    demotions.add("m", ONE, b"f")
    assert demotions.of("m", ONE) == [b"f"]
    assert "last until the next start" in said[0]


def test_quick_runs_do_not_bring_one_back() -> None:
    version = ModuleVersion()
    version.guard.demote([b"f"])
    version.guard.note_slow(b"f")
    for _ in range(2 * QUICK_RUNS):
        version.guard.note_ran(b"f", 0.0)
    assert version.guard.demoted() == [b"f"]


def test_the_event_loop_does_not_run_one_until_its_module_changes_or_the_cache_is_cleared() -> None:
    modules = {"m": ONE}

    async def scene() -> None:
        demotions = Demotions()
        demotions.add("m", ONE, b"f")
        demotions.add("gone", ONE, b"f")
        host = UdfHost(ModLua(user_path="/udf"), modules.get, lambda *_: None, demotions)
        (row,) = host.statistics()  # though nobody has called it
        assert (row.module, row.contexts, row.demoted) == ("m", 0, (b"f",))
        for _ in range(3):
            assert (await host.run(record_call("m", b"f", NO_ARGUMENTS, SUBJECT), 60)).code == 0
            assert host.run_inline(*record_call("m", b"f", NO_ARGUMENTS, SUBJECT)) is None
        host.forget("m", None)  # no change
        assert host.statistics()[0].demoted == (b"f",)
        modules["m"] = TWO
        host.forget("m", None)
        assert host.statistics()[0].demoted == ()
        host.demote("m", b"f")
        host.forget("m", None)
        assert host.statistics()[0].demoted == (b"f",)
        host.clear()
        assert host.statistics()[0].demoted == ()
        await host.stop()
        assert "gone" not in demotions.modules()

    asyncio.run(scene())


def test_a_stop_forgets_nothing(path: Path) -> None:
    async def scene() -> None:
        host = UdfHost(ModLua(user_path="/udf"), {"m": ONE}.get, lambda *_: None, Demotions(path))
        host.demote("m", b"f")
        await host.stop()

    asyncio.run(scene())
    assert read(path)[0].of("m", ONE) == [b"f"]
