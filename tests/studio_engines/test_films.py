"""Stable Video Diffusion and ModelScope as tiny true pipelines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from generator_contract import check_cancel_in_each_step, check_falls_down_at_each_step, quiet

from avatar_app.core.engines import Engine
from avatar_app.core.errors import InputInvalid, ModelMissing
from avatar_app.core.generation import VideoRequest
from avatar_app.core.jobs import Job
from avatar_app.core.values import VideoFrame
from avatar_app.engines.video.modelscope.engine import ModelScopeFilms
from avatar_app.engines.video.svd.engine import SvdFilms, filling

PICTURE = np.random.default_rng(1).integers(0, 256, (80, 120, 3)).astype(np.uint8)
SIZE = {"width": 64, "height": 64, "frames": 3, "fps": 5.0, "steps": 2, "seed": 7}
MOVING = VideoRequest(PICTURE, **SIZE)
TOLD = VideoRequest(prompt="a red cat", **SIZE)


@pytest.fixture(scope="module")
def svd_engine(svd: Path) -> Iterator[SvdFilms]:
    engine = SvdFilms(model=str(svd), threads=1)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def modelscope_engine(modelscope: Path) -> Iterator[ModelScopeFilms]:
    engine = ModelScopeFilms(model=str(modelscope), threads=1)
    yield engine
    engine.close()


def filmed(engine: Any, request: VideoRequest, job: Job[Any] | None = None) -> list[VideoFrame]:
    return list(engine.film(request, job or quiet()))


def images(engine: Any, request: VideoRequest) -> np.ndarray:
    return np.stack([frame.image for frame in filmed(engine, request)])


def test_picture_becomes_the_same_frames_for_the_same_seed(svd_engine: SvdFilms) -> None:
    frames = filmed(svd_engine, MOVING)
    assert [frame.at for frame in frames] == [0, 1 / 5, 2 / 5]
    assert all(frame.image.shape == (64, 64, 3) for frame in frames)
    assert isinstance(svd_engine, Engine)
    whole = np.stack([frame.image for frame in frames])
    assert np.array_equal(images(svd_engine, MOVING), whole)
    assert not np.array_equal(
        images(svd_engine, VideoRequest(PICTURE, **SIZE | {"seed": 8})), whole
    )


@pytest.mark.parametrize(
    "changed", [{"motion_bucket": 10}, {"noise": 0.5}, {"guidance": 6.0}, {"steps": 3}]
)
def test_each_choice_of_a_film_matters(changed: dict[str, Any], svd_engine: SvdFilms) -> None:
    other = images(svd_engine, VideoRequest(PICTURE, **SIZE | changed))
    assert not np.array_equal(other, images(svd_engine, MOVING))


def test_frames_decoded_one_by_one_have_the_same_size(svd_engine: SvdFilms) -> None:
    alone = images(svd_engine, VideoRequest(PICTURE, **SIZE, decode_chunk=1))
    assert alone.shape == (3, 64, 64, 3)
    many = images(svd_engine, VideoRequest(PICTURE, **SIZE, decode_chunk=99))
    assert many.shape == alone.shape


def test_prompt_becomes_the_same_frames_for_the_same_seed(
    modelscope_engine: ModelScopeFilms,
) -> None:
    whole = images(modelscope_engine, TOLD)
    assert whole.shape == (3, 64, 64, 3)
    assert isinstance(modelscope_engine, Engine)
    assert np.array_equal(images(modelscope_engine, TOLD), whole)
    for changed in ({"seed": 9}, {"prompt": "green dog"}, {"guidance": 9.0}):
        other = VideoRequest(**{"prompt": "a red cat", **SIZE, **changed})
        assert not np.array_equal(images(modelscope_engine, other), whole)
    avoided = VideoRequest(prompt="a red cat", negative_prompt="blurry", **SIZE)
    assert not np.array_equal(images(modelscope_engine, avoided), whole)


def test_each_step_is_told_and_a_cancelled_job_stops_there(
    svd_engine: SvdFilms, modelscope_engine: ModelScopeFilms
) -> None:
    pairs: list[tuple[Any, VideoRequest]] = [(svd_engine, MOVING), (modelscope_engine, TOLD)]
    for engine, request in pairs:
        texts: list[str] = []
        job = quiet()
        job.when_progressed(lambda progress, texts=texts: texts.append(progress.text))
        filmed(engine, request, job)
        assert texts == ["Filming, step 1 of 2", "Filming, step 2 of 2", "Filmed"]
        check_cancel_in_each_step(lambda job, e=engine, r=request: filmed(e, r, job), 2)


def test_memory_that_ends_in_any_step_costs_precision_and_then_is_said(
    svd: Path, modelscope: Path
) -> None:
    check_falls_down_at_each_step(
        lambda: SvdFilms(model=str(svd), threads=1, device="cpu"),
        lambda engine, job: filmed(engine, MOVING, job),
        "unet",
        2,
    )
    check_falls_down_at_each_step(
        lambda: ModelScopeFilms(model=str(modelscope), threads=1, device="cpu"),
        lambda engine, job: filmed(engine, TOLD, job),
        "unet",
        2,
    )


def test_what_an_engine_does_not_start_from_is_said(
    svd_engine: SvdFilms, modelscope_engine: ModelScopeFilms, tmp_path: Path
) -> None:
    with pytest.raises(InputInvalid, match="starts from a picture"):
        filmed(svd_engine, TOLD)
    with pytest.raises(InputInvalid, match="starts from a prompt"):
        filmed(modelscope_engine, MOVING)
    for engine in (SvdFilms, ModelScopeFilms):
        with pytest.raises(ModelMissing, match="No folder with"):
            engine()
        with pytest.raises(ModelMissing, match=r"contains no model_index\.json"):
            engine(model=str(tmp_path))


def test_picture_fills_the_frame_without_being_distorted() -> None:
    wide = np.zeros((50, 200, 3), np.uint8)
    wide[:, 75:125] = 255
    filled = filling(wide, 64, 64)
    assert filled.shape == (64, 64, 3)
    assert filled[:, 4:60].mean() == 255
