import os
import signal
import socket
import stat
import threading
from pathlib import Path

import pytest

from asinfo.files import FileError, exposed, open_file, read_file, replace_file

ROOT = os.geteuid() == 0


def special(directory: Path, what: str) -> Path:
    """A file system entry that is no regular file; a device only for root."""
    path = directory / what
    if what == "FIFO":
        os.mkfifo(path)
    elif what == "directory":
        path.mkdir()
    elif what == "socket":
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(str(path))
    else:
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5))  # like /dev/zero
    return path


SPECIAL = ["FIFO", "directory", "socket", *(["device"] if ROOT else [])]


def refused(what: str) -> str:
    return "Is a directory" if what == "directory" else f"is a {what}, not a file"


# ---- reading


def test_read_gives_the_bytes_and_follows_links(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\0\xff\n")
    (tmp_path / "b").symlink_to("a")
    assert read_file(tmp_path / "b", 3) == b"\0\xff\n"


@pytest.mark.parametrize("what", SPECIAL)
@pytest.mark.parametrize("linked", [False, True])
def test_read_refuses_what_is_no_file(tmp_path: Path, what: str, linked: bool) -> None:
    path = special(tmp_path, what)
    if linked:
        path = tmp_path / "link"
        path.symlink_to(what)
    with pytest.raises(FileError) as refusal:
        read_file(path, 100)
    assert str(refusal.value) == f"{path}: {refused(what)}"


def test_read_takes_the_null_device_for_nothing(tmp_path: Path) -> None:
    assert read_file("/dev/null", 100) == b""


def test_read_has_an_end(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    assert read_file(tmp_path / "a", 5) == b"12345"
    with pytest.raises(FileError, match="is larger than 4 bytes"):
        read_file(tmp_path / "a", 4)


def test_read_has_an_end_where_the_system_tells_no_size() -> None:
    assert Path("/proc/self/maps").stat().st_size == 0
    with pytest.raises(FileError, match="is larger than 10 bytes"):
        read_file("/proc/self/maps", 10)
    assert read_file("/proc/self/comm", 100).endswith(b"\n")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/nowhere/at/all", "/nowhere/at/all: No such file or directory"),
        ("a\0b", "a\\x00b: a path cannot contain NUL"),
        ("\ud800", "is no name of a file"),
        ("", "No such file or directory"),
    ],
)
def test_read_says_what_is_wrong_with_the_path(path: str, text: str) -> None:
    with pytest.raises(FileError) as refusal:
        read_file(path, 100)
    assert text in str(refusal.value)


def test_who_is_missing_can_be_told_from_who_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(FileError) as refusal:
        read_file(tmp_path / "none", 1)
    assert refusal.value.missing
    with pytest.raises(FileError) as refusal:
        read_file(tmp_path, 1)
    assert not refusal.value.missing


# ---- pipes that the command line names


def test_a_pipe_is_read_to_its_end_where_it_is_allowed(tmp_path: Path) -> None:
    path = special(tmp_path, "FIFO")
    writer = threading.Thread(target=path.write_bytes, args=(b"x" * 300_000,))
    writer.start()
    assert read_file(path, 300_000, pipe_seconds=30) == b"x" * 300_000
    writer.join()


def test_a_pipe_without_a_writer_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"nothing came through this pipe within 0\.05 s"):
        read_file(special(tmp_path, "FIFO"), 100, pipe_seconds=0.05)


def test_a_pipe_that_does_not_end_is_given_up() -> None:
    reader, writer = os.pipe()
    os.write(writer, b"x")
    with pytest.raises(FileError, match=r"did not end within 0\.05 s"):
        read_file(f"/dev/fd/{reader}", 100, pipe_seconds=0.05)
    os.write(writer, b"x" * 101)
    with pytest.raises(FileError, match="is larger than 100 bytes"):
        read_file(f"/dev/fd/{reader}", 100, pipe_seconds=30)
    os.close(reader)
    os.close(writer)


# ---- replacing


