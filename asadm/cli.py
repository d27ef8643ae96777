"""The program ``asadm``: from the command line to the exit code.

Exit codes: 0 all nodes answered well, 1 a node failed or answered an error, 2 the command line or a file is wrong
and nothing was sent, 3 changes are pending (only ``udf`` commands that say so), 130 stopped by Ctrl-C, 143 by SIGTERM. Standard
output is data, standard error is messages.
"""

from __future__ import annotations

import os
import sys

from asadm import display, statement
from asadm.flags import OPTIONS
from asadm.outcome import FAILED, INTERRUPTED, WRONG, CommandOutcome, is_stopped
from asadm.session import CommandSession
from asadm.settings import RunSettings, TargetSettings, warnings
from asinfo.errors import ConfigError, Error, UsageError
from asinfo.terminal import interrupt
from asinfo.terminal.options import recognise

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from asadm.progress import Progress
    from asadm.statement import ParsedCommand
    from asadm.target.interface import Rules, Target
    from asadm.target.types import RulesOf
    from asadm.targets import TargetResolver
    from asinfo.terminal.options import Values

SUMMARY = "Ask all configured Aerospike nodes at once, and keep their Lua modules the same."

COMMANDS_SIZE_MAX = 16 << 20
"""Bytes of a file of commands, or of standard input: a hundred thousand commands take a tenth of that."""

EXAMPLES = """\
Examples:
  asadm -e "asinfo -v 'udf-clear-cache:'"                     every node of the default cluster drops its Lua contexts
  asadm -h 10.0.0.1,10.0.0.2 -e "asinfo -v build"             just these nodes
  asadm --cluster production show udfs                        modules by nodes, differences marked
  asadm --enable manage udfs add x.lua path x.lua             register, and wait until all nodes list it
  asadm udf plan config/udf --diff                            a directory of modules against every node
  asadm --json info network | jq .network                     one JSON document
  asadm -f commands.txt -o result.txt                         commands from a file
  asadm help                                                  all commands"""

SCREEN_LINES = 20
"""Lines that every screen has: fewer need no pager, and the module is not looked for."""


def main() -> int:
    """Entry of the program; the exit code."""
    interrupt.listen()
    code = interrupt.code(run(sys.argv[1:]))
    interrupt.leave()
    return code


def run(argv: Sequence[str]) -> int:
    """Do what ``argv`` says and return the exit code; every error ends here as a line on standard error."""
    values = recognise(argv, OPTIONS, interspersed=False)
    try:
        return act(values) if values is not None else _explain(argv)
    except OSError as error:  # what is left is the own output: every other error was given a name before
        from asinfo.terminal.streams import lost

        return lost("asadm", error)


def _explain(argv: Sequence[str]) -> int:
    """Print --help, or what is wrong with ``argv``; the exit code."""
    from asinfo.terminal import application

    try:
        return application.explain(
            "asadm",
            argv,
            OPTIONS,
            summary=SUMMARY,
            examples=_behind_the_options(),
            words="[COMMAND]...",
            interspersed=False,
        )
    except UsageError as error:
        return _complain(error, WRONG)


def _behind_the_options() -> str:
    """What --help says last: the commands, and examples."""
    from asadm import commands
    from asadm.commands.help import overview

    lines = "".join(f"  {line}\n" for line in overview(commands.TABLE).splitlines())
    return f"Commands, each with a --help of its own:\n{lines}\n{EXAMPLES}"


def act(values: Values) -> int:
    """Run what the command line says; the exit code."""
    try:
        return _act(values)
    except Error as error:
        return _complain(error, _code(error))
    except KeyboardInterrupt as stopped:
        warn("interrupted")
        return _code(stopped)


def _code(error: BaseException) -> int:
    """The exit code of a run that ends with ``error``."""
    if isinstance(error, KeyboardInterrupt):
        return interrupt.code(INTERRUPTED)
    return WRONG if isinstance(error, UsageError | ConfigError) else FAILED


def _complain(error: Error, code: int) -> int:
    from asinfo.terminal.usage import complain

    complain("asadm", error)
    return code


def warn(message: str) -> None:
    """One line on standard error."""
    from asinfo.terminal.streams import tell

    tell("asadm", message)


