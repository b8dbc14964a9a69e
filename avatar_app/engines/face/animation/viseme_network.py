"""Mouth shapes from sound as it arrives, by the project's own small network (lips.onnx).

Mel columns go through two convolutions and a GRU, whose memory is carried from one call to the
next; training/visemes describes the training. One session serves the process.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.core.values import MouthShape
from avatar_app.engines.face.animation.pose import Mouth
from avatar_app.engines.face.animation.spectrum import BANDS, HOP, Floats, Levelling, MelColumns
from avatar_app.engines.face.animation.visemes import SHAPES, close_lips
from avatar_app.engines.onnx_session import ErrorTexts, open_session

NETWORK = Path(__file__).with_name("lips.onnx")
CLOSING_FROM, CLOSED_FROM = 0.8, 0.95
"""Network output from which lips begin to close, and from which they are closed."""
_OPENING = 0.06
"""Openings up to this count as closed: the network is never quite sure of silence."""
_STEADY = np.array([0.15, 0.25, 0.35, 0.25])
"""Smoothing of shapes over the newest columns, so that they do not flicker."""
_SILENT_TAIL = 0.1
"""Seconds of silence that flush what the network still holds back."""


@dataclass(frozen=True, slots=True)
class Network:
    """The loaded network and its metadata."""

    session: Any
    shapes: Floats
    """Shape (classes, parts of a Mouth): the mouth of each class."""
    delay: int
    """Columns by which an output lags its column."""
    past: tuple[int, ...]
    memory: tuple[int, ...]


@cache
def network() -> Network:
    """Load and warm up at the first call: some 30 ms, in addition to importing onnxruntime."""
    session = open_session(NETWORK, ErrorTexts("viseme recognition"))
    facts = session.get_modelmeta().custom_metadata_map
    mouths = [SHAPES[MouthShape(name)] for name in facts["classes"].split()]
    _, past, memory = (tuple(each.shape) for each in session.get_inputs())
    loaded = Network(
        session, np.array(mouths, np.float32), int(facts["delay_columns"]), past, memory
    )
    _Memory(loaded).answer(np.zeros((5, BANDS), np.float32))
    return loaded


class _Memory:
    """The network's state for one sound."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._past = np.zeros(network.past, np.float32)
        self._memory = np.zeros(network.memory, np.float32)

    def answer(self, columns: Floats) -> tuple[Floats, Floats]:
        """Return probabilities (n, classes); opening and closure (n, 2)."""
        given = {"mel": columns[None], "past": self._past, "memory": self._memory}
        shapes, curves, self._past, self._memory = self._network.session.run(None, given)
        return shapes[:, 0], curves[:, 0]


class VisemeStream:
    """One growing sound. `mouth` is known for all but the last 93 ms."""

    def __init__(self, rate: int) -> None:
        """`rate` in samples per second."""
        self._rate = rate
        self._network = network()
        self._columns, self._levelling = MelColumns(rate), Levelling()
        self._memory = _Memory(self._network)
        self._steady = np.zeros((len(_STEADY) - 1, self._network.shapes.shape[1]))
        self._mouths: list[Mouth] = []
        self._early = self._network.delay

    def add(self, samples: Floats) -> None:
        """Add the next samples of the sound, any number."""
        columns = self._levelling.add(self._columns.add(samples))
        if not len(columns):
            return
        shapes, curves = self._memory.answer(columns)
        parts = np.concatenate([self._steady, shapes @ self._network.shapes])
        self._steady = parts[len(parts) - len(self._steady) :]
        for index, (opening, closure) in enumerate(curves.tolist()):
            smooth = _STEADY @ parts[index : index + len(_STEADY)]
            if self._early > 0:
                self._early -= 1
            else:
                self._mouths.append(_mouth(Mouth(*smooth.tolist()), opening, closure))

    def end(self) -> None:
        """End the sound: silence follows."""
        self.add(np.zeros(round(self._rate * _SILENT_TAIL), np.float32))

    def mouth(self, at: float) -> Mouth:
        """Return the mouth `at` seconds after the sound's beginning; the last known one for later
        times."""
        place = max(at, 0.0) / HOP
        first = math.floor(place)
        if at < 0 or not self._mouths:
            return Mouth()
        before, after = (self._mouths[min(i, len(self._mouths) - 1)] for i in (first, first + 1))
        part = place - first
        return Mouth(*(b + (a - b) * part for b, a in zip(before, after, strict=True)))


def _mouth(shape: Mouth, opening: float, closure: float) -> Mouth:
    opening = max(opening - _OPENING, 0.0) / (1 - _OPENING)
    closing = min(max((closure - CLOSING_FROM) / (CLOSED_FROM - CLOSING_FROM), 0.0), 1.0)
    # the network's opening includes closing lips already; shapes follow it where it is small
    fade = min(opening / 0.1, 1.0)
    faded = Mouth(*(part * fade for part in shape))._replace(opening=opening, press=shape.press)
    return close_lips(faded, closing)
