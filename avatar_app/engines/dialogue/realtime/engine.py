"""A realtime model as brain and voice: it hears the user's words and speaks the answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from avatar_app.core.engines import Reply
from avatar_app.core.errors import ConfigInvalid
from avatar_app.core.prompt import Prompt
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import SpeechChunk, ToolCall, ToolResult
from avatar_app.engines.dialogue.prompting.messages import result_text
from avatar_app.engines.dialogue.realtime.answer import RealtimeAnswer
from avatar_app.engines.dialogue.realtime.connection import ConnectionLost, RealtimeConnection
from avatar_app.engines.dialogue.realtime.exchange import Exchange
from avatar_app.engines.dialogue.realtime.server_turns import OWN

MOST_ROUNDS = 17
"""Responses of one answer: each may call functions, and the next one tells what came of it."""


@dataclass(frozen=True, slots=True)
class _Choices:
    """The options of the manifest."""

    address: str = ""
    model: str = ""
    voice: str = ""
    turn_detection: str = OWN
    patience: float = 15.0


class RealtimeDialogue:
    """A `core.engines.Dialogue` that `HearsWords` and speaks
    (https://platform.openai.com/docs/guides/realtime).

    The sound of a whole turn is sent. By default the avatar has decided that it is one, and the
    server's own detection is off; else the server, too, must find that it has ended. What was heard
    of an answer is reported once it has ended, so that the server remembers no more. One that is
    gone, or knows something else, is given the conversation again.
    """

    hears = True
    prepares = True

    def __init__(self, **options: Any) -> None:
        self._choices = _Choices(**options)
        self._answering = threading.Lock()  # a cancelled answer may end after the next has begun
        self._exchange: Exchange | None = None

    def configure(self, **options: Any) -> None:
        with self._answering:
            self._hang_up()
            self._choices = replace(self._choices, **options)

    def close(self) -> None:
        with self._answering:
            self._hang_up()

    def prepare(self, prompt: Prompt, turn: Turn) -> Iterator[str]:
        """Tell the server how much of its answer was heard."""
        with self._answering:
            turn.check()
            exchange = self._exchange
            if exchange is not None and exchange.goes_on_with(prompt):
                try:
                    exchange.settle(prompt)
                except ConnectionLost:
                    self._hang_up()
            yield ""

    def reply(self, prompt: Prompt, turn: Turn) -> Reply:
        with self._answering:
            turn.check()
            exchange = self._open(prompt, turn)
            try:
                yield from self._answer(exchange, turn)
            except (TurnCancelled, GeneratorExit):
                exchange.stop()
                if exchange.connection.is_detecting:
                    self._hang_up()  # nobody knows whether it would still answer
                raise
            except ConnectionLost as error:
                self._hang_up()
                raise error.reason from error
            except BaseException:
                self._hang_up()
                raise

    def _open(self, prompt: Prompt, turn: Turn) -> Exchange:
        """Ask the server, again if the connection was lost meanwhile."""
        if self._exchange is not None:
            try:
                if self._exchange.goes_on_with(prompt):
                    self._exchange.settle(prompt)
                    self._exchange.ask(prompt)
                    return self._exchange
            except ConnectionLost:
                turn.check()
            self._hang_up()
        choices = self._choices
        if not choices.address.strip():
            raise ConfigInvalid(
                "The realtime server has no address.",
                "Set it: avatar-app settings set dialogue.options.address https://…",
            )
        connection = RealtimeConnection(choices.address, choices.model, choices.patience)
        self._exchange = Exchange(connection, choices.voice, choices.turn_detection)
        try:
            self._exchange.begin(prompt)
            self._exchange.ask(prompt)
        except ConnectionLost as error:
            self._hang_up()
            raise error.reason from error
        return self._exchange

    def _answer(self, exchange: Exchange, turn: Turn) -> Reply:
        for _ in range(MOST_ROUNDS):
            answer = RealtimeAnswer(exchange.connection.address)
            try:
                yield from self._spoken(exchange, answer, turn)
            except ConnectionLost:
                if not (answer.has_spoken or answer.is_written):
                    raise  # nothing was heard: another engine answers
                yield from answer.rest()
                if rest := answer.unsaid():
                    yield rest  # a local voice ends what the server has written
                if not answer.is_written:
                    raise
                self._hang_up()
                return
            calls = answer.calls
            if not calls:
                return
            for call_id, call in calls:
                result = yield call
                exchange.return_result(call_id, result_text(result or ToolResult()))
            exchange.go_on()

    def _spoken(
        self, exchange: Exchange, answer: RealtimeAnswer, turn: Turn
    ) -> Iterator[SpeechChunk | str | ToolCall]:
        for event in exchange.connection.response(turn):
            speech = answer.take(event)
            if speech is not None:
                exchange.note(answer.item_id, speech)
                yield speech
        yield from self._noted(exchange, answer)
        if text := answer.unsaid():
            yield text

    def _noted(self, exchange: Exchange, answer: RealtimeAnswer) -> Iterator[SpeechChunk]:
        for speech in answer.rest():
            exchange.note(answer.item_id, speech)
            yield speech

    def _hang_up(self) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.connection.close()
