"""The completion scripts that are installed, made from the tables of options and commands."""

from __future__ import annotations

from asadm import completion as asadm_completion
from asinfo import cli as asinfo_cli
from asudfd.cli import completion_script

NAMES = {"bash": "{}.bash", "zsh": "_{}", "fish": "{}.fish"}
"""What the script of a program is called, as the shells look for it."""


def scripts() -> dict[str, str]:
    """The content of each file, by its path in this repository."""
    found = {}
    for shell, name in NAMES.items():
        found[f"docs/completions/{name.format('asinfo')}"] = asinfo_cli.completion_script(shell)
        found[f"docs/completions/{name.format('asadm')}"] = asadm_completion.script_of(shell)
        found[f"docs/completions/{name.format('asudfd')}"] = completion_script(shell)
    return found
