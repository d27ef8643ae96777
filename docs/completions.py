"""The completion scripts that are installed, made from the tables of options and commands."""

from __future__ import annotations

from asadm import completion as asadm_completion
from asadm.flags import OPTIONS as ASADM_OPTIONS
from asinfo import cli as asinfo_cli
from asinfo.terminal.completion import script
from asudfd.cli import completion_script

NAMES = {"bash": "{}.bash", "zsh": "_{}", "fish": "{}.fish"}
"""What the script of a program is called, as the shells look for it."""


def scripts() -> dict[str, str]:
    """The content of each file, by its path in this repository."""
    found = {}
    for shell, name in NAMES.items():
        found[f"docs/completions/{name.format('asinfo')}"] = script(shell, "asinfo", asinfo_cli.OPTIONS)
        found[f"docs/completions/{name.format('asadm')}"] = script(
            shell, "asadm", ASADM_OPTIONS, asadm_completion.table()
        )
        found[f"docs/completions/{name.format('asudfd')}"] = completion_script(shell)
    return found
