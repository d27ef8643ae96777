"""The Typer application made from an option table: help, errors, and every form the recogniser leaves alone."""

from __future__ import annotations

import inspect
from contextlib import suppress
from typing import Annotated, Any

import typer

from asinfo.terminal.options import Option, Values, convert, tokens

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def run(
    program: str,
    argv: Sequence[str],
    options: Sequence[Option],
    action: Callable[[Values], int],
    *,
    summary: str,
    examples: str = "",
    words: str = "",
    interspersed: bool = True,
) -> int:
    """Parse ``argv`` with Typer and run ``action``; its exit code, 0 after help, 2 after a usage error (on stderr).

    ``words`` names the positional words in the help ("" when the program takes none).
    """
    understood: list[Values] = []
    app = typer_app(
        options,
        understood.append,
        summary=summary,
        examples=examples,
        words=words,
        interspersed=interspersed,
        name=program,
    )
    try:
        app(_spelled_out(argv, options, interspersed=interspersed), prog_name=program)
    except SystemExit as stop:
        if not understood:
            return stop.code if isinstance(stop.code, int) else 1
    return action(understood[0])  # outside of Typer: its way with Ctrl-C and broken pipes is not ours


def typer_app(
    options: Sequence[Option],
    taken: Callable[[Values], None],
    *,
    name: str,
    summary: str,
    examples: str = "",
    words: str = "",
    interspersed: bool = True,
) -> typer.Typer:
    """An application of one command whose parameters are the rows of ``options``; ``taken`` gets what they say."""

    def command(**arguments: Any) -> None:
        taken(_values(options, arguments))

    parameters = [_parameter(number, option) for number, option in enumerate(options)]
    if words:
        parameters.append(_words(words))
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # how Typer is told
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    app = typer.Typer(name=name, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    settings = {"help_option_names": ["-E", "--help"], "allow_interspersed_args": interspersed}
    app.command(name, help=summary, epilog=_verbatim(examples), context_settings=settings)(command)
    return app


def _parameter(number: int, option: Option) -> inspect.Parameter:
    """A row as Typer wants it; ``option_N`` because a name such as ``with`` cannot be a parameter."""
    declared: dict[str, Any] = {"help": option.described, "hidden": option.hidden, "show_default": False}
    names = [spelling for spelling in option.spellings if "_" not in spelling]
    if option.kind == "flag":
        annotation: Any = Annotated[bool, typer.Option(*names, **declared)]
        default: Any = False
    elif option.kind == "list":
        annotation = Annotated[list[str], typer.Option(*names, metavar=option.metavar, **declared)]
        default = []
    else:
        annotation = Annotated[
            str | None, typer.Option(*names, metavar=option.metavar, callback=_checker(option), **declared)
        ]
        default = None
    return inspect.Parameter(
        f"option_{number}", inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


def _verbatim(text: str) -> str:
    """``text`` with the mark that keeps its lines as they are."""
    return "\n\n".join("\b\n" + paragraph for paragraph in text.split("\n\n")) if text else ""


def _words(metavar: str) -> inspect.Parameter:
    annotation = Annotated[list[str], typer.Argument(metavar=metavar, hidden=True)]
    return inspect.Parameter("words", inspect.Parameter.KEYWORD_ONLY, default=[], annotation=annotation)


def _checker(option: Option) -> Callable[[str | None], str | None]:
    def check(text: str | None) -> str | None:
        if text is not None:
            try:
                convert(option, text)
            except ValueError as error:
                raise typer.BadParameter(str(error)) from None
        return text

    return check


def _values(options: Sequence[Option], arguments: dict[str, Any]) -> Values:
    values = Values(options)
    for number, option in enumerate(options):
        given = arguments[f"option_{number}"]
        if given is None or given is False or given == []:
            continue
        values.given[option.name] = convert(option, given) if isinstance(given, str) else given
    values.words = list(arguments.get("words", []))
    return values


def _spelled_out(argv: Sequence[str], options: Sequence[Option], *, interspersed: bool) -> list[str]:
    """``argv`` in the form that Typer knows: whole names, and a value with every option that takes one.

    From the first word on that the table does not explain, the words stay as they are: Typer names the fault.
    """
    found: list[str] = []
    end = 0
    words: list[str] = []
    with suppress(ValueError):
        for token in tokens(argv, options, interspersed=interspersed):
            end = token.end
            if token.option is None:
                words.append(token.text)
            elif token.option.kind == "flag":
                found.append(f"--{token.option.name}")
            else:
                found.append(f"--{token.option.name}={token.text}")
    if end == len(argv):
        return [*found, "--", *words] if words else found
    return [*found, *words, *argv[end:]]
