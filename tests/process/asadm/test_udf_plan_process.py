"""``asadm udf plan`` as a process, and against real nodes."""

import json
import signal
import subprocess
import time
from pathlib import Path

from asinfo.wire.udf import put
from tests.fakes.fleet import Fleet
from tests.process.asadm.test_asadm_terminal import SECONDS, command, environment
from tests.processes import Daemon
from tests.unit.asadm.commands.test_udf_plan import A, B
from tests.unit.asadm.conftest import Asadm


def test_ctrl_c(fleet: Fleet, tmp_path: Path) -> None:
    fleet[1].fault = "hangs"
    process = subprocess.Popen(
        command("-h", fleet.hosts, "--timeout", "60", "udf", "plan", "udf", "--diff", "--out", "plan.json"),
        env=environment(tmp_path),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + SECONDS
    while fleet.count(b"udf-list") < 3:
        assert time.monotonic() < deadline
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 130
    assert b"interrupted before the answer" in out
    assert b"Traceback" not in err
    assert not (tmp_path / "plan.json").exists()


def test_real_nodes(asadm: Asadm, asudfd: Daemon, modules: Path) -> None:
    host = f"127.0.0.1:{asudfd.port}"
    assert asadm("-h", host, "udf", "plan", "udf").code == 3
    for name, source in ((b"b.lua", B), (b"a.lua", A)):
        assert b"\tok\n" in asudfd.ask(put(name, source) + b"\n")
    try:
        assert asadm("-h", host, "udf", "plan", "udf").code == 0
        (modules / "b.lua").write_bytes(b"return 3\n")
        result = asadm("-h", host, "udf", "plan", "udf", "--diff")
        assert (result.code, "-return 2\n+return 3\n" in result.out) == (3, True)
        got = asadm("-h", host, "udf", "get", "a.lua")
        assert (got.code, got.raw) == (0, A)
        status = json.loads(asadm("-j", "-h", host, "udf", "status", "--dir", "udf").raw)
        assert [(each["name"], each["same"], each["other"]) for each in status["modules"]][:2] == [
            ("a.lua", 1, 0),
            ("b.lua", 0, 1),
        ]
    finally:
        asudfd.ask(b"udf-remove:filename=a.lua\nudf-remove:filename=b.lua\n")
