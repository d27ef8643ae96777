"""The Prometheus text file."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asadm.cron.metrics import NodeFigures, RunFigures, check_target, previous_successes, render, write
from asinfo.errors import Error, UsageError


def run(*nodes: NodeFigures, cluster: str = "prod", ended_at: float = 1000.0) -> RunFigures:
    return RunFigures(cluster, ended_at, 0.25, nodes)


GOOD = NodeFigures("n1", 999.5, 0.01)
BAD = NodeFigures("n2", None, 1.0)


def test_every_node_has_its_figures(tmp_path: Path) -> None:
    path = tmp_path / "asudf.prom"
    write(str(path), run(GOOD, BAD))
    assert path.read_text().splitlines() == [
        "# HELP asudf_cache_clear_run_timestamp_seconds When the last run ended.",
        "# TYPE asudf_cache_clear_run_timestamp_seconds gauge",
        'asudf_cache_clear_run_timestamp_seconds{cluster="prod"} 1000',
        "# HELP asudf_cache_clear_run_duration_seconds How long the last run took.",
        "# TYPE asudf_cache_clear_run_duration_seconds gauge",
        'asudf_cache_clear_run_duration_seconds{cluster="prod"} 0.25',
        "# HELP asudf_cache_clear_nodes Configured nodes in the last run.",
        "# TYPE asudf_cache_clear_nodes gauge",
        'asudf_cache_clear_nodes{cluster="prod"} 2',
        "# HELP asudf_cache_clear_nodes_failed Nodes that failed in the last run.",
        "# TYPE asudf_cache_clear_nodes_failed gauge",
        'asudf_cache_clear_nodes_failed{cluster="prod"} 1',
        "# HELP asudf_cache_clear_success Whether the node cleared its cache in the last run.",
        "# TYPE asudf_cache_clear_success gauge",
        'asudf_cache_clear_success{cluster="prod",node="n1"} 1',
        'asudf_cache_clear_success{cluster="prod",node="n2"} 0',
        "# HELP asudf_cache_clear_duration_seconds How long the last request to the node took.",
        "# TYPE asudf_cache_clear_duration_seconds gauge",
        'asudf_cache_clear_duration_seconds{cluster="prod",node="n1"} 0.01',
        'asudf_cache_clear_duration_seconds{cluster="prod",node="n2"} 1',
        "# HELP asudf_cache_clear_last_success_timestamp_seconds When the node last cleared its cache; no sample before its first success.",
        "# TYPE asudf_cache_clear_last_success_timestamp_seconds gauge",
        'asudf_cache_clear_last_success_timestamp_seconds{cluster="prod",node="n1"} 999.5',
        "# HELP asudf_cache_clear_cache_left_off Whether the node is a real Aerospike server, whose cache stays off until a module changes.",
        "# TYPE asudf_cache_clear_cache_left_off gauge",
        'asudf_cache_clear_cache_left_off{cluster="prod",node="n1"} 0',
        'asudf_cache_clear_cache_left_off{cluster="prod",node="n2"} 0',
    ]


def test_the_last_success_of_a_failing_node_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "asudf.prom"
    write(str(path), run(NodeFigures("n2", 500.25, 0.1)))
    write(str(path), run(BAD))
    write(str(path), run(GOOD, BAD))
    assert previous_successes(path.read_text()) == {
        '{cluster="prod",node="n1"}': 999.5,
        '{cluster="prod",node="n2"}': 500.25,
    }


@pytest.mark.parametrize(
    "before", [b"", b"\xff\xfe garbage {", b"asudf_cache_clear_last_success_timestamp_seconds{} x\n"]
)
def test_a_damaged_previous_file_is_replaced(tmp_path: Path, before: bytes) -> None:
    path = tmp_path / "asudf.prom"
    path.write_bytes(before)
    write(str(path), run(GOOD))
    assert 'success{cluster="prod",node="n1"} 1\n' in path.read_text()


@pytest.mark.parametrize("value", ["nan", "inf", "-5", "", "1e999"])
def test_a_senseless_time_stamp_is_not_kept(value: str) -> None:
    line = f'asudf_cache_clear_last_success_timestamp_seconds{{cluster="",node="a"}} {value}\n'
    assert previous_successes(line) == {}


@given(st.text(), st.text(), st.floats(min_value=1, max_value=4e9))
def test_any_name_finds_its_own_last_success_again(cluster: str, node: str, stamp: float) -> None:
    text = render(run(NodeFigures(node, stamp, 0.0), cluster=cluster), {})
    kept = previous_successes(text)
    again = render(run(NodeFigures(node, None, 0.0), cluster=cluster), kept)
    assert previous_successes(again) == kept
    assert len(kept) == 1


@given(st.text())
def test_any_text_may_have_been_in_the_file(text: str) -> None:
    previous_successes(text)


def test_the_file_is_readable_for_the_collector_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "asudf.prom"
    write(str(path), run(GOOD))
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_write_leaves_the_previous_file(tmp_path: Path) -> None:
    (tmp_path / "asudf.prom").mkdir()
    (tmp_path / "asudf.prom" / "x").touch()
    with pytest.raises(Error, match="was not written"):
        write(str(tmp_path / "asudf.prom"), run(GOOD))
    assert [entry.name for entry in tmp_path.iterdir()] == ["asudf.prom"]


@pytest.mark.parametrize("name", ["", "/", "none/asudf.prom", "dir", "nul\0.prom", "dir/"])
def test_a_senseless_target_is_refused_first(tmp_path: Path, name: str) -> None:
    (tmp_path / "dir").mkdir()
    with pytest.raises(UsageError, match="--metrics-file"):
        check_target(f"{tmp_path}/{name}" if name else "")


def test_a_usable_target_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_target(str(tmp_path / "asudf.prom"))
    monkeypatch.chdir(tmp_path)
    check_target("asudf.prom")
