"""Loads a Config from a configuration file, or makes the one without a file."""

from __future__ import annotations

import os
from pathlib import PurePath
from typing import TYPE_CHECKING

from asinfo import conf_file, conf_grammar
from asinfo.conf_grammar import FILE_SIZE_MAX, ConfigStatement, Problems
from asinfo.errors import ConfigError, Problem
from asudfd.config import bind
from asudfd.config.schema import Config, NamespaceConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asudfd.config.assignment import ParameterAssignment

MODULES = "usr/udf/lua"
"""Directory of the modules under the work-directory unless `user-path` says otherwise, as the real server's layout."""

USER_PATH_SIZE_MAX = 255
"""Bytes of the path of the modules, as on the real server."""

NAMESPACES = ("test", "bar")
"""The namespaces where no file names others, as in the vendor's example file."""

NSUP_PERIOD = 120
"""Seconds between removals of expired records where no file says otherwise."""


def embedded(
    work_directory: str,
    namespaces: Sequence[str] = NAMESPACES,
    assignments: Sequence[ParameterAssignment] = (),
    origin: str = "--namespace",
) -> Config:
    """The configuration without a file: ``namespaces`` in memory, all state under ``work_directory``.

    Expired records are removed, since clients may give every record a time to live. The log has no ticker, which would be
    nearly all of it, unless its interval is given. Raises ConfigError for a name that cannot be, with ``origin`` for what
    the user has written it with, and for ``assignments`` that do not fit.
    """
    config = Config(namespaces=[NamespaceConfig(name, nsup_period=NSUP_PERIOD) for name in NAMESPACES])
    interval = config.service.ticker_interval
    if tuple(namespaces) != NAMESPACES:
        config.namespaces = _named(namespaces, origin)
    _assign(config, assignments)
    config.ticker = config.service.ticker_interval != interval
    _place(config, work_directory)
    return config


def _named(names: Sequence[str], origin: str) -> list[NamespaceConfig]:
    """Namespaces as a file would declare them. Raises ConfigError."""
    problems = Problems(origin)
    period = ConfigStatement("nsup-period", (str(NSUP_PERIOD),), 0)
    statements = [ConfigStatement("namespace", (name,), 0, [period]) for name in names]
    namespaces = bind.bind(statements, problems, Problems("")).namespaces
    if problems:
        raise ConfigError(problems)
    return namespaces


def _assign(config: Config, assignments: Sequence[ParameterAssignment]) -> None:
    """Change ``config`` as a command line says. Raises ConfigError with all that does not fit."""
    if not assignments:
        return
    from asudfd.config.assignment import assign, origins

    warnings = Problems(origins(assignments))
    problems = {str(each): each for group in assign(config, assignments, warnings) for each in group}
    if problems:  # one for each namespace may be the same
        raise ConfigError([*problems.values()])
    config.warnings += warnings


def load(
    path: str, work_directory: str | None = None, assignments: Sequence[ParameterAssignment] = ()
) -> Config:
    """The configuration in the file ``path``; its warnings are in ``Config.warnings``.

    A name ending in .yaml or .yml is read as YAML. ``work_directory`` replaces the file's, and ``assignments`` what it says
    of their parameters. Raises ConfigError with all problems of the file.
    """
    problems = Problems(path)
    return _loaded(conf_file.statements(path, problems), problems, work_directory, assignments)


def load_text(text: str, work_directory: str, assignments: Sequence[ParameterAssignment] = ()) -> Config:
    """The configuration that ``text`` spells in the form of aerospike.conf. Raises ConfigError as `load` does."""
    problems = Problems("the configuration")
    return _loaded(
        conf_grammar.parse(conf_grammar.decode(text.encode("utf-8", "surrogatepass"), problems), problems),
        problems,
        work_directory,
        assignments,
    )


def _loaded(
    statements: list[ConfigStatement],
    problems: Problems,
    work_directory: str | None,
    assignments: Sequence[ParameterAssignment],
) -> Config:
    warnings = Problems(problems.path)
    config = bind.bind(statements, problems, warnings)
    if not problems:
        _assign(config, assignments)
    _place(config, work_directory or config.service.work_directory)
    if len(os.fsencode(config.mod_lua.user_path)) > USER_PATH_SIZE_MAX:
        problems.add(0, f"'user-path' is longer than {USER_PATH_SIZE_MAX} bytes: {config.mod_lua.user_path}")
    if problems:
        raise ConfigError(sorted(problems, key=lambda problem: problem.line or FILE_SIZE_MAX))
    config.warnings = warnings + config.warnings
    return config


def check(path: str) -> list[Problem]:
    """The warnings about the file ``path``. Raises ConfigError with all problems, as `load` does."""
    return load(path).warnings


def _place(config: Config, work_directory: str) -> None:
    """Keep the state under ``work_directory``, and the modules too unless their path is absolute."""
    config.service.work_directory = work_directory
    # joining leaves an absolute path alone
    config.mod_lua.user_path = str(PurePath(work_directory, config.mod_lua.user_path or MODULES))
