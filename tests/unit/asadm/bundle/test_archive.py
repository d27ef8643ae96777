"""The archive: names that no file system minds, and no two alike."""

import io
import re
import tarfile

from hypothesis import given
from hypothesis import strategies as st

from asadm.bundle.archive import Archive, file_name


@given(st.text())
def test_names_are_plain(text: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9=@+-][A-Za-z0-9._=@+-]{0,119}|_", file_name(text))


def test_a_path_that_is_taken_gets_a_number() -> None:
    archive = Archive("d", 5.5)
    assert [archive.add("nodes/a/x.txt", each) for each in (b"1", b"2", b"3")] == [
        "nodes/a/x.txt",
        "nodes/a/x-2.txt",
        "nodes/a/x-3.txt",
    ]
    with tarfile.open(fileobj=io.BytesIO(archive.finish())) as tar:
        assert [(each.name, each.mode, each.mtime) for each in tar] == [
            (f"d/nodes/a/x{number}.txt", 0o600, 5) for number in ("", "-2", "-3")
        ]
