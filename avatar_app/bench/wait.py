"""Wait: how long the user waits for an answer of the configured engines."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager

import numpy as np

from avatar_app.bench.result import Report
from avatar_app.bench.scene import OUTPUT_LATENCY
from avatar_app.core.events import Event, Noticed, TurnEnded, WordsPlayed
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
    trim_silence,
)
from avatar_app.settings.schema import Settings
from avatar_app.system.paths import AppPaths

MARKS = (
    "end_of_turn",
    "text",
    "first_token",
    "first_clause",
    "first_speech",
    "first_sound",
    "first_frame",
)
SOUND_P50, SOUND_P95 = 800.0, 1200.0
PATIENCE = 4.0
LISTENED = 0.4
"""Seconds of each answer that are played before the bench goes on."""


def _unwatched(_conversation: OfflineConversation) -> None:
    """Do nothing."""


def measure_wait(
    report: Report,
    settings: Settings,
    paths: AppPaths,
    *,
    quick: bool,
    sound: tuple[float | None, float | None] = (SOUND_P50, SOUND_P95),
    speakers: Iterable[list[Saying]] | None = None,
    name: str = "",
    watch: Callable[[OfflineConversation], None] = _unwatched,
) -> None:
    """Measure from the true end of the user's voice to each mark of the answer.

    `sound`: the targets of the first sound, p50 and p95 in milliseconds; `name`: what the figures'
    names begin with; `watch` is called at the end of each conversation, while its engines are
    loaded.
    """
    asked = ask_all(settings, paths, quick=quick, speakers=speakers, watch=watch)
    answered = [marks for marks in asked if marks]
    for mark in MARKS:
        values = [each[mark] for each in answered if mark in each]
        bounds = sound if mark == "first_sound" else (None, None)
        report.add_percentiles(name + mark, values, "ms", p50=bounds[0], p95=bounds[1])
    report.add(f"{name}answered", 100 * len(answered) / len(asked), "%", least=90)


def ask_all(
    settings: Settings,
    paths: AppPaths,
    *,
    quick: bool,
    speakers: Iterable[list[Saying]] | None = None,
    watch: Callable[[OfflineConversation], None] = _unwatched,
    patience: float = PATIENCE,
) -> list[dict[str, float]]:
    """Each saying's milliseconds from the true end of the voice to each mark; {} if unanswered.
    `patience`: see Asker."""
    asked: list[dict[str, float]] = []
    for sayings in speakers or _speakers(quick=quick):
        with asked_conversation(settings, paths) as offline:
            asker = Asker(offline, patience)
            asked += [asker.ask(saying) for saying in sayings]
            watch(offline)
    return asked


def asked_conversation(
    settings: Settings, paths: AppPaths
) -> AbstractContextManager[OfflineConversation]:
    """A conversation in which the loudspeaker is as late as a laptop's."""
    return offline_conversation(settings, paths, _unnoticed, output_latency=OUTPUT_LATENCY)


def _speakers(*, quick: bool) -> Iterable[list[Saying]]:
    """Return each speaker's phrases: the pauses of one must not make the avatar patient with
    another."""
    with UserVoice() as voice:
        spoken = [voice.say(text) for text in PHRASES[: 4 if quick else None]]
    yield spoken
    yield from ([recording] for recording in recordings()[: 1 if quick else None])


class Asker:
    """Says one phrase after the other, in a room with a little noise."""

    def __init__(
        self,
        offline: OfflineConversation,
        patience: float = PATIENCE,
        listened: Callable[[], float] = lambda: LISTENED,
    ) -> None:
        """`patience`: seconds without a word of the avatar after which the user is taken for
        unheard; `listened` says for how many seconds the user hears an answer."""
        self._offline, self._patience, self._listened = offline, patience, listened
        self._rng = np.random.default_rng(3)
        self._hiss, self._at = room_noise(30.0, self._rng, ROOM_DB), 0
        self._pass(0.6)

    def ask(self, saying: Saying) -> dict[str, float]:
        """Milliseconds from the true end of the voice to each mark; {} if unanswered."""
        offline = self._offline
        samples = trim_silence(saying.samples)
        before = len(offline.ended)
        true_end = offline.clock() + len(samples) / MICROPHONE_RATE
        for start in range(0, len(samples), MICROPHONE_BLOCK):
            block = samples[start : start + MICROPHONE_BLOCK]
            self._step(np.pad(block, (0, MICROPHONE_BLOCK - len(block))))
        self._hear_answer()
        turns = [turn for turn in offline.ended[before:] if _follows(turn, true_end)]
        marks = turns[-1].marks if turns else {}
        return {name: (at - true_end) * 1000 for name, at in marks.items() if name in MARKS}

    def _hear_answer(self) -> None:
        """Run until the avatar has begun to answer; then stop it, to save time."""
        offline, begun = self._offline, len(self._offline.events)
        quiet = 0.0
        while quiet < self._patience and not _is_answered(offline.events[begun:]):
            self._step()
            quiet += 0.01
        self._pass(self._listened())
        offline.conversation.send(commands.Interrupt())
        self._pass(0.5)

    def _pass(self, seconds: float) -> None:
        for _ in range(round(seconds * 100)):
            self._step()

    def _step(self, samples: Samples | None = None) -> None:
        start = self._at % (len(self._hiss) - MICROPHONE_BLOCK)
        hiss = self._hiss[start : start + MICROPHONE_BLOCK]
        self._at += MICROPHONE_BLOCK
        self._offline.devices.step(hiss if samples is None else (samples + hiss))


def _follows(turn: TurnEnded, true_end: float) -> bool:
    """Whether the answer to this turn was heard after the user had really ended. Its end may have
    been heard before: a voice that fades has ended for a listener, and what is said before the
    first sound still belongs to the turn."""
    return turn.marks.get("first_sound", 0.0) >= true_end - 0.05


def _is_answered(events: Iterable[tuple[float, Event]]) -> bool:
    """Whether a word of an answer was heard; what fills the wait for one is none."""
    return any(isinstance(event, WordsPlayed) for _, event in events)


def _unnoticed(_notice: Noticed) -> None:
    """Ignore notices."""
