"""The generators in a process of their own, as the program runs them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from generator_contract import quiet

from avatar_app.core.errors import InputInvalid
from avatar_app.core.generation import ImageRequest, VideoRequest
from avatar_app.core.jobs import JobCancelled
from avatar_app.core.manifest import Kind
from avatar_app.engines.hosting.host import Host
from avatar_app.engines.image.flux.engine import FluxImages
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.registry import Registry

REQUEST = ImageRequest("a green cat", seed=5, width=64, height=64)


def hosted(kind: Kind, name: str, model: Path) -> Any:
    registry = Registry()
    options = {"model": str(model), "threads": 1, "device": "cpu"}
    engine = create_engine(registry, registry.find(kind, name), options)
    assert isinstance(engine, Host)
    return engine


def test_picture_is_the_same_as_in_this_process_and_a_job_stops_it(flux: Path) -> None:
    engine = hosted(Kind.IMAGE, "flux", flux)
    texts: list[str] = []
    job = quiet()
    job.when_progressed(lambda progress: texts.append(progress.text))
    picture = engine.draw(REQUEST, job)
    assert "Drawing, step 4 of 4" in texts
    here = FluxImages(model=str(flux), threads=1, device="cpu")
    assert np.array_equal(picture, here.draw(REQUEST, quiet()))
    here.close()
    stopped = quiet()
    stopped.when_progressed(lambda _progress: stopped.cancel())
    with pytest.raises(JobCancelled):
        engine.draw(REQUEST, stopped)
    assert np.array_equal(engine.draw(REQUEST, quiet()), picture)
    engine.close()


def test_films_and_sentences_cross_the_border(svd: Path, modelscope: Path) -> None:
    picture = np.full((64, 64, 3), 90, np.uint8)
    size = {"width": 64, "height": 64, "frames": 2, "steps": 1}
    moving = hosted(Kind.VIDEO, "svd", svd)
    assert len(list(moving.film(VideoRequest(picture, **size), quiet()))) == 2
    with pytest.raises(InputInvalid, match="starts from a picture"):
        list(moving.film(VideoRequest(prompt="a cat", **size), quiet()))
    moving.close()
    told = hosted(Kind.VIDEO, "modelscope", modelscope)
    assert len(list(told.film(VideoRequest(prompt="a cat", **size), quiet()))) == 2
    told.close()
