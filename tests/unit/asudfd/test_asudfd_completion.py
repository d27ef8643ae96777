"""`asudfd --completion SHELL` prints a script that completes what the command line takes."""

import subprocess

import pytest

from asudfd import cli

SHELLS = ("bash", "zsh", "fish")


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_knows_every_option(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--completion", shell]) == 0
    script = capsys.readouterr().out
    for option in cli.OPTIONS:
        assert option.name in script


def test_bash_completes_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    cli.run(["--completion", "bash"])
    script = capsys.readouterr().out
    line = 'COMP_LINE="asudfd --wor" COMP_WORDS=(asudfd --wor) COMP_CWORD=1; _asudfd; echo "${COMPREPLY[@]}"'
    shown = subprocess.run(["bash", "-c", script + line], capture_output=True, text=True, check=True)
    assert shown.stdout == "--work-directory\n"


def test_an_unknown_shell_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--completion", "csh"]) == cli.EXIT_USAGE
    assert "csh" in capsys.readouterr().err
