"""Reads and writes the ONNX files of students: of a file that is read only weights and facts are
used, never its graph, so that no file can make the program compute anything else."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from avatar_app.core.errors import InputInvalid
from avatar_app.engines.face.taught.mixture import HINT, Arrays, damaged

T = TypeVar("T")
_FACTS = "avatar_app"
_OPSET, _IR = 17, 9
_MOST_BYTES = 200_000_000


def model_of(
    nodes: Sequence[onnx.NodeProto],
    inputs: Mapping[str, Sequence[Any]],
    outputs: Mapping[str, tuple[int, Sequence[Any]]],
    arrays: Mapping[str, Any],
    facts: Mapping[str, Any],
) -> onnx.ModelProto:
    """Return a model. `inputs`: shapes of float tensors; `outputs`: types and shapes; `facts`: what
    is kept beside the weights, as JSON."""
    graph = helper.make_graph(
        list(nodes),
        "student",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, list(s)) for n, s in inputs.items()],
        [helper.make_tensor_value_info(n, t, list(s)) for n, (t, s) in outputs.items()],
        [numpy_helper.from_array(np.asarray(values), name) for name, values in arrays.items()],
    )
    opsets = [helper.make_opsetid("", _OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR)
    helper.set_model_props(model, {_FACTS: json.dumps(dict(facts))})
    return model


def read_weights(path: Path, checked: Callable[[Arrays, Any], T]) -> T:
    """Return what `checked` makes of the file's arrays and facts. Raises InputInvalid."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise damaged(path, "it is far too large")
        model = onnx.ModelProto()
        model.ParseFromString(path.read_bytes())
        arrays = {each.name: _array(each, path) for each in model.graph.initializer}
        facts = json.loads({each.key: each.value for each in model.metadata_props}[_FACTS])
        return checked(arrays, facts)
    except OSError as error:
        raise InputInvalid(f"The file {path} cannot be read: {error.strerror}.", HINT) from error
    except (DecodeError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise damaged(path, "it is no student of this version") from error


def check_version(facts: Any, version: int, path: Path) -> None:
    """Raise InputInvalid for a file of another version."""
    if facts["version"] != version:
        raise damaged(path, f"it is of version {facts['version']!r}, which is not known here")


def _array(tensor: onnx.TensorProto, path: Path) -> NDArray[Any]:
    if tensor.data_location == TensorProto.EXTERNAL:
        raise damaged(path, "its weights lie in another file")
    return numpy_helper.to_array(tensor)
