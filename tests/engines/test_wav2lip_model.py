"""A graph whose weights are made while it is written: the file, and its parts, are the graph."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import wav2lip_parts
from onnx import helper, numpy_helper

from avatar_app.engines.face.lips.region import Region
from avatar_app.engines.face.wav2lip.model import Model
from avatar_app.engines.face.wav2lip.onnx_graph import MELS, PICTURES, Form, picture_graph
from avatar_app.engines.face.wav2lip.parts import parts
from avatar_app.engines.face.wav2lip.runtime import Choice, Runtime
from avatar_app.engines.face.wav2lip.sessions import open_session

MOUTH = Region(50, 93, 12, 81)
EXACTLY = Choice(Runtime.ONNXRUNTIME)


@pytest.fixture(scope="module")
def model() -> Model:
    form = Form(transposed_whole=True)
    return picture_graph(wav2lip_parts.random_state(), MOUTH, 1, 1, form)


def test_written_model_equals_that_of_the_onnx_package(tmp_path: Path) -> None:
    weights = {
        "w": np.arange(300, dtype=np.float32).reshape(3, 100),
        "shape": np.array([0, -1], np.int64),
        "scale": np.array(2, np.uint8),
    }
    graph = helper.make_graph([helper.make_node("Relu", ["w"], ["y"])], "small", [], [])
    model = Model(graph, {name: (lambda values=values: values) for name, values in weights.items()})
    with model.written() as path:
        read = onnx.load(path)
    assert [node.op_type for node in read.graph.node] == ["Relu"]
    assert {each.name for each in read.graph.initializer} == set(weights)
    for each in read.graph.initializer:
        values = numpy_helper.to_array(each)
        assert values.dtype == weights[each.name].dtype
        assert np.array_equal(values, weights[each.name])
        assert values.shape == weights[each.name].shape
    assert not path.exists()


def test_weights_are_computed_one_at_a_time(model: Model) -> None:
    alive: list[str] = []
    most = 0

    def watched(name: str, make: Callable[[], np.ndarray]) -> Callable[[], np.ndarray]:
        def weight() -> np.ndarray:
            alive.append(name)
            return make()

        return weight

    lazy = Model(model.graph, {name: watched(name, w) for name, w in model.weights.items()})
    pieces = lazy.pieces()
    next(pieces)
    assert not alive
    for count, _ in enumerate(pieces, 1):
        most = max(most, 2 * len(alive) - count)
    assert most <= 1
    assert len(alive) == len(model.weights)


def test_split_model_computes_the_same_as_the_whole(model: Model, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    inputs = {value.name: value.type.tensor_type.shape.dim for value in model.graph.input}
    values = {
        name: rng.standard_normal([each.dim_value for each in shape]).astype(np.float32)
        for name, shape in inputs.items()
    }
    whole = open_session(model, EXACTLY).run(values)[PICTURES]
    path, sizes, seen = tmp_path / "part.onnx", [], set()
    for part in parts(model, path, 24_000_000, lambda name: values[name].shape):
        sizes.append(path.stat().st_size)
        session = open_session(Model.of(onnx.load(path).graph), EXACTLY)
        seen.update(part.inputs)
        values.update(session.run({name: values[name] for name in part.inputs}))
    assert len(sizes) > 2
    assert max(sizes) < 40_000_000
    assert MELS in seen
    assert np.abs(values[PICTURES] - whole).max() < 1e-5
