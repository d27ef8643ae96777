"""From a configuration file, or none, to a Config."""

from daemon.config.schema import Config, Namespace

MODULES = "usr/udf/lua"
"""Directory of the modules under the work-directory unless `user-path` says otherwise, as the real server's layout."""


def embedded(work_directory: str) -> Config:
    """The configuration without a file: two namespaces, all state under ``work_directory``."""
    config = Config(namespaces=[Namespace("test"), Namespace("bar")])
    _place(config, work_directory)
    return config


def _place(config: Config, work_directory: str) -> None:
    """Keep the state under ``work_directory``, and the modules too unless they have a place of their own."""
    config.service.work_directory = work_directory
    config.mod_lua.user_path = config.mod_lua.user_path or f"{work_directory}/{MODULES}"
