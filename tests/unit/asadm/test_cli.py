"""From the command line to standard output, standard error and the exit code."""

import json
import os
import re
import signal
from pathlib import Path

import pytest

from asinfo import cli as asinfo_cli
from tests.fakes.fleet import Fleet, Server
from tests.fakes.modules import Store
from tests.fakes.node import (
    GARBAGE,
    SUMMARY,
    FakeNode,
    answering,
    closing,
    half_then_close,
    login_first,
    refusing,
    silent,
    without_security,
)
from tests.unit.asadm.conftest import Asadm

BUILD = {"build": "8.1.2.0", "udf-clear-cache:": "ok"}


def hosts(*nodes: FakeNode) -> str:
    return ",".join(node.address for node in nodes)


@pytest.mark.parametrize(
    "text",
    ["asinfo -v 'udf-clear-cache:'", "enable; asinfo -v 'udf-clear-cache:'", "asi -v udf-clear-cache:"],
)
def test_both_founding_forms_reach_every_node(asadm: Asadm, text: str) -> None:
    with FakeNode(BUILD) as one, FakeNode(BUILD) as two, FakeNode(BUILD) as three:
        result = asadm("-h", hosts(one, two, three), "-e", text)
        assert (result.code, result.err) == (0, "")
        blocks = [f"{node.address} (127.0.0.1) returned:\nok\n\n" for node in (one, two, three)]
        assert result.out.endswith("".join(blocks))
        assert all(node.requests == [b"udf-clear-cache:\n"] for node in (one, two, three))


def test_one_command_has_no_title_several_have(asadm: Asadm) -> None:
    with FakeNode(BUILD) as node:
        assert asadm("-h", hosts(node), "-e", "asinfo -v build").out.startswith(node.address)
        assert asadm("-h", hosts(node), "-e", "enable; asinfo -v build").out == (
            f"\n~~~ enable ~~~\n\n~~~ asinfo -v build ~~~\n{node.address} (127.0.0.1) returned:\n8.1.2.0\n\n"
        )


def test_every_kind_of_failure_has_a_row_and_a_reason(asadm: Asadm) -> None:
    with (
        FakeNode(BUILD) as good,
        FakeNode({}) as saying_no,
        FakeNode(behaviour=closing) as closer,
        FakeNode(behaviour=half_then_close(BUILD)) as half,
        FakeNode(behaviour=GARBAGE) as garbage,
        FakeNode(behaviour=silent) as hung,
        FakeNode(BUILD) as last,
    ):
        dead = "{}:{}".format(*refusing())
        addresses = [
            *(node.address for node in (good, saying_no, closer, half, garbage, hung)),
            dead,
            last.address,
        ]
        argv = ["-h", ",".join(addresses), "--timeout", "0.3", "-e", "asinfo -v build"]
        statuses = ["ok", "error", "closed", "closed", "protocol", "timeout-reply", "refused", "ok"]
        result = asadm("--json", *argv)
        assert result.code == 1
        assert [(name, status) for name, status, _ in result.nodes] == list(
            zip(addresses, statuses, strict=True)
        )
        failed = [each for each in result.document["nodes"] if each["status"] != "ok"]
        assert all(each["error"] for each in failed)
        assert 300 <= result.document["nodes"][5]["ms"] < 3000
        plain = asadm(*argv)
        assert plain.code == 1
        assert [line.split(" ")[0] for line in plain.out.splitlines() if "(127.0.0.1)" in line] == addresses
        assert "ERROR:4:unrecognized command\n" in plain.out
        assert [line.split(" ")[1].rstrip(":") for line in plain.err.splitlines()] == [
            address for address, status in zip(addresses, statuses, strict=True) if status != "ok"
        ]


