"""The entry point of the program ``asinfo``.

Ctrl-C before there is anything to report ends it as it ends any program, by the signal and without a word; Python
would show where in its imports it was. So this comes before any import of more than a built-in module. Only the
script of the program imports this: it is not for libraries.
"""

import _signal  # type: ignore[import-not-found]  # the built-in part of signal, which costs as much as a whole run
import gc

if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:  # and not ignored, as under nohup
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)

# By default every 700 new objects begin a search for cycles of garbage: 5 % of a start, which leaves none.
gc.set_threshold(100_000)

from asinfo import cli  # noqa: E402 - after the collector was told to rest


def main() -> int:
    """Run asinfo with the arguments of the process; the exit code."""
    code = cli.main()
    gc.freeze()  # the last search, before the process ends, would be in vain too
    return code
