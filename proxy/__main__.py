"""The entry: `python -m proxy`, or `sidestep` when it is installed. It ends as a shell expects of any program."""

import gc
import os
import signal
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit code.

    Ctrl-C, and a closed pipe for the output (`| head`), end the process without a message and by the matching signal:
    so the shell knows, and ends its script as well.
    """
    interruptible = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if interruptible:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # else Ctrl-C within this half second prints a traceback
    gc.disable()  # imports leave almost no cycles: looking for them takes 26 of 440 ms
    from proxy import program
    from proxy.machine import printable

    gc.freeze()  # and modules stay for good
    gc.enable()
    if interruptible:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with printable.printing():
            return program.run(arguments)
    except KeyboardInterrupt:
        return _end_by(signal.SIGINT)
    except printable.OutputError as error:
        if error.reader_gone:
            return _end_by(signal.SIGPIPE)
        print(error, file=sys.stderr)
        return 1


def _end_by(number: signal.Signals) -> int:
    """End by a signal (https://www.cons.org/cracauer/sigint.html); if it is blocked, by the matching exit code."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    return 128 + number


if __name__ == "__main__":
    sys.exit(main())
