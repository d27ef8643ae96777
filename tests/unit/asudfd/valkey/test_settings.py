"""Settings: changed all or none, and read by the server as fields."""

from __future__ import annotations

import pytest

from asudfd.valkey.settings import OUTPUT_MAX, ParameterError, ValkeySettings


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


def test_a_wrong_value_changes_none_of_them() -> None:
    settings = ValkeySettings()
    with pytest.raises(ParameterError) as raised:
        settings.change({"timeout": "5", "maxmemory": "x"})
    assert str(raised.value) == (
        "CONFIG SET failed (possibly related to argument 'maxmemory') - argument must be a memory value"
    )
    assert settings.text("timeout") == "0"


def test_what_would_be_a_wrong_promise_is_refused() -> None:
    with pytest.raises(ParameterError, match="storage"):
        ValkeySettings().change({"appendonly": "yes"})
