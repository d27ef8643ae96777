"""What Tab offers in the interactive shell."""

import base64
from pathlib import Path

import pytest

from asadm import seen_names
from asadm.cluster import ClusterNode
from asadm.commands import TABLE
from asadm.flags import OPTIONS
from asadm.session import CommandSession
from asadm.suggestions import Suggestions
from asadm.target.aerospike.cluster import AerospikeCluster
from asinfo.exchange import Endpoint
from asinfo.terminal.options import recognise
from tests.fakes.modules import Store
from tests.fakes.node import refusing

FIRST = list(dict.fromkeys(row.words[0] for row in TABLE))
INFO = list(dict.fromkeys(row.words[1] for row in TABLE if row.words[0] == "info" and len(row.words) > 1))
MANAGE = list(dict.fromkeys(row.words[1] for row in TABLE if row.words[0] == "manage"))
NODES = ["n1", "n2"]
MODULES = ["a.lua", "odd\\ name.lua"]
CLUSTERS = ["laptop", "odd\\ name"]
BUILD = ["build", "build_arch", "build_ee_sha", "build_os", "build_sha", "build_time"]
NODES_AND = [*NODES, "--wait"]


def session(*addresses: tuple[str, int]) -> CommandSession:
    members = [
        ClusterNode(Endpoint(host, port, name=f"n{number}"))
        for number, (host, port) in enumerate(addresses, 1)
    ]
    return CommandSession(
        lambda _: AerospikeCluster(members),
        write=lambda _: None,
        warn=lambda _: None,
        flags=recognise(["--inventory", "../inventory.yaml"], OPTIONS),
    )


@pytest.mark.parametrize(
    ("before", "word", "expected"),
    [
        ("", "", FIRST),
        ("show udfs; ", "sh", ["show"]),
        ("man ud ", "", ["add", "remove"]),
        ("show ", "u", ["udfs", "user-agents", "users"]),
        ("show udfs ", "", [*MODULES, "--stats", "like", "with"]),
        ("show udfs ", "a", ["a.lua"]),
        ("show udfs with ", "", NODES),
        ("show udfs with n1 ", "", [*NODES, "like", "--stats"]),
        ("manage udfs remove ", "", [*MODULES, "--wait"]),
        ("manage udfs remove a.lua ", "", ["with", "--wait"]),
        ("manage udfs remove --wait 3 a.lua with ", "", NODES),
        ("manage udfs remove a.lua with n1 ", "", NODES_AND),
        ("manage udfs add x.lua ", "", ["path", "with", "--wait"]),
        ("manage udfs add x.lua path ", "", ["counter.lua", "it\\'s.lua", "sub\\ dir/"]),
        ("manage udfs add x.lua path ", "./c", ["./counter.lua"]),
        ("manage udfs add x.lua path ", "nowhere/", []),
        ("manage udfs add x.lua path counter.lua ", "w", ["with"]),
        ("manage udfs add x.lua --wait ", "", []),
        ("udf plan ", "", ["counter.lua", "it\\'s.lua", "sub\\ dir/"]),
        ("udf plan . ", "", ["with", "--diff", "--out", "--prune", "--all", "--no-lint"]),
        ("udf plan ", "--", ["--diff", "--out", "--prune", "--all", "--no-lint"]),
        ("udf plan ", "--d", ["--diff"]),
        ("manage udfs add x.lua path ", "--", []),
        ("udf diff a.lua ", "", NODES),
        ("cache clear --lock ", "co", ["counter.lua"]),
        ("cache clear ", "--l", ["--lock", "--lock-wait"]),
        ("schedule print --unit ", "", ["timer", "service"]),
        ("asinfo like ", "", []),
        ("asinfo ", "", ["like", "with", "--value", "--line-separator", "--no-node-name"]),
        ("asinfo ", "bui", [f"-v {name}" for name in BUILD]),
        ("asinfo ", "w", ["with"]),
        ("asinfo -v ", "bui", BUILD),
        ("asinfo -v ", "'bui", [f"'{name}'" for name in BUILD]),
        ("asinfo --value ", '"udf-cl', ['"udf-clear-cache"']),
        ("asinfo -v ", "nosuch", []),
        ("asinfo -v 'build ", "", []),
        ("asinfo -v 'build; x' ", "w", ["with"]),
        ("asinfo -v build with ", "", NODES),
        ("asinfo -v build; show udfs with ", "n1", ["n1"]),
        ("show udfs # with ", "", []),
        ("info ", "", [*INFO, "with"]),
        ("show distribution ", "", ["time_to_live", "object_size", "--bytes", "for", "with"]),
        ("show config ", "se", ["security", "service", "sets"]),
        ("show config namespace ", "t", ["test"]),
        ("info set for ", "", ["bar", "test"]),
        ("show config like ", "he", ["heartbeat.interval"]),
        ("show statistics service like ", "", ["uptime"]),
        ("manage config service param ", "", ["heartbeat.interval"]),
        ("manage config namespace ", "t", ["test"]),
        ("manage truncate ns ", "", ["bar", "test"]),
        ("info with ", "", NODES),
        ("udf history --of ", "", CLUSTERS),
        ("udf history --of ", "odd", ["odd\\ name"]),
        ("udf history --module ", "a", ["a.lua"]),
        ("udf history show ", "", []),
        ("udf get a.lua --node ", "", NODES),
        ("udf run ", "a", ["a."]),
        (
            "udf run a.f ",
            "",
            [
                "--arg-string",
                "--args-file",
                "--key-type",
                "--digest",
                "--repeat",
                "--concurrency",
                "--all",
                "--",
            ],
        ),
        ("record get ", "", ["--key-type", "--digest"]),
        ("show udfs ", "'odd", ["'odd name.lua'"]),
        ("watch 0.5 3 show ", "ud", ["udfs"]),
        ("watch --no-diff show udfs ", "w", ["with"]),
        ("help manage ", "", MANAGE),
        ("nonsense ", "", []),
    ],
)
def test_tab(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str, word: str, expected: list[str]
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in ("counter.lua", "it's.lua", ".hidden"):
        (folder / name).touch()
    (folder / "sub dir").mkdir()
    (tmp_path / "inventory.yaml").write_text("clusters: {laptop: {nodes: [n1]}, odd name: {nodes: [n2]}}")
    store = Store()
    store.modules.update(
        dict.fromkeys([b"a.lua", b"odd name.lua", b"\x1b[2J.lua"], base64.b64encode(b"x = 1"))
    )
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with store.node() as node:
        places = (f"{node.host}:{node.port}",)
        seen_names.add("namespace", "", places, ["test", "bar"])
        seen_names.add("parameter", "", places, ["heartbeat.interval"])
        seen_names.add("statistic", "", places, ["uptime"])
        suggestions = Suggestions(session((node.host, node.port), refusing()))
        found = suggestions.complete(before, word)
    assert [each.removesuffix(" ") for each in found] == expected
    assert all(each.endswith((" ", "/", ".")) for each in found)


def test_the_nodes_are_asked_once_a_command() -> None:
    store = Store()
    store.modules[b"a.lua"] = base64.b64encode(b"x = 1")
    with store.node() as node:
        suggestions = Suggestions(session((node.host, node.port)))
        for _ in range(2):
            assert suggestions.complete("show udfs ", "a") == ["a.lua "]
        store.modules[b"ab.lua"] = base64.b64encode(b"x = 1")
        suggestions.forget()
        assert suggestions.complete("show udfs ", "a") == ["a.lua ", "ab.lua "]
        assert len(node.requests) == 2
