"""A sandbox for programs that a model wrote: no network, no home, limits; by bubblewrap, or not.

https://github.com/containers/bubblewrap: namespaces of its own for everything, a read-only system,
one folder to write in. Where it cannot be had nothing is run.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from avatar_app.core.errors import DeviceUnavailable
from avatar_app.core.jobs import Job

INSIDE = Path("/project")
"""Where the folder lies for the program."""
LONGEST_OUTPUT = 20_000
"""Characters of the end of a program's output that are kept."""
_LOOK_EVERY = 0.2
_SYSTEM = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/etc/alternatives",
    "/etc/ld.so.cache",
)


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """What a program may take."""

    seconds: float = 60.0
    memory_mb: int = 1024
    """Of each process."""
    processes: int = 64
    file_mb: int = 20
    """Of one file."""
    folder_mb: int = 100


@dataclass(frozen=True, slots=True)
class SandboxResult:
    """What a program came to."""

    code: int
    output: str
    """The end of what it wrote."""
    stopped: str = ""
    """Which limit ended it, as a sentence; empty for none."""

    @property
    def succeeded(self) -> bool:
        return self.code == 0 and not self.stopped


def check_sandbox() -> None:
    """Raise DeviceUnavailable where programs cannot be confined."""
    if reason := _unavailable():
        raise DeviceUnavailable(
            f"I run no program that a model wrote: {reason}.",
            "Install bubblewrap and prlimit (Debian: apt install bubblewrap util-linux).",
        )


def run_confined(
    command: Sequence[str],
    folder: Path,
    job: Job[Any],
    limits: SandboxLimits | None = None,
) -> SandboxResult:
    """Run a program with the folder as its only one to write in. Raises DeviceUnavailable."""
    check_sandbox()
    limits = limits or SandboxLimits()
    process = subprocess.Popen(
        [*_limited(limits), *_confined(folder), *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    output = _Tail(process)
    stopped = _watched(process, folder, job, limits)
    process.wait()
    return SandboxResult(process.returncode, output.read(), stopped)


def _watched(
    process: subprocess.Popen[str], folder: Path, job: Job[Any], limits: SandboxLimits
) -> str:
    """Wait for the end; returns which limit ended it. Its namespace ends with it."""
    ends_at = time.monotonic() + limits.seconds
    while process.poll() is None:
        stopped = ""
        if job.cancelled:
            stopped = "It was stopped."
        elif time.monotonic() > ends_at:
            stopped = f"It ran for more than {limits.seconds:.0f} seconds."
        elif _size(folder) > limits.folder_mb << 20:
            stopped = f"It wrote more than {limits.folder_mb} MB."
        if stopped:
            # its child is of its group until it has asked to end with its parent
            os.killpg(process.pid, signal.SIGKILL)
            return stopped
        threading.Event().wait(_LOOK_EVERY)
    return ""


class _Tail:
    """Reads a program's output in a thread, and keeps its end."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process, self._text = process, ""
        self._thread = threading.Thread(target=self._follow, name="sandbox", daemon=True)
        self._thread.start()

    def read(self) -> str:
        self._thread.join()
        return self._text

    def _follow(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            while chunk := stream.read(4096):
                self._text = (self._text + chunk)[-LONGEST_OUTPUT:]


def _limited(limits: SandboxLimits) -> list[str]:
    return [
        "prlimit",
        f"--as={limits.memory_mb << 20}",
        f"--nproc={limits.processes}",
        f"--fsize={limits.file_mb << 20}",
        f"--cpu={int(limits.seconds) + 1}",
        "--core=0",
        "--",
    ]


def _confined(folder: Path) -> list[str]:
    arguments = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--clearenv"]
    arguments += ["--proc", "/proc", "--dev", "/dev", "--size", str(64 << 20), "--tmpfs", "/tmp"]
    for path in _read_only():  # after /tmp, below which this Python may lie
        arguments += ["--ro-bind-try", path, path]
    arguments += ["--bind", str(folder), str(INSIDE), "--chdir", str(INSIDE)]
    variables = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(INSIDE),
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    for name, value in variables.items():
        arguments += ["--setenv", name, value]
    return [*arguments, "--"]


def _read_only() -> Iterator[str]:
    """Yield the system and this Python, which may lie in a home: nothing else of that is seen."""
    yield from _SYSTEM
    yield from sorted({sys.prefix, sys.base_prefix} - {"/usr"})


@cache
def _unavailable() -> str:
    """Return why programs cannot be confined here; empty if they can."""
    if not sys.platform.startswith("linux"):
        return "on this system I can't confine it"
    for program in ("bwrap", "prlimit"):
        if shutil.which(program) is None:
            return f"{program} is not installed, without which I can't confine it"
    tried = subprocess.run(
        [*_limited(SandboxLimits()), *_confined(Path("/tmp")), "true"],
        check=False,
        capture_output=True,
        text=True,
    )
    return "" if tried.returncode == 0 else "this system does not let bubblewrap confine it"


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += 0 if path.is_symlink() else path.lstat().st_size
        except OSError:
            continue
    return total
