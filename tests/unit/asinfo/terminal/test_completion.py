"""Completion scripts, each in its real shell; zsh and fish are installed where that is possible, else skipped."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from asadm import completion
from asadm.flags import OPTIONS as ASADM_OPTIONS
from asinfo.cli import OPTIONS as ASINFO_OPTIONS
from asinfo.terminal.completion import Command, script
from asinfo.terminal.options import Option
from tests.fakes import shell as shells

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ODD = (
    Option("like", "k", "list", help="It's [odd]: \\ text"),
    Option("secret", kind="flag", help="not shown", hidden=True),
)
FILES = ["a b.lua", "counter.lua", "sub dir"]
WORDS = [
    "asinfo",
    "show",
    "info",
    "manage",
    "udf",
    "record",
    "function",
    "cache",
    "check",
    "schedule",
    "top",
    "enable",
    "disable",
    "exit",
    "quit",
]
UDF = [
    "plan",
    "apply",
    "rollback",
    "history",
    "status",
    "get",
    "diff",
    "check",
    "repair",
    "rewarm",
    "remove",
    "run",
    "aggregate",
    "lint",
    "init",
]


@pytest.fixture(scope="module", params=shells.SHELLS)
def shell(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[shells.Terminal | shells.Fish]:
    """A shell that knows asadm, asinfo and a program with an odd option, in a directory with odd names."""
    name: str = request.param
    reason = shells.missing(name)
    if reason:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("shell")
    directory = folder / "here"
    (directory / "sub dir").mkdir(parents=True)
    for file in FILES[:2]:
        (directory / file).touch()
    path: Path = folder / "script"
    path.write_text(
        script(name, "asadm", ASADM_OPTIONS, completion.table())
        + script(name, "asinfo", ASINFO_OPTIONS)
        + script(name, "odd", ODD)
    )
    with shells.opened(name, path, directory) as opened:
        yield opened


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("asadm ", [*WORDS, "watch", "help"]),
        ("asadm sh", ["show"]),
        ("asadm show ", ["udfs"]),
        ("asadm show udfs ", ["with"]),
        ("asadm show udfs with ", []),
        ("asadm show udfs with 10.0.0.1:3000 ", []),
        ("asadm manage udfs ", ["add", "remove"]),
        ("asadm manage udfs add ", []),
        ("asadm manage udfs add x.lua ", ["path", "with"]),
        ("asadm manage udfs add x.lua path ", FILES),
        ("asadm manage udfs add x.lua path counter.lua ", ["with"]),
        ("asadm manage udfs add --w", ["--wait"]),
        ("asadm cache clear --l", ["--lock", "--lock-wait"]),
        ("asadm cache clear --lock ", FILES),
        ("asadm cache clear --lock=co", ["--lock=counter.lua"]),
        ("asadm cache clear --lock x --retries 3 ", ["with"]),
        ("asadm cache clear --pause ", []),
        ("asadm udf ", UDF),
        ("asadm udf plan ", FILES),
        ("asadm udf plan sub\\ di", ["sub dir"]),
        ("asadm udf plan plan ", ["with"]),
        ("asadm udf apply --yes ", FILES),
        ("asadm udf apply counter.lua ", ["with"]),
        ("asadm udf apply counter.lua with 10.0.0.1 ", []),
        ("asadm udf check w", ["with"]),
        ("asadm udf check co", ["counter.lua"]),
        ("asadm udf repair --dir ", FILES),
        ("asadm udf get counter.lua -o ", FILES),
        ("asadm udf history ", ["show"]),
        ("asadm schedule print --unit ", ["timer", "service"]),
        ("asadm show --l", []),
        ("asadm help ", WORDS),
        ("asadm help manage ", ["udfs"]),
        ("asadm watch ", WORDS),
        ("asadm watch --no-d", ["--no-diff"]),
        ("asadm watch 1 10 show ", ["udfs"]),
        ("asadm watch --no-diff 0.5 cache clear --seri", ["--serial"]),
        ("asadm -h 127.0.0.1:3000,b --tls-enable c", ["cache", "check"]),
        ("asadm -h show ", [*WORDS, "watch", "help"]),
        ("asadm -P --enable manage ", ["udfs"]),
        ("asadm --auth=INTERNAL show ", ["udfs"]),
        ("asadm nonsense ", []),
        ("asadm --single", []),
        ("asadm -f ", FILES),
        ("asinfo --auth=P", ["--auth=PKI"]),
        ("asinfo --auth E", ["EXTERNAL", "EXTERNAL_INSECURE"]),
        ("asinfo --tls-crl", ["--tls-crl-check", "--tls-crl-check-all"]),
        ("asinfo --host ", []),
        ("odd --li", ["--like"]),
        ("odd --sec", []),
    ],
)  # fmt: skip
def test_a_shell_offers(shell: shells.Terminal | shells.Fish, line: str, expected: list[str]) -> None:
    assert sorted(name.rstrip("/") for name in shell.offered(line)) == sorted(expected)


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_names_of_files_are_quoted_and_directories_stay_open(tmp_path: Path) -> None:
    directory = tmp_path / "here"
    (directory / "sub dir").mkdir(parents=True)
    (directory / "sub dir" / "x.lua").touch()
    path = tmp_path / "script"
    path.write_text(script("bash", "prog", (), [Command("load", keywords=["path"], files=["path"])]))
    with shells.Terminal("bash", path, directory) as bash:
        assert bash.after("prog load path su", "\t") == "prog load path sub\\ dir/"
        assert bash.after("prog load path sub\\ dir/", "\t") == "prog load path sub\\ dir/x.lua "


@pytest.mark.parametrize("shell_name", shells.SHELLS)
def test_every_shown_option_is_there(shell_name: str) -> None:
    text = script(shell_name, "asadm", (*ASADM_OPTIONS, *ODD), completion.table())
    options = [*ASADM_OPTIONS, *(option for command in completion.table() for option in command.options)]
    assert all(option.name in text for option in options if not option.hidden)
    assert "secret" not in text
    assert "@" not in text.replace("@daily", "").replace('"$@"', "").replace("[@]", "")
