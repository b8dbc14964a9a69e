"""One slot: sound and actor at the same time, then life, frames, check and export.

Each step's result is kept by what it was made from. A slot that failed, was stopped or was killed
goes on there: at most the step that was under way is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.core.errors import EngineDied, EngineFailed, ModelMissing, OutOfMemory
from avatar_app.core.generation import Verification
from avatar_app.core.jobs import Job, JobPart
from avatar_app.core.values import Image
from avatar_app.settings.schema import EngineChoice
from avatar_app.studio.actor_step import (
    ACTOR,
    DRAWING,
    actor_source,
    make_actor,
    read_portrait,
)
from avatar_app.studio.buffers import SOUND_RATE
from avatar_app.studio.check_step import self_check, verify_clip
from avatar_app.studio.export_step import export
from avatar_app.studio.frame_file import load_frames
from avatar_app.studio.frames_step import (
    FaceVariant,
    face_choice,
    make_frames,
)
from avatar_app.studio.life_step import give_life
from avatar_app.studio.recipe import ClipRecipe, Life, OutputTrack
from avatar_app.studio.renderers import RenderedFrames
from avatar_app.studio.schedule import Pace, StepTooSlow
from avatar_app.studio.slot import GenerationResult, Workshop
from avatar_app.studio.slot_plan import SlotPlan
from avatar_app.studio.speech_step import StoredSpeech, check_length, make_speech, voice_choice
from avatar_app.studio.work_folder import content_digest, step_key

_PARTS = {
    "sound": (0.0, 0.15),
    "actor": (0.15, 0.15),
    "life": (0.3, 0.1),
    "frames": (0.4, 0.45),
    "check": (0.85, 0.05),
    "export": (0.9, 0.1),
}
"""Where each step's share of the whole progress begins, and how much it is."""


