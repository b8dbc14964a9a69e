"""Frames on disk, uncompressed: written by a thread of their own while the next ones are drawn."""

from __future__ import annotations

import json
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np

from avatar_app.core.errors import InputInvalid
from avatar_app.core.values import Image
from avatar_app.studio.buffers import ClipBuffers

_FRAMES, _FACTS = "frames.npy", "frames.json"


class FrameFile:
    """Writes frames that stay in the buffer, in order. A context manager; at its end all of them
    are written. Raises OSError."""

    def __init__(self, folder: Path, room: Image, fps: float) -> None:
        """`room`: where the frames are drawn, uint8, shape (n, height, width, 3)."""
        self._room = room
        (folder / _FACTS).write_text(json.dumps({"fps": fps}), encoding="utf-8")
        self._file: BinaryIO = (folder / _FRAMES).open("wb")
        facts: Any = {"descr": "|u1", "fortran_order": False, "shape": room.shape}
        np.lib.format.write_array_header_1_0(self._file, facts)
        self._thread = ThreadPoolExecutor(1, "frames")
        self._waiting: deque[Future[int]] = deque()

    def add(self, index: int) -> None:
        """The frame with this index is drawn; raises what went wrong with earlier ones."""
        self._waiting.append(self._thread.submit(self._file.write, self._room[index].data))
        while self._waiting and self._waiting[0].done():
            self._waiting.popleft().result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._thread.shutdown(cancel_futures=kind is not None)
        self._file.close()
        if kind is None:
            for written in self._waiting:
                written.result()


def load_frames(folder: Path, buffers: ClipBuffers) -> tuple[Image, float]:
    """Read frames into the buffers; returns them and their rate. Raises InputInvalid."""
    try:
        fps = float(json.loads((folder / _FACTS).read_text(encoding="utf-8"))["fps"])
        stored = np.load(folder / _FRAMES, mmap_mode="r", allow_pickle=False)
        count, height, width, _ = stored.shape
        room = buffers.frames(count, width, height)
        room[:] = stored
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputInvalid(
            f"The frames in {folder} are damaged.", "Delete the folder; they are made again."
        ) from error
    return room, fps
