"""Detects the hardware: memory, cores, graphics cards and computing speed."""

from __future__ import annotations

import importlib
import logging
import os
import platform
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from avatar_app.system.machine import describe_machine
from avatar_app.system.memory import MemoryReading, Meters, Pool

log = logging.getLogger(__name__)

MB = 2**20
_SIDE = 1024
"""Side length of the multiplied matrices: beyond the caches, as networks are."""
MEASURED_SECONDS = 10.0
"""Long enough to find moments in which nothing else computes, and to heat a laptop."""
_LEAST_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class GraphicsCard:
    """A graphics card that CUDA can use."""

    name: str
    total_mb: float
    used_mb: float


class SpeedStore(Protocol):
    """Stores the measured speed of a machine."""

    def speed(self, fingerprint: str) -> float | None:
        """Return billions of operations a second; None if it was never measured."""

    def keep_speed(self, fingerprint: str, gflops: float) -> None:
        """Store the speed."""


@dataclass(frozen=True, slots=True)
class Hardware:
    """The resources that engines share."""

    ram_mb: float
    free_ram_mb: float
    cores: int
    gflops: float
    """Billions of float32 operations a second in a matrix product, on all cores."""
    card: GraphicsCard | None = None
    """The card with the most memory."""


def nvml() -> Any:
    """Return NVIDIA's management library (the package nvidia-ml-py); None if it is not
    installed.
    """
    try:
        return importlib.import_module("pynvml")
    except ImportError:
        return None


class Cards:
    """The graphics cards that NVML reports; empty where it fails.

    `library`: the module pynvml or what behaves like it.
    """

    def __init__(self, library: Any) -> None:
        self._nvml = library
        self._ready = False
        if library is not None:
            try:
                library.nvmlInit()
                self._ready = True
            except library.NVMLError as error:
                log.info("no graphics card can be queried: %s", error)

    def all(self) -> tuple[GraphicsCard, ...]:
        """Return the current state of all cards."""
        if not self._ready:
            return ()
        try:
            count = self._nvml.nvmlDeviceGetCount()
            return tuple(self._card(index) for index in range(count))
        except self._nvml.NVMLError as error:
            log.info("the graphics card cannot be read: %s", error)
            return ()

    def best(self) -> GraphicsCard | None:
        """Return the card with the most memory; None without one."""
        return max(self.all(), key=lambda card: card.total_mb, default=None)

    def used_mb_by(self, pids: frozenset[int]) -> float:
        """Return how much memory of all cards these processes use; 0 where the driver does not
        report it.
        """
        if not self._ready:
            return 0.0
        try:
            used = 0
            for index in range(self._nvml.nvmlDeviceGetCount()):
                handle = self._nvml.nvmlDeviceGetHandleByIndex(index)
                for each in self._nvml.nvmlDeviceGetComputeRunningProcesses(handle):
                    used += (each.usedGpuMemory or 0) if each.pid in pids else 0
        except self._nvml.NVMLError as error:
            log.debug("the graphics card does not report its processes: %s", error)
            return 0.0
        return used / MB

    def _card(self, index: int) -> GraphicsCard:
        handle = self._nvml.nvmlDeviceGetHandleByIndex(index)
        name = self._nvml.nvmlDeviceGetName(handle)
        memory = self._nvml.nvmlDeviceGetMemoryInfo(handle)
        title = name.decode() if isinstance(name, bytes) else str(name)
        return GraphicsCard(title, memory.total / MB, memory.used / MB)


def measured_gflops(seconds: float) -> float:
    """Measure the speed by multiplying matrices for `seconds`; takes the quickest tenth, as other
    programs compute as well.
    """
    matrix = np.full((_SIDE, _SIDE), 0.5, np.float32)
    matrix @ matrix  # the first one wakes the threads
    took: list[float] = []
    while len(took) < _LEAST_ROUNDS or sum(took) < seconds:
        before = time.perf_counter()
        matrix @ matrix
        took.append(time.perf_counter() - before)
    return float(2 * _SIDE**3 / np.percentile(took, 10) / 1e9)


def fingerprint() -> str:
    """Return a text that stays the same as long as nothing changes on which the speed depends."""
    machine = describe_machine()
    parts = (machine["processor"], machine["cores"], platform.machine(), np.__version__)
    return " | ".join(map(str, parts))


def look_at_hardware(
    measurements: SpeedStore | None,
    cards: Cards,
    *,
    refresh: bool = False,
    seconds: float = MEASURED_SECONDS,
) -> Hardware:
    """Detect the hardware. The speed is measured once on a machine, or again with `refresh`."""
    gflops = None if refresh or measurements is None else measurements.speed(fingerprint())
    if gflops is None:
        gflops = measured_gflops(seconds)
        if measurements is not None:
            measurements.keep_speed(fingerprint(), gflops)
    return _hardware(gflops, cards)


def known_hardware(measurements: SpeedStore | None, cards: Cards) -> Hardware:
    """Detect the hardware without measuring; the speed is 0 if it was never measured here."""
    gflops = measurements.speed(fingerprint()) if measurements is not None else None
    return _hardware(gflops or 0.0, cards)


def _hardware(gflops: float, cards: Cards) -> Hardware:
    import psutil

    memory = psutil.virtual_memory()
    return Hardware(
        ram_mb=memory.total / MB,
        free_ram_mb=memory.available / MB,
        cores=os.cpu_count() or 1,
        gflops=gflops,
        card=cards.best(),
    )


def peak_mb(pid: int | None = None) -> float:
    """Return the peak memory (RSS) of a process, or this one; macOS reports the current value. 0
    where it has ended.
    """
    import psutil

    try:
        if sys.platform == "linux":
            status = Path(f"/proc/{pid or os.getpid()}/status").read_text(encoding="utf-8")
            for line in status.splitlines():
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) / 1024
        memory = psutil.Process(pid).memory_info()
    except (OSError, psutil.Error):
        return 0.0
    return float(getattr(memory, "peak_wset", memory.rss)) / MB


def family() -> frozenset[int]:
    """Return the process ids of this process and of its children, which host engines."""
    import psutil

    process = psutil.Process()
    return frozenset({process.pid, *(child.pid for child in process.children(recursive=True))})


def meters(cards: Cards) -> Meters:
    """Return the meters for a MemoryBudget; without a card there is no graphics memory."""
    base = family_rss_mb()
    known: dict[Pool, Any] = {Pool.RAM: lambda: _read_ram(base)}
    if cards.best() is not None:
        known[Pool.VRAM] = lambda: _read_vram(cards)
    return known


def _read_ram(base_mb: float) -> MemoryReading:
    """Read the RAM; what the window itself used before any engine was loaded counts as foreign."""
    import psutil

    memory = psutil.virtual_memory()
    engines = max(family_rss_mb() - base_mb, 0.0)
    used = (memory.total - memory.available) / MB
    return MemoryReading(memory.total / MB, max(used - engines, 0.0))


def _read_vram(cards: Cards) -> MemoryReading:
    card = cards.best()
    if card is None:  # it existed before: the driver is being exchanged, or the card was unplugged
        return MemoryReading(0.0, 0.0)
    return MemoryReading(card.total_mb, max(card.used_mb - cards.used_mb_by(family()), 0.0))


def family_rss_mb() -> float:
    """Return the memory (RSS) of this process and its children."""
    import psutil

    total = 0
    for pid in family():
        try:
            total += psutil.Process(pid).memory_info().rss
        except psutil.Error:  # it has ended meanwhile
            continue
    return total / MB
