"""A scene in which the avatar tells long stories with its real voice, for interruptions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from avatar_app.bench.scene import (
    OUTPUT_LATENCY,
    Scene,
    load_chosen,
    turn_detection_options,
)
from avatar_app.bench.scripted.engines import FlatFace, Overheard, ScriptedDialogue
from avatar_app.core.manifest import Kind
from avatar_app.core.values import Samples
from avatar_app.engines.hosting.host import Host
from avatar_app.pipeline.conversation import Engines
from avatar_app.session.offline.simulated_user import ROOM_DB
from avatar_app.settings.schema import Settings

STORY = (
    "Once upon a time there was a small town by the sea, where the houses were painted in many "
    "colors. Every morning the fishermen went out in their boats, and every evening they came "
    "home with silver fish and long stories. One of them had a daughter who could whistle like "
    "a bird, and the gulls followed her wherever she went. In winter the harbour froze over, "
    "and the children learned to skate between the sleeping ships."
)
"""Some 25 seconds."""


LOOKS_PER_SECOND = 62.5
"""How often a window requests a new frame."""


@contextmanager
def telling(
    settings: Settings,
    text: str = STORY,
    echo: Callable[[Samples], Samples] | None = None,
) -> Iterator[tuple[Scene, Overheard]]:
    """Return a scene with real recognizer and voice; the dialogue always answers `text`, the face
    is a flat one."""
    echo_canceller, detector = (
        load_chosen(settings, Kind.AEC),
        load_chosen(settings, Kind.VAD),
    )
    recognizer = load_chosen(settings, Kind.ASR)
    voice = load_chosen(settings, Kind.TTS)
    overheard = Overheard(voice)
    for engine in (recognizer, voice):
        if isinstance(engine, Host):
            engine.wait_ready()
    ending = load_chosen(settings, Kind.TURN)
    engines = Engines(
        echo_canceller,
        detector,
        recognizer,
        ScriptedDialogue(text),
        overheard,
        FlatFace(),
        turn=ending,
    )
    scene = Scene(
        engines,
        turn_detection_options(settings),
        output_latency=OUTPUT_LATENCY,
        fps=LOOKS_PER_SECOND,
        echo=echo,
    )
    scene.noise = float(10 ** (ROOM_DB / 20))
    with scene.owned(echo_canceller, detector, recognizer, voice, ending):
        scene.pass_time(0.6)
        yield scene, overheard


def played_between(scene: Scene, start: float, end: float) -> Samples:
    """Return what was played between two seconds of the simulated clock."""
    blocks = [m.played for m in scene.moments[round(start * 100) : round(end * 100)]]
    return np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
