"""Plan files: what was written is what is read, what was changed is refused, and when a plan is out of date."""

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asadm.fleet.desired import directory
from asadm.fleet.observed import survey
from asadm.fleet.plan import plan_file
from asadm.fleet.plan.plan import FleetPlan, make
from asadm.fleet.plan.plan_file import stale
from asadm.outcome import NodeAnswer
from asadm.target.aerospike.module_list import listings
from asadm.target.aerospike.rules import ALLOWED
from asinfo.errors import ConfigError, UsageError
from asinfo.exchange import Endpoint
from asinfo.wire.udf import module_list

ONE, TWO = "1" * 40, "2" * 40
SOURCE = b"return '\xff'\r\n"


def surveyed(*lists: dict[bytes, str] | None) -> survey.Survey:
    answers = []
    for number, modules in enumerate(lists):
        node = Endpoint(f"10.0.0.{number}", 3000, name=f"n{number}")
        answers.append(
            NodeAnswer(node, "refused", (), "nobody listens there")
            if modules is None
            else NodeAnswer(node, "ok", [module_list(modules.items())])
        )
    return survey.Survey(listings(answers))


def planned(path: Path, *lists: dict[bytes, str] | None, prune: bool = False) -> FleetPlan:
    (path / "udf").mkdir(exist_ok=True)
    (path / "udf" / "a.lua").write_bytes(SOURCE)
    (path / "udf" / "udf.yaml").write_text("keep: [k.lua]\nexclude: [e.lua]\nclusters: [production]\n")
    return make(directory.read(str(path / "udf")), surveyed(*lists), prune=prune)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    plan = planned(
        tmp_path, {b"a.lua": ONE, b"\xff.lua": TWO}, None, {b"a.lua": ONE, b"\xff.lua": TWO}, prune=True
    )
    path = tmp_path / "plan.json"
    plan_file.write(plan, str(path), cluster="production")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(each.name for each in tmp_path.iterdir()) == ["plan.json", "udf"]
    saved = plan_file.read(str(path))
    source = saved.directory.sources[b"a.lua"]
    assert (source.content, source.hash) == (SOURCE, plan.directory.sources[b"a.lua"].hash)
    assert (saved.prune, saved.cluster) == (True, "production")
    assert (saved.directory.keep, saved.directory.exclude) == (("k.lua",), ("e.lua",))
    assert saved.directory.clusters == ("production",)
    assert saved.seen["n0"] == {b"a.lua": ONE, b"\xff.lua": TWO}
    assert saved.seen["n1"] is None
    assert saved.addresses == {"n0": "10.0.0.0:3000", "n1": "10.0.0.1:3000", "n2": "10.0.0.2:3000"}
    again = make(saved.directory, plan.survey, prune=saved.prune)
    assert [step.actions for step in again.steps] == [step.actions for step in plan.steps]


def test_a_plan_is_stale_when_the_nodes_changed(tmp_path: Path) -> None:
    plan = planned(tmp_path, {b"a.lua": ONE, b"x.lua": ONE}, {}, None)
    path = str(tmp_path / "plan.json")
    plan_file.write(plan, path)
    saved = plan_file.read(path)
    wanted = saved.directory.sources[b"a.lua"].hash
    same: dict[bytes, str] = {b"a.lua": ONE, b"x.lua": ONE}
    assert stale(saved, plan.survey) == []
    assert stale(saved, surveyed(same, {b"a.lua": wanted}, {b"a.lua": wanted})) == [], "applied in part"
    assert stale(saved, surveyed(None, None, None)) == [], "a failure of its own"
    assert stale(saved, surveyed({b"a.lua": ONE}, {}, None)) == [], "x.lua is not of the plan"
    assert stale(saved, surveyed({b"a.lua": TWO}, {}, None)) == [
        "a.lua on n0 was 1111111111, and is 2222222222 now"
    ]
    assert stale(saved, surveyed({}, {}, None)) == ["a.lua on n0 was 1111111111, and is missing now"]
    assert stale(saved, surveyed(same, {}, {})) == ["a.lua on n2 could not be read then, and is missing now"]
    assert stale(saved, surveyed(same, {})) == ["n2 is no longer among the nodes"]
    assert stale(saved, surveyed(same, {}, None, {})) == ["n3 was not among the nodes when the plan was made"]


