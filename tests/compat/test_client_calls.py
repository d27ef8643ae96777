"""The same calls with every client library: what docs/clients.md says of them is what happens."""

from pathlib import Path

import pytest

from tests.compat.client_table import CLIENTS, PAGE, Client, play, row
from tests.conftest import StartDaemon


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.program)
def test_every_call_of_a_client(client: Client, start_daemon: StartDaemon, tmp_path: Path) -> None:
    if not client.version():
        pytest.skip(f"{client.title} is not installed: make test installs it where its registry is")
    outcomes = play(client, start_daemon().port, tmp_path / "user")
    assert set(outcomes.values()) <= {"ok", "-"}, outcomes
    assert row(client, outcomes) in PAGE.read_text(encoding="utf-8").splitlines()
