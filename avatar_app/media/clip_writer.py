"""Writes a finished clip (pictures, sound, subtitles) to mp4, webm, mov, avi or gif."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.core.values import PLAYBACK_RATE, Image, Samples
from avatar_app.media.clip_formats import ClipFormat, Encoding
from avatar_app.media.gif_writer import write_gif
from avatar_app.media.provenance import COMMENT, mark_film, mark_gif
from avatar_app.media.resample import Resampler
from avatar_app.media.subtitles import Subtitle, SubtitleTrack, as_srt
from avatar_app.media.video_writer import AUDIO_BIT_RATE, film_file, unwritable
from avatar_app.system.files import replacing

_BLOCK = 1024
"""Samples, for encoders that take any number."""

Tell = Callable[[float], None]
"""Receives the share of the pictures that are written; may raise to stop."""


@dataclass(frozen=True, slots=True, eq=False)
class ClipContent:
    """What a clip consists of."""

    frames: Image
    """uint8, shape (count, height, width, 3), RGB; both sides even."""
    fps: float
    """Frames per second."""
    sound: Samples | None = None
    """float32, shape (n,), in [-1, 1]; None: silent."""
    rate: int = PLAYBACK_RATE
    """Samples per second of the sound."""
    subtitles: tuple[Subtitle, ...] = ()

    @property
    def exact_fps(self) -> Fraction:
        return Fraction(self.fps).limit_denominator(1001)


def write_clip(content: ClipContent, path: Path, encoding: Encoding, tell: Tell) -> list[Path]:
    """Write the clip, complete or not at all, marked as synthetic; returns the files: the clip, and
    an .srt beside it where the container holds no subtitles.

    Raises FilmUnwritable where the disk or the folder does not accept it.
    """
    target = film_file(path)
    beside = path.with_suffix(".srt")
    written = [path]
    try:
        with replacing(target) as unfinished:
            if encoding.format is ClipFormat.GIF:
                write_gif(content.frames, content.exact_fps, unfinished, encoding, tell)
                mark_gif(unfinished)
            else:
                _write_film(content, unfinished, encoding, tell)
        if content.subtitles and not encoding.subtitles:
            with replacing(beside) as unfinished:
                unfinished.write_text(as_srt(content.subtitles), encoding="utf-8")
            written.append(beside)
    except OSError as error:
        raise unwritable(path, error) from error
    return written


def _write_film(content: ClipContent, path: Path, encoding: Encoding, tell: Tell) -> None:
    import av

    with av.open(str(path), "w", format=str(encoding.format)) as container:
        container.metadata["comment"] = COMMENT
        video = _video_stream(container, content, encoding)
        audio: Any = _audio_stream(container, encoding) if content.sound is not None else None
        if content.subtitles and encoding.subtitles:
            SubtitleTrack(container, encoding.subtitles).write(content.subtitles)
        sound = _sound_frames(content, audio) if audio is not None else iter(())
        pending = next(sound, None)
        for index, frame in enumerate(_video_frames(content, encoding)):
            while pending is not None and pending.pts / PLAYBACK_RATE <= index / content.fps:
                container.mux(audio.encode(pending))
                pending = next(sound, None)
            container.mux(video.encode(frame))
            tell((index + 1) / len(content.frames))
        while pending is not None:
            container.mux(audio.encode(pending))
            pending = next(sound, None)
        for stream in (video, audio):
            if stream is not None:
                container.mux(stream.encode(None))
    if encoding.format in (ClipFormat.MP4, ClipFormat.MOV):
        mark_film(path)


def _video_stream(container: Any, content: ClipContent, encoding: Encoding) -> Any:
    options = dict(encoding.options)
    stream = container.add_stream(encoding.encoder, rate=content.exact_fps, options=options)
    stream.height, stream.width = content.frames[0].shape[:2]
    stream.pix_fmt = encoding.pixels
    if encoding.tag:
        stream.codec_context.codec_tag = encoding.tag
    return stream


def _audio_stream(container: Any, encoding: Encoding) -> Any:
    stream = container.add_stream(encoding.sound, rate=PLAYBACK_RATE)
    stream.layout = "mono"
    if encoding.sound != "pcm_s16le":
        stream.bit_rate = AUDIO_BIT_RATE
    return stream


def _video_frames(content: ClipContent, encoding: Encoding) -> Iterator[Any]:
    """Yield the pictures in the encoder's pixel format, in BT.601 as the other films are."""
    import av

    for index, image in enumerate(content.frames):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
        frame = frame.reformat(format=encoding.pixels)
        frame.pts, frame.time_base = index, 1 / content.exact_fps
        yield frame


def _sound_frames(content: ClipContent, stream: Any) -> Iterator[Any]:
    """Yield the sound at 48 kHz in the blocks that the encoder takes."""
    import av

    assert content.sound is not None
    samples = Resampler(content.rate, PLAYBACK_RATE).process(content.sound, last=True)
    samples = np.clip(samples, -1, 1).astype(np.float32)
    context = stream.codec_context
    form, block = context.format.name, context.frame_size or _BLOCK
    for start in range(0, len(samples), block):
        part = samples[start : start + block]
        if form.startswith("s16"):
            part = np.rint(part * 32767).astype(np.int16)
        frame: Any = av.AudioFrame.from_ndarray(part[None], format=form, layout="mono")
        frame.sample_rate = PLAYBACK_RATE
        frame.pts, frame.time_base = start, Fraction(1, PLAYBACK_RATE)
        yield frame
