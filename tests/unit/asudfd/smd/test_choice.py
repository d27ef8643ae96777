"""Which store the configuration chooses, and a password that cannot be read."""

from pathlib import Path

import pytest

from asudfd.config.load import embedded
from asudfd.errors import StartError
from asudfd.smd.choice import open_smd
from asudfd.smd.local import LocalSmd


def test_files_of_this_machine(tmp_path: Path) -> None:
    assert isinstance(open_smd(embedded(str(tmp_path)), ["A1"], 1, pytest.fail), LocalSmd)


@pytest.mark.parametrize("content", [None, b"\xff\n"])
def test_a_password_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "password"
    if content is not None:
        path.write_bytes(content)
    config = embedded(str(tmp_path))
    config.smd.backend, config.smd.endpoint = "etcd", ("http://127.0.0.1:1",)
    config.smd.user, config.smd.password_file = "asudf", str(path)
    with pytest.raises(StartError, match=f"cannot read the password-file {path}: "):
        open_smd(config, ["A1"], 1, pytest.fail)
