"""ONNX Runtime sessions: shared options, and each kind of error as a sentence with a hint."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from avatar_app.core.errors import (
    AvatarError,
    DeviceUnavailable,
    EngineFailed,
    InputInvalid,
    OutOfMemory,
)
from avatar_app.engines.onnx_session import (
    ErrorTexts,
    create_session,
    inference_errors,
    loading_errors,
    open_session,
)

PACKAGE = Path(__file__).parents[2] / "avatar_app"
TEXTS = ErrorTexts("Zeros", "Download it again.", "Choose a smaller one.", "Choose another one.")
LARGER_THAN_ANY_MEMORY = 2**60
"""Bytes: more than addresses reach, so that no system promises them."""


def write_zeros(path: Path) -> Path:
    """Write a graph whose output has the shape that its input names, and is zero."""
    shape = helper.make_tensor_value_info("shape", TensorProto.INT64, [None])
    zeros = helper.make_tensor_value_info("zeros", TensorProto.FLOAT, None)
    node = helper.make_node("ConstantOfShape", ["shape"], ["zeros"])
    graph = helper.make_graph([node], "zeros", [shape], [zeros])
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9),
        str(path),
    )
    return path


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    return write_zeros(tmp_path / "zeros.onnx")


def shape(*sizes: int) -> dict[str, np.ndarray]:
    return {"shape": np.array(sizes, np.int64)}


def test_open_session_computes(graph: Path) -> None:
    (zeros,) = open_session(graph, TEXTS).run(None, shape(2, 3))
    assert zeros.shape == (2, 3)


def test_create_session_takes_the_content_of_a_file(graph: Path) -> None:
    (zeros,) = create_session(graph.read_bytes()).run(None, shape(4))
    assert zeros.shape == (4,)


def test_sessions_wait_without_spinning_and_with_the_threads_given(graph: Path) -> None:
    options = open_session(graph, TEXTS, threads=2).get_session_options()
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (2, 1)


def test_memory_is_planned_for_fixed_shapes_only(graph: Path) -> None:
    assert create_session(graph).get_session_options().enable_mem_pattern
    session = create_session(graph, has_fixed_shapes=False)
    assert not session.get_session_options().enable_mem_pattern


@pytest.mark.parametrize("content", [b"", b"no model", None], ids=["empty", "a text", "cut off"])
def test_a_damaged_file_is_input_invalid(graph: Path, content: bytes | None) -> None:
    graph.write_bytes(graph.read_bytes()[:-20] if content is None else content)
    with pytest.raises(InputInvalid, match=r"^zeros\.onnx is damaged") as caught:
        open_session(graph, TEXTS)
    assert caught.value.hint == "Download it again."
    assert "\n" not in caught.value.message


def test_a_device_that_is_not_supported_is_device_unavailable(graph: Path) -> None:
    with pytest.raises(DeviceUnavailable, match="cannot compute on coreml"):
        open_session(graph, TEXTS, device="coreml")


def test_a_run_without_enough_memory_is_out_of_memory(
    graph: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    session = open_session(graph, TEXTS)
    with pytest.raises(OutOfMemory, match="memory for Zeros") as caught, inference_errors(TEXTS):
        session.run(None, shape(LARGER_THAN_ANY_MEMORY // 4))
    assert caught.value.hint == "Choose a smaller one."
    assert capfd.readouterr().err == ""


def test_a_file_that_does_not_fit_into_memory_is_out_of_memory() -> None:
    with pytest.raises(OutOfMemory), loading_errors(TEXTS, "zeros.onnx"):
        raise MemoryError


def test_a_run_that_fails_is_engine_failed(graph: Path, capfd: pytest.CaptureFixture[str]) -> None:
    session = open_session(graph, TEXTS)
    with pytest.raises(EngineFailed, match=r"^Zeros failed: ") as caught, inference_errors(TEXTS):
        session.run(None, shape(-1))
    assert caught.value.hint == "Choose another one."
    assert "\n" not in caught.value.message
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("errors", [inference_errors(TEXTS), loading_errors(TEXTS, "a file")])
def test_user_facing_errors_pass_unchanged(errors: object) -> None:
    raised = AvatarError("It is off.", "Switch it on.")
    with pytest.raises(AvatarError) as caught, errors:  # type: ignore[attr-defined]
        raise raised
    assert caught.value is raised


def test_sessions_are_created_in_one_file_only() -> None:
    creating = [
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if "onnxruntime.InferenceSession(" in path.read_text(encoding="utf-8")
    ]
    assert creating == ["engines/onnx_session.py"]
