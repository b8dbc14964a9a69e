"""Lips painted for one face: what depends on the face alone is computed when it is set up."""

from __future__ import annotations

import numpy as np

from avatar_app.core.values import Image
from avatar_app.engines.face.wav2lip.mel import SILENCE
from avatar_app.engines.face.wav2lip.network import MASKED_FROM, Arrays
from avatar_app.engines.face.wav2lip.onnx_graph import (
    FACES,
    MELS,
    PICTURES,
    face_graph,
    picture_graph,
)
from avatar_app.engines.face.wav2lip.region import Region
from avatar_app.engines.face.wav2lip.runtime import Choice, Floats, Precision, open_session


class LipPainter:
    """The network, ready for one face and one region of it."""

    def __init__(
        self, state: Arrays, face: Image, region: Region, choice: Choice, batch: int = 1
    ) -> None:
        """`face`: uint8, shape (96, 96, 3), RGB."""
        self.region = region
        self.batch = batch
        self._skips = _skips(state, face, region, choice, batch)
        self._session = open_session(picture_graph(state, region, batch, batch), choice)

    @property
    def precision(self) -> Precision:
        """What it really computes with."""
        return self._session.precision

    def paint(self, mels: Floats) -> Floats:
        """`mels`: (n, 80, 16), n ≤ batch. Returns (n, rows, columns, 3), RGB in [0, 1]."""
        count = len(mels)
        padded = np.full((self.batch, 1, *mels.shape[1:]), SILENCE, np.float32)
        padded[:count, 0] = mels
        pictures = self._session.run({MELS: padded, **self._skips})[PICTURES][:count]
        return np.ascontiguousarray(pictures[:, ::-1].transpose(0, 2, 3, 1))


def seen(face: Image) -> Floats:
    """What the network sees of a face, (96, 96, 3) RGB: masked and whole, BGR; (6, 96, 96)."""
    whole = np.ascontiguousarray(face[..., ::-1].transpose(2, 0, 1), np.float32) / np.float32(255)
    masked = whole.copy()
    masked[:, MASKED_FROM:] = 0
    return np.concatenate([masked, whole])


def _skips(
    state: Arrays, face: Image, region: Region, choice: Choice, batch: int
) -> dict[str, Floats]:
    whole = Choice(choice.runtime, choice.device, Precision.FP32, choice.threads)
    terms = open_session(face_graph(state, region), whole).run({FACES: seen(face)[None]})
    return {
        name: np.ascontiguousarray(np.repeat(term, batch, axis=0)) for name, term in terms.items()
    }
