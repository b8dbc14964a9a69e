"""Clips on a real Ray cluster: engines are actors with the resources of their manifests; an actor
killed in mid-clip costs one step; pictures come as on one machine."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from studio_parts import recipe

from avatar_app.core.errors import EngineDied, OutOfMemory
from avatar_app.core.jobs import Job, JobCancelled
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import AudioChunk, FaceState, SpeechChunk
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.ray.cluster import joined_cluster
from avatar_app.runtime.ray.hosted import create_engine_in_ray, resources_of
from avatar_app.runtime.registry import Registry
from avatar_app.settings.loading import load_settings
from avatar_app.storage.clip_queue import ClipQueue, ClipState
from avatar_app.storage.studio_schema import FILE
from avatar_app.studio.pipeline import Pipeline
from avatar_app.studio.ray_workers import RayClipWorkers
from avatar_app.system.paths import app_paths

pytestmark = pytest.mark.usefixtures("cluster", "loopback", "user_files_in_temporary_folder")
SIZE = {"width": 128, "height": 96}
PATIENCE = 500.0
CLIPS, KILLS = 6, 3


@pytest.fixture
def queue() -> Iterator[ClipQueue]:
    queue = ClipQueue.of(app_paths(), time.time)
    yield queue
    queue.close()


@pytest.fixture
def staying(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cluster serves all tests."""
    monkeypatch.setattr("avatar_app.studio.ray_workers.leave_cluster", lambda: None)


def engine_pids() -> list[int]:
    """The processes of the engines' actors, seen from the machine."""
    return [
        each.pid
        for each in psutil.process_iter(["cmdline"])
        if (each.info["cmdline"] or [""])[0].startswith("ray::HostActor")
    ]


def times_done(step: str) -> int:
    with sqlite3.connect(app_paths().data / FILE) as connection:
        (count,) = connection.execute(
            "SELECT COUNT(*) FROM steps WHERE step = ?", (step,)
        ).fetchone()
    connection.close()
    return int(count)


def test_a_face_in_an_actor_draws_what_it_draws_here() -> None:
    registry = Registry(user_paths=app_paths())
    manifest = registry.find(Kind.FACE, "illustrated")
    options = manifest.checked(SIZE)
    there, here = (
        make(registry, manifest, options) for make in (create_engine_in_ray, create_engine)
    )
    try:
        assert there.fps == here.fps
        frames = [face.rest(FaceState.IDLE) for face in (there, here)]
        assert np.array_equal(frames[0].image, frames[1].image)
        after = [
            face.rest(FaceState.IDLE, frame)
            for face, frame in zip((there, here), frames, strict=True)
        ]
        assert np.array_equal(after[0].image, after[1].image)
        there.configure(width=64, height=64)
        assert there.rest(FaceState.IDLE).image.shape == (64, 64, 3)
    finally:
        there.close()
        here.close()


def test_speech_streams_into_the_actor_and_pictures_out_of_it_until_they_are_not_wanted() -> None:
    registry = Registry(user_paths=app_paths())
    voice = registry.find(Kind.TTS, "espeak")
    speaker = create_engine_in_ray(registry, voice, voice.checked({}))
    manifest = registry.find(Kind.FACE, "illustrated")
    face = create_engine_in_ray(registry, manifest, manifest.checked(SIZE))
    turn = Turn(1)

    def spoken() -> Iterator[SpeechChunk]:
        yield from speaker.speak("One two three four five six seven eight.", turn)

    try:
        frames = face.perform(spoken(), turn)
        assert next(frames).image.shape == (96, 128, 3)
        turn.cancel()
        with pytest.raises(TurnCancelled):
            list(frames)
        assert face.rest(FaceState.IDLE).image.shape == (96, 128, 3)
    finally:
        speaker.close()
        face.close()


def test_an_actor_that_is_killed_in_its_work_is_said_and_another_one_is_started() -> None:
    registry = Registry(user_paths=app_paths())
    manifest = registry.find(Kind.FACE, "illustrated")
    face = create_engine_in_ray(registry, manifest, manifest.checked(SIZE))

    def endless() -> Iterator[SpeechChunk]:
        silence = np.zeros(2400, np.float32)
        for index in range(10_000):
            yield SpeechChunk(AudioChunk(silence, 24_000, index * len(silence)))

    try:
        frames = face.perform(endless(), Turn(1))
        next(frames)
        os.kill(face.pid, signal.SIGKILL)
        with pytest.raises(EngineDied):
            list(frames)
        assert face.rest(FaceState.IDLE).image.shape == (96, 128, 3)
    finally:
        face.close()


def test_resources_are_those_of_the_manifest() -> None:
    registry = Registry(user_paths=app_paths())
    manifest = registry.find(Kind.FACE, "live_portrait")
    assert resources_of(manifest)["memory"] == manifest.needs.ram_mb * 1_000_000
    cards = joined_cluster().cluster_resources().get("GPU", 0)
    assert ("num_gpus" in resources_of(manifest)) == bool(cards)
    huge = replace(manifest, needs=replace(manifest.needs, ram_mb=10_000_000))
    with pytest.raises(OutOfMemory, match=r"needs 10000\.0 GB of memory"):
        resources_of(huge)


def test_recipe_gives_the_same_frames_as_on_one_machine(tmp_path: Path) -> None:
    same = recipe("One two three.")
    made = []
    for name, create in {"there": create_engine_in_ray, "here": create_engine}.items():
        paths = replace(app_paths(), cache=tmp_path / name)
        with Pipeline(load_settings()[0], paths, create=create) as pipeline:
            result = pipeline.make(same, output=tmp_path / f"{name}.mp4")
            made.append(result.video_frames.copy())
    assert made[0].shape == made[1].shape
    assert np.abs(made[0].astype(int) - made[1]).mean() < 2  # espeak-ng's hiss is another one


def test_a_job_is_cancelled_while_an_actor_draws() -> None:
    with Pipeline(load_settings()[0], app_paths(), create=create_engine_in_ray) as pipeline:
        job = Job[Any]("", lambda _job: None)
        job.when_progressed(lambda now: now.text == "Drawing" and job.cancel())
        with pytest.raises(JobCancelled):
            pipeline.make(recipe("One two three four five. " * 5), "", None, job)


@pytest.mark.usefixtures("staying")
def test_actors_killed_at_random_cost_their_step_and_no_clip(
    queue: ClipQueue, tmp_path: Path
) -> None:
    for index in range(CLIPS):
        queue.add(f"clip{index}", recipe(f"Number {index}.").document(), tmp_path / f"{index}.mp4")
    chance = random.Random(5)
    with RayClipWorkers(load_settings()[0], app_paths(), 2) as working:
        for _ in range(KILLS):
            until = time.monotonic() + PATIENCE
            while not (pids := engine_pids()) and time.monotonic() < until:
                time.sleep(0.2)
            os.kill(chance.choice(pids), signal.SIGKILL)
            working.wait(chance.uniform(0.5, 3.0))
        assert working.wait(PATIENCE)
    assert {clip.state for clip in queue.clips()} == {ClipState.DONE}
    assert len(list(tmp_path.glob("*.mp4"))) == CLIPS
    assert times_done("sound") == CLIPS
    assert times_done("frames") == CLIPS
