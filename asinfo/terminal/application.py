"""Help and usage errors of a program, made by Typer from the option table."""

from __future__ import annotations

import inspect
import sys
from contextlib import redirect_stdout, suppress
from io import StringIO
from typing import Annotated, Any

import typer

from asinfo.terminal import pager, reflow, streams, usage
from asinfo.terminal.options import Option, tokens

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

INDENT = 2
"""Blanks before each line that stands behind the options."""

UNBROKEN = "\u2011"
"""What stands for ``-`` in texts while lines are made of them: Typer would break a name such as cluster-name there."""

HELP = Option("help", "E", "flag", help="Show this message and exit.")
"""The option that every program has beside those of its table."""


def explain(
    program: str,
    argv: Sequence[str],
    options: Sequence[Option],
    *,
    summary: str,
    examples: str = "",
    words: str = "",
    interspersed: bool = True,
) -> int:
    """Print the help if ``argv`` asks for it, and return 0. Raises UsageError that says what is wrong otherwise.

    ``argv`` is a command line that `recognise` did not understand. ``words`` are the positional words as the help has them
    ("" when the program takes none).
    """
    if not _asks_for_help(argv, options, interspersed=interspersed):
        what = usage.fault(argv, [*options, HELP], interspersed=interspersed)
        raise usage.wrong(what, f"{program} --help")
    on_terminal = sys.stdout is not None and sys.stdout.isatty()
    if on_terminal:
        examples = "\n".join(reflow.reflowed(examples, reflow.terminal_width() - INDENT))
    written = StringIO()
    with redirect_stdout(written):
        code = _print(_typer_app(program, options, summary, examples, words), program)
    text = written.getvalue().replace(UNBROKEN, "-").replace(f"[{words}]...", words, 1)
    if on_terminal and pager.shown(text.encode()):
        return code
    try:
        if sys.stdout is None:
            raise streams.closed()
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        return streams.lost(program.partition(" ")[0], error)
    return code


def _print(app: typer.Typer, program: str) -> int:
    """Print the help; the exit code."""
    try:
        app(["--help"], prog_name=program)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    return 0


def _asks_for_help(argv: Sequence[str], options: Sequence[Option], *, interspersed: bool) -> bool:
    with suppress(ValueError):
        return any(
            token.option is HELP for token in tokens(argv, [*options, HELP], interspersed=interspersed)
        )
    return False


def _typer_app(
    program: str, options: Sequence[Option], summary: str, examples: str, words: str
) -> typer.Typer:
    """An application of one command whose parameters are the rows of ``options``; only its help is used."""

    def command(**_: Any) -> None:
        """Typer wants a function; its signature is set below."""

    parameters = [_parameter(number, option) for number, option in enumerate(options)]
    if words:
        parameters.append(_words(words))
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # how Typer is told
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    app = typer.Typer(
        name=program, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
    )
    settings = {"help_option_names": HELP.spellings}
    app.command(program, help=_unbroken(summary), epilog=_verbatim(examples), context_settings=settings)(
        command
    )
    return app


def _parameter(number: int, option: Option) -> inspect.Parameter:
    """A row as Typer wants it; ``option_N`` because a name such as ``with`` cannot be a parameter."""
    declared: dict[str, Any] = {
        "help": _unbroken(option.described),
        "hidden": option.hidden,
        "show_default": False,
    }
    names = [spelling for spelling in option.spellings if "_" not in spelling]
    if option.kind == "flag":
        annotation: Any = Annotated[bool, typer.Option(*names, **declared)]
        default: Any = False
    else:
        annotation = Annotated[str | None, typer.Option(*names, metavar=option.metavar, **declared)]
        default = None
    return inspect.Parameter(
        f"option_{number}", inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


def _unbroken(text: str) -> str:
    return text.replace("-", UNBROKEN)


def _verbatim(text: str) -> str:
    """``text`` with the mark that keeps its lines as they are."""
    return "\n\n".join("\b\n" + paragraph for paragraph in text.split("\n\n")) if text else ""


def _words(metavar: str) -> inspect.Parameter:
    annotation = Annotated[list[str], typer.Argument(metavar=metavar, hidden=True)]
    return inspect.Parameter("words", inspect.Parameter.KEYWORD_ONLY, default=[], annotation=annotation)
