"""The cases recorded on a real server, through the real client: one case is one test.

Single calls of the second set run in process, in `tests/unit/asudfd/lua/aerospike`.

A case in OURS says what this node answers on purpose instead of what the real server does. Every other case is as
recorded.
"""

import copy
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.compat.patience import policies
from tests.conftest import StartDaemon
from tests.each import for_each
from tests.processes import Daemon

aerospike = pytest.importorskip(
    "aerospike", reason="the client library is not installed: make test installs it"
)

from tests.compat.cases import Case, Runner, read_cases  # noqa: E402 - it imports the client library
from tests.unit.asudfd.lua.aerospike import test_apply_recorded_2 as second  # noqa: E402 - after the client library


def _second_set() -> list[Case]:
    """The cases of the second set that need a node. Its keys are not told but for their beginning."""
    cases = read_cases(second.ROWS)
    return [
        {"key": f"lua-{case['id']}", **case}
        for case in cases
        if case["id"] in second.ELSEWHERE or not second.is_single_call(case)
    ]


CASES = {case["id"]: case for case in read_cases() + _second_set()}


@dataclasses.dataclass
class Ours:
    """What this node answers instead, why, and in which step of a sequence."""

    reason: str
    expect: Any
    step: int | None = None

    def change(self, case: Case) -> Case:
        changed = copy.deepcopy(case)
        (changed if self.step is None else changed["steps"][self.step])["expect"] = self.expect
        return changed


def lua_error(place: str, message: str) -> Case:
    return {"error": {"code": 100, "message": f"{{UDF}}/{place}: {message}"}}


HARDENED = "load is not there in the hardened mode, which is the default; allow-unsafe-lua gives it back"

OURS = {
    "lifecycle.026": Ours(
        "after udf-clear-cache contexts are made again on demand and kept: ten of them take turns",
        [*[1] * 10, 2, 2],
        step=3,
    ),
    "lifecycle.034": Ours(
        "a changed module drops the contexts of those that require it", {"result": 2}, step=4
    ),
    "globals.049": Ours(
        HARDENED, lua_error("kglobal049.lua:2", "attempt to call a nil value (global 'load')")
    ),
}


@pytest.fixture(scope="module")
def runner(client: Any, records_node: Daemon, client_modules: Path) -> Iterator[Runner]:
    runner = Runner(client, records_node, client_modules)
    yield runner
    runner.close()


@for_each(CASES.values(), lambda case: case["id"])
def test_case(case: Case, runner: Runner) -> None:
    if case["id"] in OURS:
        runner.run(OURS[case["id"]].change(case))
    else:
        runner.run(case)


def test_the_unsafe_mode_gives_back_what_the_hardened_one_lacks(
    start_daemon: StartDaemon, tmp_path: Path, clients_config: Path
) -> None:
    config = tmp_path / "asudfd.conf"
    unsafe = "mod-lua {\n    allow-unsafe-lua true\n}\n"
    config.write_text(clients_config.read_text(encoding="utf-8") + unsafe, encoding="utf-8")
    node = start_daemon("--config-file", str(config))
    client = aerospike.client({"hosts": node.addresses, "policies": policies()}).connect()
    runner = Runner(client, node, tmp_path)
    for identity, ours in OURS.items():
        if ours.reason == HARDENED:
            runner.run(CASES[identity])
    runner.close()
    client.close()
