"""Files of the work directory are opened by one function, which takes nothing but files."""

import asyncio
import os
import re
from pathlib import Path

import pytest

import asudfd
from asudfd.errors import StartError
from asudfd.process.work_directory import open_own, read_own
from asudfd.smd.interface import SINDEX, TRUNCATE, UDF, SmdFailed
from asudfd.smd.local import LocalSmd

STRANGE = {
    "link": "it is a symbolic link, which is not followed: put the file itself there",
    "link to nothing": "it is a symbolic link, which is not followed: put the file itself there",
    "FIFO": "it is a FIFO, not a file",
    "directory": "Is a directory",
}


def put(there: str, path: Path, victim: Path) -> None:
    """Put something into the way of the file ``path``."""
    if there.startswith("link"):
        path.symlink_to(victim)
        if there == "link":
            victim.write_text("precious")
    elif there == "FIFO":
        os.mkfifo(path)
    else:
        path.mkdir()


@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_RDWR, os.O_RDWR | os.O_CREAT | os.O_TRUNC])
@pytest.mark.parametrize("there", STRANGE)
def test_only_files_are_opened(tmp_path: Path, there: str, flags: int) -> None:
    victim = tmp_path / "victim"
    put(there, tmp_path / "file", victim)
    with pytest.raises(OSError) as refused:
        os.close(open_own(tmp_path / "file", flags))
    assert refused.value.strerror == STRANGE[there]
    assert (victim.read_text() if victim.exists() else "") == ("precious" if there == "link" else "")


def test_the_kind_of_an_error_is_kept(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_own(tmp_path / "file")
    (tmp_path / "file").write_bytes(b"abc")
    with pytest.raises(FileExistsError):
        open_own(tmp_path / "file", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    assert (read_own(tmp_path / "file"), read_own(tmp_path / "file", 2)) == (b"abc", b"ab")


@pytest.mark.parametrize("name", ["smd/UDF.smd", "smd/UDF.smd.new", "smd/truncate.smd", "smd/sindex.smd"])
@pytest.mark.parametrize("there", STRANGE)
def test_no_metadata_is_read_or_written_elsewhere(tmp_path: Path, name: str, there: str) -> None:
    """What is to be written is refused, and the text says what is in the way."""
    victim = tmp_path / "victim"
    (tmp_path / "smd").mkdir()
    put(there, tmp_path / name, victim)
    told: list[str] = []

    async def start() -> None:
        smd = LocalSmd(tmp_path / "smd", warn=told.append)
        for module in (UDF, TRUNCATE, SINDEX):
            smd.subscribe(module, lambda _: None)
        await smd.start()
        try:
            await smd.set(UDF, "a.lua", "text")
        finally:
            await smd.stop()

    with pytest.raises((StartError, SmdFailed)) as refused:
        asyncio.run(start())
    assert STRANGE[there] in str(refused.value)
    assert (victim.read_text() if victim.exists() else "") == ("precious" if there == "link" else "")


OWN = ("smd", "record", "udf", "lua/demotion.py", "process/lock.py")


def test_every_file_of_the_work_directory_is_opened_by_one_function() -> None:
    """LMDB opens its own, behind `guarded`; the others that are left are no files of it, and say so."""
    root = Path(asudfd.__file__).parent
    sources = [source for each in OWN for source in (sorted((root / each).rglob("*.py")) or [root / each])]
    wrong = [
        f"{source.relative_to(root)}:{number}"
        for source in sources
        for number, line in enumerate(source.read_text().splitlines(), 1)
        if re.search(
            r"\bos\.open\(|(?<!lmdb)\.open\(|\.(read|write)_(bytes|text)\(|(?<![\w.])(?<!def )open\(", line
        )
        and "os.devnull" not in line
        and "_BOOT" not in line
    ]
    assert wrong == []
