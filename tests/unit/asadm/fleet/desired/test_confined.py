"""Links in a directory of modules: inside of it they may lead anywhere, and nowhere else."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from asadm.fleet.desired import directory
from asadm.fleet.desired.confined import ConfinedDirectory
from asinfo.errors import ConfigError
from tests.fakes.fleet import Fleet
from tests.unit.asadm.conftest import Asadm

SECRET = "root:x:0:0:nobody may see this"


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A directory of modules with a module in a subdirectory, and a file beside it that is none of its business."""
    (tmp_path / "outside" / "deep").mkdir(parents=True)
    for secret in ("passwd", "passwd.lua", "udf.yaml", "deep/passwd.lua"):
        (tmp_path / "outside" / secret).write_text(SECRET)
    made = tmp_path / "udf"
    (made / "v2").mkdir(parents=True)
    (made / "good.lua").write_text("return 'good'")
    (made / "v2" / "inner.lua").write_text("return 'inner'")
    return made


def pin(top: Path, file: str) -> None:
    (top / "udf.yaml").write_text(f"modules:\n  pinned.lua: {file}\n")


def link(top: Path, **links: str) -> None:
    """``link(top, a="target")`` makes a.lua; a longer name stays as it is."""
    for name, target in links.items():
        (top / (name if len(name) > 1 else f"{name}.lua")).symlink_to(target)


def _pinned(top: Path) -> None:
    link(top, current="v2")
    pin(top, "current/inner.lua")


def _settings(top: Path) -> None:
    (top / "real.yaml").write_text("keep: ['x*']\n")
    link(top, **{"udf.yaml": "real.yaml"})


INSIDE: dict[str, Callable[[Path], None]] = {
    "a file": lambda top: link(top, a="good.lua"),
    "a file below": lambda top: link(top, a="v2/inner.lua"),
    "up and down again": lambda top: link(top, **{"v2/up": "../good.lua", "a.lua": "v2/up"}),
    "out by .. and back": lambda top: link(top, a="../udf/v2/inner.lua"),
    "an absolute path": lambda top: link(top, a=f"{top}/v2/inner.lua"),
    "a chain": lambda top: link(top, a="b.lua", b="./c.lua", c="v2/../good.lua"),
    "a directory": lambda top: link(top, **{"current": "v2", "a.lua": "current/inner.lua"}),
    "an absolute directory": lambda top: link(top, **{"current": str(top), "a.lua": "current/good.lua"}),
    "a directory in a pin": _pinned,
    "a link as udf.yaml": _settings,
}  # fmt: skip


@pytest.mark.parametrize("made", INSIDE.values(), ids=INSIDE)
def test_a_link_within_the_directory_is_followed(top: Path, made: Callable[[Path], None]) -> None:
    made(top)
    for source in directory.read(str(top)).sources.values():
        assert source.content in {b"return 'good'", b"return 'inner'"}


def test_the_directory_itself_may_be_named_by_a_link(top: Path) -> None:
    (top.parent / "current").symlink_to("udf")
    link(top, a="v2/inner.lua", b=f"{top}/good.lua", c="../udf/good.lua")
    assert set(directory.read(str(top.parent / "current")).sources) == {
        b"a.lua",
        b"b.lua",
        b"c.lua",
        b"good.lua",
    }


