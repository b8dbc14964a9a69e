"""Writes arrays into an .npz whose bytes are the same on every system and Python."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np

_ZIP64 = 45
"""The version of the format that files of any size need, as zips write it."""
_FIRST_OF_1980 = 0x21
_UNIX = 3
_FOR_OWNER = 0o600 << 16
_UNKNOWN = 0xFFFFFFFF
"""A size that stands behind the name."""


def savez(arrays: dict[str, np.ndarray[Any, Any]]) -> bytes:
    """Write arrays as `numpy.savez` does on Linux with Python 3.11.4 or newer, on every system and
    Python: a zip records which one made it, and older ones write other sizes before the content."""
    written, index = io.BytesIO(), io.BytesIO()
    for name, array in arrays.items():
        content = io.BytesIO()
        np.lib.format.write_array(content, array, allow_pickle=False)
        _add_stored(written, index, f"{name}.npy".encode("ascii"), content.getvalue())
    count, size, start = len(arrays), index.tell(), written.tell()
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, size, start, 0)
    return written.getvalue() + index.getvalue() + end


def _add_stored(written: io.BytesIO, index: io.BytesIO, name: bytes, content: bytes) -> None:
    """Append a file to a zip without compression, and its line to the zip's index."""
    size, start = len(content), written.tell()
    common = struct.pack("<HHHHHI", _ZIP64, 0, 0, 0, _FIRST_OF_1980, zlib.crc32(content))
    local = struct.pack("<IIHH", _UNKNOWN, _UNKNOWN, len(name), 20)
    sizes = struct.pack("<HHQQ", 1, 16, size, size)
    written.write(struct.pack("<I", 0x04034B50) + common + local + name + sizes + content)
    place = struct.pack("<IIHHHHHII", size, size, len(name), 0, 0, 0, 0, _FOR_OWNER, start)
    made = struct.pack("<IH", 0x02014B50, _ZIP64 | _UNIX << 8)
    index.write(made + common + place + name)
