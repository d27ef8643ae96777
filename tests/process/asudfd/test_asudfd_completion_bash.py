"""`asudfd --completion bash` in bash."""

import subprocess

import pytest

from asudfd import cli


def test_bash_completes_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    cli.run(["--completion", "bash"])
    script = capsys.readouterr().out
    line = 'COMP_LINE="asudfd --wor" COMP_WORDS=(asudfd --wor) COMP_CWORD=1; _asudfd; echo "${COMPREPLY[@]}"'
    shown = subprocess.run(["bash", "-c", script + line], capture_output=True, text=True, check=True)
    assert shown.stdout == "--work-directory\n"
