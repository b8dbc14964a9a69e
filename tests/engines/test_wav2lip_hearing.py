"""The network's spectrogram and checkpoint: golden numbers, any chunks, and nothing executed."""

from __future__ import annotations

import json
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wav2lip_parts
from onnx import helper, numpy_helper
from torch_files import Hostile, Stored, Tensor, pickled, rebuild_tensor, write_row, write_zip
from wav2lip_parts import FOLDER, write_safetensors

from avatar_app.core.errors import InputInvalid, ModelMissing
from avatar_app.engines.checkpoints.torch_file import read_torch_file
from avatar_app.engines.face.lips.mel import MelStream, mel_spectrogram
from avatar_app.engines.face.wav2lip.checkpoint import read_checkpoint
from avatar_app.engines.face.wav2lip.network import (
    AUDIO_ENCODER,
    DECODER,
    FACE_ENCODER,
    LAYERS,
    expected_shapes,
    fold_batch_norm,
)

State = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def golden() -> State:
    return wav2lip_parts.golden()


@pytest.fixture(scope="module")
def speech(golden: State) -> np.ndarray:
    return (golden["wav_16k"] / 32768).astype(np.float32)


def test_spectrogram_equals_the_published_one(speech: np.ndarray, golden: State) -> None:
    mel = mel_spectrogram(speech)
    assert mel.shape == golden["mel"].shape
    assert np.abs(mel - golden["mel"]).max() < 1e-3


@pytest.mark.parametrize("size", [1, 160, 333, 7001])
def test_streamed_columns_equal_the_whole_spectrogram(
    size: int, speech: np.ndarray, golden: State
) -> None:
    sound = speech[:9000]
    stream = MelStream()
    parts = [stream.add(sound[i : i + size]) for i in range(0, len(sound), size)]
    columns = np.concatenate([*parts, stream.end()], axis=1)
    assert np.abs(columns - mel_spectrogram(sound)).max() < 1e-5


def test_column_arrives_with_the_last_sample_of_its_window(speech: np.ndarray) -> None:
    stream = MelStream()
    assert stream.add(speech[:399]).shape == (80, 0)
    assert stream.add(speech[399:400]).shape == (80, 1)
    assert stream.add(speech[400:599]).shape == (80, 0)
    assert stream.add(speech[599:600]).shape == (80, 1)


def test_empty_sound_is_one_silent_column() -> None:
    assert (mel_spectrogram(np.zeros(0, np.float32)) == -4).all()


def test_layer_table_has_the_published_keys_and_shapes() -> None:
    listed = json.loads((FOLDER / "state-dict.json").read_text())
    assert expected_shapes() == {key: tuple(shape) for key, shape in listed.items()}


@pytest.fixture(scope="module")
def state() -> State:
    return wav2lip_parts.random_state()


Writer = Callable[[Path, State], Path]
WRITERS = pytest.mark.parametrize("write", [write_zip, write_row, write_safetensors])


@WRITERS
def test_every_checkpoint_format_gives_the_same_weights(
    write: Writer, state: State, tmp_path: Path
) -> None:
    read = read_checkpoint(write(tmp_path / "weights", state))
    assert set(state) - set(read) == {key for key in state if key.endswith("tracked")}
    assert all(np.array_equal(values, state[key]) for key, values in read.items())


@WRITERS
@pytest.mark.parametrize("share", [0.0, 0.0001, 0.5, 0.999])
def test_truncated_checkpoint_is_reported(
    write: Writer, share: float, state: State, tmp_path: Path
) -> None:
    small = {key: values for key, values in state.items() if "audio_encoder.0" in key}
    path = write(tmp_path / "weights.pth", small)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(InputInvalid, match=r"^weights.pth is") as caught:
        read_checkpoint(path)
    assert caught.value.hint


def _with_foreign(state: State) -> State:
    return {"face_encoder_blocks.7.0.bias": np.zeros(1, np.float32)} | state


