"""Interruptions: how fast words stop the avatar, and whether it knows what was heard."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from avatar_app.bench.alignment import (
    ALIKE,
    RATE,
    Spoken,
    join_speech,
    position_of,
    resample_playback,
    words_until,
)
from avatar_app.bench.result import Report
from avatar_app.bench.scene import Scene
from avatar_app.bench.scripted.engines import Overheard, is_speaking
from avatar_app.bench.telling import played_between, telling
from avatar_app.core.events import TurnEnded, UserSaid
from avatar_app.core.values import BLOCK_SECONDS, PLAYBACK_RATE
from avatar_app.pipeline import commands
from avatar_app.session.offline.simulated_user import INTERRUPTIONS, Saying, UserVoice, trim_silence
from avatar_app.settings.schema import Settings

SILENCED_P95, PICTURE_P95 = 250.0, 40.0
AUDIBLE = 1e-4
"""Amplitude (-80 dBFS) from which a sample is audible."""
LOUD = 0.01
"""RMS of speech in mid-word."""
SOUNDING = (0.8, 5.0)
"""Seconds of an answer after which the user barges in."""
WITHIN, QUIET = 1.5, 0.3
"""Seconds after the first word within which the avatar falls silent, and for which it stays so."""
TAIL = 0.5
"""Seconds of played sound that are aligned with the speech."""


@dataclass(frozen=True, slots=True)
class _Interruption:
    """One round: when the user's first word began, and when the interrupted turn began to play."""

    turn_id: int
    sounded_at: float
    words_at: float
    understood: bool


def measure_interruptions(report: Report, settings: Settings, rounds: int) -> None:
    """Interrupt with random words at random times; each answer to an interruption is interrupted
    too."""
    rng = np.random.default_rng(21)
    with UserVoice() as user:
        sayings = [user.say(text) for text in INTERRUPTIONS]
    with telling(settings) as (scene, voice):
        scene.conversation.send(commands.TextTyped("tell me a story"))
        tried = [_interrupt(scene, sayings, rng) for _ in range(rounds)]
        scene.conversation.send(commands.Interrupt())
        scene.pass_time(0.5)
        made = [each for each in tried if each is not None]
        _add_times(report, scene, voice, made)
        _add_texts(report, scene, voice, made)
    report.add("interruptions", len(made), "", least=rounds)
    understood = sum(each.understood for each in made)
    report.add("interruptions_understood", 100 * understood / rounds, "%", least=90)


def _interrupt(
    scene: Scene, sayings: list[Saying], rng: np.random.Generator
) -> _Interruption | None:
    """Let the avatar speak for a while, then speak over it; None if it never spoke."""
    if not scene.pass_until(scene.speaking, 8.0):
        scene.conversation.send(commands.TextTyped("tell me a story"))
        if not scene.pass_until(scene.speaking, 8.0):
            return None
    sounded_at, turn_id = scene.clock(), scene.of(UserSaid)[-1].turn_id
    scene.pass_time(float(rng.uniform(*SOUNDING)))
    words_at = scene.play(trim_silence(sayings[rng.integers(len(sayings))].samples))
    scene.pass_until(lambda: _ended(scene, turn_id), 3.0)
    understood = _ended(scene, turn_id) is not None
    if not understood:  # the avatar goes on: stop it for the next round
        scene.conversation.send(commands.Interrupt())
        scene.pass_time(0.5)
    return _Interruption(turn_id, sounded_at, words_at, understood)


def _ended(scene: Scene, turn_id: int) -> TurnEnded | None:
    """Return how the turn ended; None while it goes on."""
    return next((turn for turn in scene.ended if turn.turn_id == turn_id), None)


def _add_times(report: Report, scene: Scene, voice: Overheard, made: list[_Interruption]) -> None:
    silenced, pictures = [], []
    for each in made:
        last = _last_audible(scene, each)
        if last is None:
            continue
        silenced.append((last - each.words_at) * 1000)
        if _is_cut(scene, voice, each, last):  # between two words the mouth may be later
            pictures.append((_last_picture(scene, each.words_at) - last) * 1000)
    report.add_percentiles("silenced_after", silenced, "ms", p50=None, p95=SILENCED_P95)
    report.add_percentiles("picture_after_sound", pictures, "ms", p50=None, p95=PICTURE_P95)


def _last_audible(scene: Scene, each: _Interruption) -> float | None:
    """Return the second of the last audible sample under the words; None if the avatar was between
    two words just then."""
    before = PLAYBACK_RATE // 10
    played = played_between(scene, each.words_at - 0.1, each.words_at + WITHIN)
    audible = np.nonzero(np.abs(played) > AUDIBLE)[0]
    if not len(audible) or audible[-1] < before:
        return None
    gaps = np.nonzero(np.diff(audible) > QUIET * PLAYBACK_RATE)[0]
    under = [int(audible[gap]) for gap in gaps if audible[gap] >= before]
    return each.words_at - 0.1 + (under[0] if under else int(audible[-1])) / PLAYBACK_RATE


def _last_picture(scene: Scene, words_at: float) -> float:
    """Return the second at which the last picture of the speaking avatar disappeared."""
    index = round(words_at * 100)
    while index < len(scene.moments) and is_speaking(scene.moments[index].frame):
        index += 1
    return index * BLOCK_SECONDS


def _add_texts(report: Report, scene: Scene, voice: Overheard, made: list[_Interruption]) -> None:
    """Compare the words in the transcript with those that were played."""
    wrong, unknown = 0, 0
    for each in made:
        turn = _ended(scene, each.turn_id)
        really = _words_played(scene, voice, each)
        if turn is None or really is None:
            unknown += 1
        else:
            wrong += abs(len(turn.heard_text.split()) - really) > 1
    known = len(made) - unknown
    report.add("texts_wrong", 100 * wrong / known if known else None, "%", most=5)
    report.add("texts_compared", known, "", least=0.9 * len(made))


def _words_played(scene: Scene, voice: Overheard, each: _Interruption) -> int | None:
    """Return how many words of the turn were played, found by their sound; None if unsure."""
    last = _last_audible(scene, each)
    if last is None:
        return None
    speech = join_speech(voice.said[each.turn_id])
    place = _place(scene, speech, each, last)
    return None if place is None else words_until(speech, place)


def _is_cut(scene: Scene, voice: Overheard, each: _Interruption, last: float) -> bool:
    """Whether the sound ended at `last` although the speech continues there."""
    speech = join_speech(voice.said[each.turn_id])
    place = _place(scene, speech, each, last)
    if place is None:
        return False
    following = speech.samples[round((place + 0.01) * RATE) : round((place + 0.05) * RATE)]
    return bool(len(following)) and float(np.sqrt(np.mean(np.square(following)))) > LOUD


def _place(scene: Scene, speech: Spoken, each: _Interruption, last: float) -> float | None:
    """Return the second of the speech that was played at `last`."""
    piece = resample_playback(played_between(scene, max(last - TAIL, each.sounded_at), last))
    at, alike = position_of(piece, speech.samples)
    return at + len(piece) / RATE if alike >= ALIKE else None
