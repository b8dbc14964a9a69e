"""FLUX.1 as a tiny true pipeline: seeds, negative prompts, cancelling, memory and damaged files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from generator_contract import check_cancel_in_each_step, check_falls_down_at_each_step, quiet

from avatar_app.core.engines import Engine
from avatar_app.core.errors import DeviceUnavailable, InputInvalid, ModelMissing
from avatar_app.core.generation import ImageRequest
from avatar_app.core.jobs import Job
from avatar_app.engines.diffusion.levels import Precision
from avatar_app.engines.image.flux.engine import FluxImages
from avatar_app.engines.image.flux.pipeline import on_card

REQUEST = ImageRequest("a portrait of a smiling face", seed=3, width=64, height=96)


@pytest.fixture(scope="module")
def engine(flux: Path) -> Iterator[FluxImages]:
    engine = FluxImages(model=str(flux), threads=1)
    yield engine
    engine.close()


def test_same_request_gives_the_same_bytes_and_other_seeds_others(
    engine: FluxImages, flux: Path
) -> None:
    picture = engine.draw(REQUEST, quiet())
    assert (picture.shape, picture.dtype) == ((96, 64, 3), np.uint8)
    assert isinstance(engine, Engine)
    assert engine.level.precision is Precision.FP32
    assert np.array_equal(engine.draw(REQUEST, quiet()), picture)
    again = FluxImages(model=str(flux), threads=1)
    assert np.array_equal(again.draw(REQUEST, quiet()), picture)
    again.close()
    other = ImageRequest(REQUEST.prompt, seed=4, width=64, height=96)
    assert not np.array_equal(engine.draw(other, quiet()), picture)
    words = ImageRequest("green dog", seed=3, width=64, height=96)
    assert not np.array_equal(engine.draw(words, quiet()), picture)


def test_negative_prompt_changes_the_picture_where_it_is_heard(engine: FluxImages) -> None:
    plain = engine.draw(REQUEST, quiet())
    avoided = ImageRequest(REQUEST.prompt, "blurry red cat", seed=3, width=64, height=96)
    assert not np.array_equal(engine.draw(avoided, quiet()), plain)
    engine.configure(negative_scale=1.0)
    assert np.array_equal(engine.draw(avoided, quiet()), plain)
    engine.configure(negative_scale=3.0)


def test_each_step_is_told_and_a_cancelled_job_stops_there(engine: FluxImages) -> None:
    texts: list[str] = []
    job: Job[Any] = quiet()
    job.when_progressed(lambda progress: texts.append(progress.text))
    engine.draw(REQUEST, job)
    assert texts == [*(f"Drawing, step {n} of 4" for n in (1, 2, 3, 4)), "Drawn"]
    check_cancel_in_each_step(lambda job: engine.draw(REQUEST, job), 4)
    assert engine.draw(REQUEST, quiet()).shape == (96, 64, 3)


def test_memory_that_ends_in_any_step_costs_precision_and_then_is_said(flux: Path) -> None:
    check_falls_down_at_each_step(
        lambda: FluxImages(model=str(flux), threads=1, device="cpu"),
        lambda engine, job: engine.draw(REQUEST, job),
        "transformer",
        4,
    )


def test_transformer_in_gguf_draws_almost_the_same(
    engine: FluxImages, flux: Path, flux_gguf: Path
) -> None:
    quantized = FluxImages(model=str(flux), gguf=str(flux_gguf), threads=1)
    picture = quantized.draw(REQUEST, quiet())
    assert np.abs(picture.astype(int) - engine.draw(REQUEST, quiet())).mean() < 4
    assert np.array_equal(quantized.draw(REQUEST, quiet()), picture)
    quantized.close()


def test_card_is_given_four_bits_where_they_are_there() -> None:
    assert [level.precision for level in on_card("some.gguf")] == [Precision.BF16] * 2
    assert on_card("")[-1].offload


def test_missing_and_damaged_files_are_said(flux: Path, svd: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"No folder with FLUX\.1 is chosen") as caught:
        FluxImages()
    assert caught.value.hint
    with pytest.raises(ModelMissing, match=r"contains no model_index\.json"):
        FluxImages(model=str(tmp_path))
    with pytest.raises(InputInvalid, match="is made for StableVideoDiffusionPipeline"):
        FluxImages(model=str(svd))
    with pytest.raises(ModelMissing, match=r"none\.gguf does not exist"):
        FluxImages(model=str(flux), gguf=str(tmp_path / "none.gguf"))
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(50))
    with pytest.raises(InputInvalid, match="is damaged or no transformer"):
        FluxImages(model=str(flux), gguf=str(broken))
    with pytest.raises(DeviceUnavailable, match="no NVIDIA card"):
        FluxImages(model=str(flux), device="cuda")


def test_folder_with_a_truncated_network_is_said(flux: Path, tmp_path: Path) -> None:
    import shutil

    copy = Path(shutil.copytree(flux, tmp_path / "copy"))
    weights = next((copy / "transformer").glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:2000])
    with pytest.raises(InputInvalid, match=r"is damaged or no FLUX\.1"):
        FluxImages(model=str(copy))
    weights.unlink()
    with pytest.raises(InputInvalid, match=r"is damaged or no FLUX\.1"):
        FluxImages(model=str(copy))
