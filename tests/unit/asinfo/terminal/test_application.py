"""The help of a program that Typer makes of its options."""

import pytest

from asinfo.terminal import application
from asinfo.terminal.options import Option

LONG = Option("set", metavar="NAME=VALUE", help="Any parameter: " + "service.cluster-name=demo " * 9)


@pytest.fixture
def help_text(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    monkeypatch.setenv("COLUMNS", "80")
    code = application.explain(
        "tool run",
        ["--help"],
        [LONG],
        summary="A node-by-node tool.",
        words="FILE.lua [ARG]...",
        examples="a-b c",
    )
    assert code == 0
    return capsys.readouterr().out


def test_lines_end_at_words_and_not_within_names(help_text: str) -> None:
    assert help_text.split().count("service.cluster-name=demo") == 9
    assert max(map(len, help_text.splitlines())) <= 80
    assert help_text.isascii()


def test_words_stand_as_they_are_given(help_text: str) -> None:
    assert help_text.startswith("Usage: tool run [OPTIONS] FILE.lua [ARG]...\n")