_BIAS = "face_encoder_blocks.1.1.conv_block.0.bias"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (lambda state: state | {_BIAS: np.zeros(3, np.float32)}, rf"{_BIAS} has the shape \(3,\)"),
        (lambda state: {key: state[key] for key in state if key != _BIAS}, f"{_BIAS} is missing"),
        (_with_foreign, "the unknown entry face_encoder_blocks.7.0.bias"),
    ],
)
def test_wrong_entry_is_named_in_the_error(
    changed: Callable[[State], State], message: str, state: State, tmp_path: Path
) -> None:
    with pytest.raises(InputInvalid, match=message):
        read_checkpoint(write_zip(tmp_path / "weights.pth", changed(state)))


@pytest.mark.parametrize(
    ("number", "said"), [(np.nan, "are not finite"), (-1e30, "no training ends with")]
)
def test_implausible_weights_are_refused(
    number: float, said: str, state: State, tmp_path: Path
) -> None:
    key = "output_block.1.bias"
    broken = state | {key: np.array([0, number, 0], np.float32)}
    with pytest.raises(InputInvalid, match=f"{key} holds numbers that {said}"):
        read_checkpoint(write_safetensors(tmp_path / "weights", broken))


@pytest.mark.parametrize("where", ["zip", "row"])
@pytest.mark.parametrize("function", [exec, __import__, getattr, pickle.loads, Path])
def test_pickle_with_code_is_refused(where: str, function: Any, tmp_path: Path) -> None:
    witness = tmp_path / "executed"
    program = pickle.dumps({"state_dict": Hostile(function, f"open({str(witness)!r}, 'w')")}, 2)
    path = tmp_path / "hostile.pth"
    if where == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", program)
    else:
        path.write_bytes(program)
    with pytest.raises(InputInvalid, match="refused: loading it would run code"):
        read_checkpoint(path)
    assert not witness.exists()


def test_decompression_bomb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(51_000_000))
    with pytest.raises(InputInvalid, match="far too long"):
        read_checkpoint(path)


_DEEP = pickle.EMPTY_TUPLE + 300_000 * pickle.TUPLE1
"""Nested deeper than the C stack reaches, if somebody hashes or compares it."""
_ORDERED = b"ccollections\nOrderedDict\n"


@pytest.mark.parametrize(
    "program",
    [
        pickle.EMPTY_DICT + _DEEP + pickle.NONE + pickle.SETITEM,
        pickle.EMPTY_DICT + pickle.MARK + _DEEP + pickle.NONE + pickle.SETITEMS,
        pickle.MARK + _DEEP + pickle.NONE + pickle.DICT,
        pickle.EMPTY_SET + pickle.MARK + _DEEP + pickle.ADDITEMS,
        _ORDERED + pickle.EMPTY_LIST + _DEEP + pickle.NONE + pickle.TUPLE2 + pickle.APPEND
        + pickle.TUPLE1 + pickle.REDUCE,
        _DEEP + pickle.BINPERSID,
        pickle.MARK + b'U\x07storage' + b"ctorch\nFloatStorage\n" + _DEEP + b"U\x03cpu"
        + pickle.BININT1 + b"\x01" + pickle.TUPLE + pickle.BINPERSID,
    ],
)  # fmt: skip
def test_malformed_tensor_tables_are_refused(program: bytes, tmp_path: Path) -> None:
    path = tmp_path / "deep.pth"
    path.write_bytes(pickle.PROTO + b"\x04" + program + pickle.STOP)
    with pytest.raises(InputInvalid, match="damaged"):
        read_checkpoint(path)


def test_malformed_tensor_table_in_a_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep.pth"
    program = pickle.EMPTY_DICT + _DEEP + pickle.NONE + pickle.SETITEM
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", pickle.PROTO + b"\x04" + program + pickle.STOP)
    with pytest.raises(InputInvalid, match="damaged"):
        read_checkpoint(path)


