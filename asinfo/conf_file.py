"""A configuration file of a node, in the form of aerospike.conf or of YAML, as statements."""

from __future__ import annotations

import errno
from pathlib import PurePath
from typing import TYPE_CHECKING

from asinfo import conf_grammar
from asinfo.conf_grammar import FILE_SIZE_MAX
from asinfo.files import PIPE_SECONDS, FileError, read_file

if TYPE_CHECKING:
    from asinfo.conf_grammar import ConfigStatement, Problems

YAML_ENDINGS = {".yaml", ".yml"}
"""Endings of the names of files in the form of YAML."""


def statements(path: str, problems: Problems) -> list[ConfigStatement]:
    """What stands in the file ``path``, which may be a pipe. Whatever is wrong with it is noted in ``problems``."""
    text = conf_grammar.decode(_read(path, problems), problems)
    if PurePath(path).suffix not in YAML_ENDINGS:
        return conf_grammar.parse(text, problems)
    from asinfo import conf_yaml  # yaml takes 20 ms to import

    return conf_yaml.parse(text, problems)


def _read(path: str, problems: Problems) -> bytes:
    try:
        return read_file(path, FILE_SIZE_MAX, pipe_seconds=PIPE_SECONDS)
    except FileError as error:
        problems.add(0, f"cannot be read: {error.reason}" if error.errno != errno.EFBIG else error.reason)
        return b""
