"""Reads Wav2Lip's weights from an ONNX file, by name or by layer order."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnx import numpy_helper

from avatar_app.engines.checkpoints.tensors import Damaged
from avatar_app.engines.face.wav2lip.network import (
    AUDIO_ENCODER,
    DECODER,
    EPSILON,
    FACE_ENCODER,
    Layer,
    expected_shapes,
)

Weights = dict[str, NDArray[Any]]
_CONVOLUTIONS = ("Conv", "ConvTranspose")
_NORM = "BatchNormalization"
_MOST_BYTES = 2_000_000_000
"""The limit of protobuf."""


def read_onnx_file(path: Path) -> Weights:
    """Return the weights by their keys in a checkpoint. Raises Damaged if the file is another
    network.

    Exporters fold batch normalizations into the convolutions before them; such a layer gets an
    identity batch normalization. External data files are not supported.
    """
    if path.stat().st_size > _MOST_BYTES:
        raise Damaged("it is far too large")
    model = onnx.ModelProto()
    try:
        model.ParseFromString(path.read_bytes())
        stored = {each.name: numpy_helper.to_array(each) for each in _inside(model.graph)}
    except (DecodeError, ValueError, TypeError) as error:
        raise Damaged("it is truncated or not an ONNX file") from error
    names = {name.removeprefix("module.").removeprefix("model."): name for name in stored}
    if all(key in names for key in expected_shapes() if key.endswith("running_var")):
        return {key: stored[names[key]] for key in expected_shapes() if key in names}
    return _by_order(model.graph, stored)


def _inside(graph: onnx.GraphProto) -> list[onnx.TensorProto]:
    external = onnx.TensorProto.EXTERNAL
    if any(each.data_location == external for each in graph.initializer):
        raise Damaged("its weights lie in another file")
    return list(graph.initializer)


def _by_order(graph: onnx.GraphProto, stored: Mapping[str, NDArray[Any]]) -> Weights:
    """Return the layers in the order of execution: audio encoder, face encoder, decoder."""
    face = tuple(layer for block in FACE_ENCODER for layer in block)
    layers = (*AUDIO_ENCODER, *face, *(layer for block in DECODER for layer in block))
    nodes = [node for node in graph.node if node.op_type in _CONVOLUTIONS]
    if len(nodes) != len(layers):
        raise Damaged(f"it has {len(nodes)} convolutions instead of {len(layers)}")
    norms = {node.input[0]: node for node in graph.node if node.op_type == _NORM}
    weights: Weights = {}
    for layer, node in zip(layers, nodes, strict=True):
        weights |= _layer(layer, node, norms.get(node.output[0]), stored)
    return weights


def _layer(
    layer: Layer,
    node: onnx.NodeProto,
    norm: onnx.NodeProto | None,
    stored: Mapping[str, NDArray[Any]],
) -> Weights:
    convolution, normed = layer.keys
    try:
        weights = {f"{convolution}.weight": stored[node.input[1]]}
        nothing = np.zeros(layer.outputs, np.float32)
        weights[f"{convolution}.bias"] = stored[node.input[2]] if len(node.input) > 2 else nothing
        if normed:
            parts = _norm(layer, norm, stored)
            weights |= {f"{normed}.{part}": values for part, values in parts.items()}
    except (KeyError, IndexError) as error:
        raise Damaged(f"the weights of {layer.name} are not in it") from error
    return weights


def _norm(
    layer: Layer, norm: onnx.NodeProto | None, stored: Mapping[str, NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    if norm is not None:
        parts = ("weight", "bias", "running_mean", "running_var")
        return {part: stored[name] for part, name in zip(parts, norm.input[1:5], strict=True)}
    nothing = np.zeros(layer.outputs, np.float32)
    one = np.full(layer.outputs, 1 - EPSILON, np.float32)
    return {"weight": nothing + 1, "bias": nothing, "running_mean": nothing, "running_var": one}
