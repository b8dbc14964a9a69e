"""Speech cache files: bounded in size, and tolerant of damaged files.

A file is named by a hash of the voice, its options and the sentence, and contains sound and
times, no words. Until a sentence is said for the second time, only an empty file records that
it was said.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.home import expanded
from avatar_app.core.values import AudioChunk, MouthShape, SpeechChunk, Viseme, Word
from avatar_app.system.files import replacing

LONGEST = 200
"""Characters: longer texts are rarely repeated."""
_MOST_BYTES = 64 << 20
"""Some 20 minutes of speech."""
_MOST_ONCE = 2_000
"""Number of sentences recorded as said once."""
_SHAPES = tuple(MouthShape)
_DAMAGED = (
    OSError,
    EOFError,
    TypeError,
    ValueError,
    LookupError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What numpy raises for a file that was truncated, replaced or is of another kind."""


@dataclass(frozen=True, slots=True)
class SpeechCache:
    """A folder of cached sentences, created when the first one is stored."""

    folder: Path
    most_bytes: int = _MOST_BYTES

    def recall(self, key: str, text: str) -> tuple[SpeechChunk, ...] | None:
        """Return the speech of `text`; None where it is not cached, or the file is damaged."""
        path = self._path_of(key)
        if not path.is_file():
            return None
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                chunks = tuple(_unpacked(arrays, text))
            os.utime(path)  # the least recently used go first
        except _DAMAGED:
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        return chunks

    def is_frequent(self, key: str) -> bool:
        """Return whether the sentence was said before, and record that it was said."""
        once = self.folder / f"{key}.once"
        with contextlib.suppress(OSError):
            if once.exists():
                return True
            self.folder.mkdir(parents=True, exist_ok=True)
            once.touch()
            _trim(sorted(self.folder.glob("*.once"), key=_age), _MOST_ONCE, lambda _path: 1)
        return False

    def store(self, key: str, chunks: Sequence[SpeechChunk]) -> None:
        """Store speech; where the disk is full, nothing is stored."""
        with contextlib.suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            with replacing(self._path_of(key)) as unfinished, unfinished.open("wb") as file:
                np.savez(file, **_packed(chunks))  # type: ignore[arg-type]  # names for options
            (self.folder / f"{key}.once").unlink(missing_ok=True)
            _trim(sorted(self.folder.glob("*.npz"), key=_age), self.most_bytes, _size)

    def forget(self) -> None:
        """Delete all files."""
        if self.folder.is_dir():
            for path in self.folder.iterdir():
                path.unlink(missing_ok=True)

    def _path_of(self, key: str) -> Path:
        return self.folder / f"{key}.npz"


def cache_key(voice: str, options: Mapping[str, Any], text: str) -> str:
    """Return a key for a sentence in a voice. A model that was replaced gives another key."""
    model = _state(expanded(str(options.get("model", ""))))
    content = json.dumps([voice, sorted(options.items()), model, text], ensure_ascii=False)
    return hashlib.blake2b(content.encode(), digest_size=20).hexdigest()


def _state(path: Path) -> list[tuple[str, int, int]]:
    """Return the state of a model's files; empty where `path` is not a model's."""
    if path == Path():
        return []
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return [(f.name, f.stat().st_size, f.stat().st_mtime_ns) for f in files if f.is_file()]


def _packed(chunks: Sequence[SpeechChunk]) -> dict[str, NDArray[Any]]:
    """Pack the arrays of chunks: 16 bits a sample; edges separate the chunks."""
    words = [(word.start, word.end) for chunk in chunks for word in chunk.words]
    visemes = [(_SHAPES.index(v.shape), v.at) for chunk in chunks for v in chunk.visemes]
    samples = np.concatenate([chunk.audio.samples for chunk in chunks])
    return {
        "rate": np.array(chunks[0].audio.rate),
        "samples": np.round(samples * 32767).astype("<i2"),
        "words": np.array(words, "<f8").reshape(-1, 2),
        "visemes": np.array(visemes, "<f8").reshape(-1, 2),
        "sample_edges": _edges([len(chunk.audio.samples) for chunk in chunks]),
        "word_edges": _edges([len(chunk.words) for chunk in chunks]),
        "viseme_edges": _edges([len(chunk.visemes) for chunk in chunks]),
    }


def _edges(counts: Sequence[int]) -> NDArray[np.int64]:
    return np.cumsum([0, *counts], dtype=np.int64)


def _unpacked(arrays: Mapping[str, NDArray[Any]], text: str) -> Iterator[SpeechChunk]:
    tokens, rate = text.split(), int(arrays["rate"])
    samples = np.asarray(arrays["samples"] / 32767, np.float32)
    words, visemes = arrays["words"], arrays["visemes"]
    if len(words) != len(tokens) or rate <= 0:
        raise ValueError("the file belongs to another text")
    edges = (pairwise(arrays[f"{name}_edges"]) for name in ("sample", "word", "viseme"))
    for (begin, end), (first, last), (low, high) in zip(*edges, strict=True):
        yield SpeechChunk(
            AudioChunk(samples[begin:end], rate, int(begin)),
            " ".join(tokens[first:last]),
            tuple(Word(tokens[n], *map(float, words[n])) for n in range(first, last)),
            tuple(Viseme(_SHAPES[int(shape)], float(at)) for shape, at in visemes[low:high]),
        )


def _trim(paths: list[Path], most: int, weight: Any) -> None:
    """Delete the first of `paths` until the rest is no larger than `most`."""
    excess = sum(weight(path) for path in paths) - most
    for path in paths:
        if excess <= 0:
            return
        excess -= weight(path)
        path.unlink(missing_ok=True)


def _age(path: Path) -> int:
    return path.stat().st_mtime_ns


def _size(path: Path) -> int:
    return path.stat().st_size
