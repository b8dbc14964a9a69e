"""Every runtime and precision: golden pictures, or as far from them as the manifest says."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import threading
import types
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import yaml
from onnx import TensorProto, helper, numpy_helper
from wav2lip_parts import golden, random_state

from avatar_app.core.errors import ModelMissing
from avatar_app.engines.face.lips.region import Region
from avatar_app.engines.face.wav2lip import mnn, preparation
from avatar_app.engines.face.wav2lip.calibration_audio import calibration_windows
from avatar_app.engines.face.wav2lip.fp16 import convert_to_fp16
from avatar_app.engines.face.wav2lip.int8 import measured, quantize
from avatar_app.engines.face.wav2lip.lips import LipPainter, seen
from avatar_app.engines.face.wav2lip.mnn import MnnSession, balanced
from avatar_app.engines.face.wav2lip.model import Model
from avatar_app.engines.face.wav2lip.onnx_graph import Form, face_graph, picture_graph
from avatar_app.engines.face.wav2lip.preparation import resolve_choice
from avatar_app.engines.face.wav2lip.runtime import Choice, Device, Precision, Runtime
from avatar_app.engines.face.wav2lip.sessions import open_session

State = dict[str, np.ndarray]
MOUTH = Region(50, 93, 12, 81)
TOLERANCE = 1e-4
INSTALLED = [
    runtime
    for runtime, package in ((Runtime.OPENVINO, "openvino"), (Runtime.MNN, "MNN"))
    if importlib.util.find_spec(package) is not None
]


@pytest.fixture(scope="module")
def state() -> State:
    return random_state()


@pytest.fixture(scope="module")
def arrays() -> State:
    return golden()


@pytest.fixture(scope="module")
def face(arrays: State) -> np.ndarray:
    return np.ascontiguousarray(arrays["faces"][0, ..., ::-1])


@pytest.fixture(scope="module")
def shown(arrays: State) -> np.ndarray:
    """The golden pictures of that face, cut to the mouth."""
    return arrays["out_first_face"][:, ::-1, 50:93, 12:81].transpose(0, 2, 3, 1)


@pytest.fixture(scope="module")
def feeds(state: State, arrays: State, face: np.ndarray) -> State:
    skips = open_session(face_graph(state, MOUTH), Choice()).run({"faces": seen(face)[None]})
    return {"mels": arrays["mel_windows"][:1, None], **skips}


def psnr(pictures: np.ndarray, exact: np.ndarray) -> float:
    return float(-10 * np.log10(np.mean((pictures - exact) ** 2)))


@pytest.mark.parametrize("runtime", [Runtime.ONNXRUNTIME, *INSTALLED])
def test_every_runtime_computes_the_golden_pictures(
    runtime: Runtime, state: State, arrays: State, face: np.ndarray, shown: np.ndarray
) -> None:
    painter = LipPainter(state, face, MOUTH, Choice(runtime), batch=2)
    pictures = np.concatenate([painter.paint(arrays["mel_windows"][i : i + 2]) for i in (0, 2)])
    assert painter.precision is Precision.FP32
    assert np.abs(pictures - shown).max() < TOLERANCE


def test_fast_fp32_stays_within_one_of_255_levels(
    state: State, arrays: State, face: np.ndarray, shown: np.ndarray
) -> None:
    painter = LipPainter(state, face, MOUTH, Choice(Runtime.MNN, precision=Precision.FP32_FAST))
    pictures = np.concatenate([painter.paint(mel[None]) for mel in arrays["mel_windows"]])
    assert painter.precision is Precision.FP32_FAST
    assert np.abs(pictures - shown).max() < 1 / 255
    assert psnr(pictures, shown) > 65


def test_pending_or_abandoned_runs_do_not_affect_pictures(
    state: State, arrays: State, face: np.ndarray, shown: np.ndarray
) -> None:
    painter = LipPainter(state, face, MOUTH, Choice(Runtime.MNN))
    mels = arrays["mel_windows"][:, None]
    painter.begin(mels[3])  # by a turn that was cancelled: nobody finishes it
    begun = painter.begin(mels[0])
    pictures = []
    for mel in mels[1:]:
        following = painter.begin(mel)
        pictures.append(begun())
        begun = following
    pictures.append(begun())
    assert np.abs(np.concatenate(pictures) - shown).max() < TOLERANCE


@pytest.mark.parametrize(("threads", "halves"), [(1, 1), (2, 2)])
def test_two_threads_share_the_layers_evenly(
    threads: int, halves: int, state: State, feeds: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = picture_graph(state, MOUTH, 1, 1, Form(transposed_whole=True))
    session = MnnSession(model, Choice(Runtime.MNN, threads=threads))
    computed, names = mnn._Loaded.computed, list[str]()

    def watched(part: mnn._Loaded, values: State) -> State:
        names.append(threading.current_thread().name)
        return computed(part, values)

    monkeypatch.setattr(mnn._Loaded, "computed", watched)
    session.run(feeds)
    assert names[-1] == threading.current_thread().name
    assert len(set(names)) == halves


def test_layers_are_split_to_minimize_the_slower_half() -> None:
    assert balanced([2.6, 1.5, 2.7, 3.4, 5.7, 17.2]) == 5
    assert balanced([9.0, 1.0, 1.0]) == 1
    assert balanced([1.0, 1.0, 1.0, 1.0]) == 2
    assert balanced([1.0]) == 0


def test_mnn_releases_the_gil_during_inference(state: State, feeds: State) -> None:
    form = Form(transposed_whole=True)
    session = MnnSession(picture_graph(state, MOUTH, 1, 1, form), Choice(threads=1))
    session.run(feeds)
    last = session._back[-1]
    called, ran = threading.Event(), []
    thread = threading.Thread(target=lambda: ran.append(called.wait()))
    thread.start()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(60.0)  # nobody is made to hand over the interpreter
    try:
        called.set()
        tries = (last.network.runSession(last.session) for _ in range(100))
        assert any(ran for _ in tries)
    finally:
        sys.setswitchinterval(interval)
        thread.join()


@pytest.mark.parametrize(
    "form", [Form(residuals_apart=True), Form(transposed_whole=True)], ids=["apart", "whole"]
)
def test_every_graph_form_computes_the_same_picture(
    form: Form, state: State, feeds: State, shown: np.ndarray
) -> None:
    model = picture_graph(state, MOUTH, 1, 1, form)
    pictures = open_session(model, Choice()).run(feeds)["pictures"]
    assert np.abs(pictures[0, ::-1].transpose(1, 2, 0) - shown[0]).max() < TOLERANCE


def test_int8_picture_is_close_to_fp32(
    state: State, arrays: State, face: np.ndarray, shown: np.ndarray
) -> None:
    choice = Choice(Runtime.ONNXRUNTIME, precision=Precision.INT8)
    painter = LipPainter(state, face, MOUTH, choice)
    pictures = np.concatenate([painter.paint(mel[None]) for mel in arrays["mel_windows"]])
    assert painter.precision is Precision.INT8
    assert 35 < psnr(pictures, shown) < 60


def small_network() -> Model:
    """Convolution, rectifier, and a residual convolution: `x` (1, 2, 4, 4) → `y`."""
    rng = np.random.default_rng(3)
    weights = {
        "w1": rng.standard_normal((3, 2, 3, 3)),
        "b1": rng.standard_normal(3),
        "w2": rng.standard_normal((3, 3, 1, 1)),
    }
    nodes = [
        helper.make_node("Conv", ["x", "w1", "b1"], ["c1"], name="c1", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c1"], ["r1"], name="r1"),
        helper.make_node("Conv", ["r1", "w2"], ["c2"], name="c2"),
        helper.make_node("Add", ["c2", "r1"], ["y"], name="y"),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2, 4, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3, 4, 4])],
        [numpy_helper.from_array(v.astype(np.float32), name) for name, v in weights.items()],
    )
    return Model.of(graph)


def computed(model: Model, feeds: State) -> np.ndarray:
    with model.written() as path:
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(["y"], feeds)[0])


def test_int8_rounds_each_tensor_to_256_steps_except_for_excluded_ones() -> None:
    model = small_network()
    feeds = {"x": np.random.default_rng(4).standard_normal((1, 2, 4, 4)).astype(np.float32)}
    exact = computed(model, feeds)

    def opened(graph: Model):
        return open_session(graph, Choice()).run

    ranges = measured(model, frozenset(), [feeds], opened)
    assert set(ranges) == {"x", "r1", "c2"}
    assert ranges["r1"].zero == 0
    assert ranges["x"].lowest == pytest.approx(feeds["x"].min())
    both = quantize(model, frozenset(), ranges)
    one = quantize(model, frozenset({"c1"}), measured(model, {"c1"}, [feeds], opened))
    kinds = [node.op_type for node in both.graph.node]
    assert "Relu" not in kinds  # its unsigned 8-bit numbers cannot be negative
    span = np.ptp(exact)
    assert 0 < np.abs(computed(both, feeds) - exact).max() < 0.05 * span
    assert np.abs(computed(one, feeds) - exact).max() < np.abs(computed(both, feeds) - exact).max()


def test_fp16_computes_the_same_graph_with_half_the_digits(
    state: State, feeds: State, shown: np.ndarray
) -> None:
    model = convert_to_fp16(picture_graph(state, MOUTH, 1, 1))
    assert not any(each().dtype == np.float32 for each in model.weights.values())
    pictures = open_session(model, Choice(precision=Precision.FP16)).run(feeds)["pictures"]
    assert pictures.dtype == np.float32
    assert psnr(pictures[0, ::-1].transpose(1, 2, 0), shown[0]) > 50


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [
        (Choice(precision=Precision.FP16), Precision.FP32),
        (Choice(precision=Precision.INT8, device=Device.CUDA), Precision.FP32),
        (Choice(precision=Precision.FP16, device=Device.CUDA), Precision.FP16),
        (Choice(Runtime.MNN, precision=Precision.INT8), Precision.FP32),
        (Choice(Runtime.MNN, precision=Precision.FP32_FAST), Precision.FP32_FAST),
        (Choice(Runtime.OPENVINO, precision=Precision.FP32_FAST), Precision.FP32),
        (Choice(precision=Precision.INT8), Precision.INT8),
    ],
)
def test_an_unsupported_precision_falls_back_to_fp32(choice: Choice, wanted: Precision) -> None:
    assert resolve_choice(choice).precision is wanted


@pytest.mark.parametrize(
    ("wide", "installed", "precision", "wanted"),
    [
        (False, {"MNN", "openvino"}, Precision.FP32, Runtime.MNN),
        (True, {"MNN", "openvino"}, Precision.FP32, Runtime.OPENVINO),
        (True, {"MNN"}, Precision.FP32, Runtime.MNN),
        (False, {"MNN", "openvino"}, Precision.INT8, Runtime.OPENVINO),
        (False, {"MNN"}, Precision.INT8, Runtime.ONNXRUNTIME),
        (False, {"MNN", "openvino"}, Precision.FP32_FAST, Runtime.MNN),
        (False, set(), Precision.FP32, Runtime.ONNXRUNTIME),
    ],
)
def test_auto_chooses_the_fastest_installed_runtime(
    *,
    wide: bool,
    installed: set[str],
    precision: Precision,
    wanted: Runtime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(preparation.cv2, "checkHardwareSupport", lambda _: wide)
    found = types.SimpleNamespace(find_spec=lambda name: name if name in installed else None)
    monkeypatch.setattr(preparation.importlib, "util", found)
    assert resolve_choice(Choice(precision=precision)).runtime is wanted
    on_card = resolve_choice(Choice(device=Device.CUDA))
    assert on_card.runtime is Runtime.ONNXRUNTIME


def test_missing_mnn_package_is_model_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "_tools", None)
    with pytest.raises(ModelMissing) as caught:
        MnnSession(small_network(), Choice(Runtime.MNN))
    assert "extras add mnn" in caught.value.hint


@pytest.mark.parametrize("runtime", [Runtime.ONNXRUNTIME, *INSTALLED])
def test_runtime_writes_no_file_and_prints_nothing(
    runtime: Runtime,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    model = small_network()
    feeds = {"x": np.ones((1, 2, 4, 4), np.float32)}
    session = open_session(model, Choice(runtime))
    assert np.abs(session.run(feeds)["y"] - computed(model, feeds)).max() < TOLERANCE
    assert not list(tmp_path.iterdir())
    assert capfd.readouterr().out == ""


SIGNALED = """
import gc, os, signal, sys
from test_wav2lip_runtimes import Choice, Runtime, open_session, small_network

