"""Renderers: engines that draw a clip's frames from JSON, checked before and after they run, and
held to the promises of their manifests."""

from __future__ import annotations

import time
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.core.errors import ConfigInvalid, EngineFailed
from avatar_app.core.jobs import Job
from avatar_app.core.manifest import Kind, Manifest
from avatar_app.settings.schema import EngineChoice
from avatar_app.studio.frame_file import FrameFile
from avatar_app.studio.frames_step import AUTO, frame_count
from avatar_app.studio.recipe import OutputTrack, VisualTrack
from avatar_app.studio.slot import Workshop
from avatar_app.studio.speech_step import StoredSpeech


def renderer_inputs(
    manifest: Manifest,
    given: Mapping[str, Any],
    speech: StoredSpeech,
    output: OutputTrack,
    count: int,
) -> dict[str, Any]:
    """Return what a renderer is given: what its schema asks of the clip, and the recipe's own
    entries. Raises ConfigInvalid where that is not what the schema says."""
    known: dict[str, Any] = {
        "width": output.width,
        "height": output.height,
        "fps": output.fps,
        "frames": count,
        "seconds": speech.seconds,
        "loudness": loudness(speech, count, output.fps),
        "text": " ".join(chunk.text for chunk in speech.chunks if chunk.text),
    }
    wanted = manifest.input.get("properties", {})
    inputs = {name: value for name, value in known.items() if name in wanted} | dict(given)
    check_schema(manifest, "input", manifest.input, inputs)
    return inputs


def loudness(speech: StoredSpeech, count: int, fps: float) -> list[float]:
    """Return how loud each frame's sound is, in [0, 1], relative to the loudest."""
    edges = np.rint(np.arange(count + 1) / fps * speech.rate).astype(int)
    levels = [
        float(np.sqrt(np.mean(np.square(part)))) if len(part) else 0.0
        for part in (speech.samples[a:b] for a, b in pairwise(edges))
    ]
    most = max(levels) or 1.0
    return [level / most for level in levels]


def check_schema(manifest: Manifest, what: str, schema: Mapping[str, Any], value: Any) -> None:
    """Raise ConfigInvalid where a value is not what the manifest's JSON Schema says."""
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

    for error in Draft202012Validator(dict(schema)).iter_errors(value):
        place = ".".join(str(part) for part in error.absolute_path) or what
        raise ConfigInvalid(
            f"The {what} of {manifest.title} is wrong at {place}: {error.message[:200]}.",
            "Correct `visual.inputs`, or the renderer.",
        )


class RenderedFrames:
    """One clip's frames by a renderer."""

    def __init__(
        self, track: VisualTrack, speech: StoredSpeech, output: OutputTrack, shop: Workshop
    ) -> None:
        """Raises ConfigInvalid where the renderer is unknown, or its inputs are wrong."""
        usual = shop.settings.studio.renderer
        self._shop, self._output = shop, output
        same = track.renderer in (AUTO, usual.engine)
        self._choice = usual if same else EngineChoice(engine=track.renderer)
        self._manifest = shop.engines.manifest(Kind.RENDERER, self._choice.engine)
        self.count = frame_count(speech.seconds, output.fps)
        self._inputs = renderer_inputs(self._manifest, track.inputs, speech, output, self.count)

    @property
    def key(self) -> dict[str, Any]:
        """What the frames depend on, besides the speech."""
        return {"renderer": self._choice.model_dump(), "inputs": self._inputs}

    def draw(self, folder: Path, job: Job[Any]) -> list[str]:
        """Let the renderer draw into `folder`; returns which promises it broke. Raises EngineFailed
        where it draws something else, or stops before the end."""
        title, fps, output = self._manifest.title, self._output.fps, self._output
        room = self._shop.buffers.frames(self.count, output.width, output.height)
        drawn, first, begun = 0, 0.0, time.monotonic()
        engines = self._shop.engines
        with (
            engines.use(Kind.RENDERER, self._choice) as engine,
            FrameFile(folder, room, fps) as file,
        ):
            begun = time.monotonic()
            for frame in engine.render(self._inputs, job):
                first = first or time.monotonic() - begun
                image = np.asarray(frame.image)
                if drawn == len(room) or image.shape != room.shape[1:] or image.dtype != np.uint8:
                    raise EngineFailed(
                        f"{title} drew something else than was asked for.",
                        "Choose another renderer.",
                    )
                room[drawn] = image
                file.add(drawn)
                drawn += 1
        if drawn < len(room):
            raise EngineFailed(
                f"{title} drew {drawn} of {len(room)} frames.", "Choose another renderer."
            )
        facts = {"frames": drawn, "width": output.width, "height": output.height, "fps": fps}
        check_schema(self._manifest, "output", self._manifest.output, facts)
        return _broken(self._manifest, first, (time.monotonic() - begun) / (drawn / fps))


def _broken(manifest: Manifest, first: float, factor: float) -> list[str]:
    promises, broken = manifest.promises, []
    if promises.first_output_ms is not None and 1000 * first > promises.first_output_ms:
        broken.append(
            f"{manifest.title} promised its first picture after {promises.first_output_ms:.0f} ms "
            f"and needed {1000 * first:.0f}."
        )
    if promises.realtime_factor is not None and factor > promises.realtime_factor:
        broken.append(
            f"{manifest.title} promised {promises.realtime_factor:g} s for a second of pictures "
            f"and needed {factor:.1f}."
        )
    return broken
