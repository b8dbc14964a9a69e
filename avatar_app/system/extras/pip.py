"""Runs pip and Python in a process of their own that a job can stop; failures become sentences."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from avatar_app.core.errors import ConfigInvalid
from avatar_app.core.jobs import Job

_KEPT = 40
"""Last lines of the output in which the reason of a failure is looked for."""
_QUIET = ["--no-input", "--disable-pip-version-check", "--no-color", "--progress-bar", "off"]
_OTHER_VERSIONS = "it needs other versions than the program."
_UNREACHABLE = "the package index cannot be reached."
_REASONS = (
    ("No space left", "the disk is full.", "Make room, then try again."),
    ("No matching distribution", "", "This machine or its Python may not be supported."),
    ("ResolutionImpossible", "it needs other versions than the program.", "Update the program."),
    (
        "conflicting dependencies",
        "it needs other versions than the program.",
        "Update the program.",
    ),
    ("Name or service", _UNREACHABLE, "Connect, then try again."),
    ("NewConnectionError", _UNREACHABLE, "Connect, then try again."),
    ("ProxyError", "the proxy refuses.", "Set HTTPS_PROXY, then try again."),
    ("CERTIFICATE_VERIFY", "the index has no valid certificate.", "Set SSL_CERT_FILE."),
    ("DO NOT MATCH THE HASHES", "a file differs from what the index announced.", "Try again."),
)
"""What pip prints, and how it is said: an empty sentence takes pip's own line."""


def run_pip(
    job: Job[Any], arguments: list[str], follow: Callable[[str], None] = lambda _line: None
) -> None:
    """Run pip in this Python; raises ConfigInvalid with its reason, or JobCancelled."""
    if find_spec("pip") is None:
        raise ConfigInvalid("pip is missing from this Python.", "Install it: uv pip install pip")
    command, rest = arguments[0], arguments[1:]
    quiet = _QUIET if command == "install" else []
    run_python(job, ["-m", "pip", command, *quiet, *rest], follow)


def run_python(
    job: Job[Any], arguments: list[str], follow: Callable[[str], None] = lambda _line: None
) -> None:
    """Run this Python and call `follow` with each line it prints; raises ConfigInvalid with the
    reason if it fails, or JobCancelled."""
    lines: deque[str] = deque(maxlen=_KEPT)
    process = _start([sys.executable, *arguments])
    job.when_cancelled(lambda: _stop(process))
    with process:
        assert process.stdout is not None, "it is piped"
        try:
            for line in map(str.strip, process.stdout):
                lines.append(line)
                follow(line)
        except BaseException:  # Ctrl+C, or a job that was cancelled while it reported
            _stop(process)
            raise
    job.check()
    if process.returncode:
        raise _reason(lines)


def _start(command: list[str]) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
    group: dict[str, Any] = {"start_new_session": True} if os.name == "posix" else {}
    try:
        return subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            **group,
        )
    except OSError as error:
        reason = "no memory is left" if error.errno == errno.ENOMEM else error.strerror
        raise ConfigInvalid(f"Python cannot be started: {reason}.", "Try again.") from error


def _stop(process: subprocess.Popen[str]) -> None:
    """End the process and those that it started, compilers for instance."""
    if process.poll() is not None:
        return
    if os.name == "posix":
        os.killpg(process.pid, signal.SIGTERM)
    else:
        process.terminate()


def _reason(lines: deque[str]) -> ConfigInvalid:
    output = "\n".join(lines)
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    last = errors[-1] if errors else next((line for line in reversed(lines) if line), "it stopped.")
    for mark, sentence, hint in _REASONS:
        if mark in output:
            return ConfigInvalid(sentence or last, hint)
    return ConfigInvalid(last, "Try again; if it fails again, report this sentence.")
