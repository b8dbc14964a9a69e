"""CLIP accepts a picture that shows its prompt, refuses another, and wants both models to agree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clip_parts import write_clip

from avatar_app.core.engines import Engine
from avatar_app.core.errors import AvatarError, InputInvalid, ModelMissing
from avatar_app.core.jobs import Job, JobCancelled
from avatar_app.core.manifest import Kind
from avatar_app.core.values import Image
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.registry import Registry


def wall(*color: int, width: int = 320, height: int = 200) -> Image:
    return np.full((height, width, 3), color, np.uint8)


RED, BLUE = wall(220, 40, 40), wall(40, 40, 220)


def job() -> Job[Any]:
    return Job("check", lambda _job: None)


def verifier(folder: Path, **options: Any) -> Any:
    registry = Registry(user=Path("none"))
    manifest = registry.find(Kind.VERIFY, "clip")
    return create_engine(registry, manifest, {"model": str(folder), **options})


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip"))


def test_a_picture_that_fits_is_accepted_and_another_refused(models: Path) -> None:
    engine = verifier(models)
    assert isinstance(engine, Engine)
    fits = engine.verify(RED, "a wall of red", job())
    assert fits.fits
    assert [score.model for score in fits.scores] == ["ViT-B/32", "ViT-L/14"]
    assert all(score.similarity > 0.99 for score in fits.scores)
    refused = engine.verify(BLUE, "a wall of red", job())
    assert not refused.fits
    assert all(score.similarity < 0.05 for score in refused.scores)
    engine.close()


def test_both_models_have_to_agree(tmp_path: Path) -> None:
    engine = verifier(write_clip(tmp_path / "models", confused="l14"))
    verification = engine.verify(RED, "red", job())
    assert [score.fits for score in verification.scores] == [True, False]
    assert not verification.fits
    engine.close()


def test_thresholds_are_options(models: Path) -> None:
    engine = verifier(models, threshold_b32=-1.0, threshold_l14=-1.0)
    assert engine.verify(BLUE, "red", job()).fits
    engine.configure(threshold_l14=0.5)
    assert not engine.verify(BLUE, "red", job()).fits
    engine.close()


def test_the_embedding_tells_pictures_apart(models: Path) -> None:
    engine = verifier(models)
    one, same, other = (
        np.array(engine.verify(picture, "", job()).embedding)
        for picture in (RED, wall(110, 20, 20, width=64, height=90), BLUE)
    )
    assert np.linalg.norm(one) == pytest.approx(1)
    assert one @ same > 0.99
    assert one @ other < 0.1
    assert not engine.verify(RED, " ", job()).checked
    engine.close()


def test_long_texts_are_cut(models: Path) -> None:
    engine = verifier(models)
    text = "red " + "wall " * 200 + "blue"
    assert engine.verify(RED, text, job()).fits
    engine.close()


def test_a_cancelled_check_stops(models: Path) -> None:
    engine, asked = verifier(models), job()
    asked.cancel()
    with pytest.raises(JobCancelled):
        engine.verify(RED, "red", asked)
    engine.close()


@pytest.mark.parametrize("lost", ["l14", "b32/tokenizer.json", "l14/text_model_quantized.onnx"])
def test_missing_files_are_one_sentence(tmp_path: Path, lost: str) -> None:
    folder = write_clip(tmp_path / "models")
    target = folder / lost
    target.rename(tmp_path / "lost")
    with pytest.raises(ModelMissing) as caught:
        verifier(folder)
    assert caught.value.hint


@pytest.mark.parametrize("content", [b"", b"nonsense", b"{}"])
@pytest.mark.parametrize("name", ["b32/vision_model_quantized.onnx", "b32/tokenizer.json"])
def test_damaged_files_are_one_sentence(tmp_path: Path, name: str, content: bytes) -> None:
    folder = write_clip(tmp_path / "models")
    (folder / name).write_bytes(content)
    with pytest.raises(AvatarError) as caught:
        verifier(folder)
    assert caught.value.hint


def test_another_network_is_refused(tmp_path: Path) -> None:
    folder = write_clip(tmp_path / "models")
    text = (folder / "b32/text_model_quantized.onnx").read_bytes()
    (folder / "b32/vision_model_quantized.onnx").write_bytes(text)
    with pytest.raises(InputInvalid, match="no part of CLIP"):
        verifier(folder)


def test_without_a_folder_the_sentence_says_what_to_do() -> None:
    registry = Registry(user=Path("none"))
    with pytest.raises(ModelMissing, match=r"studio\.verify\.options\.model"):
        create_engine(registry, registry.find(Kind.VERIFY, "clip"), {})
