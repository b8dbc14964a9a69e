"""Talking-head API: renders a film of a photo speaking a sound file.

with Wav2LipTalkingHead("ada.jpg", device="cuda", quality_mode="high") as head:
    head.generate("speech.wav", "ada.mp4", fps=30)
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Self

from avatar_app.avatars.detection.faces import face_detector_factory
from avatar_app.core.errors import (
    AvatarError,
    ConfigInvalid,
    InputInvalid,
    ModelMissing,
    choose_one_of,
)
from avatar_app.core.home import expanded
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn
from avatar_app.media.video_writer import FilmUnwritable
from avatar_app.models.resolve import license_notices
from avatar_app.render.device import batch_on, usable_device
from avatar_app.render.engines import ENGINE, FrameFilter, Lips, open_lips, open_touch
from avatar_app.render.estimate import RenderSpeeds
from avatar_app.render.inputs import avatar_folder, find_weights
from avatar_app.render.rendering import Tell, check_output, even_size, ignore_progress, render_film
from avatar_app.render.sound import SoundFile
from avatar_app.runtime.registry import Registry
from avatar_app.settings.films import ProfileSettings, Quality
from avatar_app.settings.loading import load_settings
from avatar_app.system.paths import app_paths


class Wav2LipTalkingHead:
    """One person for any number of films. A context manager; `cleanup` ends it.

    Raises FileNotFoundError where the photo or the checkpoint is missing, ValueError for an unknown
    quality mode or device, for a batch below 1 and an invalid size. Warns once of a checkpoint's
    license that was not accepted. Only one thread may use it, except for `Turn.cancel`.
    """

    def __init__(
        self,
        avatar_image_path: str | Path,
        device: str = "cuda",
        quality_mode: str = "standard",
        model_path: str | Path | None = None,
        face_det_batch_size: int = 4,
        wav2lip_batch_size: int = 128,
        *,
        size: tuple[int, int] | None = None,
    ) -> None:
        """`device`: cuda, cpu, auto, directml or coreml; where it is unavailable the processor is
        used, with a warning. `quality_mode`: a profile of the settings, standard (1280 × 720) or
        high (1920 × 1080, the network wav2lip_gan). `model_path`: a checkpoint; without it the
        profile's is looked for in the folder of models. `face_det_batch_size`: pictures per face
        detection batch; a photo is one. `wav2lip_batch_size`: maximum lip batch; a processor uses
        2, as more gain nothing there (see `get_model_info`). `size`: width and height of the film
        instead of the profile's; odd ones are made even, with a warning."""
        settings, _ = load_settings()
        self._enhance, self._labeled = settings.face_enhancement, settings.render.label
        with _as_expected():
            self._quality = _quality(quality_mode)
            self._profile = settings.render.profile(self._quality)
            self._device = usable_device(device)
            self._most = _whole("wav2lip_batch_size", wav2lip_batch_size)
            self._detector_batch = _whole("face_det_batch_size", face_det_batch_size)
            self._size = _size(size, self._profile)
        self._photo = expanded(avatar_image_path)
        if not self._photo.exists():
            raise FileNotFoundError(f"The file {self._photo} does not exist. Check the path.")
        self._wanted_device = device
        self._paths = app_paths()
        self._eyes = face_detector_factory(
            settings.avatars, self._paths.models, self._detector_batch
        )
        with _as_expected(missing=FileNotFoundError):
            self._model = find_weights(model_path or self._profile.model, self._paths)
        self._opened = ExitStack()
        self._lips: Lips | None = None
        self._touch: FrameFilter = iter
        self._loading: float | None = None
        self._closed = False

    def preprocess_avatar(self) -> None:
        """Find the face in the photo and load the network; otherwise `generate` does this first.

        Raises ValueError for a photo without a face or an invalid checkpoint, RuntimeError where
        the network cannot be loaded or the head was closed.
        """
        self._ready()

    def generate(
        self,
        audio_path: str | Path,
        output_path: str | Path,
        fps: float = 25,
        include_audio: bool = True,  # noqa: FBT001, FBT002 - programs may pass it by position
        *,
        progress: Tell = ignore_progress,
        turn: Turn | None = None,
    ) -> str:
        """Film the photo speaking a sound file; returns the path of the mp4.

        `audio_path`: WAV, FLAC, Ogg or MP3 of any rate, at most five minutes. `fps`: 5 to 60.
        `progress` receives percent and seconds left after each picture; `turn.cancel()`, from any
        thread, ends it with TurnCancelled. The file appears when it is complete, or not at all.
        Raises FileNotFoundError where the sound file is missing, ValueError where it is invalid or
        too long, for an unknown rate, and where the film would replace its own input, RuntimeError
        where an engine failed or the file cannot be written.
        """
        audio, output = expanded(audio_path), expanded(output_path)
        if not audio.exists():
            raise FileNotFoundError(f"The file {audio} does not exist. Check the path.")
        with _as_expected():
            rate = _fps(fps)
            check_output(output, audio, self._photo, self._model)
            sound = SoundFile(audio)
            lips = self._ready()
            lips.face.configure(fps=rate)
            rendered = render_film(
                lips.face,
                sound,
                output,
                turn or Turn(0),
                progress,
                with_sound=include_audio,
                preset=self._profile.x264_preset,
                touch=self._touch,
                labeled=self._labeled,
            )
        around = rendered.began + rendered.finished
        paces, kind = RenderSpeeds(app_paths()), self._kind(lips.batch)
        pace = paces.of(*kind)
        learned = pace.learned(self._loading, around, rendered.painted, rendered.pictures)
        paces.keep(learned, *kind)
        self._loading = None
        return str(output)

    def get_model_info(self) -> dict[str, Any]:
        """Return the models and settings in use; `device` and `batch_size` are the actual ones."""
        batch = batch_on(self._device, self._most) if self._lips is None else self._lips.batch
        return {
            "model_name": self._model.stem,
            "model_path": str(self._model),
            "quality_mode": str(self._quality),
            "device": str(self._device if self._lips is None else self._lips.device),
            "output_resolution": self._size,
            "fps": self._profile.fps,
            "batch_size": batch,
            "face_det_batch_size": self._detector_batch,
            "model_loaded": self._lips is not None,
        }

    def estimate_generation_time(self, seconds: float, fps: float = 25) -> float:
        """Return the seconds that `generate` will take for so many seconds of speech; a guess until
        this machine has rendered such a film. Raises ValueError for an invalid length or rate."""
        if not (_is_number(seconds) and seconds >= 0):
            raise ValueError(f"{seconds!r} is not a length in seconds.")
        with _as_expected():
            rate = _fps(fps)
        batch = batch_on(self._device, self._most) if self._lips is None else self._lips.batch
        pace = RenderSpeeds(app_paths()).of(*self._kind(batch))
        return pace.seconds(seconds * rate, loaded=self._lips is not None)

    def cleanup(self) -> None:
        """Release all memory and files; the head cannot be used afterwards."""
        self._closed, self._lips = True, None
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cleanup()

    def _kind(self, batch: int) -> tuple[object, ...]:
        width, height = self._size
        network = f"{ENGINE}+{self._enhance.engine}"
        return (
            network,
            f"{width}x{height}",
            self._device,
            f"batch {batch}",
            self._profile.x264_preset,
        )

    def _ready(self) -> Lips:
        if self._closed:
            raise RuntimeError("The talking head was closed. Create another.")
        if self._lips is None:
            with _as_expected(), ExitStack() as opening:
                self._lips = self._load(opening)
                self._opened = opening.pop_all()
        return self._lips

    def _load(self, opening: ExitStack) -> Lips:
        registry = Registry()
        manifest = registry.find(Kind.FACE, ENGINE)
        for notice in license_notices({"model": str(self._model)}, manifest, self._paths):
            warnings.warn(f"{notice.message} {notice.hint}", stacklevel=4)
        began = time.perf_counter()
        folder = opening.enter_context(avatar_folder(self._photo, self._paths, self._eyes))
        width, height = self._size
        options = {"avatar": str(folder), "width": width, "height": height}
        lips = open_lips(registry, self._model, self._wanted_device, self._most, **options)
        opening.callback(lips.face.close)
        device = str(lips.device)
        self._touch = open_touch(registry, self._enhance, folder, device, self._paths, opening)
        self._loading = time.perf_counter() - began
        return lips


