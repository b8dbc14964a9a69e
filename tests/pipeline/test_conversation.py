"""A conversation of scripted engines in a room where time passes only when told."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from fakes import TURN_STEP, Stage

from avatar_app.core.events import Outcome, TurnEnded, UserSaid, UserWithdrawn, WordsHeard
from avatar_app.pipeline import orders


def test_a_spoken_turn_is_answered() -> None:
    with Stage() as stage:
        stage.wait(0.5)
        stage.say("hello there")
        stage.wait_until(lambda: stage.of(TurnEnded))
        ended = stage.of(TurnEnded)[0]
        assert ended.user_text == "hello there"
        assert ended.heard_text == ended.avatar_text == "You said hello there. Fine."
        assert ended.outcome is Outcome.FINISHED
        marks = ended.marks
        print(marks, ended.pictures)
        assert 0.5 < marks["first_sound"] - marks["user_stopped"] < 0.75


def test_words_over_the_avatar_interrupt_it() -> None:
    with Stage() as stage:
        stage.wait(0.5)
        stage.dialogue.reply_to = lambda text: ["one two three four five six seven eight nine ten."]
        stage.say("count")
        stage.wait_until(lambda: len(stage.of(WordsHeard)) >= 3)
        stage.say("stop it")
        stage.wait_until(lambda: len(stage.of(TurnEnded)) == 2, 10)
        first = stage.of(TurnEnded)[0]
        assert first.outcome is Outcome.INTERRUPTED
        assert first.heard_text.startswith("one two three") and "eight" not in first.heard_text


def test_a_cough_resumes_without_a_lost_word() -> None:
    with Stage() as stage:
        stage.wait(0.5)
        stage.dialogue.reply_to = lambda text: ["one two three four five six seven eight nine ten."]
        stage.say("count")
        stage.wait_until(lambda: len(stage.of(WordsHeard)) >= 3)
        stage.say("", seconds=0.3, pause=0.1)
        stage.wait_until(lambda: len(stage.of(TurnEnded)) == 1, 10)
        assert stage.of(TurnEnded)[0].outcome is Outcome.FINISHED
        assert stage.of(UserWithdrawn)
        assert stage.of(TurnEnded)[0].heard_text.endswith("ten.")
