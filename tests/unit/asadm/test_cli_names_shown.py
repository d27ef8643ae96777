"""Names and texts from outside in all that asadm writes: nothing steers a terminal, turns a line, hides or forges one."""

import json
import unicodedata
from collections.abc import Iterator

import pytest

from asinfo.text import visible
from asinfo.wire.udf import module_list
from tests.each import for_each_row
from tests.fakes.fleet import Fleet, Server
from tests.unit.asadm.conftest import Asadm

NASTY = {
    "escape": "\x1b[2J",
    "CSI": "\x9b2J",
    "NEL": "\x85",
    "override": "\u202e",
    "embedding": "\u202a",
    "isolate": "\u2066",
    "end of isolate": "\u2069",
    "marks": "\u200e\u200f\u061c",
    "zero width": "\u200b\u200d\ufeff\u2060",
    "line separator": "\u2028\u2029",
    "delete": "\x7f",
    "carriage return": "\rok",
    "tab": "\t",
    "soft hyphen": "\xad",
    "tag": "\U000e0041",
}
COMMANDS = [
    "show udfs",
    "show udfs n",
    "udf status",
    "udf status --by-node",
    "udf check",
    "udf check --format nagios",
    "udf check --format prometheus",
    "udf check --format json",
    "udf check --verify",
    "udf plan udf --prune",
    "udf plan udf --prune --diff",
    "udf apply udf --prune --dry-run",
    "udf repair --dry-run",
    "udf get NAME",
    "udf diff NAME 127.0.0.1 127.0.0.1",
    "udf history",
    "udf rewarm --dry-run",
    "info network",
    "cache clear",
    "manage udfs remove NAME",
    "help NAME",
    "NAME",
    "show NAME",
]
HASH = "1" * 40


def refused(text: str) -> list[str]:
    """What should not be in an output: what Unicode calls control, format, separator of lines, surrogate."""
    return [
        f"U+{ord(each):04X}"
        for each in text
        if each != "\n" and unicodedata.category(each) in {"Cc", "Cf", "Zl", "Zp", "Cs"}
    ]


@pytest.fixture(params=NASTY)
def nasty(request: pytest.FixtureRequest) -> str:
    return NASTY[request.param]


@pytest.fixture
def fleet(nasty: str) -> Iterator[Fleet]:
    names = [f"n{nasty}{number}.lua".encode() for number in range(2)]

    def before(server: Server, command: bytes) -> bytes | None:
        if command == b"udf-list":
            return module_list([(name, HASH if server.number else "2" * 40) for name in names])
        if command.startswith((b"udf-get", b"udf-remove", b"udf-clear")):
            return f"ERROR:4:bad {nasty} request".encode()
        return None

    with Fleet(2) as made:
        for server in (made[0], made[1]):
            server.before = before
        yield made


def words(command: str, nasty: str) -> list[str]:
    return [word.replace("NAME", f"n{nasty}0.lua") for word in command.split(" ")]


@for_each_row("command", COMMANDS)
def test_no_command_shows_what_is_not_printable(asadm: Asadm, fleet: Fleet, nasty: str, command: str) -> None:
    for form in ((), ("--json",)):
        result = asadm("-h", fleet.hosts, "--timeout", "5", "--enable", *form, *words(command, nasty))
        assert refused(result.out) == [], (form, result.out)
        assert refused(result.err) == [], (form, result.err)
        assert "Traceback" not in result.err
        if form and result.out.strip():
            for line in result.out.strip().split("\n"):
                json.loads(line)


def test_json_decodes_to_the_same(asadm: Asadm, fleet: Fleet, nasty: str) -> None:
    result = asadm("-h", fleet.hosts, "--json", "show", "udfs")
    name = json.dumps(f"n{nasty}0.lua", ensure_ascii=False)[1:-1]
    assert name in json.dumps(result.document, ensure_ascii=False)


def test_asinfo_of_asadm_gives_a_pipe_the_answer_as_it_is(asadm: Asadm, fleet: Fleet, nasty: str) -> None:
    result = asadm("-h", fleet[0].address, "-e", "asinfo -v udf-list --no_node_name")
    assert f"n{nasty}0.lua".encode() in result.raw


def test_one_function_decides() -> None:
    for nasty in NASTY.values():
        assert refused(visible(nasty)) == []
    assert visible("Größe 漢字 🎉") == "Größe 漢字 🎉"


@pytest.mark.parametrize("name", ["a\nb.yaml", "a\x9bb.yaml", "a\u202eb.yaml"])
def test_names_of_files(asadm: Asadm, name: str) -> None:
    for given in (
        ("--inventory", name),
        ("-f", name),
        ("--config-file", name),
        ("-U", "u", "--password", f"file:{name}"),
    ):
        result = (
            asadm("-h", "127.0.0.1:1", *given, "show", "udfs")
            if given[0] != "--inventory"
            else asadm(*given, "show", "udfs")
        )
        assert result.code == 2
        assert refused(result.err) == []
        assert result.err.count("\n") == 1
