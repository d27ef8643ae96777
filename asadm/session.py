"""One run of asadm: its settings, its privilege and the cluster it is about."""

from __future__ import annotations

from asadm.target.types import UDF, default_rules
from asinfo.terminal import interrupt

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable

    from asadm.outcome import CommandOutcome
    from asadm.statement import CommandArguments, ParsedCommand
    from asadm.target.interface import Target
    from asadm.target.types import RulesOf
    from asinfo.terminal.options import Values


class CommandSession:
    """The session in which commands run: target, options and output.

    ``privileged``  after ``enable``
    ``finished``    after ``exit``: no further command runs
    ``json``        standard output carries one JSON document a command
    ``colour``      standard output may carry colours
    ``terminal``    standard output is a terminal
    ``noted``       names of nodes, and the notes about them that the user was told
    ``flags``       the flags of asadm itself, for a command that writes down how to call asadm again
    ``states``      the status of each node in the last command, by its name
    ``rules_of``    finds the rules for modules of the cluster, which needs no node
    """

    __slots__ = (
        "_clusters",
        "_resolve",
        "colour",
        "family_of",
        "finished",
        "flags",
        "json",
        "noted",
        "privileged",
        "rules_of",
        "states",
        "terminal",
        "warn",
        "write",
    )

    def __init__(
        self,
        resolve: Callable[[str], Target],
        *,
        write: Callable[[bytes], None],
        warn: Callable[[str], None],
        privileged: bool = False,
        json: bool = False,
        colour: bool = False,
        terminal: bool = False,
        flags: Values | None = None,
        rules_of: RulesOf = default_rules,
        family_of: Callable[[], str] = lambda: UDF,
    ) -> None:
        """A session that has asked nothing yet.

        ``resolve`` finds the targets for a family of commands when they are first needed, ``family_of`` the family that they are for; ``write`` puts bytes on standard output now;
        ``warn`` puts one line, without the name of the program, on standard error now.
        """
        self._resolve = resolve
        self._clusters: dict[str, Target] = {}
        self.write = write
        self.warn = warn
        self.privileged = privileged
        self.finished = False
        self.noted: set[tuple[str, str]] = set()
        self.json = json
        self.colour = colour
        self.terminal = terminal
        self.flags = flags
        self.rules_of = rules_of
        self.states: dict[str, str] = {}
        self.family_of = family_of

    def cluster(self, arguments: CommandArguments | None = None) -> Target:
        """The nodes this run is about, found on the first call; only those of the ``with`` clause, if there is one.

        Without ``arguments`` those of the cluster that is meant, whatever its type.

        Raises UsageError or ConfigError when the targets cannot be told; nothing has been sent then.
        """
        cluster = self.cluster_for(arguments.family if arguments else self.family_of())
        words = arguments.clauses.get("with") if arguments else None
        return cluster.only(words) if words else cluster

    def cluster_for(self, family: str, *, timeout: float | None = None) -> Target:
        """The same for the commands of ``family``, with all its nodes; each of them has ``timeout`` at most. Raises as `cluster` does."""
        if family not in self._clusters:
            self._clusters[family] = self._resolve(family)
        return self._clusters[family].afresh(timeout=timeout)

    def bold(self, line: str) -> bytes:
        """``line`` for standard output, bold where colours are shown."""
        from asinfo.text import visible

        encoded = "\n".join(map(visible, line.split("\n"))).encode()
        return b"\x1b[1m" + encoded + b"\x1b[0m" if self.colour else encoded

    def safe(self, data: bytes) -> bytes:
        """``data`` for standard output: as it is, but a terminal gets no control characters, which could steer it."""
        if not self.terminal:
            return data
        from asinfo.text import text, visible

        lines = [
            b"\t".join(visible(text(part)).encode() for part in line.split(b"\t"))
            for line in data.split(b"\n")
        ]
        return b"\n".join(lines)

    def run(self, call: ParsedCommand) -> CommandOutcome:
        """Run one parsed command; commands that run others (``watch``) use it too. Shows nothing."""
        outcome: CommandOutcome = call.module.run(self, call.arguments)
        outcome.code = interrupt.code(outcome.code)
        self.states.update((answer.node.name, answer.status) for answer in outcome.answers)
        return outcome
