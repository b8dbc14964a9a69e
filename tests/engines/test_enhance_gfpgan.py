"""GFPGAN's engine: any ONNX file of its format restores a face, any other is told in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gfpgan_parts
import numpy as np
import pytest
from gfpgan_parts import write_network

from avatar_app.core.engines import Engine, Enhancer
from avatar_app.core.errors import (
    AvatarError,
    ConfigInvalid,
    DeviceUnavailable,
    EngineFailed,
    InputInvalid,
    ModelMissing,
    OutOfMemory,
)
from avatar_app.core.manifest import Kind
from avatar_app.core.values import ALIGNED_FACE, Image
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.registry import Registry


@pytest.fixture(scope="module")
def face() -> Image:
    generator = np.random.default_rng(3)
    return generator.integers(0, 256, (ALIGNED_FACE, ALIGNED_FACE, 3), np.uint8)


def made(model: Path | str, **options: Any) -> Enhancer:
    registry = Registry()
    manifest = registry.find(Kind.ENHANCE, "gfpgan")
    engine: Enhancer = create_engine(registry, manifest, {"model": str(model), **options})
    return engine


@pytest.mark.parametrize("numbers", ["float32", "float16"])
def test_identity_network_leaves_the_face_unchanged(
    face: Image, tmp_path: Path, numbers: str
) -> None:
    model = write_network(tmp_path / "same.onnx", "Identity", numbers=numbers)
    engine = made(model, strength=1.0)
    assert isinstance(engine, Engine)
    assert np.array_equal(engine.enhance(face), face)
    engine.close()


def test_colors_keep_their_order_and_positions(face: Image, tmp_path: Path) -> None:
    """Red, and only in the upper half."""
    added = np.zeros((1, 3, ALIGNED_FACE, ALIGNED_FACE), np.float32)
    added[:, 0, : ALIGNED_FACE // 2] = 40 / 127.5
    engine = made(write_network(tmp_path / "redder.onnx", "Add", added), strength=1.0)
    expected = face.astype(int)
    expected[: ALIGNED_FACE // 2, :, 0] += 40
    assert np.array_equal(engine.enhance(face), np.minimum(expected, 255))


def test_strength_can_be_configured(face: Image, tmp_path: Path) -> None:
    dim = face // 2
    engine = made(write_network(tmp_path / "brighter.onnx", "Add", np.float32(80 / 127.5)))
    for strength in (0.8, 0.5, 1.0):
        engine.configure(strength=strength)
        assert np.array_equal(engine.enhance(dim), dim + round(80 * strength))
    engine.configure(strength=0.0)
    assert engine.enhance(dim) is dim


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


SPOILED: dict[str, tuple[Callable[[Path], object], str]] = {
    "cut off": (lambda p: cut_off(write_network(p, "Add", np.ones(999, np.float32))), "damaged"),
    "empty": (lambda p: p.write_bytes(b""), "damaged"),
    "a text": (lambda p: p.write_text("hello"), "damaged"),
    "a torch file": (lambda p: p.write_bytes(b"PK\x03\x04" + bytes(400)), "damaged"),
    "another size": (lambda p: write_network(p, "Identity", side=256), "takes 1 × 3 × 256 × 256"),
    "gray": (lambda p: write_network(p, "Identity", channels=1), "takes 1 × 1 × 512 × 512"),
    "other numbers": (lambda p: write_network(p, "Identity", numbers="uint8"), "numbers .uint8"),
    "larger": (lambda p: gfpgan_parts.write_larger(p), "gives 1 × 3 × 1024 × 1024"),
    "two inputs": (lambda p: gfpgan_parts.write_with_two_inputs(p), "2 inputs instead of one"),
}


@pytest.mark.parametrize("spoiled", SPOILED)
def test_unexpected_network_is_input_invalid(spoiled: str, tmp_path: Path) -> None:
    path = tmp_path / "GFPGANv1.4.onnx"
    spoil, said = SPOILED[spoiled]
    spoil(path)
    with pytest.raises(InputInvalid, match=said) as caught:
        made(path)
    assert caught.value.message.startswith("GFPGANv1.4.onnx is ")
    assert "face_enhancement.engine=none" in caught.value.hint


def test_a_missing_network_or_device_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"No GFPGAN network at .*none\.onnx") as caught:
        made(tmp_path / "none.onnx")
    assert "models download gfpgan-1.4" in caught.value.hint
    with pytest.raises(ModelMissing, match="No GFPGAN is chosen"):
        made("")
    with pytest.raises(DeviceUnavailable, match="cannot compute on coreml"):
        made(write_network(tmp_path / "same.onnx", "Identity"), device="coreml")
    with pytest.raises(ConfigInvalid, match="strength cannot be"):
        made(tmp_path / "same.onnx", strength=2)


class _Failing:
    def __init__(self, error: Exception) -> None:
        self.error = error

    def run(self, *_: object) -> list[np.ndarray]:
        raise self.error


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (RuntimeError("Failed to allocate memory for requested buffer"), OutOfMemory),
        (MemoryError(), OutOfMemory),
        (RuntimeError("something else"), EngineFailed),
    ],
)
def test_a_failing_run_is_reported(
    error: Exception, raised: type[AvatarError], face: Image, tmp_path: Path
) -> None:
    engine: Any = made(write_network(tmp_path / "same.onnx", "Identity"))
    engine._network._session = _Failing(error)
    with pytest.raises(raised) as caught:
        engine.enhance(face)
    assert caught.value.hint


def test_nan_output_is_engine_failed(face: Image, tmp_path: Path) -> None:
    engine = made(write_network(tmp_path / "nan.onnx", "Add", np.float32(np.nan)))
    with pytest.raises(EngineFailed, match="an invalid picture"):
        engine.enhance(face)


def test_the_license_names_the_weights() -> None:
    manifest = Registry().find(Kind.ENHANCE, "gfpgan")
    assert "Apache-2.0" in manifest.license
    assert "do not come with the program" in manifest.license
