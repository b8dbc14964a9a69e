"""The classifier of a wake word: sixteen embeddings to a probability."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from avatar_app.core.errors import InputInvalid, ModelMissing
from avatar_app.core.home import expanded
from avatar_app.core.values import Samples
from avatar_app.engines.onnx_session import ErrorTexts, inference_errors, open_session
from avatar_app.engines.wake.livekit.features import SIZE

EMBEDDINGS = 16
"""That are judged at a time: the last two seconds."""
_BUNDLED = Path(__file__).parent
_TEXTS = ErrorTexts(
    title="The wake word",
    if_damaged="Set wake.options.word=hey_mira.",
    if_failed="Set wake.engine=none.",
)


class WordClassifier:
    """A network that openWakeWord, livekit-wakeword or `training/wake` has trained."""

    def __init__(self, word: str) -> None:
        """`word`: hey_mira, or a file. Raises ModelMissing, InputInvalid, OutOfMemory."""
        path = _BUNDLED / f"{word}.onnx" if word.isidentifier() else expanded(word)
        if not path.is_file():
            raise ModelMissing(
                f"There is no wake word {word!r}.", "Set wake.options.word=hey_mira, or a file."
            )
        self._session = open_session(path, _TEXTS)
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or list(inputs[0].shape[1:]) != [EMBEDDINGS, SIZE]:
            raise InputInvalid(f"{path.name} is no classifier of a wake word.", _TEXTS.if_damaged)
        self._input = inputs[0].name
        described = self._session.get_modelmeta().custom_metadata_map
        self.phrase: str = described.get("phrase", path.stem.replace("_", " "))
        self.full_scale = float(described.get("full_scale", 1.0))
        """The largest sample, as the features that it was trained on were computed."""

    def probability(self, embeddings: Samples) -> float:
        """That the phrase has just been said; `embeddings`: shape (16, 96). Raises EngineFailed."""
        return float(self.each(embeddings[None])[0])

    def each(self, windows: Samples) -> Samples:
        """Return the probability of each window; `windows`: shape (n, 16, 96). Raises
        EngineFailed."""
        with inference_errors(_TEXTS):
            (answer,) = self._session.run(None, {self._input: windows})
        return np.ravel(answer)
