"""Options and environment variables in place of a configuration file."""

from pathlib import Path

import pytest

from asinfo.errors import ConfigError, UsageError
from asinfo.terminal.options import recognise
from asudfd import cli, flags
from asudfd.config.schema import Config


def configured(*argv: str, path: str | None = None) -> Config:
    values = recognise(argv, cli.OPTIONS)
    assert values is not None
    return flags.configuration(values, path, "/w")


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (flags.NAMESPACE_VARIABLE, *flags.VARIABLES):
        monkeypatch.delenv(name, raising=False)


def test_options() -> None:
    made = configured(
        "--namespace", "a", "--namespace=b", "--default-ttl", "30d", "--cluster-name=demo", "--set", "namespace.b.default-ttl=9"
    )  # fmt: skip
    assert [(each.name, each.default_ttl) for each in made.namespaces] == [("a", 30 * 86400), ("b", 9)]
    assert made.service.cluster_name == "demo"


def test_variables_of_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = {"NAMESPACE": "users", "DEFAULT_TTL": "1d", "CLUSTER_NAME": "c", "MEM_GB": "2", "SERVICE_ADDRESS": "127.0.0.9", "SERVICE_PORT": "3100"}  # fmt: skip
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    made = configured()
    (users,) = made.namespaces
    assert (users.name, users.default_ttl, users.storage_engine.data_size) == ("users", 86400, 2 << 30)
    service = made.network.service
    assert (made.service.cluster_name, service.address, service.port) == ("c", "127.0.0.9", 3100)
    assert configured("--namespace", "x", "--cluster-name", "d").service.cluster_name == "d"
    path = tmp_path / "a.conf"
    path.write_text("namespace file {\n}\n")
    made = configured(path=str(path))
    assert [each.name for each in made.namespaces] == ["file"]
    assert (made.service.cluster_name, made.network.service.port) == ("null", 3000)


def test_what_is_wrong_names_where_it_was_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^--default-ttl: "):
        configured("--default-ttl", "x")
    with pytest.raises(UsageError, match="'x' is no CONTEXT"):
        configured("--set", "x")
    path = tmp_path / "a.conf"
    path.write_text("namespace file {\n}\n")
    with pytest.raises(UsageError, match="the configuration file says"):
        configured("--namespace", "a", path=str(path))
    monkeypatch.setenv("SERVICE_PORT", "x")
    with pytest.raises(ConfigError, match=r"^SERVICE_PORT: "):
        configured()
    monkeypatch.delenv("SERVICE_PORT")
    monkeypatch.setenv("NAMESPACE", "a b")
    with pytest.raises(ConfigError, match=r"^NAMESPACE: 'a b' cannot be a name"):
        configured()
    with pytest.raises(ConfigError, match=r"^--namespace: 'c d' cannot be a name"):
        configured("--namespace", "c d")
    monkeypatch.delenv("NAMESPACE")
    monkeypatch.setenv("SERVICE_ADDRESS", "203.0.113.9")
    with pytest.raises(ConfigError, match=r"^SERVICE_ADDRESS: 'address' is no address of this machine"):
        configured()


def test_an_empty_value_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--namespace", "", "--set="]) == cli.EXIT_USAGE
    assert "--namespace: the value is empty" in capsys.readouterr().err
