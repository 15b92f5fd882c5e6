"""`python -m loaders` and `pgmuse` run the command."""

import signal


def main() -> None:
    """Run the command. A Ctrl-C during its imports ends the process without a traceback."""
    on_interrupt = signal.getsignal(signal.SIGINT)
    if on_interrupt is signal.default_int_handler:  # it is ignored in jobs of a shell's background
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from loaders.cli import main as run

    signal.signal(signal.SIGINT, on_interrupt)
    run()


if __name__ == "__main__":  # worker processes import it too
    main()
