"""Computes the part of each layer that an exact region of the picture needs."""

from __future__ import annotations

from dataclasses import dataclass

from avatar_app.engines.face.lips.region import SIDE, Region
from avatar_app.engines.face.wav2lip.network import DECODER, Layer


@dataclass(frozen=True, slots=True)
class Span:
    """Rows (or columns) `begin` ≤ i < `end` of a picture with `size` of them."""

    begin: int
    end: int
    size: int

    @property
    def length(self) -> int:
        return self.end - self.begin

    @property
    def slice(self) -> slice:
        return slice(self.begin, self.end)

    def needed(self, layer: Layer) -> Span:
        """Return the span of the layer's input on which this span of its output depends."""
        if not layer.transposed:
            size = self.size + layer.kernel - 1 - 2 * layer.pad
            reach = self.end + layer.kernel - 1 - layer.pad
            return Span(max(0, self.begin - layer.pad), min(size, reach), size)
        if layer.stride == (1, 1):
            return Span(0, 1, 1)
        size = self.size // 2
        return Span(self.begin // 2, min(size, self.end // 2 + 1), size)

    def margins(self, layer: Layer) -> tuple[int, int]:
        """Return the padding with which the layer computes this span from `needed`.

        For a transposed layer: how much of its unpadded output is cut off.
        """
        source = self.needed(layer)
        if not layer.transposed:
            before = source.begin - (self.begin - layer.pad)
            reach = self.end + layer.kernel - 1 - layer.pad
            return before, reach - source.end
        step = layer.stride[0]
        whole = (source.length - 1) * step + layer.kernel
        before = self.begin + layer.pad - source.begin * step
        return before, whole - before - self.length


Spans = tuple[Span, Span]
"""Rows and columns."""


def spans_of(region: Region) -> Spans:
    """Return the rows and columns of a region of the picture."""
    return Span(region.top, region.bottom, SIDE), Span(region.left, region.right, SIDE)


@dataclass(frozen=True, slots=True)
class Step:
    """One layer of the decoder, and the spans of its input and output that are computed."""

    layer: Layer
    source: Spans
    result: Spans


def decoder_steps(region: Region) -> list[list[Step]]:
    """Return the decoder's blocks, restricted to what `region` depends on."""
    blocks: list[list[Step]] = []
    result = spans_of(region)
    for block in reversed(DECODER):
        steps: list[Step] = []
        for layer in reversed(block):
            rows, columns = result
            source = rows.needed(layer), columns.needed(layer)
            steps.insert(0, Step(layer, source, result))
            result = source
        blocks.insert(0, steps)
    return blocks
