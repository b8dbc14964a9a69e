"""The network's graphs: golden pictures, and every shortcut exact."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
import wav2lip_parts

from avatar_app.core.errors import AvatarError, EngineFailed, OutOfMemory
from avatar_app.engines.face.lips.region import LOWER_HALF, WHOLE, Region
from avatar_app.engines.face.wav2lip.lips import LipPainter
from avatar_app.engines.face.wav2lip.model import Model
from avatar_app.engines.face.wav2lip.onnx_graph import face_graph, picture_graph
from avatar_app.engines.face.wav2lip.runtime import Choice, Runtime
from avatar_app.engines.face.wav2lip.sessions import open_session

State = dict[str, np.ndarray]
TOLERANCE = 1e-4
ONNXRUNTIME = Choice(Runtime.ONNXRUNTIME)


@pytest.fixture(scope="module")
def golden() -> State:
    return wav2lip_parts.golden()


@pytest.fixture(scope="module")
def state() -> State:
    return wav2lip_parts.random_state()


def run(model: Model, feeds: State) -> State:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    with model.written() as path:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, feeds), strict=True))


def seen(faces: np.ndarray) -> np.ndarray:
    """What the network sees of the golden faces."""
    pictures = faces.transpose(0, 3, 1, 2).astype(np.float32) / 255
    masked = pictures.copy()
    masked[:, :, 48:] = 0
    return np.concatenate([masked, pictures], axis=1)


@pytest.mark.parametrize(
    "region", [WHOLE, LOWER_HALF, Region(51, 90, 13, 82)], ids=["whole", "lower", "mouth"]
)
def test_network_output_equals_the_golden_pictures(
    region: Region, state: State, golden: State
) -> None:
    rows, columns = slice(region.top, region.bottom), slice(region.left, region.right)
    mels = golden["mel_windows"][:, None]
    skips = run(face_graph(state, region), {"faces": seen(golden["faces"])})
    model = picture_graph(state, region)
    each = run(model, {"mels": mels, **skips})["pictures"]
    assert np.abs(each - golden["out_each_face"][..., rows, columns]).max() < TOLERANCE
    first = {name: term[:1] for name, term in skips.items()}
    same = run(model, {"mels": mels, **first})["pictures"]
    assert np.abs(same - golden["out_first_face"][..., rows, columns]).max() < TOLERANCE


class _Failing:
    def __init__(self, error: Exception) -> None:
        self.error = error

    def run(self, *_: object) -> list[np.ndarray]:
        raise self.error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (RuntimeError("Failed to allocate memory for requested buffer"), OutOfMemory),
        (RuntimeError("[ONNXRuntimeError] CUDA error: out of memory"), OutOfMemory),
        (MemoryError(), OutOfMemory),
        (RuntimeError("something else"), EngineFailed),
    ],
)
def test_runtime_errors_are_translated(
    error: Exception, expected: type[AvatarError], state: State
) -> None:
    session = open_session(face_graph(state, LOWER_HALF), ONNXRUNTIME)
    session._session = _Failing(error)
    with pytest.raises(expected) as caught:
        session.run({})
    assert caught.value.hint


def test_invalid_graph_is_refused() -> None:
    with pytest.raises(EngineFailed):
        open_session(Model(onnx.GraphProto(), {}), ONNXRUNTIME)


def test_split_network_with_a_still_face_equals_the_whole_network(
    state: State, golden: State
) -> None:
    face = np.ascontiguousarray(golden["faces"][0, ..., ::-1])
    whole = LipPainter(state, face, WHOLE, ONNXRUNTIME, batch=4).paint(golden["mel_windows"])
    region = Region(50, 93, 12, 81)
    part = LipPainter(state, face, region, ONNXRUNTIME).paint(golden["mel_windows"][1:2])
    exact = golden["out_first_face"][:, ::-1].transpose(0, 2, 3, 1)
    assert np.abs(whole - exact).max() < TOLERANCE
    assert np.abs(part[0] - exact[1, 50:93, 12:81]).max() < TOLERANCE
