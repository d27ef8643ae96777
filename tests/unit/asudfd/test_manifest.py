"""The list of files that there were: what is gone was lost, and how to go on without."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
from pathlib import Path

import pytest

from asudfd.config.load import embedded
from asudfd.config.schema import Config
from asudfd.errors import StartError
from asudfd.manifest import NAME, Manifest
from asudfd.record.spaces import open_namespaces
from asudfd.recover import recover
from asudfd.smd.interface import SINDEX, TRUNCATE, UDF
from asudfd.smd.local import LocalSmd

JOURNALS = ("test.dat.journal0", "test.dat.journal1", "test.dat-lock")


def device(work: Path, file: str = "test.dat") -> Config:
    config = embedded(str(work))
    engine = config.namespaces[0].storage_engine
    engine.kind, engine.file, engine.filesize = "device", (file,), 1 << 20
    return config


def start(config: Config, suffix: str = "") -> None:
    """A start and a stop of the namespaces, as the server has them."""
    manifest = Manifest(Path(config.service.work_directory))
    for namespace in open_namespaces(config, pytest.fail, suffix, manifest).values():
        namespace.storage.close()


def metadata(work: Path, module: str = "", key: str = "a") -> list[str]:
    """A start of the metadata, where ``module`` gets a key, and a stop; the keys that there are."""

    async def run() -> list[str]:
        smd = LocalSmd(work / "smd", manifest=Manifest(work))
        for each in (UDF, TRUNCATE, SINDEX):
            smd.subscribe(each, lambda _: None)
        await smd.start()
        if module:
            await smd.set(module, key, "value")
        found = [item.key for each in (UDF, TRUNCATE, SINDEX) for item in smd.items(each)]
        await smd.stop()
        return found

    return asyncio.run(run())


def without(work: Path, line: str) -> None:
    """What the message says: delete the line."""
    path = work / NAME
    lines = path.read_text().splitlines(keepends=True)
    assert f"{line}\n" in lines
    path.write_text("".join(each for each in lines if each != f"{line}\n"))


@pytest.mark.parametrize("file", ["test.dat", "OTHER/test.dat"])
@pytest.mark.parametrize("how", ["deleted", "emptied", "the directory"])
def test_records_that_are_lost_with_their_journals(tmp_path: Path, file: str, how: str) -> None:
    work, other = tmp_path / "work", tmp_path / "other"
    work.mkdir()
    other.mkdir()
    config = device(work, file.replace("OTHER", str(other)))
    start(config)
    start(config)
    directory = other if "/" in file else work
    for path in [directory / "test.dat", *(directory / name for name in JOURNALS)]:
        if how == "emptied" and path.name == "test.dat":
            path.write_bytes(b"")
        else:
            path.unlink()
    if how == "the directory" and directory == other:
        other.rmdir()
        other.mkdir()
    with pytest.raises(
        StartError, match=r"test\.dat is gone, .*Restore them from a copy, or delete the line in"
    ):
        start(config)
    without(work, "test.dat" if directory == work else str(other / "test.dat"))
    start(config)


def test_the_files_of_several_nodes(tmp_path: Path) -> None:
    config = device(tmp_path)
    for suffix in ("-A1", "-A2"):
        start(config, suffix)
    for name in ("test.dat-A2", "test.dat-A2.journal0", "test.dat-A2.journal1"):
        (tmp_path / name).unlink()
    start(config, "-A1")
    with pytest.raises(StartError, match=r"test\.dat-A2 is gone"):
        start(config, "-A2")
    out = io.StringIO()
    assert recover(config, out) == 1
    assert "test.dat-A2\n  lost: the file is gone, and its journals with it" in out.getvalue()
    start(config, "-A2")
    assert recover(config, io.StringIO()) == 0


def test_a_directory_that_was_moved_knows_its_files(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    start(device(tmp_path / "work"))
    (tmp_path / "work").rename(tmp_path / "moved")
    start(device(tmp_path / "moved"))
    (tmp_path / "moved" / "test.dat").unlink()
    for name in JOURNALS:
        (tmp_path / "moved" / name).unlink(missing_ok=True)
    with pytest.raises(StartError, match="is gone"):
        start(device(tmp_path / "moved"))


@pytest.mark.parametrize("module", [TRUNCATE, SINDEX])
def test_metadata_that_is_lost_with_its_directory(tmp_path: Path, module: str) -> None:
    assert metadata(tmp_path, module) == ["a"]
    shutil.rmtree(tmp_path / "smd")
    text = rf"smd is missing, and .*{NAME} says that it had {module}\.smd\. Restore it .*delete the lines in {NAME}"
    with pytest.raises(StartError, match=text):
        metadata(tmp_path)
    assert not (tmp_path / "smd").exists()
    without(tmp_path, f"smd/{module}.smd")
    assert metadata(tmp_path) == []


def test_metadata_of_an_earlier_version_is_remembered_from_its_next_start(tmp_path: Path) -> None:
    metadata(tmp_path, SINDEX)
    (tmp_path / NAME).unlink()
    assert metadata(tmp_path) == ["a"]
    shutil.rmtree(tmp_path / "smd")
    with pytest.raises(StartError, match=r"sindex\.smd"):
        metadata(tmp_path)


def test_what_was_moved_away_with_its_mark_is_given_up(tmp_path: Path) -> None:
    metadata(tmp_path, TRUNCATE)
    metadata(tmp_path, SINDEX)
    for name in ("sindex.smd", "sindex.mark"):
        (tmp_path / "smd" / name).unlink()
    assert metadata(tmp_path) == ["a"]
    shutil.rmtree(tmp_path / "smd")
    with pytest.raises(StartError, match=r"says that it had truncate\.smd\. "):
        metadata(tmp_path)


def test_modules_have_copies_that_tell_their_loss(tmp_path: Path) -> None:
    metadata(tmp_path, UDF)
    shutil.rmtree(tmp_path / "smd")
    assert metadata(tmp_path) == []


def test_a_node_without_metadata_misses_none(tmp_path: Path) -> None:
    metadata(tmp_path)
    shutil.rmtree(tmp_path / "smd")
    assert metadata(tmp_path) == []
    assert not (tmp_path / NAME).exists()


def test_recovery_says_what_is_lost_and_begins_anew(tmp_path: Path) -> None:
    metadata(tmp_path, SINDEX)
    shutil.rmtree(tmp_path / "smd")
    out = io.StringIO()
    assert recover(embedded(str(tmp_path)), out) == 1
    assert "sindex.smd is missing" in out.getvalue()
    assert "truncate" not in out.getvalue()
    assert metadata(tmp_path) == []


@pytest.mark.parametrize("there", ["link", "FIFO", "directory"])
def test_a_list_that_is_none_is_told(tmp_path: Path, there: str) -> None:
    if there == "link":
        (tmp_path / NAME).symlink_to("/etc/passwd")
    elif there == "FIFO":
        os.mkfifo(tmp_path / NAME)
    else:
        (tmp_path / NAME).mkdir()
    with pytest.raises(StartError, match=f"cannot read .*{NAME}: "):
        Manifest(tmp_path)


def test_a_disk_that_is_full_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("asinfo.files._replace", refuse)
    with pytest.raises(StartError, match=f"cannot write .*{NAME}: No space left"):
        start(device(tmp_path))
