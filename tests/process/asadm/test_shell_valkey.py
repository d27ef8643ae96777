"""The interactive shell on a cluster of Valkey servers."""

from __future__ import annotations

from pathlib import Path

from tests.fakes.valkey_fleet import ValkeyFleet
from tests.process.asadm.test_asadm_terminal import Terminal, command

A = b"#!lua name=counters\nserver.register_function('f', function() return 1 end)"


def test_the_shell_starts_completes_and_runs_commands(tmp_path: Path) -> None:
    with ValkeyFleet(2, replicas=2) as fleet:
        fleet.load(A)
        said = f"clusters: {{c: {{type: valkey, mode: cluster, nodes: ['{fleet[0].name}']}}}}\n"
        (tmp_path / "asadm.yaml").write_text(said)
        terminal = Terminal(command(), tmp_path)
        at = terminal.wait_for("4 nodes, ")
        at = terminal.wait_for("Admin> ", at)
        terminal.type("fn stat\n")
        at = terminal.wait_for('"function stat" may be status, stats', at)
        at = terminal.wait_for("Admin> ", at)
        terminal.type("fn status\n")
        at = terminal.wait_for("1 library on 4 nodes, all the same", at)
        at = terminal.wait_for("Admin> ", at)
        terminal.type("fn get cou\t")
        at = terminal.wait_for("counters", at)
        terminal.type("\n")
        at = terminal.wait_for("#!lua name=counters", at)
        at = terminal.wait_for("Admin> ", at)
        terminal.type("show udfs \t")  # for clusters of another type: nothing is offered, and nothing breaks
        terminal.type("\n")
        at = terminal.wait_for("managed by 'asadm function ...'", at)
        terminal.type("exit\n")
        assert terminal.end() == 0
        assert b"Traceback" not in terminal.seen
