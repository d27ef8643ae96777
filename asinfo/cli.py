"""The asinfo command: send info commands to one node.

Exit codes: 0 no answer is an error, 1 no answer or an error answer, 2 usage or configuration error and
nothing was sent, 130 Ctrl-C, 143 SIGTERM. Data goes to standard output, messages to standard error.
"""

from __future__ import annotations

import sys

from asinfo import __version__, client, settings
from asinfo.command import ALIASES, meant, parts
from asinfo.errors import ConfigError, UsageError
from asinfo.flags import BLACKLIST, CONNECTION, FILES
from asinfo.terminal import interrupt
from asinfo.terminal.options import Option, Values, notes, recognise
from asinfo.wire import info

TYPE_CHECKING = False  # on the start-up path: typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asinfo.dialogue import Reply

OPTIONS = (
    Option("value", "v", "list", metavar="COMMAND",
           help="Info command; repeat it to send several in one request; - reads them from standard input, one per line."),
    Option("line-separator", "l", "flag", help="Print each field of an answer on a line of its own; fields end at ; or : or ,."),
    Option("json", "j", "flag", help="Print node, status, answers and elapsed milliseconds as JSON."),
    Option("raw", kind="flag", help="Print only the exact bytes of the answers."),
    Option("timeout", kind="seconds", default=5.0,
           help="Timeout in seconds for the whole request: name resolution, connect, login and reply. [5]"),
    *CONNECTION,
    *FILES,
    BLACKLIST,
    Option("completion", kind="choice", choices=("bash", "zsh", "fish"), metavar="SHELL",
           help="Print the completion script of bash, zsh or fish."),
    Option("version", "V", "flag", help="Print the version."),
)  # fmt: skip
"""All options; --help, the manual page, completion and the documentation are generated from this table."""

SUMMARY = (
    "Send info commands to an Aerospike node or to asudfd; without -v, print the node's default summary."
)

EXAMPLES = """\
Examples:
  asinfo -v build                                one command to 127.0.0.1:3000
  asinfo -h 10.0.0.7:3100 -v udf-list -l         each module on its own line
  asinfo -v build -v node -v namespaces          three commands, one request
  asinfo -h node1,node2 -v udf-list --json       the first of the two that can be reached
  asinfo -v - < commands.txt                     commands from a file, one a line

Exit codes: 0 no errors, 1 no answer or an error answer, 2 usage or configuration error, 130 Ctrl-C,
143 SIGTERM."""


def main() -> int:
    """The entry point of the console script; returns the exit code."""
    interrupt.listen()
    code = interrupt.code(_main())
    interrupt.leave()
    return code


def _main() -> int:
    try:
        return run(sys.argv[1:])
    except (UsageError, ConfigError) as error:
        from asinfo.terminal.usage import complain

        complain("asinfo", error)
        return 2
    except KeyboardInterrupt:
        _tell("interrupted: nothing was sent")
        return 130
    except OSError as error:  # what is left is the own output: every other error was given a name before
        from asinfo.terminal.streams import lost

        return lost("asinfo", error)


def run(argv: Sequence[str]) -> int:
    """Run a command line. Raises UsageError, ConfigError, and OSError when the output cannot be written."""
    values = recognise(argv, OPTIONS)
    if values is not None:
        return act(values)
    from asinfo.terminal import application

    return application.explain("asinfo", argv, OPTIONS, summary=SUMMARY, examples=EXAMPLES)


def act(values: Values) -> int:
    """Run the parsed command line and return its exit code. Raises as ``run`` does."""
    if sys.stdout is None:
        from asinfo.terminal.streams import closed

        raise closed()
    if values.flag("version"):
        _write(f"asinfo {__version__}\n".encode())
        return 0
    shell = values.text("completion")
    if shell is not None:
        _write(completion_script(shell).encode())
        return 0
    for note in notes(values):
        _tell(note)
    commands = _commands(values)
    chosen = settings.load(values, "asinfo")
    reply, answers = client.ask(chosen.nodes, commands, values.number("timeout") or 5.0, _report)
    if values.flag("json"):
        from asinfo import document

        _write(document.text(reply, commands, answers).encode("ascii"))
    elif commands:
        _print(answers, values)
    elif reply.failure is None:
        _print_summary(reply, answers, values)
    return _verdict(reply, commands, answers)


