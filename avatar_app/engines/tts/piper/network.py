"""Loads and runs Piper's graph (VITS), modified to output phoneme durations."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.errors import InputInvalid
from avatar_app.core.turn import Turn
from avatar_app.core.values import Samples
from avatar_app.engines.onnx_session import ErrorTexts, create_session, loading_errors
from avatar_app.engines.tts.piper.voice_file import VoiceFile
from avatar_app.engines.tts.speech.graphs import run_options

_DURATIONS = "avatar_durations"
_INPUTS = {"input", "input_lengths", "scales"}
_TEXTS = ErrorTexts(
    title="Piper",
    if_damaged="Download it again: avatar-app models download piper-en-us-joe-medium",
    if_out_of_memory="Choose another voice: espeak.",
    if_failed="Choose another voice: espeak.",
)


@dataclass(frozen=True, slots=True)
class PhonemeTime:
    """Implements `speech.timing.Timing`."""

    phoneme: str
    start: float
    """Seconds."""
    end: float
    """Seconds."""


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A loaded graph and its description."""

    session: Any
    file: VoiceFile
    tells_durations: bool

    def synthesize(
        self, phonemes: str, speaker: int, speed: float, turn: Turn
    ) -> tuple[Samples, tuple[PhonemeTime, ...]]:
        """Return the sound, and the times of its phonemes: empty if the graph has no durations.

        Raises TurnCancelled, also in the middle of the graph; OutOfMemory; EngineFailed.
        """
        ids, places = self.file.encode(phonemes)
        inputs: dict[str, Any] = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array(
                [self.file.noise, self.file.length / speed, self.file.rhythm_noise], np.float32
            ),
        }
        if self.file.speaker_count > 1:
            inputs["sid"] = np.array([speaker], np.int64)
        outputs = self._run(inputs, turn)
        samples = np.ascontiguousarray(outputs[0], np.float32).ravel()
        if not self.tells_durations:
            return samples, ()
        frames = np.asarray(outputs[1], np.float64).ravel()
        return samples, self._times(phonemes, [*places, len(ids) - 1], frames, len(samples))

    def _run(self, inputs: dict[str, Any], turn: Turn) -> list[Any]:
        with run_options(turn, _TEXTS) as options:
            return list(self.session.run(None, inputs, options))

    def _times(
        self, phonemes: str, places: list[int], frames: NDArray[np.float64], total: int
    ) -> tuple[PhonemeTime, ...]:
        passed = np.concatenate([[0.0], np.cumsum(frames)])
        seconds = passed * (total / max(passed[-1], 1.0)) / self.file.rate
        return tuple(
            PhonemeTime(phoneme, float(seconds[start]), float(seconds[end]))
            for phoneme, (start, end) in zip(phonemes, pairwise(places), strict=True)
        )


def load(graph: Path, file: VoiceFile, seed: int, threads: int) -> Network:
    """Load a graph. Raises InputInvalid if it is damaged, OutOfMemory."""
    import onnxruntime

    onnxruntime.set_seed(seed)  # before the session: its random nodes take theirs when made
    with loading_errors(_TEXTS, graph.name):
        model, tells = _telling(graph)
        session = create_session(model, threads, has_fixed_shapes=False)
    names = {each.name for each in session.get_inputs()}
    if not names >= _INPUTS:
        raise InputInvalid(
            f"{graph.name} is no graph of Piper: it takes {', '.join(sorted(names))}.",
            _TEXTS.if_damaged,
        )
    return Network(session, file, tells)


def _telling(graph: Path) -> tuple[bytes, bool]:
    """Return the graph with durations as a second output, and whether it has them: the frames that
    are rounded up, then summed (`w_ceil` in VITS' `infer`)."""
    import onnx

    model = onnx.load(str(graph))
    summed = {node.input[0] for node in model.graph.node if node.op_type == "CumSum"}
    rounded = [
        node.output[0]
        for node in model.graph.node
        if node.op_type == "Ceil" and node.output[0] in summed
    ]
    if len(rounded) == 1:
        model.graph.node.append(onnx.helper.make_node("Identity", rounded, [_DURATIONS]))
        model.graph.output.append(
            onnx.helper.make_tensor_value_info(_DURATIONS, onnx.TensorProto.FLOAT, None)
        )
    return model.SerializeToString(), len(rounded) == 1
