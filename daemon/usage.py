"""The slow path of the command line: typer prints help, words usage errors, and understands what `cli` left to it."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from daemon import cli

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
    return typer.Option(f"--{attribute.replace('_', '-')}", metavar=metavar or None, help=text)


@app.command(help=cli.SUMMARY, epilog=cli.EXAMPLE)
def asudfd(  # noqa: PLR0917 - typer calls it
    config_file: Annotated[str, _option("config_file")] = "",
    port: Annotated[str, _option("port")] = "",
    nodes: Annotated[str, _option("nodes")] = "",
    work_directory: Annotated[str, _option("work_directory")] = "",
    check_config: Annotated[str, _option("check_config")] = "",
    completion: Annotated[str, _option("completion")] = "",
    version: Annotated[bool, _option("version")] = False,
) -> None:
    """Hand the options over to `cli`."""
    arguments = cli.Arguments(config_file, port, nodes, work_directory, check_config, completion, version)
    raise typer.Exit(cli.attempt(arguments))
