"""Starts the command line, and prints user-facing errors as one sentence and a hint."""

from __future__ import annotations

import signal
import sys
from types import FrameType

from avatar_app.system.process import prepare_process

TERMINATED = 128 + signal.SIGTERM
"""The exit status of a command that received SIGTERM."""


def main() -> int:
    """Run `avatar-app`; returns the process's exit status. SIGTERM ends it like Ctrl+C."""
    prepare_process()
    from avatar_app.cli.main import run_command_line

    signals: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: _end(signals, number, frame))
    status = run_command_line()
    return TERMINATED if signals else status


def _end(signals: list[int], number: int, frame: FrameType | None) -> None:
    """Do what Ctrl+C does: close the window, or interrupt; also where Ctrl+C is ignored."""
    signals.append(number)
    interrupt = signal.getsignal(signal.SIGINT)
    if not callable(interrupt):
        raise KeyboardInterrupt
    interrupt(number, frame)


if __name__ == "__main__":
    sys.exit(main())
