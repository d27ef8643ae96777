"""``udf lint``: check Lua modules in files, without any node."""

from __future__ import annotations

from asadm.fleet.desired import module_files
from asadm.outcome import FAILED, GOOD, CommandOutcome
from asinfo.terminal.options import Option

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.fleet.desired.module_files import ModuleGroup
    from asadm.session import CommandSession
    from asadm.statement import CommandArguments
    from asinfo.lint.findings import LintFinding

FORMAT = Option(
    "format",
    kind="choice",
    choices=("text", "github", "sarif"),
    default="text",
    metavar="FORMAT",
    help="Output format: text for people, github for annotations of a workflow, sarif for code scanning.  [text]",
)
OPTIONS = (FORMAT,)

NOTES = """\
Looks at each *.lua file of a directory, as 'udf plan' reads it, and at files that are named. Modules of one directory may
require each other. What is found, with a code for each, and how to ignore it: docs/lint.md. Some of it:

  errors    what a node refuses: names, sizes, what Lua 5.4 does not compile, required modules that are not there
  warnings  unknown globals and functions, wrong numbers of arguments, globals that stay for later calls, records that are
            changed and never updated, what Lua 5.4 or a hardened node does not have

A comment '-- lint: ignore CODE' at the end of a line, or above it, ignores what is found in that line.

Exit codes: 0 nothing is found, 1 something is, 2 the command line is wrong or a file cannot be read, 130 stopped by Ctrl-C.

Examples:
  asadm udf lint config/udf
  asadm udf lint one.lua two.lua --json
  asadm udf lint udf --format sarif >lint.sarif"""


class LintSettings:
    """The modules, and the format of what is found in them."""

    __slots__ = ("form", "groups")

    def __init__(self, arguments: CommandArguments) -> None:
        """Read the files. Raises UsageError and ConfigError."""
        self.form = arguments.options.text("format") or "text"
        self.groups = module_files.read(arguments.names)


def check(arguments: CommandArguments) -> None:
    """Read the files. Raises UsageError and ConfigError."""
    arguments.prepared = LintSettings(arguments)


def run(session: CommandSession, arguments: CommandArguments) -> CommandOutcome:
    """Check them, and tell all that is found."""
    from asinfo.lint import formats

    settings: LintSettings = arguments.prepared
    findings = [finding for group in settings.groups for finding in _found(group)]
    count = sum(len(group.sources) + len(group.problems) for group in settings.groups)
    code = FAILED if findings else GOOD
    form = settings.form
    if session.json:
        return CommandOutcome(code=code, extra=formats.members(findings, count))
    if form == "text":
        shown = f"{formats.text(findings)}{formats.summary(findings, count)}\n"
        return CommandOutcome(show=session.safe(shown.encode("utf-8", "replace")), code=code)
    written = formats.github(findings) if form == "github" else formats.sarif(findings)
    return CommandOutcome(show=written.encode("utf-8", "replace"), code=code)


def _found(group: ModuleGroup) -> list[LintFinding]:
    """Of files that cannot be modules, then of modules."""
    from asinfo.lint.findings import ERROR, LintFinding
    from asinfo.lint.linter import lint

    files = [
        LintFinding("file", ERROR, problem.path, problem.line, int(problem.line > 0), problem.message)
        for problem in group.problems
    ]
    return files + lint(group.sources, group.others)
