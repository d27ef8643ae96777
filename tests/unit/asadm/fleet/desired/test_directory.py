"""The operator's directory: what counts as a module, its udf.yaml, the order, and everything that is wrong with it."""

import os
from itertools import pairwise
from pathlib import Path

import pytest

from asadm import yaml_file
from asadm.fleet.desired import directory, limits
from asadm.fleet.desired.directory import ModuleDirectory, ModuleSource
from asadm.target.aerospike.rules import ALLOWED
from asinfo.errors import ConfigError, Error, UsageError
from asinfo.wire.udf import SOURCE_SIZE_MAX, base64, digest


def make(path: Path, **files: str) -> Path:
    """A directory of ``files``: ``a="text"`` is a.lua; a name with a dot stays as it is."""
    for name, content in files.items():
        file = path / (name if "." in name else f"{name}.lua")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return path


def names(found: ModuleDirectory) -> list[str]:
    return [name.decode() for name in found.sources]


def wrong(path: Path) -> str:
    with pytest.raises(Error) as error:
        directory.read(str(path))
    return str(error.value).replace(str(path), "DIR")


def test_every_lua_file_is_a_module(tmp_path: Path) -> None:
    make(tmp_path, a="return 1", b="return 2", **{".hidden.lua": "x", "README.md": "x", "sub/c.lua": "x"})
    found = directory.read(str(tmp_path))
    assert names(found) == ["a.lua", "b.lua"]
    source = found.sources[b"a.lua"]
    assert source.hash == digest(b"a.lua", base64(b"return 1"))
    assert (source.path, source.content) == (f"{tmp_path}/a.lua", b"return 1")


def test_a_link_is_followed(tmp_path: Path) -> None:
    make(tmp_path, **{"sub/real.txt": "return 1"})
    (tmp_path / "a.lua").symlink_to("sub/real.txt")
    assert directory.read(str(tmp_path)).sources[b"a.lua"].content == b"return 1"


def test_what_is_required_comes_first(tmp_path: Path) -> None:
    make(
        tmp_path,
        a="require 'c'",
        b="require 'a' require 'string' require 'nobody'",
        c="return 1",
        d="return 1",
    )
    found = directory.read(str(tmp_path))
    assert names(found) == ["c.lua", "d.lua", "a.lua", "b.lua"]
    source = found.sources[b"b.lua"]
    assert (source.requires, source.required) == ((b"a.lua",), (b"a.lua", b"nobody.lua"))


def test_a_circle_is_named_and_the_rest_is_in_order(tmp_path: Path) -> None:
    make(
        tmp_path,
        a="require 'b'",
        b="require 'c'",
        c="require 'a' require 'e'",
        d="require 'a'",
        e="x",
        f="require 'f'",
    )
    found = directory.read(str(tmp_path))
    circle, own = found.circles
    assert own == [b"f.lua", b"f.lua"]
    assert circle[0] == circle[-1]
    follows = {b"a.lua": b"b.lua", b"b.lua": b"c.lua", b"c.lua": b"a.lua"}
    assert all(follows[one] == two for one, two in pairwise(circle))
    ordered = names(found)
    assert ordered.index("e.lua") < ordered.index("c.lua")
    assert ordered.index("a.lua") < ordered.index("d.lua")
    assert sorted(ordered) == [f"{each}.lua" for each in "abcdef"]


def test_a_dot_in_what_is_required_is_a_directory(tmp_path: Path) -> None:
    make(tmp_path, a="require 'lib.util'", **{"lib.util.lua": "x"})
    source = directory.read(str(tmp_path)).sources[b"a.lua"]
    assert (source.requires, source.required) == ((), (b"lib/util.lua",))


def test_many_circles_are_opened_at_once(tmp_path: Path) -> None:
    sources = [
        ModuleSource(b"m%d.lua" % number, "", b" ".join(b"require 'm%d'" % other for other in range(60)))
        for number in range(60)
    ]
    found = ModuleDirectory(str(tmp_path), sources)
    assert len(found.sources) == 60
    assert found.circles


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"udf.yaml": "clusters: []"}, "DIR/udf.yaml:1: clusters names none: leave it out to allow any"),
        ({"udf.yml": "clusters: [x]"}, "DIR/udf.yml: the file has to be called udf.yaml"),
        (
            {"udf.yaml": "exclude: [a.lua]\nmodules: {a.lua: a.lua}"},
            "DIR/udf.yaml:2: modules: a.lua: exclude says that it is none of ours",
        ),
    ],
)
def test_what_protects_nothing_is_refused(tmp_path: Path, files: dict[str, str], message: str) -> None:
    make(tmp_path, a="return 1", **files)
    assert wrong(tmp_path) == message


def test_a_pipe_or_too_much_is_no_udf_yaml(tmp_path: Path) -> None:
    make(tmp_path, a="return 1")
    os.mkfifo(tmp_path / "udf.yaml")
    assert wrong(tmp_path) == "DIR/udf.yaml: is a FIFO, not a file"
    (tmp_path / "udf.yaml").unlink()
    with (tmp_path / "udf.yaml").open("wb") as stream:
        stream.truncate(yaml_file.SIZE_MAX + 1)
    assert wrong(tmp_path) == f"DIR/udf.yaml: is larger than {yaml_file.SIZE_MAX} bytes"


