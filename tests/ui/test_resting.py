"""A window whose avatar rests says what calls it: large, in any size, until it is called."""

from __future__ import annotations

import pytest

from avatar_app.core.events import Outcome, Resting, TurnEnded, WordsPlayed

CALL = "Say “hey Mira”, or type"


@pytest.mark.parametrize("compact", [False, True])
def test_the_phrase_stands_on_the_portrait(qtbot, opened, *, compact: bool) -> None:
    window, session = opened()
    if compact:
        window.modes.toggle_compact()
    captions = window.stage.captions
    session.post(Resting("hey Mira"))
    qtbot.waitUntil(lambda: captions.caption.text == CALL)
    assert "Hold\u00a0Space" in captions.caption.hint, "and how it wakes by hand"
    session.post(Resting(""))
    qtbot.waitUntil(lambda: captions.caption.text == "")


def test_it_takes_the_place_of_the_last_answer_and_of_a_greeting(qtbot, opened) -> None:
    earlier = (TurnEnded(1, Outcome.FINISHED, "Hello", "Hi.", "Hi."),)
    window, session = opened(earlier)
    captions = window.stage.captions
    qtbot.waitUntil(lambda: captions.caption.text == "Welcome back")
    session.post(Resting("hey Mira"))
    qtbot.waitUntil(lambda: captions.caption.text == CALL)
    window.reporter.greet_again()
    assert captions.caption.text == CALL
    session.post(Resting(""), WordsPlayed(2, "It is noon."))
    qtbot.waitUntil(lambda: captions.caption.text != CALL)
    session.post(Resting("hey Mira"))
    qtbot.waitUntil(lambda: captions.caption.text == CALL)
