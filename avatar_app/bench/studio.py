"""Studio: what does the pipeline add to its engines, do two workers make clips twice as fast, and
is a clip lost when workers are killed?"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import psutil

from avatar_app.bench.progress import show_steps
from avatar_app.bench.result import Report
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn
from avatar_app.media.clip_writer import ClipContent, write_clip
from avatar_app.render.rendering import frames_of
from avatar_app.settings.schema import EngineChoice, Settings
from avatar_app.storage.clip_queue import ClipQueue, ClipState
from avatar_app.studio.export_step import encoding_for
from avatar_app.studio.frames_step import frame_count
from avatar_app.studio.pipeline import Pipeline
from avatar_app.studio.recipe import ClipRecipe, parse_recipe
from avatar_app.studio.speech_step import voice_choice
from avatar_app.studio.workers import ClipWorkers
from avatar_app.system.paths import AppPaths

SAID = (
    "The face in the picture says what somebody wrote, and its lips follow every word of it, "
    "until the sentence is over and the mouth closes again."
)
ROUNDS, QUICK_ROUNDS = 7, 3
CLIPS, QUICK_CLIPS = 100, 8
KILLS, QUICK_KILLS = 10, 2
_SEED = 7
_KILL_AFTER = (0.5, 4.0)
"""Seconds between two kills."""
_LONGEST = 3600.0
"""Seconds that all clips may take."""


def measure(settings: Settings, paths: AppPaths, *, quick: bool) -> Report:
    """Return the overhead between the quickest rounds, as other work on the machine only disturbs
    some. What two workers could reach is what two programs reach that share nothing but the
    processor: on a busy machine, or with few cores, that is less than twice as much."""
    report = Report()
    rounds = QUICK_ROUNDS if quick else ROUNDS
    _measure_overhead(settings, paths, rounds, report)
    clips, kills = (QUICK_CLIPS, QUICK_KILLS) if quick else (CLIPS, KILLS)
    one, two = (_work_through(settings, paths, clips, count) for count in (1, 2))
    report.add("clips_per_minute_1_worker", 60 * clips / one, "clips")
    report.add("clips_per_minute_2_workers", 60 * clips / two, "clips")
    apart = _work_apart(settings, paths, clips)
    report.add("clips_per_minute_apart", 60 * clips / apart, "clips")
    report.add("share_of_linear", one / two / 2, "")
    report.add("share_of_apart", apart / two, "", least=0.9)
    lost = _lose(settings, paths, clips, kills)
    report.add("kills", kills, "workers")
    report.add("clips_lost", lost, "clips", most=0)
    return report


def clip(number: int, *, short: bool = False) -> ClipRecipe:
    """Return the recipe of a clip that was not made before."""
    return parse_recipe(
        {
            "name": f"clip {number}",
            "audio": {"script": f"Clip {number}." if short else SAID, "seed": number},
            "visual": {"avatar": "mira"},
            "output": {"width": 256, "height": 256, "fps": 12} if short else {},
            "deadline": None,
        }
    )


def _measure_overhead(settings: Settings, paths: AppPaths, rounds: int, report: Report) -> None:
    bare: list[tuple[float, float]] = []
    whole: list[tuple[float, float]] = []
    with Pipeline(settings, paths) as pipeline:
        _engines_alone(pipeline, clip(0), paths.data / "warm.mp4")
        pipeline.make(clip(0), output=paths.data / "warm.mp4")
        for number in show_steps("studio, round", range(1, rounds + 1)):
            recipe = clip(number)
            bare.append(_timed(partial(_engines_alone, pipeline, recipe, paths.data / "a.mp4")))
            whole.append(_timed(partial(pipeline.make, recipe, output=paths.data / "b.mp4")))
    alone, together = (min(wall for wall, _ in each) for each in (bare, whole))
    report.add("engines", alone, "s")
    report.add("pipeline", together, "s")
    report.add("overhead", 100 * (together / alone - 1), "%", most=5)
    used = [median(processor for _, processor in each) for each in (whole, bare)]
    report.add("overhead_processor", 100 * (used[0] / used[1] - 1), "%")


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds that something takes, and the processor time of this process and those of
    its engines, which other programs on the machine hardly change."""
    begun, used = time.perf_counter(), _processor_time()
    work()
    return time.perf_counter() - begun, _processor_time() - used