def test_storage_longer_than_its_file_is_refused(tmp_path: Path) -> None:
    tensor = Tensor("0", np.zeros(40_000_000, np.float32))
    path = tmp_path / "bomb.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "archive/data.pkl", pickled({"state_dict": {"output_block.1.bias": tensor}})
        )
        archive.writestr("archive/data/0", tensor.values.tobytes())
    with pytest.raises(InputInvalid, match="another length"):
        read_checkpoint(path)


def test_deeply_nested_header_is_refused(tmp_path: Path) -> None:
    header = b'{"a":' + b"[" * 100_000
    path = tmp_path / "deep.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    with pytest.raises(InputInvalid, match="not JSON"):
        read_checkpoint(path)


def test_tensor_outside_its_storage_is_refused(tmp_path: Path) -> None:
    tensor = Tensor("0", np.zeros(4, np.float32))
    path = write_zip(tmp_path / "weights", {})
    with zipfile.ZipFile(path, "w") as archive:
        pid = Stored(tensor)
        requires_grad = False
        call = Hostile(rebuild_tensor, pid, 2, (4,), (1,), requires_grad, OrderedDict())
        archive.writestr("archive/data.pkl", pickled({"state_dict": {"output_block.1.bias": call}}))
        archive.writestr("archive/data/0", tensor.values.tobytes())
    described = read_torch_file(path)["state_dict"]["output_block.1.bias"]
    with pytest.raises(Exception, match="outside its storage"):
        described.read()


def test_missing_checkpoint_is_model_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="No Wav2Lip checkpoint"):
        read_checkpoint(tmp_path / "wav2lip.pth")


def write_onnx(path: Path, state: State, *, named: bool) -> Path:
    """As exporters do: batch norms folded into convolutions, but not into transposed ones."""
    face = [layer for block in FACE_ENCODER for layer in block]
    layers = [*AUDIO_ENCODER, *face, *(layer for block in DECODER for layer in block)]
    nodes, constants = [], dict(state) if named else {}
    for number, layer in enumerate(layers):
        convolution, norm = layer.keys
        has_batch_norm = layer.transposed or not norm
        part = fold_batch_norm(layer, state)
        weight = state[f"{convolution}.weight"] if has_batch_norm else part.weight
        bias = state[f"{convolution}.bias"] if has_batch_norm else part.bias
        inputs = [f"x{number}", f"onnx::{number}w", f"onnx::{number}b"]
        constants |= {inputs[1]: weight, inputs[2]: bias}
        operator = "ConvTranspose" if layer.transposed else "Conv"
        nodes.append(helper.make_node(operator, inputs, [f"y{number}"]))
        if has_batch_norm and norm:
            parts = ("weight", "bias", "running_mean", "running_var")
            constants |= {f"{number}{each}": state[f"{norm}.{each}"] for each in parts}
            inputs = [f"y{number}", *(f"{number}{each}" for each in parts)]
            nodes.append(helper.make_node("BatchNormalization", inputs, [f"z{number}"]))
    stored = [numpy_helper.from_array(values, name) for name, values in constants.items()]
    graph = helper.make_graph([] if named else nodes, "exported", [], [], stored)
    path.write_bytes(helper.make_model(graph).SerializeToString())
    return path


@pytest.mark.parametrize("named", [True, False])
def test_onnx_checkpoint_gives_the_same_filters(
    *, named: bool, state: State, tmp_path: Path
) -> None:
    read = read_checkpoint(write_onnx(tmp_path / "wav2lip.onnx", state, named=named))
    for layer in LAYERS:
        one, other = fold_batch_norm(layer, state), fold_batch_norm(layer, read)
        assert np.abs(one.weight - other.weight).max() < 1e-6
        assert np.abs(one.bias - other.bias).max() < 1e-6


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"\x08\x07garbage", "truncated or not an ONNX file"), (b"", "0 convolutions instead of")],
)
def test_unexpected_onnx_file_is_reported(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "wav2lip.onnx"
    path.write_bytes(content)
    with pytest.raises(InputInvalid, match=message):
        read_checkpoint(path)
