"""A program that gets a signal at a moment that is counted and not timed.

    python -m tests.interrupted SIGNAL MOMENT PACKAGE ARGUMENT...

runs the script of PACKAGE (asinfo, asadm, daemon), and sends the signal to itself at an audit event of Python's: an
import, a file that is opened, a connection, ... MOMENT is its number, counted from the first line of the package, or
the name of the event. With 0 no signal comes, and the last line on standard error says how many events there were.
"""

import importlib
import os
import signal
import sys


def main() -> None:
    number, at, package = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    sys.argv = [package, *sys.argv[4:]]
    count, sent = 0, at == "0"

    def hook(event: str, _arguments: object) -> None:
        nonlocal count, sent
        count += signal.getsignal(signal.SIGINT) is not signal.default_int_handler
        if not sent and at in {str(count), event}:
            sent = True
            os.kill(os.getpid(), number)

    sys.addaudithook(hook)
    code = importlib.import_module(f"{package}.start").main()
    if at == "0":
        os.write(2, b"\n%d\n" % count)
    sys.exit(code)


if __name__ == "__main__":
    main()