def completion_script(shell: str) -> str:
    """What a shell reads to complete the words of asinfo."""
    from asinfo.info_names import NAMES
    from asinfo.terminal import completion

    return completion.script(shell, "asinfo", OPTIONS, words={completion.INFO_COMMANDS: NAMES})


def _commands(values: Values) -> list[bytes]:
    """The commands to send; none for the summary. Raises UsageError."""
    if values.flag("json") and (values.flag("raw") or values.flag("line-separator")):
        raise _wrong("--json excludes --raw and --line-separator")
    strange = [word for word in values.words if word != "-"]
    if strange:
        raise _wrong(f"unexpected {strange[0]!r}, info commands follow -v")
    texts = values.texts("value") + values.words[:1]
    commands = [meant(text) for text in texts if text != "-"]
    if "-" in texts:
        place = texts.index("-")
        commands[place:place] = _lines_of_input()
    elif commands == [b""]:
        return []
    return commands


def _wrong(what: str) -> UsageError:
    from asinfo.terminal.usage import wrong

    return wrong(what, "asinfo --help")


def _lines_of_input() -> list[bytes]:
    """Commands on standard input: one a line, empty lines and ``#`` comments skipped.

    Raises UsageError and KeyboardInterrupt.
    """
    data = interrupt.read(sys.stdin.buffer.read) if sys.stdin is not None else b""
    lines = [line.removesuffix(b"\r") for line in data.split(b"\n")]
    found = [ALIASES.get(line, line) for line in lines if line and not line.startswith(b"#")]
    if not found:
        raise UsageError("standard input has no commands")
    return found


def _print(answers: Sequence[bytes], values: Values) -> None:
    if values.flag("raw"):
        _write(b"\n".join(answers))
        return
    for answer in answers:
        lines = parts(answer) if values.flag("line-separator") else [answer]
        _write(b"".join(_shown(line) + b"\n" for line in lines))


def _shown(line: bytes) -> bytes:
    """``line``; on a terminal without control characters."""
    if not sys.stdout.isatty():
        return line
    from asinfo.text import text, visible

    return visible(text(line)).encode()


def _print_summary(reply: Reply, answers: Sequence[bytes], values: Values) -> None:
    assert reply.body is not None
    if values.flag("raw"):
        _write(reply.body)
        return
    for line in answers[0].split(b"\n") if answers[0] else []:
        _write(b"\t".join(map(_shown, line.split(b"\t", 1))) + b"\n")


def _verdict(reply: Reply, commands: Sequence[bytes], answers: Sequence[bytes]) -> int:
    """The exit code, after printing its messages."""
    if reply.note:
        _tell(f"{reply.node.name}: {reply.note}")
    if reply.failure is not None:
        _report(reply)
        return 130 if reply.failure.kind == "interrupted" else 1
    asked = commands or [b"the summary"]
    wrong = [
        (command, answer) for command, answer in zip(asked, answers, strict=False) if info.is_error(answer)
    ]
    if wrong:
        from asinfo.text import text
        from asinfo.wire.failure import explain

        for command, answer in wrong:
            shown = text(command if len(command) <= 60 else command[:60] + b"...")
            _tell(f"{reply.node.name}: {shown}: {explain(answer)}")
    return 1 if wrong else 0


def _report(reply: Reply) -> None:
    if reply.failure is not None:
        from asinfo.reasons import advice

        kind = reply.failure.kind
        _tell(f"{reply.node.name}: {kind}: {reply.failure.reason}{advice(reply.node, kind)}")


def _tell(message: str) -> None:
    from asinfo.terminal.streams import tell

    tell("asinfo", message)


def _write(data: bytes) -> None:
    """``data`` to standard output, at once. Raises OSError."""
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
