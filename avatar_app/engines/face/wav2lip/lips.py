"""Paints lips for one person: everything that depends only on the face is computed in advance."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_app.core.values import Image
from avatar_app.engines.face.lips.mel import SILENCE
from avatar_app.engines.face.lips.region import MASKED_FROM, SIDE, Region
from avatar_app.engines.face.wav2lip.network import Arrays
from avatar_app.engines.face.wav2lip.onnx_graph import FACES, MELS, PICTURES, face_graph
from avatar_app.engines.face.wav2lip.preparation import open_pictures
from avatar_app.engines.face.wav2lip.runtime import (
    Choice,
    Floats,
    InferenceSession,
    Precision,
    give_back_memory,
)
from avatar_app.engines.face.wav2lip.sessions import open_session

_SKIP_BYTES = 72_000_000
"""Memory for the precomputed terms of a loop's faces, 1.3 MB per face. Beyond that, consecutive
frames share theirs."""
_TOGETHER = 4
"""Batch size of the face encoder."""


class LipPainter:
    """The network for one face, or for each face of a loop, cropped to one region."""

    def __init__(
        self, state: Arrays, faces: Image, region: Region, choice: Choice, batch: int = 1
    ) -> None:
        """`faces`: uint8, RGB, shape (96, 96, 3), or several: (n, 96, 96, 3)."""
        self.region = region
        self.batch = batch
        self._skips = _Skips(state, faces.reshape(-1, SIDE, SIDE, 3), region, choice, batch)
        give_back_memory()
        self._session = open_pictures(state, region, choice, batch, self._skips.of(()))

    @property
    def precision(self) -> Precision:
        """Return the precision in use."""
        return self._session.precision

    @property
    def skip_bytes(self) -> int:
        """Return the memory of the faces' terms."""
        return self._skips.nbytes

    def paint(self, mels: Floats, faces: Sequence[int] = ()) -> Floats:
        """Return painted regions, (n, rows, columns, 3), RGB in [0, 1].

        `mels`: (n, 80, 16), n ≤ batch. `faces`: the index of the face for each; by default the
        first.
        """
        return self.begin(mels, faces)()

    def begin(self, mels: Floats, faces: Sequence[int] = ()) -> Callable[[], Floats]:
        """Start `paint`; the returned function waits for its result. Finish in the order of
        starting."""
        count = len(mels)
        padded = np.full((self.batch, 1, *mels.shape[1:]), SILENCE, np.float32)
        padded[:count, 0] = mels
        feeds = {MELS: padded, **self._skips.of(faces)}
        finish = self._session.begin(feeds)

        def painted() -> Floats:
            pictures = finish()[PICTURES][:count]
            return np.ascontiguousarray(pictures[:, ::-1].transpose(0, 2, 3, 1))

        return painted


class _Skips:
    """The faces' terms: float32 for one face, float16 for several.

    With float16 a painted pixel differs by at most one of 255 levels.
    """

    def __init__(
        self, state: Arrays, faces: Image, region: Region, choice: Choice, batch: int
    ) -> None:
        whole = Choice(device=choice.device, threads=choice.threads)
        session = open_session(face_graph(state, region), whole)
        self._batch = batch
        self._alone: dict[str, Floats] = {}
        self._terms: dict[str, NDArray[np.float16]] = {}
        first = _terms(session, faces[:1])
        if len(faces) == 1:
            self._alone = {
                name: np.ascontiguousarray(np.repeat(term, batch, axis=0))
                for name, term in first.items()
            }
            return
        size = sum(term.nbytes for term in first.values()) // 2
        self._stride = -(-len(faces) * size // _SKIP_BYTES)
        chosen = faces[:: self._stride]
        parts = [
            {name: term.astype(np.float16) for name, term in _terms(session, some).items()}
            for some in (chosen[k : k + _TOGETHER] for k in range(0, len(chosen), _TOGETHER))
        ]
        self._terms = {name: np.concatenate([part[name] for part in parts]) for name in first}

    @property
    def nbytes(self) -> int:
        alone = sum(term.nbytes for term in self._alone.values())
        return alone + sum(term.nbytes for term in self._terms.values())

    def of(self, faces: Sequence[int]) -> dict[str, Floats]:
        """Return the terms of each face, repeating the first one to fill the batch."""
        if self._alone:
            return self._alone
        chosen = [index // self._stride for index in faces]
        chosen += [chosen[0] if chosen else 0] * (self._batch - len(chosen))
        return {name: _whole(term[chosen]) for name, term in self._terms.items()}


def _whole(half: NDArray[np.float16]) -> Floats:
    """Convert to float32: with OpenCV seventeen times as fast as with numpy."""
    flat = cv2.convertFp16(half.view(np.int16).reshape(1, -1))
    return np.asarray(flat.reshape(half.shape), np.float32)


def _terms(session: InferenceSession, faces: Image) -> dict[str, Floats]:
    return session.run({FACES: np.stack([seen(face) for face in faces])})


def seen(face: Image) -> Floats:
    """Return the face encoder's input, (6, 96, 96): BGR, masked and complete. `face`: (96, 96, 3),
    RGB."""
    whole = np.ascontiguousarray(face[..., ::-1].transpose(2, 0, 1), np.float32) / np.float32(255)
    masked = whole.copy()
    masked[:, MASKED_FROM:] = 0
    return np.concatenate([masked, whole])
