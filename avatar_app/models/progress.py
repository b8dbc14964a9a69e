"""Download progress: bytes, rate and remaining time, as a frozen value."""

from __future__ import annotations

from dataclasses import dataclass, replace

from avatar_app.models.store import readable

SMOOTHING = 5.0
"""Seconds over which the rate is averaged."""


@dataclass(frozen=True, slots=True)
class DownloadProgress:
    """The state of a model's download at one moment."""

    model: str = ""
    file: str = ""
    done: int = 0
    """Bytes of the whole model that are downloaded."""
    total: int | None = None
    """Bytes of the whole model; None if unknown."""
    rate: float = 0.0
    """Bytes per second, averaged."""
    began: float = 0.0
    """When `rate` was last updated, on the monotonic clock."""
    before: int = 0
    """Bytes of the complete files."""
    counts: bool = False
    """Whether it was compared with an earlier moment; bytes of an earlier run are no rate."""

    def at(self, done: int, total: int | None, now: float) -> DownloadProgress:
        """Return the progress when `done` of `total` bytes of the current file are downloaded."""
        all_done = self.before + done
        whole = self.total or (None if total is None else self.before + total)
        elapsed = now - self.began
        if not self.counts or all_done < self.done:
            return replace(self, done=all_done, total=whole, began=now, counts=True)
        if elapsed <= 0:
            return replace(self, done=all_done, total=whole)
        present = (all_done - self.done) / elapsed
        weight = min(1.0, elapsed / SMOOTHING)
        rate = self.rate + weight * (present - self.rate) if self.rate else present
        return replace(self, done=all_done, total=whole, rate=rate, began=now)

    def with_file_done(self, size: int) -> DownloadProgress:
        """Return the progress when the current file of `size` bytes is complete."""
        return replace(self, before=self.before + size, done=self.before + size)

    @property
    def fraction(self) -> float:
        """In [0, 1]; 0 while the size is unknown."""
        return min(1.0, self.done / self.total) if self.total else 0.0

    @property
    def seconds_left(self) -> float | None:
        if not self.total or self.rate <= 0:
            return None
        return max(0.0, self.total - self.done) / self.rate

    def __str__(self) -> str:
        """Readable text."""
        of = f" of {readable(self.total)}" if self.total else ""
        text = f"{self.file}: {readable(self.done)}{of}"
        if self.rate:
            text += f", {readable(self.rate)}/s"
        if (left := self.seconds_left) is not None:
            text += f", {duration(left)} left"
        return text


def duration(seconds: float) -> str:
    """Format a duration as readable text."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"