def test_replace_makes_a_file_as_the_umask_says(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        replace_file(tmp_path / "a", b"1")
    finally:
        os.umask(before)
    assert (tmp_path / "a").read_bytes() == b"1"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_replace_keeps_the_permissions_or_sets_them(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    (tmp_path / "a").chmod(0o4751)
    replace_file(tmp_path / "a", b"1")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o751
    replace_file(tmp_path / "a", b"1", mode=0o604)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o604


@pytest.mark.skipif(not ROOT, reason="only root may give files away")
def test_replace_keeps_the_owner(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    os.chown(tmp_path / "a", 1234, 2345)
    replace_file(tmp_path / "a", b"1")
    status = (tmp_path / "a").stat()
    assert (status.st_uid, status.st_gid) == (1234, 2345)


@pytest.mark.parametrize("what", SPECIAL)
@pytest.mark.parametrize("linked", [False, True])
def test_replace_never_replaces_what_is_no_file(tmp_path: Path, what: str, linked: bool) -> None:
    path = special(tmp_path, what)
    before = path.lstat()
    if linked:
        path = tmp_path / "link"
        path.symlink_to(what)
    with pytest.raises(FileError) as refusal:
        replace_file(path, b"1")
    assert str(refusal.value) == f"{path}: is a {what}, not a file: it is not replaced"
    after = (tmp_path / what).lstat()
    assert (after.st_ino, after.st_mode, after.st_rdev) == (before.st_ino, before.st_mode, before.st_rdev)
    assert len(list(tmp_path.iterdir())) == 1 + linked


def test_replace_leaves_a_link_and_replaces_what_it_names(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "a").write_bytes(b"1")
    (tmp_path / "link").symlink_to("there/a")
    (tmp_path / "new").symlink_to("there/b")
    replace_file(tmp_path / "link", b"2")
    replace_file(tmp_path / "new", b"3")
    assert (tmp_path / "link").is_symlink()
    assert sorted((each.name, each.read_bytes()) for each in (tmp_path / "there").iterdir()) == [
        ("a", b"2"),
        ("b", b"3"),
    ]


@pytest.mark.skipif(not ROOT, reason="only root may give files away")
def test_replace_does_not_follow_the_link_of_another_user(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "link").symlink_to("a")
    os.lchown(tmp_path / "link", 1234, 1234)
    with pytest.raises(FileError, match=r"is a symbolic link of another user \(id 1234\)"):
        replace_file(tmp_path / "link", b"2")
    assert (tmp_path / "a").read_bytes() == b"1"


def test_replace_follows_no_circle(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(FileError, match="symbolic link"):
        replace_file(tmp_path / "a", b"2")


def test_replace_clears_what_a_killed_run_left(tmp_path: Path) -> None:
    left = tmp_path / f".asudf.{os.getpid()}.{threading.get_ident():x}.new"
    victim = tmp_path / "victim"
    victim.write_bytes(b"1")
    left.symlink_to(victim)
    replace_file(tmp_path / "a", b"2")
    assert victim.read_bytes() == b"1"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a", "victim"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_replace_leaves_nothing_behind_when_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def fail(*_: object) -> None:
        raise error

    (tmp_path / "a").write_bytes(b"1")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises((KeyboardInterrupt, FileError)):
        replace_file(tmp_path / "a", b"2")
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("a", b"1")]


def test_replace_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="nowhere/a: No such file or directory"):
        replace_file(tmp_path / "nowhere" / "a", b"")


def test_two_threads_replace_one_file(tmp_path: Path) -> None:
    def run(content: bytes) -> None:
        for _ in range(50):
            replace_file(tmp_path / "a", content, sync=False)

    threads = [threading.Thread(target=run, args=(each * 1000,)) for each in (b"1", b"2", b"3")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set((tmp_path / "a").read_bytes())) == 1
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


# ---- files of our own


def test_open_file_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "link").symlink_to("a")
    with pytest.raises(FileError, match="link: is a symbolic link"):
        open_file(tmp_path / "link", os.O_RDWR | os.O_CREAT)
    (tmp_path / "away").symlink_to("nothing")
    with pytest.raises(FileError, match="away: is a symbolic link"):
        open_file(tmp_path / "away", os.O_RDWR | os.O_CREAT)
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("what", SPECIAL)
def test_open_file_opens_only_files(tmp_path: Path, what: str) -> None:
    with pytest.raises(FileError, match=f"{what}: {refused(what)}"):
        open_file(special(tmp_path, what), os.O_RDONLY)


def test_open_file_makes_a_private_one(tmp_path: Path) -> None:
    descriptor = open_file(tmp_path / "a", os.O_RDWR | os.O_CREAT)
    assert os.get_inheritable(descriptor) is False
    assert stat.S_IMODE(os.fstat(descriptor).st_mode) == 0o600
    os.close(descriptor)


# ---- directories of our own


@pytest.mark.parametrize("mode", [0o700, 0o755, 0o1755, 0o2750])
def test_a_directory_that_only_we_may_write_is_safe(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(mode)
    assert exposed(tmp_path) == ""


@pytest.mark.parametrize("mode", [0o770, 0o777, 0o702, 0o720, 0o1777])
def test_a_directory_that_others_may_write_is_not(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(mode)
    assert exposed(tmp_path) == (
        f"others may write {tmp_path} (mode {mode:04o}), and so exchange the files in it: chmod go-w {tmp_path}"
    )


def test_the_parent_of_a_directory_of_ours_may_be_sticky(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    assert exposed(tmp_path, sticky=True) == ""
    tmp_path.chmod(0o777)
    assert exposed(tmp_path, sticky=True) != ""


@pytest.mark.skipif(not ROOT, reason="only root may give directories away")
def test_the_directory_of_another_user_is_not_safe(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    os.chown(tmp_path / "a", 1234, 1234)
    assert "belongs to another user (id 1234)" in exposed(tmp_path / "a")


def test_ctrl_c_while_a_pipe_is_awaited_is_heard(tmp_path: Path) -> None:
    pipe = special(tmp_path, "FIFO")
    heard = threading.Event()

    def interrupt() -> None:
        with pipe.open("wb"):  # waits until it is read
            os.kill(os.getpid(), signal.SIGINT)
            heard.wait(60)

    interrupting = threading.Thread(target=interrupt)
    interrupting.start()
    with pytest.raises(KeyboardInterrupt):
        read_file(pipe, 100, pipe_seconds=60)
    heard.set()
    interrupting.join()
