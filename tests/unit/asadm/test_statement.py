"""Commands by their words: prefixes, arguments, mistakes."""

from pathlib import Path

import pytest

from asadm import commands, statement
from asinfo.errors import UsageError
from asinfo.wire.functions import dump
from tests.each import for_each_row


@for_each_row(
    ("text", "name"),
    [
        ("asinfo", "asinfo"),
        ("asi", "asinfo"),
        ("sho ud", "show udfs"),
        ("i ne", "info network"),
        ("m u a x path /dev/null", "manage udfs add"),
        ("en", "enable"),
        ("cache clear", "cache clear"),
    ],
)
def test_beginnings_of_words(text: str, name: str) -> None:
    row, _ = statement.find(text.split())
    assert row.name == name


@for_each_row(
    ("text", "message"),
    [
        ("nosuch", "unknown command 'nosuch', the commands are asinfo, show"),
        ("s", '"s" may be show, summary, schedule'),
        ("show nosuch", "\"show\" has no 'nosuch', it goes on with udfs"),
        ("show", '"show" is not complete, it goes on with udfs'),
        ("manage udfs", '"manage udfs" is not complete, it goes on with add, remove'),
        ("''", "unknown command ''"),
        ("asinfo -z", "asinfo: unknown option -z; see 'asadm help asinfo'"),
        ("asinfo -v", "asinfo: --value needs a value"),
        ("asinfo for x", "asinfo: unexpected 'for'"),
        ("asinfo with", "asinfo: a word after 'with' is missing"),
        ("asinfo like '('", r"asinfo: like \(: "),
        ("asinfo -v 'a\nb'", "may not contain a newline or NUL: a\\\\nb"),
        ("enable now", "enable: unexpected 'now'"),
        ("manage udfs add", "manage udfs add: NAME is missing"),
        ("manage udfs add a.lua", "manage udfs add: path PATH is missing"),
        ("manage udfs add a.lua path", "a word after 'path' is missing"),
        ("manage udfs add a.lua path x y", "unexpected 'y'"),
        ("manage udfs add a.lua b.lua path x", "unexpected 'b.lua'"),
        ("manage udfs add a.lua path /nosuch", "/nosuch: No such file or directory"),
        ("manage udfs add a.lua path /", "/: Is a directory"),
        ("manage udfs add a.lua path /dev/null", "/dev/null is empty"),
        ("manage udfs add a.lua path /dev/zero", "/dev/zero: is a device, not a file"),
        ("manage udfs add a.lua path /dev/null --wait x", "'x' is not a number of seconds"),
        ("manage udfs remove 'a;b'", "'a;b' cannot be the name of a module"),
        ("show udfs a b", "show udfs: unexpected 'b'"),
        (
            "cache clear --quiet --nosuch",
            "cache clear: unknown option --nosuch; see 'asadm help cache clear'",
        ),
        ("asinfo -l --nosuch", "asinfo: unknown option --nosuch; see"),
        ("cache clear --retries -1", "cache clear: --retries: '-1' is not a whole number"),
        ("cache clear --lock -1", "cache clear: --lock needs a value"),
        ("watch 1 0 show udfs", "watch: 0 is not a number of times"),
        ("watch 1 1.5 show udfs", "watch: 1.5 is not a number of times"),
        ("watch", "watch: the command to repeat is missing"),
        ("watch 1 2 nosuch", "unknown command 'nosuch'"),
        ("watch watch show udfs", "watch cannot repeat 'watch'"),
        ("help nosuch", "unknown command 'nosuch'"),
    ],
)
def test_mistakes_are_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        statement.parse(text)


def test_a_mistake_in_a_file_has_its_line() -> None:
    with pytest.raises(UsageError, match=r"^f\.txt:3: unknown command"):
        statement.parse("show udfs\n# comment\nnosuch\n", "f.txt")


def test_names_clauses_and_flags_in_any_order() -> None:
    (call,) = statement.parse("asinfo like a b -v build with n1 n2 -l")
    assert call.arguments.clauses == {"like": ["a", "b"], "with": ["n1", "n2"]}
    assert call.arguments.options.texts("value") == ["build"]
    assert call.arguments.options.flag("line-separator")
    assert not call.arguments.options.flag("no-node-name")


def test_the_spelling_of_the_real_tool() -> None:
    (call,) = statement.parse("asinfo -v build --no_node_name")
    assert call.arguments.options.flag("no-node-name")


def test_help_of_a_command_is_asked_for_with_a_flag_too() -> None:
    (call,) = statement.parse("manage udfs add --help")
    assert call.row.name == "help"
    assert call.arguments.rest == ["manage", "udfs", "add"]


