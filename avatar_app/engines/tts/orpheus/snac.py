"""SNAC's decoder: frames to sound, in windows whose sound equals that of the whole.

SNAC (Siuzdak et al., 2024) has three codebooks, of which the first has one code in a frame, the
second two and the third four. The decoder is convolutional: a frame changes less than three frames
of sound on either side, so with as much context a window sounds as it does in the whole.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.core.errors import InputInvalid
from avatar_app.core.turn import Turn
from avatar_app.core.values import Samples
from avatar_app.engines.onnx_session import ErrorTexts, create_session, loading_errors
from avatar_app.engines.tts.orpheus.files import HINT
from avatar_app.engines.tts.orpheus.frames import Frame
from avatar_app.engines.tts.speech.graphs import run_options

RATE = 24_000
FRAME = 2048
"""Samples of a frame."""
CONTEXT = 3
"""Frames on either side of a window: one frame changes 4,575 samples on either side."""
BOOKS = ((0,), (1, 4), (2, 3, 5, 6))
"""The places of a frame whose codes are of the first, second and third codebook."""
_FLOAT = 1
"""ONNX's number of float32."""
_TEXTS = ErrorTexts(
    title="SNAC",
    if_damaged=HINT,
    if_out_of_memory="Choose another voice: espeak.",
    if_failed="Choose another voice: espeak.",
)


class Decoder:
    """A loaded decoder."""

    def __init__(self, path: Path, threads: int) -> None:
        """Raises InputInvalid if the file is damaged or of another network, OutOfMemory."""
        with loading_errors(_TEXTS, path.name):
            self._session = create_session(without_noise(path), threads, has_fixed_shapes=False)
        self._inputs = [each.name for each in self._session.get_inputs()]
        if len(self._inputs) != len(BOOKS):
            raise InputInvalid(
                f"{path.name} is no decoder of SNAC: it takes {', '.join(self._inputs)}.", HINT
            )

    def decode(self, frames: Sequence[Frame], turn: Turn) -> Samples:
        """Return the sound of frames, FRAME samples each.

        Raises TurnCancelled, also in the middle of the graph; OutOfMemory; EngineFailed.
        """
        codes = np.array(frames, np.int64)
        inputs: dict[str, Any] = {
            name: codes[:, list(places)].reshape(1, -1)
            for name, places in zip(self._inputs, BOOKS, strict=True)
        }
        with run_options(turn, _TEXTS) as options:
            sound = self._session.run(None, inputs, options)[0]
        return np.ascontiguousarray(sound, np.float32).ravel()[: len(frames) * FRAME]

    def stream(self, frames: Iterable[Frame], window: int, turn: Turn) -> Iterator[Samples]:
        """Yield the sound of frames while they arrive, `window` of them at once, and the rest."""
        held: list[Frame] = []
        sounded = 0  # of those held
        for frame in frames:
            held.append(frame)
            if len(held) - sounded >= window + CONTEXT:
                end = len(held) - CONTEXT
                yield self.decode(held, turn)[sounded * FRAME : end * FRAME]
                held, sounded = held[end - CONTEXT :], CONTEXT
        if len(held) > sounded:
            yield self.decode(held, turn)[sounded * FRAME :]


def without_noise(path: Path) -> bytes:
    """Return the graph of a file without the noise that some exports add: with it, overlapping
    windows would not fit together. Raises onnx' errors if it is damaged."""
    import onnx

    model = onnx.load(str(path))
    nodes = [part for node in model.graph.node for part in _noiseless(node)]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return bytes(model.SerializeToString())


def _noiseless(node: Any) -> tuple[Any, ...]:
    """Return nodes for one: zeros in place of noise. (onnxruntime aborts at noise of scale 0.)"""
    from onnx import helper

    given = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    if node.op_type == "RandomNormalLike":
        like, zeros = node.input[0], f"{node.output[0]}_none"
        kind = given.get("dtype", _FLOAT)
        return (
            helper.make_node("Sub", [like, like], [zeros]),
            helper.make_node("Cast", [zeros], list(node.output), to=kind),
        )
    if node.op_type == "RandomNormal":
        shape = list(given["shape"])
        value = helper.make_tensor(node.output[0], _FLOAT, shape, [0.0] * math.prod(shape))
        return (helper.make_node("Constant", [], list(node.output), value=value),)
    return (node,)
