"""Coughs and other short noises over the avatar: it must continue without losing a word."""

from __future__ import annotations

import numpy as np

from avatar_app.bench.alignment import (
    ALIKE,
    RATE,
    Spoken,
    join_speech,
    position_of,
    resample_playback,
)
from avatar_app.bench.noises import noise_number
from avatar_app.bench.result import Report
from avatar_app.bench.scene import Scene
from avatar_app.bench.telling import played_between, telling
from avatar_app.core.events import Outcome, UserSaid, UserStarted
from avatar_app.core.values import Samples
from avatar_app.pipeline import commands
from avatar_app.settings.schema import Settings

SHORT_STORY = (
    "The old lighthouse keeper counted every ship that passed, and wrote their names into a book."
)
COUGH_AT = (0.4, 3.0)
"""Seconds into the answer."""
SHORTEST_WORD = 0.12
"""Seconds; a shorter word is searched with its neighbors."""


def measure_coughs(report: Report, settings: Settings, count: int) -> None:
    """Play one noise per answer."""
    rng = np.random.default_rng(31)
    resumed, paused = 0, 0
    with telling(settings, SHORT_STORY) as (scene, voice):
        for index in range(count):
            begun_at = scene.clock()
            started = len(scene.of(UserStarted))
            turn_id = _cough_over_answer(scene, index, rng)
            paused += len(scene.of(UserStarted)) > started
            turn = next((turn for turn in scene.ended if turn.turn_id == turn_id), None)
            played = resample_playback(played_between(scene, begun_at, scene.clock()))
            complete = turn is not None and turn.outcome is Outcome.FINISHED
            lost = _words_lost(join_speech(voice.said[turn_id]), played)
            resumed += complete and not lost
    report.add("noises", count, "", least=count)
    report.add("noises_that_paused_it", 100 * paused / count, "%")
    report.add("resumed_after_noise", 100 * resumed / count, "%", least=100)


def _cough_over_answer(scene: Scene, index: int, rng: np.random.Generator) -> int:
    """Return the number of the turn with the noise."""
    scene.conversation.send(commands.TextTyped("tell me a story"))
    scene.pass_until(scene.speaking, 8.0)
    turn_id = int(scene.of(UserSaid)[-1].turn_id)
    scene.pass_time(float(rng.uniform(*COUGH_AT)))
    _, noise = noise_number(index, rng)
    scene.play(noise)
    scene.pass_until(lambda: any(turn.turn_id == turn_id for turn in scene.ended), 15.0)
    scene.pass_time(0.3)
    scene.conversation.send(commands.Interrupt())
    scene.pass_time(0.2)
    return turn_id


def _words_lost(speech: Spoken, played: Samples) -> list[str]:
    """Return the words of the speech that were not played."""
    lost = []
    for word in speech.words:
        middle, half = (word.start + word.end) / 2, max(word.end - word.start, SHORTEST_WORD) / 2
        start, end = max(0.0, middle - half), middle + half
        piece = speech.samples[round(start * RATE) : round(end * RATE)]
        if len(piece) and np.abs(piece).max() > 0.01 and position_of(piece, played)[1] < ALIKE:
            lost.append(word.text)
    return lost
