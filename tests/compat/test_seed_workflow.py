"""The workflows of the founding document, letter for letter: only the port 3000 is replaced, by the one of the test.

Each program runs as a user would run it, in a process of its own, in a directory that holds `counter.lua`.
"""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.compat.client_table import NODE_MODULES
from tests.compat.patience import policies
from tests.conftest import StartDaemon

PROGRAM_SECONDS_MAX = 60

ABORTED_AT_EXIT = -signal.SIGABRT
"""How aerospike-py 0.14.4 sometimes ends on a busy machine: the program is done, then the interpreter's end meets the
library's threads. No node has a part in that, so what the program said counts."""

COUNTER = """\
function increment(rec, bin_name, amount)
    if aerospike:exists(rec) then
        rec[bin_name] = rec[bin_name] + amount
        aerospike:update(rec)
    else
        rec[bin_name] = amount
        aerospike:create(rec)
    end
    return rec[bin_name]
end
"""

CONNECT = """\
import {library}

client = {library}.client({{"hosts": [("127.0.0.1", 3000)], "policies": {policies}}}).connect()

"""
"""What the document's sync workflow begins with: it shows no connecting."""

SYNC = """\
# Register
client.udf_put("counter.lua")

# Execute
key = ("test", "demo", "counter1")
result = client.apply(key, "counter", "increment", ["count", 5])
print(result)  # 5

result = client.apply(key, "counter", "increment", ["count", 3])
print(result)  # 8

# Cleanup
client.udf_remove("counter")
"""

ASYNC = """\
import asyncio
from aerospike_py import AsyncClient

async def main():
    client = AsyncClient({
        "hosts": [("127.0.0.1", 3000)],
        "cluster_name": "docker",
    })
    await client.connect()

    await client.udf_put("counter.lua")

    key = ("test", "demo", "counter1")
    result = await client.apply(key, "counter", "increment", ["count", 1])
    print(result)

    await client.udf_remove("counter")
    await client.close()

asyncio.run(main())
"""

NODE = """\
const Aerospike = require('aerospike')
const patient = { timeout: 30000, totalTimeout: 30000, socketTimeout: 30000 } // the machine may be busy

async function main () {
  const client = await Aerospike.connect({ hosts: '127.0.0.1:3000', clusterName: 'docker', policies: { info: new Aerospike.InfoPolicy(patient), apply: new Aerospike.ApplyPolicy(patient) } })
  try {
    const registered = await client.udfRegister('counter.lua')
    await registered.waitUntilDone()

    const key = new Aerospike.Key('test', 'demo', 'counter1')
    const call = amount => ({ module: 'counter', funcname: 'increment', args: ['count', amount] })
    console.log(await client.apply(key, call(5)))
    console.log(await client.apply(key, call(3)))

    const removed = await client.udfRemove('counter.lua')
    await removed.waitUntilDone()
  } finally {
    await client.close()
  }
}

main().catch(error => { console.error(error); process.exit(1) })
"""
"""The same with the npm client: not in the document, which is about Python."""


def run(program: str, port: int, directory: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    """Run a program beside `counter.lua`, its port 3000 replaced."""
    directory.mkdir()
    (directory / "counter.lua").write_text(COUNTER, encoding="utf-8")
    file = directory / "program"
    file.write_text(program.replace("3000", str(port)), encoding="utf-8")
    return subprocess.run(
        [*(command or [sys.executable]), str(file)],
        cwd=directory,
        env={"PATH": "/usr/bin:/bin", "NODE_PATH": str(NODE_MODULES)},
        capture_output=True,
        text=True,
        timeout=PROGRAM_SECONDS_MAX,
        check=False,
    )


def endings(library: str, status: int) -> set[int]:
    """How a program may end that should end with ``status``."""
    return {status, ABORTED_AT_EXIT} if library == "aerospike_py" else {status}


@pytest.fixture
def docker(start_daemon: StartDaemon, clients_config: Path) -> int:
    """Port of a node whose cluster is named as in the document."""
    assert "cluster-name docker" in clients_config.read_text(encoding="utf-8")
    return start_daemon("--config-file", str(clients_config)).port


@pytest.mark.parametrize("library", ["aerospike", "aerospike_py"])
def test_the_sync_workflow(library: str, start_daemon: StartDaemon, tmp_path: Path) -> None:
    pytest.importorskip(library, reason="the client library is not installed: make test installs it")
    daemon = start_daemon()
    done = run(CONNECT.format(library=library, policies=policies()) + SYNC, daemon.port, tmp_path / "user")
    assert done.stdout == "5\n8\n", done.stderr
    assert done.returncode in endings(library, 0), done.stderr
    assert daemon.ask(b"udf-list\n") == b"udf-list\t\n"


def test_the_async_example(docker: int, tmp_path: Path) -> None:
    pytest.importorskip("aerospike_py", reason="the client library is not installed: make test installs it")
    done = run(ASYNC, docker, tmp_path / "user")
    assert done.stdout == "1\n", done.stderr
    assert done.returncode in endings("aerospike_py", 0), done.stderr


@pytest.mark.parametrize(
    ("library", "refusal"), [("aerospike_py", "ClusterError"), ("aerospike", "ClientError")]
)
def test_a_client_refuses_a_cluster_of_another_name(
    library: str, refusal: str, start_daemon: StartDaemon, tmp_path: Path
) -> None:
    pytest.importorskip(library, reason="the client library is not installed: make test installs it")
    named = CONNECT.format(library=library, policies=policies()).replace(
        "3000)],", '3000)], "cluster_name": "docker",'
    )
    done = run(named, start_daemon().port, tmp_path / "user")
    assert done.returncode in endings(library, 1)
    assert refusal in done.stderr


def test_the_node_client(docker: int, tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None or not (NODE_MODULES / "aerospike").is_dir():
        pytest.skip(
            "node or the npm package aerospike is not there: make test installs the latter where npm is"
        )
    done = run(NODE, docker, tmp_path / "user", node)
    assert (done.returncode, done.stdout) == (0, "5\n8\n"), done.stderr