def test_bytes_are_kept_in_a_pipe(asadm: Asadm) -> None:
    with FakeNode({"x": b"\xff\x00\x1b[2J \xc3\xa9;;"}) as node:
        assert (
            asadm("-h", hosts(node), "-e", "asinfo -v x --no_node_name").raw == b"\xff\x00\x1b[2J \xc3\xa9\n"
        )
        (said,) = asadm("-j", "-h", hosts(node), "-e", "asinfo -v x").document["nodes"]
        assert said["answer"] == "\\xff\0\x1b[2J é;;"
        assert said["answer_base64"] == "/wAbWzJKIMOpOzs="


def test_a_command_is_sent_byte_for_byte(asadm: Asadm) -> None:
    with FakeNode(BUILD) as node:
        asadm("-h", hosts(node), "-e", "asinfo -v 'x:é\"a\\b;c='")
        assert node.requests == ['x:é"a\\b;c=\n'.encode()]


def test_several_values_go_in_one_request(asadm: Asadm) -> None:
    with FakeNode({"build": "8", "node": "A1"}) as node:
        result = asadm("-h", hosts(node), "-e", "asinfo -v build -v node")
        assert result.out == f"{node.address} (127.0.0.1) returned:\n8\nA1\n\n"
        (said,) = asadm("-j", "-h", hosts(node), "-e", "asinfo -v build -v node").document["nodes"]
        assert said["answers"] == [
            {"command": "build", "answer": "8", "error": None},
            {"command": "node", "answer": "A1", "error": None},
        ]
        assert node.requests == [b"build\nnode\n"] * 2


@pytest.mark.parametrize(
    ("flags", "shown"),
    [
        ("", "a=1;b=2;cb=3"),
        ("-l", "a=1\nb=2\ncb=3"),
        ("like b", "b=2;cb=3"),
        ("like ^b a", "a=1;b=2"),
        ("like b -l", "b=2\ncb=3"),
        ("like nothing", ""),
    ],
)
def test_lines_and_like(asadm: Asadm, flags: str, shown: str) -> None:
    with FakeNode({"x": "a=1;b=2;cb=3;"}) as node:
        assert asadm("-h", hosts(node), "-e", f"asinfo -v x --no_node_name {flags}").out == shown + "\n"


@pytest.mark.parametrize(("answer", "shown"), [("a:b,c", "a\nb,c"), ("a,b", "a\nb"), ("ab", "ab")])
def test_the_separator_of_lines(asadm: Asadm, answer: str, shown: str) -> None:
    with FakeNode({"x": answer}) as node:
        assert asadm("-h", hosts(node), "-e", "asinfo -l -v x --no_node_name").out == shown + "\n"


def test_without_a_value_the_summary_is_asked_for(asadm: Asadm) -> None:
    with FakeNode({"\0summary": "node\tA1\nbuild\t8\n"}) as node:
        assert asadm("-h", hosts(node), "-e", "asinfo --no_node_name").out == "node\tA1\nbuild\t8\n"


def test_mistakes_exit_2_and_send_nothing(asadm: Asadm) -> None:
    with FakeNode(BUILD) as node:
        for text in (
            "asinfo -v build; nosuch",
            "asinfo -v build; asinfo 'x",
            "asinfo -v build; manage udfs remove a.lua",
            "asinfo -v build; asinfo -v build with nosuch",
            "asinfo -v build; asinfo -v build with nosuch*",
        ):
            result = asadm("-h", hosts(node), "-e", text)
            assert (result.code, result.out) == (2, "")
            assert result.err.startswith("asadm: ")
        assert node.requests == []


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["-e", "show udfs", "-f", "x"], "-e, -f and plain words each say what to run"),
        (["-e", "show udfs", "show", "udfs"], "-e, -f and plain words each say what to run"),
        (["-f", "/nosuch"], "/nosuch: No such file"),
        (["-o", "/nosuch/x", "show", "udfs"], "-o /nosuch/x: No such file"),
        (["-h", "a", "--cluster", "b", "show", "udfs"], "give one of them"),
        (["--cluster", "b", "show", "udfs"], "there is no inventory"),
        (["--inventory", "/nosuch", "show", "udfs"], "/nosuch: No such file"),
        (["-h", "a b", "show", "udfs"], "'a b' is not an address"),
        (["--only-config-file", "/nosuch", "show", "udfs"], "/nosuch"),
        (["--instance", "nosuch", "show", "udfs"], "nosuch"),
        (["show", "udfs", "--timeout", "1", "--timeout", "x"], "'x' is not a number of seconds"),
        (["--timeout", "0", "show", "udfs"], "is not more than 0"),
        (["--nosuch"], "asadm: unknown option --nosuch; see 'asadm --help'"),
        (["--timeout", "1", "show", "udfs", "--timeout", "2"], "--timeout is given twice"),
    ],
)
def test_wrong_command_lines(asadm: Asadm, argv: list[str], message: str) -> None:
    result = asadm(*argv)
    assert (result.code, result.out) == (2, "")
    assert message in result.err
    assert "Traceback" not in result.err


