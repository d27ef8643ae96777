"""`asudfd --completion SHELL` prints a script that completes what the command line takes."""

import pytest

from asudfd import cli

SHELLS = ("bash", "zsh", "fish")


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_knows_every_option(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--completion", shell]) == 0
    script = capsys.readouterr().out
    for option in cli.OPTIONS:
        assert option.name in script


def test_an_unknown_shell_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--completion", "csh"]) == cli.EXIT_USAGE
    assert "csh" in capsys.readouterr().err
