"""`python -m loaders` and `pgmuse` run the command."""

import os
import signal
from typing import Any


def main() -> None:
    """Run the command. A Ctrl-C during its imports ends the process without a traceback."""
    on_interrupt = signal.getsignal(signal.SIGINT)
    if on_interrupt is signal.default_int_handler:  # it is ignored in jobs of a shell's background
        signal.signal(signal.SIGINT, _end)
    from loaders.cli import main as run

    signal.signal(signal.SIGINT, on_interrupt)
    run()


def _end(number: int, frame: Any) -> None:
    os.write(2, b"pgmuse: cancelled\n")
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


if __name__ == "__main__":  # worker processes import it too
    main()
