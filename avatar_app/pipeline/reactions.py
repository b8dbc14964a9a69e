"""What a conversation shows of itself: its state, and the look of its face."""

from __future__ import annotations

from collections.abc import Callable

from avatar_app.core.events import Event, Resting, State, StateChanged
from avatar_app.core.values import FaceState
from avatar_app.pipeline.input.user_turn import UserTurnController
from avatar_app.pipeline.output.avatar_turn import AvatarTurnController
from avatar_app.pipeline.output.presenter import Presenter


def state_of(user_turn: UserTurnController, avatar_turn: AvatarTurnController) -> State:
    """Return what the avatar is doing."""
    if user_turn.utterance is not None:
        return State.LISTENING
    if avatar_turn.turn is None:
        return State.IDLE
    return State.SPEAKING if avatar_turn.avatar_speaking else State.THINKING


def look_of(state: State, user_turn: UserTurnController) -> FaceState:
    """Return how the face looks at rest."""
    if state is State.IDLE and (user_turn.muted or user_turn.wake.awaited):
        return FaceState.ASLEEP
    if state in (State.IDLE, State.LISTENING) and user_turn.listener.laughs:
        return FaceState.AMUSED
    if state is State.LISTENING and user_turn.listener.nods:
        return FaceState.NODDING
    return FaceState[state.name]


class Expression:
    """The avatar's state, as it is posted and as its face shows it."""

    def __init__(self, presenter: Presenter, post: Callable[[Event], None]) -> None:
        self._presenter, self._post = presenter, post
        self.state = State.IDLE
        self._awaited = ""

    def show(self, user_turn: UserTurnController, avatar_turn: AvatarTurnController) -> None:
        """Post and show what has changed."""
        state = state_of(user_turn, avatar_turn)
        self._presenter.look = look_of(state, user_turn)
        if state is not self.state:
            self.state = state
            self._post(StateChanged(state))
        if (phrase := user_turn.wake.awaited) != self._awaited:
            self._awaited = phrase
            self._post(Resting(phrase))
