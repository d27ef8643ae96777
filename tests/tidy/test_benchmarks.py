"""The figures of the benchmarks: how they are printed and kept, and that the file of them fits the benchmarks."""

import json
from collections import Counter
from pathlib import Path

import pytest

from docs.bench_page import section
from tests.bench import figures
from tests.bench.figures import BENCHMARKS, RESULTS, Measurement, Run, distribution, figure, merge, read
from tests.each import for_each_row

BENCH = Path(figures.__file__).parent


def run(*found: Measurement, commit: str = "abc1234") -> Run:
    return Run("2026-11-29", commit, "2 x Processor", 0.5, None, list(found))


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[Measurement]:
    found: list[Measurement] = []
    monkeypatch.setattr(figures, "measured", found)
    return found


def test_a_merge_replaces_one_benchmark_and_keeps_the_others(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    old, new = Measurement("old", 1, "ms"), Measurement("new", 2.5, "us", "at most 3 us", 1.25, "the old")
    merge(path, "put", run(old))
    merge(path, "idle", run(old))
    merge(path, "put", run(new, commit="def5678+"))
    assert read(path) == {"idle": run(old), "put": run(new, commit="def5678+")}


def test_the_file_is_the_same_in_whichever_order_benchmarks_run(tmp_path: Path) -> None:
    names = ["put", "idle", "apply"]
    for path, order in (("one", names), ("other", names[::-1])):
        for name in order:
            merge(tmp_path / path, name, run(Measurement(name, 1, "ms")))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()
    assert list(json.loads((tmp_path / "one").read_bytes())) == sorted(names)


def test_what_a_figure_does_not_have_is_not_in_the_file(tmp_path: Path) -> None:
    merge(tmp_path / "file", "put", run(Measurement("plain", 1, "ms")))
    (kept,) = json.loads((tmp_path / "file").read_bytes())["put"]["figures"]
    assert kept == {"name": "plain", "value": 1, "unit": "ms"}


def test_a_figure_is_one_line_and_recorded(
    recorded: list[Measurement], capsys: pytest.CaptureFixture[str]
) -> None:
    figure("a wait", 12.3456, "ms", target="at most 20 ms", ratio=1.2345, against="the disk")
    assert recorded == [Measurement("a wait", 12.3, "ms", "at most 20 ms", 1.23, "the disk")]
    line = "a wait 12.3 ms 1.23 x the disk target: at most 20 ms"
    assert " ".join(capsys.readouterr().out.split()) == line


def test_each_percentile_is_a_figure(recorded: list[Measurement]) -> None:
    distribution("build", [*map(float, range(100))], "ms", p99="at most 10 ms", longest="at most 250 ms")
    assert [(each.name, each.value, each.target) for each in recorded] == [
        ("build: requests", 100, None),
        ("build: median", 50, None),
        ("build: p99", 99, "at most 10 ms"),
        ("build: longest", 99, "at most 250 ms"),
    ]


@for_each_row(
    ("value", "kept", "shown"),
    [
        (0.0, 0, "0"),
        (0.000123456, 0.000123, "0.000123"),
        (0.98765, 0.988, "0.988"),
        (9.996, 10.0, "10"),
        (154.6, 155, "155"),
        (24752.4, 24752, "24,752"),
    ],
)
def test_a_value_has_three_digits_or_is_whole(value: float, kept: float, shown: str) -> None:
    assert figures.rounded(value) == kept
    assert figures.shown(figures.rounded(value)) == shown


def test_every_benchmark_is_in_the_list() -> None:
    found = {path.stem for path in BENCH.glob("*.py") if "\ndef run() -> None:" in path.read_text("utf-8")}
    assert found == set(BENCHMARKS)


@for_each_row("name", sorted(read(RESULTS)))
def test_the_file_of_figures_names_each_once_and_only_of_a_benchmark(name: str) -> None:
    assert name in BENCHMARKS
    names = Counter(each.name for each in read(RESULTS)[name].figures)
    assert max(names.values()) == 1, names.most_common(3)


def test_the_page_has_one_value_per_cell() -> None:
    found = Measurement("a | b", 1500, "us", ratio=1.5, against="<c>")
    text = section("put", run(found))
    assert "| a \\| b | 1,500 | us | 1.5 x &lt;c> |  |" in text
    assert "| commit | `abc1234` |" in text
    assert "| load average after | not recorded |" in text
