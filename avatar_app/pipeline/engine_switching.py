"""Exchanging engines: from an order on, another one does the work of its kind."""

from __future__ import annotations

from avatar_app.core.manifest import Kind
from avatar_app.pipeline.commands import SwitchEngine
from avatar_app.pipeline.input.user_turn import UserTurnController
from avatar_app.pipeline.output.response_pipeline import ResponseEngines


def put_in(order: SwitchEngine, engines: ResponseEngines, attention: UserTurnController) -> None:
    """Put in an engine of any kind but a face."""
    match order.kind:
        case Kind.DIALOGUE:
            engines.dialogue = order.engine
        case Kind.TTS:
            engines.voice = order.engine
        case Kind.ASR:
            attention.listener.recognizer = order.engine
        case Kind.VAD:
            attention.hearing.detector = order.engine
        case Kind.AEC:
            attention.hearing.echo = order.engine
        case Kind.TURN:
            attention.ending.detector = order.engine