def _act(values: Values) -> int:
    run = RunSettings(values)
    if run.version:
        from asinfo import __version__

        _OutputFile(None).write(f"asadm {__version__}\n".encode())
        return 0
    if run.completion is not None:
        from asadm import completion

        _OutputFile(None).write(completion.script_of(run.completion).encode())
        return 0
    if run.offer is not None:
        from asadm import offers

        _OutputFile(None).write(offers.lines(run.offer, run.words))
        return 0
    warnings(values)  # a way of working that there is not is told before anything is read for it
    targets = _ChosenTarget(values)
    calls = _calls(run, values, targets.rules)
    run = RunSettings(values)  # options may stand behind the words of a command
    for warning in warnings(values):
        warn(warning)
    with _OutputFile(run.out_file) as output:
        session = _session(run, values, output, targets)
        if calls is None:
            from asadm.shell import Shell

            return Shell(session, execute).run()
        return execute(session, calls)


def _executed(text: str, rules_of: RulesOf) -> list[ParsedCommand]:
    """The commands of one ``-e``. As in the real tool, it may name a file; what looks like a path but is none is reported as a command."""
    is_file = os.path.isfile(text)  # noqa: PTH113 - start-up time
    return _file(text, rules_of) if is_file else statement.parse(text, rules_of=rules_of)


def _calls(run: RunSettings, values: Values, rules_of: RulesOf) -> list[ParsedCommand] | None:
    """The commands to run, parsed; None for the interactive shell."""
    if run.words:
        return [_words(values, rules_of)]
    if run.execute:
        return [call for each in run.execute for call in _executed(each, rules_of)]
    if run.file is not None and run.file != "-":
        return _file(run.file, rules_of)
    if run.file is None and os.isatty(0):
        return None
    return _standard_input(run, rules_of)


def _standard_input(run: RunSettings, rules_of: RulesOf) -> list[ParsedCommand]:
    """The commands on standard input, which cannot carry the password as well: it would be taken for a command."""
    if sys.stdin is None:
        raise UsageError("standard input is closed: say what to run, with -e for instance")
    if run.no_password_left:
        raise UsageError(
            "standard input holds the commands and cannot hold the password too: give --password env:VARIABLE or file:PATH"
        )
    content = interrupt.read(sys.stdin.buffer.read, COMMANDS_SIZE_MAX + 1)
    if len(content) > COMMANDS_SIZE_MAX:
        raise UsageError(f"standard input is larger than {COMMANDS_SIZE_MAX} bytes")
    return statement.parse(content.decode("utf-8", "surrogateescape"), "standard input", rules_of)


def _words(values: Values, rules_of: RulesOf) -> ParsedCommand:
    """The command given as plain words; flags of the program may stand behind it too."""

    def take(extra: Values) -> None:
        for name in extra.given:
            if name in values.given:
                raise _wrong(f"--{name} is given twice, before the command and behind it")
        values.given.update(extra.given)

    return statement.call(values.words, extra=OPTIONS, take_extra=take, rules_of=rules_of)


def _wrong(what: str) -> UsageError:
    from asinfo.terminal.usage import wrong

    return wrong(what, "asadm --help")


def _file(path: str, rules_of: RulesOf) -> list[ParsedCommand]:
    from asinfo.files import PIPE_SECONDS, FileError, read_file

    try:
        content = read_file(path, COMMANDS_SIZE_MAX, pipe_seconds=PIPE_SECONDS)
    except FileError as error:
        raise UsageError(str(error)) from None
    return statement.parse(content.decode("utf-8", "surrogateescape"), path, rules_of)


