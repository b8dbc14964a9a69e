"""The student: how close it comes to its teacher, how fast it is, and when its lips move.

Two teachers: Wav2Lip with random weights, whose lips are a function of all that is heard (the hard
case: nothing in it is smooth), and Wav2Lip with hand-made weights that open the mouth by the
loudness, whose time is known; and for the whole head one that draws it, whose every motion is
known. With `--quick` the courses are short, and teach less.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.avatars.teaching.apart import Taught, teach_avatar
from avatar_app.avatars.teaching.course import Course
from avatar_app.avatars.teaching.head_course import HeadCourse
from avatar_app.bench.faces import bench_avatar, write_weights
from avatar_app.bench.loud_lips import loud_lips
from avatar_app.bench.plain_torch import TORCH, plain_torch
from avatar_app.bench.progress import show_steps
from avatar_app.bench.result import Report
from avatar_app.bench.wav2lip import random_state
from avatar_app.bench.whole_head import QUICK as QUICK_HEAD
from avatar_app.bench.whole_head import perform_whole_head, teach_drawn_head
from avatar_app.core.jobs import Job
from avatar_app.core.turn import Turn
from avatar_app.core.values import AudioChunk, SpeechChunk, VideoFrame
from avatar_app.engines.face.lips.mel import RATE, Floats, mel_spectrogram
from avatar_app.engines.face.lips.views import views_of
from avatar_app.engines.face.portrait.avatar import STUDENT, load_avatar
from avatar_app.engines.face.student.engine import StudentFace
from avatar_app.engines.face.student.stage import StudentStage
from avatar_app.engines.face.student.weights import read_student
from avatar_app.settings.schema import Settings
from avatar_app.system.paths import AppPaths

PSNR_DB, GFLOP, SHARE, DELAY_MS, FASTER, MINUTES = 38.0, 0.15, 15.0, 45.0, 30.0, 20.0
SIZE = (1280, 720)
THREADS = 2
QUICK = Course(seconds=40, held_out=10, widths=(256,), components=64, looked_at=600, epochs=10)
FPS = 25.0
_SECONDS = 12.0
_REACH = 8
"""Pictures by which lips may be early or late to be measured."""


def measure(settings: Settings, paths: AppPaths, *, quick: bool) -> Report:
    """Teach two students, and measure them."""
    del settings  # it brings its own avatar and weights
    course = QUICK if quick else Course()
    report = Report()
    folder = bench_avatar(paths)
    teachers = {"random": random_state(), "loud": loud_lips()}
    for name, state in show_steps("student, teacher", list(teachers.items())):
        weights = write_weights(paths.models / f"{name}.safetensors", state)
        began = time.perf_counter()
        taught = _taught(folder, weights, course if name == "random" else _easier(course))
        report.add(f"{name}_minutes", (time.perf_counter() - began) / 60, "min", most=MINUTES)
        report.add(f"{name}_psnr", taught.psnr, "dB", least=None if quick else PSNR_DB)
        if name == "random":
            report.add("size", taught.flop / 1e9, "GFLOP/picture", most=GFLOP)
            _compare(report, folder, state)
    _perform(report, folder)
    head_course = QUICK_HEAD if quick else HeadCourse()
    teach_drawn_head(folder, head_course, report)
    perform_whole_head(folder, SIZE, _bursts(), report)
    return report


def _easier(course: Course) -> Course:
    """Return a course for a teacher that is easily understood."""
    return replace(course, seconds=course.seconds / 4, widths=(256,), components=16)


def _taught(folder: Path, weights: Path, course: Course) -> Taught:
    job: Job[Taught] = Job("Teaching", lambda job: teach_avatar(folder, weights, job, course))
    return job.run()


def _compare(report: Report, folder: Path, state: Mapping[str, Any]) -> None:
    """Compare the speed of the lips with plain PyTorch's Wav2Lip, in turns."""
    avatar = load_avatar(folder)
    stage = StudentStage(avatar, read_student(folder / STUDENT), (64, 64))
    mels = np.random.default_rng(2).uniform(-4, 2, (1, 80, 16)).astype(np.float32)
    views = views_of(avatar)
    plain = plain_torch(state, views.faces[0], views.region, THREADS)
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(40):
        ours += _times(stage.paint, mels, 20)
        theirs += _times(plain, mels, 1) if plain is not None else []
    report.add_percentiles("lips", ours, "ms", p50=None, p95=None)
    ratio = float(np.median(theirs) / np.median(ours)) if theirs else None
    report.add_compared("per_torch", ratio, "times", other=TORCH, least=FASTER)


def _times(work: Callable[[Floats], object], mels: Floats, count: int) -> list[float]:
    found = []
    for _ in range(count):
        began = time.perf_counter()
        work(mels)
        found.append((time.perf_counter() - began) * 1000)
    return found


def _perform(report: Report, folder: Path) -> None:
    """Measure the work for whole pictures, and when the lips move, with the teacher whose time is
    known."""
    face = StudentFace(avatar=str(folder), width=SIZE[0], height=SIZE[1])
    sound = _bursts()
    spent = time.process_time()
    speech = iter([SpeechChunk(AudioChunk(sound, RATE))])
    darkness = {frame.at: _darkness(frame) for frame in face.perform(speech, Turn(1))}
    share = 100 * (time.process_time() - spent) / (len(darkness) / FPS)
    report.add("processor", share, "% of a core", most=SHARE)
    delay = _delay_ms(darkness, sound)
    report.add("lips_delay", delay, "ms", most=DELAY_MS)
    report.add("lips_early", -delay, "ms", most=DELAY_MS)
    face.close()


def _bursts() -> Floats:
    """Return noise that swells and fades at random."""
    rng = np.random.default_rng(8)
    knots = rng.uniform(0, 1, round(_SECONDS * 5)) ** 2
    envelope = np.interp(np.arange(round(_SECONDS * RATE)) / RATE * 5, np.arange(len(knots)), knots)
    return (rng.uniform(-1, 1, len(envelope)) * envelope * 0.8).astype(np.float32)


def _darkness(frame: VideoFrame) -> float:
    """Return how dark the painted mouth is; the pictures themselves are not kept."""
    patch = frame.pose.patch
    return 0.0 if patch is None else 255.0 - float(patch.mean())


def _delay_ms(darkness: Mapping[float, float], sound: Floats) -> float:
    """Return how much later than the loudness the mouth darkens, in ms, by correlation."""
    mel = mel_spectrogram(sound).mean(axis=0)
    loud = np.interp(list(darkness), np.arange(mel.size) * 0.0125, mel)
    mouth = np.array(list(darkness.values()))
    seen = mouth - mouth.mean()
    loud -= loud.mean()
    lags = list(range(-_REACH, _REACH + 1))
    inner = slice(_REACH, len(seen) - _REACH)
    fits = [float(np.dot(np.roll(seen, -lag)[inner], loud[inner])) for lag in lags]
    best = int(np.argmax(fits[1:-1])) + 1
    before, at, after = fits[best - 1 : best + 2]
    bend = before - 2 * at + after
    fine = 0.5 * (before - after) / bend if bend else 0.0
    return 1000 * (lags[best] + fine) / FPS
