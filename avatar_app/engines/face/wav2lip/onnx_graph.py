"""Builds Wav2Lip as two ONNX graphs: one run once per face, and one per picture.

conv(concat(x, skip)) = conv_x(x) + conv_skip(skip), and `skip` depends on the face only: the first
graph computes these terms of a face. Batch normalizations are folded into the filters; a residual
connection becomes an identity in the middle of its filter; only a region of the picture is
computed. All of this is exact, and `Form` selects the variant that a runtime computes fastest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from avatar_app.engines.face.lips.mel import BANDS, WINDOW_COLUMNS
from avatar_app.engines.face.lips.region import SIDE, Region
from avatar_app.engines.face.wav2lip.model import Model, Weight
from avatar_app.engines.face.wav2lip.network import (
    AUDIO_ENCODER,
    FACE_ENCODER,
    Arrays,
    Filter,
    Layer,
    fold_batch_norm,
)
from avatar_app.engines.face.wav2lip.region import Span, Spans, Step, decoder_steps

FACES, MELS, PICTURES = "faces", "mels", "pictures"
Shape = list[int | str | None]
_TO_THE_END = 2**31 - 1


def skip_name(block: int) -> str:
    """Return the name of the face's term in the decoder's block `block`, 1 to 7."""
    return f"skip_{block}"


@dataclass(frozen=True, slots=True)
class Form:
    """Equivalent ways to write the same network."""

    residuals_apart: bool = False
    """Residual connections as additions. In an 8-bit filter the identity would determine the scale,
    and the other weights, a fiftieth as large, would be lost."""
    transposed_whole: bool = False
    """Transposed convolutions as such, rather than as four ordinary ones."""


PLAIN = Form()


@dataclass
class _Graph:
    """Collects nodes and weights."""

    state: Arrays
    form: Form = PLAIN
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, Weight] = field(default_factory=dict)
    _last: tuple[Layer, Filter] | None = None

    def folded(self, layer: Layer) -> Filter:
        """Return the layer's folded filter; caches the last one, as it is requested several times
        in a row."""
        if self._last is None or self._last[0] is not layer:
            self._last = None
            self._last = layer, fold_batch_norm(layer, self.state)
        return self._last[1]

    def add(self, operator: str, inputs: list[str], name: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def constant(self, name: str, make: Weight) -> str:
        self.constants[name] = make
        return name

    def indices(self, name: str, values: list[int]) -> str:
        return self.constant(name, lambda: np.array(values, np.int64))

    def cut(self, source: str, begins: list[int], ends: list[int], name: str) -> str:
        """Slice rows and columns from `begins` to `ends`."""
        parts = {"begins": begins, "ends": ends, "axes": [2, 3]}
        names = [self.indices(f"{name}.{part}", values) for part, values in parts.items()]
        return self.add("Slice", [source, *names], name)

    def encoded(self, layer: Layer, source: str) -> str:
        """Add an encoder's layer."""
        name = self.whole(layer, source, [layer.pad] * 4)
        return self.add("Relu", [name], f"{layer.name}.out")

    def whole(self, layer: Layer, source: str, pads: list[int]) -> str:
        """Add a layer that depends on one input only, before its ReLU."""
        if not (layer.residual and self.form.residuals_apart):
            return self.convolved(layer, source, lambda: _with_identity(self, layer), pads)
        name = self.convolved(layer, source, lambda: self.folded(layer), pads)
        margins = [layer.kernel // 2 - pad for pad in pads]
        if any(margins):
            ends = [-margin or _TO_THE_END for margin in margins[2:]]
            source = self.cut(source, margins[:2], ends, f"{layer.name}.kept")
        return self.add("Add", [name, source], f"{layer.name}.sum")

    def convolved(
        self,
        layer: Layer,
        source: str,
        part: Callable[[], Filter],
        pads: list[int],
        name: str = "",
    ) -> str:
        weight = self.constant(f"{layer.name}.weight", lambda: part().weight)
        bias = self.constant(f"{layer.name}.bias", lambda: part().bias)
        operator = "ConvTranspose" if layer.transposed else "Conv"
        return self.add(
            operator,
            [source, weight, bias],
            name or f"{layer.name}.conv",
            kernel_shape=[layer.kernel] * 2,
            strides=list(layer.stride),
            pads=pads,
        )

    def model(self, inputs: dict[str, Shape], outputs: dict[str, Shape]) -> Model:
        graph = helper.make_graph(
            self.nodes,
            "wav2lip",
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs.items()],
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in outputs.items()],
        )
        return Model(graph, self.constants)


