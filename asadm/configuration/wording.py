"""When what a file says and what a node tells is the same value: a node tells sizes in bytes, and a file may say 4G."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asinfo.conf_grammar import DURATIONS, SIZES, number

if TYPE_CHECKING:
    from asadm.configuration.parameters import Settings

YES, NO = frozenset({"true", "yes", "on"}), frozenset({"false", "no", "off"})

WORK_DIRECTORY = "{work-directory}"
"""Stands for the node's own directory in a path, so that paths of several nodes can be compared."""


def portable(value: str, work_directory: str) -> str:
    """``value`` with a place below ``work_directory`` told from there on."""
    if len(work_directory) > 1 and value.startswith(f"{work_directory.rstrip('/')}/"):
        return WORK_DIRECTORY + value[len(work_directory.rstrip("/")) :]
    return value


def portable_settings(settings: Settings) -> Settings:
    """Paths below the node's own directory as they are on every node."""
    work = settings.get("service", {}).get("work-directory", "")
    return {
        context: {name: portable(value, work) for name, value in values.items()}
        for context, values in settings.items()
    }


def same(wanted: str, told: str) -> bool:
    """Whether a file that says ``wanted`` means what a node tells as ``told``."""
    if wanted == told:
        return True
    if told in {"true", "false"}:
        return wanted.lower() in (YES if told == "true" else NO)
    if told == "null":
        return wanted == ""
    if "," in told and "," in wanted:
        return sorted(wanted.split(",")) == sorted(told.split(","))
    return told in numbers(wanted)


def numbers(wanted: str) -> set[str]:
    """What ``wanted`` may be as digits: as a size, and as a time; nothing where it is no number. Which one it is depends on the parameter and on the server's version."""
    found = set()
    for suffixes in (SIZES, DURATIONS):
        try:
            found.add(str(number(wanted, suffixes)))
        except ValueError:
            continue
    return found
