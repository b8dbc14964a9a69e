"""Exchanging engines: from a command on, another one does the work of its kind."""

from __future__ import annotations

from avatar_app.core.manifest import Kind
from avatar_app.pipeline.commands import SwitchEngine
from avatar_app.pipeline.input.user_turn import UserTurnController
from avatar_app.pipeline.output.response_pipeline import ResponseEngines


def put_in(command: SwitchEngine, engines: ResponseEngines, user_turn: UserTurnController) -> None:
    """Put in an engine of any kind but a face."""
    match command.kind:
        case Kind.DIALOGUE:
            engines.dialogue = command.engine
        case Kind.TTS:
            engines.voice = command.engine
        case Kind.ASR:
            user_turn.recognition.recognizer = command.engine
        case Kind.VAD:
            user_turn.frontend.detector = command.engine
        case Kind.AEC:
            user_turn.frontend.echo = command.engine
        case Kind.TURN:
            user_turn.end_of_turn.detector = command.engine
        case Kind.WAKE:
            user_turn.wake.detector = command.engine