class SlotRun:
    """One clip, from the recipe to the file."""

    def __init__(
        self, shop: Workshop, recipe: ClipRecipe, output: Path | None, job: Job[Any]
    ) -> None:
        self._shop, self._recipe, self._output, self._job = shop, recipe, output, job
        self._begun = shop.clock()
        self._deadline = None if recipe.deadline is None else self._begun + recipe.deadline
        self._voice = voice_choice(recipe.audio, shop.settings.tts, shop.engines)
        registry = shop.engines.registry
        self._source = actor_source(recipe.visual, shop.settings, shop.paths, registry)
        self._plan = SlotPlan(shop, recipe, self._source, self._voice, exports=output is not None)
        self.took: dict[str, float] = {}
        self.notices: list[str] = []

    def run(self, slot_id: str) -> GenerationResult:
        """Make the clip. Raises AvatarError where that is impossible, JobCancelled."""
        self._plan.replan(self._left(), self.notices)
        speech, actor = self._sound_and_actor()
        check_length(speech, self._recipe.length)
        self._plan.know_length(speech.seconds)
        drawing = actor.with_name(f"{DRAWING}.png") if actor and self._source.prompt else None
        actor = self._with_life(actor)
        frames, fps = self._frames(speech, actor)
        verification = self._check(frames, fps, speech, actor)
        files = self._export(frames, fps, speech) if self._output is not None else []
        return GenerationResult(
            slot_id,
            success=True,
            video_frames=frames,
            audio_waveform=self._shop.buffers.sound(speech.at_rate(SOUND_RATE)),
            clip_embedding=np.asarray(verification.embedding, np.float32),
            generation_time_ms=1000 * (self._shop.clock() - self._begun),
            fps=fps,
            files=tuple(files),
            drawing=drawing,
            notices=tuple(self.notices),
            steps=dict(self.took),
        )

    def _sound_and_actor(self) -> tuple[StoredSpeech, Path | None]:
        """Do both at the same time; where one fails the other is finished, so that its work is
        kept."""
        with ThreadPoolExecutor(2, "studio") as threads:
            sound = threads.submit(self._sound)
            actor = threads.submit(self._actor)
        # both are over now, whether they failed or not
        return StoredSpeech(sound.result()), actor.result()

    def _sound(self) -> Path:
        key = self._plan.keys["sound"]
        units = float(len(self._recipe.audio.script))

        def work(folder: Path, job: Job[Any]) -> None:
            make_speech(self._recipe.audio, self._voice, self._shop.engines, folder, job)

        return self._kept("sound", key, units, work)

    def _actor(self) -> Path | None:
        """Return the avatar's folder; None for a drawn character."""
        source, shop = self._source, self._shop
        if source.is_ready:
            return source.folder

        def work(folder: Path, job: Job[Any]) -> None:
            track = self._recipe.visual
            make_actor(source, track, shop.settings, shop.engines, shop.paths, folder, job)

        return self._kept("actor", self._plan.keys["actor"], 1.0, work) / ACTOR

    def _with_life(self, actor: Path | None) -> Path | None:
        life = Life(self._plan.replan(self._left(), self.notices).get("life", Life.STILL))
        if actor is None or life is Life.STILL:
            return actor
        portrait, shop = read_portrait(actor), self._shop
        engine = getattr(shop.settings.studio, life)
        inputs = {"actor": content_digest(actor), "life": life, "engine": engine.model_dump()}

        def work(folder: Path, job: Job[Any]) -> None:
            give_life(life, portrait, shop.settings, shop.engines, shop.paths, folder, job)

        try:
            return self._kept("life", step_key("life", inputs), 1.0, work, life) / ACTOR
        except (OutOfMemory, EngineFailed, ModelMissing, StepTooSlow) as error:
            self.notices.append(f"{error.message} The portrait stays still.")
            return actor

    def _frames(self, speech: StoredSpeech, actor: Path | None) -> tuple[Image, float]:
        """Draw the frames in the best way that is in time; a way that fails or is too slow is
        followed by a lighter one."""
        skipped: set[str] = set()
        while True:
            choices = self._plan.replan(self._left(), self.notices, without=skipped)
            variant = self._plan.face(choices["frames"])
            try:
                return _once_more(partial(self._drawn, variant, speech, actor))
            except (OutOfMemory, EngineFailed, ModelMissing, StepTooSlow) as error:
                skipped.add(choices["frames"])
                if not self._plan.has_faces_besides(skipped):
                    raise
                self.notices.append(f"{error.message} A lighter face is used.")

    def _drawn(
        self, variant: FaceVariant, speech: StoredSpeech, actor: Path | None
    ) -> tuple[Image, float]:
        shop, output = self._shop, self._recipe.output
        if variant.is_renderer:
            return self._rendered(variant, speech)
        paths, settings = shop.paths, shop.settings
        drawn = self._source.drawn
        choice = face_choice(variant, actor, drawn, output, settings, shop.engines, paths)
        who = content_digest(actor) if actor else drawn
        key = _frames_key(self._plan.keys["sound"], variant, choice, who)
        room: list[Image] = []

        def work(folder: Path, job: Job[Any]) -> None:
            frames = _draw(shop, variant, choice, speech, actor, output, folder, job)
            room.append(frames)

        units = speech.seconds * variant.fps
        folder = self._kept("frames", key, units, work, self._plan.names.frames(variant))
        return (room[0], variant.fps) if room else load_frames(folder, shop.buffers)

    def _rendered(self, variant: FaceVariant, speech: StoredSpeech) -> tuple[Image, float]:
        shop, track = self._shop, self._recipe.visual
        drawing = RenderedFrames(track, speech, self._recipe.output, shop)
        key = step_key("frames", {"sound": self._plan.keys["sound"], **drawing.key})

        def work(folder: Path, job: Job[Any]) -> None:
            self.notices.extend(drawing.draw(folder, job))

        name, units = self._plan.names.frames(variant), float(drawing.count)
        return load_frames(self._kept("frames", key, units, work, name), shop.buffers)

    def _check(
        self, frames: Image, fps: float, speech: StoredSpeech, actor: Path | None
    ) -> Verification:
        self_check(frames, fps, speech)
        found: list[Verification] = []

        def work(job: Job[Any]) -> None:
            portrait = read_portrait(actor) if actor is not None else None
            prompt, choice = self._recipe.visual.prompt, self._shop.settings.studio.verify
            middle = frames[len(frames) // 2]
            found.append(verify_clip(middle, portrait, prompt, choice, self._shop.engines, job))

        self._timed("check", self._plan.names.check, 1.0, work)
        return found[0]

    def _export(self, frames: Image, fps: float, speech: StoredSpeech) -> list[Path]:
        output, path = self._recipe.output, self._output
        assert path is not None
        files: list[Path] = []
        labeled = self._shop.settings.render.label

        def work(job: Job[Any]) -> None:
            files.extend(export(frames, fps, speech, output, path, job, labeled=labeled))

        self._timed("export", self._plan.names.export, float(len(frames)), work)
        return files

    def _kept(
        self,
        step: str,
        key: str,
        units: float,
        work: Callable[[Path, Job[Any]], None],
        variant: str = "",
    ) -> Path:
        """Do a step unless its result is there; returns the folder of the result."""
        results = self._shop.results
        if (folder := results.find(key)) is None:
            with results.new(key) as unfinished:
                name = variant or getattr(self._plan.names, step)
                self._timed(step, name, units, lambda job: work(unfinished, job))
            folder = results.root / key
        self._plan.done(step)
        return folder

    def _timed(
        self, step: str, variant: str, units: float, work: Callable[[Job[Any]], None]
    ) -> None:
        """Do a step, watched by the deadline, and remember what it took."""
        shop, begun = self._shop, self._shop.clock()
        rest, lighter = self._plan.around(step)
        pace = Pace(step, begun, self._deadline, rest, lighter, shop.clock)
        part = JobPart[Any](self._job, step, *_PARTS[step])
        part.when_progressed(lambda progress: pace.check(progress.fraction))
        pace.check(0.0)
        self._job.check()
        work(part)
        part.report(1.0)
        self.took[step] = shop.clock() - begun
        shop.ledger.add(step, variant, units, self.took[step])
        self._plan.done(step)

    def _left(self) -> float | None:
        return None if self._deadline is None else self._deadline - self._shop.clock()


def _once_more(draw: Callable[[], tuple[Image, float]]) -> tuple[Image, float]:
    """Draw; an engine that died is tried once more: it may have been killed."""
    try:
        return draw()
    except EngineDied:
        return draw()


def _frames_key(sound: str, variant: FaceVariant, choice: EngineChoice, who: str) -> str:
    options = choice.options | {"avatar": who}
    inputs = {"sound": sound, "face": choice.engine, "options": options}
    return step_key("frames", inputs | {"detail": variant.enhanced, "fps": variant.fps})


def _draw(
    shop: Workshop,
    variant: FaceVariant,
    choice: EngineChoice,
    speech: StoredSpeech,
    actor: Path | None,
    output: OutputTrack,
    folder: Path,
    job: Job[Any],
) -> Image:
    buffers, settings, engines = shop.buffers, shop.settings, shop.engines
    return make_frames(
        variant, choice, speech, actor, output, buffers, settings, engines, folder, job
    )
