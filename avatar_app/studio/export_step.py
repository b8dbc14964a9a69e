"""The step “export”: the clip becomes a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from avatar_app.core.jobs import Job
from avatar_app.core.values import Image
from avatar_app.media.clip_formats import Encoding, encoding_of
from avatar_app.media.clip_writer import ClipContent, write_clip
from avatar_app.media.provenance import CornerLabel
from avatar_app.studio.recipe import OutputTrack
from avatar_app.studio.speech_step import StoredSpeech


def encoding_for(output: OutputTrack) -> Encoding:
    """Return how a recipe's clip is encoded."""
    return encoding_of(output.format, output.codec, output.quality)


def export(
    frames: Image,
    fps: float,
    speech: StoredSpeech | None,
    output: OutputTrack,
    path: Path,
    job: Job[Any],
    *,
    labeled: bool,
) -> list[Path]:
    """Write the clip and return its files. `labeled`: the pictures say that they are synthetic.

    Raises FilmUnwritable where the disk or the folder does not accept it.
    """
    if labeled:
        label = CornerLabel(frames.shape[2], frames.shape[1])
        for index, frame in enumerate(frames):
            frames[index] = label.drawn(frame)
    content = ClipContent(frames, fps)
    if speech is not None:
        subtitles = speech.subtitles if output.subtitles else ()
        content = ClipContent(frames, fps, speech.samples, speech.rate, subtitles)

    def tell(share: float) -> None:
        job.report(share, "Writing")

    return write_clip(content, path, encoding_for(output), tell)
