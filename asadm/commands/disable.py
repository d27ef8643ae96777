"""``disable``: refuse commands that change the cluster."""

from __future__ import annotations

from asadm.outcome import Outcome

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.session import Session
    from asadm.statement import Arguments


def run(session: Session, _arguments: Arguments) -> Outcome:
    """No longer privileged."""
    session.privileged = False
    return Outcome()
