"""One realtime session: what happens in the conversation, as the events that clients expect."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any
from uuid import uuid4

from avatar_app.core.errors import AvatarError
from avatar_app.core.events import (
    AnswerTruncated,
    BlockWritten,
    ClauseWritten,
    Event,
    Failed,
    Outcome,
    TurnEnded,
    UserSaid,
    UserStarted,
    UserTranscript,
    UserTurnDiscarded,
)
from avatar_app.server.realtime.audio import InputDecoder
from avatar_app.server.realtime.calls import STOPPED, PendingCall
from avatar_app.server.realtime.config import SessionConfig
from avatar_app.server.realtime.items import RealtimeItems, user_item
from avatar_app.server.realtime.responses import (
    CANCELLED,
    COMPLETED,
    FAILED,
    RealtimeResponse,
    ServerEvent,
)
from avatar_app.server.refusal import error_of
from avatar_app.session.served.wire import SentSpeech

QUIET = 0.5
"""Seconds without speech after which a response that called a function is over."""
MOST_RESPONSES = 50
"""Responses of which is remembered what was sent when."""
_STATUS = {Outcome.FINISHED: COMPLETED, Outcome.INTERRUPTED: CANCELLED, Outcome.FAILED: FAILED}


class RealtimeSession:
    """Turns events of a conversation into events for the client. For the server's thread alone."""

    def __init__(
        self, emit: Callable[[ServerEvent], None], config: SessionConfig, model: str
    ) -> None:
        """`emit` sends an event."""
        self._emit, self.config, self._model = emit, config, model
        self.id, self._conversation = f"sess_{uuid4().hex[:20]}", f"conv_{uuid4().hex[:20]}"
        self.items = RealtimeItems()
        self.input = InputDecoder()
        self.response: RealtimeResponse | None = None
        self.call: PendingCall | None = None
        self.cancelled_by_client = False
        self._responses: dict[str, RealtimeResponse] = {}
        self._number, self._turn_id, self._last_speech_at = 0, 0, 0.0
        self._suspected: int | None = None
        """The turn in which the user may have begun to speak over the avatar."""
        self._speaking: dict[int, str] = {}
        """Of turns in which the user speaks, and the client knows it: the item that it becomes."""
        self._heard: dict[int, str] = {}
        """Of these: the words that the client knows."""

    def described(self) -> ServerEvent:
        """Return the session as clients read it."""
        known = self.config.model_dump()
        known |= {"id": self.id, "object": "realtime.session", "model": self._model}
        return known

    def send(self, type: str, **fields: Any) -> None:
        """Send one event."""
        self._emit({"type": type} | fields)

    def fail(self, error: AvatarError, event_id: object = None) -> None:
        """Tell the client what is wrong; the session goes on."""
        described = error_of(error)
        described["event_id"] = event_id if isinstance(event_id, str) else None
        self.send("error", error=described)

    def note(self, event: Event) -> None:
        """Take an event of the conversation."""
        match event:
            case UserStarted(turn_id):
                self._suspected = turn_id
                if self.response is None:
                    self._started(turn_id)
            case UserTranscript(turn_id, text):
                self._started(turn_id)
                self._transcribed(turn_id, text)
            case UserTurnDiscarded(turn_id):
                self._suspected = None
                self._heard.pop(turn_id, None)
                if item_id := self._speaking.pop(turn_id, None):
                    self._stopped(item_id)
            case UserSaid(turn_id, text, typed):
                self._turn_id = turn_id
                if not typed:  # the client created the item
                    self._said(turn_id, text)
                self._open(turn_id)
            case ClauseWritten(turn_id, clause):
                self._send_all(self._open(turn_id).written(clause))
            case BlockWritten(turn_id, block) if not self.config.speaks:
                self._send_all(self._open(turn_id).written(f"\n{block.text}\n"))
            case TurnEnded():
                self._ended(event)
            case AnswerTruncated(turn_id, heard):
                for response in self._responses.values():
                    if response.turn_id == turn_id:
                        response.shorten(heard)
            case Failed():
                self.fail(AvatarError(event.message, event.hint))

    def speak(self, speech: SentSpeech) -> None:
        """Take a piece of the avatar's speech."""
        if self.config.speaks and speech.turn_id >= self._turn_id:
            self._last_speech_at = asyncio.get_running_loop().time()
            self._send_all(self._open(speech.turn_id).spoken(speech))

    def ask_client(self, call: PendingCall) -> None:
        """The avatar calls a function of the client."""
        self.call = call
        self._last_speech_at = asyncio.get_running_loop().time()
        response = self._open(self._turn_id)
        self._send_all(response.called(call.call, call.id))
        self.items.add(response.calls[-1])
        self._end_when_quiet(response)

    def go_on(self) -> bool:
        """Give the dialogue what the client's function returned; returns False where nothing was
        returned."""
        call = self.call
        if call is None or call.output is None:
            return False
        self.call = None
        if self.response is not None:
            self._close(self.response, COMPLETED)
        self._open(self._turn_id)
        call.resolve(call.output)
        return True

    def sent_as(self, item_id: object) -> RealtimeResponse | None:
        """Return the response whose message is this item."""
        return self._responses.get(item_id) if isinstance(item_id, str) else None

    def close(self) -> None:
        """Let a dialogue that waits for the client go on."""
        if self.call is not None:
            self.call.resolve(STOPPED)

    def _send_all(self, events: Iterable[ServerEvent]) -> None:
        for event in events:
            if event["type"] in ("conversation.item.added", "conversation.item.done"):
                last = self.items.last
                before = None if last == event["item"]["id"] else last
                event = event | {"previous_item_id": before}
                self.items.add(event["item"])
            self._emit(event)

    def _started(self, turn_id: int) -> None:
        if turn_id in self._speaking:
            return
        item_id = f"item_u{turn_id}"
        self._speaking[turn_id], self._heard[turn_id] = item_id, ""
        at = self.input.milliseconds
        self.send("input_audio_buffer.speech_started", audio_start_ms=at, item_id=item_id)

    def _stopped(self, item_id: str) -> None:
        at = self.input.milliseconds
        self.send("input_audio_buffer.speech_stopped", audio_end_ms=at, item_id=item_id)

    def _transcribed(self, turn_id: int, text: str) -> None:
        """Send what is new of a transcript; words that were corrected come with the whole."""
        known = self._heard.get(turn_id, "")
        if text.startswith(known) and text != known:
            self._heard[turn_id] = text
            kind = "conversation.item.input_audio_transcription.delta"
            self.send(kind, item_id=f"item_u{turn_id}", content_index=0, delta=text[len(known) :])

    def _said(self, turn_id: int, text: str) -> None:
        self._started(turn_id)
        item_id = self._speaking.pop(turn_id)
        self._stopped(item_id)
        before = self.items.last
        self.send("input_audio_buffer.committed", item_id=item_id, previous_item_id=before)
        item = user_item(item_id, text)
        kinds = ("conversation.item.added", "conversation.item.done")
        self._send_all({"type": kind, "item": item} for kind in kinds)
        self._transcribed(turn_id, text)
        self._heard.pop(turn_id, None)
        self.send(
            "conversation.item.input_audio_transcription.completed",
            item_id=item_id,
            content_index=0,
            transcript=text,
            usage={"type": "duration", "seconds": 0},
        )

    def _open(self, turn_id: int) -> RealtimeResponse:
        """Return the response of a turn, which begins where there is none."""
        if self.response is not None and self.response.turn_id == turn_id:
            return self.response
        if self.response is not None:
            self._close(self.response, CANCELLED, "turn_detected")
        self._number += 1
        self._turn_id = turn_id
        opened = RealtimeResponse(self._number, turn_id, self.config, self._conversation)
        self.response = self._responses[opened.item_id] = opened
        while len(self._responses) > MOST_RESPONSES:
            del self._responses[next(iter(self._responses))]
        self._send_all(opened.created())
        return opened

    def _close(self, response: RealtimeResponse, status: str, reason: str | None = None) -> None:
        self.response = None
        self._send_all(response.done(status, reason))

    def _ended(self, ended: TurnEnded) -> None:
        if self.call is not None:
            self.call.resolve(STOPPED)
            self.call = None
        if self.response is None or self.response.turn_id != ended.turn_id:
            return
        if ended.outcome is Outcome.INTERRUPTED and self._suspected is not None:
            self._started(self._suspected)  # words have shown that it was no cough
        reason = "client_cancelled" if self.cancelled_by_client else "turn_detected"
        self.cancelled_by_client = False
        status = _STATUS[ended.outcome]
        self._turn_id = ended.turn_id + 1  # what is still on its way is stale
        self._close(self.response, status, None if status == COMPLETED else reason)

    def _end_when_quiet(self, response: RealtimeResponse) -> None:
        """End a response that called a function when what was said before the call has been sent;
        the client calls it then."""
        if self.response is not response or self.call is None:
            return
        loop = asyncio.get_running_loop()
        if response.has_message and loop.time() - self._last_speech_at < QUIET:
            loop.call_later(QUIET / 4, self._end_when_quiet, response)
            return
        self._close(response, COMPLETED)
