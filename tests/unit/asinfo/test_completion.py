"""Completion scripts; bash's is run for real."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from asinfo.completion import script
from asinfo.flags import CONNECTION
from asinfo.options import Option

OPTIONS = (
    *CONNECTION,
    Option("like", "k", "list", help="It's [odd]: \\ text"),
    Option("secret", kind="flag", help="not shown", hidden=True),
)
PHRASES = ("show udfs", "show config", "cache clear", "help")


def complete(*words: str) -> list[str]:
    line = " ".join(f"'{word}'" for word in ("prog", *words))
    code = (
        script("bash", "prog", OPTIONS, PHRASES)
        + f'COMP_WORDS=({line}); COMP_CWORD={len(words)}; _prog; printf "%s\\n" "${{COMPREPLY[@]}}"'
    )
    return subprocess.run(["bash", "-c", code], capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--tls-crl"], ["--tls-crl-check", "--tls-crl-check-all"]),
        (["--sec"], []),
        (["--auth", "E"], ["EXTERNAL", "EXTERNAL_INSECURE"]),
        (["--host", ""], []),
        ([""], ["show", "cache", "help"]),
        (["sh"], ["show"]),
        (["-h", "show", "--tls-enable", "c"], ["cache"]),
        (["show", ""], ["udfs", "config"]),
        (["help", ""], []),
    ],
)
def test_bash(words: list[str], expected: list[str]) -> None:
    assert complete(*words) == expected


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shown_option_is_there(shell: str) -> None:
    text = script(shell, "prog", OPTIONS, PHRASES)
    assert all(option.name in text for option in OPTIONS if not option.hidden)
    assert "secret" not in text
    assert "clear" in text