@pytest.mark.parametrize(
    "text",
    [
        "manage udfs remove a.lua",
        "asinfo -v 'udf-put:filename=a.lua'",
        "asinfo -v build -v set-config:x",
        "watch 1 asinfo -v truncate:namespace=test",
        "enable; disable; manage udfs remove a.lua",
    ],
)
def test_a_change_needs_enable(text: str) -> None:
    with pytest.raises(UsageError, match="changes the cluster"):
        statement.allow(statement.parse(text), privileged=False)


@pytest.mark.parametrize(
    "text",
    [
        "asinfo -v udf-clear-cache:",
        "asinfo -v udf-list; show udfs; info network; watch show udfs",
        "enable; manage udfs remove a.lua",
    ],
)
def test_reading_and_clearing_need_no_enable(text: str) -> None:
    statement.allow(statement.parse(text), privileged=False)


def test_a_privileged_run_may_change() -> None:
    statement.allow(statement.parse("manage udfs remove a.lua"), privileged=True)


def test_every_row_can_be_loaded_and_its_example_parses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config" / "udf").mkdir(parents=True)
    (tmp_path / "config" / "udf" / "counter.lua").write_text("-- x\n")
    (tmp_path / "config" / "fleet-valkey" / "functions").mkdir(parents=True)
    (tmp_path / "config" / "fleet-valkey" / "functions" / "a.lua").write_text("#!lua name=a\n")
    (tmp_path / "libraries.dump").write_bytes(dump([b"#!lua name=a\n"]))
    monkeypatch.chdir(tmp_path)
    for row in commands.TABLE:
        assert callable(statement.load(row).run)
        (call,) = statement.parse(row.example)
        assert call.row is row
        assert row.summary.endswith(".")


def test_doubles_in_the_table_are_refused() -> None:
    row = commands.CommandRow("a b", "m", "s", "e")
    for words in ("a b", "a", "a b c"):
        with pytest.raises(ValueError, match="declared twice, or hides"):
            commands.table([row, commands.CommandRow(words, "m", "s", "e")])


def test_words_after_two_dashes_are_taken_as_they_stand() -> None:
    [found] = statement.parse("function run f.lua f k1 --after -- --json -- with path -x")
    assert found.arguments.names == ["f.lua", "f", "k1"]
    assert found.arguments.options.flag("after")
    assert found.arguments.clauses == {"--": ["--json", "--", "with", "path", "-x"]}
    [found] = statement.parse("function run f.lua f --")
    assert found.arguments.clauses == {}
    [found] = statement.parse("show udfs -- -x.lua")
    assert found.arguments.names == ["-x.lua"]
    with pytest.raises(UsageError, match="FUNCTION is missing"):
        statement.parse("function run f.lua -- f")


@for_each_row(
    ("text", "error"),
    [
        ("shwo udfs", "unknown command 'shwo', did you mean 'show'?"),
        ("udf aply x", "\"udf\" has no 'aply', did you mean 'apply'?"),
        ("xyz", "unknown command 'xyz', the commands are asinfo, show"),
        ("show config nosuch", "there is no context 'nosuch'"),
        ("show s", '"show s" may be '),
        (
            "mana quie with A1",
            '"manage quiesce" is a command of the vendor\'s asadm that is for Enterprise servers only',
        ),
        (
            "manage config xdr dc",
            '"manage config xdr" is a command of the vendor\'s asadm that is for Enterprise servers only',
        ),
        ("health", "\"health\" is a command of the vendor's asadm that is not here: 'check all --config'"),
        ("collectinfo -n 3", "\"collectinfo\" is a command of the vendor's asadm that is not here: 'bundle'"),
        (
            "gen conf",
            "\"generate config\" is a command of the vendor's asadm that is not here: 'check config --write-b",
        ),
        (
            "pager on",
            '"pager" is a command of the vendor\'s asadm that is not here: the environment variable PAGER',
        ),
        (
            "collectlogs",
            "\"collectlogs\" is a command of the vendor's asadm that is not here: 'show config logging'",
        ),
        ("info bin", '"info bin" is a command of the vendor\'s asadm that is not here: servers from 7.0'),
        ("show latency", "\"show\" has no 'latency', did you mean 'latencies'?"),
        ("show features", "\"show\" has no 'features', did you mean 'features'?"),
        ("network", "unknown command 'network', did you mean 'info network' or 'manage config network'?"),
        ("show stat\n  like uptime", "'like' begins no command: it belongs on the line of its command"),
        ("info typo", "\"info\" has no 'typo', it goes on with network"),
    ],
)
def test_what_is_no_command_is_told_with_what_was_meant(text: str, error: str) -> None:
    with pytest.raises(UsageError) as raised:
        statement.parse(text)
    assert error in str(raised.value)


@pytest.mark.parametrize("text", ["info", "inf", "info with a b"])
def test_info_alone_is_a_command(text: str) -> None:
    [call] = statement.parse(text)
    assert call.row.name == "info"
    assert call.arguments.clauses == ({"with": ["a", "b"]} if "with" in text else {})
