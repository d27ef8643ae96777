"""The rules for modules where no node was asked yet: those of Aerospike, the only kind of target there is."""

from __future__ import annotations

from asadm.target.aerospike import rules

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.target.interface import Rules

RULES: Rules = rules
