"""Two ways to render five seconds of speech with Wav2Lip: this program's, and a plain loop."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from avatar_app.avatars.creation import make_avatar
from avatar_app.avatars.library import AvatarLibrary
from avatar_app.bench.plain_torch import plain_torch
from avatar_app.bench.wav2lip import SHOWN, THREADS, random_state
from avatar_app.core.jobs import Job
from avatar_app.core.values import PLAYBACK_RATE, Image
from avatar_app.engines.face.lips.mel import COLUMNS_PER_SECOND, WINDOW_COLUMNS, mel_spectrogram
from avatar_app.engines.face.lips.region import SIDE
from avatar_app.engines.face.portrait.avatar import Avatar
from avatar_app.engines.face.portrait.framing import framed
from avatar_app.media.sound_reader import read_sound
from avatar_app.media.video_writer import VideoWriter
from avatar_app.render.rendering import PRESET
from avatar_app.render.talking_head import Wav2LipTalkingHead
from avatar_app.system import paths as folders

OURS, LOOP = "ours", "loop"
MODEL, VOICE, FILM = "wav2lip.safetensors", "voice.wav", "film.mp4"
READY = "ready"
"""A marker file: everything is loaded."""
FPS, SIZE = 25.0, (1280, 720)
BATCH = 128
"""As in the published inference."""
PHOTO = Path("tests") / "data" / "faces" / "astronaut.png"


def main(way: str) -> None:
    """Render the film in the user's data folder and print its seconds."""
    cv2.setNumThreads(1)
    make = _prepared_loop() if way == LOOP else _prepared()
    (folders.app_paths().data / READY).touch()
    began = time.perf_counter()
    make()
    sys.stdout.write(json.dumps({"seconds": time.perf_counter() - began}) + "\n")


def _prepared() -> Callable[[], object]:
    data = folders.app_paths().data
    head = Wav2LipTalkingHead(_photo(), "cpu")
    head.preprocess_avatar()
    return lambda: head.generate(data / VOICE, data / FILM, FPS)


def _prepared_loop() -> Callable[[], object]:
    """Prepare a loop that does everything step after step: all windows, all pictures, then the
    film."""
    data = folders.app_paths().data
    library = AvatarLibrary(data / "loop")
    name = f"bench-{time.monotonic_ns()}"
    avatar = Job[Avatar]("", lambda job: make_avatar(_photo(), name, job, library)).run()
    x0, y0, x1, y1 = avatar.face_box
    face = np.asarray(cv2.resize(avatar.portrait[y0:y1, x0:x1], (SIDE, SIDE)), np.uint8)
    paint = plain_torch(random_state(), face, SHOWN, THREADS)
    if paint is None:
        raise RuntimeError("torch is not installed")
    still = framed(avatar, *SIZE)
    scale, x, y = still.place
    box = np.array([x0 * scale + x, y0 * scale + y, x1 * scale + x, y1 * scale + y])

    def make() -> None:
        mel = mel_spectrogram(read_sound(data / VOICE).samples)
        sound = read_sound(data / VOICE, PLAYBACK_RATE).samples
        last = mel.shape[1] - WINDOW_COLUMNS
        begins = [
            min(int(index * COLUMNS_PER_SECOND / FPS), last)
            for index in range(int(np.ceil(len(sound) / PLAYBACK_RATE * FPS)))
        ]
        windows = np.stack([mel[:, begin : begin + WINDOW_COLUMNS] for begin in begins])
        pictures: list[Image] = []
        for begin in range(0, len(windows), BATCH):
            for patch in paint(windows[begin : begin + BATCH]):
                pictures.append(_pasted(still.picture, patch, box))
        with VideoWriter(data / FILM, FPS, PRESET) as movie:
            for picture in pictures:
                movie.add_picture(picture)
            movie.add_sound(sound)

    return make


def _pasted(picture: Image, patch: np.ndarray, box: np.ndarray) -> Image:
    """Return a copy with the painted part of the face in its place."""
    wide, tall = (box[2] - box[0]) / SIDE, (box[3] - box[1]) / SIDE
    x0, x1 = (round(box[0] + edge * wide) for edge in (SHOWN.left, SHOWN.right))
    y0, y1 = (round(box[1] + edge * tall) for edge in (SHOWN.top, SHOWN.bottom))
    large = cv2.resize(np.clip(patch * 255, 0, 255).astype(np.uint8), (x1 - x0, y1 - y0))
    whole = picture.copy()
    whole[y0:y1, x0:x1] = large
    return whole


def _photo() -> Path:
    return folders.shipped(str(PHOTO))