@contextmanager
def _as_expected(missing: type[Exception] = RuntimeError) -> Iterator[None]:
    """Convert the application's errors to those that Python programs expect."""
    try:
        yield
    except FilmUnwritable as error:
        raise RuntimeError(str(error)) from error
    except (InputInvalid, ConfigInvalid) as error:
        raise ValueError(str(error)) from error
    except ModelMissing as error:
        raise missing(str(error)) from error
    except AvatarError as error:
        raise RuntimeError(str(error)) from error


def _quality(name: str) -> Quality:
    try:
        return Quality(name)
    except ValueError:
        raise ConfigInvalid(f"Unknown quality mode {name!r}.", choose_one_of(Quality)) from None


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and math.isfinite(value)


def _fps(fps: Any) -> float:
    if not (_is_number(fps) and 5 <= fps <= 60):
        raise ConfigInvalid(f"A film cannot have {fps!r} pictures a second.", "Choose 5 to 60.")
    return float(fps)


def _whole(name: str, value: Any) -> int:
    if not (isinstance(value, Integral) and int(value) >= 1):
        raise ConfigInvalid(f"{name} cannot be {value!r}.", "Give a whole number from 1 on.")
    return int(value)


def _size(size: Any, profile: ProfileSettings) -> tuple[int, int]:
    """Return width and height, the profile's where `size` is None; made even with a warning."""
    if size is None:
        size = (profile.width, profile.height)
    if not (isinstance(size, Sequence) and len(size) == 2):
        raise ConfigInvalid(f"{size!r} is not a size.", "Give a width and a height in pixels.")
    width, height, notices = even_size(_whole("The width", size[0]), _whole("The height", size[1]))
    for notice in notices:
        warnings.warn(f"{notice.message} {notice.hint}", stacklevel=3)
    return width, height
