"""The wheel beside others: what it installs takes no name that belongs to somebody else."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OTHER = "python-daemon>=3,<4"
"""It owns the import name `daemon`."""

IMPORTS = """
import daemon, asinfo, asadm, asudfd.cli
assert daemon.DaemonContext
print(*sorted({module.__name__ for module in (daemon, asinfo, asadm, asudfd)}))
"""


def pip(*arguments: str | Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", *arguments, "--quiet"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("wheel")
    pip("wheel", ROOT, "--no-deps", "--no-build-isolation", "--wheel-dir", directory)
    (found,) = directory.glob("asudf-*.whl")
    return found


def test_it_has_three_packages_and_what_they_read(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.startswith("asudf-")} == {"asinfo", "asadm", "asudfd"}
    made = {path.relative_to(ROOT / "daemon").as_posix() for path in (ROOT / "daemon").rglob("*.lua")}
    assert made <= set(names)
    assert [name for name in names if name.endswith("man1/asudfd.1")]


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The wheels of the other, and of what it needs."""
    directory = tmp_path_factory.mktemp("theirs")
    pip("download", OTHER, "--dest", directory)
    return sorted(directory.iterdir())


def test_python_daemon_beside_it(wheel: Path, theirs: list[Path], tmp_path: Path) -> None:
    """Whichever is installed first: ours, and then theirs, which is there when ours comes again."""
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    python = environment / "bin/python"
    install(python, wheel)
    install(python, *theirs)
    both_work_until_ours_is_removed(python)
    install(python, wheel)
    both_work_until_ours_is_removed(python)


def install(python: Path, *wheels: Path) -> None:
    pip("--python", python, "install", "--no-deps", "--no-index", "--no-compile", *wheels)


def both_work_until_ours_is_removed(python: Path) -> None:
    done = subprocess.run(
        [python, "-P", "-c", IMPORTS], capture_output=True, text=True, check=False, cwd=python.parent
    )
    assert done.stdout.split() == ["asadm", "asinfo", "asudfd", "daemon"], done.stderr
    pip("--python", python, "uninstall", "--yes", "asudf")
    subprocess.run([python, "-P", "-c", "import daemon; daemon.DaemonContext"], check=True, cwd=python.parent)
