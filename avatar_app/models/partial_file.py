"""A partial download: its bytes, and the record that lets it resume, even after kill -9."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from avatar_app.system.files import replacing, settle

_NOTED = {"url", "validator", "total", "segments"}


@dataclass(slots=True)
class FileSegment:
    """A stretch of the file that one connection downloads."""

    start: int
    at: int
    """Bytes from `start` up to here have been written."""
    end: int | None
    """The end of the stretch; None if the file's size is unknown."""

    @property
    def is_done(self) -> bool:
        return self.end is not None and self.at >= self.end


@dataclass(slots=True)
class PartialFile:
    """`NAME.part`, and `NAME.part.json`, which records its source and content."""

    target: Path
    url: str = ""
    validator: str = ""
    """The strong ETag, or the date, for If-Range; empty if the server sent none."""
    total: int | None = None
    segments: list[FileSegment] = field(default_factory=list)
    times_begun: int = 0
    """Counts `begin`; not saved."""

    @property
    def path(self) -> Path:
        return self.target.with_name(self.target.name + ".part")

    @property
    def note(self) -> Path:
        return self.target.with_name(self.target.name + ".part.json")

    @classmethod
    def of(cls, target: Path) -> PartialFile:
        """Return what an earlier run left; an empty partial file if that cannot be trusted."""
        part = cls(target)
        try:
            record = json.loads(part.note.read_text(encoding="utf-8"))
            segments = [FileSegment(**each) for each in record.pop("segments")]
            noted = cls(target, segments=segments, **record)
            if noted._is_sound():
                return noted
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return part
        return part

    def _is_sound(self) -> bool:
        """Whether the file contains at least what the record states."""
        length = self.path.stat().st_size
        ends = [each.start for each in self.segments[1:]] + [self.total]
        return all(
            each.end == end and (each.at == each.start or each.start < each.at <= length)
            for each, end in zip(self.segments, ends, strict=True)
        ) and (not self.segments or self.segments[0].start == 0)

    @property
    def done(self) -> int:
        """Return the number of bytes written."""
        return sum(each.at - each.start for each in self.segments)

    @property
    def front(self) -> int:
        """Return the number of bytes written without a gap from the start."""
        front = 0
        for each in self.segments:
            front = each.at
            if not each.is_done:
                break
        return front

    @property
    def is_done(self) -> bool:
        return bool(self.segments) and all(each.is_done for each in self.segments)

    def begin(self, total: int | None) -> None:
        """Start over: one segment from the start."""
        self.times_begun += 1
        self.total = total
        self.segments = [FileSegment(0, 0, total)]
        with self.path.open("wb"):
            self.save()

    def split(self, pieces: int) -> None:
        """Divide the rest of the only segment among several; the size must be known."""
        (only,) = self.segments
        end = only.end or 0
        size = (end - only.at) // pieces
        cuts = [only.at + size * n for n in range(1, pieces)]
        only.end = cuts[0]
        self.segments += [
            FileSegment(cut, cut, following)
            for cut, following in zip(cuts, [*cuts[1:], end], strict=True)
        ]

    def save(self) -> None:
        """Save the record; called after the bytes were written."""
        record = {name: value for name, value in asdict(self).items() if name in _NOTED}
        write_json(self.note, record)

    def finish(self) -> None:
        """Rename the complete and verified file to its final name."""
        settle(self.path, self.target)
        self.note.unlink(missing_ok=True)

    def discard(self) -> None:
        """Delete the file and its record."""
        self.path.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)
        self.url, self.validator, self.total, self.segments = "", "", None, []


def write_json(path: Path, document: object) -> None:
    """Write JSON atomically."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(document, indent=1), encoding="utf-8")
