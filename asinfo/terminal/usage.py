"""Errors of a command line in one form: what is wrong, then which help explains it.

    PROGRAM: --port: 'abc' is not a whole number; see 'PROGRAM --help'

The programs print them with `complain` on standard error and end with exit code 2. Loaded only when something is wrong.
"""

from __future__ import annotations

from asinfo.errors import Error, UsageError
from asinfo.terminal.options import NoValue, convert, tokens
from asinfo.terminal.streams import tell

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asinfo.terminal.options import Option


def wrong(what: str, see: str) -> UsageError:
    """The error that says ``what`` is wrong; ``see`` is the command that prints the help for it."""
    return UsageError(f"{what}; see '{see}'")


def fault(argv: Sequence[str], options: Sequence[Option], *, interspersed: bool = True) -> str:
    """What is wrong with the first option in ``argv`` that is not understood; "" when all are."""
    option: Option | None = None
    try:
        for token in tokens(argv, options, interspersed=interspersed):
            option = token.option
            if option is not None:
                convert(option, token.text)
            option = None
    except NoValue as missing:
        return _no_value(missing)
    except ValueError as error:
        return f"--{option.name}: {error}" if option is not None else _not_an_option(str(error), options)
    return ""


def _no_value(missing: NoValue) -> str:
    """A value is missing, or it is a number below zero."""
    if missing.follows and missing.option.kind in {"integer", "port", "number", "seconds"}:
        try:
            convert(missing.option, missing.follows)
        except ValueError as error:
            return f"{missing}: {error}"
    return f"{missing} needs a value"


def _not_an_option(word: str, options: Sequence[Option]) -> str:
    """Why ``word``, which looks like an option, is none of ``options`` as it stands."""
    if not word.startswith("--"):
        return f"unknown option {word[:2]}"
    name = word.partition("=")[0]
    rows = [option for option in options if not option.hidden]
    begun = [row for row in rows if name != "--" and any(each.startswith(name) for each in row.spellings)]
    if len(begun) > 1:
        return f"{name} may be {', '.join(f'--{row.name}' for row in begun)}"
    if begun or any(name in option.spellings for option in options):
        return f"{name} takes no value"
    from difflib import get_close_matches

    near = get_close_matches(name, [f"--{row.name}" for row in rows], n=1, cutoff=0.75)
    return f"unknown option {name}" + (f", did you mean {near[0]}?" if near else "")


def complain(program: str, error: Error) -> None:
    """``error`` on standard error, each of its lines after the name of the program."""
    for line in str(error).split("\n"):
        tell(program, line)
