"""A file that is damaged, foreign or taken is refused in plain words and left alone."""

from pathlib import Path

import pytest

from asinfo.wire.digest import partition
from asudfd.errors import StartError
from asudfd.record import check, journal
from tests.fakes.records import device, digest, fill, make, make_and_close, without_last_keys


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "ROOM", 1 << 16)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "test.dat"


def filled(path: Path) -> bytes:
    fill(path, 2000, 100)
    return path.read_bytes()


def test_a_truncated_file_is_refused_in_plain_words_and_left_alone(path: Path) -> None:
    whole = filled(path)
    assert check.main(str(path)) == 0
    for size in (100, 4096, 3 * 4096, len(whole) // 3, len(whole) // 2 // 4096 * 4096, len(whole) // 2 + 99):
        path.write_bytes(whole[:size])
        with pytest.raises(
            StartError, match=r"test\.dat cannot be used for the namespace test: .*Restore.*asudfd --recover"
        ):
            make(path)
        assert path.read_bytes() == whole[:size]
    path.write_bytes(b"")
    with pytest.raises(StartError, match="is gone, but its journals are there"):
        make(path)
    path.unlink()
    with pytest.raises(StartError, match="is gone, but its journals are there"):
        make(path)
    path.write_bytes(whole)
    assert make_and_close(path).objects == 2000


@pytest.mark.parametrize("content", [b"hello", b"x" * 100_000, bytes(100_000)])
def test_a_foreign_file_is_refused_and_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StartError, match="not an LMDB file"):
        make(path)
    assert path.read_bytes() == content
    assert not list(path.parent.glob("*.journal*"))


def test_the_file_of_another_namespace_is_refused(path: Path) -> None:
    filled(path)
    with pytest.raises(StartError, match="belongs to the namespace test"):
        make(path, name="bar")
    assert make_and_close(path).objects == 2000


def test_a_file_with_other_tables_is_refused(path: Path) -> None:
    namespace = make(path)
    database = device(namespace)._database
    with database._environment.begin(write=True) as transaction:
        transaction.put(b"format", b"something else", db=database._about)
    device(namespace).close()
    with pytest.raises(StartError, match="made by another program"):
        make(path)


def test_figures_that_do_not_fit_the_records_are_damage(path: Path) -> None:
    filled(path)
    namespace = make(path)
    database = device(namespace)._database
    with database._environment.begin(write=True) as transaction:
        transaction.delete(b"=set1", db=database._sets)
    device(namespace).close()
    with pytest.raises(StartError, match="does not have the records that it should have"):
        make(path)


def test_two_cannot_have_one_file(path: Path) -> None:
    namespace = make(path)
    with pytest.raises(StartError, match="in use by another process"):
        make(path)
    device(namespace).close()


def test_a_file_that_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="No such file or directory"):
        make(tmp_path / "none" / "test.dat")
    (tmp_path / "directory").mkdir()
    with pytest.raises(StartError, match="Is a directory"):
        make(tmp_path / "directory")


@pytest.mark.parametrize("count", [1, 5, 20])
def test_a_small_file_that_is_cut_anywhere_is_refused_or_whole(path: Path, count: int) -> None:
    fill(path, count)
    whole = path.read_bytes()
    files = {each: each.read_bytes() for each in path.parent.glob("test.dat*")}
    for size in range(1000, len(whole), 4999):
        for each, content in files.items():
            each.write_bytes(content)
        path.write_bytes(whole[:size])
        try:
            objects = make_and_close(path).objects
        except StartError as refused:
            assert "asudfd --recover" in str(refused)  # noqa: PT017 - either is right
        else:
            assert objects == count


@pytest.mark.parametrize("name", [b"about", b"records", b"sets"])
def test_a_table_whose_name_is_damaged_is_not_made_anew(path: Path, name: bytes) -> None:
    whole = filled(path)
    damaged = whole.replace(b"\0" + name, b"\0" + bytes([name[0] ^ 1]) + name[1:])
    assert damaged != whole
    path.write_bytes(damaged)
    with pytest.raises(StartError, match=r"its tables are not those .*asudfd --recover"):
        make(path)
    assert path.read_bytes() == damaged


def test_a_page_that_lacks_keys_is_told(path: Path) -> None:
    damaged = without_last_keys(filled(path))
    path.write_bytes(damaged)
    with pytest.raises(StartError, match=r"[0-9]+ of 2000 records are in its pages.*asudfd --recover"):
        make(path)
    assert path.read_bytes() == damaged


def test_a_page_of_zeros_is_told(path: Path) -> None:
    whole = filled(path)
    place = len(whole) // 2 // 4096 * 4096
    path.write_bytes(whole[:place] + bytes(4096) + whole[place + 4096 :])
    with pytest.raises(StartError, match=rf"the page at offset {place} is not what was written"):
        make(path)


def test_a_key_that_is_out_of_order_is_told(path: Path) -> None:
    whole = filled(path)
    key = partition(digest(7)).to_bytes(2, "big") + digest(7)
    assert key in whole
    path.write_bytes(whole.replace(key, b"\xff" + key[1:]))
    with pytest.raises(StartError, match=r"the keys in the page at offset [0-9]+ are not what was written"):
        make(path)