OUTSIDE: dict[str, tuple[dict[str, str], str, str]] = {
    "relative": ({"a": "../outside/passwd"}, "", "a.lua is a link to ../outside/passwd"),
    "absolute": ({"a": "{out}/passwd"}, "", "a.lua is a link to {out}/passwd"),
    "a file of the same kind": ({"a": "../outside/passwd.lua"}, "", "a.lua is a link to ../outside/passwd.lua"),
    "the end of a chain": ({"a": "b.lua", "b": "v2/c", "v2/c": "../../outside/passwd"}, "", "v2/c is a link to ../../outside/passwd"),
    "a directory": ({"v2/out": "{out}", "a": "v2/out/deep/passwd.lua"}, "", "v2/out is a link to {out}"),
    "a directory in a pin": ({"v2/out": "../../outside"}, "v2/out/passwd", "v2/out is a link to ../../outside"),
    "the directory above": ({"a": ".."}, "", "a.lua is a link to .."),
    "the root": ({"a": "/"}, "", "a.lua is a link to /"),
    "a name that begins alike": ({"a": "{udf}x/y"}, "", "a.lua is a link to {udf}x/y"),
    "udf.yaml": ({"udf.yaml": "../outside/udf.yaml"}, "", "udf.yaml is a link to ../outside/udf.yaml"),
    "a device": ({"a": "/dev/zero"}, "", "a.lua is a link to /dev/zero"),
    "its own descriptors": ({"a": "/proc/self/fd/0"}, "", "a.lua is a link to /proc/self/fd/0"),
    "what is not there": ({"a": "../outside/nothing"}, "", "a.lua is a link to ../outside/nothing"),
}  # fmt: skip


@pytest.mark.parametrize(("links", "pinned", "message"), OUTSIDE.values(), ids=OUTSIDE)
def test_a_link_that_leaves_is_named_with_what_it_holds(
    top: Path, links: dict[str, str], pinned: str, message: str
) -> None:
    places = {"out": str(top.parent / "outside"), "udf": str(top)}
    link(top, **{name: target.format(**places) for name, target in links.items()})
    if pinned:
        pin(top, pinned)
    with pytest.raises(ConfigError) as error:
        directory.read(str(top))
    assert f"{top}/{message.format(**places)}, which is outside of {top}" in str(error.value)
    assert SECRET not in str(error.value)


def test_a_circle_of_links_ends(top: Path) -> None:
    link(top, a="b.lua", b="a.lua")
    with pytest.raises(ConfigError, match="symbolic links"):
        directory.read(str(top))


@pytest.mark.parametrize("swapped", ["good.lua", "v2"])
def test_what_becomes_a_link_while_it_is_read_is_not_followed(
    top: Path, monkeypatch: pytest.MonkeyPatch, swapped: str
) -> None:
    """A file or a directory is exchanged for a link after it was seen to be none."""
    seen = os.readlink

    def readlink(name: str, *, dir_fd: int) -> str:
        try:
            return seen(name, dir_fd=dir_fd)
        finally:
            if name == swapped:
                (top / swapped).rename(top / "gone")
                (top / swapped).symlink_to(top.parent / "outside" / "deep")

    monkeypatch.setattr(os, "readlink", readlink)
    with (
        ConfinedDirectory(str(top)) as beneath,
        pytest.raises(OSError, match=r"symbolic links|Not a directory"),
    ):
        beneath.open("good.lua" if swapped == "good.lua" else "v2/passwd.lua")


def test_no_descriptor_stays_open(top: Path) -> None:
    link(top, **{"v2/up": "..", "a.lua": "v2/up/v2/up/v2/inner.lua", "b.lua": "v2/up/../outside/passwd"})
    before = set(Path("/proc/self/fd").iterdir())
    with pytest.raises(ConfigError):
        directory.read(str(top))
    assert set(Path("/proc/self/fd").iterdir()) == before


@pytest.mark.parametrize(
    "words",
    [
        ["udf", "plan", "udf", "--diff"],
        ["udf", "apply", "udf", "--yes"],
        ["udf", "status", "--dir", "udf"],
        ["udf", "check", "udf"],
        ["udf", "repair", "--dir", "udf", "--yes"],
    ],
    ids=lambda words: words[1],
)
def test_every_command_refuses_it_before_anything_is_sent(asadm: Asadm, top: Path, words: list[str]) -> None:
    link(top, a="../outside/passwd")
    with Fleet(2) as fleet:
        result = asadm("-h", fleet.hosts, *words)
        assert (result.code, result.out) == (2, "")
        assert "udf/a.lua is a link to ../outside/passwd, which is outside of udf" in result.err
        assert SECRET not in result.err
        assert not any(server.commands for server in (fleet[0], fleet[1]))