def test_a_name_that_is_no_text_is_spelled_once(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff.lua")).write_text("x")
    assert wrong(tmp_path).count("\udcff.lua") == 1


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    make(tmp_path, **{"sp ace.lua": "x", "empty.lua": "", "a..lua": "x"})
    (tmp_path / "big.lua").write_bytes(b" " * (SOURCE_SIZE_MAX + 1))
    (tmp_path / "dir.lua").mkdir()
    (tmp_path / "gone.lua").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.lua")
    assert wrong(tmp_path).splitlines() == [
        f"DIR/a..lua: this cannot be the name of a module on a node: {ALLOWED}",
        f"DIR/big.lua: is larger than {SOURCE_SIZE_MAX} bytes, the most that a module may have",
        "DIR/dir.lua: is a directory, not a file",
        "DIR/empty.lua: is empty; nodes refuse a module without content",
        "DIR/gone.lua: No such file or directory",
        "DIR/pipe.lua: is a FIFO, not a file",
        f"DIR/sp ace.lua: this cannot be the name of a module on a node: {ALLOWED}",
    ]


def test_the_largest_module(tmp_path: Path) -> None:
    (tmp_path / "big.lua").write_bytes(b" " * SOURCE_SIZE_MAX)
    assert len(directory.read(str(tmp_path)).sources[b"big.lua"].content) == SOURCE_SIZE_MAX


def test_a_directory_that_is_none(tmp_path: Path) -> None:
    assert wrong(tmp_path / "missing") == "DIR: No such file or directory"
    assert wrong(tmp_path).startswith("DIR: there is no module in it")
    (tmp_path / "file").touch()
    assert wrong(tmp_path / "file") == "DIR: Not a directory"
    with pytest.raises(UsageError):
        directory.read("nul\0")


def test_too_many_modules_are_the_wrong_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FILES_MAX", 1)
    assert "more than 1" in wrong(make(tmp_path, a="x", b="x"))


def test_udf_yaml(tmp_path: Path) -> None:
    make(
        tmp_path,
        a="return 1",
        test_a="x",
        old="return 'old'",
        **{
            "v2/b.lua": "return 2",
            "udf.yaml": "modules:\n  b.lua: v2/b.lua\n  new.lua: ./old.lua\nexclude: ['test_*']\n"
            "keep: [legacy_*.lua]\nclusters: [production, staging]\n",
        },
    )
    found = directory.read(str(tmp_path))
    assert names(found) == ["a.lua", "b.lua", "new.lua"]
    assert found.sources[b"b.lua"].content == b"return 2"
    assert found.clusters == ("production", "staging")
    assert [found.kept(name) for name in (b"legacy_x.lua", b"test_b.lua", b"other.lua")] == [
        True,
        True,
        False,
    ]


def test_a_pin_goes_before_a_file(tmp_path: Path) -> None:
    make(tmp_path, a="return 1", **{"v2/a.lua": "return 2", "udf.yaml": "modules: {a.lua: v2/a.lua}"})
    assert directory.read(str(tmp_path)).sources[b"a.lua"].content == b"return 2"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x: 1", "DIR/udf.yaml:1: the file has no setting 'x'; it has modules, exclude, keep, clusters"),
        ("- a", "DIR/udf.yaml:1: the file must be a mapping (key: value)"),
        ("keep: a", "DIR/udf.yaml:1: keep must be a list"),
        ("keep: [[a]]", "DIR/udf.yaml:1: an entry of keep must be a text"),
        ("\nclusters: [{a: b}]", "DIR/udf.yaml:2: an entry of clusters must be a text"),
        ("modules: [a]", "DIR/udf.yaml:1: modules must be a mapping (key: value)"),
        ("modules:\n  b.lua: 1.lua\n  b.lua: 2.lua", "DIR/udf.yaml:3: b.lua stands twice in modules"),
        ("modules:\n  b.lua: no.lua", "DIR/udf.yaml:2: modules: b.lua: no.lua: No such file or directory"),
        (
            "modules:\n  b.txt: a.lua",
            f"DIR/udf.yaml:2: modules: b.txt: a.lua: 'b.txt' cannot be the name of a module on a node: {ALLOWED}",
        ),
        (
            "modules:\n  b.lua: /etc/passwd",
            "DIR/udf.yaml:2: modules: b.lua: /etc/passwd is not inside of the directory",
        ),
        (
            "modules:\n  b.lua: ../x.lua",
            "DIR/udf.yaml:2: modules: b.lua: ../x.lua is not inside of the directory",
        ),
        ("modules:\n  b.lua: .", "DIR/udf.yaml:2: modules: b.lua: .: is a directory, not a file"),
        ("a: b: c", "DIR/udf.yaml:1: not YAML: mapping values are not allowed in this context"),
        ("[" * 100, "DIR/udf.yaml: nested deeper than 32 levels"),
        (
            "a: &x [*x]",
            "DIR/udf.yaml:1: the file has no setting 'a'; it has modules, exclude, keep, clusters",
        ),
    ],
)
def test_a_wrong_udf_yaml(tmp_path: Path, text: str, message: str) -> None:
    make(tmp_path, a="x", **{"udf.yaml": text})
    assert wrong(tmp_path) == message


def test_an_empty_udf_yaml_says_nothing(tmp_path: Path) -> None:
    make(tmp_path, a="x", **{"udf.yaml": "# nothing\n"})
    assert names(directory.read(str(tmp_path))) == ["a.lua"]
    (tmp_path / "udf.yaml").write_bytes(b"keep: [\xff]")
    with pytest.raises(ConfigError, match="not UTF-8"):
        directory.read(str(tmp_path))
