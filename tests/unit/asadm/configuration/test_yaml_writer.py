"""What is written down of a cluster is read again as it was."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from asadm.configuration import baseline
from asadm.configuration.yaml_writer import written

if TYPE_CHECKING:
    from asadm.configuration.parameters import Settings

VALUES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20) | st.sampled_from(
    [
        "true",
        "no",
        "null",
        "~",
        "1e3",
        "0x10",
        "010",
        "-5",
        "12:30:45",
        "2026-11-30",
        "'",
        '"',
        "a: b",
        "# x",
        "{}",
        "4G",
    ]
)
NAMES = st.from_regex(r"[a-z]{1,5}(-[a-z]{1,3})?", fullmatch=True).filter(
    lambda name: name not in {"name", "type", "set", "sets", "file", "mount", "device", "dc", "tls", "files"}
)


def again(settings: Settings) -> Settings:
    with TemporaryDirectory() as directory:
        file = Path(directory) / "b.yaml"
        file.write_text(written(settings), encoding="utf-8")
        return baseline.read(str(file))


@given(
    st.dictionaries(
        st.sampled_from(["service", "xdr", "mod-lua", "namespace test", "namespace 1", "namespace no"]),
        st.dictionaries(NAMES, VALUES, min_size=1),
    )
)
def test_it_is_read_as_it_was_written(settings: Settings) -> None:
    assert again(settings) == settings


def test_contexts_in_contexts_lists_sets_and_sinks() -> None:
    settings: Settings = {
        "network": {"heartbeat.interval": "150", "service.disable-localhost": "false"},
        "namespace test": {
            "storage-engine": "device",
            "storage-engine.defrag-lwm-pct": "50",
            "index-type": "mem",
            **{f"storage-engine.device[{number}]": f"/dev/{number}" for number in range(12)},
            "storage-engine.device[2].shadow": "/dev/x",
        },
        "namespace test set users": {"stop-writes-count": "5"},
        "logging 0": {"file": "/var/log/a", "udf": "info"},
        "logging 1": {"file": "stderr", "udf": "debug"},
    }
    assert again(settings) == settings


def test_the_order_does_not_depend_on_that_of_the_node() -> None:
    one: Settings = {"service": {"b": "1", "a": "2"}, "network": {"x.y": "1"}}
    other: Settings = {"network": {"x.y": "1"}, "service": {"a": "2", "b": "1"}}
    assert written(one) == written(other)
