"""Detects truncated sound files by their headers; placeholder lengths are ignored."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

LEAST_PLACEHOLDER = 1_900_000_000
"""Bytes. A recorder that cannot write the length at the end (into a pipe, or because it was killed)
leaves 0, 2e9, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF or a number near them; a sound that really is so
large takes over an hour."""
SLACK = 64
"""Bytes by which a header may exceed the file: some recorders count the header too, without audible
loss."""
LARGEST_OGG_PAGE = 65_307
"""Bytes (RFC 3533)."""
_MOST_CHUNKS = 1000


@dataclass(frozen=True, slots=True)
class _Chunks:
    """The chunk layout of a file format (https://www.mmsp.ece.mcgill.ca/Documents/AudioFormats,
    https://developer.apple.com/library/archive/documentation/MusicAudio/Reference/CAFSpec)."""

    first: int
    """Bytes before the first chunk."""
    sound: bytes
    """The beginning of the chunk with the sound."""
    name_bytes: int = 4
    length_bytes: int = 4
    order: Literal["little", "big"] = "little"
    counts_itself: bool = False
    """A chunk's length includes its head."""
    align: int = 2


_RIFF, _W64 = _Chunks(12, b"data"), b"riff\x2e\x91\xcf\x11"
_LAYOUTS = {
    b"RIFF": _RIFF,
    b"RF64": _RIFF,
    b"BW64": _RIFF,
    b"RIFX": _Chunks(12, b"data", order="big"),
    b"FORM": _Chunks(12, b"SSND", order="big"),
    b"caff": _Chunks(8, b"data", length_bytes=8, order="big", align=1),
    _W64[:4]: _Chunks(40, b"data", 16, 8, counts_itself=True, align=8),
}


def is_cut(path: Path) -> bool:
    """Whether a WAV, AIFF, CAF, AU or Ogg file is truncated, which decoders do not report. False
    for other formats."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        head = file.read(12)
        if head[:4] in _LAYOUTS:
            return _lacks_sound(file, size, _LAYOUTS[head[:4]])
        if head[:4] == b".snd":
            start, length = (int.from_bytes(head[at : at + 4], "big") for at in (4, 8))
            return length < LEAST_PLACEHOLDER and start + length > size + SLACK
        if head[:4] == b"OggS":
            file.seek(max(0, size - LARGEST_OGG_PAGE))
            tail = file.read()
            return not _ends_ogg(tail[tail.rfind(b"OggS") :])
    return False


def _lacks_sound(file: BinaryIO, size: int, layout: _Chunks) -> bool:
    """Step through the chunks up to the one with the sound."""
    file.seek(layout.first)
    large = 0
    for _ in range(_MOST_CHUNKS):
        name, written = file.read(layout.name_bytes), file.read(layout.length_bytes)
        if len(written) < layout.length_bytes:
            return False
        length = int.from_bytes(written, layout.order)
        if layout.counts_itself:
            length -= layout.name_bytes + layout.length_bytes
        if name == b"ds64":  # sizes beyond 32 bits are stored here
            large = int.from_bytes(file.read(16)[8:], layout.order)
            length -= 16
        if name.startswith(layout.sound):
            length = large or length
            is_stated = large > 0 or length < LEAST_PLACEHOLDER
            return is_stated and file.tell() + length > size + SLACK
        file.seek(max(0, length) + -length % layout.align, os.SEEK_CUR)
    return False


def _ends_ogg(page: bytes) -> bool:
    """Whether the page is complete and marked as the last one (RFC 3533, section 6)."""
    segments = page[26] if len(page) > 26 else 0
    length = 27 + segments + sum(page[27 : 27 + segments])
    return segments > 0 and bool(page[5] & 0x04) and len(page) >= length
