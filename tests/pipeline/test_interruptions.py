"""Hundreds of interruptions at random moments leave no stale sample, frame or word."""

from __future__ import annotations

import random

import numpy as np
from fakes import Scene

from avatar_app.bench.scripted.engines import TURN_STEP, WORD_SECONDS, level_of
from avatar_app.core.events import Outcome, TurnEnded, UserSaid
from avatar_app.pipeline import commands

WORDS = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen."
TURNS = 250
"""As many as a picture's byte tells apart."""


def turn_of(samples: np.ndarray) -> set[int]:
    """The turns whose speech is in a block that is played at full gain."""
    steady = samples[np.abs(np.diff(samples, prepend=samples[:1])) < 1e-7]
    steady = steady[steady > level_of(0)]
    return {round((float(value) - level_of(0)) / TURN_STEP) for value in np.unique(steady)}


def test_interruptions_leave_nothing_stale() -> None:
    chance = random.Random(7)
    interrupted_while_sounding = 0
    with Scene() as scene:
        scene.conversation._avatar_turn._last_id = 0
        scene.dialogue.reply_to = lambda _text: [WORDS]
        for number in range(TURNS):
            scene.conversation._avatar_turn._last_id = number
            expected = number + 1
            scene.moments.clear()
            scene.send(commands.TextTyped(f"question {number}"))
            scene.wait(chance.uniform(0.0, 0.6))
            stale = set().union(*(turn_of(m.played) for m in scene.moments[12:])) - {expected}
            assert not stale, f"turn {expected} heard speech of {stale}"
            shown = {int(m.frame.image[0, 0, 0]) for m in scene.moments[12:] if m.frame is not None}
            assert shown <= {0, expected % TURNS + 1}
            interrupted_while_sounding += any(turn_of(m.played) for m in scene.moments)
        scene.send(commands.Interrupt())
        scene.wait(0.1)
        ended = scene.of(TurnEnded)
    assert len(ended) == TURNS
    assert all(turn.outcome is Outcome.INTERRUPTED for turn in ended)
    assert len(scene.of(UserSaid)) == TURNS
    # the stress was real: most turns were cut while they sounded, at many different words
    assert interrupted_while_sounding > 0.6 * TURNS
    assert len({turn.heard_text for turn in ended}) >= 3


def test_stored_text_is_what_was_played_within_a_word() -> None:
    chance = random.Random(11)
    worse = 0
    with Scene(output_latency=0.06) as scene:
        scene.dialogue.reply_to = lambda _text: [WORDS]
        scene.wait(0.6)
        for number in range(40):
            scene.conversation._avatar_turn._last_id = number
            scene.moments.clear()
            scene.send(commands.TextTyped("count"))
            scene.wait(chance.uniform(0.3, 2.5))
            scene.say("stop it", seconds=0.4, pause=0.0)
            scene.send(commands.Interrupt())
            scene.wait(0.3)
            counted = [e for e in scene.of(TurnEnded) if e.user_text == "count"]
            assert len(counted) == number + 1
            level = level_of(number + 1)
            played = np.concatenate([m.played for m in scene.moments])
            seconds = np.count_nonzero(np.abs(played) > 0.25 * level) / 48000
            words = len(counted[-1].heard_text.split())
            worse += abs(words - seconds / WORD_SECONDS) > 1
    assert worse <= 2
