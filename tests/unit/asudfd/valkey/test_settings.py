"""Settings: changed all or none, and read by the server as fields."""

from __future__ import annotations

import pytest

from asudfd.valkey.parameters import parameters
from asudfd.valkey.settings import LOG_LEVELS, OUTPUT_MAX, PINNED, ParameterError, ValkeySettings


def test_fields_follow_the_texts() -> None:
    settings = ValkeySettings(values={"maxclients": "7"})
    settings.change(
        {"lua-time-limit": "100", "maxmemory": "1kb", "client-output-buffer-limit": "normal 5 0 0"}
    )
    assert settings.connections_max == 7
    assert settings.busy_milliseconds == 100
    assert settings.maxmemory == 1024
    assert settings.output_max == 5
    assert settings.text("busy-reply-threshold") == settings.text("lua-time-limit") == "100"


def test_a_client_without_a_limit_has_one_all_the_same() -> None:
    assert ValkeySettings().output_max == OUTPUT_MAX


@pytest.mark.parametrize(
    ("values", "limit"),
    [
        ({}, 2 * OUTPUT_MAX),
        ({"client-output-buffer-limit": "normal 100 0 0"}, 200),
        ({"maxmemory-clients": "1kb"}, 1024),
        ({"maxmemory-clients": "10%", "maxmemory": "1000"}, 100),
        ({"maxmemory-clients": "10%"}, 2 * OUTPUT_MAX),
    ],
)
def test_all_clients_together_have_a_limit(values: dict[str, str], limit: int) -> None:
    settings = ValkeySettings()
    settings.change(values)
    assert settings.outputs_max == limit


def test_a_wrong_value_changes_none_of_them() -> None:
    settings = ValkeySettings()
    with pytest.raises(ParameterError) as raised:
        settings.change({"timeout": "5", "maxmemory": "x"})
    assert str(raised.value) == (
        "CONFIG SET failed (possibly related to argument 'maxmemory') - argument must be a memory value"
    )
    assert settings.text("timeout") == "0"


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("save", "60 1", "asudfd writes no RDB files"),
        ("maxmemory-policy", "allkeys-lru", "asudfd evicts nothing"),
        ("latency-monitor-threshold", "100", "asudfd does not monitor latency"),
        ("io-threads", "4", "asudfd serves all clients in one thread"),
        ("activedefrag", "yes", "asudfd has nothing to defragment"),
        ("protected-mode", "yes", "who reaches asudfd"),
        ("port", "7000", "asudfd listens as"),
        ("tls-port", "7000", "asudfd listens as"),
        ("tls-auth-clients", "no", "asudfd listens as"),
    ],
)
def test_what_has_no_effect_only_takes_what_is_true(name: str, value: str, reason: str) -> None:
    settings = ValkeySettings()
    before = settings.text(name)
    settings.change({name: before})
    with pytest.raises(ParameterError, match=reason):
        settings.change({"timeout": "5", name: value})
    assert (settings.text(name), settings.text("timeout")) == (before, "0")


def test_every_pinned_parameter_is_one() -> None:
    assert PINNED.keys() <= parameters().keys()
    assert parameters()["loglevel"].choices == LOG_LEVELS
