"""The network's graphs: golden pictures, and every shortcut exact."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
import wav2lip_parts

from avatar_app.engines.face.wav2lip.onnx_graph import face_graph, picture_graph
from avatar_app.engines.face.wav2lip.region import LOWER_HALF, WHOLE, Region

State = dict[str, np.ndarray]
TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def golden() -> State:
    return wav2lip_parts.golden()


@pytest.fixture(scope="module")
def state() -> State:
    return wav2lip_parts.random_state()


def run(model: bytes, feeds: State) -> State:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
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
def test_pictures_are_golden(region: Region, state: State, golden: State) -> None:
    rows, columns = slice(region.top, region.bottom), slice(region.left, region.right)
    mels = golden["mel_windows"][:, None]
    skips = run(face_graph(state, region), {"faces": seen(golden["faces"])})
    model = picture_graph(state, region)
    each = run(model, {"mels": mels, **skips})["pictures"]
    assert np.abs(each - golden["out_each_face"][..., rows, columns]).max() < TOLERANCE
    first = {name: term[:1] for name, term in skips.items()}
    same = run(model, {"mels": mels, **first})["pictures"]
    assert np.abs(same - golden["out_first_face"][..., rows, columns]).max() < TOLERANCE
