"""How long the user waits for an answer of the engines in the settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from avatar_app.bench.result import Report
from avatar_app.bench.scene import OUTPUT_LATENCY
from avatar_app.core.events import Noticed, TurnEnded
from avatar_app.core.values import MICROPHONE_BLOCK, MICROPHONE_RATE, Samples
from avatar_app.pipeline import commands
from avatar_app.session.offline.conversation import OfflineConversation, offline_conversation
from avatar_app.session.offline.simulated_user import (
    PHRASES,
    ROOM_DB,
    Saying,
    UserVoice,
    recordings,
    room_noise,
    trimmed,
)
from avatar_app.settings.schema import Settings
from avatar_app.system.paths import AppPaths

MARKS = ("end_of_turn", "text", "first_token", "first_sound", "first_frame")
SOUND_P50, SOUND_P95 = 800.0, 1200.0
PATIENCE = 4.0
"""Seconds without a word of the avatar after which the user is taken for unheard."""
LISTENED = 0.4
"""Seconds of each answer that the user hears before the bench goes on."""


def _unwatched(_conversation: OfflineConversation) -> None:
    """Nothing else is measured."""


def measure_wait(
    report: Report,
    settings: Settings,
    places: AppPaths,
    *,
    quick: bool,
    sound: tuple[float, float] = (SOUND_P50, SOUND_P95),
    watch: Callable[[OfflineConversation], None] = _unwatched,
) -> None:
    """From the true end of the user's voice to each mark of the answer.

    `sound`: the targets of the first sound, p50 and p95 in milliseconds; `watch` is called at the
    end of each conversation, while its engines are loaded.
    """
    answered: list[dict[str, float]] = []
    said = 0
    for sayings in _speakers(quick=quick):
        with offline_conversation(
            settings, places, _unnoticed, output_latency=OUTPUT_LATENCY
        ) as gathering:
            asker = _Asker(gathering)
            for saying in sayings:
                said += 1
                answered += asker.ask(saying)
            watch(gathering)
    for mark in MARKS:
        values = [each[mark] for each in answered if mark in each]
        bounds = sound if mark == "first_sound" else (None, None)
        report.add_percentiles(mark, values, "ms", p50=bounds[0], p95=bounds[1])
    report.add("answered", 100 * len(answered) / said, "%", least=90)


def _speakers(*, quick: bool) -> Iterable[list[Saying]]:
    """Each speaker's sayings: the pauses of one must not make the avatar patient with another."""
    with UserVoice() as voice:
        spoken = [voice.say(text) for text in PHRASES[: 4 if quick else None]]
    yield spoken
    yield from ([recording] for recording in recordings()[: 1 if quick else None])


class _Asker:
    """Says one thing after the other, in a room that hisses a little."""

    def __init__(self, gathering: OfflineConversation) -> None:
        self._gathering = gathering
        self._rng = np.random.default_rng(3)
        self._hiss = room_noise(30.0, self._rng, ROOM_DB)
        self._pass(0.6)

    def ask(self, saying: Saying) -> list[dict[str, float]]:
        """Milliseconds from the true end of the voice to each mark; nothing if unanswered."""
        gathering = self._gathering
        samples = trimmed(saying.samples)
        before = len(gathering.ended)
        true_end = gathering.clock() + len(samples) / MICROPHONE_RATE
        for start in range(0, len(samples), MICROPHONE_BLOCK):
            block = samples[start : start + MICROPHONE_BLOCK]
            self._step(np.pad(block, (0, MICROPHONE_BLOCK - len(block))))
        self._hear_answer()
        turns = [turn for turn in gathering.ended[before:] if _follows(turn, true_end)]
        return [
            {name: (at - true_end) * 1000 for name, at in turn.marks.items() if name in MARKS}
            for turn in turns[-1:]
        ]

    def _hear_answer(self) -> None:
        """Until the avatar has begun to answer; then stop it, to save time."""
        gathering = self._gathering
        quiet = 0.0
        while quiet < PATIENCE and gathering.conversation.state != "speaking":
            self._step()
            quiet += 0.01
        self._pass(LISTENED)
        gathering.conversation.order(commands.Interrupt())
        self._pass(0.5)

    def _pass(self, seconds: float) -> None:
        for _ in range(round(seconds * 100)):
            self._step()

    def _step(self, samples: Samples | None = None) -> None:
        hiss = self._hiss[:MICROPHONE_BLOCK]
        self._hiss = np.roll(self._hiss, -MICROPHONE_BLOCK)
        self._gathering.room.step(hiss if samples is None else (samples + hiss))


def _follows(turn: TurnEnded, true_end: float) -> bool:
    """Did this turn end after the user had really ended, and was it answered aloud?"""
    return turn.marks.get("end_of_turn", 0.0) >= true_end - 0.05 and "first_sound" in turn.marks


def _unnoticed(_notice: Noticed) -> None:
    """A bench measures what there is."""
