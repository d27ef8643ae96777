"""The variables that a part of a filter expression may use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asudfd.aerospike.message.filter.regex.budget import RegexBudget


@dataclass(frozen=True, slots=True)
class Scope:
    """Type and place of each variable, and what the regular expressions of the whole filter may still take."""

    variables: dict[bytes, tuple[int, int]]
    budget: RegexBudget