sessions = [open_session(small_network(), Choice(Runtime(sys.argv[1]))) for _ in range(2)]
while sessions:
    del sessions[0]
    gc.collect()
signal.signal(signal.SIGUSR1, lambda *_: print("heard"))
os.kill(os.getpid(), signal.SIGUSR1)
"""


@pytest.mark.parametrize("runtime", [Runtime.ONNXRUNTIME, *INSTALLED])
def test_signals_are_delivered_after_sessions_were_closed(runtime: Runtime) -> None:
    helpers = Path(__file__).parents[1] / "helpers"
    path = os.pathsep.join(map(str, (helpers, Path(__file__).parent)))
    environment = os.environ | {"PYTHONPATH": path}
    heard = subprocess.run(
        [sys.executable, "-c", SIGNALED, runtime],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (heard.returncode, heard.stdout.strip()) == (0, "heard"), heard.stderr


def test_calibration_audio_has_speech_of_several_levels() -> None:
    windows = calibration_windows(12)
    assert windows.shape == (12, 80, 16)
    assert np.array_equal(windows, calibration_windows(12))
    assert windows.max() > 1
    assert windows.min() == -4


def test_manifest_offers_every_runtime_and_precision() -> None:
    folder = Path(preparation.__file__).parent
    options = yaml.safe_load((folder / "manifest.yaml").read_text())["options"]
    assert set(options["runtime"]["values"]) == set(Runtime)
    assert set(options["precision"]["values"]) == set(Precision)
    assert options["precision"]["default"] == Precision.FP32
