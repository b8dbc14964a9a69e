"""Smart Turn: a small network that hears whether somebody has finished speaking."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from avatar_app.core.errors import InputInvalid, ModelMissing
from avatar_app.core.values import AudioChunk
from avatar_app.engines.turn.smart_turn.features import MELS, whisper_features

INPUT = "input_features"
MODEL = "smart-turn-v3.2"


class SmartTurn:
    """Smart Turn v3 (https://github.com/pipecat-ai/smart-turn): Whisper tiny's encoder and a
    classifier, 8 million parameters in 8 bits, trained on 23 languages. It hears the last 8 s."""

    def __init__(self, model: str = "") -> None:
        self._session, self._model = _session(model), model

    def configure(self, model: str = "") -> None:
        if model != self._model:
            self._session, self._model = _session(model), model

    def probability(self, audio: AudioChunk) -> float:
        """Probability in [0, 1] that the turn is over."""
        features = whisper_features(audio.samples)[None]
        (answer,) = self._session.run(None, {INPUT: features})
        return float(answer[0, 0])

    def close(self) -> None:
        del self._session


def _session(model: str) -> Any:
    """ModelMissing where it is not here, InputInvalid where the file is another one."""
    path = Path(model).expanduser()
    if not model or not path.is_file():
        raise ModelMissing(
            f"The model {model or MODEL} is not on this machine.",
            f"Type: avatar-app models download {MODEL}",
        )
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(
            path.read_bytes(), sess_options=options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime's errors share no class
        raise _foreign(path) from error
    inputs = {each.name: each.shape for each in session.get_inputs()}
    if list(inputs) != [INPUT] or inputs[INPUT][1] != MELS:
        raise _foreign(path)
    return session


def _foreign(path: Path) -> InputInvalid:
    return InputInvalid(
        f"{path.name} is no Smart Turn model, or damaged.",
        f"Fetch it again: avatar-app models download {MODEL}",
    )
