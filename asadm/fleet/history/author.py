"""The author of a change, for the history and for locks."""

from __future__ import annotations

import os
from typing import NamedTuple


class Author(NamedTuple):
    """The user and the host of this process."""

    user: str
    host: str


def author() -> Author:
    """User and host; under sudo also the user who called it."""
    import getpass
    import socket

    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        user = str(os.getuid())
    caller = os.environ.get("SUDO_USER")
    return Author(f"{user} (sudo by {caller})" if caller and caller != user else user, socket.gethostname())
