"""astools.conf: the configuration file of the tools, and its union with the command line.

Order, later wins: /etc/aerospike/astools.conf, ~/.aerospike/astools.conf, ``--config-file``, the command line.
Any fault of a file stops the run: a typo must never change which cluster is asked.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asinfo.exchange import Node
    from asinfo.options import Values


class Settings:
    """What files and command line say together: ``nodes`` in the order given, ``timeout`` in seconds (None: not said).

    ``files`` are the paths that were read; ``stated`` tells whether anything named a node (False: the default
    127.0.0.1:3000 stands in ``nodes``).
    """

    __slots__ = ("files", "nodes", "stated", "timeout")

    def __init__(self, nodes: list[Node], *, stated: bool, timeout: float | None, files: list[str]) -> None:
        self.nodes = nodes
        self.stated = stated
        self.timeout = timeout
        self.files = files


def load(values: Values, program: str) -> Settings:
    """Settings for ``program`` (``asinfo`` or ``asadm``, whose own section of the file is read too).

    Passwords are asked for here where the command line says so. Raises ConfigError (a file is wrong) and
    UsageError (the command line is).
    """
    raise NotImplementedError
