"""``asadm udf plan`` and ``udf apply`` lint what they are about to send, and nothing else."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from asinfo.lint import compiled
from tests.fakes.fleet import Fleet
from tests.unit.asadm.conftest import Asadm

GOOD = b"function f(rec) return rec.a end\n"
WARNED = b"function f(rec)\n    rec.a = 1\n    return unpack(rec.a)\nend\n"
BROKEN = b"function f(rec) return end end\n"

Write = Callable[..., Path]


@pytest.fixture
def modules(tmp_path: Path) -> Write:
    def write(**contents: bytes) -> Path:
        (tmp_path / "udf").mkdir(exist_ok=True)
        for name, content in contents.items():
            (tmp_path / "udf" / f"{name}.lua").write_bytes(content)
        return tmp_path / "udf"

    return write


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    with Fleet(3) as fleet:
        yield fleet


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The texts that were compiled."""
    found: list[bytes] = []
    fault = compiled.fault

    def noted(text: bytes) -> Any:
        found.append(text)
        return fault(text)

    monkeypatch.setattr("asinfo.lint.known_modules.fault", noted)
    return found


@pytest.mark.parametrize("words", [["udf", "plan"], ["udf", "apply", "--yes"], ["udf", "apply", "--dry-run"]])
def test_what_cannot_compile_is_refused(asadm: Asadm, fleet: Fleet, modules: Write, words: list[str]) -> None:
    modules(a=GOOD, b=BROKEN)
    done = asadm("-h", fleet.hosts, *words, "udf")
    assert (done.code, done.out) == (2, "")
    assert done.err == "asadm: udf/b.lua:1: <eof> expected near 'end' [syntax]; --no-lint sends it as it is\n"
    assert fleet.count(b"udf-put") == 0


def test_it_can_be_sent_all_the_same(
    asadm: Asadm, fleet: Fleet, modules: Write, looked_at: list[bytes]
) -> None:
    modules(a=GOOD, b=WARNED)
    done = asadm("-h", fleet.hosts, "udf", "apply", "udf", "--yes", "--no-lint")
    assert (done.code, done.err) == (0, "")
    assert looked_at == []


def test_warnings_are_counted(asadm: Asadm, fleet: Fleet, modules: Write) -> None:
    modules(a=GOOD, b=WARNED)
    told = "asadm: 2 warnings about the modules to be sent (not-updated, removed): 'asadm udf lint udf' shows them\n"
    assert asadm("-h", fleet.hosts, "udf", "plan", "udf").err == told
    found = asadm("-h", fleet.hosts, "udf", "plan", "udf", "--json").document["lint"]
    assert [(each["path"], each["line"], each["code"]) for each in found] == [
        ("udf/b.lua", 2, "not-updated"),
        ("udf/b.lua", 3, "removed"),
    ]
    applied = asadm("-h", fleet.hosts, "udf", "apply", "udf", "--yes")
    assert (applied.code, applied.err) == (0, told)
    assert asadm("-h", fleet.hosts, "udf", "plan", "udf").err == ""  # nothing is to be sent


def test_only_what_is_sent_is_looked_at_and_once(
    asadm: Asadm, fleet: Fleet, modules: Write, looked_at: list[bytes]
) -> None:
    fleet.load(b"a.lua", BROKEN)
    modules(a=BROKEN, b=GOOD)
    assert asadm("-h", fleet.hosts, "udf", "apply", "udf", "--yes").code == 0
    assert looked_at == [GOOD]
    del looked_at[:]
    assert asadm("-h", fleet.hosts, "udf", "apply", "udf", "--yes").code == 0
    assert looked_at == []


def test_a_plan_file_is_looked_at_too(asadm: Asadm, fleet: Fleet, modules: Write) -> None:
    modules(a=BROKEN)
    assert asadm("-h", fleet.hosts, "udf", "plan", "udf", "--no-lint", "--out", "plan.json").code == 3
    done = asadm("-h", fleet.hosts, "udf", "apply", "plan.json", "--yes")
    assert (done.code, fleet.count(b"udf-put")) == (2, 0)
    assert "[syntax]" in done.err


def test_what_nodes_have_is_known(asadm: Asadm, fleet: Fleet, modules: Write) -> None:
    fleet.load(b"theirs.lua", b"function theirs() end")
    modules(a=b'require("theirs")\nfunction f(rec) return theirs(), ours() end\n')
    done = asadm("-h", fleet.hosts, "udf", "plan", "udf", "--json").document
    assert [each["message"] for each in done["lint"]] == ["ours is defined nowhere"]
    assert fleet.count(b"udf-get") == 1


def test_a_cycle_that_the_change_closes_is_told(asadm: Asadm, fleet: Fleet, modules: Write) -> None:
    fleet.load(b"theirs.lua", b'require("a")\n')
    modules(a=b'require("theirs")\n')
    done = asadm("-h", fleet.hosts, "udf", "plan", "udf")
    assert done.code == 3
    assert (
        "asadm: udf/a.lua:1:1: error: modules require each other: a -> theirs -> a [require-cycle]"
        in done.err.splitlines()
    )


def test_a_cycle_within_the_directory_is_told_once(asadm: Asadm, fleet: Fleet, modules: Write) -> None:
    modules(a=b'require("b")\n', b=b'require("a")\n')
    done = asadm("-h", fleet.hosts, "udf", "plan", "udf")
    assert len(done.err.splitlines()) == 1
    assert "a.lua -> b.lua -> a.lua" in done.err