class _OutputFile:
    """The output for data: a file when one is named, standard output otherwise.

    The file is opened before anything runs, but keeps what it holds until there is something to replace it with.
    Raises UsageError when it cannot be opened, and OSError where there is no standard output.
    """

    def __init__(self, path: str | None) -> None:
        self.path = path
        self.descriptor = -1
        self.terminal = path is None and sys.stdout is not None and sys.stdout.isatty()
        if path is None:
            if sys.stdout is None:
                from asinfo.terminal.streams import closed

                raise closed()
            return
        try:
            # Not blocking: to open a pipe that nobody reads would wait for ever.
            flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
            self.descriptor = os.open(path, flags, 0o666)
            os.set_blocking(self.descriptor, True)
        except (OSError, ValueError) as error:
            raise UsageError(f"-o {path}: {getattr(error, 'strerror', None) or error}") from None
        self.emptied = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if self.descriptor >= 0:
            if kind is None:
                self._empty()
            os.close(self.descriptor)

    def write(self, data: bytes) -> None:
        """All of ``data``, at once. Raises OSError."""
        if self.path is None:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
            return
        self._empty()
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self.descriptor, view) :]
        except OSError as error:
            error.filename = self.path
            raise

    def _empty(self) -> None:
        """Drop the former contents, once; a device or a pipe has none."""
        if (
            not self.emptied and os.fstat(self.descriptor).st_mode & 0o170000 == 0o100000
        ):  # S_ISREG without stat
            os.ftruncate(self.descriptor, 0)
        self.emptied = True


def _session(run: RunSettings, values: Values, output: _OutputFile, targets: _ChosenTarget) -> CommandSession:
    return CommandSession(
        targets.target,
        write=output.write,
        warn=warn,
        privileged=run.enable,
        json=run.json,
        colour=output.terminal and run.colour,
        terminal=output.terminal,
        flags=values,
        rules_of=targets.rules,
        family_of=targets.family,
    )


class _ChosenTarget:
    """The cluster that the options name, found when it is first needed: its rules, and the target itself."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._resolver: TargetResolver | None = None

    def _found(self) -> TargetResolver:
        if self._resolver is None:
            from asadm.targets import TargetResolver

            self._resolver = TargetResolver(TargetSettings(self._values))
        return self._resolver

    def rules(self, family: str) -> Rules:
        return self._found().rules(family)

    def family(self) -> str:
        return self._found().family()

    def target(self, family: str) -> Target:
        return self._found().target(family, _progress())


def _progress() -> Progress | None:
    """The progress line when standard error is a terminal."""
    try:
        if not sys.stderr.isatty():
            return None
        from asadm.progress import Progress

        return Progress(sys.stderr.fileno())
    except (AttributeError, OSError, ValueError):  # closed, or replaced by something without a descriptor
        return None


def execute(session: CommandSession, calls: Sequence[ParsedCommand]) -> int:
    """Run ``calls`` in order; the worst exit code. A command that fails, whatever the reason, does not stop the next; Ctrl-C does.

    Raises UsageError and ConfigError, before anything is sent or shown, when one of them may not run, when the nodes
    cannot be told, or when a ``with`` names an unknown one.
    """
    statement.allow(calls, privileged=session.privileged)
    for call in calls:
        if not call.row.local:
            session.cluster(call.arguments)
    code = 0
    for call in calls:
        if len(calls) > 1 and not session.json:
            session.write(session.bold(f"\n~~~ {call.text} ~~~") + b"\n")
        try:
            code = max(code, perform(session, call))
        except Error as error:
            code = max(code, _complain(error, _code(error)))
        if session.finished or is_stopped(code):
            break
    return code


def _paged(data: bytes) -> bool:
    """Whether a pager has shown ``data``."""
    if data.count(b"\n") < SCREEN_LINES:
        return False
    from asinfo.terminal import pager

    return pager.shown(data)


def perform(session: CommandSession, call: ParsedCommand) -> int:
    """Run one command, show what it gives, and return its exit code.

    With ``--json`` there is a document for a command that ends with an error too, before that is raised.
    """
    try:
        interrupt.check()
        outcome = session.run(call)
    except (Error, KeyboardInterrupt) as error:
        if session.json:
            failed = CommandOutcome(
                messages=str(error).split("\n") if str(error) else ["interrupted"], code=_code(error)
            )
            session.write(display.document(call, failed))
        raise
    if not outcome.shown:
        data = display.output(session, call, outcome)
        if not (session.terminal and _paged(data)):
            session.write(data)
    for message in display.messages(session, outcome):
        session.warn(message)
    return outcome.code


if __name__ == "__main__":
    sys.exit(main())