def _processor_time() -> float:
    own = psutil.Process()
    times = [each.cpu_times() for each in (own, *own.children(recursive=True))]
    return sum(each.user + each.system for each in times)


def _engines_alone(pipeline: Pipeline, recipe: ClipRecipe, path: Path) -> None:
    """Do what the engines and the encoder do for a clip, and nothing else."""
    shop, output = pipeline.workshop, recipe.output
    choice = voice_choice(recipe.audio, shop.settings.tts, shop.engines)
    with shop.engines.use(Kind.TTS, choice) as voice:
        chunks = list(voice.speak(recipe.audio.script, Turn(1)))
    sound = np.concatenate([chunk.audio.samples for chunk in chunks])
    rate = chunks[0].audio.rate
    count = frame_count(len(sound) / rate, output.fps)
    options = {"character": "mira", "width": output.width, "height": output.height}
    face_choice = EngineChoice(engine="illustrated", options=options | {"fps": output.fps})
    frames = shop.buffers.frames(count, output.width, output.height)
    with shop.engines.use(Kind.FACE, face_choice) as face:
        for index, frame in enumerate(frames_of(face, iter(chunks), Turn(1), count)):
            frames[index] = frame.image
    content = ClipContent(frames, output.fps, sound, rate)
    write_clip(content, path, encoding_for(output), lambda _share: None)


def _fill(queue: ClipQueue, paths: AppPaths, clips: int, first: int) -> None:
    for number in range(first, first + clips):
        recipe = clip(number, short=True)
        queue.add(recipe.name, recipe.document(), paths.data / "clips" / f"{number}.mp4")


def _work_through(settings: Settings, paths: AppPaths, clips: int, workers: int) -> float:
    """Return the seconds that so many workers take for so many clips, their start included."""
    queue = ClipQueue.of(paths, time.time)
    _fill(queue, paths, clips, first=1000 * workers)
    queue.close()
    begun = time.perf_counter()
    with ClipWorkers(settings, paths, workers) as working:
        working.wait(_LONGEST)
    return time.perf_counter() - begun


def _work_apart(settings: Settings, paths: AppPaths, clips: int) -> float:
    """Return the seconds that two workers need who have nothing in common, half of the clips
    each."""
    begun = time.perf_counter()
    with ExitStack() as opened:
        working = []
        for number in range(2):
            own = paths.data / f"apart{number}"
            alone = replace(paths, data=own, cache=own / "cache")
            queue = ClipQueue.of(alone, time.time)
            _fill(queue, alone, clips // 2, first=5000 + 1000 * number)
            queue.close()
            working.append(opened.enter_context(ClipWorkers(settings, alone, 1)))
        for each in working:
            each.wait(_LONGEST)
    return time.perf_counter() - begun


def _lose(settings: Settings, paths: AppPaths, clips: int, kills: int) -> int:
    """Kill workers at random while they make clips; return how many clips are missing."""
    queue = ClipQueue.of(paths, time.time)
    first, chance = 9000, random.Random(_SEED)
    _fill(queue, paths, clips, first)
    with ClipWorkers(settings, paths, 2) as working:
        for _ in range(kills):
            working.wait(chance.uniform(*_KILL_AFTER))
            if pids := working.pids:
                os.kill(chance.choice(pids), signal.SIGKILL)
        working.wait(_LONGEST)
    done = {clip.output for clip in queue.clips((ClipState.DONE,))}
    queue.close()
    wanted = [paths.data / "clips" / f"{number}.mp4" for number in range(first, first + clips)]
    return sum(not (path in done and path.exists()) for path in wanted)
