"""Pauses: how many pauses in mid-sentence are taken for the end of the user's turn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from avatar_app.bench.result import Report
from avatar_app.bench.turn_listener import TurnListener
from avatar_app.core.engines import EndOfTurnDetector
from avatar_app.core.values import (
    MICROPHONE_RATE,
    Samples,
)
from avatar_app.session.offline.simulated_user import (
    PHRASES,
    Saying,
    UserVoice,
    in_room,
    pauses_in,
    recordings,
    silence,
    trim_silence,
)
from avatar_app.settings.schema import Settings

SHORTEST = 0.2
JOINED = (0.2, 0.6)
"""Seconds of pause between joined sentences."""
TARGET = 5.0
AFTER = 1.6
"""Seconds of silence after everything."""


@dataclass(frozen=True, slots=True, eq=False)
class _Speech:
    """A speaker's speech with its pauses."""

    samples: Samples
    pauses: list[tuple[float, float]]
    """Start and end in seconds."""


def measure_pauses(
    report: Report,
    settings: Settings,
    *,
    quick: bool,
    detector: EndOfTurnDetector | None = None,
    name: str = "",
) -> None:
    """Run each speaker through a turn detector that does not know the speaker yet."""
    rng = np.random.default_rng(11)
    speakers = _speakers(rng, quick=quick)
    cut, ends, lengths = 0, 0, []
    for speeches in speakers:
        listener = TurnListener(settings, detector)
        for speech in speeches:
            ended = listener.ends(in_room(speech.samples, rng))
            cut += sum(any(start <= at <= end for at in ended) for start, end in speech.pauses)
            ends += len(ended)
            lengths += [(end - start) * 1000 for start, end in speech.pauses]
        listener.close()
    share = 100 * cut / len(lengths) if lengths else None
    report.add(f"{name}pauses_taken_for_an_end", share, "%", most=TARGET)
    report.add(f"{name}pauses", len(lengths), "", least=10 if quick else 40)
    heard = sum(len(speeches) for speeches in speakers)
    report.add(f"{name}ends_heard", 100 * min((ends - cut) / heard, 1.0), "%", least=95)
    report.series[f"{name}pauses [ms]"] = lengths


def _speakers(rng: np.random.Generator, *, quick: bool) -> list[list[_Speech]]:
    """Return one speaker per recording, and one with joined sentences."""
    with UserVoice() as voice:
        spoken = [voice.say(text) for text in PHRASES]
    recorded = recordings()
    people = [[_recorded(recording)] for recording in recorded]
    joined = [_joined(spoken, rng) for _ in range(3 if quick else 9)]
    pieces = _pieces(recorded)
    if len(pieces) >= 4:
        people.append([_joined(pieces, rng) for _ in range(1 if quick else 5)])
    return [*people, joined]


def _recorded(recording: Saying) -> _Speech:
    voice = trim_silence(recording.samples)
    samples = np.concatenate([silence(0.4), voice, silence(AFTER)])
    found = [(start + 0.4, end + 0.4) for start, end in pauses_in(voice, SHORTEST)]
    return _Speech(samples, found)


def _pieces(recorded: list[Saying]) -> list[Saying]:
    """Return what real speakers said between two of their pauses."""
    pieces = []
    for recording in recorded:
        voice = trim_silence(recording.samples)
        edges = [0.0, *(t for pause in pauses_in(voice, SHORTEST) for t in pause)]
        edges.append(len(voice) / MICROPHONE_RATE)
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            part = voice[round(start * MICROPHONE_RATE) : round(end * MICROPHONE_RATE)]
            if end - start > 0.4:
                pieces.append(Saying(recording.name, part))
    return pieces


def _joined(sayings: list[Saying], rng: np.random.Generator) -> _Speech:
    """Return five sentences in one go, with 0.2 to 0.6 s of silence between them."""
    chosen = rng.choice(len(sayings), 5, replace=len(sayings) < 5)
    parts, pauses, at = [silence(0.4)], [], 0.4
    for number, index in enumerate(chosen):
        if number:
            pause = float(rng.uniform(*JOINED))
            parts.append(silence(pause))
            pauses.append((at, at + pause))
            at += pause
        voice = trim_silence(sayings[index].samples)
        parts.append(voice)
        at += len(voice) / MICROPHONE_RATE
    return _Speech(np.concatenate([*parts, silence(AFTER)]), pauses)
