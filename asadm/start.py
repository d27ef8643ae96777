"""The entry point of the program ``asadm``.

Ctrl-C before there is anything to report ends it as it ends any program, by the signal and without a word; Python
would show where in its imports it was. So this comes before any import of more than a built-in module. Only the
script of the program imports this: it is not for libraries.
"""

import _signal  # type: ignore[import-not-found]  # the built-in part of signal, which costs as much as a whole run

if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:  # and not ignored, as under nohup
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)

from asadm.cli import main

__all__ = ["main"]