def test_words_take_flags_of_the_program_behind_them(asadm: Asadm) -> None:
    with FakeNode(BUILD) as node:
        result = asadm("asinfo", "-v", "build", "--json", "-h", hosts(node))
        assert result.nodes == [(node.address, "ok", "8.1.2.0")]
        assert result.document["command"] == "asinfo -v build --json -h " + hosts(node)


def test_commands_from_a_file(asadm: Asadm, tmp_path: Path) -> None:
    path = tmp_path / "commands.txt"
    path.write_bytes(
        b"# a comment\nasinfo -v build // and one more\n/* and\none */\nasinfo -v 'a;b'; asinfo -v \xff\n"
    )
    for flag in ("-f", "-e"):
        with FakeNode(BUILD) as node:
            assert asadm("-h", hosts(node), flag, str(path)).code == 1
            assert node.requests == [b"build\n", b"a;b\n", b"\xff\n"]


def test_a_mistake_in_a_file_names_its_line(asadm: Asadm, tmp_path: Path) -> None:
    (tmp_path / "commands.txt").write_text("show udfs\nnosuch\n")
    assert "asadm: commands.txt:2: unknown command 'nosuch'" in asadm("-f", "commands.txt").err


def test_commands_from_standard_input(asadm: Asadm) -> None:
    with FakeNode(BUILD) as node:
        for argv in ([], ["-f", "-"]):
            result = asadm("-h", hosts(node), *argv, stdin=b"asinfo -v build\n")
            assert result.out == f"{node.address} (127.0.0.1) returned:\n8.1.2.0\n\n"
        assert asadm("-h", hosts(node)).code == 0


def test_a_failed_command_does_not_stop_the_next_and_exit_does(asadm: Asadm) -> None:
    with FakeNode(BUILD) as node:
        result = asadm("-h", hosts(node), "-e", "asinfo -v no; asinfo -v build; exit; asinfo -v never")
        assert result.code == 1
        assert node.requests == [b"no\n", b"build\n"]


def test_each_option_for_commands_counts(asadm: Asadm) -> None:
    with FakeNode(BUILD) as node:
        result = asadm("-h", hosts(node), "-e", "asinfo -v build; asinfo -v a", "-e", "asinfo -v b", "-e", "")
        assert node.requests == [b"build\n", b"a\n", b"b\n"]
        assert result.out.count("~~~ asinfo") == 3
        node.requests.clear()
        assert asadm("-h", hosts(node), "-e", "asinfo -v build", "-e", "nosuch").code == 2
        assert node.requests == []


def test_a_command_that_may_not_run_does_not_stop_the_next(asadm: Asadm) -> None:
    commands = "manage config mod-lua param a to b; asinfo -v build"
    with FakeNode(BUILD) as node:
        result = asadm("--enable", "-h", hosts(node), "-e", commands)
        assert result.code == 2
        assert "8.1.2.0" in result.out
        assert result.err.startswith("asadm: manage config mod-lua: no node changes it while it runs")
        documents = asadm("--enable", "-j", "-h", hosts(node), "-e", commands).out.splitlines()
        assert [json.loads(each)["code"] for each in documents] == [2, 0]


