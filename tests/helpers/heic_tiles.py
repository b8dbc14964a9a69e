"""Make HEIC photos of tiles, as telephones write them: no library here writes such files.

The boxes are those of ISO/IEC 14496-12 and 23008-12 (HEIF).
"""

from __future__ import annotations

import io
import struct
from itertools import product

import av
import numpy as np
import pillow_heif
from PIL import Image

TILE = 64
GRID_ITEM = 1000


def tiled_heic(picture: np.ndarray, quarter_turns: int = 0) -> bytes:
    """A photo of (height, width, 3) RGB, whose sides are multiples of TILE, shown turned to the
    left so many times."""
    height, width = picture.shape[:2]
    tiles = [
        _coded(picture[top : top + TILE, left : left + TILE])
        for top, left in product(range(0, height, TILE), range(0, width, TILE))
    ]
    start = len(_file(picture.shape, tiles, quarter_turns, 0))
    return _file(picture.shape, tiles, quarter_turns, start) + b"".join(data for _, data in tiles)


def _coded(tile: np.ndarray) -> tuple[bytes, bytes]:
    """The decoder's configuration (hvcC) and the data of a picture in HEVC."""
    pillow_heif.register_heif_opener()
    held = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(tile)).save(held, format="HEIF", quality=95)
    with av.open(io.BytesIO(held.getvalue())) as film:
        stream = film.streams.video[0]
        configuration = bytes(stream.codec_context.extradata)
        return configuration, next(bytes(packet) for packet in film.demux(stream) if packet.size)


def _file(
    shape: tuple[int, ...], tiles: list[tuple[bytes, bytes]], turns: int, start: int
) -> bytes:
    """Everything up to the data, which begins at `start`."""
    height, width = shape[:2]
    count = len(tiles)
    numbers = range(1, count + 1)
    grid = struct.pack(">BBBBHH", 0, 0, height // TILE - 1, width // TILE - 1, width, height)
    infos = [_full("infe", 2, struct.pack(">HH4sB", each, 0, b"hvc1", 0)) for each in numbers]
    infos.append(_full("infe", 2, struct.pack(">HH4sB", GRID_ITEM, 0, b"grid", 0)))
    places, at = b"", start
    for number, (_, data) in enumerate(tiles, start=1):
        places += struct.pack(">HHHHII", number, 0, 0, 1, at, len(data))
        at += len(data)
    places += struct.pack(">HHHHII", GRID_ITEM, 1, 0, 1, 0, len(grid))
    properties = _box(
        "ipco",
        _box("hvcC", tiles[0][0])
        + _full("ispe", 0, struct.pack(">II", TILE, TILE))
        + _full("ispe", 0, struct.pack(">II", width, height))
        + _box("irot", bytes([turns])),
    )
    used = b"".join(struct.pack(">HBBB", each, 2, 0x81, 2) for each in numbers)
    used += struct.pack(">HBBB", GRID_ITEM, 2, 3, 0x84)
    refers = struct.pack(f">HH{count}H", GRID_ITEM, count, *numbers)
    meta = _full(
        "meta",
        0,
        _full("hdlr", 0, struct.pack(">I4s12xx", 0, b"pict"))
        + _full("pitm", 0, struct.pack(">H", GRID_ITEM))
        + _full("iloc", 1, struct.pack(">BBH", 0x44, 0x00, count + 1) + places)
        + _full("iinf", 0, struct.pack(">H", count + 1) + b"".join(infos))
        + _full("iref", 0, _box("dimg", refers))
        + _box("iprp", properties + _full("ipma", 0, struct.pack(">I", count + 1) + used))
        + _box("idat", grid),
    )
    kind = _box("ftyp", b"heic" + bytes(4) + b"mif1heic")
    return kind + meta + struct.pack(">I4s", 8 + sum(len(data) for _, data in tiles), b"mdat")


def _box(kind: str, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind.encode()) + content


def _full(kind: str, version: int, content: bytes) -> bytes:
    return _box(kind, bytes([version, 0, 0, 0]) + content)