def face_graph(state: Arrays, region: Region) -> Model:
    """Build the face graph: `faces` (n, 6, 96, 96) → `skip_1` … `skip_7`, the face's term of each
    decoder block."""
    graph = _Graph(state)
    features: list[str] = []
    source = FACES
    for block in FACE_ENCODER:
        for layer in block:
            source = graph.encoded(layer, source)
        features.append(source)
    outputs: dict[str, Shape] = {}
    blocks = decoder_steps(region)
    for index, steps in enumerate(blocks[1:], start=1):
        step = steps[0]
        feature = _cropped(graph, features[-index], step)
        part = partial(_input_part, graph, step.layer, from_skip=True)
        name = graph.convolved(step.layer, feature, part, _pads(step), skip_name(index))
        outputs[name] = _shape("n", step)
    return graph.model({FACES: ["n", 6, SIDE, SIDE]}, outputs)


def picture_graph(
    state: Arrays,
    region: Region,
    batch: int | str = "n",
    faces: int | str = "faces",
    form: Form = PLAIN,
) -> Model:
    """Build the picture graph: `mels` (n, 1, 80, 16) and `skip_1` … → `pictures` (n, 3, rows,
    columns) in [0, 1], BGR.

    `faces`: the first dimension of the skip inputs, 1 or as many as `mels` has.
    """
    graph = _Graph(state, form)
    inputs: dict[str, Shape] = {MELS: [batch, 1, BANDS, WINDOW_COLUMNS]}
    source = MELS
    for layer in AUDIO_ENCODER:
        source = graph.encoded(layer, source)
    blocks = decoder_steps(region)
    for index, steps in enumerate(blocks):
        for position, step in enumerate(steps):
            layer = step.layer
            if index and not position:
                inputs[skip_name(index)] = _shape(faces, step)
                name = _widened(graph, step, source)
                name = graph.add("Add", [name, skip_name(index)], f"{layer.name}.sum")
            else:
                name = graph.whole(layer, source, _pads(step))
            last = not layer.normed
            operator, output = ("Sigmoid", PICTURES) if last else ("Relu", f"{layer.name}.out")
            source = graph.add(operator, [name], output)
    return graph.model(inputs, {PICTURES: _shape(batch, blocks[-1][-1])})


def _widened(graph: _Graph, step: Step, source: str) -> str:
    """Add the first layer of a block without its bias: what most runtimes compute fastest."""
    layer = step.layer
    if layer.transposed and layer.stride == (1, 1):
        return _spread(graph, layer, source)
    if not layer.transposed or graph.form.transposed_whole:
        return graph.convolved(layer, source, lambda: _unbiased(graph, layer), _pads(step))
    return _doubled(graph, step, source)


def _unbiased(graph: _Graph, layer: Layer) -> Filter:
    part = _input_part(graph, layer, from_skip=False)
    return Filter(part.weight, np.zeros(layer.outputs, np.float32))


