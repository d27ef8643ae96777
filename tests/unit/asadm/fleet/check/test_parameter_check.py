"""What is found in the configuration of several nodes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from asadm.fleet.check import formats
from asadm.fleet.check.parameter_check import ParameterCheck
from asadm.outcome import NodeAnswer
from asinfo.exchange import Endpoint
from asinfo.terminal.render import show

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from asadm.configuration.parameters import Settings


def checked(
    *settings: Settings | None, wanted: Settings | None = None, ignore: Sequence[str] = ()
) -> ParameterCheck:
    answers = [
        NodeAnswer(Endpoint("127.0.0.1", number, name=f"n{number}"), "ok" if each else "refused", error="no")
        for number, each in enumerate(settings, 1)
    ]
    return ParameterCheck("", answers, settings, wanted, ignore)


def told(check: ParameterCheck) -> list[str]:
    return [str(finding) for finding in check.findings]


def test_nodes_that_are_alike_are_well() -> None:
    check = checked({"service": {"a": "1", "node-id": "A"}}, {"service": {"a": "1", "node-id": "B"}})
    assert (told(check), check.subjects, check.good) == ([], 1, True)


def test_another_value_one_that_is_not_there_and_a_node_that_was_not_read() -> None:
    check = checked(
        {"service": {"a": "1", "b": "1"}}, {"service": {"a": "2"}}, {"service": {"a": "2", "b": "1"}}, None
    )
    assert told(check) == [
        "unreachable: n4: no (refused)",
        "config-drift: service a: n1: has 1; 2 have 2",
        "config-drift: service b: n2: has no such parameter; 2 have 1",
    ]
    assert not check.complete


def test_two_halves_are_both_named() -> None:
    check = checked({"service": {"a": "1"}}, {"service": {"a": "2"}})
    assert told(check) == ["config-drift: service a: n1: has 1", "config-drift: service a: n2: has 2"]


def test_a_namespace_that_only_some_have_is_one_finding_and_a_set_is_none() -> None:
    check = checked(
        {"namespace x": {"a": "1", "b": "1"}, "namespace x set s": {"c": "1"}, "service": {"a": "1"}},
        {"service": {"a": "1"}},
    )
    assert told(check) == ["config-drift: namespace x: n2: has no such context, and others do"]


def test_places_below_the_own_directory_are_the_same() -> None:
    check = checked(
        {"service": {"work-directory": "/1", "a": "/1/x"}}, {"service": {"work-directory": "/2", "a": "/2/x"}}
    )
    assert check.good


def test_a_file() -> None:
    check = checked(
        {"service": {"a": "1", "b": "2"}, "namespace x": {"c": "1024"}},
        {"service": {"a": "1", "b": "1"}, "namespace x": {"c": "2048"}},
        wanted={
            "service": {"a": "2", "slip": "1", "user": "root"},
            "namespace x": {"c": "1K"},
            "namespace y": {"d": "1", "e": "1"},
            "namespace x set nowhere": {"f": "1"},
            "mod-lua": {"cache-enabled": "true"},
        },
    )
    assert told(check) == [
        "baseline: service a: all 2 nodes: has 1; the file says 2",
        "config-drift: service b: n1: has 2",
        "config-drift: service b: n2: has 1",
        "not-told: service slip: all 2 nodes: is in the file, and no node has it",
        "baseline: namespace x c: n2: has 2048; the file says 1K",
        "not-told: namespace y: all 2 nodes: is in the file, and no node has it",
    ]


def test_the_level_of_any_is_that_of_all_that_are_not_named() -> None:
    check = checked(
        {"logging 0": {"file": "stderr", "udf": "debug", "misc": "info", "rw": "debug"}},
        wanted={"logging 0": {"file": "/var/log/x", "any": "info", "udf": "debug"}},
    )
    assert told(check) == ["baseline: logging 0 rw: n1: has debug; the file says info"]


def test_what_is_ignored() -> None:
    check = checked(
        {"service": {"a": "1", "b": "1"}, "namespace x": {"a": "1"}},
        {"service": {"a": "2", "b": "2"}},
        ignore=["service a", "b", "namespace x *"],
    )
    assert told(check) == []
    assert check.subjects == 0


def test_the_names_of_parameters_are_whole_on_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    name = "storage-engine.stop-writes-avail-pct"
    check = checked(
        {"namespace test": {name: "5"}}, {"namespace test": {name: "6"}}, {"namespace test": {name: "6"}}
    )
    stream = io.StringIO()
    stream.isatty = lambda: True  # type: ignore[method-assign]  # shown as on a terminal
    show(formats.sheet(check), stream, colour=False)
    assert f"namespace test {name}" in stream.getvalue()
    assert max(map(len, stream.getvalue().splitlines())) <= 80


def test_very_many_parameters_that_no_node_has() -> None:
    """To look at all findings for each of them took 11 s for 16000."""
    check = checked(
        {"service": {"a": "1"}}, wanted={"service": {f"p{number}": "1" for number in range(40_000)}}
    )
    assert len(check.findings) == check.count("not-told") == 40_000
