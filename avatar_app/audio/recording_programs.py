"""Notices whether another program records sound, as one does in a call.

By the sound server of Linux, PulseAudio or PipeWire; where it cannot be asked, nobody records.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess

_PATIENCE = 2.0
"""Seconds until a sound server that does not answer counts as absent."""
_PROCESS = re.compile(r'application\.process\.id = "(\d+)"')


def others_record() -> bool:
    """Whether another program than this one takes sound from a microphone now."""
    if shutil.which("pactl") is None:
        return False
    try:
        done = subprocess.run(
            ["pactl", "list", "source-outputs"],
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=True,
            env=os.environ | {"LC_ALL": "C"},
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return any(_records(stream) for stream in done.stdout.split("Source Output #")[1:])


def _records(stream: str) -> bool:
    """A stream without a process is one of the server's own, between its devices."""
    process = _PROCESS.search(stream)
    is_another = process is not None and int(process[1]) != os.getpid()
    return is_another and "Corked: yes" not in stream
