"""Who imports what: foreign libraries have one owner each, and the contracts of pyproject.toml name every module."""

import tomllib
from pathlib import Path

from tests.each import for_each
from tests.tidy.facts import ROOT, SOURCES, facts

OWNERS = {
    "bcrypt": {"asinfo/login.py"},
    "h11": {"daemon/asudfd/network/http.py"},
    "httpx": {"asadm/cron/ping.py", "daemon/asudfd/smd/etcd/gateway.py"},
    "lmdb": {
        "daemon/asudfd/record/check.py",
        "daemon/asudfd/record/database.py",
        "daemon/asudfd/record/disk.py",
        "daemon/asudfd/record/salvage.py",
    },
    "lupa": {"daemon/asudfd/lua/state.py", "asinfo/lint/compiled.py"},
    "rich": {"asinfo/terminal/render.py"},
    "typer": {"asinfo/terminal/application.py"},
    "uvloop": {"daemon/asudfd/server.py"},
    "yaml": {"asadm/yaml_file.py", "asadm/inventory_file.py", "asinfo/conf_yaml.py"},
}
"""The files that may import a library: each costs start-up time, and each could be replaced in one place."""


def imported(path: Path) -> set[str]:
    """Top-level names of the packages that a file imports, wherever in it."""
    return {module.partition(".")[0] for module, _ in facts(path).imports}


@for_each(SOURCES)
def test_a_library_is_imported_by_its_owner_only(path: Path) -> None:
    for library in imported(path):
        assert str(path) in OWNERS.get(library, {str(path)}), library


def test_every_library_that_is_installed_is_used() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {requirement.partition(">")[0] for requirement in project["dependencies"]}
    assert names - {"pyyaml"} <= OWNERS.keys()
    used = set().union(*(imported(path) for path in SOURCES))
    assert OWNERS.keys() <= used


def test_the_contract_of_the_daemon_names_every_module_of_asinfo() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    contract = next(each for each in settings["contracts"] if each["source_modules"] == ["asudfd"])
    packages = {path.parent for path in (ROOT / "asinfo").glob("*/__init__.py")}
    modules = {f"asinfo.{path.stem}" for path in {*(ROOT / "asinfo").glob("*.py"), *packages}}
    allowed = {
        "asinfo.__init__",
        "asinfo.conf_file",
        "asinfo.conf_grammar",
        "asinfo.conf_yaml",
        "asinfo.decode",
        "asinfo.errors",
        "asinfo.directories",
        "asinfo.file_stamp",
        "asinfo.files",
        "asinfo.lint",
        "asinfo.record_text",
        "asinfo.terminal",
        "asinfo.text",
        "asinfo.wire",
    }
    assert set(contract["forbidden_modules"]) == {"asadm", *modules - allowed}


def test_the_contract_of_asadm_names_every_module_that_is_no_target() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    contract = next(
        each for each in settings["contracts"] if each.get("forbidden_modules") == ["asinfo.wire"]
    )
    packages = {path.parent for path in (ROOT / "asadm").glob("*/__init__.py")}
    modules = {f"asadm.{path.stem}" for path in {*(ROOT / "asadm").glob("*.py"), *packages}}
    assert set(contract["source_modules"]) == modules - {"asadm.__init__", "asadm.target"}
    assert contract["ignore_imports"] == ["asadm.commands.asinfo -> asinfo.wire.info"]


def test_the_contract_of_the_lua_engine_names_every_module_of_it() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    contract = next(
        each for each in settings["contracts"] if "asudfd.lua.host" in each.get("source_modules", ())
    )
    files = (ROOT / "daemon" / "asudfd" / "lua").glob("*.py")
    modules = {f"asudfd.lua.{path.stem}" for path in files if path.stem != "__init__"}
    assert set(contract["source_modules"]) == modules | {"asudfd.lua.worker"}
