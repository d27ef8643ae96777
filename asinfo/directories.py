"""The directories of the user, as the XDG base directory specification names them."""

import os


def state_directory() -> str:
    """``asudf`` in the state directory (XDG_STATE_HOME); empty where there is no home directory."""
    state = os.environ.get("XDG_STATE_HOME", "")
    if not state.startswith("/"):
        home = os.path.expanduser("~")  # noqa: PTH111 - pathlib would raise without a home, and is not on this path
        if not home.startswith("/"):
            return ""
        state = home.rstrip("/") + "/.local/state"
    return f"{state}/asudf"
