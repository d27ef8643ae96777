"""What stands beside the code: versions, the change log, example files, the README, and texts that may not be there."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import asinfo
from docs.program import Program
from docs.programs import programs
from tests.each import for_each

ROOT = Path(__file__).parents[2]
MADE = {"build", "dist", "__pycache__", "asudf.egg-info"}


def files(folder: Path) -> Iterator[Path]:
    """What is part of the repository: not made, and in no hidden directory but that of the checks."""
    for path in folder.iterdir():
        if path.name in MADE or path.name == ".git":  # of a worktree, that is a file
            continue
        if path.is_file():
            yield path.relative_to(ROOT)
        elif not path.name.startswith(".") or path.name == ".ci":
            yield from files(path)


FILES = sorted(files(ROOT))
FORBIDDEN = re.compile(
    r"/([w]ork|[f]arm)/|(?<!\w)\.[l]ibrary\b|deb\.[d]ebian\.org|pypi\.[o]rg/simple|registry\.[n]pmjs"
)
"""Paths of one machine and hosts of registries; written so that it does not find itself."""


def text(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


@for_each(FILES)
def test_no_path_of_a_machine_and_no_registry(path: Path) -> None:
    for number, line in enumerate(text(path).splitlines(), 1):
        assert not FORBIDDEN.search(line), f"line {number}: {line}"


def test_an_image_has_only_what_git_keeps() -> None:
    made = {line.removesuffix("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").split()}
    left_out = {
        line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[0] != "#"
    }
    assert made | {".git"} <= {line.removeprefix("**/") for line in left_out}
    assert not left_out & {"asinfo", "asadm", "daemon", "pyproject.toml", "README.md", "LICENSE"}


def test_the_version_stands_in_one_place() -> None:
    project = tomllib.loads(text(Path("pyproject.toml")))
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["hatch"]["version"] == {"path": "asinfo/__init__.py"}
    assert re.fullmatch(r"\d+\.\d+\.\d+", asinfo.__version__)


def test_the_change_log_keeps_its_format() -> None:
    lines = text(Path("CHANGELOG.md")).splitlines()
    assert lines[0] == "# Changelog"
    releases = [line for line in lines if line.startswith("## ")]
    assert releases[0] == "## [Unreleased]"
    for line in releases[1:]:
        assert re.fullmatch(r"## \[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}", line), line
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert {line[4:] for line in lines if line.startswith("### ")} <= kinds
    assert asinfo.__version__ in text(Path("CHANGELOG.md")) or len(releases) == 1


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text(path), re.MULTILINE | re.DOTALL)


PAGES = [Path("README.md"), *(path for path in FILES if path.parts[0] == "docs" and path.suffix == ".md")]


@for_each(PAGES)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text(path)):
        if "://" not in target:
            assert (ROOT / path.parent / target).exists(), target


@for_each(PAGES)
def test_files_that_a_page_names_exist(path: Path) -> None:
    for name in re.findall(r"`((?:asinfo|asadm|daemon|docs|tests|config)/[\w./-]+)`", text(path)):
        assert (ROOT / name).exists(), name


def test_the_first_screen_names_the_two_commands() -> None:
    first_screen = "\n".join(text(Path("README.md")).splitlines()[:50])
    for command in ("make demo", "make test"):
        assert re.search(rf"^(\$ )?{command}\b", first_screen, re.MULTILINE), command


@pytest.mark.parametrize("target", ["demo", "test", "check", "bench", "docs", "clean", "help"])
def test_make_has_the_target(target: str) -> None:
    assert re.search(rf"^{target}:", text(Path("Makefile")), re.MULTILINE)


def test_no_failed_test_is_run_again_and_a_skipped_one_says_why() -> None:
    options = tomllib.loads(text(Path("pyproject.toml")))["tool"]["pytest"]["ini_options"]["addopts"].split()
    assert "-rs" in options
    for path in ("Makefile", "pyproject.toml", ".ci/run", ".ci/versions"):
        assert not re.search(r"reruns|flaky|--(lf|ff|last-failed|failed-first)\b", text(Path(path))), path


def commands(path: Path) -> list[str]:
    """Command lines of a page that start one of our programs, without their redirections."""
    lines = [
        line.removeprefix("$ ")
        for block in blocks(path, "(?:sh|console)")
        for line in block.replace("\\\n", " ").splitlines()
    ]
    return [line for line in lines if line.split(" ")[0] in {"asinfo", "asadm", "asudfd"}]


@pytest.mark.parametrize("program", programs(), ids=lambda program: program.name)
def test_options_in_the_pages_exist(program: Program) -> None:
    flags = [*program.flags.values(), *(command.flags for command in program.commands)]
    known = {"--help", *(spelling for group in flags for flag in group for spelling in flag.spellings)}
    for path in PAGES:
        for line in commands(path):
            words = shlex.split(line, comments=True)
            if words[0] == program.name:
                end = words.index("--") if "--" in words else len(words)  # what follows is no option
                used = {word.partition("=")[0] for word in words[:end] if word.startswith("--")}
                assert used <= known, f"{path}: {line}"
