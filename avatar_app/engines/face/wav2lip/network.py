"""The table of Wav2Lip's layers, for checkpoint validation and graph building.

Prajwal et al., "A Lip Sync Expert Is All You Need for Speech to Lip Generation In the Wild" (2020):
a face encoder, an audio encoder, and a decoder with skip connections from the face encoder after
each of its blocks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[np.float32]]

EPSILON = 1e-5
"""Added to the variance in batch normalization."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One convolution, followed by batch normalization and ReLU, except for the last."""

    name: str
    inputs: int
    outputs: int
    kernel: int = 3
    stride: tuple[int, int] = (1, 1)
    pad: int = 1
    residual: bool = False
    transposed: bool = False
    normed: bool = True

    @property
    def weight_shape(self) -> tuple[int, int, int, int]:
        ends = (self.inputs, self.outputs) if self.transposed else (self.outputs, self.inputs)
        return (*ends, self.kernel, self.kernel)

    @property
    def keys(self) -> tuple[str, str]:
        """Return the prefixes of the convolution's and the batch normalization's entries in a
        checkpoint."""
        if not self.normed:
            return self.name, ""
        return f"{self.name}.conv_block.0", f"{self.name}.conv_block.1"

    def shapes(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        convolution, norm = self.keys
        yield f"{convolution}.weight", self.weight_shape
        yield f"{convolution}.bias", (self.outputs,)
        if self.normed:
            for part in ("weight", "bias", "running_mean", "running_var"):
                yield f"{norm}.{part}", (self.outputs,)
            yield f"{norm}.{COUNTER}", ()


COUNTER = "num_batches_tracked"
"""Entry of a batch normalization that only training needs."""

Block = tuple[Layer, ...]


def _residuals(name: str, first: int, count: int, channels: int) -> Block:
    return tuple(
        Layer(f"{name}.{first + index}", channels, channels, residual=True)
        for index in range(count)
    )


def _face_encoder() -> tuple[Block, ...]:
    blocks: list[Block] = [(Layer("face_encoder_blocks.0.0", 6, 16, 7, pad=3),)]
    channels = 16
    for index, (outputs, residuals) in enumerate(
        ((32, 2), (64, 3), (128, 2), (256, 2), (512, 1)), start=1
    ):
        name = f"face_encoder_blocks.{index}"
        halving = Layer(f"{name}.0", channels, outputs, stride=(2, 2))
        blocks.append((halving, *_residuals(name, 1, residuals, outputs)))
        channels = outputs
    last = "face_encoder_blocks.6"
    blocks.append((Layer(f"{last}.0", 512, 512, pad=0), Layer(f"{last}.1", 512, 512, 1, pad=0)))
    return tuple(blocks)


def _audio_encoder() -> Block:
    layers: list[Layer] = []
    channels = 1
    for outputs, stride, residuals in (
        (32, (1, 1), 2),
        (64, (3, 1), 2),
        (128, (3, 3), 2),
        (256, (3, 2), 1),
    ):
        layers.append(Layer(f"audio_encoder.{len(layers)}", channels, outputs, stride=stride))
        layers += _residuals("audio_encoder", len(layers), residuals, outputs)
        channels = outputs
    layers.append(Layer("audio_encoder.11", 256, 512, pad=0))
    layers.append(Layer("audio_encoder.12", 512, 512, 1, pad=0))
    return tuple(layers)


def _decoder() -> tuple[Block, ...]:
    blocks: list[Block] = [(Layer("face_decoder_blocks.0.0", 512, 512, 1, pad=0),)]
    for index, (inputs, outputs) in enumerate(
        ((1024, 512), (1024, 512), (768, 384), (512, 256), (320, 128), (160, 64)), start=1
    ):
        name = f"face_decoder_blocks.{index}"
        widening = index == 1  # 1 × 1 becomes 3 × 3; later ones double
        stride, pad = ((1, 1), 0) if widening else ((2, 2), 1)
        first = Layer(f"{name}.0", inputs, outputs, stride=stride, pad=pad, transposed=True)
        blocks.append((first, *_residuals(name, 1, 1 if widening else 2, outputs)))
    blocks.append(
        (
            Layer("output_block.0", 80, 32),
            Layer("output_block.1", 32, 3, 1, pad=0, normed=False),
        )
    )
    return tuple(blocks)


FACE_ENCODER = _face_encoder()
AUDIO_ENCODER = _audio_encoder()
DECODER = _decoder()
"""The first layer of each block but the first gets the previous block's output and the skip
connection."""
LAYERS: tuple[Layer, ...] = (
    *(layer for block in FACE_ENCODER for layer in block),
    *AUDIO_ENCODER,
    *(layer for block in DECODER for layer in block),
)


def expected_shapes() -> dict[str, tuple[int, ...]]:
    """Return the entries of a state dict and their shapes: 352 of them."""
    return dict(entry for layer in LAYERS for entry in layer.shapes())


@dataclass(frozen=True, slots=True, eq=False)
class Filter:
    """A convolution with its batch normalization folded into it."""

    weight: NDArray[np.float32]
    """(outputs, inputs, k, k); (inputs, outputs, k, k) for a transposed convolution."""
    bias: NDArray[np.float32]


def fold_batch_norm(layer: Layer, state: Arrays) -> Filter:
    """Fold scale and offset of the batch normalization into the layer's weight and bias."""
    convolution, norm = layer.keys
    weight = state[f"{convolution}.weight"]
    bias = np.asarray(state[f"{convolution}.bias"], np.float64)
    if layer.normed:
        variance = np.asarray(state[f"{norm}.running_var"], np.float64)
        scale = state[f"{norm}.weight"] / np.sqrt(variance + EPSILON)
        outputs = (1, -1, 1, 1) if layer.transposed else (-1, 1, 1, 1)
        whole = np.empty(weight.shape, np.float32)  # multiplied in float64, but not stored so
        weight = np.multiply(weight, scale.reshape(outputs), out=whole, casting="same_kind")
        bias = (bias - state[f"{norm}.running_mean"]) * scale + state[f"{norm}.bias"]
    return Filter(weight, bias.astype(np.float32))
