"""Paints lips for one person: everything that depends only on the face is computed in advance."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_app.core.values import Image
from avatar_app.engines.face.wav2lip.mel import SILENCE
from avatar_app.engines.face.wav2lip.network import MASKED_FROM, SIDE, Arrays
from avatar_app.engines.face.wav2lip.onnx_graph import (
    FACES,
    MELS,
    PICTURES,
    face_graph,
)
from avatar_app.engines.face.wav2lip.preparation import open_pictures
from avatar_app.engines.face.wav2lip.region import Region
from avatar_app.engines.face.wav2lip.runtime import (
    Choice,
    Floats,
    InferenceSession,
    Precision,
    give_back_memory,
)
from avatar_app.engines.face.wav2lip.sessions import open_session

_SKIP_BYTES = 72_000_000
"""That the terms of a loop's faces may take; 1.3 MB a face. Where they would take more, faces that
follow one another share theirs."""
_TOGETHER = 4
"""Faces encoded at once."""


class LipPainter:
    """The network, ready for one face or each face of a loop, and one region of them."""

    def __init__(
        self, state: Arrays, faces: Image, region: Region, choice: Choice, batch: int = 1
    ) -> None:
        """`faces`: uint8, shape (96, 96, 3), RGB, or several of them: (n, 96, 96, 3)."""
        self.region = region
        self.batch = batch
        self._skips = _Skips(state, faces.reshape(-1, SIDE, SIDE, 3), region, choice, batch)
        give_back_memory()
        self._session = open_pictures(state, region, choice, batch, self._skips.of(()))

    @property
    def precision(self) -> Precision:
        """What it really computes with."""
        return self._session.precision

    @property
    def skip_bytes(self) -> int:
        """Memory that the faces' terms take."""
        return self._skips.nbytes

    def paint(self, mels: Floats, faces: Sequence[int] = ()) -> Floats:
        """`mels`: (n, 80, 16), n ≤ batch. Returns (n, rows, columns, 3), RGB in [0, 1].

        `faces`: the number of the face that belongs to each; the first one if nothing is said.
        """
        return self.begin(mels, faces)()

    def begin(self, mels: Floats, faces: Sequence[int] = ()) -> Callable[[], Floats]:
        """`paint` in two steps: what is returned finishes it, in the order of beginning."""
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
    """The faces' terms: of one face as they are, of many with half the digits.

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
        """For each face, and the first again until the batch is full."""
        if self._alone:
            return self._alone
        chosen = [index // self._stride for index in faces]
        chosen += [chosen[0] if chosen else 0] * (self._batch - len(chosen))
        return {name: _whole(term[chosen]) for name, term in self._terms.items()}


def _whole(half: NDArray[np.float16]) -> Floats:
    """As float32: OpenCV does it seventeen times as fast as numpy."""
    flat = cv2.convertFp16(half.view(np.int16).reshape(1, -1))
    return np.asarray(flat.reshape(half.shape), np.float32)


def _terms(session: InferenceSession, faces: Image) -> dict[str, Floats]:
    return session.run({FACES: np.stack([seen(face) for face in faces])})


def seen(face: Image) -> Floats:
    """What the network sees of a face, (96, 96, 3) RGB: masked and whole, BGR; (6, 96, 96)."""
    whole = np.ascontiguousarray(face[..., ::-1].transpose(2, 0, 1), np.float32) / np.float32(255)
    masked = whole.copy()
    masked[:, MASKED_FROM:] = 0
    return np.concatenate([masked, whole])
