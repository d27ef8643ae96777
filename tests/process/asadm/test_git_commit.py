"""The commit of the work tree around a directory."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from asadm.fleet.history.git_commit import note

if TYPE_CHECKING:
    from pathlib import Path

IDENTITY = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")


def git(directory: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(directory), *IDENTITY, *words], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    (tree / "udf").mkdir(parents=True)
    git(tree, "init", "-q")
    git(tree, "commit", "-q", "--allow-empty", "-m", "first")
    return tree


def commit(tree: Path) -> str:
    return f"commit {git(tree, 'rev-parse', 'HEAD')[:12]}"


def test_the_commit_of_the_tree(tree: Path) -> None:
    assert note(str(tree)) == note(str(tree / "udf")) == commit(tree)
    assert note("/") == ""
    git(tree, "pack-refs", "--all")
    assert note(str(tree)) == commit(tree)
    git(tree, "checkout", "-q", "--detach")
    assert note(str(tree)) == commit(tree)


def test_another_work_tree(tree: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    git(tree, "worktree", "add", "-q", "-b", "topic", str(other))
    git(other, "commit", "-q", "--allow-empty", "-m", "second")
    assert note(str(other)) == commit(other) != commit(tree)


def test_a_tree_without_a_commit_and_damaged_files(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert note(str(tmp_path)) == ""
    for content in (b"", b"\xff\xfe", b"ref: " + b"x" * 300, b"ref: ../../etc/passwd", b"short"):
        (tmp_path / ".git/HEAD").write_bytes(content)
        assert note(str(tmp_path)) == ""
