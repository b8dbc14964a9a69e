"""Writes MediaPipe's face networks as ONNX: the same weights (float16), channels first.

Usage: python convert.py FOLDER_OF_MEDIAPIPE OUTPUT_FOLDER
Needs: pip install tflite onnx, and the wheel mediapipe 0.10.21 unpacked (it need not be installed).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
import tflite
from onnx import TensorProto, helper, numpy_helper

NETWORKS = {
    "face_detection/face_detection_short_range.tflite": "face_detection.onnx",
    "face_landmark/face_landmark.tflite": "face_landmarks.onnx",
}
OPERATORS = {
    number: name for name, number in vars(tflite.BuiltinOperator).items() if name.isupper()
}
CHANNELS_FIRST = (0, 3, 1, 2)
DTYPES = {
    tflite.TensorType.FLOAT32: np.float32,
    tflite.TensorType.FLOAT16: np.float16,
    tflite.TensorType.INT32: np.int32,
}


class Conversion:
    """One network on its way."""

    def __init__(self, path: Path) -> None:
        self.model = tflite.Model.GetRootAsModel(path.read_bytes(), 0)
        self.graph = self.model.Subgraphs(0)
        self.nodes: list[onnx.NodeProto] = []
        self.weights: dict[str, onnx.TensorProto] = {}
        self.flat: set[int] = set()
        """Tensors that are no pictures any more: their order is the original's."""
        self.constants: dict[int, np.ndarray] = {}

    def convert(self) -> onnx.ModelProto:
        for index in range(self.graph.OperatorsLength()):
            operator = self.graph.Operators(index)
            code = self.model.OperatorCodes(operator.OpcodeIndex())
            kind = OPERATORS[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
            getattr(self, kind.lower())(operator)
        return self._finished()

    def _finished(self) -> onnx.ModelProto:
        picture = self.graph.Inputs(0)
        shape = self._shape(picture)
        inputs = [
            helper.make_tensor_value_info(
                self._name(picture), TensorProto.FLOAT, [shape[i] for i in CHANNELS_FIRST]
            )
        ]
        outputs = []
        for k in range(self.graph.OutputsLength()):
            index = self.graph.Outputs(k)
            shape = self._shape(index)
            if index not in self.flat and len(shape) == 4:
                shape = [shape[i] for i in CHANNELS_FIRST]
            outputs.append(
                helper.make_tensor_value_info(self._name(index), TensorProto.FLOAT, shape)
            )
        graph = helper.make_graph(
            self.nodes, "network", inputs, outputs, list(self.weights.values())
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        onnx.checker.check_model(model)
        return model

    def _name(self, index: int) -> str:
        return f"t{index}"

    def _shape(self, index: int) -> list[int]:
        return [int(n) for n in self.graph.Tensors(index).ShapeAsNumpy()]

    def _constant(self, index: int) -> np.ndarray:
        if index not in self.constants:
            tensor = self.graph.Tensors(index)
            raw = self.model.Buffers(tensor.Buffer()).DataAsNumpy()
            values = np.frombuffer(raw.tobytes(), DTYPES[tensor.Type()])
            self.constants[index] = values.reshape(self._shape(index))
        return self.constants[index]

    def _weight(self, index: int, order: tuple[int, ...] | None = None, shape=None) -> str:
        """A constant as float16 in the file, float32 in the computation."""
        name = f"w{index}"
        if name not in self.weights:
            values = self._constant(index)
            values = values.transpose(order) if order else values
            values = values.reshape(shape) if shape else values
            values = np.ascontiguousarray(values.astype(np.float16))
            self.weights[name] = numpy_helper.from_array(values, f"{name}")
            self.nodes.append(helper.make_node("Cast", [name], [f"{name}f"], to=TensorProto.FLOAT))
        return f"{name}f"

    def dequantize(self, operator) -> None:
        self.constants[operator.Outputs(0)] = self._constant(operator.Inputs(0))

    def _add(self, kind: str, inputs: list[str], output: int, **attributes) -> None:
        self.nodes.append(helper.make_node(kind, inputs, [self._name(output)], **attributes))

    def _options(self, operator, kind):
        table = operator.BuiltinOptions()
        options = kind()
        options.Init(table.Bytes, table.Pos)
        return options

    def _activated(self, kind, inputs, output, activation, **attributes) -> None:
        if activation == tflite.ActivationFunctionType.NONE:
            self._add(kind, inputs, output, **attributes)
            return
        assert activation == tflite.ActivationFunctionType.RELU, activation
        between = f"t{output}before"
        self.nodes.append(helper.make_node(kind, inputs, [between], **attributes))
        self._add("Relu", [between], output)

    def conv_2d(self, operator, *, depthwise: bool = False) -> None:
        kind = tflite.DepthwiseConv2DOptions if depthwise else tflite.Conv2DOptions
        options = self._options(operator, kind)
        source, kernel, bias = (operator.Inputs(k) for k in range(3))
        order = (3, 0, 1, 2) if depthwise else CHANNELS_FIRST
        shape = self._shape(kernel)
        attributes = {"group": shape[3]} if depthwise else {}
        same = options.Padding() == tflite.Padding.SAME
        weights = self._weight(kernel, order)
        self._activated(
            "Conv",
            [self._name(source), weights, self._weight(bias)],
            operator.Outputs(0),
            options.FusedActivationFunction(),
            strides=[options.StrideH(), options.StrideW()],
            kernel_shape=shape[1:3],
            auto_pad="SAME_UPPER" if same else "VALID",
            **attributes,
        )

    def depthwise_conv_2d(self, operator) -> None:
        self.conv_2d(operator, depthwise=True)

    def max_pool_2d(self, operator) -> None:
        options = self._options(operator, tflite.Pool2DOptions)
        same = options.Padding() == tflite.Padding.SAME
        self._add(
            "MaxPool",
            [self._name(operator.Inputs(0))],
            operator.Outputs(0),
            kernel_shape=[options.FilterHeight(), options.FilterWidth()],
            strides=[options.StrideH(), options.StrideW()],
            auto_pad="SAME_UPPER" if same else "VALID",
        )

    def add(self, operator) -> None:
        options = self._options(operator, tflite.AddOptions)
        names = [self._name(operator.Inputs(k)) for k in range(2)]
        self._activated("Add", names, operator.Outputs(0), options.FusedActivationFunction())

    def relu(self, operator) -> None:
        self._add("Relu", [self._name(operator.Inputs(0))], operator.Outputs(0))

    def prelu(self, operator) -> None:
        slope = self._weight(operator.Inputs(1), shape=(-1, 1, 1))
        self._add("PRelu", [self._name(operator.Inputs(0)), slope], operator.Outputs(0))

    def pad(self, operator) -> None:
        amounts = self._constant(operator.Inputs(1))[list(CHANNELS_FIRST)]
        name = f"p{operator.Inputs(1)}"
        values = np.concatenate([amounts[:, 0], amounts[:, 1]]).astype(np.int64)
        self.weights[name] = numpy_helper.from_array(values, name)
        self._add("Pad", [self._name(operator.Inputs(0)), name], operator.Outputs(0))

    def reshape(self, operator) -> None:
        source, target = operator.Inputs(0), operator.Outputs(0)
        name = f"t{source}last"
        self.nodes.append(
            helper.make_node("Transpose", [self._name(source)], [name], perm=[0, 2, 3, 1])
        )
        shape = f"s{target}"
        self.weights[shape] = numpy_helper.from_array(
            np.array(self._shape(target), np.int64), shape
        )
        self._add("Reshape", [name, shape], target)
        self.flat.add(target)

    def concatenation(self, operator) -> None:
        options = self._options(operator, tflite.ConcatenationOptions)
        names = [self._name(operator.Inputs(k)) for k in range(operator.InputsLength())]
        self._add("Concat", names, operator.Outputs(0), axis=options.Axis())
        self.flat.add(operator.Outputs(0))


def main(mediapipe: Path, output: Path) -> None:
    for source, target in NETWORKS.items():
        onnx.save(Conversion(mediapipe / "modules" / source).convert(), output / target)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
