"""The entry point of the program ``asudfd``.

Ctrl-C until the node has its own handling of signals ends it as SIGTERM does, by the signal and without a word; Python
would show where in its imports it was. So this comes before any import of more than a built-in module. Only the
script of the program imports this: it is not for libraries.
"""

import _signal  # type: ignore[import-not-found]  # the built-in part of signal, which costs as much as a whole run

if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:  # and not ignored, as under nohup
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)

import sys

from asudfd import cli


def main() -> None:
    """Run asudfd with the arguments of the process; ends the process with its exit status."""
    try:
        cli.main()
    except KeyboardInterrupt:  # once more, when the node had stopped and its handling of signals with it
        sys.exit(130)
    finally:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
