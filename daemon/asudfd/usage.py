"""The slow path of the command line: typer prints help, words usage errors, and understands what `cli` left to it."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from asudfd import cli

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


def run(argv: Sequence[str]) -> int:
    """Run asudfd as typer understands ``argv``; returns its exit status."""
    try:
        app(args=list(argv), prog_name="asudfd")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else cli.EXIT_USAGE
    return 0


def _option(attribute: str) -> Any:
    metavar, text = cli.OPTIONS[attribute]
    flag = f"--{attribute.replace('_', '-')}"
    return typer.Option(flag, metavar=metavar or None, help=text, callback=_given if metavar else None)


def _given(value: str | None) -> str:
    """An option's value as `cli` takes it. An empty one is a slip, such as an unset variable in a script."""
    if value == "":
        raise typer.BadParameter("the value is empty")
    return value or ""


@app.command(help=cli.SUMMARY, epilog=cli.EXAMPLES)
def asudfd(  # noqa: PLR0917 - typer calls it
    config_file: Annotated[str | None, _option("config_file")] = None,
    port: Annotated[str | None, _option("port")] = None,
    nodes: Annotated[str | None, _option("nodes")] = None,
    node_id: Annotated[str | None, _option("node_id")] = None,
    work_directory: Annotated[str | None, _option("work_directory")] = None,
    check_config: Annotated[str | None, _option("check_config")] = None,
    completion: Annotated[str | None, _option("completion")] = None,
    recover: Annotated[bool, _option("recover")] = False,
    version: Annotated[bool, _option("version")] = False,
) -> None:
    """Hand the options over to `cli`."""
    arguments = cli.Arguments(
        config_file or "",
        port or "",
        nodes or "",
        node_id or "",
        work_directory or "",
        check_config or "",
        completion or "",
        recover,
        version,
    )
    raise typer.Exit(cli.attempt(arguments))
