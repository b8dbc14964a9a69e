"""The faces for benchmarks, set up alike: one size, one rate, a real photo."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar_app.avatars.creation import make_avatar
from avatar_app.avatars.library import AvatarLibrary
from avatar_app.bench.wav2lip import random_state
from avatar_app.core.errors import ConfigInvalid, InputInvalid, choose_one_of
from avatar_app.core.jobs import Job
from avatar_app.core.manifest import Kind
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import EngineChoice, Settings
from avatar_app.system import paths as folders
from avatar_app.system.paths import AppPaths

State = Mapping[str, NDArray[np.float32]]
FPS, WIDTH, HEIGHT = 25, 1280, 720


class BenchFace(StrEnum):
    """Face engines."""

    ILLUSTRATED = "illustrated"
    PHOTO = "photo"
    WAV2LIP = "wav2lip"
    LIVE_PORTRAIT = "live_portrait"
    MUSETALK = "musetalk"


def face_by_name(name: str) -> BenchFace:
    """Return the face of that name; raises ConfigInvalid for an unknown one."""
    if name not in list(BenchFace):
        raise ConfigInvalid(f"Unknown face {name!r}.", choose_one_of(BenchFace))
    return BenchFace(name)


def with_face(
    settings: Settings, paths: AppPaths, face: BenchFace, state: State | None = None
) -> Settings:
    """Return the settings with `face` at 720p and 25 Hz; its other options stay as chosen.

    The photo comes from the checkout; Wav2Lip gets the weights `state`, else random ones. Those of
    LivePortrait and MuseTalk are the user's (`--set face.options.model=FOLDER`).
    """
    options: dict[str, Any] = {"fps": FPS, "width": WIDTH, "height": HEIGHT}
    if face is not BenchFace.ILLUSTRATED:
        options["avatar"] = str(bench_avatar(paths))
    if face is BenchFace.WAV2LIP:
        weights = random_state() if state is None else state
        options["model"] = str(write_weights(paths.models / "bench.safetensors", weights))
    known = {option.name for option in Registry().find(Kind.FACE, face).options}
    chosen = {name: value for name, value in settings.face.options.items() if name in known}
    choice = EngineChoice(engine=face, options=options | chosen)
    return settings.model_copy(update={"face": choice})


def write_weights(path: Path, state: State) -> Path:
    """Write a checkpoint in the format of https://github.com/huggingface/safetensors#format."""
    header, offset = {}, 0
    for key, values in state.items():
        ends = [offset, offset + values.nbytes]
        header[key] = {"dtype": "F32", "shape": values.shape, "data_offsets": ends}
        offset = ends[1]
    head = json.dumps(header).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(head)) + head)
        for values in state.values():
            file.write(np.ascontiguousarray(values, np.float32).tobytes())
    return path


def bench_avatar(paths: AppPaths) -> Path:
    """Return the folder of an avatar of the photo in the checkout; raises InputInvalid."""
    photo = folders.shipped("tests") / "data/faces/astronaut.png"
    if not photo.is_file():
        raise InputInvalid(
            "The photo for this bench is missing.", "It is in the program's source, under tests."
        )
    library, name = AvatarLibrary.of(paths), "bench"
    if name not in library.names():
        Job("avatar", lambda job: make_avatar(photo, name, job, library)).run()
    return library.folder(name)
