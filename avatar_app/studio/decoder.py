"""Moving pictures without speech, for programs: from a picture, from a prompt, and to a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np

from avatar_app.avatars.photo import read_photo
from avatar_app.core.errors import EngineFailed
from avatar_app.core.generation import VideoRequest
from avatar_app.core.home import expanded
from avatar_app.core.jobs import Job
from avatar_app.core.manifest import Kind
from avatar_app.core.values import Image, Samples
from avatar_app.media.clip_formats import ClipCodec, ClipFormat, ClipQuality, encoding_of
from avatar_app.media.clip_writer import ClipContent, write_clip
from avatar_app.runtime.memory.broker import MemoryBroker
from avatar_app.runtime.registry import Registry
from avatar_app.settings.loading import load_settings
from avatar_app.settings.schema import Settings
from avatar_app.studio.engine_cache import StudioEngines
from avatar_app.studio.names import format_of_clip, one_of
from avatar_app.system.paths import AppPaths, app_paths


class VideoDecoder:
    """The engine of the kind `video` that the settings choose; a context manager.

    Raises InputInvalid for pictures and requests that cannot be used, and what the engine raises.
    """

    def __init__(self, settings: Settings | None = None, paths: AppPaths | None = None) -> None:
        """Without arguments: the user's settings and folders."""
        self._paths = paths or app_paths()
        self._settings = settings or load_settings()[0]
        broker = MemoryBroker.of(self._paths, self._settings.memory_limits)
        self._engines = StudioEngines(Registry(user_paths=self._paths), broker)

    def generate_from_image(
        self,
        image: Image | Path | str,
        *,
        frames: int = 14,
        fps: float = 7.0,
        width: int = 512,
        height: int = 512,
        motion_bucket: int = 127,
        noise: float = 0.02,
        guidance: float = 3.0,
        steps: int = 25,
        decode_chunk: int = 8,
        seed: int = 0,
        job: Job[Any] | None = None,
    ) -> Image:
        """Return the frames, uint8, shape (frames, height, width, 3), RGB; see VideoRequest."""
        picture = image if isinstance(image, np.ndarray) else read_photo(expanded(image))
        request = VideoRequest(
            picture,
            seed=seed,
            width=width,
            height=height,
            frames=frames,
            fps=fps,
            motion_bucket=motion_bucket,
            noise=noise,
            guidance=guidance,
            steps=steps,
            decode_chunk=decode_chunk,
        )
        return self._frames(request, job)

    def generate_from_text(
        self,
        prompt: str,
        negative_prompt: str = "",
        *,
        frames: int = 16,
        fps: float = 8.0,
        width: int = 256,
        height: int = 256,
        guidance: float = 9.0,
        steps: int = 25,
        seed: int = 0,
        job: Job[Any] | None = None,
    ) -> Image:
        """Return the frames, uint8, shape (frames, height, width, 3), RGB; see VideoRequest."""
        request = VideoRequest(
            None,
            prompt,
            negative_prompt,
            seed=seed,
            width=width,
            height=height,
            frames=frames,
            fps=fps,
            guidance=guidance,
            steps=steps,
        )
        return self._frames(request, job)

    def export_video(
        self,
        frames: Image,
        path: Path | str,
        fps: float = 7.0,
        quality: str = "medium",
        codec: str = "auto",
        sound: Samples | None = None,
        rate: int = 24_000,
    ) -> Path:
        """Write frames, uint8, shape (n, height, width, 3), RGB, as mp4, webm, mov, avi or gif, as
        the extension says, marked as synthetic.

        `quality`: low, medium, high or lossless. Raises ConfigInvalid for what does not exist,
        FilmUnwritable where the disk does not accept it.
        """
        target = expanded(path)
        form = format_of_clip(target)
        encoding = encoding_of(form, one_of(ClipCodec, codec), one_of(ClipQuality, quality))
        even = np.asarray(frames)
        if form is not ClipFormat.GIF:
            even = even[:, : even.shape[1] // 2 * 2, : even.shape[2] // 2 * 2]
        content = ClipContent(even, fps, sound, rate)
        write_clip(content, target, encoding, lambda _share: None)
        return target

    def close(self) -> None:
        """Close the engine."""
        self._engines.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _frames(self, request: VideoRequest, job: Job[Any] | None) -> Image:
        asked = job or Job[Any]("video", lambda _job: None)
        with self._engines.use(Kind.VIDEO, self._settings.studio.video) as engine:
            made = [each.image for each in engine.film(request, asked)]
        if not made:
            raise EngineFailed("The engine made no pictures.", "Choose another one.")
        return np.stack(made)