def test_json_is_one_document_a_line(asadm: Asadm) -> None:
    with FakeNode(BUILD) as node:
        result = asadm("-j", "-h", hosts(node), "-e", "asinfo -v build; asinfo -v x")
        lines = [json.loads(line) for line in result.out.splitlines()]
        assert [line["command"] for line in lines] == ["asinfo -v build", "asinfo -v x"]
        assert [line["code"] for line in lines] == [0, 1]
        (one,) = lines[1]["nodes"]
        assert one.pop("ms") >= 0
        assert one == {
            "node": node.address,
            "address": node.address,
            "status": "error",
            "answer": "ERROR:4:unrecognized command",
            "error": "unrecognized command (code 4)",
        }


def test_both_tools_have_one_shape_of_json(asadm: Asadm, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    answers: dict[str, str | bytes] = {
        "build": "8",
        "node": "A1",
        SUMMARY: "node\tA1\nbuild\t8\n",
        "x": b"\xff",
    }
    dead = "{}:{}".format(*refusing())
    with FakeNode(answers) as node:
        for commands in (["build"], ["build", "nosuch"], ["x"], []):
            argv = [word for each in commands for word in ("-v", each)]
            for where in (node.address, dead):
                document = asadm("-j", "-h", where, "asinfo", *argv).document
                (ours,) = document["nodes"]
                asinfo_cli.run(["-j", "-h", where, *argv])
                theirs = json.loads(capsysbinary.readouterr().out)
                assert theirs.pop("version") == document["version"]
                assert {**ours, "ms": 0} == {**theirs, "ms": 0}
                assert list(ours) == list(theirs)


def test_the_words_of_the_real_tool(asadm: Asadm) -> None:
    with FakeNode({"statistics": "a=1", "build": "8"}) as node:
        assert (
            asadm("-h", hosts(node), "-e", "asinfo -v stats -v \"'build'\" --no_node_name").out == "a=1\n8\n"
        )


def test_a_login_that_is_not_wanted_is_told_once(asadm: Asadm) -> None:
    with (
        FakeNode(behaviour=without_security(BUILD)) as one,
        FakeNode(behaviour=without_security(BUILD)) as two,
    ):
        line = "asinfo -v build; asinfo -v build"
        result = asadm("-h", hosts(one, two), "-U", "bob", "-P", "x", "-e", line)
        assert result.code == 0
        (told,) = result.err.splitlines()
        assert told.startswith(f"asadm: {one.address}, {two.address}: ")
        assert told.endswith("going on without a login")
        argv = ["-h", hosts(one, two), "-U", "bob", "-P", "x"]
        notes = [each["note"] for each in asadm("-j", *argv, "cache", "clear").document["nodes"]]
        assert [note.endswith("going on without a login") for note in notes] == [True, True]
        assert "without a login" not in asadm(*argv, "cache", "clear", "--quiet").err


def test_a_password_is_not_taken_for_a_command(asadm: Asadm) -> None:
    with FakeNode(BUILD) as node:
        result = asadm("-h", hosts(node), "-U", "bob", stdin=b"hunter2\nasinfo -v build\n")
        assert (result.code, result.out) == (2, "")
        assert "standard input holds the commands and cannot hold the password too" in result.err
        assert "hunter2" not in result.err
        assert node.connections == 0


def test_a_host_that_is_no_text_is_refused(asadm: Asadm) -> None:
    result = asadm("-h", "\udcff", "-e", "asinfo -v build")
    assert (result.code, result.out) == (2, "")
    assert "is not an address" in result.err


def test_a_file_keeps_what_it_holds_until_there_is_something_new(asadm: Asadm, tmp_path: Path) -> None:
    file = tmp_path / "out.txt"
    file.write_text("of the last run, and longer than the new")
    (tmp_path / "asadm.yaml").write_text("faulty")
    for line in ("asinfo -v build", "help; asinfo -v build", "nosuch"):
        assert asadm("-o", "out.txt", "-e", line).code == 2
        assert file.read_text().startswith("of the last run")
    with FakeNode(BUILD) as node:
        assert asadm("-h", hosts(node), "-o", "out.txt", "-e", "asinfo -v build with nosuch").code == 2
        assert file.read_text().startswith("of the last run")
        assert asadm("-h", hosts(node), "-o", "out.txt", "-e", "asinfo -v build --no_node_name").code == 0
        assert file.read_text() == "8.1.2.0\n"
        assert asadm("-h", hosts(node), "-o", "out.txt", "-e", "cache clear --quiet").code == 0
        assert file.read_text() == ""


def test_output_to_a_file(asadm: Asadm, tmp_path: Path) -> None:
    with FakeNode(BUILD) as node:
        result = asadm(
            "-h", hosts(node), "-o", "out.txt", "-e", "asinfo -v build --no_node_name; asinfo -v x"
        )
        assert (result.code, result.out) == (1, "")
        assert "8.1.2.0\n" in (tmp_path / "out.txt").read_text()
        assert result.err


INVENTORY = """
clusters:
  dev:
    nodes:
      - {{name: first, host: 127.0.0.1, port: {0}, labels: {{rack: a}}}}
      - {{name: second, host: 127.0.0.1, port: {1}, labels: {{rack: b}}}}
      - {{name: third, host: 127.0.0.1, port: {2}, labels: {{rack: b}}}}
"""


def test_an_inventory_and_its_selections(asadm: Asadm, tmp_path: Path) -> None:
    with FakeNode({"node": "AA"}) as one, FakeNode({"node": "BB"}) as two, FakeNode({"node": "CC"}) as three:
        (tmp_path / "asadm.yaml").write_text(INVENTORY.format(one.port, two.port, three.port))
        for words, expected in (
            ("", ["first", "second", "third"]),
            (" with third first", ["first", "third"]),
            (" with rack=b", ["second", "third"]),
            (" with s*", ["second"]),
            (" with 127.0.0.1*", ["first", "second", "third"]),
            (f" with {two.address}", ["second"]),
            (" with BB", ["second"]),
            (" with C* BB", ["second", "third"]),
            (" with B*", ["second"]),
            (" with A* C*", ["first", "third"]),
        ):
            result = asadm("-j", "-e", "asinfo -v node" + words)
            assert [name for name, _, _ in result.nodes] == expected, words
        for words, message in (
            ("nosuch", "no node is called 'nosuch'; the nodes are first (127.0.0.1:"),
            ("first nosuch", "no node is called 'nosuch'"),
            ("127.0.0.1", "'127.0.0.1' means several nodes"),
            ("DD", "no node is called 'DD'"),
            ("D*", "no node is called 'D*'"),
            ("rack=c", "no node is called 'rack=c'"),
        ):
            refused = asadm("-e", "asinfo -v node with " + words)
            assert (refused.code, refused.out) == (2, "")
            assert message in refused.err


def test_a_faulty_inventory_stops_the_run_with_all_its_faults(asadm: Asadm, tmp_path: Path) -> None:
    (tmp_path / "asadm.yaml").write_text("defaults: {password: x}\nclusters: {a: {nodes: [x, x]}}\n")
    result = asadm("-e", "asinfo -v build")
    assert (result.code, result.out) == (2, "")
    places = [line.split(" ")[1] for line in result.err.splitlines()]
    assert places == ["asadm.yaml:1:", "asadm.yaml:2:"]


def test_named_hosts_win_over_an_inventory_that_is_found(asadm: Asadm, tmp_path: Path) -> None:
    (tmp_path / "asadm.yaml").write_text("faulty")
    with FakeNode(BUILD) as node:
        assert asadm("-h", hosts(node), "-e", "asinfo -v build").code == 0


def test_an_inventory_logs_in_with_a_password_by_reference(
    asadm: Asadm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeNode(behaviour=login_first(BUILD, credential=b"")) as node:
        (tmp_path / "asadm.yaml").write_text(
            f"defaults: {{user: ops, password: 'env:SECRET'}}\nclusters: {{a: {{nodes: ['{node.address}']}}}}\n"
        )
        missing = asadm("-e", "asinfo -v build")
        assert (missing.code, missing.out) == (2, "")
        assert "the environment variable SECRET of the password is not set" in missing.err
        monkeypatch.setenv("SECRET", "hunter2")
        assert asadm("-j", "-e", "asinfo -v build").nodes == [(node.address, "ok", "8.1.2.0")]
        assert asadm("-U", "me", "-P", "env:SECRET", "-e", "asinfo -v build").code == 0
        assert [b"ops" in login for login in node.logins] == [True, False]
        assert b"hunter2" not in b"".join(node.logins)


def test_the_environment_names_inventory_and_cluster(
    asadm: Asadm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeNode(BUILD) as one, FakeNode(BUILD) as two:
        text = f"clusters: {{a: {{nodes: ['{one.address}']}}, b: {{nodes: ['{two.address}']}}}}"
        (tmp_path / "other.yaml").write_text(text)
        monkeypatch.setenv("ASADM_INVENTORY", "other.yaml")
        monkeypatch.setenv("ASADM_CLUSTER", "b")
        assert asadm("-j", "-e", "asinfo -v build").nodes == [(two.address, "ok", "8.1.2.0")]
        assert asadm("-j", "--cluster", "a", "-e", "asinfo -v build").nodes[0][0] == one.address
        assert asadm("-j", "-h", one.address, "-e", "asinfo -v build").nodes[0][0] == one.address


def test_the_configuration_file_of_the_real_tools(asadm: Asadm, tmp_path: Path) -> None:
    with FakeNode(BUILD) as node:
        (tmp_path / "astools.conf").write_text(f'[cluster]\nhost = "{node.address}"\n[asadm]\ntimeout = 1\n')
        result = asadm("--only-config-file", "astools.conf", "-j", "-e", "asinfo -v build")
        assert result.nodes == [(node.address, "ok", "8.1.2.0")]


def test_discovery_adds_the_peers_that_the_seeds_name(asadm: Asadm) -> None:
    with FakeNode(BUILD) as two, FakeNode(BUILD) as three:
        peers = f"4,3000,[[A2,,[{two.address}]],[A3,,[127.0.0.1:{three.port},[::1]:{three.port}]]]"
        with FakeNode({"service-clear-std": "127.9.9.9:1", "peers-clear-std": peers, **BUILD}) as seed:
            result = asadm("-j", "-h", hosts(two, seed), "--discover", "-e", "asinfo -v build")
            assert [name for name, _, _ in result.nodes] == [two.address, seed.address, three.address]
            assert result.code == 0
            assert asadm("-j", "-h", hosts(seed), "-e", "asinfo -v build").nodes == [
                (seed.address, "ok", "8.1.2.0")
            ]


def test_version_help_and_completion(asadm: Asadm) -> None:
    assert asadm("--version").out.startswith("asadm ")
    shown = asadm("--help")
    assert shown.code == 0
    assert "--inventory FILE" in shown.out
    assert "udf-clear-cache:" in shown.out
    assert "[$ASADM_INVENTORY]" in shown.out
    assert re.search(r"^ +manage udfs remove +Remove a module", shown.out, re.MULTILINE)
    for shell in ("bash", "zsh", "fish"):
        script = asadm("--completion", shell)
        assert (script.code, script.err) == (0, "")
        assert "manage" in script.out
    assert asadm("--completion", "tcsh").code == 2


def test_help_of_commands(asadm: Asadm) -> None:
    assert "manage udfs add Register a module" in " ".join(asadm("help").out.split())
    assert asadm("help", "manage", "udfs").out.count("\n") == 2
    explained = asadm("manage", "udfs", "add", "--help").out
    assert "Usage: manage udfs add NAME path PATH [with NODE...] [FLAGS]" in explained
    assert "--wait SECONDS" in explained
    assert "Example: asadm" in explained


def test_info_network_shows_silent_nodes_with_their_reason(asadm: Asadm) -> None:
    dead = "{}:{}".format(*refusing())
    with Store().node() as node, FakeNode({"build": "7.0", "node": "A9"}) as old:
        result = asadm("-h", f"{node.address},{old.address},{dead}", "-e", "info network")
        assert result.code == 1
        lines = [line.split() for line in result.out.splitlines()]
        assert lines[2][:9] == [dead, *["-"] * 8]
        assert " ".join(lines[2][9:]).startswith("- - refused: ")
        assert lines[3] == [*f"{node.address} A1 8.1.2.0 - - 3 - - - 4 1 d 02:03:04 ok".split()]
        assert lines[4] == [*f"{old.address} A9 7.0 - - - - - - - - ok".split()]
        assert lines[5] == ["2", "of", "3", "nodes", "were", "read"]
        [table] = asadm("-j", "-h", f"{node.address},{dead}", "-e", "info network").document["tables"]
        assert table["rows"][0]["uptime"] == 93784
        assert {column["name"]: column["unit"] for column in table["columns"]}["uptime"] == "seconds"
        assert table["rows"][1] == {"node": dead, "state": "refused", "reason": "nobody listens there"}


def test_info_network_tells_of_a_metadata_store_that_is_away(asadm: Asadm) -> None:
    away = {**BUILD, "node": "A1", "cluster-name": "demo", "statistics": "smd_connected=false"}
    near = {**away, "node": "A2", "statistics": "smd_connected=true"}
    with FakeNode(away) as one, FakeNode(near) as other:
        shown = asadm("-h", hosts(one, other), "-e", "info network")
        assert shown.code == 0
        assert f"{one.address}: its metadata store is away: modules cannot be changed\n" in shown.out


def test_watch_repeats_and_works_in_a_pipe(asadm: Asadm) -> None:
    with FakeNode(BUILD) as node:
        result = asadm("-h", hosts(node), "-e", "watch 0 3 asinfo -v build --no_node_name")
        assert result.code == 0
        assert result.out.count("8.1.2.0\n") == 3
        assert "'asinfo -v build --no_node_name' sleep: 0.0s iteration: 3 ]\n" in result.out
        documents = asadm("-j", "-h", hosts(node), "-e", "watch 0 2 asinfo -v nosuch")
        assert documents.code == 1
        assert [json.loads(line)["command"] for line in documents.out.splitlines()] == [
            "asinfo -v nosuch"
        ] * 2


def test_a_slow_node_within_the_deadline_is_waited_for(asadm: Asadm) -> None:
    with FakeNode(behaviour=answering(BUILD, delay=0.2)) as node:
        assert asadm("-h", hosts(node), "--timeout", "5", "-e", "asinfo -v build").code == 0


def test_an_error_has_a_json_document_too(asadm: Asadm) -> None:
    with Fleet(2) as fleet:
        fleet.load(b"a.lua", b"return 1\n")
        unknown = asadm("-h", fleet.hosts, "--json", "udf", "repair", "b.lua", "--yes", "--no-history")
        assert unknown.code == unknown.document["code"] == 2
        assert unknown.document["messages"] == ["no node that was read lists b.lua"]
        assert "no node that was read lists b.lua" in unknown.err

        def stop(_: Server, __: bytes) -> bytes | None:
            os.kill(os.getpid(), signal.SIGINT)
            return None

        fleet[0].before = stop
        stopped = asadm("-h", fleet.hosts, "--json", "udf", "remove", "a.lua", "--yes", "--no-history")
        assert stopped.code == stopped.document["code"] == 130
        assert fleet.sources(b"a.lua") == [b"return 1\n"] * 2


def test_commands_without_quotes(asadm: Asadm) -> None:
    result = asadm("-e", "show", "udfs")
    assert (result.code, "put the commands in quotes, as in -e 'show udfs'" in result.err) == (2, True)
