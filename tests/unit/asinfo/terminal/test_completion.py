"""Completion scripts, each in its real shell; zsh and fish are installed where that is possible, else skipped."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from asadm import completion, offers, seen_names
from asadm.commands import TABLE
from asadm.flags import OPTIONS as ASADM_OPTIONS
from asinfo.cli import completion_script
from asinfo.info_names import NAMES
from asinfo.terminal.completion import INFO_COMMANDS, Command, script
from asinfo.terminal.options import Option
from tests.fakes import shell as shells

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[4]
ODD = (
    Option("like", "k", "list", help="It's [odd]: \\ text"),
    Option("secret", kind="flag", help="not shown", hidden=True),
)
ODD_CLUSTER, ODD_MODULE = "odd $(touch hurt) name", "odd $(touch hurt).lua"
CLUSTERS = ["laptop", ODD_CLUSTER, "carts"]
HOSTS = ["10.0.0.1:3000", "10.0.0.2:3000", "10.0.0.3:3000", "10.0.1.1:6379"]
NODES = HOSTS[:2]
MODULES = ["counter.lua", ODD_MODULE]
NAMESPACES = ["bar", "test"]
STATISTICS = ["objects", "uptime"]
FILES = ["a b.lua", "counter.lua", "sub dir", "asadm.yaml"]


def after(*words: str) -> list[str]:
    """The words that go on with ``words`` in commands of asadm."""
    size = len(words)
    return list(
        dict.fromkeys(row.words[size] for row in TABLE if row.words[:size] == words and len(row.words) > size)
    )


WORDS = [word for word in after() if word not in {"watch", "help"}]
UDF, MANAGE, SHOW = after("udf"), after("manage"), after("show")


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
    path.write_text(completion.script_of(name) + completion_script(name) + script(name, "odd", ODD))
    _inventory(directory)
    with shells.opened(name, path, directory, _programs(folder)) as opened:
        yield opened


def _inventory(directory: Path) -> None:
    """Clusters, and the modules that a survey of them saw."""
    (directory / "asadm.yaml").write_text(
        "default: laptop\nclusters:\n"
        "  laptop: {nodes: [10.0.0.1, 10.0.0.2]}\n"
        "  odd $(touch hurt) name: {nodes: [{name: db1, host: 10.0.0.3}]}\n"
        "  carts: {type: valkey, nodes: [10.0.1.1]}\n"
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_STATE_HOME", str(directory.parent / ".local" / "state"))
        seen_names.note("module", "laptop", (), [b"counter.lua", b"odd $(touch hurt).lua", b"\x1b[2J"])
        seen_names.note("module", "", ("10.0.0.9:3000",), [b"alone.lua"])
        seen_names.add("namespace", "laptop", (), NAMESPACES)
        seen_names.add("parameter", "laptop", (), ["heartbeat.interval", "proto-fd-max"])
        seen_names.add("statistic", "laptop", (), STATISTICS)
        seen_names.note("library", "carts", (), [b"mylib"])


def _programs(folder: Path) -> str:
    """A directory with asadm as it is in this tree."""
    directory = folder / "bin"
    directory.mkdir()
    program = directory / "asadm"
    code = "import sys; from asadm.start import main; sys.exit(main())"
    program.write_text(f"#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -c '{code}' \"$@\"\n")
    program.chmod(0o755)
    return str(directory)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("asadm ", [*WORDS, "watch", "help"]),
        ("asadm sh", ["show"]),
        ("asadm show ", SHOW),
        ("asadm info ", [*after("info"), "with"]),
        ("asadm info with ", NODES),
        ("asadm info network w", ["with"]),
        ("asadm info set for ", NAMESPACES),
        ("asadm show config ", [*offers.CONTEXTS["config-contexts"], "like", "for", "with", "diff"]),
        ("asadm show config namespace t", ["test"]),
        ("asadm show config like heart", ["heartbeat.interval"]),
        ("asadm show statistics s", ["service", "sets", "sindex"]),
        ("asadm show statistics like ", STATISTICS),
        ("asadm check config --ignore h", ["heartbeat.interval"]),
        ("asadm show udfs ", [*MODULES, "like", "with"]),
        ("asadm show udfs c", ["counter.lua"]),
        ("asadm show udfs with ", NODES),
        ("asadm show udfs with 10.0.0.1:3000 ", [*NODES, "like"]),
        ("asadm --cluster 'odd $(touch hurt) name' show udfs with ", ["db1"]),
        ("asadm --cluster carts show udfs with ", ["10.0.1.1:6379"]),
        ("asadm --cluster carts show udfs ", ["like", "with"]),
        ("asadm -h 10.0.0.9,10.0.0.8:3010 show udfs ", ["alone.lua", "like", "with"]),
        ("asadm -h 10.0.0.9,10.0.0.8:3010 show udfs with ", ["10.0.0.9:3000", "10.0.0.8:3010"]),
        ("asadm --cluster ", CLUSTERS),
        ("asadm --cluster=l", ["--cluster=laptop"]),
        ("asadm --inventory nowhere --cluster ", []),
        ("asadm --inventory counter.lua udf get ", []),
        ("asadm --host ", HOSTS),
        ("asadm udf get ", MODULES),
        ("asadm udf get co", ["counter.lua"]),
        ("asadm udf get counter.lua ", []),
        ("asadm udf get counter.lua --node ", NODES),
        ("asadm udf diff counter.lua ", NODES),
        ("asadm udf rollback c", ["counter.lua"]),
        ("asadm udf remove counter.lua c", ["counter.lua"]),
        ("asadm udf remove counter.lua with ", NODES),
        ("asadm udf run c", ["counter."]),
        ("asadm udf aggregate test c", ["counter."]),
        ("asadm udf history --of l", ["laptop"]),
        ("asadm udf history -m ", MODULES),
        ("asadm watch 2 udf get ", MODULES),
        ("asadm --cluster carts function get ", ["mylib"]),
        ("asadm --cluster carts function history --module ", ["mylib"]),
        ("asadm function get ", []),
        ("asadm asinfo -v bu", [name for name in NAMES if name.startswith("bu")]),
        ("asinfo -v udf-c", ["udf-cache-stats", "udf-clear-cache"]),
        ("asadm manage udfs ", after("manage", "udfs")),
        ("asadm manage udfs add ", MODULES),
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
        ("asadm udf apply counter.lua with 10.0.0.1 ", NODES),
        ("asadm udf check w", ["with"]),
        ("asadm udf check co", ["counter.lua"]),
        ("asadm udf repair --dir ", FILES),
        ("asadm udf get counter.lua -o ", FILES),
        ("asadm udf history ", ["show"]),
        ("asadm schedule print --unit ", ["timer", "service"]),
        ("asadm show --l", []),
        ("asadm help ", WORDS),
        ("asadm help manage ", MANAGE),
        ("asadm watch ", WORDS),
        ("asadm watch --no-d", ["--no-diff"]),
        ("asadm watch 1 10 show ", SHOW),
        ("asadm watch --no-diff 0.5 cache clear --seri", ["--serial"]),
        ("asadm -h 127.0.0.1:3000,b --tls-enable c", [word for word in WORDS if word.startswith("c")]),
        ("asadm -h show ", [*WORDS, "watch", "help"]),
        ("asadm -P --enable manage ", MANAGE),
        ("asadm --auth=INTERNAL show ", SHOW),
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
    assert not (Path(shell.directory) / "hurt").exists(), "a name was run as a command"


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
    text = script(shell_name, "asadm", (*ASADM_OPTIONS, *ODD), completion.table(), {INFO_COMMANDS: NAMES})
    options = [*ASADM_OPTIONS, *(option for command in completion.table() for option in command.options)]
    assert all(option.name in text for option in options if not option.hidden)
    assert "secret" not in text
    assert "@" not in text.replace("@daily", "").replace('"$@"', "").replace("[@]", "")