def test_with_prune_other_modules_count(tmp_path: Path) -> None:
    plan = planned(tmp_path, {b"x.lua": ONE, b"k.lua": ONE}, prune=True)
    path = str(tmp_path / "plan.json")
    plan_file.write(plan, path)
    saved = plan_file.read(path)
    assert stale(saved, surveyed({})) == []
    assert stale(saved, surveyed({b"x.lua": TWO})) == ["x.lua on n0 was 1111111111, and is 2222222222 now"]
    assert stale(saved, surveyed({b"y.lua": TWO})) == ["y.lua on n0 was missing, and is 2222222222 now"]


def test_a_node_that_moved(tmp_path: Path) -> None:
    path = str(tmp_path / "plan.json")
    plan_file.write(planned(tmp_path, {}), path)
    moved = survey.Survey(listings([NodeAnswer(Endpoint("10.9.9.9", 3000, name="n0"), "ok", [b""])]))
    assert stale(plan_file.read(path), moved) == ["n0 was at 10.0.0.0:3000, and is at 10.9.9.9:3000 now"]


CHANGES: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda plan: plan.update(format="x"), "is not a plan of asadm"),
    (lambda plan: plan.update(version=2), "is a plan of version 2; this asadm reads version 1"),
    (lambda plan: plan["modules"].clear(), "has no modules"),
    (
        lambda plan: plan["modules"][0].update(content="eA=="),
        "the content of a.lua is not what its hash says: the file was changed",
    ),
    (lambda plan: plan["modules"][0].update(content=""), "a.lua has 0 bytes; a module has 1 to 1048575"),
    (lambda plan: plan["modules"][0].update(content="%"), "is damaged, or not a plan of asadm"),
    (
        lambda plan: plan["modules"][0].update(name="../a.lua"),
        f"'../a.lua' cannot be the name of a module on a node: {ALLOWED}",
    ),
    (lambda plan: plan["modules"][0].update(name=7), "is damaged, or not a plan of asadm"),
    (lambda plan: plan.update(modules={"a": 1}), "is damaged, or not a plan of asadm"),
    (lambda plan: plan.update(prune="yes"), "is damaged, or not a plan of asadm"),
    (lambda plan: plan.update(keep=[1]), "is damaged, or not a plan of asadm"),
    (lambda plan: plan["nodes"][0].update(list=9), "is damaged, or not a plan of asadm"),
    (lambda plan: plan.pop("nodes"), "is damaged, or not a plan of asadm"),
    (lambda plan: plan.update(lists=[1]), "is damaged, or not a plan of asadm"),
]


@pytest.mark.parametrize(("change", "message"), CHANGES)
def test_a_plan_that_was_changed(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    path = tmp_path / "plan.json"
    plan_file.write(planned(tmp_path, {}), str(path))
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))
    with pytest.raises(ConfigError) as error:
        plan_file.read(str(path))
    assert str(error.value) == f"{path}: {message}"


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"1", b"\xff", b"[" * 100_000, b'"' + b"x" * 100])
def test_what_is_no_plan(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="not a plan of asadm"):
        plan_file.read(str(path))


def test_a_plan_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "plan.json"
    plan_file.write(planned(tmp_path, {}), str(path))
    monkeypatch.setattr(plan_file, "SIZE_MAX", 100)
    with pytest.raises(ConfigError, match="larger than 100"):
        plan_file.read(str(path))
    with pytest.raises(UsageError, match="larger than 100"):
        plan_file.write(planned(tmp_path, {}), str(path))
    with pytest.raises(UsageError, match="No such file"):
        plan_file.read(str(tmp_path / "no"))
