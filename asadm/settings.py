"""Settings of asadm from its own options: typed values, read and checked once for a run."""

from __future__ import annotations

import os

from asinfo.errors import UsageError
from asinfo.terminal.options import notes

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asinfo.terminal.options import Values

OF_A_FILE = ("config-file", "only-config-file", "instance")


class RunSettings:  # plain class: dataclasses cost more to import than the whole run
    """The commands of a run, and how their results are shown; nothing of it is about nodes.

    ``version``     print the version, and nothing else
    ``completion``  print the completion script of this shell, and nothing else; None for none
    ``offer``       print what completion offers of this kind, and nothing else; None for none
    ``execute``     each commands, or the name of a file of commands; empty if not given
    ``file``        a file of commands, ``-`` for standard input; None if not given
    ``words``       the words of one command
    ``enable``      commands may change the cluster
    ``json``        standard output gets one JSON document a command
    ``out_file``    gets what would go to standard output; None for standard output
    ``colour``      colours may be used, on a terminal
    ``no_password_left``  standard input would have to give a password; it cannot give commands then
    """

    __slots__ = (
        "colour", "completion", "enable", "execute", "file", "json", "no_password_left", "offer", "out_file", "version", "words",
    )  # fmt: skip

    def __init__(self, values: Values) -> None:
        """What a command line says. Raises UsageError for more than one way to say what is to be run."""
        self.version = values.flag("version")
        self.completion = values.text("completion")
        self.offer = values.text("offer")
        self.execute = values.texts("execute")
        self.file = values.text("file")
        self.words = values.words
        self.enable = values.flag("enable")
        self.json = values.flag("json")
        self.out_file = values.text("out-file")
        plain = values.flag("no-color") or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        self.colour = not plain
        self.no_password_left = (
            "user" in values.given and not values.text("password") and values.text("auth") != "PKI"
        )
        if sum((bool(self.execute), self.file is not None, bool(self.words))) > 1:
            if self.execute and self.words and self.file is None and " " not in self.execute[-1]:
                whole = " ".join((self.execute[-1], *self.words))
                raise UsageError(f"-e takes one word: put the commands in quotes, as in -e '{whole}'")
            raise UsageError("-e, -f and plain words each say what to run: give one of them")


class TargetSettings:  # plain class, see above
    """Which nodes a run is about.

    ``hosts``           whether ``-h`` names the nodes
    ``inventory``       the file that is named, on the command line or in the environment; None for none
    ``cluster``         the cluster of an inventory that is named so; None for its default one
    ``cluster_option``  how it was named, for messages
    ``astools``         whether an option is about astools.conf, so that no inventory is looked for
    ``port``            whether a port was given; it goes with ``-h``
    ``tls_name``        for all nodes; None for what a file says
    ``discover``        add the peers that the nodes name
    ``connection``      how the nodes are reached: what every tool has options for
    """

    __slots__ = (
        "astools", "cluster", "cluster_option", "connection", "discover", "hosts", "inventory", "port",
        "tls_name",
    )  # fmt: skip

    def __init__(self, values: Values) -> None:
        """What a command line and the environment say. Raises UsageError for options that exclude each other."""
        from asinfo.settings import ConnectionSettings  # who asks no node needs none

        given = values.given
        self.hosts = "host" in given
        self.inventory = values.text("inventory")
        self.cluster = values.text("cluster")
        self.cluster_option = "--cluster " if "cluster" in given else "ASADM_CLUSTER="
        self.port = "port" in given
        self.tls_name = values.text("tls-name")
        self.discover = values.flag("discover")
        self.connection = ConnectionSettings(values)
        of_a_file = [name for name in OF_A_FILE if name in given]
        self.astools = bool(of_a_file)
        typed = [name for name in ("inventory", "cluster") if name in given]
        if self.hosts and typed:
            raise UsageError("-h names the nodes, and --inventory or --cluster too: give one of them")
        if of_a_file and typed:
            raise UsageError(
                f"--{of_a_file[0]} is about astools.conf, --{typed[0]} about an inventory: give one of them"
            )


def warnings(values: Values) -> list[str]:
    """What to tell of options that do nothing here. Raises UsageError for those that would mislead."""
    found = notes(values)
    if values.flag("services-alternate") and values.flag("services-alumni"):
        raise UsageError("--services-alternate and --services-alumni exclude each other")
    if values.flag("services-alternate") and not values.flag("discover"):
        found.append(
            "--services-alternate goes with --discover: without it just the nodes that are named are asked"
        )
    return found
