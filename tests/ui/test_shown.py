"""What the window shows of what a session reports."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QStyleOptionViewItem

from avatar_app.core.events import (
    AudioLevels,
    BlockWritten,
    ClauseWritten,
    Muted,
    Noticed,
    Outcome,
    State,
    StateChanged,
    TurnEnded,
    UserSaid,
    UserStarted,
    UserTranscript,
    UserTurnDiscarded,
    WordsPlayed,
)
from avatar_app.core.values import Block, BlockKind, VideoFrame
from avatar_app.settings.schema import ThemeChoice
from avatar_app.ui.chat.delegate import _formats
from avatar_app.ui.chat.model import TranscriptSpeaker
from avatar_app.ui.portrait.state_light import Light
from avatar_app.ui.style.theme import DARK

LEFT = Qt.MouseButton.LeftButton
CUT = TurnEnded(1, Outcome.INTERRUPTED, "Tell me", "One two three four", "One two")


def shade_at(image: QImage, window, x: float, y: float) -> tuple[int, int, int]:
    pixel = image.pixelColor(round(x * image.devicePixelRatio()), round(y))
    return pixel.red(), pixel.green(), pixel.blue()


def test_captions_greet_at_the_first_start(window_and_session):
    window, _ = window_and_session
    assert window.stage.captions.caption.text == "Say hello, or type"


def test_captions_welcome_back_a_returning_user(qtbot, opened):
    window, _ = opened((CUT,))
    qtbot.waitUntil(lambda: window.stage.captions.caption.text == "Welcome back")


def test_captions_show_the_user_then_the_heard_words(qtbot, window_and_session):
    window, session = window_and_session
    captions = window.stage.captions
    session.post(UserStarted(1), UserTranscript(1, "set a"))
    qtbot.waitUntil(lambda: captions.caption.text == "set a")
    assert captions.caption.by_user
    session.post(
        UserSaid(1, "set a timer"),
        ClauseWritten(1, "I set it."),
        ClauseWritten(1, "Anything else?"),
    )
    qtbot.waitUntil(lambda: captions.caption.text == "I set it. Anything else?")
    assert captions.caption.heard == 0
    session.post(WordsPlayed(1, "I set"))
    qtbot.waitUntil(lambda: captions.caption.heard == len("I set"))
    assert captions.accessibleDescription() == "I set it. Anything else?"


def test_captions_of_an_interrupted_answer_keep_only_heard_words(qtbot, window_and_session):
    window, session = window_and_session
    session.post(ClauseWritten(1, CUT.avatar_text), WordsPlayed(1, CUT.heard_text), CUT)
    qtbot.waitUntil(lambda: window.stage.captions.caption.text == "One two")


def test_discarded_user_turn_restores_the_answer_caption(qtbot, window_and_session):
    window, session = window_and_session
    session.post(ClauseWritten(1, "One two three"), WordsPlayed(1, "One"), UserStarted(2))
    qtbot.waitUntil(lambda: window.stage.captions.caption.text == "")
    session.post(UserTurnDiscarded(2))
    qtbot.waitUntil(lambda: window.stage.captions.caption.text == "One two three")
    assert window.stage.captions.caption.heard == 3


def test_continued_user_turn_is_shown_once(qtbot, window_and_session):
    window, session = window_and_session
    session.post(UserSaid(1, "The first half"), ClauseWritten(1, "Nobody heard this"))
    session.post(UserStarted(2), UserTurnDiscarded(1), UserSaid(2, "The first half and the second"))
    lines = window.chat.model
    qtbot.waitUntil(lambda: [line.turn_id for line in lines.lines] == [2])
    assert lines.lines[0].answer.text == "The first half and the second"
    session.post(UserStarted(3), UserTurnDiscarded(3))
    qtbot.waitUntil(lambda: window.stage.captions.caption.text == "")


def test_heard_words_are_painted_brighter_than_upcoming_words(qtbot, window_and_session):
    window, session = window_and_session
    captions = window.stage.captions
    session.post(ClauseWritten(1, "mmmm mmmm"), WordsPlayed(1, "mmmm"))
    qtbot.waitUntil(lambda: captions.caption.heard == 4)
    image = captions._drawn.toImage()
    middle = image.width() // 2
    left = max(image.pixelColor(x, y).alpha() for x in range(middle) for y in range(image.height()))
    right = max(
        image.pixelColor(x, y).alpha()
        for x in range(middle + 2, image.width())
        for y in range(image.height())
    )
    assert left > 240
    assert 60 < right < 160


def test_transcript_shows_which_words_were_heard(qtbot, window_and_session):
    window, session = window_and_session
    model = window.chat.model
    session.post(
        UserSaid(1, "Tell me"), ClauseWritten(1, "One two"), ClauseWritten(1, "three four")
    )
    session.post(WordsPlayed(1, "One"))
    qtbot.waitUntil(lambda: model.rowCount() == 2 and model.lines[1].answer.heard == 1)
    assert model.lines[1].live
    assert not model.lines[1].cut_off
    session.post(CUT)
    qtbot.waitUntil(lambda: not model.lines[1].live)
    user, avatar = model.lines
    assert (user.speaker, user.answer.text) == (TranscriptSpeaker.USER, "Tell me")
    assert (avatar.answer.heard, avatar.cut_off, avatar.interrupted) == (2, True, True)
    assert avatar.at is not None


def test_unheard_words_are_struck_through_dim_and_explained(qtbot, opened):
    window, _ = opened((CUT,))
    qtbot.waitUntil(lambda: window.chat.model.rowCount() == 2)
    line = window.chat.model.lines[1]
    heard, lost = _formats(line, DARK)
    assert (heard.start, heard.length) == (0, len("One two"))
    assert not heard.format.fontStrikeOut()
    assert lost.format.fontStrikeOut()
    assert lost.format.foreground().color().name() == DARK.text_faint
    delegate, rect = window.chat.list.delegate, QRect(0, 0, 300, 60)
    assert delegate.tip(line, QPointF(24, 40), rect) == ""
    assert delegate.tip(line, QPointF(110, 40), rect).startswith("Never heard")
    option = QStyleOptionViewItem()
    option.rect = rect
    assert delegate.sizeHint(option, window.chat.model.index(1)).height() > 30


def test_fully_unheard_answer_is_struck_through_whole(qtbot, window_and_session):
    window, session = window_and_session
    session.post(TurnEnded(1, Outcome.FAILED, "Hi", "One two", ""))
    qtbot.waitUntil(lambda: window.chat.model.rowCount() == 2)
    assert window.chat.model.lines[1].cut_off
    assert not window.chat.model.lines[1].interrupted


def test_transcript_follows_its_end_unless_the_user_scrolled_up(qtbot, window_and_session):
    window, session = window_and_session
    bar = window.chat.list.verticalScrollBar()
    turns = [TurnEnded(i, Outcome.FINISHED, "Hello there", *["Hi to you"] * 2) for i in range(30)]
    session.post(*turns)
    qtbot.waitUntil(lambda: bar.maximum() > 1000 and bar.value() == bar.maximum())
    bar.setValue(100)
    session.post(TurnEnded(31, Outcome.FINISHED, "More", "Yes", "Yes"))
    qtbot.waitUntil(lambda: window.chat.model.rowCount() == 62)
    window.chat.list.doItemsLayout()
    assert bar.value() == 100
    shown = window.chat.list
    shown.setFixedHeight(shown.height() + bar.maximum() - 50)
    qtbot.waitUntil(lambda: bar.maximum() <= 60)
    shown.setFixedHeight(400)
    qtbot.waitUntil(lambda: bar.maximum() > 1000)
    assert bar.value() == 100


@pytest.mark.parametrize(
    ("state", "light", "text"),
    [
        (State.LISTENING, Light.LISTENING, "Listening"),
        (State.THINKING, Light.THINKING, "Thinking"),
        (State.SPEAKING, Light.SPEAKING, "Speaking"),
    ],
)
def test_every_state_lights_the_portrait_edge_differently(
    qtbot, window_and_session, state, light, text
):
    window, session = window_and_session
    view = window.stage.view
    edge = view.portrait.center().x(), view.portrait.bottom() + 1
    before = shade_at(window.stage.grab().toImage(), window, *edge)
    session.post(StateChanged(state), AudioLevels(-20.0, 1.0, -20.0))
    qtbot.waitUntil(lambda: view.light.weights[light] > 0.9)
    assert view.accessibleDescription() == text
    assert max(view.light.weights, key=view.light.weights.get) is light
    after = shade_at(window.stage.grab().toImage(), window, *edge)
    assert sum(after) > sum(before) + 20


def test_muted_light_gives_way_to_the_speaking_light(qtbot, window_and_session):
    window, session = window_and_session
    light = window.stage.view.light
    session.post(Muted(muted=True))
    qtbot.waitUntil(lambda: light.weights[Light.MUTED] > 0.9)
    assert "muted" in window.stage.view.accessibleDescription()
    session.post(StateChanged(State.SPEAKING))
    qtbot.waitUntil(lambda: light.weights[Light.SPEAKING] > 0.9)
    assert light.weights[Light.MUTED] < 0.1


def test_listening_light_reacts_to_the_level(window_and_session):
    window, _ = window_and_session
    light = window.stage.view.light
    light.state = State.LISTENING
    strengths = []
    for db in (-80.0, -15.0):
        light.microphone_db = db
        for _ in range(60):
            light.advance(0.033)
        strengths.append(light.strength(Light.LISTENING))
    assert strengths[1] > strengths[0] + 0.3


def test_newest_frame_is_painted(qtbot, window_and_session):
    window, session = window_and_session
    session.picture = VideoFrame(np.full((90, 160, 3), (10, 200, 30), np.uint8), 1.0)
    center = window.stage.view.portrait.center()
    qtbot.waitUntil(lambda: window.stage.view._frame is session.picture)
    image = window.stage.view.grab().toImage()
    assert shade_at(image, window, center.x(), center.y()) == (10, 200, 30)


def test_backdrop_is_painted_before_the_first_frame(qtbot, window_and_session):
    window, session = window_and_session
    window.stage.view._picture = session.picture = None
    image = window.stage.view.grab().toImage()
    center = window.stage.view.portrait.center()
    assert shade_at(image, window, center.x(), center.y()) != (0, 0, 0)


def test_level_meter_rises_immediately_falls_slowly_and_is_empty_when_muted(window_and_session):
    window, _ = window_and_session
    meter = window.composer.meter
    meter.show_level(-12.0, 1.0)
    assert meter.level == 1.0
    meter.show_level(-100.0, 0.0)
    assert 0.5 < meter.level < 1.0
    for _ in range(60):
        meter.show_level(-100.0, 0.0)
    assert meter.level == 0.0


def test_text_is_laid_out_only_when_it_changes(qtbot, window_and_session):
    window, session = window_and_session
    session.post(ClauseWritten(1, "One two"))
    qtbot.waitUntil(lambda: window.stage.captions.caption.text == "One two")
    drawn = window.stage.captions._drawn
    session.post(ClauseWritten(1, ""), WordsPlayed(1, ""), WordsPlayed(1, ""), Noticed("done"))
    qtbot.waitUntil(window.stage.notices.isVisible)
    assert window.stage.captions._drawn is drawn


def test_system_theme_is_followed_until_one_is_chosen(qtbot, window_and_session):
    window, _ = window_and_session
    theme = window.theme
    theme.choose(ThemeChoice.SYSTEM)
    with qtbot.waitSignal(theme.changed):
        theme._system_changed()
    theme.choose(ThemeChoice.LIGHT)
    with qtbot.assertNotEmitted(theme.changed):
        theme._system_changed()


def test_code_is_shown_verbatim_below_the_spoken_text(qtbot, window_and_session):
    window, session = window_and_session
    code = "for x in range(3):\n    print(x)"
    session.post(UserSaid(1, "Write a loop"))
    session.post(ClauseWritten(1, "Here it is."))
    session.post(BlockWritten(1, Block(BlockKind.CODE, code)))
    session.post(ClauseWritten(1, "Here is the code."))
    chat = window.chat.model
    qtbot.waitUntil(lambda: len(chat.lines) == 3)
    assert [line.block for line in chat.lines] == ["", "", code]
    assert chat.lines[1].answer.text == "Here it is. Here is the code."
    assert "print(x)" in chat.data(chat.index(2))
    session.post(TurnEnded(1, Outcome.FINISHED, "Write a loop", "Here it is.", "Here it is."))
    qtbot.waitUntil(lambda: not chat.lines[1].live)
    assert chat.lines[2].block == code
    session.post(BlockWritten(2, Block(BlockKind.CODE, code)))
    session.post(UserTurnDiscarded(2))
    qtbot.waitUntil(lambda: len(chat.lines) == 3)
    option = QStyleOptionViewItem()
    option.rect = QRect(0, 0, 300, 100)
    delegate = window.chat.list.itemDelegate()
    heights = [delegate.sizeHint(option, chat.index(row)).height() for row in (1, 2)]
    assert heights[1] > heights[0], "its lines are kept"
