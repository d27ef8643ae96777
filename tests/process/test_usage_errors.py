"""Every wrong command line of the three programs is answered in one form: what is wrong, and which help explains it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from asadm import cli as asadm_cli
from asadm import commands, flags, statement
from asinfo import cli
from asinfo.errors import UsageError
from asinfo.terminal.completion import OPTIONAL
from asudfd import cli as asudfd_cli

TABLES = {"asinfo": cli.OPTIONS, "asadm": flags.OPTIONS, "asudfd": asudfd_cli.OPTIONS}
RUNS: dict[str, Callable[[list[str]], int]] = {
    "asinfo": lambda _: cli._main(),
    "asadm": asadm_cli.run,
    "asudfd": asudfd_cli.run,
}

WRONG = {
    "a number that is none": ["-p", "abc"],
    "a number out of range": ["--port", "65536"],
    "an unknown option": ["--no-such-option"],
    "an unknown short option": ["-Q"],
    "an option that is misspelled": ["--prot", "3000"],
    "a beginning of several options": ["--co"],
    "a missing value": ["--port"],
    "an option in place of a value": ["--completion", "-V"],
    "a value of a flag": ["--version=3"],
    "a bad choice": ["--completion", "csh"],
    "an unexpected argument": ["nonsense"],
}


def is_in_the_form(program: str, error: str) -> bool:
    return re.fullmatch(rf"{program}: .+; see '{program} (--help|help)'\n", error) is not None


@pytest.mark.parametrize("argv", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("program", TABLES)
def test_one_form(
    program: str, argv: list[str], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [program, *argv])
    assert RUNS[program](argv) == 2
    out, error = capfd.readouterr()
    assert out == ""
    assert is_in_the_form(program, error)


@pytest.mark.parametrize("program", TABLES)
def test_one_form_of_the_program(program: str) -> None:
    script = Path(sys.executable).with_name(program)
    ended = subprocess.run(
        [script, "--port"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert is_in_the_form(program, ended.stderr)


def test_an_option_with_choices_takes_nothing_else() -> None:
    own = [option for row in commands.TABLE for option in getattr(statement.load(row), "OPTIONS", ())]
    for option in [*own, *(option for table in TABLES.values() for option in table)]:
        assert bool(option.choices) == (option.kind == "choice"), option.name


@pytest.mark.parametrize(
    "text",
    [
        "udf status --watch abc",
        "udf check --format xml",
        "schedule print",
        "schedule print --cron --schedule x",
        "cache clear --retries 1000",
        "cache clear --lock ''",
        "udf history show x",
        "udf repair --from a --dir b",
        "watch 1 0 show udfs",
        "watch",
    ],
)
def test_one_form_for_what_a_command_checks(text: str) -> None:
    with pytest.raises(UsageError, match=r"^[a-z]+( [a-z]+)*: .+; see 'asadm help [a-z]+( [a-z]+)*'$"):
        statement.parse(text)


@pytest.mark.parametrize("row", commands.TABLE, ids=lambda row: row.name)
def test_one_form_for_every_command_of_asadm(row: commands.CommandRow) -> None:
    told = []
    needed = [name for name in row.names if not name.startswith("[")]
    for words in _wrong_words(row):
        with pytest.raises(UsageError) as caught:
            statement.call([*row.words, *words])
        told.append(str(caught.value))
    forms = [rf"{row.name}: .+; see 'asadm help {row.name}'"]
    if row.group:  # a word that goes on with it is looked for among commands
        forms.append(rf"\"{row.name}\" has no .+; see 'asadm help'")
    assert all(any(re.fullmatch(form, each) for form in forms) for each in told if not row.rest)
    assert len(told) >= (0 if row.rest else 1 + bool(needed))


def _wrong_words(row: commands.CommandRow) -> list[list[str]]:
    """Words behind ``row`` that are wrong, one mistake each."""
    if row.rest:
        return []  # such a command takes any words
    found = [["--no-such-option"], ["-Q"]]
    if any(not name.startswith("[") for name in row.names):
        found.append([])
    if not row.many:
        found.append(["a.lua"] * (len(row.names) + 1))
    needing = [
        clause for clause in row.clauses if not clause.startswith("[--")
    ]  # behind -- there may be nothing
    found.extend([*["a.lua"] * len(row.names), clause.strip("[]").split()[0]] for clause in needing)
    for option in getattr(statement.load(row), "OPTIONS", ()):
        if option.kind not in OPTIONAL:
            found.append([f"--{option.name}=x"] if option.kind == "flag" else [f"--{option.name}"])
        if option.kind not in {"flag", "text", "optional", "list"}:
            found.append([f"--{option.name}", "nonsense"])
    return found
