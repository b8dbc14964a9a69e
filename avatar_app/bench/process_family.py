"""A process and those of its engines: memory, threads and open files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class FamilyReading:
    """All processes together, at one moment."""

    memory_mb: float
    """Pages that several share are counted once (PSS, proc(5)); elsewhere than on Linux, resident
    memory, in which they are counted by each."""
    threads: int
    files: int
    """Open files and sockets."""


def read_family(process: psutil.Process | None = None) -> FamilyReading:
    """A process, or this one, and its children."""
    process = process or psutil.Process()
    family = [process, *process.children(recursive=True)]
    read = [reading for each in family if (reading := _read(each)) is not None]
    return FamilyReading(
        sum(each.memory_mb for each in read),
        sum(each.threads for each in read),
        sum(each.files for each in read),
    )


def processor_seconds(process: psutil.Process) -> float:
    """Return what a process and its children that run have used of the processor."""
    return sum(map(_used, (process, *process.children(recursive=True))))


def _used(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
        return float(times.user + times.system)
    except psutil.Error:  # it has ended meanwhile
        return 0.0


def _read(process: psutil.Process) -> FamilyReading | None:
    """None for a process that has ended meanwhile."""
    try:
        memory = process.memory_full_info()
        shared_once = getattr(memory, "pss", memory.rss)
        return FamilyReading(shared_once / 2**20, process.num_threads(), _files(process))
    except psutil.Error:
        return None


def _files(process: psutil.Process) -> int:
    folder = Path(f"/proc/{process.pid}/fd")
    return len(list(folder.iterdir())) if folder.is_dir() else len(process.open_files())
