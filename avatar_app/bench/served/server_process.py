"""The server as its users start it: a process of its own, with paired devices as clients."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from avatar_app.bench.probe import OFFSCREEN
from avatar_app.bench.process_family import FamilyReading, processor_seconds, read_family
from avatar_app.core.errors import EngineFailed
from avatar_app.settings.schema import Settings
from avatar_app.storage.paired_devices import PairedDevices
from avatar_app.system.paths import DATA_DIR_VARIABLE, AppPaths

SERVING = "Serving "
ENDING = 40.0
"""Seconds in which the server must end."""


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """A server that runs, and the tokens of its devices."""

    process: subprocess.Popen[str]
    address: str
    tokens: tuple[str, ...]

    def read(self) -> FamilyReading:
        """Its memory, threads and files, with those of its engines' processes."""
        return read_family(psutil.Process(self.process.pid))

    def processor_seconds(self) -> float:
        """What it and its engines' processes have used; of those that have ended nothing."""
        return processor_seconds(psutil.Process(self.process.pid))


@contextmanager
def server_process(
    settings: Settings, paths: AppPaths, *, sessions: int, devices: int
) -> Iterator[ServerProcess]:
    """Yield a server with an empty folder of data at `paths`. Raises EngineFailed with what it says
    if it does not start."""
    _prepare(settings, paths)
    errors = paths.data / "server-errors.txt"
    command = [sys.executable, "-m", "avatar_app", "serve", "--port", "0", "--tokens"]
    environment = os.environ | {DATA_DIR_VARIABLE: str(paths.data)} | OFFSCREEN
    with errors.open("w", encoding="utf-8") as stderr:
        process = subprocess.Popen(
            [*command, "--sessions", str(sessions)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    try:
        address = _address(process, errors)
        with closing(PairedDevices.of(paths)) as paired:
            tokens = [paired.pair(paired.begin_pairing(), f"bench {n}")[1] for n in range(devices)]
        yield ServerProcess(process, address, tuple(tokens))
    finally:
        _end(process)


def _prepare(settings: Settings, paths: AppPaths) -> None:
    paths.config.mkdir(parents=True, exist_ok=True)
    paths.settings_file.write_text(settings.model_dump_json(), encoding="utf-8")


def _address(process: subprocess.Popen[str], errors: Path) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(SERVING):
            return line.split()[1].removesuffix("/v1")
    said = " ".join(errors.read_text(encoding="utf-8").split())
    raise EngineFailed(f"The server did not start: {said[-300:]}", "Type: avatar-app serve")


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(ENDING)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
