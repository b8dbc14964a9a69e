"""Loads Kokoro's graph and voices, with clear errors."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.core.errors import InputInvalid, ModelMissing
from avatar_app.core.home import expanded
from avatar_app.core.turn import Turn
from avatar_app.core.values import Samples
from avatar_app.engines.onnx_session import ErrorTexts, create_session, loading_errors
from avatar_app.engines.tts.kokoro.graph import prepare_graph
from avatar_app.engines.tts.kokoro.style_file import StyleFile, voices_in
from avatar_app.engines.tts.speech.graphs import run_options
from avatar_app.engines.tts.speech.timing import Timing

RATE = 24_000
"""Samples per second of all Kokoro's graphs."""
_HINT = "Download it: avatar-app models download kokoro-v1.0-int8"
_TEXTS = ErrorTexts(
    title="Kokoro",
    if_damaged=_HINT,
    if_out_of_memory="Choose another voice: espeak.",
    if_failed="Choose another voice: espeak.",
)


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A loaded graph, its voices, and its phonemizer."""

    voices: Mapping[str, Samples]
    phonemize: Callable[[Sequence[str], str], list[str]]
    """Converts texts of a language to phonemes, in the IPA of the graph."""
    kokoro: Any
    session: _Session

    def synthesize(
        self, phonemes: str, style: Samples, speed: float, turn: Turn
    ) -> tuple[Samples, tuple[Timing, ...]]:
        """Return the sound, and the times of its phonemes: empty if the graph has no durations.

        Raises TurnCancelled, also in the middle of the graph; OutOfMemory; EngineFailed.
        """
        with run_options(turn, _TEXTS) as self.session.options:
            sound, _, timings = self.kokoro.create_timed(
                phonemes, style, speed, is_phonemes=True, sentence_pause=0, clause_pause=0
            )
        return np.ascontiguousarray(sound, np.float32), tuple(timings)


class _Session:
    """An onnxruntime session whose runs use `options`, which can abort them node by node."""

    def __init__(self, session: Any, path: Path) -> None:
        self._session = session
        self._model_path = str(path)  # kokoro-onnx asks for it; the session was made of bytes
        self.options: Any = None

    def run(self, names: Any, inputs: Any) -> Any:
        """See `onnxruntime.InferenceSession.run`."""
        return self._session.run(names, inputs, self.options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)


def load(model: str, seed: int, threads: int) -> Model:
    """Load a model. Raises ModelMissing, InputInvalid if it is damaged, OutOfMemory."""
    graph, voices = _files(expanded(model))
    styles = _styles(voices)
    import onnxruntime
    from kokoro_onnx import Kokoro
    from kokoro_onnx.session import resolve_providers

    logging.getLogger("phonemizer").setLevel(logging.ERROR)  # it logs what it does to punctuation
    onnxruntime.set_seed(seed)  # before the session: its random nodes take theirs when made
    with loading_errors(_TEXTS, graph.name):
        inference = create_session(
            prepare_graph(graph), threads, resolve_providers(), has_fixed_shapes=False
        )
        session = _Session(inference, graph)
        kokoro = Kokoro.from_session(session, str(voices))
        kokoro.voices.close()  # styles are handed over with each phrase
    _check_inputs(session, graph)
    return Model(styles, _phonemizer(kokoro.tokenizer), kokoro, session)


def voice_names(model: str) -> tuple[str, ...]:
    """Return the names of the voices. Raises ModelMissing, InputInvalid."""
    _, voices = _files(expanded(model))
    with loading_errors(_TEXTS, voices.name):
        return voices_in(voices)


def _phonemizer(tokenizer: Any) -> Callable[[Sequence[str], str], list[str]]:
    names = {"fr": "fr-fr"}  # as espeak-ng has them

    def phonemize(texts: Sequence[str], language: str) -> list[str]:
        return [tokenizer.phonemize(text, names.get(language, language)) for text in texts]

    return phonemize


def _styles(voices: Path) -> StyleFile:
    with loading_errors(_TEXTS, voices.name):
        return StyleFile(voices)


def _files(folder: Path) -> tuple[Path, Path]:
    """Return the graph and the voices of a folder, or of a graph and its folder."""
    given = [folder] if folder.is_file() else sorted(folder.glob("*.onnx"))
    directory = folder.parent if folder.is_file() else folder
    voices = sorted([*directory.glob("voices*.bin"), *directory.glob("voices*.npz")])
    if not given:
        raise ModelMissing(f"No Kokoro model in {folder}.", _HINT)
    if not voices:
        raise ModelMissing(f"The voices (voices….bin) are missing in {directory}.", _HINT)
    return given[0], voices[0]


def _check_inputs(session: Any, graph: Path) -> None:
    names = {each.name for each in session.get_inputs()}
    if not ({"style", "speed"} <= names and names & {"tokens", "input_ids"}):
        raise InputInvalid(
            f"{graph.name} is no graph of Kokoro: it takes {', '.join(sorted(names))}.", _HINT
        )
