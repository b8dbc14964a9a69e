"""Presents session events in the window: the one `match` over all events."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from avatar_app.core.builds import BuildChanged
from avatar_app.core.events import (
    Announced,
    AnswerRepeated,
    AudioLevels,
    BlockWritten,
    CharacterShown,
    ClauseWritten,
    ConsentAsked,
    ConsentSettled,
    Control,
    ControlRequested,
    ConversationBegan,
    Event,
    Failed,
    LookingChanged,
    Muted,
    Noticed,
    Resting,
    State,
    StateChanged,
    TurnEnded,
    TurnWithdrawn,
    UserSaid,
    UserStarted,
    UserTranscript,
    UserTurnDiscarded,
    WaitFilled,
    WordsPlayed,
)
from avatar_app.ui.chat.spoken_words import Answer
from avatar_app.ui.language.texts import full_text, keep_translated
from avatar_app.ui.widgets.notices import Action, Notice
from avatar_app.ui.window.parts import WindowParts

_NO_BREAK = "\u00a0"


class EventPresenter(QObject):
    """Keeps only the answer being spoken."""

    character_shown = Signal(str)
    control_requested = Signal(object)
    """Emitted with a `Control` that concerns the whole window."""
    source_requested = Signal(str)
    """Emitted with the user's sentence that is to be shown where it was said."""
    announced = Signal(str)
    muted = Signal(bool)
    looking_changed = Signal(object)
    """Emitted with the `LookingChanged` event."""

    def __init__(self, parts: WindowParts, parent: QObject) -> None:
        super().__init__(parent)
        self._parts = parts
        self._turn_id: int | None = None
        self._repeated: int | None = None
        """The turn that says again what stands in the transcript already."""
        self._answer = Answer()
        self.remedy: Callable[[Failed | Noticed], Action | None] = lambda _event: None
        """Returns the button that helps; None where nothing does."""
        self._awaited = ""
        """What calls the avatar, while it rests until it is called."""
        self._known = False
        """Whether the hint is the one for users who have talked before."""
        keep_translated(parts.stage.captions, self._repeat_greeting)

    def greet(self) -> None:
        """Show a hint about what the user can do, at the first start."""
        self._known = False
        self._hint(self.tr("Say hello, or type"))

    def greet_again(self) -> None:
        """Show the hint for users who have talked before."""
        if self._parts.stage.captions.caption.hint:
            self._known = True
            self._hint(self.tr("Welcome back"))
            self._show_rest(self._awaited)

    def _show_rest(self, phrase: str) -> None:
        """While it rests until it is called, say what calls it; in place of what was said last."""
        was_resting, self._awaited = bool(self._awaited), phrase
        if phrase:
            self._hint(self.tr("Say “{phrase}”, or type").format(phrase=phrase))
        elif was_resting and self._parts.stage.captions.caption.hint:
            self._parts.stage.captions.clear()

    def _repeat_greeting(self) -> None:
        """In another language."""
        if self._awaited:
            self._show_rest(self._awaited)
        elif self._known:
            self.greet_again()
        elif self._parts.stage.captions.caption.hint:
            self.greet()

    def receive(self, event: Event) -> None:
        """Present an event."""
        match event:
            case AudioLevels():
                self._show_level(event)
            case StateChanged(state):
                self._show_state(state)
            case Muted(muted):
                self._parts.stage.view.show_muted(muted=muted)
                self._parts.composer.show_muted(muted=muted)
                self.muted.emit(muted)
            case Resting(phrase):
                self._parts.stage.view.show_awaited(phrase)
                self._parts.composer.show_awaited(phrase)
                self._show_rest(phrase)
            case Announced(text):
                self.announced.emit(text)
            case Failed() | Noticed():
                self._parts.stage.notices.tell(self._notice(event))
            case CharacterShown(name):
                self.character_shown.emit(name)
            case ControlRequested(Control.SHOW_SOURCE, sentence):
                self.source_requested.emit(sentence)
            case ControlRequested(control):
                self.control_requested.emit(control)
            case LookingChanged():
                self.looking_changed.emit(event)
            case ConsentAsked():
                self._parts.consent_card.ask(event)
            case ConsentSettled():
                self._parts.consent_card.settle(event)
            case BuildChanged():
                self._parts.build_card.show_build(event)
            case _:
                self._show_words(event)

    def _hint(self, text: str) -> None:
        keys = self.tr("Hold Space to talk   ·   Enter sends   ·   Esc stops the answer")
        whole = keys.replace(" ", _NO_BREAK).replace(_NO_BREAK * 3, " " * 3)
        self._parts.stage.captions.show_hint(text, whole)

    def _show_words(self, event: Event) -> None:
        captions, chat = self._parts.stage.captions, self._parts.chat.model
        match event:
            case UserStarted():
                captions.clear()
            case UserTranscript(_, text):
                captions.show_user(text)
            case UserTurnDiscarded(turn_id):
                chat.withdraw(turn_id)
                chat.withdraw_blocks(turn_id)
                if turn_id == self._turn_id:
                    self._answer = Answer()
                self._show_answer()
            case UserSaid(turn_id, text):
                captions.show_user(text)
                chat.user_said(turn_id, text)
            case ClauseWritten(turn_id, clause):
                self._follow(turn_id, self._of(turn_id).extended(clause))
                if turn_id != self._repeated:
                    chat.avatar_says(turn_id, clause)
            case BlockWritten(turn_id, block):
                chat.avatar_shows(turn_id, block.text)
            case WaitFilled(_, text):
                captions.show_answer(Answer.of(text, text))
            case WordsPlayed(turn_id, text):
                self._follow(turn_id, self._of(turn_id).hearing(text))
                chat.words_heard(turn_id, text)
            case TurnEnded():
                if not event.repeated:
                    chat.turn_ended(event)
                self._end(event)
            case AnswerRepeated(turn_id):
                self._repeated = turn_id
            case TurnWithdrawn(turn_id):
                chat.withdraw_turn(turn_id)
            case ConversationBegan(_, turns):
                chat.show_turns(turns)
                captions.clear()
                self.greet()

    def _of(self, turn_id: int) -> Answer:
        return self._answer if turn_id == self._turn_id else Answer()

    def _follow(self, turn_id: int, answer: Answer) -> None:
        self._turn_id, self._answer = turn_id, answer
        self._show_answer()

    def _show_answer(self) -> None:
        self._parts.stage.captions.show_answer(self._answer)

    def _end(self, turn: TurnEnded) -> None:
        """After an answer was cut off, show only what was heard."""
        if turn.turn_id == self._turn_id:
            self._answer = Answer.of(turn.heard_text, turn.heard_text)
            if not self._parts.stage.captions.caption.by_user:
                self._show_answer()

    def _show_level(self, heard: AudioLevels) -> None:
        self._parts.stage.view.show_level(heard)
        self._parts.composer.show_level(heard)
        if self._parts.popover.isVisible():
            self._parts.popover.meter.show_level(heard.microphone_db, heard.speech_probability)

    def _show_state(self, state: State) -> None:
        self._parts.stage.view.show_state(state)
        self._parts.composer.show_state(state)

    def _notice(self, event: Failed | Noticed) -> Notice:
        helps = self.remedy(event)
        if isinstance(event, Noticed):
            return Notice(event.message, event.hint, action=helps)
        text = full_text(event)
        copy = Action(self.tr("Copy"), lambda: QGuiApplication.clipboard().setText(text))
        other = copy if helps is not None and event.turn_id is not None else None
        action = helps or copy
        return Notice(event.message, event.hint, failure=True, action=action, other=other)
