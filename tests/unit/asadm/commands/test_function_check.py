"""``asadm function check`` on scripted servers: what monitoring systems are told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.valkey_fleet import ValkeyFleet
from tests.unit.asadm.conftest import Asadm

A = b"#!lua name=a\nserver.register_function('f', function() return 1 end)"
B = b"#!lua name=b\nserver.register_function('g', function() return 2 end)"


@pytest.fixture
def fleet() -> Iterator[ValkeyFleet]:
    with ValkeyFleet(3, replicas=3) as made:
        made.load(A, B)
        yield made


def seed(fleet: ValkeyFleet) -> tuple[str, ...]:
    return "-h", fleet[0].name, "--discover", "--timeout", "1"


def test_nagios(asadm: Asadm, fleet: ValkeyFleet) -> None:
    good = asadm(*seed(fleet), "fn", "check", "--format", "nagios")
    figures = (
        "unreachable=0;;0;0;6 drift=0;;0;0 damaged=0;;0;0 directory=0;0;;0 poisoned=0;;0;0;6 libraries=2;;;0"
    )
    assert good.code == 0
    assert good.out.startswith(f"FUNCTION OK - 6 nodes, 2 libraries, all the same | {figures} time=")
    fleet[1].poisoned = True
    fleet[2].load(A)
    bad = asadm(*seed(fleet), "fn", "check", "--format", "nagios")
    assert bad.code == 2
    assert "drift=1;;0;0 " in bad.out
    assert " poisoned=1;;0;0;6 " in bad.out
    assert "\npoisoned: " + fleet[1].name in bad.out
    alone = asadm("-h", fleet[1].name, "function", "check", "--format", "nagios")
    assert (alone.code, " poisoned=1;;0;0;1 " in alone.out) == (2, True), alone.out


def test_prometheus(asadm: Asadm, fleet: ValkeyFleet) -> None:
    fleet[1].poisoned = True
    fleet[2].load(A)
    fleet[3].fail("busy")
    result = asadm(*seed(fleet), "fn", "check", "--format", "prometheus")
    assert result.code == 1
    samples = {line for line in result.out.splitlines() if not line.startswith("#")}
    of = [f'cluster="",node="{node.name}"' for node in fleet.nodes]
    assert {
        f"asudf_node_up{{{of[0]}}} 1",
        f"asudf_node_up{{{of[3]}}} 0",
        f"asudf_function_poisoned{{{of[0]}}} 0",
        f"asudf_function_poisoned{{{of[1]}}} 1",
        'asudf_function_drift{cluster="",library="a"} 0',
        'asudf_function_drift{cluster="",library="b"} 1',
        'asudf_function_check_status{cluster=""} 2',
    } <= samples
    assert f"asudf_function_poisoned{{{of[3]}}}" not in result.out, "it was not read"
    assert sum(line.startswith("asudf_function_library_info{") for line in samples) == 9
    names = {re.match(r"\w+", line)[0] for line in samples}  # type: ignore[index]  # every sample has a name
    assert not [name for name in names if "udf" in name.removeprefix("asudf")], "two fleets, two names"


def test_a_directory_for_another_cluster_says_which_file(
    asadm: Asadm, fleet: ValkeyFleet, tmp_path: Path
) -> None:
    (tmp_path / "a.lua").write_bytes(A)
    (tmp_path / "functions.yaml").write_text("clusters: [sessions]\n")
    refused = asadm(*seed(fleet), "fn", "plan", str(tmp_path))
    assert refused.code == 2
    assert "its functions.yaml is for the cluster sessions; this one is not known" in refused.err


def test_status_ends_as_a_check_does(asadm: Asadm, fleet: ValkeyFleet) -> None:
    assert asadm(*seed(fleet), "fn", "status").code == 0
    fleet[4].load(A)
    assert asadm(*seed(fleet), "fn", "status").code == 3
    assert asadm(*seed(fleet), "--json", "fn", "status").document["code"] == 3
    fleet[3].fail("busy")
    assert asadm(*seed(fleet), "fn", "status").code == 1
