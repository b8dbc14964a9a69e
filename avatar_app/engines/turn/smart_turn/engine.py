"""Smart Turn: a neural network that detects the end of a turn from its sound."""

from __future__ import annotations

from typing import Any

from avatar_app.core.errors import InputInvalid, ModelMissing
from avatar_app.core.home import expanded
from avatar_app.core.values import AudioChunk
from avatar_app.engines.onnx_session import ErrorTexts, inference_errors, open_session
from avatar_app.engines.turn.smart_turn.features import MELS, whisper_features

INPUT = "input_features"
MODEL = "smart-turn-v3.2"
_TEXTS = ErrorTexts(
    title="Smart Turn",
    if_damaged=f"Download it again: avatar-app models download {MODEL}",
    if_out_of_memory="Set turn.engine=pauses, or close other programs.",
    if_failed="Set turn.engine=pauses.",
)


class SmartTurn:
    """Smart Turn v3 (https://github.com/pipecat-ai/smart-turn): Whisper tiny's encoder and a
    classifier, 8 million parameters in 8 bits, trained on 23 languages. It hears the last 8 s."""

    def __init__(self, model: str = "") -> None:
        self._session, self._model = _session(model), model

    def configure(self, model: str = "") -> None:
        if model != self._model:
            self._session, self._model = _session(model), model

    def probability(self, audio: AudioChunk) -> float:
        """Return the probability in [0, 1] that the turn is over. Raises EngineFailed,
        OutOfMemory."""
        features = whisper_features(audio.samples)[None]
        with inference_errors(_TEXTS):
            (answer,) = self._session.run(None, {INPUT: features})
        return float(answer[0, 0])

    def close(self) -> None:
        del self._session


def _session(model: str) -> Any:
    """Raises ModelMissing, InputInvalid for a damaged or another network's file, OutOfMemory."""
    path = expanded(model)
    if not model or not path.is_file():
        raise ModelMissing(
            f"The model {model or MODEL} is not on this machine.",
            f"Type: avatar-app models download {MODEL}",
        )
    session = open_session(path, _TEXTS, is_exact=True)
    inputs = {each.name: each.shape for each in session.get_inputs()}
    if list(inputs) != [INPUT] or inputs[INPUT][1] != MELS:
        message = f"{path.name} is no model of Smart Turn: it takes {', '.join(inputs)}."
        raise InputInvalid(message, _TEXTS.if_damaged)
    return session