def _spread(graph: _Graph, layer: Layer, source: str) -> str:
    """Add the layer that turns one pixel into 3 × 3, as a matrix product."""

    def matrix() -> NDArray[np.float32]:
        weight = _input_part(graph, layer, from_skip=False).weight
        return weight.transpose(1, 2, 3, 0).reshape(-1, weight.shape[0], 1, 1)

    values = graph.constant(f"{layer.name}.weight", matrix)
    name = graph.add("Conv", [source, values], f"{layer.name}.flat", kernel_shape=[1, 1])
    shape = graph.indices(f"{layer.name}.shape", [0, layer.outputs, layer.kernel, layer.kernel])
    return graph.add("Reshape", [name, shape], f"{layer.name}.conv")


def _doubled(graph: _Graph, step: Step, source: str) -> str:
    """Add a transposed convolution of stride 2, as one for even and one for odd rows and columns.

    Of the 3 × 3 weights an even row uses the middle ones only; an odd row the last ones, and the
    first ones for the pixel after it.
    """
    layer = step.layer
    taps = ([1], [2, 0])
    phases = []
    for row, rows in enumerate(taps):
        for column, columns in enumerate(taps):
            name = f"{layer.name}.{row}{column}"
            values = graph.constant(f"{name}.weight", partial(_phase, graph, layer, rows, columns))
            shape = [len(rows), len(columns)]
            pads = [0, 0, row, column]
            inputs = [source, values]
            phases.append(graph.add("Conv", inputs, name, kernel_shape=shape, pads=pads))
    name = graph.add("Concat", phases, f"{layer.name}.phases", axis=1)
    name = graph.add("DepthToSpace", [name], f"{layer.name}.whole", blocksize=2, mode="DCR")
    begins = [result.begin - 2 * source.begin for source, result in _both(step)]
    ends = [begin + result.length for begin, (_, result) in zip(begins, _both(step), strict=True)]
    if all(2 * source.length == result.length for source, result in _both(step)):
        return name
    return graph.cut(name, begins, ends, f"{layer.name}.conv")


def _phase(graph: _Graph, layer: Layer, rows: list[int], columns: list[int]) -> NDArray[np.float32]:
    weight = _input_part(graph, layer, from_skip=False).weight
    return weight.transpose(1, 0, 2, 3)[:, :, rows][:, :, :, columns]


def _both(step: Step) -> list[tuple[Span, Span]]:
    return list(zip(step.source, step.result, strict=True))


def _with_identity(graph: _Graph, layer: Layer) -> Filter:
    part = graph.folded(layer)
    if not layer.residual:
        return part
    weight = part.weight.copy()
    channels = np.arange(layer.outputs)
    weight[channels, channels, layer.kernel // 2, layer.kernel // 2] += 1
    return Filter(weight, part.bias)


def _input_part(graph: _Graph, layer: Layer, *, from_skip: bool) -> Filter:
    """Return the filter for the previous block's channels, or that for the face encoder's
    channels."""
    whole = graph.folded(layer)
    before = layer.inputs - _SKIP_CHANNELS[layer.name]
    chosen = slice(before, None) if from_skip else slice(before)
    weight = whole.weight[chosen] if layer.transposed else whole.weight[:, chosen]
    return Filter(weight, whole.bias)


_SKIP_CHANNELS = {
    steps[0].layer.name: block[-1].outputs
    for steps, block in zip(decoder_steps(Region())[1:], reversed(FACE_ENCODER), strict=True)
}
"""Number of the input channels of a block's first layer that come from the face encoder."""


def _cropped(graph: _Graph, feature: str, step: Step) -> str:
    begins = [span.begin for span in step.source]
    ends = [span.end for span in step.source]
    return graph.cut(feature, begins, ends, f"{step.layer.name}.cropped")


def _pads(step: Step) -> list[int]:
    rows, columns = (span.margins(step.layer) for span in step.result)
    return [rows[0], columns[0], rows[1], columns[1]]


def _shape(batch: int | str, step: Step) -> Shape:
    return [batch, step.layer.outputs, *_lengths(step.result)]


def _lengths(spans: Spans) -> tuple[int, int]:
    return spans[0].length, spans[1].length
