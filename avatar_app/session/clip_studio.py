"""The studio as a window uses it: one clip at a time, and the queue with its workers."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avatar_app.core.errors import InputInvalid
from avatar_app.core.jobs import Job
from avatar_app.core.values import Image
from avatar_app.settings.store import SettingsStore
from avatar_app.storage.clip_queue import ClipQueue, QueuedClip
from avatar_app.studio.emotions import CHARACTERS
from avatar_app.studio.recipe import ClipRecipe, parse_recipe
from avatar_app.system.paths import AppPaths

if TYPE_CHECKING:
    from avatar_app.studio.workers import ClipWorkers

MOST_SHOWN = 72
"""Frames of a clip that the window plays."""


@dataclass(frozen=True, slots=True, eq=False)
class MadeClip:
    """A clip that was made for the window."""

    path: Path
    frames: tuple[Image, ...]
    """Some of them, uint8, shape (height, width, 3), RGB."""
    fps: float
    """At which those are played."""
    seconds: float
    notices: tuple[str, ...]
    subtitles: Path | None = None
    """A file beside the clip, where its container holds none."""
    face: Path | None = None
    """The photo or drawn portrait of who is seen; None for an avatar that was there already."""


class ClipStudio:
    """Every method may take a moment; AvatarError where something goes wrong."""

    def __init__(self, settings: SettingsStore, paths: AppPaths) -> None:
        self._settings, self._paths = settings, paths
        self._queue: ClipQueue | None = None
        self._workers: ClipWorkers | None = None
        self._changing = threading.Lock()

    @property
    def folder(self) -> Path:
        """The folder of clips that are not exported."""
        return self._paths.cache / "studio-clips"

    @property
    def _portrait(self) -> Path:
        return self.folder / "portrait.png"

    def voices(self) -> tuple[str, ...]:
        """Return the named presets of voices."""
        return tuple(CHARACTERS)

    def recipe(self, document: dict[str, Any]) -> ClipRecipe:
        """Check a recipe; raises ConfigInvalid."""
        return parse_recipe(document)

    def make(self, recipe: ClipRecipe, job: Job[MadeClip]) -> MadeClip:
        """Make a clip; `job` gets each step with a picture of it, and stops it."""
        from avatar_app.studio.pipeline import Pipeline  # it loads what the window does without

        path = self.folder / f"{recipe.name}.{recipe.output.format}"
        with Pipeline(self._settings.settings, self._paths) as pipeline:
            result = pipeline.make(recipe, "", path, job)
            step = max(1, -(-len(result.video_frames) // MOST_SHOWN))
            frames = tuple(frame.copy() for frame in result.video_frames[::step])
            seconds = len(result.video_frames) / result.fps
            face = Path(recipe.visual.photo) if recipe.visual.photo else None
            if result.drawing is not None:
                with suppress(OSError):  # another process may just have deleted old results
                    face = Path(shutil.copyfile(result.drawing, self._portrait))
        beside = next((file for file in result.files if file != path), None)
        return MadeClip(path, frames, result.fps / step, seconds, result.notices, beside, face)

    def portrait(self, prompt: str, negative: str, seed: int, job: Job[Path]) -> Path:
        """Draw a portrait and return its PNG."""
        from avatar_app.studio.pipeline import Pipeline
        from avatar_app.studio.portraits import portrait_from_prompt

        with Pipeline(self._settings.settings, self._paths) as pipeline:
            portrait_from_prompt(pipeline.workshop, prompt, negative, seed, self._portrait, "", job)
        return self._portrait

    def export(self, clip: MadeClip, target: Path) -> Path:
        """Copy a clip to where the user wants it."""
        if target.suffix.lower() != clip.path.suffix:
            target = target.with_name(f"{target.name}{clip.path.suffix}")
        try:
            shutil.copyfile(clip.path, target)
            if clip.subtitles is not None:
                shutil.copyfile(clip.subtitles, target.with_suffix(".srt"))
        except OSError as error:
            raise InputInvalid(
                f"The clip cannot be written to {target}: {error.strerror}.",
                "Choose another folder.",
            ) from error
        return target

    def clips(self) -> tuple[QueuedClip, ...]:
        """Return the clips of the queue."""
        return self._opened().clips()

    def enqueue(self, recipe: ClipRecipe) -> int:
        """Append a clip to the queue; it is written into the videos folder."""
        output = self._paths.videos / f"{recipe.name}.{recipe.output.format}"
        number = 1
        taken = {clip.output for clip in self.clips()}
        while output in taken or output.exists():
            number += 1
            output = output.with_name(f"{recipe.name} {number}.{recipe.output.format}")
        return self._opened().add(recipe.name, recipe.document(), output)

    def run(self, count: int = 1) -> None:
        """Let workers make the clips of the queue."""
        from avatar_app.studio.workers import ClipWorkers

        with self._changing:
            if self._workers is None:
                self._workers = ClipWorkers(self._settings.settings, self._paths, count)
            self._workers.start()

    @property
    def is_running(self) -> bool:
        """Whether workers are at work."""
        workers = self._workers
        return workers is not None and bool(workers.pids)

    def stop(self) -> None:
        """Let the workers end; they give their clips back."""
        with self._changing:
            workers, self._workers = self._workers, None
        if workers is not None:
            workers.stop()

    def cancel(self, numbers: Iterable[int]) -> None:
        """Stop clips, or take them out of the queue."""
        for number in numbers:
            self._opened().cancel(number)

    def retry(self, numbers: Iterable[int]) -> None:
        """Try failed or cancelled clips again."""
        for number in numbers:
            self._opened().retry(number)

    def remove(self, numbers: Iterable[int]) -> None:
        """Take clips off the list."""
        for number in numbers:
            self._opened().remove(number)

    def close(self) -> None:
        """Let the workers end, and close the queue."""
        self.stop()
        with self._changing:
            queue, self._queue = self._queue, None
        if queue is not None:
            queue.close()

    def _opened(self) -> ClipQueue:
        with self._changing:
            if self._queue is None:
                self._queue = ClipQueue.of(self._paths, time.time)
            return self._queue
