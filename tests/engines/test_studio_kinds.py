"""The contracts of the kinds image, video, animate and verify, in the program and in a process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avatar_app.core.errors import InputInvalid, ModelMissing
from avatar_app.core.generation import (
    AnimateRequest,
    FaceMotion,
    ImageRequest,
    Score,
    Verification,
    VideoRequest,
)
from avatar_app.core.jobs import Job, JobCancelled, Progress
from avatar_app.core.manifest import Kind
from avatar_app.core.values import Image, VideoFrame
from avatar_app.engines.hosting.hosted import HostedImageGenerator, HostedVideoGenerator
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.kinds import BUILTIN
from avatar_app.runtime.registry import Registry

BUILT_IN = Registry(user=Path("no user's engines"))


def builtin(kind: Kind, **options: Any) -> Any:
    return create_engine(BUILT_IN, BUILT_IN.find(kind, BUILTIN[kind]), options)


def job() -> Job[Any]:
    return Job("test", lambda _job: None)


def picture(width: int = 96, height: int = 64) -> Image:
    """Red grows to the right, green downwards; a white square in the middle."""
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0] = np.linspace(0, 200, width)[None]
    image[..., 1] = np.linspace(0, 200, height)[:, None]
    image[height // 2 - 8 : height // 2 + 8, width // 2 - 8 : width // 2 + 8] = 255
    return image


def test_without_an_engine_a_prompt_says_what_can_be_done() -> None:
    with pytest.raises(ModelMissing, match=r"a cat.*stays words.*studio\.image\.engine"):
        builtin(Kind.IMAGE).draw(ImageRequest("a cat"), job())


def test_a_still_film_goes_nearer_to_the_middle() -> None:
    request = VideoRequest(image=picture(), width=64, height=64, frames=5, fps=10)
    frames = list(builtin(Kind.VIDEO, zoom=0.5).film(request, job()))
    assert [frame.at for frame in frames] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])
    assert {frame.image.shape for frame in frames} == {(64, 64, 3)}
    white = [(frame.image.min(axis=2) > 127).sum() for frame in frames]
    assert white == sorted(white)
    assert white[-1] == pytest.approx(1.5**2 * white[0], rel=0.1)


def test_a_still_film_needs_a_picture() -> None:
    with pytest.raises(InputInvalid, match="prompt alone"):
        next(builtin(Kind.VIDEO).film(VideoRequest(prompt="waves"), job()))


def moved(motion: FaceMotion) -> Image:
    request = AnimateRequest(picture(), motion=(motion,))
    (frame,) = builtin(Kind.ANIMATE).animate(request, job())
    return np.asarray(frame.image)


def middle_of_square(image: Image) -> tuple[float, float]:
    rows, columns = np.nonzero(image.min(axis=2) > 200)
    return columns.mean(), rows.mean()


def test_a_portrait_without_motion_stays_as_it_is() -> None:
    assert np.abs(moved(FaceMotion()).astype(int) - picture()).max() <= 1


def test_a_portrait_moves_as_it_is_told() -> None:
    x, y = middle_of_square(picture())
    right, down = middle_of_square(moved(FaceMotion(shift_x=0.2, shift_y=0.1)))
    assert right == pytest.approx(x + 0.2 * 0.4 * 96, abs=1)
    assert down == pytest.approx(y + 0.1 * 0.4 * 96, abs=1)
    nearer = moved(FaceMotion(zoom=0.5)).min(axis=2) > 200
    assert nearer.sum() == pytest.approx(2.25 * 256, rel=0.15)
    quarter = moved(FaceMotion(roll=90))  # clockwise: what was at the left is at the top
    assert quarter[12, 48, 0] < quarter[52, 48, 0]


def test_a_head_that_turns_right_shows_its_right_edge_smaller() -> None:
    image = np.zeros((100, 100, 3), np.uint8)
    image[40:60, 10:20] = image[40:60, 80:90] = 255
    request = AnimateRequest(image, motion=(FaceMotion(yaw=60),))
    (frame,) = builtin(Kind.ANIMATE).animate(request, job())
    assert frame.image[:, :50].sum() > 1.1 * frame.image[:, 50:].sum()


def test_the_plane_refuses_a_driving_clip() -> None:
    with pytest.raises(InputInvalid, match="motion of a clip"):
        next(builtin(Kind.ANIMATE).animate(AnimateRequest(picture(), driving=(picture(),)), job()))


def test_an_unchecked_picture_has_no_scores() -> None:
    verification = builtin(Kind.VERIFY).verify(picture(), "a square", job())
    assert (verification.checked, verification.fits) == (False, True)


def test_all_models_have_to_agree() -> None:
    good, bad = Score("b32", 0.31, 0.25), Score("l14", 0.1, 0.2)
    assert Verification((good,)).fits
    assert not Verification((good, bad)).fits


@pytest.mark.parametrize(
    "wrong",
    [
        {"prompt": " "},
        {"seed": -1},
        {"width": 500},
        {"height": 4096},
        {"steps": 0},
    ],
)
def test_wrong_pictures_are_refused_with_a_hint(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputInvalid) as caught:
        ImageRequest(**{"prompt": "a cat", **wrong})
    assert caught.value.hint


@pytest.mark.parametrize(
    "wrong",
    [
        {"prompt": ""},
        {"frames": 0},
        {"fps": 0.5},
        {"motion_bucket": 256},
        {"noise": 2},
        {"guidance": -1},
        {"decode_chunk": 0},
        {"seed": 2**32},
    ],
)
def test_wrong_films_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputInvalid):
        VideoRequest(**{"prompt": "waves", **wrong})


def test_motion_comes_from_one_source() -> None:
    with pytest.raises(InputInvalid):
        AnimateRequest(picture())
    with pytest.raises(InputInvalid):
        AnimateRequest(picture(), motion=(FaceMotion(),), driving=(picture(),))


@pytest.mark.parametrize("kind", [Kind.VIDEO, Kind.ANIMATE])
def test_a_cancelled_job_ends_a_film_within_one_frame(kind: Kind) -> None:
    engine, asked = builtin(kind), job()
    if kind is Kind.VIDEO:
        frames = engine.film(VideoRequest(image=picture(), frames=50), asked)
    else:
        frames = engine.animate(AnimateRequest(picture(), motion=(FaceMotion(),) * 50), asked)
    next(frames)
    asked.cancel()
    with pytest.raises(JobCancelled):
        next(frames)


class SteppingPainter:
    """Paints in as many steps as asked for."""

    patience = 30.0

    def configure(self) -> None:
        """No options."""

    def draw(self, request: ImageRequest, job: Job[Any]) -> Image:
        canvas = np.zeros((request.height, request.width, 3), np.uint8)
        for step in range(request.steps):
            canvas += 1
            job.report((step + 1) / request.steps, f"step {step + 1}", canvas[::16, ::16].copy())
            if request.prompt == "fail":
                raise ModelMissing("The paint is missing.", "Buy some.")
        return canvas

    def film(self, request: VideoRequest, job: Job[Any]) -> Iterator[VideoFrame]:
        for index in range(request.frames):
            job.report(index / request.frames)
            yield VideoFrame(np.full((64, 64, 3), index, np.uint8), index / request.fps)

    def close(self) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def painter() -> Iterator[HostedImageGenerator]:
    host = HostedImageGenerator(SteppingPainter, "Painter")
    yield host
    host.close()


def test_a_process_tells_each_step_with_its_preview(painter: HostedImageGenerator) -> None:
    told: list[Progress] = []
    asked = job()
    asked.when_progressed(told.append)
    painted = painter.draw(ImageRequest("a wall", steps=4), asked)
    assert painted.shape == (512, 512, 3)
    assert (painted == 4).all()
    assert [each.text for each in told[:4]] == ["step 1", "step 2", "step 3", "step 4"]
    assert [int(each.preview.max()) for each in told[:4]] == [1, 2, 3, 4]


def test_a_process_stops_when_the_job_is_cancelled(painter: HostedImageGenerator) -> None:
    asked = job()
    asked.when_progressed(lambda told: asked.cancel() if told.text == "step 3" else None)
    with pytest.raises(JobCancelled):
        painter.draw(ImageRequest("a wall", steps=200), asked)
    assert asked.progress.text == "step 3"
    assert (painter.draw(ImageRequest("a wall", steps=2), job()) == 2).all()


def test_errors_of_a_process_arrive_with_their_hints(painter: HostedImageGenerator) -> None:
    with pytest.raises(ModelMissing, match="Buy some"):
        painter.draw(ImageRequest("fail"), job())


def test_a_process_yields_frames_as_they_are_made() -> None:
    host = HostedVideoGenerator(SteppingPainter, "Film maker")
    try:
        asked = job()
        frames = host.film(VideoRequest(prompt="waves", frames=1000), asked)
        assert [int(next(frames).image.max()) for _ in range(5)] == [0, 1, 2, 3, 4]
        threading.Thread(target=asked.cancel).start()
        with pytest.raises(JobCancelled):
            list(frames)
    finally:
        host.close()
