"""What engines of the studio take and give: pictures, films, motion, and scores of a picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from avatar_app.core.errors import InputInvalid
from avatar_app.core.values import Image, VideoFrame

LEAST_SIDE, MOST_SIDE = 64, 2048
"""Pixels of a generated picture's sides."""
SIDE_STEP = 16
"""Both sides of a generated picture are multiples of this: autoencoders work on such blocks."""


def _demand(message: str, hint: str, *, that: bool) -> None:
    if not that:
        raise InputInvalid(message, hint)


def _check_side(name: str, pixels: int) -> None:
    _demand(
        f"A picture cannot have a {name} of {pixels} pixels.",
        f"Choose a multiple of {SIDE_STEP} from {LEAST_SIDE} to {MOST_SIDE}.",
        that=LEAST_SIDE <= pixels <= MOST_SIDE and pixels % SIDE_STEP == 0,
    )


def _check_range(name: str, value: float, least: float, most: float) -> None:
    _demand(
        f"The {name} cannot be {value:g}.",
        f"Choose a value from {least:g} to {most:g}.",
        that=least <= value <= most,
    )


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """A picture to be generated. The same request gives the same picture on the same device."""

    prompt: str
    negative_prompt: str = ""
    """What the picture must not show; an engine without guidance says that it ignores it."""
    seed: int = 0
    """In [0, 2**32)."""
    width: int = 512
    """Pixels."""
    height: int = 512
    """Pixels."""
    steps: int = 4
    """Of denoising."""

    def __post_init__(self) -> None:
        told = bool(self.prompt.strip())
        _demand("The prompt is empty.", "Say what the picture shows.", that=told)
        _check_range("seed", self.seed, 0, 2**32 - 1)
        _check_side("width", self.width)
        _check_side("height", self.height)
        _check_range("number of steps", self.steps, 1, 200)


@dataclass(frozen=True, slots=True, eq=False)
class VideoRequest:
    """A short film to be generated, without sound: from a picture, or from a prompt alone."""

    image: Image | None = None
    """uint8, shape (height, width, 3), RGB: the first frame; None: from the prompt."""
    prompt: str = ""
    negative_prompt: str = ""
    seed: int = 0
    """In [0, 2**32)."""
    width: int = 512
    """Pixels."""
    height: int = 512
    """Pixels."""
    frames: int = 14
    fps: float = 7.0
    """Frames per second."""
    motion_bucket: int = 127
    """How much moves, as Stable Video Diffusion was trained: 0 to 255."""
    noise: float = 0.02
    """Added to the picture before it is encoded: more moves farther from it."""
    guidance: float = 3.0
    """Largest scale of classifier-free guidance; 1 is none."""
    steps: int = 25
    """Of denoising."""
    decode_chunk: int = 8
    """Frames decoded at once: fewer need less memory."""

    def __post_init__(self) -> None:
        _demand(
            "There is neither a picture nor a prompt for the film.",
            "Give it one of them.",
            that=self.image is not None or bool(self.prompt.strip()),
        )
        _check_range("seed", self.seed, 0, 2**32 - 1)
        _check_side("width", self.width)
        _check_side("height", self.height)
        _check_range("number of frames", self.frames, 1, 1080)
        _check_range("frames per second", self.fps, 1, 60)
        _check_range("motion bucket", self.motion_bucket, 0, 255)
        _check_range("noise", self.noise, 0, 1)
        _check_range("guidance", self.guidance, 0, 30)
        _check_range("number of steps", self.steps, 1, 200)
        _check_range("decode chunk", self.decode_chunk, 1, 1080)


class FaceMotion(NamedTuple):
    """One moment of a face that is moved; the zeros are the portrait as it is."""

    yaw: float = 0.0
    """Degrees; positive turns toward the right of the picture."""
    pitch: float = 0.0
    """Degrees; positive looks up."""
    roll: float = 0.0
    """Degrees, clockwise."""
    shift_x: float = 0.0
    """To the right, as a share of the face's width."""
    shift_y: float = 0.0
    """Down, as a share of the face's height."""
    zoom: float = 0.0
    """Nearer: 0.1 is a tenth larger."""
    gaze_x: float = 0.0
    """−1 left of the picture, 1 right."""
    gaze_y: float = 0.0
    """−1 down, 1 up."""
    blink: float = 0.0
    """0 as in the portrait, 1 closed."""
    brows: float = 0.0
    """Raised, −1 to 1."""
    smile: float = 0.0
    """−1 to 1."""
    mouth_open: float = 0.0
    """Between the lips: 0 as in the portrait, 1 the widest."""
    mouth_width: float = 0.0
    """Of the lips: −1 rounded and narrow, 1 spread."""


@dataclass(frozen=True, slots=True, eq=False)
class AnimateRequest:
    """A portrait that moves: by parameters, or like the face of a driving clip."""

    portrait: Image
    """uint8, shape (height, width, 3), RGB, with one face."""
    motion: tuple[FaceMotion, ...] = ()
    """One per frame; empty: the driving clip moves it."""
    driving: tuple[Image, ...] = ()
    """Frames of one size, uint8, shape (height, width, 3), RGB, with one face each; its motion
    relative to the first one is carried over."""
    fps: float = 25.0
    """Frames per second, of the motion and of the result."""

    def __post_init__(self) -> None:
        _demand(
            "A portrait is moved either by parameters or by a driving clip.",
            "Give it one of them.",
            that=bool(self.motion) != bool(self.driving),
        )
        _check_range("frames per second", self.fps, 1, 60)

    @property
    def frames(self) -> int:
        """Number of frames of the result."""
        return len(self.motion) or len(self.driving)


@dataclass(frozen=True, slots=True)
class Score:
    """How well a picture fits a text, by one model."""

    model: str
    similarity: float
    """Cosine of the two embeddings, in [-1, 1]."""
    threshold: float
    """Similarity from which on the picture fits."""

    @property
    def fits(self) -> bool:
        return self.similarity >= self.threshold


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether a picture fits a text; several models have to agree."""

    scores: tuple[Score, ...] = ()
    """Empty where nothing could be checked."""
    embedding: tuple[float, ...] = ()
    """Of the picture, of length 1, by the first model; empty where there is none."""

    @property
    def checked(self) -> bool:
        return bool(self.scores)

    @property
    def fits(self) -> bool:
        """Whether every model finds that it fits; also where nothing was checked."""
        return all(score.fits for score in self.scores)


Frames = Iterator[VideoFrame]
"""Frames at 0, 1/fps, 2/fps …, as they are made."""
